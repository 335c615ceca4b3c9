package sim

import (
	"time"

	"raftsim/raft"
	"raftsim/raft/replica"
)

// order is what a process is to be asked from outside, as an event of its own.
type order struct {
	kind      EventKind
	timeouts  Timeouts
	successor raft.NodeID
	change    *Change
	life      uint32
	cause     EventID
}

// FireTimer fires a node's timer as an event at the current time, instead of when it is armed for and even when it is not.
// It returns false when the node is not up or a process has no such timer.
func (w *World) FireTimer(id raft.NodeID, t TimerID) bool {
	n := w.node(id)
	if n == nil || n.process == nil || t >= replica.Timers {
		return false
	}
	ref := w.forcings.put(forcing{cause: w.cause, life: n.life, timer: t})
	w.queue.push(w.now, queuedForce.of(uint16(id), ref))
	return true
}

// SetTimeouts hands a node's process new timeouts, as an event at the current time. The process forgets them with a
// crash. It returns false when the node is not up or its process is no [Tunable].
func (w *World) SetTimeouts(id raft.NodeID, t Timeouts) bool {
	if !can[Tunable](w, id) {
		return false
	}
	return w.order(id, order{kind: EventTimeouts, timeouts: t})
}

// Transfer asks a node's process to hand leadership to another, as an event at the current time. It returns false
// when the node is not up, its process is not [Transferable], or there is no such successor.
func (w *World) Transfer(id, to raft.NodeID) bool {
	if !can[Transferable](w, id) || w.node(to) == nil {
		return false
	}
	return w.order(id, order{kind: EventTransfer, successor: to})
}

// Reconfigure asks a node's process to change who is a member, as an event at the current time. It keeps change.
// It returns false when the node is not up or its process is not [Reconfigurable].
func (w *World) Reconfigure(id raft.NodeID, change *Change) bool {
	if !can[Reconfigurable](w, id) {
		return false
	}
	return w.order(id, order{kind: EventReconfigure, change: change})
}

// Compact asks a node's process to take a snapshot, as an event at the current time. It returns false
// when the node is not up or its process is not [Compactable].
func (w *World) Compact(id raft.NodeID) bool {
	if !can[Compactable](w, id) {
		return false
	}
	return w.order(id, order{kind: EventCompact})
}

// can says whether a node is up and its process takes such orders.
func can[T any](w *World, id raft.NodeID) bool {
	n := w.node(id)
	if n == nil {
		return false
	}
	_, ok := n.process.(T)
	return ok
}

func (w *World) order(id raft.NodeID, o order) bool {
	o.life, o.cause = w.node(id).life, w.cause
	w.queue.push(w.now, queuedOrder.of(uint16(id), w.orders.put(o)))
	return true
}

func (w *World) dropOrder(ref uint32) {
	w.orders.at(ref).change = nil
	w.orders.drop(ref)
}

// obey hands a process an order. What it says to it shows in what it does.
func (w *World) obey(e queued) {
	n := w.nodes[e.id()-1]
	o := *w.orders.at(e.ref())
	if o.life != n.life {
		w.dropOrder(e.ref())
		return
	}
	if n.paused {
		n.held = append(n.held, e)
		return
	}
	w.dropOrder(e.ref())
	w.beginOrder(e.at, n, &o)
	w.running = n.id
	switch o.kind {
	case EventTimeouts:
		n.process.(Tunable).SetTimeouts(o.timeouts)
	case EventTransfer:
		_ = n.process.(Transferable).TransferLeadership(o.successor)
	case EventReconfigure:
		_ = n.process.(Reconfigurable).Reconfigure(o.change)
	case EventCompact:
		_ = n.process.(Compactable).Compact()
	}
	w.running = raft.None
	w.after(n)
}

func (w *World) beginOrder(at time.Duration, n *node, o *order) {
	w.begin(at, word(o.kind, uint16(n.id), uint16(o.successor), 0), o.cause)
	if o.kind == EventReconfigure {
		for _, ids := range [...][]raft.NodeID{o.change.Join, o.change.Learn, o.change.Remove} {
			w.Mix(uint64(len(ids)))
			for _, id := range ids {
				w.Mix(uint64(id))
			}
		}
	}
	if w.hooks.Trace != nil {
		w.trace(Event{Kind: o.kind, Cause: o.cause, Node: n.id, From: o.successor, Timeouts: o.timeouts, Change: o.change})
	}
}
