// Raftsim is the testbed's command line: it plays scenario files against a simulated
// Raft cluster, replays a failing seed, checks histories, and measures how fast all of that is.
//
// Results go to stdout, words for people to stderr. See `raftsim help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	collectSeldom()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first Ctrl-C what was found so far is printed; a second one ends the program at once.
	context.AfterFunc(ctx, stop)
	code := execute(ctx, os.Args[1:], terminal(os.Stdin, os.Stdout, os.Stderr))
	stop()
	os.Exit(code)
}

// leaveSignals gives Ctrl-C back its usual meaning, for a command that has nothing to show halfway.
func leaveSignals() { signal.Reset(os.Interrupt, syscall.SIGTERM) }
