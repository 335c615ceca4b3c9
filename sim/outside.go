package sim

import (
	"time"

	"raftsim/raft"
)

// Enter is for a process that stands for one outside of the world, as a proxy does: f has it do what the other has done by now, as an
// event of its own at the world's time. A pause does not hold it up, since what it tells happened before. What comes
// from outside no seed decides: such a world does not play twice the same. It returns false when the
// node is not up or the world was stopped, and panics when called while an event is handled.
func (w *World) Enter(id raft.NodeID, f func()) bool {
	n := w.node(id)
	if w.stopped || n == nil || n.process == nil {
		return false
	}
	w.enter()
	defer w.leave()
	w.begin(w.now, word(EventOutside, uint16(id), 0, 0), 0)
	if w.hooks.Trace != nil {
		w.trace(Event{Kind: EventOutside, Node: id})
	}
	w.running = id
	f()
	w.running = raft.None
	w.after(n)
	return true
}

// Next is the time of the next event, or of one that may prove to be none; false when nothing is to come.
func (w *World) Next() (time.Duration, bool) { return w.queue.next() }

// Stopped says whether the world has ended: no event is handled any more.
func (w *World) Stopped() bool { return w.stopped }
