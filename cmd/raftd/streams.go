package main

import (
	"encoding/json"
	"fmt"
	"io"
)

// streams are where the program writes, and the environment it was started in. Results go to out, words for people to err.
type streams struct {
	out, err io.Writer
	// env are the variables, as NAME=value.
	env []string
}

func (s streams) printf(format string, a ...any) { fmt.Fprintf(s.out, format, a...) }
func (s streams) sayf(format string, a ...any)   { fmt.Fprintf(s.err, format, a...) }

// printJSON prints one object on a line of its own.
func (s streams) printJSON(v any) error {
	e := json.NewEncoder(s.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// results is an out that remembers its first error, so that no command ends well whose results went nowhere.
type results struct {
	to  io.Writer
	err error
}

func (r *results) Write(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.to.Write(p)
	r.err = err
	return n, err
}
