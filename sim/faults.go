package sim

import (
	"slices"

	"raftsim/raft"
)

// CutID names one cut or one partition, so that it can be undone without touching others.
type CutID uint64

// cut is a cut of one direction, or a partition when groups is set.
type cut struct {
	id       CutID
	from, to raft.NodeID
	// groups holds each node's group, by its place; nodes that it does not reach are in group 0.
	groups []uint8
	// hold says that what is kept back is delivered later.
	hold bool
}

func (c *cut) parts(from, to raft.NodeID) bool {
	if c.groups == nil {
		return c.from == from && c.to == to
	}
	return c.group(from) != c.group(to)
}

func (c *cut) group(id raft.NodeID) uint8 {
	if id > raft.NodeID(len(c.groups)) {
		return 0
	}
	return c.groups[id-1]
}

// Crash ends a node's process. It loses its memory, and its disk what no finished sync covers, as the draws will. Messages it
// has sent still travel, and so do those to it, which are lost if they find it down.
// It returns false when the node is down already or there is none.
func (w *World) Crash(id raft.NodeID) bool {
	n := w.node(id)
	if n == nil || n.process == nil && !n.booting {
		return false
	}
	w.end(n)
	return true
}

// Restart boots a node that is down from its disk, as an event at the current time. It returns
// false when the node is up or about to boot already, or there is none.
func (w *World) Restart(id raft.NodeID) bool {
	n := w.node(id)
	if n == nil || n.process != nil || n.booting {
		return false
	}
	w.scheduleBoot(n)
	return true
}

// Wipe erases the disk of a node, which crashes if it is up; the next boot finds nothing. It is not restarted. It returns
// false when there is no such node, or it has never booted.
func (w *World) Wipe(id raft.NodeID) bool {
	n := w.node(id)
	if n == nil || n.boots == 0 && !n.booting {
		return false
	}
	if n.process != nil || n.booting {
		w.end(n)
	}
	w.mark(Event{Kind: EventWipe, Node: id})
	w.counters.Wipes++
	n.gaveUp = nil
	n.disk.wipe()
	return true
}

// Pause stops a node from handling events, as a long pause of its machine would. What arrives waits, and its
// timers do. It returns false when the node is not up or is paused already.
func (w *World) Pause(id raft.NodeID) bool {
	n := w.node(id)
	if n == nil || n.process == nil || n.paused {
		return false
	}
	w.mark(Event{Kind: EventPause, Node: id})
	w.counters.Pauses++
	n.paused = true
	return true
}

// Resume ends a pause. What has waited is handled at the current time, in the order in which it came, and before what comes now.
// It returns false when the node is not paused.
func (w *World) Resume(id raft.NodeID) bool {
	n := w.node(id)
	if n == nil || !n.paused {
		return false
	}
	w.mark(Event{Kind: EventResume, Node: id})
	n.paused = false
	for _, e := range n.held {
		seq := w.queue.pushAgain(w.now, e.what)
		if e.kind() == queuedTimer {
			a := &n.timers[e.ref()]
			a.queued, a.seq = w.now, seq
		}
	}
	n.held = n.held[:0]
	return true
}

// Partition splits the nodes into groups between which nothing gets through, nor does what is on its way. Nodes that
// no group names, and those added later, make up one more group. A node named twice belongs to the group that names it
// first; unknown ones are passed over. Clients reach every node. Partitions add up: two nodes hear each other when no partition and
// no cut parts them.
func (w *World) Partition(groups [][]raft.NodeID) CutID {
	c := cut{groups: make([]uint8, len(w.nodes))}
	for g, group := range groups {
		for _, id := range group {
			// No more groups than nodes can have a member, so that the numbers suffice.
			if w.node(id) != nil && c.groups[id-1] == 0 {
				c.groups[id-1] = uint8(min(g, MaxNodes) + 1)
			}
		}
	}
	w.mark(Event{Kind: EventPartition, Groups: groups})
	for _, g := range c.groups {
		w.Mix(uint64(g))
	}
	w.counters.Partitions++
	return w.sever(c)
}

// Cut keeps everything one node sends from reaching another, what is on its way included. The other
// direction stays as it is. Cuts of the same link add up.
func (w *World) Cut(from, to raft.NodeID) CutID {
	w.mark(Event{Kind: EventCut, From: from, Node: to})
	return w.sever(cut{from: from, to: to})
}

// Undo undoes one partition, cut or hold. It returns false when it has been undone already.
func (w *World) Undo(id CutID) bool {
	i := slices.IndexFunc(w.cuts, func(c cut) bool { return c.id == id })
	if i < 0 {
		return false
	}
	c := w.cuts[i]
	kind := EventMend
	if c.hold {
		kind = EventRelease
	}
	w.mark(Event{Kind: kind, From: c.from, Node: c.to})
	w.unsever(i)
	if c.hold {
		w.release()
	}
	return true
}

// Mend undoes every cut from one node to another; partitions stay. It returns false when there is none.
func (w *World) Mend(from, to raft.NodeID) bool {
	mended := false
	for i := len(w.cuts) - 1; i >= 0; i-- {
		if c := &w.cuts[i]; c.groups == nil && !c.hold && c.from == from && c.to == to {
			if !mended {
				w.mark(Event{Kind: EventMend, From: from, Node: to})
			}
			w.unsever(i)
			mended = true
		}
	}
	return mended
}

// Heal undoes every partition and every cut. It returns false when there is none.
func (w *World) Heal() bool {
	if !slices.ContainsFunc(w.cuts, func(c cut) bool { return !c.hold }) {
		return false
	}
	w.mark(Event{Kind: EventHeal})
	for i := len(w.cuts) - 1; i >= 0; i-- {
		if !w.cuts[i].hold {
			w.unsever(i)
		}
	}
	return true
}

func (w *World) sever(c cut) CutID {
	w.lastCut++
	c.id = w.lastCut
	w.cuts = append(w.cuts, c)
	*w.tally(&c)++
	w.count(&c, 1)
	return c.id
}

func (w *World) unsever(i int) {
	c := w.cuts[i]
	w.cuts = slices.Delete(w.cuts, i, i+1)
	*w.tally(&c)--
	w.count(&c, -1)
}

// tally is how many of its kind are in force.
func (w *World) tally(c *cut) *int {
	if c.hold {
		return &w.holds
	}
	return &w.severed
}

// count adds to the links that a cut parts.
func (w *World) count(c *cut, by int32) {
	last := raft.NodeID(len(w.nodes))
	for from := raft.NodeID(1); from <= last; from++ {
		for to := raft.NodeID(1); to <= last; to++ {
			if c.parts(from, to) {
				*w.between(from, to).tally(c) += by
			}
		}
	}
}

// severNewest applies a cut to the links of a node that has come after it.
func (w *World) severNewest(c *cut) {
	id := raft.NodeID(len(w.nodes))
	for other := raft.NodeID(1); other < id; other++ {
		if c.parts(other, id) {
			*w.between(other, id).tally(c)++
		}
		if c.parts(id, other) {
			*w.between(id, other).tally(c)++
		}
	}
}

// SetLink changes how the link from one node to another treats what is sent from now on. Messages on their way
// keep their time, and later ones do not overtake them. It returns false when there is no such link.
func (w *World) SetLink(from, to raft.NodeID, l Link) bool {
	if w.node(from) == nil || w.node(to) == nil || from == to {
		return false
	}
	w.mark(Event{Kind: EventLink, From: from, Node: to, Link: l})
	w.between(from, to).set(l)
	return true
}

// SetClientLink changes all links between clients and nodes, and those to come.
func (w *World) SetClientLink(l Link) {
	w.mark(Event{Kind: EventLink, Link: l})
	w.config.ClientLink = l
	for _, h := range w.hosts {
		for _, to := range h.links {
			if to != nil {
				to.up.set(l)
				to.down.set(l)
			}
		}
	}
}
