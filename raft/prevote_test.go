package raft_test

import (
	"testing"
	"time"

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
	c.now += electionMin
	c.timeout(2)
	require.Equal(t, raft.PreCandidate, c.core(2).Role())
	require.Equal(t, raft.None, c.core(2).Leader(), "it has given up on n1")
	c.deliver(filter{from: 2, to: 3})
	c.beat(1)
	c.deliver(filter{from: 1, to: 2})
	require.Equal(t, raft.Follower, c.core(2).Role())
	require.True(t, c.one(filter{from: 3, to: 2}).PreVoteReply.Granted)
	c.step(preVoteReply(3, 2, 1, c.now))
	require.Equal(t, raft.Follower, c.core(2).Role(), "late promises count for nothing")
}

// preVoteReply is a promise.
func preVoteReply(from, to raft.NodeID, term raft.Term, asked time.Duration) *raft.Message {
	return &raft.Message{Kind: raft.MsgPreVoteReply, From: from, To: to, Term: term, PreVoteReply: raft.PreVoteReply{Granted: true, Asked: asked}}
}

func TestEveryAttemptNeedsAMajorityOfItsOwn(t *testing.T) {
	c := newPreVoting(t, 5)
	c.timeout(1)
	c.step(preVoteReply(2, 1, 0, c.now))
	c.now += electionMin
	c.timeout(1)
	c.step(preVoteReply(3, 1, 0, c.now))
	c.step(preVoteReply(3, 1, 0, c.now))
	require.Equal(t, raft.PreCandidate, c.core(1).Role(), "n2 promised for the attempt before, n3 but once")
	c.step(preVoteReply(4, 1, 0, c.now))
	require.Equal(t, raft.Candidate, c.core(1).Role())
}

func TestVotesAreNoPromises(t *testing.T) {
	c := newPreVoting(t, 3)
	c.timeout(1)
	c.step(preVoteReply(2, 1, 0, c.now))
	c.persist(1)
	require.Equal(t, raft.Candidate, c.core(1).Role())
	c.now += electionMin
	c.timeout(1)
	c.step(voteReply(2, 1, 1, true))
	require.Equal(t, raft.PreCandidate, c.core(1).Role(), "nor do they elect it any more")
	require.Equal(t, raft.Term(1), c.status(1).Term)
}

// Who has just voted for somebody does not stand against it with the promises it had asked for before.
func TestAPreCandidateThatVotesFollows(t *testing.T) {
	c := newTunedCluster(t, func(c *raft.Config) { c.PreVote = true }, disk(raft.HardState{Term: 1}), raft.Restored{}, raft.Restored{})
	c.timeout(1)
	c.step(voteRequest(2, 1, 1, 0, 0))
	require.Equal(t, raft.Follower, c.core(1).Role())
	require.Equal(t, raft.NodeID(2), c.status(1).Vote)
	c.step(preVoteReply(3, 1, 1, c.now))
	require.Equal(t, raft.Follower, c.core(1).Role())
	require.Equal(t, raft.Term(1), c.status(1).Term)
}

// A promise is good for the attempt it was asked for in. What was promised while there was no leader must not
// depose the one that has come since.
func TestAPromiseOfAnEarlierAttemptDoesNotCount(t *testing.T) {
	c := newPreVoting(t, 3)
	c.preElect(1)
	c.now += electionMin // n1 is silent for a while
	c.timeout(3)
	c.take(filter{from: 3, to: 1})
	c.deliver(filter{from: 3, to: 2})
	late := c.one(filter{from: 2, to: 3, kind: raft.MsgPreVoteReply})
	require.True(t, late.PreVoteReply.Granted)
	c.beat(1)
	c.settle(c.all()...)
	require.Equal(t, raft.Follower, c.core(3).Role(), "n1 is heard again")

	c.now += electionMin
	c.timeout(3)
	c.step(late)
	require.Equal(t, raft.PreCandidate, c.core(3).Role())
	c.deliver(filter{from: 3, to: 2})
	c.deliver(filter{from: 2, to: 3})
	require.Equal(t, raft.Candidate, c.core(3).Role(), "unlike the promise of this attempt")
}

// §9.6: asking disturbs nobody, not even from a later term. n3 got there because its votes were lost on the way.
func TestAskingInALaterTermDoesNotDeposeALeader(t *testing.T) {
	c := newPreVoting(t, 3)
	c.preElect(1)
	c.crash(3)
	c.nodes[3].disk.HardState = raft.HardState{Term: 2, Vote: 3}
	c.restart(3)
	c.timeout(3)
	c.deliver(filter{from: 3})
	require.Equal(t, raft.Leader, c.core(1).Role())
	require.Equal(t, raft.Term(1), c.status(1).Term)
	require.Equal(t, raft.Term(1), c.status(2).Term)
	require.Equal(t, raft.NodeID(1), c.core(2).Leader())

	// It is not lost for good: the leader speaks to it, and learns of the term.
	c.beat(1)
	c.settle(c.all()...)
	require.Equal(t, raft.Term(2), c.status(1).Term)
	c.now += electionMin
	c.preElect(1)
	require.Equal(t, raft.NodeID(1), c.core(3).Leader())
	require.Equal(t, raft.Term(3), c.status(3).Term)
}

// A clock that was set back cannot tell how long a leader has been silent. It must not keep a leader that is dead alive.
func TestAClockThatWasSetBackKeepsNobodyFromWinning(t *testing.T) {
	c := newTunedCluster(t, func(c *raft.Config) { c.PreVote, c.CheckQuorum = true, true }, make([]raft.Restored, 3)...)
	c.now = time.Hour
	c.preElect(1)
	c.crash(1)
	c.now = time.Minute
	c.timeout(3)
	c.settle(2, 3)
	require.Equal(t, raft.Leader, c.core(3).Role())
}

// Nor does a leader's own clock: it does not know any more who has heard of it.
func TestALeaderWhoseClockWasSetBackListensToOthers(t *testing.T) {
	c := newTunedCluster(t, func(c *raft.Config) { c.PreVote, c.CheckQuorum = true, true }, make([]raft.Restored, 3)...)
	c.now = time.Hour
	c.preElect(1)
	c.now = time.Minute
	c.timeout(1) // looks whether it still has a majority, and shall look again in an election timeout
	due, _ := c.core(1).Deadlines()
	require.Equal(t, time.Minute+electionMin, due)
	c.timeout(3)
	c.settle(1, 3)
	require.Equal(t, raft.Leader, c.core(3).Role())
}
