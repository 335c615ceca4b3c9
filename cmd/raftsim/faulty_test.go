package main

import (
	"context"
	"sync/atomic"

	"raftsim/raft"
	"raftsim/raft/replica"
	"raftsim/scenarios"
)

// booting makes options that put another process under test: what wrap makes of a shipped replica.
func booting(wrap func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error)) scenarios.Options {
	return scenarios.Options{Boot: wrap}
}

// panics is a replica that panics when its election timer fires.
type panics struct{ replica.Process }

func (p panics) Timer(t replica.TimerID) {
	if t == replica.TimerElection {
		panic("out of patience")
	}
	p.Process.Timer(t)
}

func panicking() scenarios.Options {
	return booting(func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
		p, err := replica.New(o)(id, env)
		return panics{p}, err
	})
}

// liar is an Env that answers clients with values that nobody wrote.
type liar struct{ replica.Env }

func (l liar) Answer(client replica.ClientID, r *replica.Response) {
	if r.Result.Value != "" {
		r.Result.Value += " or so"
	}
	l.Env.Answer(client, r)
}

func lying() scenarios.Options {
	return booting(func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
		return replica.New(o)(id, liar{env})
	})
}

// fickle boots a cluster of three that draws once more in every run but the first.
func fickle() scenarios.Options {
	var boots atomic.Int32
	return booting(func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
		if boots.Add(1) > 3 {
			env.Draw("election-timeout", 2)
		}
		return replica.New(o)(id, env)
	})
}

// runs makes `raftsim run` with flags that a command line cannot give.
func runs(f runFlags, paths ...string) func(context.Context, streams) error {
	return func(ctx context.Context, s streams) error { return run(ctx, s, paths, f) }
}

// replays makes `raftsim replay` likewise.
func replays(f replayFlags, seed uint64, path string) func(context.Context, streams) error {
	f.seed.value, f.seed.given = seed, true
	return func(ctx context.Context, s streams) error { return replay(ctx, s, path, f) }
}
