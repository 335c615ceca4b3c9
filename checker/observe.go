package checker

import "raftsim/raft"

// node is what is known of one node.
type node struct {
	id raft.NodeID
	// boots is the number of its last boot.
	boots uint32
	// event is the one after which it was last observed.
	event uint64
	seen  state
	// log is its log as last observed. While the node is down, it and seen are what it had when it went.
	log chain
	// taken is the last index its state machine took in since it booted.
	taken raft.Index
	promises
}

// state is an Observation without the log, to be compared with the next one.
type state struct {
	// boot is 0 while the node is down.
	boot        uint32
	role        raft.Role
	term        raft.Term
	vote        raft.NodeID
	last        raft.Index
	durable     raft.Index
	durableTerm raft.Term
	durableVote raft.NodeID
	commit      raft.Index
	applied     raft.Index
}

// leads says whether the node is up and leads a term.
func (s *state) leads() bool { return s.boot != 0 && s.role == raft.Leader }

// take sets field by field: a struct made elsewhere and copied here would be copied in wider words than it
// was written in, which makes the processor wait.
func (s *state) take(o *Observation) {
	s.boot, s.role, s.term, s.vote = o.Boot, o.Role, o.Term, o.Vote
	s.last, s.durable, s.durableTerm, s.durableVote = o.LastIndex, o.DurableIndex, o.DurableTerm, o.DurableVote
	s.commit, s.applied = o.Commit, o.Applied
}

// step is one observation that showed something new, beside what was known before it.
type step struct {
	n *node
	o *Observation
	// was is the node's state before; after a boot its role, commit and applied are those of a fresh node.
	was *state
	// boot says that this is the first sight of the node since it booted.
	boot bool
	// elected says that the node was not seen to lead this term before.
	elected bool

	// fork is the lowest index at which the node held an entry that it no longer holds, lost that entry; 0
	// when the log only grew.
	fork raft.Index
	lost link
	// lastTerm is the term of the last entry when the log changed, otherwise 0.
	lastTerm raft.Term
	// unordered is the lowest index of an entry whose term is below that of the one before, 0 when there is
	// none.
	unordered raft.Index
	// mismatch is the lowest index at which log-matching does not hold, 0 when there is none.
	mismatch raft.Index

	// known is the last committed index before this observation.
	known raft.Index
	// claim is the node's commit index when it lies beyond known and is new, otherwise 0.
	claim raft.Index
}

// Observe judges what a node shows of itself after an event that touched it. It returns nil while every
// property holds. It must be called after every event that changed the node, the last one before a crash
// too, and after one in which it made a promise that [Checker.Owes] tells of; otherwise it may be left out.
// It keeps nothing of o. When the observation shows nothing new, the call costs a few nanoseconds.
func (c *Checker) Observe(at Moment, o *Observation) *Violation {
	if o.Node == raft.None || o.Node >= raft.NodeID(len(c.nodes)) {
		return c.report(at, malformed(o.Node, "an observation of %s, who is not in the cluster", o.Node))
	}
	n := &c.nodes[o.Node]
	s := &n.seen
	if o.Changed == 0 && s.boot == o.Boot && s.role == o.Role && s.term == o.Term && s.vote == o.Vote &&
		s.last == o.LastIndex && s.durable == o.DurableIndex &&
		s.durableTerm == o.DurableTerm && s.durableVote == o.DurableVote &&
		s.commit == o.Commit && s.applied == o.Applied && c.first == nil {
		n.event = at.Event
		if len(n.pending) == 0 {
			return nil
		}
		return c.report(at, c.settle(n))
	}
	if c.first != nil {
		return c.first
	}
	return c.report(at, c.observe(at, n, o))
}

// observe judges an observation that shows something new.
func (c *Checker) observe(at Moment, n *node, o *Observation) *Violation {
	if v := inconsistent(n, o); v != nil {
		return v
	}
	if n.seen.boot != 0 && o.Boot != n.seen.boot {
		c.Down(at, n.id)
	}
	var s step
	s.n, s.o, s.was = n, o, &n.seen
	s.boot, s.known = o.Boot != n.seen.boot, c.Committed()
	s.elected = o.Role == raft.Leader && (s.was.role != raft.Leader || s.was.term != o.Term)

	c.takeLog(&s)
	c.takeCommit(&s)
	v := c.judge(&s)

	n.boots, n.event = o.Boot, at.Event
	n.seen.take(o)
	if v == nil && (s.elected || s.claim != 0 || len(n.pending) > 0) {
		c.promiseToSelf(&s)
		v = c.settle(n)
	}
	return v
}

// judge asks the properties in their order, each only when the step can have broken it.
func (c *Checker) judge(s *step) *Violation {
	if s.elected {
		if v := c.electionSafety(s); v != nil {
			return v
		}
	}
	if s.fork != 0 && c.checks(leaderAppendOnly) {
		if v := c.leaderAppendOnly(s); v != nil {
			return v
		}
	}
	if s.mismatch != 0 {
		return c.logMatching(s)
	}
	if (s.elected || s.claim != 0) && c.checks(leaderCompleteness) {
		if v := c.leaderCompleteness(s); v != nil {
			return v
		}
	}
	if s.o.Applied > s.was.applied && c.checks(stateMachineSafety) {
		if v := c.stateMachineSafety(s); v != nil {
			return v
		}
	}
	if (s.o.Commit > s.was.commit || s.fork != 0) && c.checks(committedEntries) {
		if v := c.committedEntries(s); v != nil {
			return v
		}
	}
	if c.checks(durablePromises) {
		if v := c.durablePromises(s); v != nil {
			return v
		}
	}
	if c.checks(durableState) {
		if v := c.durableState(s); v != nil {
			return v
		}
	}
	if c.checks(monotonic) {
		return c.monotonic(s)
	}
	return nil
}

// takeLog brings the node's shadow up to date, at a cost of the entries handed over.
func (c *Checker) takeLog(s *step) {
	if s.o.Changed == 0 {
		return
	}
	log, i, rest := &s.n.log, s.o.Changed, s.o.Suffix
	last := *log.at(i - 1)
	// What was written again as it was is no change.
	for len(rest) > 0 && i < log.n {
		next := last.next(&rest[0])
		if next != *log.at(i) {
			break
		}
		last, rest, i = next, rest[1:], i+1
	}
	if i < log.n {
		s.fork, s.lost = i, *log.at(i)
		log.cut(i)
	}
	match := c.checks(logMatching)
	for k := range rest {
		e := &rest[k]
		if e.Term < last.term && s.unordered == 0 {
			s.unordered = i
		}
		last = last.next(e)
		place := log.add()
		place.term, place.hash = last.term, last.hash // in two words, as they are read soon
		if match && !c.matching.add(i, last) && s.mismatch == 0 {
			s.mismatch = i
		}
		i++
	}
	s.lastTerm = last.term
}

// Down tells that a node crashed or halted. What it had on its disk counts until it is observed again, in a
// higher boot. A node that is not in the cluster, or is down already, is ignored.
func (c *Checker) Down(at Moment, id raft.NodeID) {
	if id == raft.None || id >= raft.NodeID(len(c.nodes)) {
		return
	}
	n := &c.nodes[id]
	n.seen.boot, n.taken = 0, 0
	// What a node has in memory only starts over; its term and vote there are asked about within a boot
	// only.
	n.seen.role, n.seen.commit, n.seen.applied = raft.Follower, 0, 0
	n.down()
}

// inconsistent says in what way an observation contradicts itself or the one before.
func inconsistent(n *node, o *Observation) *Violation {
	boot := o.Boot != n.seen.boot
	switch {
	case o.Boot == 0 || boot && o.Boot <= n.boots:
		return malformed(n.id, "%s shows boot %d after boot %d: boots count up from 1", n.id, o.Boot, n.boots)
	case boot && o.Changed != 1:
		return malformed(n.id, "%s shows itself for the first time in boot %d with changes from index %d: on a boot they start at 1", n.id, o.Boot, o.Changed)
	case o.Role > raft.Leader:
		return malformed(n.id, "%s shows the unknown %s", n.id, o.Role)
	case o.DurableIndex > o.LastIndex:
		return malformed(n.id, "%s shows a log that ends at %d and is on disk up to %d", n.id, o.LastIndex, o.DurableIndex)
	case o.Changed == 0:
		if o.LastIndex != n.seen.last || len(o.Suffix) != 0 {
			return malformed(n.id, "%s shows a log that ends at %d, with %d entries handed over, and no change since it ended at %d",
				n.id, o.LastIndex, len(o.Suffix), n.seen.last)
		}
		return nil
	case o.Changed > n.log.n || o.Changed-1 > o.LastIndex:
		return malformed(n.id, "%s shows changes from index %d of a log that ended at %d and ends at %d", n.id, o.Changed, n.log.last(), o.LastIndex)
	case raft.Index(len(o.Suffix)) != o.LastIndex-(o.Changed-1):
		return malformed(n.id, "%s shows %d entries for the indexes %d to %d", n.id, len(o.Suffix), o.Changed, o.LastIndex)
	}
	for i := range o.Suffix {
		if want := o.Changed + raft.Index(i); o.Suffix[i].Index != want {
			return malformed(n.id, "%s shows an entry of index %d at %d", n.id, o.Suffix[i].Index, want)
		}
	}
	return nil
}
