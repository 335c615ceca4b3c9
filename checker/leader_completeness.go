package checker

import "raftsim/raft"

// leaderCompleteness is Leader Completeness: an entry committed in a term is in the log of the leader of
// every later term.
//
// It checks a leader when it is elected, against what was committed in earlier terms, and the leaders there
// are when something is committed in an earlier term than theirs, as a leader that does not know yet that
// it was replaced can do.
//
// It does not check a leader of an earlier term than the commitment, which need not hold the entry, nor a
// leader that stopped before the entry was seen to be committed. That a leader keeps what it has is
// leader-append-only.
//
// Raft paper §5.4, Figure 3. In Ongaro's TLA+ specification: Lemmas 8 and 9 of the proof (dissertation,
// appendix B.2), on the entries immediatelyCommitted and prefixCommitted.
func (c *Checker) leaderCompleteness(s *step) *Violation {
	if s.elected {
		if end := c.committedBelow(s.o.Term); !holds(&s.n.log, &c.committed, end) {
			return c.incomplete(s.n.id, &s.n.log, s.o.Term, end)
		}
	}
	if s.claim == 0 || s.claim != c.Committed() {
		return nil
	}
	// The term may be later than the commitment's, never earlier: see commitment.
	term := c.commits[len(c.commits)-1].term
	for k := 1; k < len(c.nodes); k++ {
		other := &c.nodes[k]
		if other != s.n && other.seen.leads() && other.seen.term > term && !holds(&other.log, &c.committed, s.claim) {
			return c.incomplete(other.id, &other.log, other.seen.term, s.claim)
		}
	}
	return nil
}

// incomplete accuses a leader whose log does not hold what is committed up to an index.
func (c *Checker) incomplete(id raft.NodeID, log *chain, term raft.Term, end raft.Index) *Violation {
	i := missing(log, &c.committed, end)
	return c.violated(leaderCompleteness, []raft.NodeID{id}, "%s leads term %d without the entry of term %d at index %d, which was committed before",
		id, term, c.committed.term(i), i)
}
