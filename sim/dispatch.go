package sim

import (
	"time"

	"raftsim/raft"
)

// begin makes what is about to happen the event under way.
func (w *World) begin(at time.Duration, what uint64, cause EventID) {
	w.event++
	w.cause = w.event
	w.now = at
	w.print.event(at, what, cause)
}

// beginVain makes an event of what comes up in vain: a message, say, for a node that is down.
// What it was is mixed in by dropped.
func (w *World) beginVain(at time.Duration) {
	w.event++
	w.cause = w.event
	w.now = at
}

// mark is a fault, which happens on the spot: it is part of the event under way.
func (w *World) mark(e Event) {
	w.print.event(w.now, word(e.Kind, uint16(e.Node), uint16(e.From), uint32(e.Client)), w.cause)
	if w.hooks.Trace != nil {
		e.Cause = w.cause
		w.trace(e)
	}
}

// trace shows an event, numbered and dated, to the hook. Only it builds an Event for what is common.
func (w *World) trace(e Event) {
	e.ID, e.At = w.event, w.now
	w.traced = e
	w.hooks.Trace(&w.traced)
	w.traced = Event{}
}

// handle handles what the queue has brought up, which may prove to be no event.
func (w *World) handle(e queued) {
	switch e.kind() {
	case queuedMessage:
		w.arrive(e)
	case queuedArrived:
		w.deliver(e, w.nodes[e.id()-1], w.packets.at(e.ref()))
	case queuedTimer:
		n := w.nodes[e.id()-1]
		a := &n.timers[e.ref()]
		if n.paused && e.seq == a.seq && a.armed != never && a.armed <= e.at {
			// It stays armed, since nothing has fired yet, and goes off with the same event.
			n.held = append(n.held, e)
			return
		}
		if w.due(a, e) {
			w.fire(n, e.at, TimerID(e.ref()), a.cause, false)
		}
	case queuedForce:
		w.force(e)
	case queuedSync:
		w.synced(e)
	case queuedRequest:
		w.serve(e)
	case queuedAnswer:
		w.answered(e)
	case queuedWake:
		w.wake(e)
	case queuedBoot:
		if n := w.nodes[e.id()-1]; n.booting && n.bootSeq == e.seq {
			w.now = e.at
			w.boot(n)
		}
	case queuedScript:
		w.script(e)
	case queuedOrder:
		w.obey(e)
	}
}

// fire calls a process because of a timer.
func (w *World) fire(n *node, at time.Duration, t TimerID, cause EventID, forced bool) {
	w.counters.Timers++
	detail := uint32(t)
	if forced {
		w.counters.Forced++
		detail |= 1 << 8
	}
	w.begin(at, word(EventTimer, uint16(n.id), 0, detail), cause)
	if w.hooks.Trace != nil {
		w.trace(Event{Kind: EventTimer, Cause: cause, Node: n.id, Timer: t, Forced: forced})
	}
	w.running = n.id
	n.process.Timer(t)
	w.running = raft.None
	w.after(n)
}

// forcing is a timer that a script fires.
type forcing struct {
	cause EventID
	life  uint32
	timer TimerID
}

// force fires a timer that a script has asked for. What it was armed for is void.
func (w *World) force(e queued) {
	n := w.nodes[e.id()-1]
	f := *w.forcings.at(e.ref())
	if f.life != n.life {
		w.forcings.drop(e.ref())
		return
	}
	if n.paused {
		n.held = append(n.held, e)
		return
	}
	w.forcings.drop(e.ref())
	n.timers[f.timer].armed = never
	w.fire(n, e.at, f.timer, f.cause, true)
}

// script runs a callback.
func (w *World) script(e queued) {
	s := *w.scripts.at(e.ref())
	w.scripts.at(e.ref()).run = nil
	w.scripts.drop(e.ref())
	w.begin(e.at, word(EventScript, 0, 0, 0), s.cause)
	if w.hooks.Trace != nil {
		w.trace(Event{Kind: EventScript, Cause: s.cause})
	}
	s.run()
}
