package script

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is one thing wrong with a scenario file.
type Error struct {
	// File is the name that was handed to [Read].
	File string
	// Line and Column say where, from 1; Column counts characters. Line is 0 for what concerns
	// no place in particular.
	Line, Column int
	// What says what is wrong and what to do about it, in one line.
	What string
	// Text is the source line as it stands in the file, without its line break.
	Text string
}

// Errors is everything found wrong with a scenario file, by position. It is never empty.
type Errors []*Error

// Error prints "file:line:column: what", then the source line and a mark under the column.
// A long line is cut to the surroundings of the column, and bytes that would disturb a terminal
// are shown escaped.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(visible(e.File))
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	b.WriteString(": ")
	b.WriteString(e.What)
	if e.Text != "" {
		line, mark := excerpt(e.Text, e.Column)
		b.WriteString("\n    " + line + "\n    " + mark)
	}
	return b.String()
}

// Error prints every error, one below the other.
func (e Errors) Error() string {
	all := make([]string, len(e))
	for i, err := range e {
		all[i] = err.Error()
	}
	return strings.Join(all, "\n")
}

// Unwrap returns the errors one by one, for [errors.As].
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, err := range e {
		all[i] = err
	}
	return all
}

// shown is how many characters of a line an error shows.
const shown = 100

// excerpt returns what is shown of a line, and the line below it that marks the column.
func excerpt(text string, column int) (line, mark string) {
	runes := []rune(text)
	at := min(max(column, 1), len(runes)+1) - 1
	from, to := 0, len(runes)
	if to > shown {
		from = min(max(0, at-shown/2), to-shown)
		to = from + shown
	}
	var l, m strings.Builder
	if from > 0 {
		l.WriteString("…")
		m.WriteByte(' ')
	}
	rest := text[len(string(runes[:from])):]
	for i := from; i < to; i++ {
		r, size := utf8.DecodeRuneInString(rest)
		cell := rest[:size]
		rest = rest[size:]
		if r != '\t' {
			cell = visible(cell)
		}
		l.WriteString(cell)
		if i >= at {
			continue
		}
		// A tab below a tab is as wide as the one above it, whatever the terminal's stops.
		if r == '\t' {
			m.WriteByte('\t')
		} else {
			m.WriteString(strings.Repeat(" ", utf8.RuneCountInString(cell)))
		}
	}
	if to < len(runes) {
		l.WriteString("…")
	}
	m.WriteByte('^')
	return l.String(), m.String()
}

// visible escapes what a terminal would obey instead of print, and what is not UTF-8.
func visible(s string) string {
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1, r < utf8.RuneSelf && hidden(r):
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case hidden(r) && r != utf8.RuneError:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

// hidden tells characters that do not show, or change how others do. U+FFFD is
// among them because that is how a byte that is not UTF-8 reads.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || r == utf8.RuneError
}

// quote puts what the file says between quotes, cut to a bearable length.
func quote(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return `"` + visible(s) + `"`
}

// mostErrors bounds what is reported of one file: who has a hundred errors has one of them
// a hundred times, or no scenario.
const mostErrors = 100

// reports gathers the errors of one file.
type reports struct {
	file  string
	lines []string
	errs  Errors
	more  int
}

// at reports an error at a place.
func (r *reports) at(p Position, format string, args ...any) {
	if len(r.errs) == mostErrors {
		r.more++
		return
	}
	e := &Error{File: r.file, Line: p.Line, Column: p.Column, What: fmt.Sprintf(format, args...)}
	if p.Line >= 1 && p.Line <= len(r.lines) {
		e.Text = r.lines[p.Line-1]
	}
	r.errs = append(r.errs, e)
}

// on reports an error in a value, which it names.
func (r *reports) on(n *node, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	if n.name != "" {
		what = n.name + ": " + what
	}
	r.at(n.pos, "%s", what)
}

// err returns what was reported, by position, or nil.
func (r *reports) err() error {
	if len(r.errs) == 0 {
		return nil
	}
	slices.SortStableFunc(r.errs, func(a, b *Error) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	if r.more > 0 {
		r.errs = append(r.errs, &Error{File: r.file, What: fmt.Sprintf("%d more errors are not shown", r.more)})
	}
	return r.errs
}
