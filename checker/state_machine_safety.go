package checker

import "raftsim/raft"

// stateMachineSafety is State Machine Safety: when a node has applied an entry at an index, no node ever
// applies a different entry at that index.
//
// It checks twice. After an event that raised a node's applied index, the node's log up to there must be
// the committed log; and what the state machine was handed, when [Checker.Applied] is told, must be the
// same entry that the first node applied at that index, once per boot.
//
// It does not check what the state machine made of the entries: that is for comparing replicas. Nor does it
// ask for Applied to be told of every entry, so a skipped one is not seen here.
//
// Raft paper §5.4.3, Figure 3. Ongaro's TLA+ specification has no state machine: commitIndex stands for it,
// and the property follows from Lemmas 8 and 9 of the proof (dissertation, appendix B.2).
func (c *Checker) stateMachineSafety(s *step) *Violation {
	id, i := s.n.id, s.o.Applied
	if i > c.Committed() {
		return c.violated(stateMachineSafety, []raft.NodeID{id}, "%s applied index %d, but only index %d is committed", id, i, c.Committed())
	}
	if holds(&s.n.log, &c.committed, i) {
		return nil
	}
	at := missing(&s.n.log, &c.committed, i)
	if at > s.o.LastIndex {
		return c.violated(stateMachineSafety, []raft.NodeID{id}, "%s applied index %d, but its log ends at %d", id, i, s.o.LastIndex)
	}
	return c.violated(stateMachineSafety, []raft.NodeID{id}, "%s applied index %d with an entry of term %d at index %d; the one committed there is another, of term %d",
		id, i, s.n.log.term(at), at, c.committed.term(at))
}

// sameApplied is the part about what state machines are handed; a is what the first of them was handed at
// e's index.
func (c *Checker) sameApplied(n *node, e *raft.Entry, entry link, a *application) *Violation {
	switch {
	case e.Index <= n.taken:
		return c.violated(stateMachineSafety, []raft.NodeID{n.id}, "%s applied index %d after index %d", n.id, e.Index, n.taken)
	case a.by != 0 && a.entry != entry:
		return c.violated(stateMachineSafety, []raft.NodeID{raft.NodeID(a.by), n.id}, "%s and %s applied different entries at index %d, of terms %d and %d",
			raft.NodeID(a.by), n.id, e.Index, a.entry.term, entry.term)
	}
	return nil
}
