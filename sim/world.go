package sim

import (
	"math"
	"runtime/debug"
	"time"

	"raftsim/raft"
)

// MaxNodes and MaxHosts are how many nodes and clients a world holds at most.
const (
	MaxNodes = 99
	MaxHosts = math.MaxUint16
)

// World is a cluster, its network, disks and clients, and their time. It is used from one goroutine.
type World struct {
	now time.Duration
	// event numbers the events so far. cause is the one under way, 0 between events.
	event, cause EventID
	print        fingerprint
	// running is the node whose code runs, raft.None when none does.
	running raft.NodeID
	stopped bool
	// inside is true while an event is handled.
	inside bool
	// severed is how many cuts and partitions are in force.
	severed int
	// holds is how many holds are, kept what they keep back, in the order in which it came up.
	holds int
	kept  []queued

	queue    queue
	nodes    []*node
	links    []link
	stride   int
	hosts    []*host
	packets  slab[packet]
	requests slab[request]
	answers  slab[answer]
	syncs    slab[syncing]
	scripts  slab[script]
	orders   slab[order]
	forcings slab[forcing]

	counters Counters
	hooks    Hooks
	config   Config
	cuts     []cut
	lastCut  CutID
	streams  streams
	failure  *Failure
	traced   Event
}

// script is a callback to come.
type script struct {
	run   func()
	cause EventID
}

// New makes a world at time 0 with nobody in it.
func New(c Config) *World {
	return &World{
		config:  c,
		hooks:   c.Hooks,
		streams: streams{seed: c.Seed, owner: ofWorld},
		print:   fingerprint(scramble(c.Seed)),
		queue:   queue{seq: firstSeq},
	}
}

// AddNode adds a node, n1 first, then n2 and so on, and returns its id, or raft.None when there
// are [MaxNodes] already. It boots at the current time, as an event of its own.
func (w *World) AddNode(boot Boot) raft.NodeID {
	id := w.AddAbsent(boot)
	if n := w.node(id); n != nil {
		w.scheduleBoot(n)
	}
	return id
}

// AddAbsent adds a node like [World.AddNode], and leaves it to [World.Restart] to boot it for the first time.
func (w *World) AddAbsent(boot Boot) raft.NodeID {
	if len(w.nodes) == MaxNodes {
		return raft.None
	}
	id := raft.NodeID(len(w.nodes) + 1)
	n := &node{world: w, id: id, start: boot, streams: streams{seed: w.config.Seed, owner: ofNode.of(uint64(id), 0)}}
	n.clock.plain = true
	n.disk.init(n, w.config.Disk)
	n.disarm()
	w.nodes = append(w.nodes, n)
	w.growLinks()
	return id
}

// Step handles the next event. It returns false when none is left, the world has been stopped, or
// the event ended it. It panics when called while an event is handled.
func (w *World) Step() bool {
	if w.stopped {
		return false
	}
	w.enter()
	defer w.leave()
	for {
		e, ok := w.queue.pop(math.MaxInt64)
		if !ok {
			return false
		}
		before := w.event
		w.handle(e)
		if w.event != before {
			return w.failure == nil
		}
	}
}

// RunUntil handles every event up to t, those at t included. Now is t afterwards,
// unless the world was stopped. A t that has passed does nothing. It panics when called while an
// event is handled.
func (w *World) RunUntil(t time.Duration) {
	if w.stopped || t < w.now {
		return
	}
	w.enter()
	defer w.leave()
	for {
		e, ok := w.queue.pop(t)
		if !ok {
			break
		}
		w.handle(e)
		if w.stopped {
			return
		}
	}
	w.now = t
}

// Stop ends the world: no event is handled after the one under way.
func (w *World) Stop() { w.stopped = true }

func (w *World) enter() {
	if w.inside {
		panic("sim: Step and RunUntil cannot be called while an event is handled; use At")
	}
	w.inside = true
}

// leave is deferred around the run loop, so that a panic costs nothing until it happens.
func (w *World) leave() {
	if v := recover(); v != nil {
		kind := FailurePanic
		if w.running == raft.None {
			kind = FailureTestbed
		}
		w.fail(Failure{Kind: kind, Node: w.running, Value: v, Stack: string(debug.Stack())})
	}
	w.running = raft.None
	w.inside = false
	w.cause = 0
}

// fail ends the world. The first failure is the one that counts.
func (w *World) fail(f Failure) {
	w.stopped = true
	if w.failure == nil {
		f.Event, f.At = w.cause, w.now
		w.failure = &f
	}
}

// Failure returns what ended the world before its time, or nil.
func (w *World) Failure() *Failure { return w.failure }

// Now is the virtual time since the world began.
func (w *World) Now() time.Duration { return w.now }

// Event is the id of the event under way, or of the last one, and so the number of events so far.
func (w *World) Event() EventID { return w.event }

// Fingerprint is a hash over all events so far. Two runs that differ have, all but certainly, different ones.
func (w *World) Fingerprint() uint64 { return uint64(w.print) }

// Mix adds x to the fingerprint.
func (w *World) Mix(x uint64) { w.print.mix(x) }

// Counters returns the world's counters, which change as it runs.
func (w *World) Counters() *Counters { return &w.counters }

// At runs f as an event at time t, or at the current time when t has passed.
func (w *World) At(t time.Duration, f func()) {
	if f == nil {
		return
	}
	ref := w.scripts.put(script{run: f, cause: w.cause})
	w.queue.push(max(t, w.now), queuedScript.of(0, ref))
}

// Draw returns a number in [0,n) from the world's own stream of that name, 0 when n is 0.
func (w *World) Draw(purpose string, n uint64) uint64 { return w.streams.draw(purpose, n) }

// Nodes is how many nodes were added.
func (w *World) Nodes() int { return len(w.nodes) }

// Process returns the process of a node that is up, else nil.
func (w *World) Process(id raft.NodeID) Process {
	if n := w.node(id); n != nil {
		return n.process
	}
	return nil
}

// Up says whether a node has booted and has not stopped since. A paused node is up.
func (w *World) Up(id raft.NodeID) bool { return w.Process(id) != nil }

// Paused says whether a node is up and paused.
func (w *World) Paused(id raft.NodeID) bool {
	n := w.node(id)
	return n != nil && n.paused
}

// Boots is how often a node has begun to boot.
func (w *World) Boots(id raft.NodeID) uint32 {
	if n := w.node(id); n != nil {
		return n.boots
	}
	return 0
}

// node returns nil when there is no such node.
func (w *World) node(id raft.NodeID) *node {
	if id == raft.None || id > raft.NodeID(len(w.nodes)) {
		return nil
	}
	return w.nodes[id-1]
}
