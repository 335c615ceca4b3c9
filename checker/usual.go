package checker

import "raftsim/raft"

// usual says whether an observation shows a node that is what it was but for entries at the end of its log, and for what of it is on
// the disk, committed and applied: nearly all do. What did not change was judged when it did, so that such a step can break only what
// [Checker.judgeUsual] asks for. It is false when there is anything to say of what an observation contradicts, and of durable-promises,
// durable-state, monotonic and configuration-changes: who is in doubt takes the long way.
func (n *node) usual(o *Observation) bool { return n.goesOn(o) && n.grows(o) }

// goesOn says whether a node is what it was, its log and what has become of it apart.
func (n *node) goesOn(o *Observation) bool {
	s := &n.seen
	return s.boot == o.Boot && s.role == o.Role && s.term == o.Term && s.vote == o.Vote && s.base == o.Base &&
		s.durableTerm == o.DurableTerm && s.durableVote == o.DurableVote &&
		s.configuredAt == o.ConfigurationIndex && n.shown == o.Configuration
}

// grows is the rest of usual.
func (n *node) grows(o *Observation) bool {
	s := &n.seen
	if o.Boot == 0 || s.baseTerm != o.BaseTerm || n.incarnation != o.Incarnation || n.wiped {
		return false
	}
	if o.Commit < s.commit || o.Applied < s.applied || o.Applied > o.Commit || o.Commit > o.LastIndex || o.DurableIndex > o.LastIndex ||
		durable(o) < max(n.acked.index, n.older) {
		return false
	}
	if o.Changed == 0 {
		return o.LastIndex == s.last && len(o.Suffix) == 0
	}
	last := n.log.last()
	if o.Changed != last+1 || o.LastIndex > farthestIndex || raft.Index(len(o.Suffix)) != o.LastIndex-last || n.log.vague == last && last != 0 {
		return false
	}
	term := n.log.at(last).term
	for k := range o.Suffix {
		e := &o.Suffix[k]
		if e.Index != o.Changed+raft.Index(k) || e.Term < term || e.Term > o.Term || e.Kind == raft.EntryConfiguration {
			return false
		}
		term = e.Term
	}
	return true
}

// observeUsual judges a usual observation.
func (c *Checker) observeUsual(at Moment, n *node, o *Observation) *Violation {
	was := &n.seen
	if o.Changed == 0 && o.Commit == was.commit && o.Applied == was.applied {
		n.event = at.Event
		was.synced, was.durable = o.DurableIndex, durable(o)
		if len(n.pending) == 0 && !n.owing {
			return nil // it has more on its disk
		}
		return c.keeps(n)
	}
	var s step
	s.n, s.o, s.event, s.at, s.was, s.known = n, o, at.Event, at.At, was, c.Committed()
	if o.Changed != 0 {
		c.takeUsual(&s)
	}
	if o.Commit > s.known {
		c.takeCommit(&s)
	}
	v := c.judgeUsual(&s)
	n.event = at.Event
	was.last, was.synced, was.durable = o.LastIndex, o.DurableIndex, durable(o)
	was.commit, was.applied = o.Commit, o.Applied
	if s.claim == 0 && len(n.pending) == 0 && !n.owing {
		return v
	}
	return c.keepsPromises(&s, v)
}

// takeUsual brings the node's shadow up to date by a usual observation.
func (c *Checker) takeUsual(s *step) {
	log, match := &s.n.log, c.checks(logMatching)
	last := *log.at(log.last())
	for k := range s.o.Suffix {
		last = last.next(&s.o.Suffix[k])
		i := log.n
		place := log.add()
		place.term, place.hash = last.term, last.hash // in two words, as they are read soon
		if match && !c.matching.add(i, last) && s.mismatch == 0 {
			s.mismatch = i
		}
	}
}

// judgeUsual asks, in the order of [Checker.judge], the properties that a usual step can have broken.
func (c *Checker) judgeUsual(s *step) *Violation {
	if s.mismatch != 0 {
		return c.logMatching(s)
	}
	if s.claim != 0 && c.checks(leaderCompleteness) {
		if v := c.leaderCompleteness(s); v != nil {
			return v
		}
	}
	if s.o.Applied > s.was.applied && c.checks(stateMachineSafety) {
		if v := c.stateMachineSafety(s); v != nil {
			return v
		}
	}
	if s.o.Commit > s.was.commit && c.checks(committedEntries) {
		if v := c.committedEntries(s); v != nil {
			return v
		}
	}
	if !c.checks(refinement) || !c.told {
		return nil
	}
	a := s.n.heard.in(s.event)
	if len(s.o.Suffix) > 0 {
		v := (*Violation)(nil)
		if s.o.Role == raft.Leader {
			v = c.appendsOwn(s)
		} else {
			v = c.takesEntries(s, a)
		}
		if v != nil {
			return v
		}
	}
	if s.o.Commit > s.was.commit {
		return c.advancesCommit(s, a)
	}
	return nil
}
