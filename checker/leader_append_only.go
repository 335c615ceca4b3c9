package checker

import "raftsim/raft"

// leaderAppendOnly is Leader Append-Only: a leader never overwrites or deletes entries in its log; it only
// appends.
//
// It checks that a node which has led its term loses no entry while it stays in that term, even when it no
// longer leads. Writing an entry again as it was is not overwriting.
//
// It does not check across a restart: what a leader had not yet on its disk may go with it.
//
// Raft paper §5.3, Figure 3. In Ongaro's TLA+ specification only ClientRequest changes a leader's log:
// Lemma 3 of the proof (dissertation, appendix B.2).
func (c *Checker) leaderAppendOnly(s *step) *Violation {
	term := s.o.Term
	if s.boot || s.was.term != term || c.leaders[term] != s.n.id {
		return nil
	}
	did := "overwrote"
	if s.fork > s.o.LastIndex {
		did = "deleted"
	}
	return c.violated(leaderAppendOnly, []raft.NodeID{s.n.id}, "%s, leader of term %d, %s its entry of term %d at index %d",
		s.n.id, term, did, s.lost.term, s.fork)
}
