package main

import (
	"errors"

	"raftsim/scenarios"
)

// Exit codes (DESIGN §6).
const (
	exitPass         = 0
	exitViolation    = 1
	exitUsage        = 2 // a wrong command line, a bad scenario, or a fault of the testbed itself
	exitInconclusive = 3
	exitNothingRan   = 4
)

// exit ends the program with a code and without another word: what was to be said has been said.
type exit int

func (exit) Error() string { return "" }

// end is how a command ends with a code, nil for a pass.
func end(code exit) error {
	if code == exitPass {
		return nil
	}
	return code
}

// codeOf says which exit code an error of a command stands for.
func codeOf(err error) int {
	var e exit
	switch {
	case err == nil:
		return exitPass
	case errors.As(err, &e):
		return int(e)
	}
	return exitUsage
}

// codeFor says which exit code a sweep of runs ends with: the worst of what was found.
func codeFor(n map[scenarios.Verdict]uint64) exit {
	total := uint64(0)
	for _, k := range n {
		total += k
	}
	switch {
	case n[scenarios.Violation] > 0:
		return exitViolation
	case n[scenarios.Error] > 0:
		return exitUsage
	case n[scenarios.Inconclusive] > 0:
		return exitInconclusive
	case total == 0:
		return exitNothingRan
	}
	return exitPass
}
