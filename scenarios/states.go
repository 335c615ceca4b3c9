package scenarios

import (
	"raftsim/raft"
	"raftsim/scenarios/script"
)

// state is something a run can come through; see [script.States] for what each means.
type state uint8

const (
	stateLeaderElected state = iota
	stateElectionSingle
	stateElectionDisputed
	stateSplitVote
	stateElectionByPreVote
	statePreVoteInVain
	stateElectionByTransfer
	stateTransferInVain
	stateElectionForced
	stateTermChanges
	stateMinorityLeaderStepsDown
	stateQuorumLost
	stateReplicasInStep
	stateRepairedAtOnce
	stateRepairedInSteps
	stateWindowFull
	stateLogsDiverge
	stateLogsDivergeOverTerms
	stateConflictTruncated
	stateEarlierTermCommitted
	statePartitionWithWrites
	stateSnapshotInstalled
	stateLogCompacted
	stateLearnerAdded
	stateLearnerPromoted
	stateSingleChange
	stateJointConfiguration
	stateJointLeft
	stateMemberRemoved
	stateLeaderRemoved
	stateConfigurationRolledBack
	stateTermChangesDuringJoin
	stateJoinerLeads
	stateWipedNodeReturns
	stateReadThroughLog
	stateReadAtLeader
	stateReadAtFollower
	stateReadByLease
	stateReadRefused
	stateCrashWhenIdle
	stateCrashWithUnsynced
	stateCrashBeforeVoteSynced
	stateCrashAmidSnapshot
	stateLeaderCrashed
	stateLeaderCrashedUncommitted
	stateCandidateCrashed
	stateQuorumDown
	stateAllDown
	stateRestartCatchesUp
	stateRetryDeduplicated
	stateTurnedAway
	stateSessionExpired
	stateHaltedByDisk
	stateDamageRefused
	states_
)

// stateNames are in the order of the constants above.
var stateNames = [states_]string{
	script.StateLeaderElected,
	script.StateElectionSingle,
	script.StateElectionDisputed,
	script.StateSplitVote,
	script.StateElectionByPreVote,
	script.StatePreVoteInVain,
	script.StateElectionByTransfer,
	script.StateTransferInVain,
	script.StateElectionForced,
	script.StateTermChanges,
	script.StateMinorityLeaderStepsDown,
	script.StateQuorumLost,
	script.StateReplicasInStep,
	script.StateRepairedAtOnce,
	script.StateRepairedInSteps,
	script.StateWindowFull,
	script.StateLogsDiverge,
	script.StateLogsDivergeOverTerms,
	script.StateConflictTruncated,
	script.StateEarlierTermCommitted,
	script.StatePartitionWithWrites,
	script.StateSnapshotInstalled,
	script.StateLogCompacted,
	script.StateLearnerAdded,
	script.StateLearnerPromoted,
	script.StateSingleChange,
	script.StateJointConfiguration,
	script.StateJointLeft,
	script.StateMemberRemoved,
	script.StateLeaderRemoved,
	script.StateConfigurationRolledBack,
	script.StateTermChangesDuringJoin,
	script.StateJoinerLeads,
	script.StateWipedNodeReturns,
	script.StateReadThroughLog,
	script.StateReadAtLeader,
	script.StateReadAtFollower,
	script.StateReadByLease,
	script.StateReadRefused,
	script.StateCrashWhenIdle,
	script.StateCrashWithUnsynced,
	script.StateCrashBeforeVoteSynced,
	script.StateCrashAmidSnapshot,
	script.StateLeaderCrashed,
	script.StateLeaderCrashedUncommitted,
	script.StateCandidateCrashed,
	script.StateQuorumDown,
	script.StateAllDown,
	script.StateRestartCatchesUp,
	script.StateRetryDeduplicated,
	script.StateTurnedAway,
	script.StateSessionExpired,
	script.StateHaltedByDisk,
	script.StateDamageRefused,
}

// states notices the states that a run comes through. It is called where something changes, which is seldom,
// so that events that change nothing cost nothing.
type states struct {
	r       *Run
	reached StateSet
	// candidate and led say whether the highest term has had a candidate and a leader.
	candidate, led bool
	// candidates counts those that stood in the highest term.
	candidates int
	// parted says that some two nodes cannot hear each other.
	parted bool
}

// past is what has to be remembered of a node.
type past struct {
	// minority says that the node leads, and was kept from a majority while it did.
	minority bool
	// inherited is the last entry of earlier terms that the node, which leads, had and that was not known to be
	// committed when it was elected; 0 for none.
	inherited raft.Index
	// missed is what was committed when the node went down, known what was when it came back; equal when nothing
	// was committed meanwhile.
	missed, known raft.Index
}

func (s *states) init(r *Run) { s.r = r }

func (s *states) reach(st state) { s.reached[st/64] |= 1 << (st % 64) }

// has says whether a state was reached already, so that it need not be looked for.
func (s *states) has(st state) bool { return s.reached[st/64]&(1<<(st%64)) != 0 }

// StateSet is some of the states of [script.States].
type StateSet [2]uint64

// Names returns the names of the states in the set, in a fixed order.
func (s StateSet) Names() []string {
	var names []string
	for i, name := range stateNames {
		if s[i/64]&(1<<(i%64)) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// Has says whether the state of that name is in the set.
func (s StateSet) Has(name string) bool {
	for i, n := range stateNames {
		if n == name {
			return s[i/64]&(1<<(i%64)) != 0
		}
	}
	return false
}

// termBegins is told before a node is the first to reach a term.
func (s *states) termBegins() {
	if s.candidate && !s.led {
		s.reach(stateSplitVote)
	}
	if s.r.members.joining() && s.led {
		s.reach(stateTermChangesDuringJoin)
	}
	s.candidate, s.led, s.candidates = false, false, 0
}

// committed is told before a node is the first to know a commit index.
func (s *states) committed(*node) {
	if s.parted {
		s.reach(statePartitionWithWrites)
	}
}

// roleChanged is told of a node whose role or term is another than it was.
func (s *states) roleChanged(n *node, was *raft.Status) {
	now := &n.seen
	n.led.take(now.Role == raft.Leader, s.r.world.Now())
	if was.Role == raft.Leader && now.Term > was.Term {
		s.reach(stateTermChanges)
		if n.past.minority && now.Role == raft.Follower {
			s.reach(stateMinorityLeaderStepsDown)
		}
	}
	if was.Role == raft.Leader && now.Role == raft.Follower && now.Term == was.Term && n.view != nil && !n.view.Configuration().Voter(n.id) {
		s.reach(stateLeaderRemoved)
	}
	n.past.minority, n.past.inherited = false, 0
	s.stood(n, was)
	switch now.Role {
	case raft.Candidate:
		s.candidate = s.candidate || now.Term == s.r.term
	case raft.Leader:
		s.reach(stateLeaderElected)
		if n.wiped || int(n.id) > s.r.scenario.Cluster.Nodes {
			s.reach(stateJoinerLeads)
		}
		s.led = s.led || now.Term == s.r.term
		s.elected(n)
	}
}

// elected looks at what a new leader finds.
func (s *states) elected(n *node) {
	n.past.minority = s.parted && s.reachable(n.id) < s.r.members.majority()
	last := n.seen.LastIndex
	if last > 0 && n.seen.LastTerm == n.seen.Term {
		last-- // the entry that starts its own term
	}
	if last > s.r.commit {
		n.past.inherited = last
	}
	s.compareLogs(n)
}

// compareLogs compares every log with a new leader's, from the end down to where they agree.
func (s *states) compareLogs(leader *node) {
	if leader.view == nil {
		return
	}
	var first raft.Term // of an entry that no leader's log has
	for i := range s.r.nodes[1:] {
		n := &s.r.nodes[i+1]
		if n == leader || n.view == nil {
			continue
		}
		common := min(n.seen.LastIndex, leader.seen.LastIndex)
		fork, floor := common, max(n.seen.Base, leader.seen.Base)
		for fork > floor && termAt(n.view, fork) != termAt(leader.view, fork) {
			fork--
		}
		if fork == common || fork < floor {
			continue
		}
		s.reach(stateLogsDiverge)
		for k := fork + 1; k <= n.seen.LastIndex; k++ {
			term := termAt(n.view, k)
			if first == 0 {
				first = term
			}
			if term != first {
				s.reach(stateLogsDivergeOverTerms)
				break
			}
		}
	}
}

// termAt is the term of an entry that the log has.
func termAt(v view, i raft.Index) raft.Term {
	if e := v.Entries(i, i); len(e) == 1 {
		return e[0].Term
	}
	return 0
}

// advanced is told whenever something of a node has changed.
func (s *states) advanced(n *node) {
	p := &n.past
	if p.inherited != 0 && n.seen.Commit >= p.inherited {
		p.inherited = 0
		s.reach(stateEarlierTermCommitted)
	}
	if n.seen.Commit == s.r.commit && s.r.commit > 0 && n.seen.LastIndex == s.r.commit && !s.has(stateReplicasInStep) {
		s.inStep()
	}
	if p.known > p.missed && n.seen.Applied > p.missed {
		p.known = p.missed
		s.reach(stateRestartCatchesUp)
	}
}

func (s *states) booted(n *node) {
	if n.boot > 1 {
		n.past.known = s.r.commit
	}
}

func (s *states) stopped(n *node) {
	if n.seen.Role == raft.Leader && n.seen.Term == s.r.term {
		s.reach(stateLeaderCrashed)
	}
	s.crashed(n)
	n.led.take(false, s.r.world.Now())
	n.classes = classes{}
	n.past = past{missed: s.r.commit, known: s.r.commit}
}

// gaveUp is told of a node whose disk gave it cause to end, while it ran or when it was to boot.
func (s *states) gaveUp(n *node) {
	if n.up {
		s.reach(stateHaltedByDisk)
	} else {
		s.reach(stateDamageRefused)
	}
}

// linksChanged is told after cuts and partitions have begun or ended.
func (s *states) linksChanged() {
	w := s.r.world
	s.parted = false
	for a := range s.r.nodes[1:] {
		for b := range a {
			from, to := raft.NodeID(a+1), raft.NodeID(b+1)
			if !s.r.members.voter(from) || !s.r.members.voter(to) {
				continue
			}
			s.parted = s.parted || !w.Connected(from, to) && !w.Connected(to, from)
		}
	}
	for i := range s.r.nodes[1:] {
		if n := &s.r.nodes[i+1]; n.up && n.seen.Role == raft.Leader && s.reachable(n.id) < s.r.members.majority() {
			n.past.minority = true
		}
	}
}

// membersChanged is told after another configuration was committed than was.
func (s *states) membersChanged(was *raft.Configuration) {
	s.reconfigured(was)
	for _, v := range s.r.members.config.Voters {
		if memberOf(was.Learners, v.ID) != nil {
			s.reach(stateLearnerPromoted)
		}
		if n := &s.r.nodes[v.ID]; n.wiped && int(v.ID) <= s.r.scenario.Cluster.Nodes && v.Incarnation != raft.FirstIncarnation {
			s.reach(stateWipedNodeReturns)
		}
	}
}

// logMoved is told of a node whose log begins elsewhere than it did, or whose configuration is another.
func (s *states) logMoved(n *node, was *raft.Status) {
	if n.fresh {
		return // as read from disk
	}
	now := &n.seen
	switch {
	case now.Base > was.LastIndex:
		s.reach(stateSnapshotInstalled)
	case now.Base > was.Base:
		s.reach(stateLogCompacted)
	}
	if now.ConfigurationIndex < was.ConfigurationIndex {
		s.reach(stateConfigurationRolledBack)
	}
	s.memberships(n, was)
}

// reachable counts the voters that a node can talk with, itself included.
func (s *states) reachable(id raft.NodeID) int {
	k := 0
	if s.r.members.voter(id) {
		k++
	}
	for i := range s.r.nodes[1:] {
		other := raft.NodeID(i + 1)
		if other != id && s.r.members.voter(other) && s.r.world.Connected(id, other) && s.r.world.Connected(other, id) {
			k++
		}
	}
	return k
}
