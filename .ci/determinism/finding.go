package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// rule is one thing that must not be, why it must not, and what to do instead.
type rule struct{ name, why, instead string }

var (
	ruleMap = rule{"map-order", "a map's order differs from run to run",
		`collect the keys, slices.Sort them right after, and range over those`}
	ruleClock = rule{"clock", "it reads the machine's clock",
		"take the time from the Env or the world"}
	ruleSelect = rule{"select", "which ready case it takes differs from run to run",
		"make it an event of the world"}
	ruleGo = rule{"goroutine", "the scheduler, not the seed, decides what runs first",
		"a world is one goroutine: make it an event of the world"}
	ruleRandom = rule{"random", "the seed of the run does not decide it",
		"draw from the Env or the world, with the name of what is decided"}
	ruleFloat = rule{"float", "its rounding differs between processors",
		"use integers: nanoseconds, parts per million"}
	ruleVariable = rule{"variable", "worlds that run side by side would share it",
		"keep it in the world, the node, or whoever needs it"}
	ruleSync = rule{"sync", "a world is one goroutine and shares nothing",
		"leave it out, or move it to what runs around worlds"}
	ruleOutside = rule{"outside", "the machine, not the seed, decides what it says",
		"go through the Env, or let the caller read it and hand it in"}
	ruleImport = rule{"import", "nobody checks there that it depends on the seed alone",
		"move the use to a file that runs around worlds, or add it to .ci/determinism/scope.go with a reason"}
	ruleBuild = rule{"build-constraint", "the same source would run differently elsewhere",
		"decide at run time, from the scenario"}
	ruleExcuse = rule{"excuse", "the line below it breaks no rule",
		"take it away"}
	ruleReason = rule{"reason", "a reader cannot judge what is not said",
		`write "//determinism: " and why the result is the same in any run`}
)

// finding is one place where a rule is broken.
type finding struct {
	token.Position
	rule rule
	what string
}

// String is the line that is printed.
func (f finding) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s; %s", f.Filename, f.Line, f.Column, f.what, f.rule.why, f.rule.instead)
}

func compareFindings(a, b finding) int {
	return cmp.Or(cmp.Compare(a.Filename, b.Filename), cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Column, b.Column), cmp.Compare(a.rule.name, b.rule.name))
}

// excuse is a comment that says why the line below it is harmless.
type excuse struct {
	file   string
	line   int // of the comment
	covers int // the line it speaks of
	reason string
	used   bool
}

func (e *excuse) position() token.Position {
	return token.Position{Filename: e.file, Line: e.line, Column: 1}
}

const excuseMark = "determinism:"

// excuses collects a file's excuses. One covers the line after the comment it is part of.
func excuses(fset *token.FileSet, f *ast.File) []*excuse {
	var all []*excuse
	for _, g := range f.Comments {
		for i, c := range g.List {
			text, ok := strings.CutPrefix(strings.TrimSpace(strings.TrimPrefix(c.Text, "//")), excuseMark)
			if !ok {
				continue
			}
			reason := []string{strings.TrimSpace(text)}
			for _, more := range g.List[i+1:] {
				reason = append(reason, strings.TrimSpace(strings.TrimPrefix(more.Text, "//")))
			}
			at := fset.Position(c.Pos())
			all = append(all, &excuse{file: at.Filename, line: at.Line, covers: fset.Position(g.End()).Line + 1,
				reason: strings.TrimSpace(strings.Join(reason, " "))})
			break
		}
	}
	return all
}

// excused finds the excuse for a line and marks it as used, nil when there is none.
func (f *file) excused(line int) *excuse {
	for _, e := range f.excuses {
		if e.covers == line {
			e.used = true
			return e
		}
	}
	return nil
}
