package raft_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

func newQuorumChecking(t testing.TB, n int) *cluster {
	return newTunedCluster(t, func(c *raft.Config) { c.CheckQuorum = true }, make([]raft.Restored, n)...)
}

// Dissertation §6.2: a leader steps down when an election timeout passes without a round of heartbeats to a majority.
func TestALeaderThatHearsNoMajorityStepsDown(t *testing.T) {
	c := newQuorumChecking(t, 3)
	c.now = time.Hour
	c.timeout(1)
	c.now += electionMin / 2
	c.settle(c.all()...)
	due, _ := c.core(1).Deadlines()
	require.Equal(t, c.now+electionMin, due, "a leader looks an election timeout after it was elected")
	c.now = due
	c.timeout(1)
	require.Equal(t, raft.Follower, c.core(1).Role())
	require.Equal(t, raft.Term(1), c.status(1).Term, "in the same term")
	require.Equal(t, raft.None, c.status(1).Leader)
	_, _, err := c.core(1).Propose(nil)
	require.ErrorIs(t, err, raft.ErrNotLeader)
}

func TestALeaderThatHearsAMajorityStays(t *testing.T) {
	c := newQuorumChecking(t, 3)
	c.elect(1)
	for range 20 {
		c.now += heartbeat
		c.beat(1)
		c.settle(1, 2) // n3 is silent
		if due, _ := c.core(1).Deadlines(); due <= c.now {
			c.timeout(1)
		}
		require.Equal(t, raft.Leader, c.core(1).Role())
	}
	due, _ := c.core(1).Deadlines()
	require.Greater(t, due, c.now)
}

// A refusal is an answer as well: the logs differ, the follower is there.
func TestALeaderThatHearsRefusalsStays(t *testing.T) {
	c := newQuorumChecking(t, 3)
	c.elect(1)
	c.now += electionMin - 1
	c.step(&raft.Message{Kind: raft.MsgAppendReply, From: 2, To: 1, Term: 1})
	c.now++
	c.timeout(1)
	require.Equal(t, raft.Leader, c.core(1).Role())
}

func TestALeaderThatNeedNotCheckStays(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.now += electionMax
	c.timeout(1)
	require.Equal(t, raft.Leader, c.core(1).Role())
}

func TestALeaderWhoseTimerIsForcedEarlyStays(t *testing.T) {
	c := newQuorumChecking(t, 3)
	c.now = time.Hour
	c.timeout(1)
	c.persist(1)
	c.step(voteReply(2, 1, 1, true))
	c.timeout(1)
	require.Equal(t, raft.Leader, c.core(1).Role(), "n2 and n3 get a timeout's time to be heard of")
	c.now += electionMin / 2
	c.timeout(1)
	require.Equal(t, raft.Leader, c.core(1).Role())
}

// Dissertation §4.2.3: who has heard of a leader within the minimum election timeout does not vote, nor take over the term.
func TestWhoHearsALeaderIsDeafToCandidates(t *testing.T) {
	c := newQuorumChecking(t, 3)
	c.elect(1)
	c.timeout(3)
	c.persist(3)
	c.deliver(filter{kind: raft.MsgRequestVote})
	require.Equal(t, raft.Term(1), c.status(1).Term, "the leader itself")
	require.Equal(t, raft.Term(1), c.status(2).Term, "its follower")
	require.Equal(t, raft.Leader, c.core(1).Role())

	c.now += electionMin // silence
	c.timeout(3)
	c.persist(3)
	c.deliver(filter{from: 3, to: 2})
	require.Equal(t, raft.Term(3), c.status(2).Term)
}

// With deafness alone a node in a later term would be lost to its leader for good: what it answers frees it.
func TestADeafClusterTakesBackANodeOfALaterTerm(t *testing.T) {
	c := newQuorumChecking(t, 3)
	c.elect(1)
	c.timeout(3)
	c.persist(3)
	c.take(filter{from: 3})
	c.beat(1)
	c.settle(c.all()...)
	require.Equal(t, raft.Term(2), c.status(1).Term)
	require.Equal(t, raft.Follower, c.core(1).Role(), "the old leader learned of the term")
	c.now += electionMax
	c.timeout(1)
	c.settle(c.all()...)
	require.Equal(t, raft.Leader, c.core(1).Role())
	require.Equal(t, c.status(1).Term, c.status(3).Term)
}
