package main

import (
	"errors"

	"raftsim/raft/server/client"
)

// Exit codes.
const (
	exitDone    = 0
	exitFailed  = 1 // it could not be done, and was not
	exitUsage   = 2 // a wrong command line or setting
	exitNot     = 3 // a cas that found another value, a node that is not well
	exitUnknown = 4 // it is not known whether it was done
)

// exit ends the program with a code and without another word: what was to be said has been said.
type exit int

func (exit) Error() string { return "" }

// usageError is about the command line or a setting.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// codeOf says which exit code an error of a command stands for.
func codeOf(err error) int {
	var e exit
	var usage usageError
	var unknown *client.UnknownError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &e):
		return int(e)
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &unknown):
		return exitUnknown
	}
	return exitFailed
}
