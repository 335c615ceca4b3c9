package raft_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

func TestChangesThatCannotBeMadeAreRefused(t *testing.T) {
	c := newGrowingCluster(t, 3, 1, nil)
	require.ErrorIs(t, c.reconfigure(1, raft.Change{Remove: []raft.NodeID{3}}), raft.ErrNotLeader)
	c.elect(1)
	before := c.status(1)
	require.ErrorIs(t, c.reconfigure(1, raft.Change{Remove: []raft.NodeID{1, 2, 3}}), raft.ErrNoVoters)
	require.ErrorIs(t, c.reconfigure(1, raft.Change{Learn: []raft.NodeID{1, 2, 3}}), raft.ErrNoVoters)
	require.ErrorContains(t, c.reconfigure(1, raft.Change{Join: []raft.NodeID{raft.None}}), "nobody")
	require.ErrorContains(t, c.reconfigure(1, raft.Change{Join: []raft.NodeID{4}, Remove: []raft.NodeID{4}}), "n4 be two of voter, learner and gone")
	require.ErrorContains(t, c.reconfigure(1, raft.Change{Join: []raft.NodeID{4}, Learn: []raft.NodeID{4}}), "n4 be two of voter, learner and gone")
	require.NoError(t, c.reconfigure(1, raft.Change{Join: []raft.NodeID{2}, Remove: []raft.NodeID{9}}), "it is so already")
	require.Equal(t, before, c.status(1), "nothing has changed")

	require.NoError(t, c.reconfigure(1, raft.Change{Join: []raft.NodeID{4}}))
	require.ErrorIs(t, c.reconfigure(1, raft.Change{Remove: []raft.NodeID{3}}), raft.ErrChangeInFlight)
	require.NoError(t, c.reconfigure(1, raft.Change{Join: []raft.NodeID{4}}), "it is under way already")
	c.settle(1, 2, 3)
	require.NoError(t, c.core(1).TransferLeadership(c.now, 2))
	require.ErrorIs(t, c.reconfigure(1, raft.Change{Remove: []raft.NodeID{3}}), raft.ErrTransferring)
}

// Ongaro, "bug in single-server membership changes", raft-dev, July 2015.
func TestALeaderChangesNothingBeforeItHasCommittedInItsTerm(t *testing.T) {
	c := newCluster(t, 3)
	c.timeout(1)
	c.persist(1)
	c.deliver(filter{from: 1})
	c.persist(2)
	c.deliver(filter{from: 2, to: 1})
	require.Equal(t, raft.Leader, c.core(1).Role())
	require.ErrorIs(t, c.reconfigure(1, raft.Change{Remove: []raft.NodeID{3}}), raft.ErrTooEarly)
	c.settle(c.all()...)
	require.NoError(t, c.reconfigure(1, raft.Change{Remove: []raft.NodeID{3}}))
}

func TestOneVoterLeavesInOneStep(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	last := c.status(1).LastIndex
	c.change(1, raft.Change{Remove: []raft.NodeID{3}})
	require.Equal(t, "n1 n2", c.members(2))
	require.Equal(t, last+1, c.status(1).LastIndex)
}

func TestSeveralVotersChangeByWayOfJointConsensus(t *testing.T) {
	for _, decide := range []struct {
		nothing []raft.NodeID
		why     string
	}{
		{[]raft.NodeID{1, 2}, "a majority of the new alone"},
		{[]raft.NodeID{1, 4, 5}, "a majority of the old alone"},
	} {
		c := newCluster(t, 5)
		c.elect(1)
		last := c.status(1).LastIndex
		require.NoError(t, c.reconfigure(1, raft.Change{Remove: []raft.NodeID{4, 5}}))
		require.Equal(t, "n1 n2 n3 (from n1 n2 n3 n4 n5)", c.members(1))
		c.settle(decide.nothing...)
		require.Equal(t, last, c.status(1).Commit, decide.why)
		c.beat(1)
		c.settle(1, 2, 4)
		require.Equal(t, "n1 n2 n3", c.members(1), "the leader has left it by itself")
		require.Equal(t, last+2, c.status(1).Commit, "and for what follows the new are enough")
	}
}

func TestALaterLeaderLeavesAJointConfiguration(t *testing.T) {
	c := newCluster(t, 5)
	c.elect(1)
	require.NoError(t, c.reconfigure(1, raft.Change{Remove: []raft.NodeID{4, 5}}))
	c.persist(1)
	c.deliver(filter{from: 1}) // all have it, and the leader is gone
	for _, id := range c.all() {
		c.persist(id)
	}
	c.net = nil
	c.crash(1)
	c.elect(2, 2, 3, 4)
	require.Equal(t, "n1 n2 n3", c.members(2))
}

func TestALeaderThatIsRemovedStepsDownOnceThatIsCommitted(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	require.NoError(t, c.reconfigure(1, raft.Change{Remove: []raft.NodeID{1}}))
	c.settle(1, 2)
	require.Equal(t, raft.Leader, c.core(1).Role(), "it does not count itself: two others have to agree")
	require.Less(t, c.status(1).Commit, c.status(1).LastIndex)
	c.beat(1)
	c.settle(c.all()...)
	require.Equal(t, raft.Follower, c.core(1).Role())
	require.Equal(t, c.status(1).LastIndex, c.status(1).Commit)
	election, beat := c.core(1).Deadlines()
	require.Equal(t, raft.Never, election, "it is no voter any more")
	require.Equal(t, raft.Never, beat)
	c.elect(2, 2, 3)
	require.Equal(t, "n2 n3", c.members(2))
}

func TestTheLastButOneVoterCanLeaveAsALeader(t *testing.T) {
	c := newCluster(t, 2)
	c.elect(1)
	c.change(1, raft.Change{Remove: []raft.NodeID{1}})
	require.Equal(t, "n2", c.members(2))
	c.elect(2, 2)
	c.propose(2, "x")
	c.settle(2)
	require.Equal(t, "x", c.commands(2))
}

func TestAWholeClusterIsReplaced(t *testing.T) {
	c := newGrowingCluster(t, 3, 3, nil)
	c.elect(1)
	c.propose(1, "x")
	c.change(1, raft.Change{Join: []raft.NodeID{4, 5, 6}})
	require.Equal(t, "n1 n2 n3 n4 n5 n6", c.members(1))
	c.change(1, raft.Change{Remove: []raft.NodeID{1, 2, 3}})
	require.Equal(t, "n4 n5 n6", c.members(4))
	c.elect(5, 4, 5, 6)
	require.Equal(t, "x", c.commands(6))
}

func TestAChangeThatMeansNothingIsRefused(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.settle(c.all()...)
	for says, change := range map[string]raft.Change{
		"raft: a change of the configuration names nobody":                                     {Learn: []raft.NodeID{raft.None}},
		"raft: a change of the configuration has n4 be two of voter, learner and gone at once": {Join: []raft.NodeID{4}, Remove: []raft.NodeID{4}},
		"raft: a change of the configuration has n3 be two of voter, learner and gone at once": {Learn: []raft.NodeID{2, 3}, Remove: []raft.NodeID{3}},
		"raft: a change of the configuration has n2 be two of voter, learner and gone at once": {Join: []raft.NodeID{2}, Learn: []raft.NodeID{2}},
	} {
		err := c.reconfigure(1, change)
		var wrong *raft.ChangeError
		require.ErrorAs(t, err, &wrong)
		require.EqualError(t, wrong, says)
	}
}
