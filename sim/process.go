package sim

import (
	"errors"
	"time"

	"raftsim/raft"
	"raftsim/raft/replica"
	"raftsim/raft/wal"
)

// node is a place for a process: what outlives a crash, and the Env of the process that runs.
type node struct {
	world *World
	id    raft.NodeID
	start Boot
	// process is nil while the node is down.
	process Process
	paused  bool
	// booting is true from AddNode or Restart until the boot, whose event has seq bootSeq.
	booting   bool
	bootSeq   uint64
	bootCause EventID
	// halted is set by Halt, for reason.
	halted bool
	reason error
	// gaveUp is why the last life ended, when the disk was to blame.
	gaveUp error
	boots  uint32
	// life counts the node's lives and the times between them: what belongs to another life is void.
	life  uint32
	clock clock
	// skewed says that skews is not zero.
	skewed bool
	skews  Timers
	// heldUp is until when late timers and a clock that was set back hold the node up.
	heldUp time.Duration
	timers [replica.Timers]alarm
	// held are events that wait for the end of a pause.
	held    []queued
	disk    disk
	streams streams
}

var _ Env = (*node)(nil)

// Now implements [Env].
func (n *node) Now() time.Duration { return n.clock.read(n.world.now) }

// SetTimer implements [Env]. It panics when t is no timer a process may use.
func (n *node) SetTimer(t TimerID, at time.Duration) {
	if n.skewed {
		at = n.skew(at)
	}
	if n.clock.plain {
		n.world.arm(&n.timers[t], at, queuedTimer.of(uint16(n.id), uint32(t)))
		return
	}
	n.clock.armed[t] = at
	n.world.arm(&n.timers[t], n.clock.when(at), queuedTimer.of(uint16(n.id), uint32(t)))
}

// StopTimer implements [Env]. It panics when t is no timer a process may use.
func (n *node) StopTimer(t TimerID) { n.timers[t].armed = never }

// FS implements [Env].
func (n *node) FS() wal.FS { return &n.disk }

// Draw implements [Env].
func (n *node) Draw(purpose string, bound uint64) uint64 { return n.streams.draw(purpose, bound) }

// Logging implements [Env].
func (n *node) Logging() bool { return n.world.hooks.Log != nil }

// Log implements [Env].
func (n *node) Log(line string) {
	w := n.world
	if w.hooks.Log == nil {
		return
	}
	running := w.running
	w.running = raft.None
	w.hooks.Log(n.id, line)
	w.running = running
}

// Halt implements [Env].
func (n *node) Halt(err error) {
	if n.halted {
		return
	}
	if err == nil {
		err = errors.New("no reason given")
	}
	n.halted, n.reason = true, err
}

func (n *node) disarm() {
	for i := range n.timers {
		n.timers[i] = alarm{armed: never, queued: never}
	}
}

func (w *World) scheduleBoot(n *node) {
	n.booting = true
	n.bootCause = w.cause
	n.bootSeq = w.queue.push(w.now, queuedBoot.of(uint16(n.id), 0))
}

// boot starts a node's process.
func (w *World) boot(n *node) {
	n.booting = false
	n.boots++
	n.halted, n.reason, n.gaveUp = false, nil, nil
	n.disk.failing = false
	w.counters.Boots++
	w.begin(w.now, word(EventBoot, uint16(n.id), 0, n.boots), n.bootCause)
	if w.hooks.Trace != nil {
		w.trace(Event{Kind: EventBoot, Cause: n.bootCause, Node: n.id})
	}
	n.disk.booting = true
	w.running = n.id
	p, err := n.start(n.id, n)
	w.running = raft.None
	n.disk.booting = false
	halted := err == nil && n.halted
	if halted {
		err = n.reason
	}
	switch {
	case err != nil && w.gaveUp(n, err, n.disk.rotten()):
	case halted:
		w.fail(Failure{Kind: FailureHalt, Node: n.id, Err: n.reason})
	case err == nil && p == nil:
		w.fail(Failure{Kind: FailureBoot, Node: n.id, Err: errors.New("Boot returned neither a process nor an error")})
	case err != nil:
		w.fail(Failure{Kind: FailureBoot, Node: n.id, Err: err})
	default:
		n.process = p
		if w.hooks.Booted != nil {
			w.hooks.Booted(n.id)
		}
		w.after(n)
		return
	}
	w.end(n)
}

// after follows every call into a process.
func (w *World) after(n *node) {
	if n.halted {
		if !w.gaveUp(n, n.reason, false) {
			w.fail(Failure{Kind: FailureHalt, Node: n.id, Err: n.reason})
		} else if w.hooks.Touched != nil && n.process != nil {
			// A part of what it did may be on the disk, and come back with the next boot: whoever watches is to see it.
			w.hooks.Touched(n.id)
		}
		w.end(n)
		return
	}
	if w.hooks.Touched != nil && n.process != nil {
		w.hooks.Touched(n.id)
	}
}

// end is a crash, by a fault or a halt: the process is gone, and so is all that waited for it; the disk
// keeps what a crash leaves. What it has sent still travels.
func (w *World) end(n *node) {
	w.mark(Event{Kind: EventCrash, Node: n.id})
	w.counters.Crashes++
	n.process = nil
	n.booting, n.paused = false, false
	n.life++
	n.disarm()
	for i := range n.held {
		w.discard(n, n.held[i])
	}
	n.held = n.held[:0]
	n.disk.crash()
	if w.hooks.Stopped != nil {
		w.hooks.Stopped(n.id)
	}
}

// discard undoes an event that waited for a paused node.
func (w *World) discard(n *node, e queued) {
	switch e.kind() {
	case queuedArrived:
		w.dropPacket(e.ref(), n.id, DropDown)
	case queuedRequest:
		w.dropRequest(e.ref(), n.id, DropDown)
	case queuedSync:
		w.syncs.drop(e.ref())
	case queuedForce:
		w.forcings.drop(e.ref())
	case queuedOrder:
		w.dropOrder(e.ref())
	}
}
