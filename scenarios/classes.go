package scenarios

import (
	"slices"
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/scenarios/script"
)

// standing is how a node came to stand for election.
type standing struct {
	// asked says that it asked first whether it could win, handed that a leader told it to, forced that the scenario fired
	// its timer.
	asked, handed, forced bool
}

// led is when a node came to lead last, and when it ceased to; 0 for never.
type led struct {
	leads        bool
	since, until time.Duration
}

// always says whether the node has led ever since a time, never whether it has not.
func (l *led) always(since time.Duration) bool { return l.leads && l.since <= since }
func (l *led) never(since time.Duration) bool  { return !l.leads && l.until < since }

// take notes whether a node leads now.
func (l *led) take(leads bool, now time.Duration) {
	switch {
	case leads && !l.leads:
		l.since = now
	case l.leads && !leads:
		l.until = now
	}
	l.leads = leads
}

// classes is what has to be remembered of a node to tell how it was elected, repaired and crashed.
type classes struct {
	standing
	// firedAt is when the scenario fired its timer last, toldIn the event in which it was told to stand; 0 for never.
	firedAt time.Duration
	toldIn  uint64
	// refusals counts the places, each below the one before, at which it refused entries in term refusedIn since it took
	// any; refusedAt is the last.
	refusals  int
	refusedAt raft.Index
	refusedIn raft.Term
	// sentBy sent it entries in one message up to sentTo last.
	sentBy raft.NodeID
	sentTo raft.Index
	// arriving is the index of the latest snapshot a part of which has come.
	arriving raft.Index
	// joint says that its configuration is.
	joint bool
}

// fired is told that the scenario fires a node's election timer.
func (s *states) fired(id raft.NodeID) { s.r.nodes[id].classes.firedAt = s.r.world.Now() + 1 }

// told is told of a message that a node is about to handle.
func (s *states) told(to raft.NodeID, m *raft.Message) {
	switch m.Kind {
	case raft.MsgTimeoutNow:
		s.r.nodes[to].classes.toldIn = uint64(s.r.world.Event())
	case raft.MsgInstallSnapshot:
		s.r.nodes[to].classes.arriving = m.Install.Index
	}
}

// stood is told of a node whose role or term is another than it was.
func (s *states) stood(n *node, was *raft.Status) {
	c, now := &n.classes, &n.seen
	if was.Role == raft.Leader && now.Role == raft.Follower && now.Term == was.Term && n.view != nil && n.view.Configuration().Voter(n.id) {
		s.reach(stateQuorumLost)
	}
	if was.Role == raft.Candidate && c.handed && now.Role != raft.Leader {
		s.reach(stateTransferInVain)
	}
	switch now.Role {
	case raft.Follower:
		if was.Role == raft.PreCandidate {
			s.reach(statePreVoteInVain)
		}
		c.standing = standing{}
	case raft.PreCandidate:
		c.standing = standing{forced: c.firedAt == s.r.world.Now()+1}
	case raft.Candidate:
		asked := was.Role == raft.PreCandidate
		c.standing = standing{
			asked: asked, handed: c.toldIn == uint64(s.r.world.Event()),
			forced: asked && c.forced || c.firedAt == s.r.world.Now()+1,
		}
		if now.Term == s.r.term {
			s.candidates++
		}
	case raft.Leader:
		if now.Term == s.r.term && s.candidates > 1 {
			s.reach(stateElectionDisputed)
		} else if now.Term == s.r.term {
			s.reach(stateElectionSingle)
		}
		if c.asked {
			s.reach(stateElectionByPreVote)
		}
		if c.handed {
			s.reach(stateElectionByTransfer)
		}
		if c.forced {
			s.reach(stateElectionForced)
		}
		c.standing = standing{}
	}
}

// sent is told of a message that leaves a node. To may be nobody's name.
func (s *states) sent(from, to raft.NodeID, m *raft.Message) {
	switch m.Kind {
	case raft.MsgAppendEntries:
		if int(to) >= len(s.r.nodes) {
			return
		}
		c, last := &s.r.nodes[to].classes, len(m.Append.Entries)
		switch {
		case last > 0:
			c.sentBy, c.sentTo = from, m.Append.Entries[last-1].Index
		case c.sentTo == m.Append.PrevIndex && c.sentBy == from && c.sentTo < s.r.nodes[from].seen.LastIndex:
			// A heartbeat that stands where the last entries ended and not where the log does: they are taken to be
			// good, or it would stand before them, and yet the next do not follow.
			s.reach(stateWindowFull)
		}
	case raft.MsgAppendReply:
		c := &s.r.nodes[from].classes
		if !m.AppendReply.Success {
			s.refused(&s.r.nodes[from], to, m)
		} else if c.refusals > 0 {
			if c.refusedIn == m.Term && c.refusals == 1 {
				s.reach(stateRepairedAtOnce)
			} else if c.refusedIn == m.Term {
				s.reach(stateRepairedInSteps)
			}
			c.refusals = 0
		}
	}
}

// refused counts a refusal, unless it is of what an old leader sent or of what was refused before.
func (s *states) refused(n *node, to raft.NodeID, m *raft.Message) {
	if n.view == nil || n.view.Leader() != to {
		return
	}
	c := &n.classes
	if c.refusedIn != m.Term {
		c.refusals, c.refusedIn = 0, m.Term
	}
	if at := m.AppendReply.PrevIndex; c.refusals == 0 || at < c.refusedAt {
		c.refusals++
		c.refusedAt = at
	}
}

// inStep looks whether all voters know the same last entry to be committed, as one of them now does; no entry is none.
func (s *states) inStep() {
	for _, v := range s.r.members.config.Voters {
		if n := &s.r.nodes[v.ID]; !n.up || n.seen.LastIndex != s.r.commit || n.seen.Commit != s.r.commit {
			return
		}
	}
	s.reach(stateReplicasInStep)
}

// crashed tells the moments of a crash apart.
func (s *states) crashed(n *node) {
	if n.fresh {
		return // nobody has seen what it was
	}
	now, leads := &n.seen, n.seen.Role == raft.Leader && n.seen.Term == s.r.term
	hard := raft.HardState{Term: now.Term, Vote: now.Vote}
	switch {
	case now.LastIndex > now.DurableIndex:
		s.reach(stateCrashWithUnsynced)
	case now.DurableHard == hard && now.Commit == now.LastIndex && now.Applied == now.LastIndex:
		s.reach(stateCrashWhenIdle)
	}
	if now.Vote != raft.None && now.DurableHard != hard {
		s.reach(stateCrashBeforeVoteSynced)
	}
	if n.classes.arriving > now.Commit {
		s.reach(stateCrashAmidSnapshot)
	}
	if leads && now.LastIndex > now.Commit {
		s.reach(stateLeaderCrashedUncommitted)
	}
	if now.Role == raft.Candidate {
		s.reach(stateCandidateCrashed)
	}
	if !s.r.members.quorum(func(v raft.Member) bool { return v.ID != n.id && s.r.nodes[v.ID].up }) {
		s.reach(stateQuorumDown)
	}
	if !slices.ContainsFunc(s.r.nodes, func(o node) bool { return o.up && o.id != n.id }) {
		s.reach(stateAllDown)
	}
}

// reconfigured compares a configuration that was committed with the one before.
func (s *states) reconfigured(was *raft.Configuration) {
	now := s.r.members.config
	changed := 0
	for _, v := range now.Voters {
		if !was.Voter(v.ID) {
			changed++
		}
	}
	for _, v := range was.Voters {
		if !now.Voter(v.ID) {
			changed++
		}
		if !now.Member(v.ID) {
			s.reach(stateMemberRemoved)
		}
	}
	for _, l := range now.Learners {
		if memberOf(was.Learners, l.ID) == nil {
			s.reach(stateLearnerAdded)
		}
	}
	for _, l := range was.Learners {
		if !now.Member(l.ID) {
			s.reach(stateMemberRemoved)
		}
	}
	if !was.Joint() && !now.Joint() && changed == 1 {
		s.reach(stateSingleChange)
	}
}

// memberships follows the configuration in force at a node, committed or not.
func (s *states) memberships(n *node, was *raft.Status) {
	if n.view == nil {
		return
	}
	joint := n.view.Configuration().Joint()
	if joint {
		s.reach(stateJointConfiguration)
	} else if n.classes.joint && n.seen.ConfigurationIndex > was.ConfigurationIndex {
		s.reach(stateJointLeft)
	}
	n.classes.joint = joint
}

// read is told that a node has answered a get that was asked for the first time at a time.
func (s *states) read(from raft.NodeID, asked time.Duration) {
	c := &s.r.scenario.Cluster
	switch {
	case c.Reads == script.ReadsLog:
		s.reach(stateReadThroughLog)
	case s.r.nodes[from].led.never(asked):
		s.reach(stateReadAtFollower)
	case !s.r.nodes[from].led.always(asked): // what it was when it answered is not known
	case c.Reads == script.ReadsIndex:
		s.reach(stateReadAtLeader)
	case len(s.r.members.config.Voters) > 1 && len(s.r.timeline.changes) == 0 &&
		s.r.world.Now()-asked < 4*s.r.scenario.Network.Latency.Min: // there, to another, back, and back
		s.reach(stateReadByLease)
	}
}

// turnedAway is told that a node did not do what a client asked for.
func (s *states) turnedAway(op kv.Op) {
	if op == kv.Get && s.r.scenario.Cluster.Reads != script.ReadsLog {
		s.reach(stateReadRefused)
	}
}
