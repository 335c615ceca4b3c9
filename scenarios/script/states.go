package script

import "raftsim/checker"

// State is something a run can come through: what `sometimes` can ask for, and what a sweep counts, so that it shows what
// was not tested.
type State struct {
	// Name is how files write it.
	Name string
	// Group is what it is about, one of [StateGroups].
	Group string
	// Meaning says in one line when it was reached.
	Meaning string
}

// Names of the states; [States] says what they mean.
const (
	StateLeaderElected           = "leader-elected"
	StateElectionSingle          = "election-single"
	StateElectionDisputed        = "election-disputed"
	StateSplitVote               = "split-vote"
	StateElectionByPreVote       = "election-by-pre-vote"
	StatePreVoteInVain           = "pre-vote-in-vain"
	StateElectionByTransfer      = "election-by-transfer"
	StateTransferInVain          = "transfer-in-vain"
	StateElectionForced          = "election-forced"
	StateTermChanges             = "term-changes"
	StateMinorityLeaderStepsDown = "minority-leader-steps-down"
	StateQuorumLost              = "quorum-lost"

	StateReplicasInStep       = "replicas-in-step"
	StateRepairedAtOnce       = "repaired-at-once"
	StateRepairedInSteps      = "repaired-in-steps"
	StateWindowFull           = "window-full"
	StateLogsDiverge          = "logs-diverge"
	StateLogsDivergeOverTerms = "logs-diverge-over-terms"
	StateConflictTruncated    = "conflict-truncated"
	StateEarlierTermCommitted = "earlier-term-committed"
	StatePartitionWithWrites  = "partition-with-writes"
	StateSnapshotInstalled    = "snapshot-installed"
	StateLogCompacted         = "log-compacted"

	StateLearnerAdded            = "learner-added"
	StateLearnerPromoted         = "learner-promoted"
	StateSingleChange            = "single-change"
	StateJointConfiguration      = "joint-configuration"
	StateJointLeft               = "joint-left"
	StateMemberRemoved           = "member-removed"
	StateLeaderRemoved           = "leader-removed"
	StateConfigurationRolledBack = "configuration-rolled-back"
	StateTermChangesDuringJoin   = "term-changes-during-join"
	StateJoinerLeads             = "joiner-leads"
	StateWipedNodeReturns        = "wiped-node-returns"

	StateReadThroughLog = "read-through-log"
	StateReadAtLeader   = "read-at-leader"
	StateReadAtFollower = "read-at-follower"
	StateReadByLease    = "read-by-lease"
	StateReadRefused    = "read-refused"

	StateCrashWhenIdle            = "crash-when-idle"
	StateCrashWithUnsynced        = "crash-with-unsynced"
	StateCrashBeforeVoteSynced    = "crash-before-vote-synced"
	StateCrashAmidSnapshot        = "crash-amid-snapshot"
	StateLeaderCrashed            = "leader-crashed"
	StateLeaderCrashedUncommitted = "leader-crashed-uncommitted"
	StateCandidateCrashed         = "candidate-crashed"
	StateQuorumDown               = "quorum-down"
	StateAllDown                  = "all-down"
	StateRestartCatchesUp         = "restart-catches-up"
	StateHaltedByDisk             = "halted-by-disk"
	StateDamageRefused            = "damage-refused"

	StateRetryDeduplicated = "retry-deduplicated"
	StateTurnedAway        = "turned-away"
	StateSessionExpired    = "session-expired"
)

// Groups of states.
const (
	groupElections   = "elections"
	groupReplication = "replication"
	groupMembership  = "membership"
	groupReads       = "reads"
	groupCrashes     = "crashes"
	groupClients     = "clients"
)

// StateGroups returns the groups of states in the order in which they are told. The caller owns the slice.
func StateGroups() []string {
	return []string{groupElections, groupReplication, groupMembership, groupReads, groupCrashes, groupClients}
}

// States returns the states that `sometimes` knows, group by group. The caller owns the slice.
func States() []State {
	return []State{
		{StateLeaderElected, groupElections, "a node became leader"},
		{StateElectionSingle, groupElections, "a node became leader in a term in which nobody else had stood"},
		{StateElectionDisputed, groupElections, "a node became leader in a term in which others had stood as well"},
		{StateSplitVote, groupElections, "a term had a candidate, and no leader before the next term began"},
		{StateElectionByPreVote, groupElections, "a node became leader that had asked first whether it could win"},
		{StatePreVoteInVain, groupElections, "a node that asked whether it could win became a follower again without having stood"},
		{StateElectionByTransfer, groupElections, "a node became leader because the one before handed over to it"},
		{StateTransferInVain, groupElections, "a node that was handed leadership stood for election and did not win"},
		{StateElectionForced, groupElections, "a node became leader after the scenario had fired its timer"},
		{StateTermChanges, groupElections, "a leader came to a higher term than the one it led"},
		{StateMinorityLeaderStepsDown, groupElections, "a leader that was kept from a majority became a follower of a higher term"},
		{StateQuorumLost, groupElections, "a leader stepped down in its own term because it had not heard of a majority"},

		{StateReplicasInStep, groupReplication, "all voters were up, and each knew the same last entry to be committed"},
		{StateRepairedAtOnce, groupReplication, "a follower refused entries, and took those that it was sent next"},
		{StateRepairedInSteps, groupReplication, "a follower refused entries at two or more places, each further down, before it took any"},
		{StateWindowFull, groupReplication, "a leader kept entries back until a follower had acknowledged earlier ones"},
		{StateLogsDiverge, groupReplication, "a new leader's log and another one had different entries at the same index"},
		{StateLogsDivergeOverTerms, groupReplication, "what a log had that a new leader's lacks was of several terms (Raft paper, Figure 7)"},
		{StateConflictTruncated, groupReplication, "a follower took entries out of its log because the leader's differ"},
		{StateEarlierTermCommitted, groupReplication, "a leader committed an entry of an earlier term that nobody knew to be committed (Raft paper §5.4.2)"},
		{StatePartitionWithWrites, groupReplication, "an entry was committed while some nodes could not hear each other"},
		{StateSnapshotInstalled, groupReplication, "a snapshot of a leader's took the place of a node's log"},
		{StateLogCompacted, groupReplication, "a node dropped a part of its log that a snapshot stands for"},

		{StateLearnerAdded, groupMembership, "a node became a learner"},
		{StateLearnerPromoted, groupMembership, "a node that was a learner became a voter"},
		{StateSingleChange, groupMembership, "a configuration was committed that differs in one voter from the one before, none of them joint"},
		{StateJointConfiguration, groupMembership, "a configuration was in force in which two majorities have to agree"},
		{StateJointLeft, groupMembership, "a node went on from a joint configuration to the one after it"},
		{StateMemberRemoved, groupMembership, "a node was no member any more"},
		{StateLeaderRemoved, groupMembership, "a leader stepped down because it was no voter any more"},
		{StateConfigurationRolledBack, groupMembership, "a node went back to an earlier configuration because the change was cut off its log"},
		{StateTermChangesDuringJoin, groupMembership, "a later term began while somebody was about to join"},
		{StateJoinerLeads, groupMembership, "a node led that was no member when the cluster began, or not with that disk"},
		{StateWipedNodeReturns, groupMembership, "a node whose disk was erased was a voter again"},

		{StateReadThroughLog, groupReads, "a get was answered that had an entry of its own"},
		{StateReadAtLeader, groupReads, "a leader answered a get at an index it had confirmed (reads: index)"},
		{StateReadAtFollower, groupReads, "a node that did not lead answered a get at an index it had asked for"},
		{StateReadByLease, groupReads, "a get was answered sooner than a leader could have asked others (reads: lease)"},
		{StateReadRefused, groupReads, "a get was refused because nobody could tell who leads (reads: index or lease)"},

		{StateCrashWhenIdle, groupCrashes, "a node crashed that had everything on its disk and nothing left to commit or apply"},
		{StateCrashWithUnsynced, groupCrashes, "a node crashed with entries that were not on its disk"},
		{StateCrashBeforeVoteSynced, groupCrashes, "a node crashed between a vote and its sync"},
		{StateCrashAmidSnapshot, groupCrashes, "a node crashed after a part of a leader's snapshot had come, and before it was in place"},
		{StateLeaderCrashed, groupCrashes, "a node crashed while it led the highest term"},
		{StateLeaderCrashedUncommitted, groupCrashes, "a node crashed while it led the highest term and had entries that were not committed"},
		{StateCandidateCrashed, groupCrashes, "a node crashed while it stood for election"},
		{StateQuorumDown, groupCrashes, "so many voters were down that no majority was left"},
		{StateAllDown, groupCrashes, "no node was up any more"},
		{StateRestartCatchesUp, groupCrashes, "a node that was restarted applied an entry committed while it was down"},
		{StateHaltedByDisk, groupCrashes, "a node that ran ended because its disk was full or failed to write"},
		{StateDamageRefused, groupCrashes, "a node did not boot from a disk that had rotted, or was still full or failing"},

		{StateRetryDeduplicated, groupClients, "a request that was applied before was in the log again and took no effect"},
		{StateTurnedAway, groupClients, "a leader that could take no more, or was handing over, told a client to ask again"},
		{StateSessionExpired, groupClients, "a client came back to a session that had expired"},
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
