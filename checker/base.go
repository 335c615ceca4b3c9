package checker

import "raftsim/raft"

// takeBase follows the place where the node's log begins: a snapshot moves it on, and a crash may move it back. The log's
// shadow has a link of that place then.
func (c *Checker) takeBase(s *step) {
	n, b := s.n, s.o.Base
	log := &n.log
	if log.has(b) && log.at(b).term == s.o.BaseTerm {
		// It is the same log, but for how much there is of it.
		log.drop(min(b, max(s.was.base, log.base)))
		if s.boot {
			s.renewed = true
			c.configureFrom(n, b)
		}
		n.forgetConfigurations()
		return
	}
	// Another one took its place, or one that reaches further back.
	n.log, c.spare = c.spare, n.log
	s.old = &c.spare
	if i := min(b, s.old.last()); i > s.old.base && c.committed.has(i) && !same(s.old, &c.committed, i) {
		s.fork = differ(s.old, &c.committed, i)
		s.lost = *s.old.at(s.fork)
	}
	l, known := link{}, b == 0
	if !known {
		l = link{term: s.o.BaseTerm}
		if c.committed.has(b) && c.committed.at(b).term == l.term {
			l, known = *c.committed.at(b), true
		}
	}
	log.begin(b, l, known)
	s.renewed = true
	c.configureFrom(n, b)
}

// compareOld finds where the log that was read is another than the one before.
func (s *step) compareOld() {
	log, old := &s.n.log, s.old
	if s.fork == 0 {
		if end := min(log.last(), old.last()); end > max(log.base, old.base) && !same(log, old, end) {
			s.fork = differ(log, old, end)
			s.lost = *old.at(s.fork)
		}
	}
	if s.fork == 0 && old.last() > log.last() {
		s.fork = max(log.n, old.base)
		s.lost = *old.at(s.fork)
	}
}

// resume returns the link of an entry whose predecessor's is vague. Where another log is known to have that entry, its
// prefix is that log's.
func (c *Checker) resume(s *step, last link, i raft.Index, e *raft.Entry) link {
	if c.committed.has(i) && c.committed.at(i).term == e.Term {
		return *c.committed.at(i)
	}
	if old := s.old; old != nil && old.has(i) && i > old.vague && old.at(i).term == e.Term {
		return *old.at(i)
	}
	s.n.log.vague = i
	return last.next(e)
}

// baseCommitted is the part of committed-entries about what is no longer in a log: a snapshot stands for committed
// entries only, and for those that were.
func (c *Checker) baseCommitted(s *step) *Violation {
	id, b, committed := s.n.id, s.o.Base, &c.committed
	nodes := []raft.NodeID{id}
	switch {
	case b > s.o.Commit:
		return c.violated(committedEntries, nodes, "%s has a snapshot in place of its log up to index %d, but its commit index is %d", id, b, s.o.Commit)
	case b > committed.last():
		return c.violated(committedEntries, nodes, "%s has a snapshot in place of its log up to index %d, but only index %d is committed",
			id, b, committed.last())
	case committed.has(b) && committed.at(b).term != s.o.BaseTerm:
		return c.violated(committedEntries, nodes, "%s has a snapshot of term %d in place of its log up to index %d, where an entry of term %d was committed",
			id, s.o.BaseTerm, b, committed.at(b).term)
	case !same(&s.n.log, committed, b):
		return c.violated(committedEntries, nodes, "%s has a snapshot in place of its log up to index %d, where another log was committed", id, b)
	}
	return nil
}

// forget drops what nobody can need any more: what was committed, and every log is past.
//
// A node that is down, waits for its first entry or is no member any more keeps nothing back. What it shows of long ago when it
// comes is judged once its log reaches what is remembered.
func (c *Checker) forget() {
	low := c.committed.last()
	latest := c.configurations[len(c.configurations)-1].config
	for k := 1; k < len(c.nodes); k++ {
		if n := &c.nodes[k]; n.seen.boot != 0 && n.seen.last != 0 && isMember(latest, n.id) {
			low = min(low, n.log.base)
		}
	}
	if low <= c.committed.base || !c.committed.drop(low) {
		return
	}
	c.matching.forget(low)
	c.applied.drop(min(low, c.applied.last()))
	k := 0
	for k+1 < len(c.commits) && c.commits[k+1].index < low {
		k++
	}
	c.commits = c.commits[:copy(c.commits, c.commits[k:])]
	k = 0
	for k+1 < len(c.configurations) && c.configurations[k+1].index <= low {
		k++
	}
	c.configurations = c.configurations[:copy(c.configurations, c.configurations[k:])]
}
