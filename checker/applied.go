package checker

import (
	"raftsim/raft"
	"raftsim/raft/kv"
)

// application is what the first node to apply an index showed of it.
type application struct {
	// by is that node, None when nobody was told to have applied the index.
	by      raft.NodeID
	entry   link
	session kv.SessionID
	seq     uint64
	effect  bool
}

// farthest is how many indexes Applied may leave out: entries that are no state machine's business. More is
// an index made up.
const farthest = 1 << 20

// Applied tells that a node's state machine took in an entry, of the given client request; effect is false
// when it took the request for one that it had already carried out. Session 0 is an entry of no client. It
// returns nil while every property holds. Telling it is what client-once is checked by; entries may be left
// out. It keeps nothing of e.
func (c *Checker) Applied(at Moment, id raft.NodeID, e *raft.Entry, session kv.SessionID, seq uint64, effect bool) *Violation {
	if c.first != nil || !c.checks(stateMachineSafety|clientOnce) {
		return c.first
	}
	if id == raft.None || id >= raft.NodeID(len(c.nodes)) {
		return c.report(at, malformed(id, "%s applied index %d but is not in the cluster", id, e.Index))
	}
	n, end := &c.nodes[id], c.applied.n
	if e.Index == 0 || e.Index > end && e.Index-end > farthest {
		return c.report(at, malformed(id, "%s applied index %d when nobody had applied any beyond %d", id, e.Index, end-1))
	}
	for c.applied.n <= e.Index {
		c.applied.add()
	}
	a := c.applied.at(e.Index)
	entry := link{}.next(e)
	if c.checks(stateMachineSafety) {
		if v := c.sameApplied(n, e, entry, a); v != nil {
			return c.report(at, v)
		}
	}
	n.taken = e.Index
	now := application{id, entry, session, seq, effect}
	if c.checks(clientOnce) {
		if v := c.clientOnce(a, &now, e.Index); v != nil {
			return c.report(at, v)
		}
	}
	if a.by == raft.None {
		*a = now
	}
	return nil
}
