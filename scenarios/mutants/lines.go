package mutants

import (
	"go/scanner"
	"go/token"
	"slices"
	"strings"
)

// inPlace returns the files that the mutant alters like [Mutant.Apply], but so written that every line that stays keeps its number
// where that can be done: the compiler's errors and the stacks of panics are then about the sources as they stand, and
// what a package shows to those that import it, lines included, is the same as before more often. A file has the same
// tokens as Apply's.
func (m *Mutant) inPlace(root string) (map[string][]byte, error) {
	plain, err := m.apply(root, func(e *Edit) string { return e.New })
	if err != nil {
		return nil, err
	}
	kept, err := m.apply(root, func(e *Edit) string { return keepLines(e.Old, e.New) })
	if err != nil {
		return nil, err
	}
	for file, text := range plain {
		// An edit within a string or a comment of several lines is not what it looks like by itself.
		if !slices.Equal(tokens(text), tokens(kept[file])) {
			kept[file] = text
		}
	}
	return kept, nil
}

// keepLines writes what comes in the place of old with as many lines as old has, and those that stay where they were.
func keepLines(old, new string) string {
	was, is := split(old), split(new)
	from, same := 0, min(len(was), len(is))
	for from < same && was[from] == is[from] {
		from++
	}
	end := 0
	for end < same-from && was[len(was)-1-end] == is[len(is)-1-end] {
		end++
	}
	if len(is) > len(was) && from+end == len(was) { // nothing goes: what comes shares the line of a neighbour
		if from > 0 {
			from--
		} else {
			end--
		}
	}
	var text strings.Builder
	add := func(lines []string) {
		for _, l := range lines {
			text.WriteString(l)
		}
	}
	add(is[:from])
	middle := is[from : len(is)-end]
	if more := len(is) - len(was); more > 0 {
		text.WriteString(oneLine(strings.Join(middle[:more+1], "")))
		middle = middle[more+1:]
	}
	add(middle)
	text.WriteString(strings.Repeat("\n", max(0, len(was)-len(is))))
	add(is[len(is)-end:])
	return text.String()
}

// split returns the lines of a text, each with its end.
func split(text string) []string { return slices.Collect(strings.Lines(text)) }

// oneLine writes lines of Go as one. Comments are lost, whomever they are for.
func oneLine(lines string) string {
	all := slices.DeleteFunc(tokens([]byte(lines)), func(t string) bool { return strings.HasPrefix(t, "//") || strings.HasPrefix(t, "/*") })
	indent := lines[:len(lines)-len(strings.TrimLeft(lines, " \t"))]
	return indent + strings.TrimSuffix(strings.Join(all, " "), " ;") + "\n"
}

// tokens returns the tokens of a Go text as they are written, and those comments that tell the compiler something. The end of a
// line is a semicolon where it stands for one.
func tokens(text []byte) []string {
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(text)), text, func(token.Position, string) {}, scanner.ScanComments)
	var all []string
	for {
		_, tok, lit := s.Scan()
		switch {
		case tok == token.EOF:
			return all
		case tok == token.SEMICOLON:
			all = append(all, ";")
		case tok == token.COMMENT:
			if strings.HasPrefix(lit, "//go:") || strings.Contains(lit, "line ") {
				all = append(all, lit)
			}
		case lit != "":
			all = append(all, lit)
		default:
			all = append(all, tok.String())
		}
	}
}
