package raft_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// newPreVoting makes n nodes that ask before they campaign.
func newPreVoting(t testing.TB, n int) *cluster {
	return newTunedCluster(t, func(c *raft.Config) { c.PreVote = true }, make([]raft.Restored, n)...)
}

// preElect makes a node the leader by way of a pre-vote.
func (c *cluster) preElect(id raft.NodeID) {
	c.timeout(id)
	c.settle(c.all()...)
	require.Equal(c.t, raft.Leader, c.core(id).Role())
}

// Dissertation §9.6: "a candidate only increments its term if it first learns from a majority" — in our words: asking costs no term.
func TestAPreCandidateChangesNothingThatIsDurable(t *testing.T) {
	c := newPreVoting(t, 3)
	c.timeout(1)
	require.Equal(t, raft.PreCandidate, c.core(1).Role())
	require.Equal(t, raft.Term(0), c.status(1).Term)
	require.Empty(t, c.nodes[1].writes, "nothing is promised, so nothing is written")
	require.Len(t, c.take(filter{from: 1, kind: raft.MsgRequestPreVote}), 2)
}

func TestAMajorityOfPromisesStartsAnElection(t *testing.T) {
	c := newPreVoting(t, 5)
	c.timeout(1)
	requests := c.take(filter{kind: raft.MsgRequestPreVote})
	require.Len(t, requests, 4)
	c.step(requests[0])
	c.deliver(filter{kind: raft.MsgPreVoteReply})
	require.Equal(t, raft.PreCandidate, c.core(1).Role(), "two of five are no majority")
	c.step(requests[1])
	c.deliver(filter{kind: raft.MsgPreVoteReply})
	require.Equal(t, raft.Candidate, c.core(1).Role())
	require.Equal(t, raft.Term(1), c.status(1).Term)
	require.Equal(t, raft.Term(0), c.status(2).Term, "who promised has not moved")
}

func TestANodeThatWasCutOffDoesNotDeposeALeader(t *testing.T) {
	c := newPreVoting(t, 3)
	c.preElect(1)
	for range 10 { // n3 hears nobody
		c.now += electionMax
		c.timeout(3)
		c.take(filter{from: 3})
	}
	require.Equal(t, raft.Term(1), c.status(3).Term, "its term stayed")
	c.beat(1)
	c.settle(1, 2)
	c.timeout(3) // and now it is heard
	c.settle(c.all()...)
	require.Equal(t, raft.Leader, c.core(1).Role())
	require.Equal(t, raft.Term(1), c.status(1).Term)
}

func TestAPromiseIsRefused(t *testing.T) {
	t.Run("while a leader is heard", func(t *testing.T) {
		c := newPreVoting(t, 3)
		c.preElect(1)
		c.timeout(3)
		c.deliver(filter{from: 3, to: 2})
		require.False(t, c.one(filter{from: 2, to: 3}).PreVoteReply.Granted)
		c.now += electionMin // silence for as long as the shortest timeout
		c.timeout(3)
		c.deliver(filter{from: 3, to: 2})
		require.True(t, c.one(filter{from: 2, to: 3}).PreVoteReply.Granted)
	})
	t.Run("to a log that is behind", func(t *testing.T) {
		c := newTunedCluster(t, func(c *raft.Config) { c.PreVote = true },
			disk(raft.HardState{Term: 2}, 1), disk(raft.HardState{Term: 2}, 1, 2), disk(raft.HardState{Term: 2}, 1, 2))
		c.timeout(1)
		c.settle(c.all()...)
		require.Equal(t, raft.PreCandidate, c.core(1).Role())
	})
	t.Run("for a term that has come already", func(t *testing.T) {
		c := newTunedCluster(t, func(c *raft.Config) { c.PreVote = true },
			disk(raft.HardState{Term: 1}), disk(raft.HardState{Term: 5}), disk(raft.HardState{Term: 5}))
		c.timeout(1)
		c.deliver(filter{kind: raft.MsgRequestPreVote})
		for _, m := range c.take(filter{kind: raft.MsgPreVoteReply}) {
			require.False(t, m.PreVoteReply.Granted)
			c.step(m)
		}
		require.Equal(t, raft.Term(5), c.status(1).Term, "the refusal tells the term")
		require.Equal(t, raft.Follower, c.core(1).Role())
	})
}

func TestASingleVoterNeedsNobodysPromise(t *testing.T) {
	c := newPreVoting(t, 1)
	c.timeout(1)
	require.Equal(t, raft.Candidate, c.core(1).Role())
	c.persist(1)
	require.Equal(t, raft.Leader, c.core(1).Role())
}

func TestAPreCandidateThatHearsOfALeaderFollows(t *testing.T) {
	c := newPreVoting(t, 3)
	c.preElect(1)
	c.timeout(2)
	require.Equal(t, raft.PreCandidate, c.core(2).Role())
	c.beat(1)
	c.deliver(filter{from: 1, to: 2})
	require.Equal(t, raft.Follower, c.core(2).Role())
	c.deliver(filter{kind: raft.MsgPreVoteReply})
	require.Equal(t, raft.Follower, c.core(2).Role(), "late promises count for nothing")
}
