package sim

import "raftsim/raft"

// Hold keeps what one node sends from arriving at another, what is on its way included, until [World.Undo]: then all of it arrives
// at once, in the order in which it would have. What is lost on the way stays lost. The other direction stays as it is. It is none of the
// cuts that [World.Heal] and [World.Mend] undo.
func (w *World) Hold(from, to raft.NodeID) CutID {
	w.mark(Event{Kind: EventHold, From: from, Node: to})
	return w.sever(cut{from: from, to: to, hold: true})
}

// Held is how many messages from one node to another have been held since the world began.
func (w *World) Held(from, to raft.NodeID) uint64 {
	if w.node(from) == nil || w.node(to) == nil || from == to {
		return 0
	}
	return w.between(from, to).held
}

// tally is how many cuts, or holds, part the two.
func (l *link) tally(c *cut) *int32 {
	if c.hold {
		return &l.holding
	}
	return &l.severed
}

// hold keeps back what comes up on a link that is held.
func (w *World) hold(n *node, e queued) bool {
	l := w.between(raft.NodeID(w.packets.at(e.ref()).from), n.id)
	if l.holding == 0 {
		return false
	}
	l.held++
	w.counters.Held++
	w.kept = append(w.kept, e)
	return true
}

// release has come up again, now, what no hold keeps back any more.
func (w *World) release() {
	still := w.kept[:0]
	for _, e := range w.kept {
		if w.between(raft.NodeID(w.packets.at(e.ref()).from), raft.NodeID(e.id())).holding != 0 {
			still = append(still, e)
			continue
		}
		w.queue.pushAgain(w.now, e.what)
	}
	w.kept = still
}
