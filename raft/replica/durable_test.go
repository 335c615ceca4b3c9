package replica_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
)

// Raft paper Figure 2: "updated on stable storage before responding to RPCs".

func voteRequest(term raft.Term) raft.Message {
	return raft.Message{Kind: raft.MsgRequestVote, Term: term, RequestVote: raft.RequestVote{LastIndex: 9, LastTerm: term}}
}

func TestAVoteLeavesOnceTheDiskHasIt(t *testing.T) {
	n := start(t, nil)
	n.receive(2, voteRequest(3))
	require.Len(t, n.disk.flying, 1)
	require.Empty(t, n.sent)
	n.endSync(nil)
	replies := n.took(raft.MsgVoteReply)
	require.Len(t, replies, 1)
	require.True(t, replies[0].VoteReply.Granted)
	require.Equal(t, raft.NodeID(2), replies[0].To)
	require.Equal(t, raft.HardState{Term: 3, Vote: 2}, n.reboot().Core().Status().DurableHard)
}

// What a node was born as goes before anything it does.
func TestWhatANodeWasBornAsIsOnTheDiskBeforeItsFirstVote(t *testing.T) {
	n := env(t, &disk{}, with(nil)).boot()
	require.Len(t, n.disk.flying, 2, "the file and its name")
	n.receive(2, voteRequest(3))
	require.Len(t, n.disk.flying, 2, "the vote waits for them")
	n.endSync(nil)
	n.endSync(nil)
	require.Empty(t, n.sent)
	require.Len(t, n.disk.flying, 1)
	n.endSync(nil)
	require.Len(t, n.took(raft.MsgVoteReply), 1)
}

func TestACandidateAsksOnceTheDiskHasItsOwnVote(t *testing.T) {
	n := start(t, nil)
	n.Timer(replica.TimerElection)
	require.Empty(t, n.sent)
	n.sync()
	require.Len(t, n.took(raft.MsgRequestVote), 2)
}

func TestAnAcknowledgementLeavesOnceTheDiskHasItsEntries(t *testing.T) {
	n := startFollower(t, nil)
	n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Entries: []raft.Entry{noop(2, 1), noop(3, 1)}})
	require.Empty(t, n.sent)
	n.sync()
	replies := n.took(raft.MsgAppendReply)
	require.Len(t, replies, 1)
	require.True(t, replies[0].AppendReply.Success)
	require.Equal(t, raft.Index(3), replies[0].AppendReply.Match)
	require.Equal(t, raft.Index(3), n.reboot().Core().Status().LastIndex)
}

// Raft dissertation §10.2.1: a leader may send entries while it writes them, but counts itself only after.
func TestALeaderCountsItselfOnceTheDiskHasItsEntries(t *testing.T) {
	n := startLeader(t, nil)
	n.request(1, kv.Put, "k", "v")
	require.Len(t, n.took(raft.MsgAppendEntries), 2, "followers write at the same time")
	n.sync()
	require.Empty(t, n.answered(), "one of three")

	n.request(2, kv.Put, "k", "v")
	n.acknowledge(2, 3)
	require.Equal(t, []answer{says(1, kv.OK, 1, kv.Result{})}, n.answered(), "of entry 3 the leader itself is missing")
	n.sync()
	require.Equal(t, []answer{says(2, kv.OK, 1, kv.Result{})}, n.answered())
}

// A disk whose sync failed may have dropped the bytes and report success the next time.
func TestAFailedSyncEndsTheNode(t *testing.T) {
	n := start(t, nil)
	n.receive(2, voteRequest(3))
	n.endSync(errDisk)
	require.ErrorIs(t, n.halted, errDisk)
	require.ErrorContains(t, n.halted, firstSegment)
	require.Empty(t, n.sent, "the vote was never given")
}

func TestAFailedSyncOfTheFolderEndsTheNode(t *testing.T) {
	n := env(t, &disk{}, with(nil)).boot()
	n.receive(2, voteRequest(3))
	n.endSync(nil)
	n.endSync(errDisk)
	require.ErrorIs(t, n.halted, errDisk)
	require.Empty(t, n.sent)
}

func TestAFailedSyncOfALeaderAnswersNobody(t *testing.T) {
	n := startLeader(t, nil)
	n.request(1, kv.Put, "k", "v")
	n.acknowledge(2, 2)
	n.forget()
	n.endSync(errDisk)
	require.ErrorIs(t, n.halted, errDisk)
	require.Empty(t, n.answers, "the client cannot be told anything")
	require.Empty(t, n.sent)
	require.Empty(t, n.lines)
	require.Empty(t, n.calls, "no timer is armed for a node that is gone")
}

func TestAFailedWriteEndsTheNodeBeforeAnythingLeaves(t *testing.T) {
	n := startLeader(t, nil)
	n.disk.failing = "append"
	n.request(1, kv.Put, "k", "v")
	require.ErrorIs(t, n.halted, errDisk)
	require.Empty(t, n.sent, "not even to followers, whom it could go to before it is written")
	require.Empty(t, n.answers)
	require.Empty(t, n.calls)
}

func TestAWriteThatFailsOnceTheSyncBeforeItHasEndedEndsTheNode(t *testing.T) {
	n := startLeader(t, nil)
	n.request(1, kv.Put, "k", "v")
	n.request(2, kv.Put, "k", "w") // waits for the sync of the first
	n.acknowledge(2, 3)
	n.forget()
	n.disk.failing = "append"
	n.endSync(nil)
	require.ErrorIs(t, n.halted, errDisk)
	require.Empty(t, n.answers)
	require.Empty(t, n.sent)
}

func TestAFileThatCannotBeMadeEndsTheNode(t *testing.T) {
	n := startLeader(t, func(o *replica.Options) { o.SegmentBytes = 1 })
	n.disk.failing = "create"
	n.request(1, kv.Put, "k", "v")
	require.ErrorIs(t, n.halted, errDisk)
	require.Empty(t, n.sent)
}

func TestSyncsOfNobodyAreIgnored(t *testing.T) {
	n := start(t, nil)
	n.receive(2, voteRequest(3))
	n.Synced(1<<63, errDisk)
	n.Synced(0, nil)
	n.Synced(99, nil)
	require.NoError(t, n.halted)
	require.Empty(t, n.sent)
	n.sync()
	require.Len(t, n.took(raft.MsgVoteReply), 1)
}
