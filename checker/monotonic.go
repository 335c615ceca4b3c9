package checker

import "raftsim/raft"

// monotonic is: what Raft says only grows does.
//
// It checks that
//   - a node's term does not go back, and after a restart is at least the one its disk held before;
//   - commit index and applied index do not go back within a boot;
//   - applied index ≤ commit index ≤ last index;
//   - terms along a log do not go back, and none is above the node's own.
//
// It does not check commit and applied index across a restart, where both start over.
//
// Raft paper §5.1, Figure 2. In Ongaro's TLA+ specification: Lemmas 1, 6 and 7 of the proof (dissertation,
// appendix B.2). There an old message may take a follower's commitIndex back, which does no harm; here it
// may not.
func (c *Checker) monotonic(s *step) *Violation {
	id, o, was := s.n.id, s.o, s.was
	nodes := func() []raft.NodeID { return []raft.NodeID{id} }
	switch {
	case !s.boot && o.Term < was.term:
		return c.violated(monotonic, nodes(), "%s went back from term %d to term %d", id, was.term, o.Term)
	case s.boot && o.Term < was.durableTerm:
		return c.violated(monotonic, nodes(), "%s had term %d on its disk and came back in term %d", id, was.durableTerm, o.Term)
	case o.Commit < was.commit:
		return c.violated(monotonic, nodes(), "%s went back from commit index %d to %d", id, was.commit, o.Commit)
	case o.Applied < was.applied:
		return c.violated(monotonic, nodes(), "%s went back from applied index %d to %d", id, was.applied, o.Applied)
	case o.Applied > o.Commit:
		return c.violated(monotonic, nodes(), "%s applied index %d, but its commit index is %d", id, o.Applied, o.Commit)
	case o.Commit > o.LastIndex:
		return c.violated(monotonic, nodes(), "%s has commit index %d, but its log ends at %d", id, o.Commit, o.LastIndex)
	case s.unordered != 0:
		i := s.unordered
		return c.violated(monotonic, nodes(), "%s has an entry of term %d at index %d after one of term %d", id, s.n.log.term(i), i, s.n.log.term(i-1))
	case s.lastTerm > o.Term:
		return c.violated(monotonic, nodes(), "%s is in term %d with an entry of term %d at index %d", id, o.Term, s.lastTerm, o.LastIndex)
	}
	return nil
}
