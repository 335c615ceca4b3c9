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

// Mirror is a Process that stands for one elsewhere, a real node for example, and is told what that is. The run looks at it as it
// looks at a core.
type Mirror interface {
	Observer
	view
	// Shown says whether anything has been told of the other since it booted. Until then the mirror is not looked at.
	Shown() bool
	// Digest is that of the other's store.
	Digest() uint64
}

// view is what a run looks at in a node, beside what the checker is shown: see the methods of [raft.Core].
type view interface {
	Status() raft.Status
	Configuration() *raft.Configuration
	Incarnation() raft.Incarnation
	Leader() raft.NodeID
	Entries(lo, hi raft.Index) []raft.Entry
}

// cored is a process around the shipped core, like the shipped replica or what embeds it.
type cored interface{ Core() *raft.Core }

// stored is a process with the shipped store.
type stored interface{ Store() *kv.Store }

// node is what the run knows of a node.
type node struct {
	id raft.NodeID
	// core, store, observer and mirror are those of the process that runs, nil where it has none and while it is down.
	core     *raft.Core
	store    *kv.Store
	observer Observer
	mirror   Mirror
	// view is the core or the mirror, once that shows something.
	view view
	up   bool
	boot uint32
	// wiped says that the disk was erased, so that the node is not the one the cluster began with.
	wiped bool
	// blank says that it has not booted since. incarnation is that of its latest boot, 0 where the process does not tell.
	blank       bool
	incarnation raft.Incarnation
	// fresh says that the process has not been looked at since it booted.
	fresh bool
	// seen is the state after the last event that touched the node; what it was before a crash stays. shown is what the checker was
	// shown last.
	seen  raft.Status
	shown checker.Observation
	said  said
	past  past
	led   led
	classes
}

// said is what the last message said, if it was a heartbeat from the end of the log or its answer, as nearly all of an idle cluster are, or
// brought entries, which often go to each follower. Its like was judged when the node was what it still is, and found good; the zero
// value is like none.
type said struct {
	kind        raft.MessageKind
	to          raft.NodeID // of an answer
	term        raft.Term
	incarnation raft.Incarnation
	index       raft.Index
	logTerm     raft.Term
	commit      raft.Index
	round       uint64
	// end and endTerm are of the last of so many entries.
	entries int
	end     raft.Index
	endTerm raft.Term
}

// again says whether a message says nothing but what was said.
func (s *said) again(to raft.NodeID, m *raft.Message) bool {
	if m.Kind != s.kind || m.Term != s.term || m.Incarnation != s.incarnation {
		return false
	}
	if m.Kind == raft.MsgAppendReply {
		r := &m.AppendReply
		return r.Success && r.Match == s.index && to == s.to && r.Round == s.round
	}
	p := &m.Append
	if len(p.Entries) != s.entries || p.PrevIndex != s.index || p.PrevTerm != s.logTerm || p.Commit != s.commit || p.Round != s.round {
		return false
	}
	if len(p.Entries) == 0 {
		return true
	}
	e := &p.Entries[len(p.Entries)-1]
	return e.Index == s.end && e.Term == s.endTerm
}

// forget makes it like none.
func (s *said) forget() {
	if s.kind != 0 { // nearly always it is already
		*s = said{}
	}
}

// take notes a message that was found good, if its like can come often: what again looks at of its kind.
func (s *said) take(to raft.NodeID, m *raft.Message, last raft.Index) {
	p, r := &m.Append, &m.AppendReply
	switch {
	case m.Kind == raft.MsgAppendReply && r.Success:
		s.kind, s.to, s.term, s.incarnation, s.index, s.round, s.entries = m.Kind, to, m.Term, m.Incarnation, r.Match, r.Round, 0
	case m.Kind == raft.MsgAppendEntries && (len(p.Entries) > 0 || p.PrevIndex == last):
		s.kind, s.term, s.incarnation, s.index = m.Kind, m.Term, m.Incarnation, p.PrevIndex
		s.logTerm, s.commit, s.round = p.PrevTerm, p.Commit, p.Round
		if s.entries = len(p.Entries); s.entries > 0 {
			e := &p.Entries[s.entries-1]
			s.end, s.endTerm = e.Index, e.Term
		}
	default:
		s.forget()
	}
}

// booted looks at the process that just started.
func (r *Run) booted(id raft.NodeID) {
	n := &r.nodes[id]
	p := r.world.Process(id)
	n.up, n.boot, n.fresh, n.blank = true, r.world.Boots(id), true, false
	switch p := p.(type) {
	case cored:
		n.core = p.Core()
		n.view, n.incarnation = n.core, n.core.Incarnation()
	case Mirror:
		n.observer, n.mirror = p, p
	case Observer:
		n.observer = p
	}
	if s, ok := p.(stored); ok {
		n.store = s.Store()
	}
	r.states.booted(n)
	n.seen, n.said = raft.Status{ID: id}, said{}
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
	n.said = said{}
	n.up, n.core, n.store, n.observer, n.mirror, n.view = false, nil, nil, nil, nil, nil
	r.check.Down(r.checkMoment(), id)
	r.rolesChanged()
}

// The hooks that come with nearly every event are function literals and not methods, which would be called by way of another function.
// What makes them is not inlined, since the literals would go by other names then than those that a profile has to tell the compiler of.

// touched shows a node to the checker after every event that may have changed it.
//
//go:noinline
func (r *Run) touched() func(id raft.NodeID) {
	return func(id raft.NodeID) {
		n := &r.nodes[id]
		if n.core != nil {
			r.look(n)
			n.fresh = false
		} else {
			r.lookElsewhere(n)
		}
		if len(r.timeline.milestones) > 0 {
			r.timeline.checkMilestones()
		}
	}
}

// lookElsewhere shows a process to the checker that is not around a core.
func (r *Run) lookElsewhere(n *node) {
	switch {
	case n.mirror != nil:
		if n.mirror.Shown() {
			r.reflect(n)
		}
	case n.observer != nil:
		o := &n.shown
		*o = checker.Observation{Node: n.id, Boot: n.boot}
		n.observer.Observe(o)
		if n.fresh && o.LastIndex == o.Base {
			o.Changed = o.Base + 1 // an empty log is as read from disk
		}
		n.fresh = false
		was := n.seen
		n.seen = statusOf(o)
		r.judge(n, &was)
	}
}

// reflect shows what is new of a node elsewhere.
func (r *Run) reflect(n *node) {
	if n.view == nil {
		n.view, n.incarnation = n.mirror, n.mirror.Incarnation()
	}
	n.shown = checker.Observation{Node: n.id, Boot: n.boot}
	n.mirror.Observe(&n.shown)
	was := n.seen
	n.seen = n.mirror.Status()
	r.judge(n, &was)
	n.fresh = false
}

// look shows what is new of a core, if anything is. Nearly always that is how far its log has come.
func (r *Run) look(n *node) {
	changed := n.core.TakeChanged()
	if changed == 0 && n.core.Still(&n.seen) && !r.check.Owes(n.id) {
		return
	}
	s, o := &n.seen, &n.shown
	if o.Boot != n.boot || !n.core.Steady(s) || n.core.Configuration() != o.Configuration || n.core.Incarnation() != o.Incarnation || r.opts.thorough {
		r.lookAnew(n, changed)
		return
	}
	last := s.LastIndex
	n.core.ProgressTo(s)
	o.LastIndex, o.Commit, o.Applied, o.DurableIndex = s.LastIndex, s.Commit, s.Applied, s.DurableIndex
	r.showLog(n, changed)
	r.judgeGoingOn(n, last)
}

// lookAnew shows all of a core. It sets n.shown field by field: a struct made elsewhere and copied there would be copied
// in wider words than it was written in, which makes the processor wait.
func (r *Run) lookAnew(n *node, changed raft.Index) {
	was := n.seen
	s, o := &n.seen, &n.shown
	n.core.StatusTo(s)
	o.Node, o.Boot, o.Incarnation = n.id, n.boot, n.core.Incarnation()
	o.Role, o.Term, o.Vote = s.Role, s.Term, s.Vote
	o.Base, o.BaseTerm, o.LastIndex = s.Base, s.BaseTerm, s.LastIndex
	o.Configuration, o.ConfigurationIndex = n.core.Configuration(), s.ConfigurationIndex
	o.DurableIndex, o.DurableTerm, o.DurableVote = s.DurableIndex, s.DurableHard.Term, s.DurableHard.Vote
	o.Commit, o.Applied = s.Commit, s.Applied
	r.showLog(n, changed)
	r.judge(n, &was)
}

// showLog puts into n.shown what is new of a core's log.
func (r *Run) showLog(n *node, changed raft.Index) {
	o := &n.shown
	if changed == 0 {
		o.Changed, o.Suffix = 0, nil
		return
	}
	o.Changed = max(changed, o.Base+1) // what was written may have been compacted since
	o.Suffix = r.entries(n.core, o.Changed, o.LastIndex)
}

// entries returns a part of a log in one piece, which is good until the next call.
func (r *Run) entries(c view, from, to raft.Index) []raft.Entry {
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

// judge has the checker judge n.shown, which is n.seen with the log, and takes in what it means for the run.
func (r *Run) judge(n *node, was *raft.Status) {
	s := &n.seen
	n.said.forget()
	if v := r.check.Observe(r.checkMoment(), &n.shown); v != nil {
		r.broken(v)
	}
	if s.Term > r.term {
		r.states.termBegins()
		r.term = s.Term
	}
	if s.Base != was.Base || s.ConfigurationIndex != was.ConfigurationIndex {
		r.states.logMoved(n, was)
	}
	r.progressed(n, was.LastIndex)
	if s.Role != was.Role || s.Term != was.Term {
		if s.Role == raft.Leader {
			r.elections++
		}
		r.states.roleChanged(n, was)
		r.rolesChanged()
	}
	r.states.advanced(n)
	if r.abstract.terms != nil {
		r.abstract.changed()
	}
}

// judgeGoingOn is judge for a node that is what it was but for how far its log has come, which ended at last.
func (r *Run) judgeGoingOn(n *node, last raft.Index) {
	n.said.forget()
	if v := r.check.ObserveProgress(r.checkMoment(), &n.shown); v != nil {
		r.broken(v)
	}
	r.progressed(n, last)
	r.states.advanced(n)
	if r.abstract.terms != nil {
		r.abstract.changed()
	}
}

// progressed takes in how far a node's log has come, which ended at last.
func (r *Run) progressed(n *node, last raft.Index) {
	s, o := &n.seen, &n.shown
	if r.abstract.terms != nil {
		r.abstract.logChanged(n)
	}
	if s.Commit > r.commit {
		r.states.committed(n)
		r.commit = s.Commit
	}
	if o.Changed != 0 && o.Changed <= last && s.Base <= last {
		r.states.reach(stateConflictTruncated)
	}
	r.longestLog = max(r.longestLog, uint64(s.LastIndex-s.Base))
	if n.view != nil && s.ConfigurationIndex > r.members.index && s.ConfigurationIndex <= s.Commit {
		r.members.committed(n.view.Configuration(), s.ConfigurationIndex)
	}
}

// received tells the checker of a message that a node is about to handle, unless it is no news.
//
//go:noinline
func (r *Run) received() func(to, from raft.NodeID, m sim.Message) {
	return func(to, _ raft.NodeID, m sim.Message) {
		if rm, ok := m.(*raft.Message); ok && !r.check.Knows(rm) {
			r.states.told(to, rm)
			r.check.ReceivedNews(r.checkMoment(), rm)
		}
	}
}

// sent tells the checker of messages that leave a node, and of what they promise, unless the last one did.
//
//go:noinline
func (r *Run) sent() func(from, to raft.NodeID, m sim.Message) {
	return func(from, to raft.NodeID, m sim.Message) {
		rm, ok := m.(*raft.Message)
		switch {
		case !ok:
		case !r.nodes[from].said.again(to, rm) || r.opts.thorough:
			r.judgeSent(&r.nodes[from], to, rm)
		case r.nodes[from].said.entries > 0:
			r.states.sent(from, to, rm) // mostly to somebody else
		}
	}
}

// judgeSent has a message judged that leaves a node.
func (r *Run) judgeSent(n *node, to raft.NodeID, rm *raft.Message) {
	from, at := n.id, r.checkMoment()
	if v := r.check.Sent(at, rm); v != nil {
		r.broken(v)
	}
	r.states.sent(from, to, rm)
	switch {
	case rm.Kind == raft.MsgAppendEntries: // most are
	case rm.Kind == raft.MsgAppendReply:
		if rm.AppendReply.Success {
			r.promised(at, from, rm, checker.EntryPromise, to, rm.AppendReply.Match)
		}
	case rm.Kind == raft.MsgRequestVote:
		r.promised(at, from, rm, checker.VotePromise, from, 0) // a candidate votes for itself: see Core.kept
	case rm.Kind == raft.MsgVoteReply && rm.VoteReply.Granted:
		r.promised(at, from, rm, checker.VotePromise, to, 0)
	case rm.Kind == raft.MsgInstallReply && rm.InstallReply.Done:
		r.promised(at, from, rm, checker.EntryPromise, to, rm.InstallReply.Index)
	}
	n.said.take(to, rm, n.seen.LastIndex)
	if rm.Kind != raft.MsgAppendEntries && r.check.Owes(from) {
		n.said = said{} // the next look at the node has to see to that first
	}
}

// promised tells the checker of what a message promises.
func (r *Run) promised(at checker.Moment, from raft.NodeID, m *raft.Message, kind checker.PromiseKind, to raft.NodeID, i raft.Index) {
	if n := &r.nodes[from]; kind == checker.EntryPromise && n.mirror != nil && n.seen.Term > m.Term {
		return // it comes late: in a later term what it promised may rightly be gone
	}
	p := checker.Promise{Kind: kind, Node: from, To: to, Term: m.Term, Incarnation: m.Incarnation, Index: i}
	if v := r.check.Promised(at, p); v != nil {
		r.broken(v)
	}
}

// requested tells the checker of a read that a client asks for.
func (r *Run) requested(to raft.NodeID, _ sim.ClientID, q *kv.Request) {
	if q.Op == kv.Get {
		r.check.AskedToRead(r.checkMoment(), to, q.Session, q.Seq)
	}
}

// answered tells the checker that a request was carried out.
func (r *Run) answered(from raft.NodeID, _ sim.ClientID, a *sim.Response) {
	if a.Status == kv.OK {
		r.check.Answered(from, a.Session, a.Seq)
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
