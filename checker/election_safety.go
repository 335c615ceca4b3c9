package checker

import "raftsim/raft"

// electionSafety is Election Safety: at most one leader is elected in a term.
//
// It checks every leader ever seen, not only those that lead at the same time: two leaders of one term are
// a violation however far apart. A node that leads a term again after it stopped, or after a restart, was
// elected twice and is one too.
//
// It does not check that a leader had a majority of the votes; that each vote is on disk and given once is
// durable-promises. A leader that came and went within one event is not seen.
//
// Raft paper §5.2, Figure 3. In Ongaro's TLA+ specification (raft.tla, which names no invariants) this is
// about the history variable elections, written by BecomeLeader: Lemma 2 of the proof (dissertation,
// appendix B.2).
func (c *Checker) electionSafety(s *step) *Violation {
	id, term := s.n.id, s.o.Term
	first, taken := c.leaders[term]
	if !taken {
		c.leaders[term] = id
		return nil
	}
	switch {
	case !c.checks(electionSafety):
		return nil
	case first == id:
		return c.violated(electionSafety, []raft.NodeID{id}, "%s was elected twice in term %d", id, term)
	}
	a, b := min(first, id), max(first, id)
	return c.violated(electionSafety, []raft.NodeID{a, b}, "%s and %s both lead term %d", a, b, term)
}
