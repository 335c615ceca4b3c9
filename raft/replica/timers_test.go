package replica_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/replica"
)

func TestTimersFollowTheCoresDeadlines(t *testing.T) {
	n := start(t, nil)
	require.Equal(t, []string{"election at 1.1s"}, n.calls, "a heartbeat timer was never armed, so nothing is to be stopped")
	n.forget()

	n.now = 1100 * ms
	n.Timer(replica.TimerElection)
	require.Equal(t, []string{"election at 1.2s"}, n.calls, "an election can fail too")
	n.forget()

	n.now += 5 * ms
	n.sync()
	require.Empty(t, n.calls)
	n.receive(2, raft.Message{Kind: raft.MsgVoteReply, VoteReply: raft.VoteReply{Granted: true}})
	require.Equal(t, []string{"election stopped", "heartbeat at 1.115s"}, n.calls)
	n.forget()

	n.now += 10 * ms
	n.Timer(replica.TimerHeartbeat)
	require.Equal(t, []string{"heartbeat at 1.125s"}, n.calls)
	n.forget()

	n.heartbeat(2, 2, raft.AppendEntries{})
	require.Equal(t, []string{"election at 1.215s", "heartbeat stopped"}, n.calls)
}

func TestATimerIsNotArmedAgainForTheTimeItIsArmedFor(t *testing.T) {
	n := startFollower(t, nil)
	n.receive(3, raft.Message{Kind: raft.MsgVoteReply})
	n.receive(3, voteRequest(1))                                                     // refused
	n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1})                 // at the same time as the last
	n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: 9, PrevTerm: 1})                 // refused
	n.receive(3, raft.Message{Kind: raft.MsgReadIndex, Read: raft.ReadIndex{ID: 1}}) // refused
	require.Empty(t, n.calls)

	n.now += 30 * ms
	n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1})
	require.Equal(t, []string{"election at 1.13s"}, n.calls, "a leader was heard of")
}

// A timer may fire early, late or when it is not armed at all: the process acts on it anyway.
func TestAFiringIsObeyedWhateverTheTime(t *testing.T) {
	n := start(t, nil)
	n.Timer(replica.TimerElection)
	require.Equal(t, raft.Candidate, n.Core().Role())
	require.Equal(t, 1100*ms, n.timers[replica.TimerElection])
	require.Equal(t, []string{"election at 1.1s", "election at 1.1s"}, n.calls, "it fired, so that it has to be armed again for the same time")

	n = startLeader(t, nil)
	n.Timer(replica.TimerHeartbeat)
	require.Len(t, n.took(raft.MsgAppendEntries), 2)
	require.Equal(t, []string{"heartbeat at 1.01s"}, n.calls)
}

func TestFiringsThatMeanNothingDoNothing(t *testing.T) {
	n := startFollower(t, nil)
	n.Timer(replica.TimerHeartbeat)
	n.Timer(2)
	n.Timer(3)
	require.Empty(t, n.sent)
	require.Empty(t, n.lines)
	require.Empty(t, n.calls)

	n = startLeader(t, nil)
	n.Timer(replica.TimerElection)
	require.Equal(t, raft.Leader, n.Core().Role())
	require.Empty(t, n.sent)
	require.Empty(t, n.lines)
	require.Empty(t, n.calls)
}

func TestTimeoutsChangeAtOnce(t *testing.T) {
	n := startFollower(t, nil)
	n.SetTimeouts(replica.Timeouts{ElectionMin: 50 * ms})
	require.Equal(t, []string{"election at 1.05s"}, n.calls, "the one that is running too")
	require.Empty(t, n.lines)

	n = startLeader(t, nil)
	n.SetTimeouts(replica.Timeouts{Heartbeat: 2 * ms})
	require.Equal(t, []string{"heartbeat at 1.002s"}, n.calls)
}

func TestTimeoutsThatCannotBeLeaveAllAsItWas(t *testing.T) {
	n := startFollower(t, nil)
	n.SetTimeouts(replica.Timeouts{ElectionMax: 50 * ms, Heartbeat: 1 * ms})
	require.Equal(t, []string{"Node n1 keeps its timeouts: raft: election timeout ends at 50ms, before it begins at 100ms"}, n.lines)
	require.Empty(t, n.calls)

	n.logging = false
	n.SetTimeouts(replica.Timeouts{Heartbeat: -1})
	require.Empty(t, n.calls)
	n.now += time.Second
	n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1})
	require.Equal(t, []string{"election at 2.1s"}, n.calls)
}
