package raft_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// reconfigure asks a leader for a change, and takes what comes of it.
func (c *cluster) reconfigure(leader raft.NodeID, change raft.Change) error {
	_, err := c.core(leader).Reconfigure(c.clock(leader), &change)
	c.act(leader)
	return err
}

// change has a leader carry a change out, to its end, among these nodes or all.
func (c *cluster) change(leader raft.NodeID, change raft.Change, among ...raft.NodeID) {
	if len(among) == 0 {
		among = c.all()
	}
	require.NoError(c.t, c.reconfigure(leader, change))
	for range 8 { // learners are caught up with, and promoted, by and by
		c.settle(among...)
		c.now += heartbeat
		if c.core(leader).Role() == raft.Leader {
			c.beat(leader)
		}
	}
	c.settle(among...)
}

// members is a node's configuration in words.
func (c *cluster) members(id raft.NodeID) string { return c.core(id).Configuration().String() }

func TestALearnerBecomesAVoterOnceItHasCaughtUp(t *testing.T) {
	c := newGrowingCluster(t, 3, 1, nil)
	c.elect(1)
	c.propose(1, "a", "b")
	c.change(1, raft.Change{Join: []raft.NodeID{4}}, 1, 2, 3)
	require.Equal(t, "n1 n2 n3, learners n4", c.members(1), "it was not heard of")
	c.change(1, raft.Change{Join: []raft.NodeID{4}})
	for id := range c.nodes[1:] {
		require.Equal(t, "n1 n2 n3 n4", c.members(raft.NodeID(id+1)))
	}
	require.Equal(t, "a b", c.commands(4))
	require.Equal(t, c.core(4).Incarnation(), c.core(1).Configuration().Voters[3].Incarnation)
	c.elect(4)
}

func TestALearnerDecidesNothing(t *testing.T) {
	c := newGrowingCluster(t, 2, 1, nil)
	c.elect(1)
	c.change(1, raft.Change{Learn: []raft.NodeID{3}})
	require.Equal(t, "n1 n2, learners n3", c.members(3))
	commit := c.status(1).Commit
	c.propose(1, "x")
	c.settle(1, 3)
	require.Equal(t, commit, c.status(1).Commit, "nothing is committed by the word of a learner")
	election, _ := c.core(3).Deadlines()
	require.Equal(t, raft.Never, election)
	c.timeout(3)
	require.Equal(t, raft.Follower, c.core(3).Role(), "it does not stand for election")
	c.step(&raft.Message{Kind: raft.MsgTimeoutNow, From: 1, To: 3, Term: c.status(3).Term})
	require.ErrorIs(t, c.refused, raft.ErrNotVoter, "not even when told to")
	require.ErrorIs(t, c.core(1).TransferLeadership(c.now, 3), raft.ErrNotVoter)
}

func TestAConfigurationIsInForceWhenAppendedAndGoesWhenCutOff(t *testing.T) {
	c := newGrowingCluster(t, 3, 1, nil)
	c.elect(1)
	require.NoError(t, c.reconfigure(1, raft.Change{Remove: []raft.NodeID{3}}))
	require.Equal(t, "n1 n2", c.members(1), "before anybody has it")
	require.Greater(t, c.status(1).ConfigurationIndex, c.status(1).Commit)
	c.persist(1)
	require.Less(t, c.status(1).Commit, c.status(1).LastIndex, "two have to agree, though the other is to go")
	c.elect(2, 2, 3)
	c.beat(2)
	c.settle(1, 2, 3)
	require.Equal(t, "n1 n2 n3", c.members(1), "the leader of a later term did not have it")
	require.Zero(t, c.status(1).ConfigurationIndex)
}

func TestANodeWithAnEmptyDiskDoesNotVote(t *testing.T) {
	c := newGrowingCluster(t, 3, 1, nil)
	asked := func(id raft.NodeID) (vote, promise bool) {
		term := c.status(id).Term + 1
		c.step(voteRequest(1, id, term, 99, term))
		c.step(&raft.Message{Kind: raft.MsgRequestPreVote, From: 1, To: id, Term: term,
			PreVote: raft.PreVote{Campaign: term + 1, LastIndex: 99, LastTerm: term}})
		c.persist(id)
		return c.one(filter{from: id, kind: raft.MsgVoteReply}).VoteReply.Granted,
			c.one(filter{from: id, kind: raft.MsgPreVoteReply}).PreVoteReply.Granted
	}
	vote, promise := asked(2)
	require.True(t, vote && promise, "a member does")

	vote, promise = asked(4)
	require.False(t, vote || promise, "nobody counts a node that was never added")

	c.wipe(3)
	c.restart(3)
	vote, promise = asked(3)
	require.False(t, vote || promise, "its vote may have been given before the disk was lost")

	// It may be sent the log, and learn from it that it is somebody else whom the members know.
	config, err := raft.NewConfiguration([]raft.NodeID{1, 2, 3})
	require.NoError(t, err)
	c.step(appendFrom(2, 3, 5, raft.AppendEntries{Entries: []raft.Entry{{Index: 1, Term: 5, Kind: raft.EntryConfiguration, Data: config.Encode(nil)}}}))
	c.persist(3)
	require.Equal(t, "n1 n2 n3", c.members(3))
	vote, promise = asked(3)
	require.False(t, vote || promise)
	election, _ := c.core(3).Deadlines()
	require.Equal(t, raft.Never, election)
}

// Raft dissertation §4.2.2: the configuration by which it is no member may never be committed.
func TestANodeThatIsToLeaveVotesForWhoCountsIt(t *testing.T) {
	c := newGrowingCluster(t, 3, 0, nil)
	c.elect(1)
	require.NoError(t, c.reconfigure(1, raft.Change{Remove: []raft.NodeID{2}}))
	config := c.core(1).Entries(2, 2)[0]
	c.step(appendFrom(1, 2, 1, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Entries: []raft.Entry{config}}))
	c.persist(2)
	require.Equal(t, "n1 n3", c.members(2))
	c.step(voteRequest(3, 2, 3, 2, 2))
	c.persist(2)
	require.True(t, c.one(filter{from: 2, kind: raft.MsgVoteReply}).VoteReply.Granted, "a log that is up-to-date, though not the same")
}

func TestAWipedVoterIsNoticedAndCountsForNothing(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.settle(1, 2)
	c.wipe(3)
	c.restart(3)
	c.crash(2)
	c.propose(1, "x")
	c.beat(1)
	c.settle(1, 3)
	require.Less(t, c.status(1).Commit, c.status(1).LastIndex, "what it says is not what the member says")
	require.ErrorIs(t, c.refused, raft.ErrOtherIncarnation)
	require.Equal(t, 1, c.core(1).Noticed())

	c.restart(2)
	c.change(1, raft.Change{Join: []raft.NodeID{3}})
	require.Equal(t, "n1 n2 n3", c.members(3), "it was added again, as a new node")
	require.Equal(t, c.core(3).Incarnation(), c.core(1).Configuration().Voters[2].Incarnation)
	require.Equal(t, c.commands(1), c.commands(3))
	c.elect(3, 2, 3)
}

func TestAMessageLongOnItsWayDoesNotMakeAMemberAStranger(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	late := &raft.Message{Kind: raft.MsgAppendReply, From: 3, To: 1, Term: c.status(1).Term, Incarnation: 77}
	c.step(late)
	require.ErrorIs(t, c.refused, raft.ErrOtherIncarnation)
	c.now += heartbeat
	c.beat(1)
	c.settle(c.all()...)
	require.NoError(t, c.reconfigure(1, raft.Change{Join: []raft.NodeID{3}}))
	require.Equal(t, "n1 n2 n3", c.members(1), "the member was heard of since")
}

func TestAVoterThatWasMadeALearnerCanBecomeAVoterAgain(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.change(1, raft.Change{Learn: []raft.NodeID{3}})
	require.Equal(t, "n1 n2, learners n3", c.members(3))
	c.change(1, raft.Change{Join: []raft.NodeID{3}})
	require.Equal(t, "n1 n2 n3", c.members(3))
	require.Equal(t, raft.FirstIncarnation, c.core(1).Configuration().Voters[2].Incarnation)
}

func TestALearnerThatIsKnownAndLosesItsDiskStartsAnew(t *testing.T) {
	for what, change := range map[string]raft.Change{
		"to stay a learner": {Learn: []raft.NodeID{3}},
		"to be a voter":     {Join: []raft.NodeID{3}},
	} {
		t.Run(what, func(t *testing.T) {
			c := newCluster(t, 3)
			c.elect(1)
			c.change(1, raft.Change{Learn: []raft.NodeID{3}})
			c.propose(1, "x")
			c.settle(c.all()...)
			c.wipe(3)
			c.restart(3)
			c.now += heartbeat
			c.beat(1)
			c.settle(c.all()...)
			require.Empty(t, c.commands(3), "what it says is not taken for what the earlier one says")
			c.change(1, change)
			require.Equal(t, "x", c.commands(3))
			require.Equal(t, change.Join != nil, c.core(3).Configuration().Voter(3))
		})
	}
}

func TestANodeThatWasRemovedDisturbsNobody(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	require.NoError(t, c.reconfigure(1, raft.Change{Remove: []raft.NodeID{3}}))
	c.settle(1, 2) // n3 does not hear of it
	term := c.status(1).Term
	c.timeout(3)
	c.persist(3)
	c.deliver(filter{from: 3})
	require.ErrorIs(t, c.refused, raft.ErrNotMember)
	require.Equal(t, term, c.status(1).Term)
	require.Equal(t, term, c.status(2).Term)
}

// An operator may put back an old disk, or start a node twice.
func TestAnEarlierNodeOfAMembersNameDisturbsNobody(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	old := c.nodes[3].drive
	c.wipe(3)
	c.restart(3)
	c.now += heartbeat
	c.beat(1)
	c.settle(c.all()...)
	c.change(1, raft.Change{Join: []raft.NodeID{3}})
	term := c.status(1).Term
	c.nodes[3] = &node{drive: old}
	c.restart(3)
	c.timeout(3)
	c.persist(3)
	c.deliver(filter{from: 3})
	require.ErrorIs(t, c.refused, raft.ErrOtherIncarnation)
	require.Equal(t, term, c.status(1).Term)
}

func TestAReadIsAnsweredByALeaderThatTheConfigurationDoesNotKnowYet(t *testing.T) {
	c := newGrowingCluster(t, 3, 0, nil)
	c.step(&raft.Message{Kind: raft.MsgAppendEntries, From: 4, To: 1, Term: 7, Incarnation: 9})
	require.NoError(t, c.core(1).ReadIndex(c.now, 5))
	c.step(&raft.Message{Kind: raft.MsgReadIndexReply, From: 4, To: 1, Term: 7, Incarnation: 9, Read: raft.ReadIndex{ID: 5, Index: 3}})
	require.Equal(t, []raft.Read{{ID: 5, Index: 3}}, c.nodes[1].reads)
	c.step(&raft.Message{Kind: raft.MsgReadIndexReply, From: 5, To: 1, Term: 7, Incarnation: 9, Read: raft.ReadIndex{ID: 5, Index: 3}})
	require.ErrorIs(t, c.refused, raft.ErrNotMember)
}

// The earlier one may have asked in the same term; what was answered to it was not answered to this one.
func TestAVoteForAnEarlierNodeOfTheNameDoesNotCount(t *testing.T) {
	c := newCluster(t, 3)
	c.timeout(1)
	c.persist(1)
	vote := voteReply(2, 1, 1, true)
	vote.Incarnation, vote.VoteReply.Candidate = raft.FirstIncarnation, 77
	c.step(vote)
	require.Equal(t, raft.Candidate, c.core(1).Role())
	vote.VoteReply.Candidate = raft.FirstIncarnation
	c.step(vote)
	require.Equal(t, raft.Leader, c.core(1).Role())
}

// A leader that is to be a learner, and alone has the entry that says so, is the only one who can win.
func TestWhoWasAVoterUntilAnEntryThatMayNotBeCommittedStandsForElection(t *testing.T) {
	for _, preVote := range []bool{false, true} {
		c := newTunedCluster(t, func(cfg *raft.Config) { cfg.PreVote = preVote }, make([]raft.Restored, 2)...)
		c.elect(2)
		require.NoError(t, c.reconfigure(2, raft.Change{Learn: []raft.NodeID{2}}))
		c.persist(2)
		c.net = nil
		c.crash(2)
		c.restart(2)
		require.Equal(t, "n1, learners n2", c.members(2))
		election, _ := c.core(2).Deadlines()
		require.NotEqual(t, raft.Never, election)
		c.now += electionMax
		c.timeout(2)
		c.settle(2)
		require.NotEqual(t, raft.Leader, c.core(2).Role(), "its own vote counts no more")
		c.timeout(2)
		c.settle(c.all()...)
		require.Equal(t, "n1, learners n2", c.members(1))
		require.Equal(t, raft.Follower, c.core(2).Role(), "it has made the other take the entry, and is a learner")
		election, _ = c.core(2).Deadlines()
		require.Equal(t, raft.Never, election)
	}
}
