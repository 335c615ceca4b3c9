package replica_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
)

func TestTheLogReadsLikeTheRealOne(t *testing.T) {
	n := start(t, nil)
	n.Timer(replica.TimerElection)
	require.Equal(t, []string{"Node n1 timed out, starting election"}, n.lines)
	n.forget()

	n.sync()
	require.Equal(t, []string{
		"Node n1 sends RPC RequestVote to Node n2",
		"Node n1 sends RPC RequestVote to Node n3",
	}, n.lines, "once its vote is on the disk")
	n.forget()

	n.receive(2, raft.Message{Kind: raft.MsgVoteReply, VoteReply: raft.VoteReply{Granted: true}})
	require.Equal(t, []string{
		"Node n1 becomes leader",
		"Node n1 sends RPC AppendEntries to Node n2",
		"Node n1 sends RPC AppendEntries to Node n3",
	}, n.lines)
	n.forget()

	n.Timer(replica.TimerHeartbeat)
	require.Equal(t, []string{
		"Node n1 sends RPC AppendEntries to Node n2",
		"Node n1 sends RPC AppendEntries to Node n3",
	}, n.lines, "heartbeats are no other RPC")
	n.forget()

	n.heartbeat(2, 2, raft.AppendEntries{})
	n.sync()
	require.Len(t, n.took(raft.MsgAppendReply), 1)
	require.Equal(t, []string{"Node n1 becomes follower"}, n.lines, "replies are no calls")
}

func TestWithPreVoteACandidateAsksFirst(t *testing.T) {
	n := start(t, func(o *replica.Options) { o.PreVote = true })
	n.Timer(replica.TimerElection)
	require.Equal(t, []string{
		"Node n1 timed out, starting election",
		"Node n1 becomes pre-candidate",
		"Node n1 sends RPC RequestPreVote to Node n2",
		"Node n1 sends RPC RequestPreVote to Node n3",
	}, n.lines)
}

func TestWithCheckQuorumALeaderThatNobodyAnswersStepsDown(t *testing.T) {
	n := startLeader(t, func(o *replica.Options) { o.CheckQuorum = true })
	n.request(1, kv.Put, "k", "v")
	n.forget()
	n.now += timeouts.ElectionMax
	n.Timer(replica.TimerElection)
	require.Equal(t, []string{"Node n1 becomes follower"}, n.lines, "which is no election")
	require.Equal(t, []answer{says(1, kv.Unknown, raft.None, kv.Result{})}, n.answered())
}

func TestLeadershipIsHandedOver(t *testing.T) {
	n := startLeader(t, nil)
	require.NoError(t, n.TransferLeadership(2))
	require.Equal(t, []string{
		"Node n1 hands leadership to Node n2",
		"Node n1 sends RPC TimeoutNow to Node n2",
	}, n.lines)
	n.request(1, kv.Put, "k", "v")
	require.Equal(t, []answer{says(1, kv.Busy, 1, kv.Result{})}, n.answered(), "nothing is taken meanwhile")
	n.forget()

	require.Error(t, n.TransferLeadership(3))
	require.Len(t, n.lines, 1)
	require.Contains(t, n.lines[0], "Node n1 does not hand leadership to Node n3: raft: ")
}

func TestLeadershipThatANodeDoesNotHaveIsNotHandedOver(t *testing.T) {
	n := startFollower(t, nil)
	require.ErrorIs(t, n.TransferLeadership(3), raft.ErrNotLeader)
	require.Equal(t, []string{"Node n1 does not hand leadership to Node n3: raft: not the leader"}, n.lines)
	require.Empty(t, n.sent)
}

func TestNobodyIsWrittenTo(t *testing.T) {
	n := env(t, &disk{}, with(func(o *replica.Options) { o.PreVote, o.ReadIndex = true, true }))
	n.logging = false // Log fails the test
	n.boot()
	n.Timer(replica.TimerElection)
	n.receive(2, raft.Message{Kind: raft.MsgPreVoteReply, PreVoteReply: raft.PreVoteReply{Granted: true, Asked: n.now}, Term: 0})
	n.sync()
	n.receive(2, raft.Message{Kind: raft.MsgVoteReply, VoteReply: raft.VoteReply{Granted: true}})
	require.Equal(t, raft.Leader, n.Core().Role())
	n.SetTimeouts(replica.Timeouts{Heartbeat: -1})
	require.NoError(t, n.TransferLeadership(2))
	n.request(1, kv.Get, "k", "")
	n.Timer(replica.TimerHeartbeat)
	n.heartbeat(2, 2, raft.AppendEntries{})
	require.NotEmpty(t, n.sent)
}

// stranger is a message of some other Raft.
type stranger struct{}

func (stranger) Name() string { return "Hello" }
func (stranger) Size() int    { return 1 }
func (stranger) Release()     {}

func TestMessagesThatAreNotOneOfOursAreRefused(t *testing.T) {
	stale := voteRequest(9)
	stale.RequestVote = raft.RequestVote{}
	foreign := voteRequest(9)
	foreign.Cluster = 77
	wiped := raft.Message{Kind: raft.MsgVoteReply, Term: 9, Incarnation: 5}
	const none = "raft: the message is none that a node sends to this one"
	for what, c := range map[string]struct {
		receive func(n *node)
		line    string // "" when it is not even worth one
	}{
		"of another Raft":     {func(n *node) { n.Receive(2, stranger{}) }, ""},
		"in another's name":   {func(n *node) { m := voteRequest(9); m.From, m.To = 3, 1; n.Receive(2, &m) }, ""},
		"of another cluster":  {func(n *node) { n.receive(2, foreign) }, "RequestVote of Node n2: " + raft.ErrOtherCluster.Error()},
		"of a stranger":       {func(n *node) { n.receive(9, stale) }, "RequestVote of Node n9: " + raft.ErrNotMember.Error()},
		"of who lost a disk":  {func(n *node) { n.receive(2, wiped) }, "RequestVoteReply of Node n2: " + raft.ErrOtherIncarnation.Error()},
		"in our own name":     {func(n *node) { n.receive(1, voteRequest(9)) }, "RequestVote of Node n1: " + none},
		"to somebody else":    {func(n *node) { m := voteRequest(9); m.From, m.To = 2, 3; n.Receive(2, &m) }, "RequestVote of Node n2: " + none},
		"of no kind":          {func(n *node) { n.receive(2, raft.Message{Term: 9}) }, "message(0) of Node n2: " + none},
		"of a kind yet to be": {func(n *node) { n.receive(2, raft.Message{Kind: 200, Term: 9}) }, "message(200) of Node n2: " + none},
	} {
		t.Run(what, func(t *testing.T) {
			n := startFollower(t, nil)
			before := n.Core().Status()
			n.now += ms
			c.receive(n)
			n.sync()
			require.Equal(t, before, n.Core().Status())
			require.Empty(t, n.sent)
			require.Empty(t, n.calls)
			if c.line == "" {
				require.Empty(t, n.lines)
			} else {
				require.Equal(t, []string{"Node n1 refuses " + c.line}, n.lines)
			}

			n.logging = false // Log fails the test
			c.receive(n)
		})
	}
}

func TestAHeartbeatAllocatesNothing(t *testing.T) {
	leader := startLeader(t, nil)
	leader.logging, leader.discard = false, true
	reply := &raft.Message{Kind: raft.MsgAppendReply, From: 2, To: 1, Term: 1, Incarnation: raft.FirstIncarnation,
		AppendReply: raft.AppendReply{Success: true, Match: 1}}
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		leader.now += 10 * ms
		leader.Timer(replica.TimerHeartbeat)
		leader.Receive(2, reply)
	}), "a leader's")
	require.Zero(t, leader.Core().Noticed(), "the answers were taken")

	follower := startFollower(t, nil)
	follower.logging, follower.discard = false, true
	beat := &raft.Message{Kind: raft.MsgAppendEntries, From: 2, To: 1, Term: 1, Incarnation: raft.FirstIncarnation,
		Append: raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Commit: 1}}
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		follower.now += 10 * ms
		follower.Receive(2, beat)
	}), "a follower's")
	require.Equal(t, follower.now+timeouts.ElectionMin, follower.timers[replica.TimerElection], "the heartbeats were taken")
}
