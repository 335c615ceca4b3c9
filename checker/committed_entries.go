package checker

import "raftsim/raft"

// committedEntries is: what is committed is never lost or changed.
//
// It checks that
//   - a commit index covers only entries that the node holds, and that are those of the committed log;
//   - an entry that is newly committed is on the disks of a majority of the voters in force, and while the
//     configuration is joint of a majority of those who were, too; a node that is down counts by what it had, one whose disk
//     was wiped by what it had told the leader, and a learner or another node of a voter's name not at all;
//   - a leader commits by counting copies only an entry of its own term, and with it those before;
//   - a snapshot stands for committed entries only, within the node's commit index;
//   - a node keeps the committed entries it holds, or a snapshot in their place. It may lose them with a crash while they
//     are not on its disk. It may also drop them at the word of a leader of an earlier term than the one they were
//     committed in: in Figure 8 (e) S4, had it got the entry of term 2, would on a late message of S5. It is
//     not of the majority then.
//
// It does not look into the disk: that a node's log is on it, or a snapshot, is the node's own claim, which a crash puts to
// the test. What a snapshot holds is for comparing replicas.
//
// Raft paper §5.3, §5.4.2, §6, §7. In Ongaro's TLA+ specification: AdvanceCommitIndex, and Lemmas 8 and 9 of the
// proof (dissertation, appendix B.2).
func (c *Checker) committedEntries(s *step) *Violation {
	if s.o.Base != s.was.base || s.boot && s.o.Base != 0 {
		if v := c.baseCommitted(s); v != nil {
			return v
		}
	}
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
		id, log.term(i), i, c.committed.term(i))
}

// commitBacked asks what entitles the first node to commit an index.
func (c *Checker) commitBacked(s *step) *Violation {
	id, i := s.n.id, s.claim
	term := s.n.log.term(i)
	if s.o.Role == raft.Leader && term != s.o.Term {
		return c.violated(committedEntries, []raft.NodeID{id}, "%s, leader of term %d, committed index %d, whose entry is of term %d, without one of its own term",
			id, s.o.Term, i, term)
	}
	if c.backedPlainly(s, i) {
		return nil
	}
	var short []raft.Member
	var who []raft.NodeID
	backed := c.inForce(s, i, func(g *raft.Configuration) bool {
		var ok bool
		ok, short, who = quorum(g, func(m *raft.Member) bool { return c.hasOnDisk(m, s, i) })
		return ok
	})
	if backed {
		return nil
	}
	return c.violated(committedEntries, []raft.NodeID{id}, "%s committed index %d of term %d, which %d of the %d voters %v have on disk: %v",
		id, i, term, len(who), len(short), ids(short), who)
}

// backedPlainly is the case of nearly every commit, at less cost: of a leader whose configuration did not change, and is not joint.
func (c *Checker) backedPlainly(s *step, i raft.Index) bool {
	g := s.n.latest()
	if s.changes > 0 || g.config == nil || s.o.Role != raft.Leader || len(g.config.Outgoing) > 0 {
		return false
	}
	copies := 0
	for k := range g.config.Voters {
		if c.hasOnDisk(&g.config.Voters[k], s, i) {
			copies++
		}
	}
	return copies > len(g.config.Voters)/2
}

// hasOnDisk says whether a member has on its disk what the node of this step has up to an index.
func (c *Checker) hasOnDisk(m *raft.Member, s *step, i raft.Index) bool {
	n := c.known(m.ID)
	if n == nil {
		return false
	}
	if n.wiped || n.incarnation != m.Incarnation && n.incarnation != 0 {
		for k := range n.earlier {
			if f := &n.earlier[k]; (f.incarnation == m.Incarnation || f.incarnation == 0) && f.told(s.o.Term, &s.n.log, i) {
				return true
			}
		}
		return false
	}
	if n == s.n {
		return durable(s.o) >= i // what it has in its log is what it has in its log
	}
	return n.seen.durable >= i && holds(&n.log, &s.n.log, i)
}

// ids are the names of members.
func ids(list []raft.Member) []raft.NodeID {
	out := make([]raft.NodeID, len(list))
	for k := range list {
		out[k] = list[k].ID
	}
	return out
}

// committedKept looks at the entry that a node lost.
func (c *Checker) committedKept(s *step) *Violation {
	id, i := s.n.id, s.fork
	if i > s.known || !c.committed.has(i) || s.lost != *c.committed.at(i) {
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
