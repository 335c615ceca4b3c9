package checker

import "raftsim/raft"

// committedEntries is: what is committed is never lost or changed.
//
// It checks that
//   - a commit index covers only entries that the node holds, and that are those of the committed log;
//   - an entry that is newly committed is on the disks of a majority, counting nodes that are down by what
//     they had;
//   - a leader commits by counting copies only an entry of its own term, and with it those before;
//   - a node keeps the committed entries it holds. It may lose them with a crash while they are not on its
//     disk. It may also drop them at the word of a leader of an earlier term than the one they were
//     committed in: in Figure 8 (e) S4, had it got the entry of term 2, would on a late message of S5. It is
//     not of the majority then.
//
// It does not look into the disk: that a node's log is on it is the node's own claim, which a crash puts to
// the test.
//
// Raft paper §5.3, §5.4.2. In Ongaro's TLA+ specification: AdvanceCommitIndex, and Lemmas 8 and 9 of the
// proof (dissertation, appendix B.2).
func (c *Checker) committedEntries(s *step) *Violation {
	if s.o.Commit > s.was.commit {
		if v := c.commitCovers(s); v != nil {
			return v
		}
	}
	if s.claim != 0 {
		if v := c.commitBacked(s); v != nil {
			return v
		}
	}
	if s.fork != 0 {
		return c.committedKept(s)
	}
	return nil
}

// commitCovers compares what the commit index newly covers with what is committed.
func (c *Checker) commitCovers(s *step) *Violation {
	id, log, o := s.n.id, &s.n.log, s.o
	if o.Commit > o.LastIndex {
		return c.violated(committedEntries, []raft.NodeID{id}, "%s committed index %d, but its log ends at %d", id, o.Commit, o.LastIndex)
	}
	end := min(o.Commit, s.known)
	if holds(log, &c.committed, end) {
		return nil
	}
	i := missing(log, &c.committed, end)
	return c.violated(committedEntries, []raft.NodeID{id}, "%s committed an entry of term %d at index %d, where another, of term %d, was committed before",
		id, log.at(i).term, i, c.committed.at(i).term)
}

// commitBacked asks what entitles the first node to commit an index.
func (c *Checker) commitBacked(s *step) *Violation {
	id, i := s.n.id, s.claim
	entry := *s.n.log.at(i)
	if s.o.Role == raft.Leader && entry.term != s.o.Term {
		return c.violated(committedEntries, []raft.NodeID{id}, "%s, leader of term %d, committed index %d, whose entry is of term %d, without one of its own term",
			id, s.o.Term, i, entry.term)
	}
	copies := 0
	for k := 1; k < len(c.nodes); k++ {
		if c.hasOnDisk(k, s, i, entry) {
			copies++
		}
	}
	if copies >= c.majority {
		return nil
	}
	var who []raft.NodeID
	for k := 1; k < len(c.nodes); k++ {
		if c.hasOnDisk(k, s, i, entry) {
			who = append(who, raft.NodeID(k))
		}
	}
	return c.violated(committedEntries, []raft.NodeID{id}, "%s committed index %d of term %d, which %d of %d nodes have on disk %v",
		id, i, entry.term, copies, len(c.nodes)-1, who)
}

func (c *Checker) hasOnDisk(k int, s *step, i raft.Index, entry link) bool {
	n := &c.nodes[k]
	durable := n.seen.durable
	if n == s.n {
		durable = s.o.DurableIndex
	}
	return durable >= i && *n.log.at(i) == entry
}

// committedKept looks at the entry that a node lost.
func (c *Checker) committedKept(s *step) *Violation {
	id, i := s.n.id, s.fork
	if i > s.known || s.lost != *c.committed.at(i) {
		return nil
	}
	switch {
	case s.boot && i <= s.was.durable:
		return c.violated(committedEntries, []raft.NodeID{id}, "%s lost the committed entry of term %d at index %d, which was on its disk, in a restart",
			id, s.lost.term, i)
	case !s.boot && i <= c.committedBelow(s.o.Term+1):
		return c.violated(committedEntries, []raft.NodeID{id}, "%s dropped the committed entry of term %d at index %d in term %d",
			id, s.lost.term, i, s.o.Term)
	}
	return nil
}
