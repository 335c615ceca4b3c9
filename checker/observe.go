package checker

import (
	"time"

	"raftsim/raft"
)

// step is one observation that showed something new, beside what was known before it.
type step struct {
	n *node
	o *Observation
	// event is the one after which it was made, at when that was.
	event uint64
	at    time.Duration
	// was is the node's state before; after a boot its role, commit and applied are those of a fresh node.
	was *state
	// boot says that this is the first sight of the node since it booted.
	boot bool
	// wasIncarnation is, after a boot, which node of its name there was before, 0 when there was none.
	wasIncarnation raft.Incarnation
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

	// old is the log before when another has taken its place, otherwise nil.
	old *chain
	// renewed says that the node's configurations were read anew, rolledBack that some went, changes how many came; unreadable
	// is what is wrong with the first that is none, at unreadableAt.
	renewed      bool
	rolledBack   bool
	changes      int
	unreadable   error
	unreadableAt raft.Index

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
	if o.Node-1 >= raft.NodeID(len(c.nodes)-1) && c.node(o.Node) == nil {
		return c.report(at, malformed(o.Node, "an observation of %s: nodes are n1 to n%d", o.Node, mostNodes))
	}
	n := &c.nodes[o.Node]
	s := &n.seen
	if n.goesOn(o) && c.first == nil {
		if o.Changed == 0 && s.last == o.LastIndex && s.synced == o.DurableIndex && s.commit == o.Commit && s.applied == o.Applied {
			n.event = at.Event
			if len(n.pending) == 0 && !n.owing {
				return nil
			}
			return c.report(at, c.keeps(n))
		}
		if !c.thorough && n.grows(o) {
			return c.report(at, c.observeUsual(at, n, o))
		}
	}
	if c.first != nil {
		return c.first
	}
	return c.report(at, c.observe(at, n, o))
}

// ObserveProgress is [Checker.Observe] for who has seen that nothing of the node is other than in its last observation, which was of the same
// boot, but LastIndex, Changed, Suffix, DurableIndex, Commit and Applied.
func (c *Checker) ObserveProgress(at Moment, o *Observation) *Violation {
	if o.Node < raft.NodeID(len(c.nodes)) && c.first == nil && !c.thorough {
		if n := &c.nodes[o.Node]; n.seen.boot == o.Boot && n.grows(o) {
			return c.report(at, c.observeUsual(at, n, o))
		}
	}
	return c.Observe(at, o)
}

// observe judges an observation that shows something new.
func (c *Checker) observe(at Moment, n *node, o *Observation) *Violation {
	var s step
	s.n, s.o, s.event, s.at, s.was, s.known = n, o, at.Event, at.At, &n.seen, c.Committed()
	if v := inconsistent(n, o); v != nil {
		return v
	}
	if n.seen.boot != 0 && o.Boot != n.seen.boot {
		c.Down(at, n.id)
	}
	s.boot = o.Boot != n.seen.boot
	if s.boot && o.Incarnation != 0 {
		s.wasIncarnation, n.incarnation = n.incarnation, o.Incarnation
	}
	s.elected = o.Role == raft.Leader && (s.was.role != raft.Leader || s.was.term != o.Term)

	c.takeLog(&s)
	c.takeCommit(&s)
	v := c.judge(&s)

	compacted := o.Base > s.was.base
	n.boots, n.event, n.shown = o.Boot, at.Event, o.Configuration
	n.wiped = false
	n.seen.take(o)
	if compacted {
		c.forget()
	}
	return c.keepsPromises(&s, v)
}

// keepsPromises judges, unless v is wrong already, what the node has promised and said by what it is after the event.
func (c *Checker) keepsPromises(s *step, v *Violation) *Violation {
	n := s.n
	if v == nil && (s.elected || s.claim != 0 || len(n.pending) > 0) {
		c.promiseToSelf(s)
		v = c.settle(n)
	}
	if v == nil && n.owing {
		v = c.keepsClaims(n)
	}
	return v
}

// keeps judges what the node has said in messages by what it is after the event.
func (c *Checker) keeps(n *node) *Violation {
	if v := c.settle(n); v != nil {
		return v
	}
	return c.keepsClaims(n)
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
	if (s.o.Commit > s.was.commit || s.fork != 0 || s.o.Base != s.was.base || s.boot) && c.checks(committedEntries) {
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
		if v := c.monotonic(s); v != nil {
			return v
		}
	}
	if s.boot && c.checks(incarnations) {
		if v := c.incarnations(s); v != nil {
			return v
		}
	}
	if c.checks(configurationChanges) {
		if v := c.configurationChanges(s); v != nil {
			return v
		}
	}
	if c.checks(refinement) {
		return c.refinement(s)
	}
	return nil
}

// takeLog brings the node's shadow up to date, at a cost of the entries handed over.
func (c *Checker) takeLog(s *step) {
	if s.boot || s.o.Base != s.was.base {
		c.takeBase(s)
	}
	if s.o.Changed == 0 {
		return
	}
	log, i, rest := &s.n.log, s.o.Changed, s.o.Suffix
	last := *log.at(i - 1)
	// What was written again as it was is no change.
	for len(rest) > 0 && i < log.n {
		next := *log.at(i)
		if i-1 <= log.vague && log.vague != 0 {
			if rest[0].Term != next.term {
				break
			}
		} else if last.next(&rest[0]) != next {
			break
		}
		last, rest, i = next, rest[1:], i+1
	}
	if i < log.n {
		s.fork, s.lost = i, *log.at(i)
		log.cut(i)
		s.rolledBack = s.n.rollBack(i)
	}
	match := c.checks(logMatching)
	for k := range rest {
		e := &rest[k]
		if e.Term < last.term && s.unordered == 0 {
			s.unordered = i
		}
		if i-1 > log.vague || log.vague == 0 {
			last = last.next(e)
		} else {
			last = c.resume(s, last, i, e)
		}
		place := log.add()
		place.term, place.hash = last.term, last.hash // in two words, as they are read soon
		if match && i > log.vague && !c.matching.add(i, last) && s.mismatch == 0 {
			s.mismatch = i
		}
		if e.Kind == raft.EntryConfiguration && !s.renewed {
			s.takeConfiguration(e)
		}
		i++
	}
	s.lastTerm = last.term
	if s.old != nil {
		s.compareOld()
		c.spare.reset(0)
		s.old = nil
	}
	if s.renewed {
		for k := range s.o.Suffix {
			if e := &s.o.Suffix[k]; e.Kind == raft.EntryConfiguration {
				s.takeConfiguration(e)
			}
		}
	}
}

// inconsistent says in what way an observation contradicts itself or the one before.
func inconsistent(n *node, o *Observation) *Violation {
	boot := o.Boot != n.seen.boot
	switch {
	case o.Boot == 0 || boot && o.Boot <= n.boots:
		return malformed(n.id, "%s shows boot %d after boot %d: boots count up from 1", n.id, o.Boot, n.boots)
	case !boot && o.Incarnation != n.incarnation && o.Incarnation != 0:
		return malformed(n.id, "%s shows itself as incarnation %d and, within one boot, as %d", n.id, n.incarnation, o.Incarnation)
	case o.Base > o.LastIndex || o.LastIndex > farthestIndex || o.Base == 0 && o.BaseTerm != 0:
		return malformed(n.id, "%s shows a log that begins after index %d, of term %d, and ends at %d", n.id, o.Base, o.BaseTerm, o.LastIndex)
	case boot && o.Changed != o.Base+1:
		return malformed(n.id, "%s shows itself for the first time in boot %d with changes from index %d: on a boot they start at %d, where its log begins",
			n.id, o.Boot, o.Changed, o.Base+1)
	case o.Role > raft.Leader:
		return malformed(n.id, "%s shows the unknown %s", n.id, o.Role)
	case o.DurableIndex > o.LastIndex:
		return malformed(n.id, "%s shows a log that ends at %d and is on disk up to %d", n.id, o.LastIndex, o.DurableIndex)
	case !boot && o.Base < n.seen.base:
		return malformed(n.id, "%s shows a log that begins after index %d, and before, in the same boot, began after %d", n.id, o.Base, n.seen.base)
	case o.Changed == 0:
		if o.LastIndex != n.seen.last || len(o.Suffix) != 0 {
			return malformed(n.id, "%s shows a log that ends at %d, with %d entries handed over, and no change since it ended at %d",
				n.id, o.LastIndex, len(o.Suffix), n.seen.last)
		}
		if was := n.termAt(o.Base); was != o.BaseTerm {
			return malformed(n.id, "%s shows no change of its log, and a term %d at index %d, where it was %d", n.id, o.BaseTerm, o.Base, was)
		}
		return nil
	case o.Changed <= o.Base || o.Changed-1 > o.LastIndex:
		return malformed(n.id, "%s shows changes from index %d of a log that begins after %d and ends at %d", n.id, o.Changed, o.Base, o.LastIndex)
	case o.Changed > n.log.n && o.Changed != o.Base+1:
		return malformed(n.id, "%s shows changes from index %d of a log that ended at %d and ends at %d", n.id, o.Changed, n.log.last(), o.LastIndex)
	case !boot && (o.Changed != o.Base+1 || o.Base == n.seen.base) && n.termAt(o.Base) != o.BaseTerm:
		return malformed(n.id, "%s shows changes from index %d only, and a term %d at index %d, where it was %d",
			n.id, o.Changed, o.BaseTerm, o.Base, n.termAt(o.Base))
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

// farthestIndex is far beyond any log.
const farthestIndex = 1 << 62
