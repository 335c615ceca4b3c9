package script

import "raftsim/checker"

// State is something a run can come through that `sometimes` can ask for.
type State struct {
	// Name is how files write it.
	Name string
	// Meaning says in one line when it was reached.
	Meaning string
}

// Names of the states; [States] says what they mean.
const (
	StateLeaderElected           = "leader-elected"
	StateTermChanges             = "term-changes"
	StateSplitVote               = "split-vote"
	StateMinorityLeaderStepsDown = "minority-leader-steps-down"
	StateLogsDiverge             = "logs-diverge"
	StateLogsDivergeOverTerms    = "logs-diverge-over-terms"
	StateConflictTruncated       = "conflict-truncated"
	StateEarlierTermCommitted    = "earlier-term-committed"
	StateLeaderCrashed           = "leader-crashed"
	StatePartitionWithWrites     = "partition-with-writes"
	StateRestartCatchesUp        = "restart-catches-up"
	StateRetryDeduplicated       = "retry-deduplicated"
	StateSnapshotInstalled       = "snapshot-installed"
	StateLogCompacted            = "log-compacted"
	StateLearnerPromoted         = "learner-promoted"
	StateJoinerLeads             = "joiner-leads"
	StateJointConfiguration      = "joint-configuration"
	StateLeaderRemoved           = "leader-removed"
	StateConfigurationRolledBack = "configuration-rolled-back"
	StateTermChangesDuringJoin   = "term-changes-during-join"
	StateWipedNodeReturns        = "wiped-node-returns"
	StateTurnedAway              = "turned-away"
	StateSessionExpired          = "session-expired"
	StateHaltedByDisk            = "halted-by-disk"
	StateDamageRefused           = "damage-refused"
)

// States returns the states that `sometimes` knows. The caller owns the slice.
func States() []State {
	return []State{
		{StateLeaderElected, "a node became leader"},
		{StateTermChanges, "a leader came to a higher term than the one it led"},
		{StateSplitVote, "a term had a candidate, and no leader before the next term began"},
		{StateMinorityLeaderStepsDown, "a leader that was kept from a majority became a follower of a higher term"},
		{StateLogsDiverge, "a new leader's log and another one had different entries at the same index"},
		{StateLogsDivergeOverTerms, "what a log had that a new leader's lacks was of several terms (Raft paper, Figure 7)"},
		{StateConflictTruncated, "a follower took entries out of its log because the leader's differ"},
		{StateEarlierTermCommitted, "a leader committed an entry of an earlier term that nobody knew to be committed (Raft paper §5.4.2)"},
		{StateLeaderCrashed, "a node crashed while it led the highest term"},
		{StatePartitionWithWrites, "an entry was committed while some nodes could not hear each other"},
		{StateRestartCatchesUp, "a node that was restarted applied an entry committed while it was down"},
		{StateRetryDeduplicated, "a request that was applied before was in the log again and took no effect"},
		{StateSnapshotInstalled, "a snapshot of a leader's took the place of a node's log"},
		{StateLogCompacted, "a node dropped a part of its log that a snapshot stands for"},
		{StateLearnerPromoted, "a node that was a learner became a voter"},
		{StateJoinerLeads, "a node led that was no member when the cluster began, or not with that disk"},
		{StateJointConfiguration, "a configuration was in force in which two majorities have to agree"},
		{StateLeaderRemoved, "a leader stepped down because it was no voter any more"},
		{StateConfigurationRolledBack, "a node went back to an earlier configuration because the change was cut off its log"},
		{StateTermChangesDuringJoin, "a later term began while somebody was about to join"},
		{StateWipedNodeReturns, "a node whose disk was erased was a voter again"},
		{StateTurnedAway, "a leader that could take no more, or was handing over, told a client to ask again"},
		{StateSessionExpired, "a client came back to a session that had expired"},
		{StateHaltedByDisk, "a node that ran ended because its disk was full or failed to write"},
		{StateDamageRefused, "a node did not boot from a disk that had rotted, or was still full or failing"},
	}
}

func stateNames() []string {
	var names []string
	for _, s := range States() {
		names = append(names, s.Name)
	}
	return names
}

// Properties that are judged over a run and not by the checker after every event. Verdicts
// and `violates` name them.
const (
	// Linearizability is `history: linearizable`.
	Linearizability = "linearizability"
	// ReplicasAgree is `replicas: identical`.
	ReplicasAgree = "replicas-identical"
	// LeaderPresent is `leader: elected`, by a time or within terms.
	LeaderPresent = "leader-elected"
	// MembersAgree is `members`.
	MembersAgree = "members"
	// CountsHold is a comparison of commits, elections, terms, rpcs or bytes.
	CountsHold = "counts"
	// Progress is that the cluster commits again within a bound once faults have ceased; with `liveness`, that a quorum which alone
	// is healed finishes all it owes.
	Progress = "progress"
	// NoPanic is that no process under test panics or refuses to boot.
	NoPanic = "no-panic"
)

// Properties returns every property that `violates` knows: those of [checker.Properties], then
// those judged over a run. The caller owns the slice.
func Properties() []string {
	return append(checker.Properties(),
		Linearizability, ReplicasAgree, LeaderPresent, MembersAgree, CountsHold, Progress, NoPanic)
}
