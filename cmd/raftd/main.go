// Raftd is a node of a Raft cluster that keeps keys and values, and what people and scripts use to speak to one.
//
// Results go to stdout, words for people to stderr. See `raftd help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A node goes down in good order; a second signal ends it at once, which it survives as well.
	context.AfterFunc(ctx, stop)
	code := execute(ctx, os.Args[1:], streams{out: os.Stdout, err: os.Stderr, env: os.Environ()})
	stop()
	os.Exit(code)
}
