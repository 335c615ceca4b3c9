package scenarios

import (
	"raftsim/checker"
	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/sim"
)

// Observer is a Process that shows its state, so that the checker can watch it.
type Observer interface {
	// Observe fills in what the process is now, all but Node and Boot, which are filled in already. It is called after
	// every event that touched the process; Changed counts from the last call, and is Base+1 at the first, when there is a log.
	Observe(o *checker.Observation)
}

// cored is a process around the shipped core, like the shipped replica or what embeds it.
type cored interface{ Core() *raft.Core }

// stored is a process with the shipped store.
type stored interface{ Store() *kv.Store }

// node is what the run knows of a node.
type node struct {
	id raft.NodeID
	// core, store and observer are those of the process that runs, nil where it has none and while it is down.
	core     *raft.Core
	store    *kv.Store
	observer Observer
	up       bool
	boot     uint32
	// wiped says that the disk was erased, so that the node is not the one the cluster began with.
	wiped bool
	// blank says that it has not booted since. incarnation is that of its latest boot, 0 where the process does not tell.
	blank       bool
	incarnation raft.Incarnation
	// fresh says that the process has not been looked at since it booted.
	fresh bool
	// seen is the state after the last event that touched the node; what it was before a crash stays.
	seen raft.Status
	past past
	classes
}

// booted looks at the process that just started.
func (r *Run) booted(id raft.NodeID) {
	n := &r.nodes[id]
	p := r.world.Process(id)
	n.up, n.boot, n.fresh, n.blank = true, r.world.Boots(id), true, false
	switch p := p.(type) {
	case cored:
		n.core = p.Core()
		n.incarnation = n.core.Incarnation()
	case Observer:
		n.observer = p
	}
	if s, ok := p.(stored); ok {
		n.store = s.Store()
	}
	r.states.booted(n)
	n.seen = raft.Status{ID: id}
}

// stopped takes in that a node crashed or halted.
func (r *Run) stopped(id raft.NodeID) {
	n := &r.nodes[id]
	if why := r.world.GaveUp(id); why != nil {
		r.note("%v gives up because of its disk: %v", id, why)
		r.states.gaveUp(n)
	}
	if !n.up {
		return
	}
	r.states.stopped(n)
	n.up, n.core, n.store, n.observer = false, nil, nil, nil
	r.check.Down(r.checkMoment(), id)
	r.rolesChanged()
}

// touched shows a node to the checker after every event that may have changed it.
func (r *Run) touched(id raft.NodeID) {
	n := &r.nodes[id]
	switch {
	case n.core != nil:
		changed := n.core.TakeChanged()
		if changed != 0 || !n.core.Still(&n.seen) || r.check.Owes(id) {
			s := n.core.Status()
			r.look(n, &s, changed)
		}
		n.fresh = false
	case n.observer != nil:
		r.seen = checker.Observation{Node: id, Boot: n.boot}
		n.observer.Observe(&r.seen)
		if n.fresh && r.seen.LastIndex == r.seen.Base {
			r.seen.Changed = r.seen.Base + 1 // an empty log is as read from disk
		}
		n.fresh = false
		s := statusOf(&r.seen)
		r.judge(n, &s)
	}
	if len(r.timeline.milestones) > 0 {
		r.timeline.checkMilestones()
	}
}

// look shows what is new of a core.
func (r *Run) look(n *node, s *raft.Status, changed raft.Index) {
	r.seen = checker.Observation{
		Node: n.id, Boot: n.boot, Incarnation: n.core.Incarnation(), Role: s.Role, Term: s.Term, Vote: s.Vote,
		Base: s.Base, BaseTerm: s.BaseTerm, LastIndex: s.LastIndex,
		Configuration: n.core.Configuration(), ConfigurationIndex: s.ConfigurationIndex,
		DurableIndex: s.DurableIndex, DurableTerm: s.DurableHard.Term, DurableVote: s.DurableHard.Vote,
		Commit: s.Commit, Applied: s.Applied,
	}
	if changed != 0 {
		r.seen.Changed = max(changed, s.Base+1) // what was written may have been compacted since
		r.seen.Suffix = r.entries(n.core, r.seen.Changed, s.LastIndex)
	}
	r.judge(n, s)
}

// entries returns a part of a log in one piece, which is good until the next call.
func (r *Run) entries(c *raft.Core, from, to raft.Index) []raft.Entry {
	if from > to {
		return nil
	}
	part := c.Entries(from, to)
	if raft.Index(len(part)) == to-from+1 {
		return part
	}
	r.scratch = r.scratch[:0]
	for len(part) > 0 {
		r.scratch = append(r.scratch, part...)
		part = c.Entries(from+raft.Index(len(r.scratch)), to)
	}
	return r.scratch
}

// statusOf is what an observation says of a node, in the words of a core.
func statusOf(o *checker.Observation) raft.Status {
	s := raft.Status{
		ID: o.Node, Role: o.Role, Term: o.Term, Vote: o.Vote, Base: o.Base, BaseTerm: o.BaseTerm, LastIndex: o.LastIndex,
		LastTerm: o.BaseTerm, ConfigurationIndex: o.ConfigurationIndex,
		Commit: o.Commit, Applied: o.Applied, DurableIndex: o.DurableIndex,
		DurableHard: raft.HardState{Term: o.DurableTerm, Vote: o.DurableVote},
	}
	if k := len(o.Suffix); k > 0 {
		s.LastTerm = o.Suffix[k-1].Term
	}
	return s
}

// judge has the checker judge r.seen, and takes in what it means for the run.
func (r *Run) judge(n *node, s *raft.Status) {
	if v := r.check.Observe(r.checkMoment(), &r.seen); v != nil {
		r.broken(v)
	}
	was := n.seen
	n.seen = *s
	r.abstract.logChanged(n.id)
	if s.Commit > r.commit {
		r.states.committed(n)
		r.commit = s.Commit
	}
	if s.Term > r.term {
		r.states.termBegins()
		r.term = s.Term
	}
	if change := r.seen.Changed; change != 0 && change <= was.LastIndex && s.Base <= was.LastIndex {
		r.states.reach(stateConflictTruncated)
	}
	r.longestLog = max(r.longestLog, uint64(s.LastIndex-s.Base))
	if s.Base != was.Base || s.ConfigurationIndex != was.ConfigurationIndex {
		r.states.logMoved(n, &was)
	}
	if n.core != nil && s.ConfigurationIndex > r.members.index && s.ConfigurationIndex <= s.Commit {
		r.members.committed(n.core.Configuration(), s.ConfigurationIndex)
	}
	if s.Role != was.Role || s.Term != was.Term {
		if s.Role == raft.Leader {
			r.elections++
		}
		r.states.roleChanged(n, &was)
		r.rolesChanged()
	}
	r.states.advanced(n)
	r.abstract.changed()
}

// received tells the checker of a message that a node is about to handle.
func (r *Run) received(to, _ raft.NodeID, m sim.Message) {
	if m, ok := m.(*raft.Message); ok {
		r.states.told(to, m)
		r.check.Received(r.checkMoment(), m)
	}
}

// sent tells the checker of messages that leave a node, and of what they promise.
func (r *Run) sent(from, to raft.NodeID, m sim.Message) {
	rm, ok := m.(*raft.Message)
	if !ok {
		return
	}
	at := r.checkMoment()
	if v := r.check.Sent(at, rm); v != nil {
		r.broken(v)
	}
	r.states.sent(from, to, rm)
	p := checker.Promise{Node: from, To: to, Term: rm.Term, Incarnation: rm.Incarnation}
	switch {
	case rm.Kind == raft.MsgRequestVote:
		p.Kind, p.To = checker.VotePromise, from // a candidate votes for itself: see Core.kept
	case rm.Kind == raft.MsgVoteReply && rm.VoteReply.Granted:
		p.Kind = checker.VotePromise
	case rm.Kind == raft.MsgAppendReply && rm.AppendReply.Success:
		p.Kind, p.Index = checker.EntryPromise, rm.AppendReply.Match
	case rm.Kind == raft.MsgInstallReply && rm.InstallReply.Done:
		p.Kind, p.Index = checker.EntryPromise, rm.InstallReply.Index
	default:
		return
	}
	if v := r.check.Promised(at, p); v != nil {
		r.broken(v)
	}
}

// broken takes in that a property does not hold.
func (r *Run) broken(v *checker.Violation) {
	if r.finding == nil {
		r.finding = &finding{
			verdict: Violation, property: v.Property, detail: v.Detail, nodes: v.Nodes,
			moment: moment{v.Event, v.At},
		}
		if v.Property == checker.Malformed {
			r.finding.verdict = Error
		}
	}
	r.world.Stop()
}

// leader is the node that runs and leads the highest term that is led, or raft.None.
func (r *Run) leader() raft.NodeID {
	best := raft.None
	var term raft.Term
	for i := range r.nodes[1:] {
		n := &r.nodes[i+1]
		if n.up && n.seen.Role == raft.Leader && n.seen.Term > term && !r.world.Paused(n.id) {
			best, term = n.id, n.seen.Term
		}
	}
	return best
}

// followed says whether a majority follows a leader: it is up and in the leader's term.
func (r *Run) followed() bool {
	leader := r.leader()
	if leader == raft.None {
		return false
	}
	term := r.nodes[leader].seen.Term
	return r.members.quorum(func(v raft.Member) bool {
		n := &r.nodes[v.ID]
		return n.up && n.seen.Term == term && n.is(v)
	})
}

// rolesChanged follows every change of who leads, who is up, and who can be picked.
func (r *Run) rolesChanged() {
	if followed := r.followed(); followed != r.led {
		r.led = followed
		if followed {
			r.everLed = true
			r.expect.led()
		} else {
			r.ledUntil = r.world.Now()
		}
	}
	r.timeline.wake()
	r.abstract.changed()
}
