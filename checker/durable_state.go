package checker

import "raftsim/raft"

// durableState is: a node's term and vote on its disk never go back, and a vote once cast in a term never
// changes.
//
// It checks the disk over all restarts, and within one boot the vote in memory as well. The disk is never
// ahead of the node, and where both are in one term they do not hold votes for two.
//
// It does not check that the disk keeps up with the node; that is durable-promises, and needed only when
// something was promised.
//
// Raft paper Figure 2 ("persistent state on all servers"), §5.2. In Ongaro's TLA+ specification votedFor
// changes from Nil only, unless currentTerm grows (HandleRequestVoteRequest, Timeout, UpdateTerm).
func (c *Checker) durableState(s *step) *Violation {
	id, o, was := s.n.id, s.o, s.was
	nodes := func() []raft.NodeID { return []raft.NodeID{id} }
	switch {
	case o.DurableTerm < was.durableTerm:
		return c.violated(durableState, nodes(), "%s had term %d on its disk, and now has term %d", id, was.durableTerm, o.DurableTerm)
	case o.DurableTerm == was.durableTerm && was.durableVote != raft.None && o.DurableVote != was.durableVote:
		return c.violated(durableState, nodes(), "%s had a vote for %s in term %d on its disk, and now has %s there",
			id, was.durableVote, was.durableTerm, onDisk(o.DurableTerm, o.DurableVote))
	case !s.boot && o.Term == was.term && was.vote != raft.None && o.Vote != was.vote:
		return c.violated(durableState, nodes(), "%s changed its vote in term %d from %s to %s", id, o.Term, was.vote, o.Vote)
	case o.DurableTerm > o.Term:
		return c.violated(durableState, nodes(), "%s is in term %d, but its disk holds term %d", id, o.Term, o.DurableTerm)
	case o.DurableTerm == o.Term && o.DurableVote != raft.None && o.DurableVote != o.Vote:
		return c.violated(durableState, nodes(), "%s goes by a vote for %s in term %d, but its disk holds one for %s", id, o.Vote, o.Term, o.DurableVote)
	}
	return nil
}
