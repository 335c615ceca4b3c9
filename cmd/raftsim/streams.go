package main

import (
	"fmt"
	"io"
	"os"
)

// streams are where the program reads and writes. Results go to out, words for people
// to err. On a terminal there is colour, unless NO_COLOR is set (no-color.org), and a progress line that rewrites
// itself; a terminal that calls itself dumb gets neither.
type streams struct {
	in       io.Reader
	out, err io.Writer
	// color is for out, live for err.
	color, live bool
}

func terminal(in, out, err *os.File) streams {
	dumb := os.Getenv("TERM") == "dumb"
	return streams{in: in, out: out, err: err,
		color: isTerminal(out) && !dumb && os.Getenv("NO_COLOR") == "",
		live:  isTerminal(err) && !dumb,
	}
}

func isTerminal(f *os.File) bool {
	st, err := f.Stat()
	if err != nil || st.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(st, null)
}

const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

// paint colours text where colour is wanted.
func (s streams) paint(color, text string) string {
	if !s.color {
		return text
	}
	return color + text + plain
}

// passing shows on a terminal, and nowhere else, how far something is, in place of what it showed before.
func (s streams) passing(format string, a ...any) {
	if s.live {
		s.sayf("\r\x1b[K"+format, a...)
	}
}

// passed takes that away, so that something else can be said.
func (s streams) passed() { s.passing("") }

func (s streams) printf(format string, a ...any) { fmt.Fprintf(s.out, format, a...) }
func (s streams) sayf(format string, a ...any)   { fmt.Fprintf(s.err, format, a...) }

// results is an out that remembers its first error, so that a full disk is told once, at the end,
// and no command ends well whose results went nowhere.
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
