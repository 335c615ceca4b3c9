package checker

import (
	"raftsim/raft"
	"raftsim/raft/kv"
)

// application is what the first node to apply an index showed of it. There is one for each index, so that its size
// counts.
type application struct {
	entry   link
	session kv.SessionID
	seq     uint64
	// by is that node, None when nobody was told to have applied the index.
	by     uint8
	effect bool
}

// farthest is how many indexes Applied may leave out: entries that are no state machine's business. More is
// an index made up.
const farthest = 1 << 20

// Applied tells that a node's state machine took in an entry, of the given client request; effect is false
// when it took the request for one that it had already carried out. Session 0 is an entry of no client. It
// returns nil while every property holds. Telling it is what client-once is checked by, and refinement of reads that go through the
// log; entries may be left out. It keeps nothing of e.
func (c *Checker) Applied(at Moment, id raft.NodeID, e *raft.Entry, session kv.SessionID, seq uint64, effect bool) *Violation {
	if c.first != nil || !c.checks(stateMachineSafety|clientOnce|refinement) {
		return c.first
	}
	n, end := c.node(id), c.applied.n
	if n == nil {
		return c.report(at, malformed(id, "%s applied index %d: nodes are n1 to n%d", id, e.Index, mostNodes))
	}
	if e.Index == 0 || e.Index > end && e.Index-end > farthest {
		return c.report(at, malformed(id, "%s applied index %d when nobody had applied any beyond %d", id, e.Index, end-1))
	}
	for c.applied.n <= e.Index {
		*c.applied.add() = application{} // the page may be an old one
	}
	if !c.applied.has(e.Index) {
		n.taken = e.Index
		return nil // every log is past it, or this node is no member any more
	}
	a := c.applied.at(e.Index)
	entry := link{}.next(e)
	if c.checks(stateMachineSafety) {
		if v := c.sameApplied(n, e, entry, a); v != nil {
			return c.report(at, v)
		}
	}
	n.taken = e.Index
	if a.by != 0 && a.session == session && a.seq == seq && a.effect == effect {
		return nil // as on the first: nothing that client-once could object to
	}
	var now application // field by field, as what was just made is read at once
	now.entry.term, now.entry.hash = entry.term, entry.hash
	now.session, now.seq, now.by, now.effect = session, seq, uint8(id), effect
	if v := c.clientOnce(a, &now, e.Index); v != nil {
		return c.report(at, v)
	}
	if a.by == 0 {
		a.entry.term, a.entry.hash = entry.term, entry.hash
		a.session, a.seq, a.by, a.effect = session, seq, now.by, effect
	}
	return nil
}
