package raft_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// Dissertation §3.10.
func TestLeadershipIsHandedOver(t *testing.T) {
	c := newTunedCluster(t, func(c *raft.Config) { c.PreVote, c.CheckQuorum = true, true }, make([]raft.Restored, 3)...)
	c.preElect(1)
	require.NoError(t, c.core(1).TransferLeadership(c.now, 2))
	c.act(1)
	c.settle(c.all()...)
	require.Equal(t, raft.Leader, c.core(2).Role(), "at once, though all hear a leader")
	require.Equal(t, raft.Follower, c.core(1).Role())
	require.Equal(t, raft.Term(2), c.status(2).Term)
}

func TestTheSuccessorGetsAllThatWasAcceptedFirst(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.propose(1, "a", "b")
	held := c.take(filter{from: 1, to: 2})
	require.NoError(t, c.core(1).TransferLeadership(c.now, 2))
	c.act(1)
	require.Empty(t, c.take(filter{kind: raft.MsgTimeoutNow}), "it lacks a and b")
	_, _, err := c.core(1).Propose([]byte("c"))
	require.ErrorIs(t, err, raft.ErrTransferring)
	for _, m := range held {
		c.step(m)
	}
	c.settle(c.all()...)
	require.Equal(t, raft.Leader, c.core(2).Role())
	require.Equal(t, "a b", c.commands(2))
}

func TestATransferThatComesToNothingEnds(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	require.NoError(t, c.core(1).TransferLeadership(c.now, 2))
	c.act(1)
	c.take(filter{}) // n2 never hears of it
	c.now += electionMax
	c.beat(1)
	c.propose(1, "a")
	c.settle(c.all()...)
	require.Equal(t, "a", c.commands(1))
}

// Timeouts so long that the clock cannot tell their end do not end a transfer before it has begun.
func TestATransferUnderEndlessTimeoutsDoesNotEnd(t *testing.T) {
	c := newTunedCluster(t, func(cfg *raft.Config) { cfg.ElectionMax = raft.Never }, make([]raft.Restored, 3)...)
	c.now = time.Second
	c.elect(1)
	require.NoError(t, c.core(1).TransferLeadership(c.now, 2))
	c.act(1)
	c.take(filter{})
	c.beat(1)
	_, _, err := c.core(1).Propose([]byte("a"))
	require.ErrorIs(t, err, raft.ErrTransferring)
}

func TestTransfersThatCannotBeAreRefused(t *testing.T) {
	c := newCluster(t, 3)
	require.ErrorIs(t, c.core(1).TransferLeadership(0, 2), raft.ErrNotLeader)
	c.elect(1)
	require.ErrorContains(t, c.core(1).TransferLeadership(0, 4), "not a member")
	var leads *raft.LeadsAlreadyError
	require.ErrorAs(t, c.core(1).TransferLeadership(0, 1), &leads)
	require.EqualError(t, leads, "raft: n1 leads already")
	require.NoError(t, c.core(1).TransferLeadership(0, 2))
	require.ErrorContains(t, c.core(1).TransferLeadership(0, 3), "being handed to n2")
}

func TestATimeoutNowOfThePastIsIgnored(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.elect(2)
	c.step(&raft.Message{Kind: raft.MsgTimeoutNow, From: 1, To: 3, Term: 1})
	require.Equal(t, raft.Follower, c.core(3).Role())
	require.Equal(t, raft.Term(2), c.status(3).Term)
}
