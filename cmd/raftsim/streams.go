package main

import (
	"fmt"
	"io"
	"os"
)

// streams are where the program reads and writes. Results go to out, words for people
// to err. On a terminal there is colour, unless NO_COLOR is set (no-color.org), and a progress line that rewrites itself.
type streams struct {
	in       io.Reader
	out, err io.Writer
	// color is for out, live for err.
	color, live bool
}

func terminal(in, out, err *os.File) streams {
	return streams{in: in, out: out, err: err,
		color: isTerminal(out) && os.Getenv("NO_COLOR") == "",
		live:  isTerminal(err) && os.Getenv("TERM") != "dumb",
	}
}

func isTerminal(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0 && f.Name() != os.DevNull
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

func (s streams) printf(format string, a ...any) { fmt.Fprintf(s.out, format, a...) }
func (s streams) sayf(format string, a ...any)   { fmt.Fprintf(s.err, format, a...) }
