package sim

import (
	"slices"
	"time"

	"raftsim/raft"
)

// HeldUp is until when what has ended may still hold up these nodes and the links among them: messages that were sent over a slow
// link, which later ones do not overtake; syncs that a slow disk has to finish before others; timers that were armed to be
// late; clocks that were set back. It is in the past when nothing does. Nodes that there are not are passed over.
func (w *World) HeldUp(ids []raft.NodeID) time.Duration {
	until := time.Duration(0)
	for _, id := range ids {
		n := w.node(id)
		if n == nil {
			continue
		}
		until = max(until, n.heldUp, n.disk.last)
		for k := range w.nodes {
			if from := w.nodes[k].id; from != id && slices.Contains(ids, from) {
				until = max(until, w.between(from, id).last)
			}
		}
	}
	return until
}

// holdUp notes that something of a node is put off by a time of its clock from now on.
func (n *node) holdUp(by time.Duration) {
	n.heldUp = max(n.heldUp, n.world.now+scaled(by, million, uint64(million+n.clock.drift), true))
}

// heldUpBy is how much of the node's time is left of what holds it up.
func (n *node) heldUpBy() time.Duration {
	return scaled(n.heldUp-n.world.now, uint64(million+n.clock.drift), million, true)
}
