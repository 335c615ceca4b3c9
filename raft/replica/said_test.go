package replica_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/replica"
)

// A node that does not know that it counts for nothing goes on for ever: it is told of once, and again when something has changed.
func TestARefusalIsToldOnce(t *testing.T) {
	n := startFollower(t, nil)
	foreign := voteRequest(9)
	foreign.Cluster = 77
	wiped := raft.Message{Kind: raft.MsgVoteReply, Term: 9, Incarnation: 5}
	for range 3 {
		n.receive(2, wiped)
		n.receive(3, foreign)
	}
	require.Equal(t, []string{
		"Node n1 refuses RequestVoteReply of Node n2: " + raft.ErrOtherIncarnation.Error(),
		"Node n1 refuses RequestVote of Node n3: " + raft.ErrOtherCluster.Error(),
	}, n.lines)
	n.forget()

	n.receive(2, foreign)
	n.receive(2, wiped)
	require.Len(t, n.lines, 2, "other reasons")
	n.forget()
	n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Commit: 1})
	n.receive(2, wiped)
	require.Len(t, n.lines, 1, "in between it was taken in")
	n.forget()

	for id := raft.NodeID(10); id < 1000; id++ {
		n.receive(id, foreign)
	}
	require.Len(t, n.lines, 990)
}

// What a leader has its cluster move to is told, also when nobody asked for that step by itself: a learner that has caught up is promoted.
func TestPromotionsAreTold(t *testing.T) {
	n := startLeader(t, nil)
	n.forget()
	require.NoError(t, n.Reconfigure(&replica.Change{Join: []raft.NodeID{4}}))
	require.Contains(t, n.lines, "Node n1 moves to n1 n2 n3, learners n4 by entry 2")
	n.acknowledge(2, 2)
	n.forget()
	n.sync()
	n.acknowledge(4, 1)
	n.acknowledge(4, 2)
	n.acknowledge(4, 2)
	require.Contains(t, n.lines, "Node n1 moves to n1 n2 n3 n4 by entry 3")
	n.forget()
	require.NoError(t, n.Reconfigure(&replica.Change{Join: []raft.NodeID{4}}))
	require.Empty(t, n.lines, "it is so already")
}
