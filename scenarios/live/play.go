package live

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"raftsim/raft"
	"raftsim/scenarios"
	"raftsim/scenarios/script"
	"raftsim/sim"
)

// Options say what the nodes are.
type Options struct {
	// Raftd is the program of a node, for nodes that are processes.
	Raftd string
	// Compose has them be containers instead.
	Compose bool
	// Dir is the folder that takes the nodes' data and logs, what happened in the order in which it did, and what the clients saw. It is
	// made if it is not there, and is not removed.
	Dir string
	// Slow stretches all times: a second of the scenario takes so many, and the nodes' timeouts are as much longer; 0 is 1.
	Slow int
	// HistoryBudget is as in [scenarios.Options].
	HistoryBudget int
}

// Result is what became of a run.
type Result struct {
	scenarios.Result
	// Interrupted says that the run was, and that nothing was wrong until then.
	Interrupted bool
	// Busy says what the machine did so late that a heartbeat may have been missed; "" when it was in time.
	Busy string
}

// Play plays a scenario that [Check] has nothing against, with a seed, at the pace of the wall's clock, until it is over or ctx
// ends. Then no node is left. The error says why it could not be played; what is wrong with the nodes is in the Result.
func Play(ctx context.Context, f scenarios.File, seed uint64, o Options) (Result, error) {
	p, err := newPlay(ctx, f.With(seed), o)
	if err != nil {
		return Result{}, err
	}
	defer p.close()
	res := f.Run(seed, scenarios.Options{
		Boot: p.boot, Start: func(w *sim.World) { p.world = w }, Advance: p.advance, Trace: p.trace, Log: p.note,
		Unwatched: Unwatched(), HistoryBudget: o.HistoryBudget,
	})
	if p.err != nil {
		return Result{}, p.err
	}
	if _, err := res.WriteHistory(o.Dir); err != nil {
		return Result{}, fmt.Errorf("what the clients saw cannot be written down: %w", err)
	}
	out := Result{Result: res, Interrupted: res.Verdict == scenarios.Stopped, Busy: p.canary.excuse(p.real(p.scenario.Cluster.Heartbeat), p.real(p.scenario.Cluster.ElectionTimeout.Min))}
	out.Fingerprint = 0 // it says nothing of runs that are never alike
	out.excuse()
	return out, nil
}

// play is a run with real nodes. What has no word about goroutines is the world's.
type play struct {
	ctx      context.Context
	cancel   context.CancelFunc
	work     sync.WaitGroup
	scenario *script.Scenario
	machines machines
	relay    *relay
	world    *sim.World
	// timeouts are those that nodes are started with, in the scenario's time; slow is how many times as long they really are.
	timeouts raft.Timeouts
	slow     time.Duration
	// nodes are the lives there are now, lives counts them, ready says who was started before the run began; all by NodeID.
	nodes []*node
	lives []uint32
	ready []bool
	// deeds are what is to be done to each node's machine, one after the other, by NodeID. The world does not wait for it.
	deeds []queue[func() error]

	// inbox has what other goroutines want the world's to do.
	inbox  queue[func()]
	began  time.Time
	canary canary
	err    error

	told   *bufio.Writer
	toldTo io.Closer
}

// machines are where nodes run. What is done to one node is done by one goroutine at a time.
type machines interface {
	// relay is where the relay is to listen, and the host by which nodes reach it.
	relay() (listen, host string)
	// prepare is told, before any node is started, how each is.
	prepare(args func(raft.NodeID) []string) error
	// address is where this process reaches a node.
	address(raft.NodeID) string
	// start starts a node that was not started or was killed. Its folder outlives it, and is erased by wipe.
	start(raft.NodeID) error
	kill(raft.NodeID) error
	pause(raft.NodeID) error
	resume(raft.NodeID) error
	wipe(raft.NodeID) error
	// ended waits for a node to end by itself, and says whether it did. lastWords is why.
	ended(id raft.NodeID, within time.Duration) bool
	lastWords(raft.NodeID) string
	// close kills all.
	close()
}

func newPlay(ctx context.Context, sc *script.Scenario, o Options) (*play, error) {
	if err := os.MkdirAll(o.Dir, 0o777); err != nil {
		return nil, fmt.Errorf("there is no folder for the nodes: %w", err)
	}
	names := sc.Cluster.Names
	p := &play{
		scenario: sc, nodes: make([]*node, names+1), lives: make([]uint32, names+1), ready: make([]bool, names+1),
		deeds: make([]queue[func() error], names+1), slow: time.Duration(max(o.Slow, 1)),
		timeouts: raft.Timeouts{
			ElectionMin: sc.Cluster.ElectionTimeout.Min, ElectionMax: sc.Cluster.ElectionTimeout.Max, Heartbeat: sc.Cluster.Heartbeat,
		},
	}
	p.ctx, p.cancel = context.WithCancel(ctx)
	p.inbox.init()
	err := p.open(o)
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// open starts what has to be there before the world begins: the nodes of its beginning among it, so that they do not
// come late to it.
func (p *play) open(o Options) error {
	f, err := os.Create(filepath.Join(o.Dir, scenarios.TraceFile))
	if err != nil {
		return err
	}
	p.told, p.toldTo = bufio.NewWriter(f), f
	if p.machines, err = o.machines(p.ctx, p.scenario.Cluster.Names); err != nil {
		return err
	}
	listen, host := p.machines.relay()
	if p.relay, err = newRelay(p, listen, host); err != nil {
		return err
	}
	if err := p.machines.prepare(p.args); err != nil {
		return err
	}
	for id := raft.NodeID(1); int(id) <= p.scenario.Cluster.Nodes; id++ {
		if err := p.machines.start(id); err != nil {
			return fmt.Errorf("%v cannot be started: %w", id, err)
		}
	}
	for id := raft.NodeID(1); int(id) <= p.scenario.Cluster.Nodes; id++ {
		if err := p.await(id); err != nil {
			return err
		}
		p.ready[id] = true
	}
	for id := range p.deeds {
		p.deeds[id].init()
		p.work.Go(func() { p.toil(&p.deeds[id]) })
	}
	p.canary.start(p, o.Dir)
	return nil
}

// machines makes room for so many nodes.
func (o *Options) machines(ctx context.Context, names int) (machines, error) {
	if o.Compose {
		c, err := newContainers(ctx, o.Dir, names)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	p, err := newProcesses(o.Raftd, o.Dir, names)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// toil does to a node's machine what is to be done.
func (p *play) toil(q *queue[func() error]) {
	for deeds := range q.all(p.ctx) {
		for _, do := range deeds {
			if err := do(); err != nil && p.ctx.Err() == nil {
				p.later(func() { p.fail(err) })
			}
		}
	}
}

// do has something done to a node's machine.
func (p *play) do(id raft.NodeID, what string, f func(raft.NodeID) error) {
	done := p.canary.delays.begin(time.Now())
	p.deeds[id].put(func() error {
		err := f(id)
		done(time.Now())
		if err != nil {
			return fmt.Errorf("%v cannot be %s: %w", id, what, err)
		}
		return nil
	})
}

// later has the world's goroutine do something. Any goroutine may call it.
func (p *play) later(f func()) { p.inbox.put(f) }

// fail ends the run because it cannot be played.
func (p *play) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// now is the scenario's time by the wall's clock, real how long a time of the scenario really takes.
func (p *play) now() time.Duration                 { return time.Since(p.began) / p.slow }
func (p *play) real(t time.Duration) time.Duration { return t * p.slow }

// advance runs the world up to a time, at the pace of the wall's clock, and takes in what comes from outside.
func (p *play) advance(w *sim.World, t time.Duration) bool {
	if p.began.IsZero() {
		p.began = time.Now()
	}
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	for {
		now := min(p.now(), t)
		w.RunUntil(now)
		for _, f := range p.inbox.take() {
			f()
		}
		switch {
		case p.err != nil || p.ctx.Err() != nil:
			return false
		case w.Stopped() || now >= t:
			return true
		}
		next, _ := w.Next() // or never
		next = min(next, t)
		alarm.Reset(max(p.real(next-p.now()), 0))
		select {
		case <-alarm.C:
		case <-p.inbox.wake:
		case <-p.ctx.Done():
		}
	}
}

// trace does to the real nodes what happens to those in the world, and writes it down.
func (p *play) trace(e *sim.Event) {
	fmt.Fprintln(p.told, e)
	switch e.Kind {
	case sim.EventCrash:
		n := p.nodes[e.Node]
		p.nodes[e.Node] = nil
		p.do(e.Node, "killed", func(id raft.NodeID) error {
			if n != nil {
				defer n.cancel() // not before, since a node that is left by its test ends by itself
			}
			return p.machines.kill(id)
		})
	case sim.EventPause:
		p.do(e.Node, "paused", p.machines.pause)
	case sim.EventResume:
		p.do(e.Node, "resumed", p.machines.resume)
	case sim.EventWipe:
		p.do(e.Node, "wiped", p.machines.wipe)
	}
}

// note writes a line of the scenario down.
func (p *play) note(at time.Duration, _ raft.NodeID, line string) {
	fmt.Fprintf(p.told, "%v %s\n", at, line)
}

// close kills all nodes and ends all that is under way.
func (p *play) close() {
	p.cancel()
	if p.relay != nil {
		p.relay.close()
	}
	p.work.Wait()
	if p.machines != nil {
		p.machines.close()
	}
	if p.told != nil {
		_ = errors.Join(p.told.Flush(), p.toldTo.Close())
	}
}

// excuse does not hold against the nodes what a busy machine may be to blame for: that something took too long.
func (r *Result) excuse() {
	if r.Verdict != scenarios.Violation || r.Busy == "" {
		return
	}
	switch r.Property {
	case script.LeaderPresent, script.CountsHold, script.MembersAgree, script.Progress:
		r.Verdict = scenarios.Inconclusive
		r.Detail += "; but " + r.Busy
	}
}
