package raft_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// Whatever a node promises is on its disk by then: a crash right after a message has left takes nothing of it back.
func TestDissertation3_8_WhatIsAnsweredIsOnTheDisk(t *testing.T) {
	s := play(t, `cluster nodes=3
		timeout n1`)
	require.Empty(t, s.net, "its own vote is a promise, too")
	s.play(`
		persist n1
		deliver to=n2`)
	require.Empty(t, s.sent(raft.MsgVoteReply, 2, 1))
	s.play(`persist n2`)
	require.Equal(t, raft.HardState{Term: 1, Vote: 1}, s.actor(2).disk.HardState)
	require.Len(t, s.sent(raft.MsgVoteReply, 2, 1), 1)
	s.play(`deliver to=n1
		deliver from=n1 to=n2`)
	require.Empty(t, s.sent(raft.MsgAppendReply, 2, 1))
	s.play(`persist n2`)
	require.Len(t, s.actor(2).disk.Entries, 1)
	require.Equal(t, raft.Index(1), s.only(raft.MsgAppendReply, 2, 1).AppendReply.Match)
}

// Without its vote on the disk a node could vote twice in a term, for two who would both lead.
func TestDissertation3_8_AVoteIsKeptThroughARestart(t *testing.T) {
	s := play(t, `cluster nodes=3
		timeout n1
		persist n1
		deliver to=n2
		persist n2
		crash n2
		restart n2`)
	s.hand(voteRequest(3, 2, 1, 0, 0))
	require.False(t, s.only(raft.MsgVoteReply, 2, 3).VoteReply.Granted)
}

// The commit index starts over with a restart, and what was applied is applied again to a state machine that started over.
func TestDissertation3_8_TheCommitIndexMayBeLost(t *testing.T) {
	s := play(t, three+`
		propose n1 x
		spread n1
		crash
		restart`)
	require.Zero(t, s.commit(2))
	s.play(`elect n2
		spread n2`)
	require.Equal(t, "x", s.state(1))
	require.Equal(t, "x", s.state(2))
}

// A node whose disk is gone is not the one that made its promises: it comes back as another.
func TestDissertation3_8_ANodeThatLostItsDiskDoesNotComeBackAsItself(t *testing.T) {
	s := play(t, `cluster nodes=3
		elect n1 by=(n2)
		spread n1
		crash n1
		boot n2
		timeout n3
		stabilize`)
	require.Equal(t, raft.Candidate, s.role(3), "n2 had voted, and does not remember what for")
	require.NotEqual(t, raft.FirstIncarnation, s.up(2).core.Incarnation())
}

// Leadership moves only to who has all, at once, and over in the term after.
func TestDissertation3_10_LeadershipIsHandedOverInOneRound(t *testing.T) {
	s := play(t, three+`
		transfer n1 to=n3
		deliver to=n3
		persist n3
		deliver from=n3
		persist
		deliver to=n3`)
	require.Equal(t, []raft.NodeID{3}, s.leaders(), "n1 has stepped down by then")
	require.Equal(t, raft.Term(2), s.st(3).Term)
}

func TestDissertation3_10_ALeaderThatHandsOverTakesNoMoreRequests(t *testing.T) {
	s := play(t, three+`
		transfer n1 to=n3
		drop
		propose n1 x`)
	require.ErrorIs(t, s.refused, raft.ErrTransferring)
	s.play(`reconfigure n1 remove=n2`)
	require.ErrorIs(t, s.refused, raft.ErrTransferring, "nor changes of the membership")
	require.Equal(t, raft.Index(1), s.st(1).LastIndex)
}

func TestDissertation3_10_TheSuccessorsLogIsBroughtUpToDateFirst(t *testing.T) {
	s := play(t, three+`
		propose n1 a b
		keep to=n3
		stabilize
		transfer n1 to=n3`)
	require.Empty(t, s.sent(raft.MsgTimeoutNow, 1, 3))
	s.play(`deliver kept
		persist n3
		deliver from=n3`)
	require.Len(t, s.sent(raft.MsgTimeoutNow, 1, 3), 1)
	require.Equal(t, s.st(1).LastIndex, s.st(3).LastIndex)
}

// Who is told to stand does so without waiting for its timer, and without asking first.
func TestDissertation3_10_TheSuccessorStandsAtOnce(t *testing.T) {
	s := play(t, `cluster nodes=3 prevote checkquorum
		timeout n1
		stabilize
		spread n1
		transfer n1 to=n2
		deliver to=n2
		persist n2`)
	require.Equal(t, raft.Candidate, s.role(2))
	require.True(t, s.only(raft.MsgRequestVote, 2, 3).RequestVote.Transfer)
	s.play(`deliver from=n2 to=n3
		persist n3`)
	require.True(t, s.only(raft.MsgVoteReply, 3, 2).VoteReply.Granted, "although n3 has just heard of n1")
}

func TestDissertation3_10_AHandOverThatFailsEndsAfterAnElectionTimeout(t *testing.T) {
	s := play(t, three+`
		crash n3
		transfer n1 to=n3
		advance 299ms
		heartbeat n1
		propose n1 x`)
	require.ErrorIs(t, s.refused, raft.ErrTransferring)
	s.play(`advance 1ms
		heartbeat n1
		propose n1 x
		stabilize`)
	require.NoError(t, s.refused)
	require.Equal(t, "x", s.state(1))
}

// If the other was slow and not dead, the worst that comes of it is an election.
func TestDissertation3_10_AHandOverThatWasGivenUpDoesNoHarm(t *testing.T) {
	s := play(t, three+`
		transfer n1 to=n3
		keep kind=TimeoutNow
		drop
		advance 300ms
		heartbeat n1
		keep kind=TimeoutNow
		stabilize n1 n2
		propose n1 x
		stabilize n1 n2
		deliver kept
		stabilize`)
	require.Equal(t, "x", s.state(1))
	s.play(`elect n2
		spread n2`)
	require.Equal(t, "x", s.state(3))
}

// Majorities of lists that are one voter apart overlap; for anything else there is the joint configuration.
func TestDissertation4_1_OnlyOneVoterComesOrGoesInAStep(t *testing.T) {
	for change, config := range map[string]string{
		"remove=n5":            "n1 n2 n3 n4",
		"learn=n5":             "n1 n2 n3 n4, learners n5",
		"remove=(n4,n5)":       "n1 n2 n3 (from n1 n2 n3 n4 n5)",
		"learn=n4 remove=n5":   "n1 n2 n3 (from n1 n2 n3 n4 n5), learners n4",
		"join=n6":              "n1 n2 n3 n4 n5, learners n6",
		"join=n6 remove=n5":    "n1 n2 n3 n4 n5, learners n6, to swap n6 for n5",
		"remove=(n2,n3,n4,n5)": "n1 (from n1 n2 n3 n4 n5)",
	} {
		s := play(t, five+`reconfigure n1 `+change)
		require.Equal(t, config, s.config(1), change)
	}
}

func TestDissertation4_1_OneChangeAtATime(t *testing.T) {
	s := play(t, five+`
		reconfigure n1 remove=n5
		reconfigure n1 remove=n4`)
	require.ErrorIs(t, s.refused, raft.ErrChangeInFlight)
	s.play(`stabilize
		reconfigure n1 remove=n4`)
	require.NoError(t, s.refused)
	require.Equal(t, "n1 n2 n3", s.config(1))
}

func TestDissertation4_1_WhoLosesTheEntryGoesBackToTheConfigurationBefore(t *testing.T) {
	s := play(t, five+`
		reconfigure n1 remove=n5
		deliver to=n2
		persist n1 n2
		drop
		crash n1
		elect n3 by=(n4,n5)
		stabilize n2 n3
		spread n3`)
	require.Equal(t, "n1 n2 n3 n4 n5", s.config(2))
}

// Otherwise a new node, which knows nobody, could never be given a log.
func TestDissertation4_1_ALeaderNeedNotBeInTheConfigurationOfWhoHearsIt(t *testing.T) {
	s := play(t, three+`boot n4
		reconfigure n1 join=n4
		stabilize
		heartbeat n1
		stabilize`)
	require.Equal(t, "n1 n2 n3, learners n4", s.config(4))
	s = play(t, three+`reconfigure n1 remove=n1
		deliver to=n2
		propose n1 x
		deliver to=n2`)
	require.Equal(t, "n2 n3", s.config(2))
	require.Equal(t, s.st(1).LastIndex, s.st(2).LastIndex)
}

// Nor need a candidate be: it may be needed to get a new configuration committed.
func TestDissertation4_1_ACandidateNeedNotBeInTheConfigurationOfWhoVotes(t *testing.T) {
	s := play(t, five+`
		reconfigure n1 remove=n5
		deliver to=n2
		persist n2
		crash n1`)
	s.hand(voteRequest(5, 2, 2, 2, 1))
	s.play(`persist n2`)
	require.True(t, s.only(raft.MsgVoteReply, 2, 5).VoteReply.Granted, "its log is as good as n2's")
}

// Ongaro, "bug in single-server membership changes", 2015: two leaders that each change what they find, without a commit of
// their own term before, can end with majorities that do not overlap.
func TestDissertation4_1_ALeaderCommitsInItsTermBeforeItChangesAnything(t *testing.T) {
	s := play(t, `cluster nodes=4
		timeout n1
		persist n1
		deliver to=(n2,n3)
		persist n2 n3
		deliver to=n1
		reconfigure n1 remove=n4`)
	require.Equal(t, raft.Leader, s.role(1))
	require.ErrorIs(t, s.refused, raft.ErrTooEarly)
	s.play(`stabilize
		reconfigure n1 remove=n4`)
	require.NoError(t, s.refused)
}

// That schedule, played: n1 takes n4 out on its own disk alone, and n2 is elected by n3 and n4. If it took n1 out at once, with
// n4 to agree, n3 would not know, and could elect n1 to undo it. So it has to wait until a majority has an entry of its term.
func TestDissertation4_1_TheScheduleOf2015EndsWell(t *testing.T) {
	s := play(t, `cluster nodes=4
		elect n1
		spread n1
		reconfigure n1 remove=n4
		persist n1
		crash n1
		drop
		timeout n2
		persist n2
		deliver to=(n3,n4)
		persist n3 n4
		deliver to=n2
		reconfigure n2 remove=n1`)
	require.ErrorIs(t, s.refused, raft.ErrTooEarly)
	s.play(`stabilize n2 n4
		reconfigure n2 remove=n1`)
	require.ErrorIs(t, s.refused, raft.ErrTooEarly, "n4 alone is none")
	s.play(`stabilize n2 n3
		reconfigure n2 remove=n1
		stabilize n2 n4`)
	require.Equal(t, s.st(2).ConfigurationIndex, s.commit(2))
	s.play(`restart n1
		drop`)
	for range 3 {
		s.play(`timeout n1
			stabilize n1 n3`)
		require.NotEqual(t, raft.Leader, s.role(1))
	}
}

func TestDissertation4_2_1_ANewNodeStartsAsALearner(t *testing.T) {
	s := play(t, three+`boot n4
		reconfigure n1 join=n4`)
	require.Equal(t, "n1 n2 n3, learners n4", s.config(1))
	s.hand(&raft.Message{Kind: raft.MsgTimeoutNow, From: 1, To: 4, Term: 1})
	require.Equal(t, raft.Follower, s.role(4), "it does not even stand when told to")
	s.play(`transfer n1 to=n4`)
	require.ErrorIs(t, s.refused, raft.ErrNotVoter)
}

// catching has n4 added and heard of: its first round has begun.
const catching = three + `
	boot n4
	propose n1 a b c
	spread n1
	reconfigure n1 join=n4
	stabilize
	heartbeat n1
	stabilize
`

func TestDissertation4_2_1_ALearnerThatKeepsUpIsMadeAVoter(t *testing.T) {
	s := play(t, catching+`
		advance 149ms
		heartbeat n1
		stabilize`)
	require.Equal(t, "n1 n2 n3 n4", s.config(1))
	s.play(`spread n1`)
	require.Equal(t, "n1 n2 n3 n4", s.config(4))
}

// A round brings the learner to where the log ended when it began. As long as rounds take an election timeout it would hold
// up the cluster as a voter.
func TestDissertation4_2_1_ALearnerThatIsSlowStaysOne(t *testing.T) {
	s := play(t, catching+`propose n1 x`)
	for range 5 {
		s.play(`
			advance 150ms
			propose n1 x
			deliver to=n4 first=1
			persist n4
			deliver from=n4
			stabilize n1 n2 n3`)
		require.Equal(t, "n1 n2 n3, learners n4", s.config(1))
	}
	s.play(`stabilize`)
	require.Equal(t, "n1 n2 n3 n4", s.config(1), "until it is fast enough")
}

// A node that cannot be reached costs the cluster nothing: it is no voter until it has caught up.
func TestDissertation4_2_1_ANodeThatIsNotThereHoldsUpNobody(t *testing.T) {
	s := play(t, three+`
		reconfigure n1 join=n9
		crash n3`)
	s.actors = append(s.actors, &actor{id: 4}, &actor{id: 5}, &actor{id: 6}, &actor{id: 7}, &actor{id: 8}, &actor{id: 9})
	s.play(`
		stabilize
		propose n1 x
		heartbeat n1
		stabilize`)
	require.Equal(t, "x", s.state(1))
	require.Equal(t, "n1 n2 n3, learners n9", s.config(1))
	s.play(`reconfigure n1 remove=n9
		stabilize`)
	require.Equal(t, "n1 n2 n3", s.config(1))
}

// An empty log is found in one refusal, however long the leader's is.
func TestDissertation4_2_1_AnEmptyLogIsFoundAtOnce(t *testing.T) {
	s := play(t, `cluster nodes=3
		disk n1 term=9 log=(1x500,3x500,9)
		disk n2 term=9 log=(1x500,3x500,9)
		elect n1
		spread n1
		boot n4
		reconfigure n1 join=n4
		stabilize
		heartbeat n1
		deliver to=n4
		persist n4
		deliver to=n1`)
	require.Zero(t, s.sent(raft.MsgAppendEntries, 1, 4)[0].Append.PrevIndex)
}

func TestDissertation4_2_2_ALeaderThatRemovesItselfGoesOnUntilThatIsCommitted(t *testing.T) {
	s := play(t, five+`
		reconfigure n1 remove=n1
		propose n1 x
		stabilize n1 n2 n3`)
	require.Equal(t, raft.Leader, s.role(1), "it does not count itself: two of four are none")
	require.Equal(t, raft.Index(1), s.commit(1))
	s.play(`stabilize n1 n4`)
	require.Equal(t, raft.Follower, s.role(1))
	require.GreaterOrEqual(t, s.commit(1), raft.Index(2))
}

// A node that is not in its own latest configuration may still be needed to commit it (Figure 4.6 of the dissertation): n1 has
// removed itself, n2 has not heard of it. n2 cannot be elected, since n1 has the longer log and both have to vote.
func TestDissertation4_2_2_ANodeThatRemovedItselfStandsUntilThatIsCommitted(t *testing.T) {
	for _, option := range []string{"", " prevote", " checkquorum prevote"} {
		s := play(t, `cluster nodes=2`+option+`
			timeout n1
			stabilize
			spread n1
			reconfigure n1 remove=n1
			persist n1
			drop
			crash n1
			restart n1
			advance 150ms
			timeout n2
			stabilize`)
		require.Empty(t, s.leaders())
		require.NotEqual(t, raft.Never, s.deadline(1), option)
		s.play(`advance 150ms
			timeout n1
			persist n1`)
		require.NotEqual(t, raft.Leader, s.role(1), "its own vote does not count")
		s.play(`stabilize`)
		require.Equal(t, "n2", s.config(2), option)
		require.Equal(t, raft.Follower, s.role(1), "with that committed it is not needed any more")
		require.Equal(t, s.st(1).LastIndex, s.commit(1))
		require.Equal(t, raft.Never, s.deadline(1))
		s.play(`advance 150ms
			elect n2`)
	}
}

// A node that knows that it was removed stands no more.
func TestDissertation4_2_2_ANodeThatIsRemovedForCertainStandsNoMore(t *testing.T) {
	s := play(t, three+`
		reconfigure n1 remove=n1
		stabilize
		timeout n1`)
	require.Equal(t, raft.Never, s.deadline(1))
	require.Equal(t, raft.Follower, s.role(1))
}

func TestDissertation4_2_3_ADisturberIsNotListenedToWhileALeaderIsHeard(t *testing.T) {
	s := play(t, `cluster nodes=3 checkquorum
		elect n1
		spread n1
		disk n3 term=5 log=(1)
		timeout n3
		stabilize n3 n2`)
	require.Equal(t, raft.Term(1), s.st(2).Term)
	s.play(`stabilize n3 n1`)
	require.Equal(t, []raft.NodeID{1}, s.leaders())
}

// Its log is as good as anyone's: PreVote alone would not keep it from being promised votes, had nobody heard of a leader.
func TestDissertation4_2_3_ALogThatIsAsGoodMakesADisturberNoLessOne(t *testing.T) {
	s := play(t, `cluster nodes=3 prevote checkquorum
		timeout n1
		stabilize
		spread n1
		reconfigure n1 remove=n3
		drop to=n2
		timeout n3
		stabilize n3 n2
		stabilize n3 n1`)
	require.Equal(t, raft.PreCandidate, s.role(3))
	require.Equal(t, raft.Term(1), s.st(2).Term)
	require.Equal(t, []raft.NodeID{1}, s.leaders())
}

// The leader itself may want another to lead: such a request is listened to.
func TestDissertation4_2_3_AHandOverIsListenedTo(t *testing.T) {
	s := play(t, `cluster nodes=3 checkquorum lease=100ms
		advance 100ms
		elect n1
		spread n1
		transfer n1 to=n2
		stabilize`)
	require.Equal(t, []raft.NodeID{2}, s.leaders())
}

func TestDissertation4_3_TheWayOutOfAJointConfigurationIsFoundByWhoeverLeads(t *testing.T) {
	s := play(t, joint+`
		deliver to=(n2,n3)
		persist n2 n3
		crash n1
		drop
		elect n2
		spread n2`)
	require.Equal(t, "n1 n2 n3", s.config(3))
	s.play(`restart n1
		spread n2
		spread n2`)
	require.Equal(t, "n1 n2 n3", s.config(1))
}

func TestDissertation4_3_NoOtherChangeBeginsWhileJoint(t *testing.T) {
	s := play(t, joint+`
		persist n1
		reconfigure n1 remove=n3`)
	require.ErrorIs(t, s.refused, raft.ErrChangeInFlight)
}

// Those who have caught up while another came in come in together.
func TestDissertation4_3_LearnersThatCatchUpTogetherComeInTogether(t *testing.T) {
	s := play(t, three+`
		boot n4 n5 n6
		reconfigure n1 join=(n4,n5,n6)
		stabilize n1 n2 n3
		heartbeat n1
		deliver to=(n4,n5,n6)
		deliver from=(n4,n5,n6)
		deliver to=(n4,n5,n6)
		persist n4 n5 n6
		deliver from=(n4,n5,n6)`)
	require.Equal(t, "n1 n2 n3 n4, learners n5 n6", s.config(1))
	s.play(`persist n1
		deliver to=(n2,n3,n4)
		persist n2 n3 n4
		deliver from=(n2,n3,n4)`)
	require.Equal(t, "n1 n2 n3 n4 n5 n6 (from n1 n2 n3 n4)", s.config(1))
	s.play(`spread n1
		spread n1`)
	require.Equal(t, "n1 n2 n3 n4 n5 n6", s.config(6))
}

// andALearner is three with a learner, n4, that has caught up.
const andALearner = three + `
		boot n4
		reconfigure n1 learn=n4
		stabilize
		heartbeat n1
		stabilize
`

// What only a learner has nobody could lead with: as a learner it does not stand, and it would vote for nobody who has less.
func TestDissertation4_2_1_ALearnerIsSentWhatIsCommitted(t *testing.T) {
	s := play(t, andALearner+`
		heartbeat n1
		stabilize
		propose n1 x`)
	require.Empty(t, s.sent(raft.MsgAppendEntries, 1, 4))
	s.play(`stabilize n1 n4
		heartbeat n1
		stabilize n1 n4`)
	require.Equal(t, s.commit(1), s.st(4).LastIndex)
	require.Less(t, s.commit(1), s.st(1).LastIndex)
	s.play(`stabilize n1 n2
		stabilize n1 n4`)
	require.Equal(t, s.st(1).LastIndex, s.commit(1))
	require.Equal(t, s.commit(1), s.st(4).LastIndex, "and at once, not with the next heartbeat")
}

// A new leader's first entry is a learner's only once it is committed. The learner hears of the leader before.
func TestDissertation4_2_1_ALearnerHearsOfANewLeaderAtOnce(t *testing.T) {
	s := play(t, andALearner+`
		crash n1
		drop
		elect n2 by=n3`)
	ms := s.sent(raft.MsgAppendEntries, 2, 4)
	require.Len(t, ms, 2)
	require.Empty(t, ms[0].Append.Entries)
	require.Less(t, ms[0].Append.Commit, s.commit(2), "before the entry was committed")
	require.Len(t, ms[1].Append.Entries, 1, "and once it was")
}

// A configuration that names nobody who decides could never be left again.
func TestDissertation4_TheLastVoterStays(t *testing.T) {
	s := play(t, three+`reconfigure n1 remove=(n1,n2,n3)`)
	require.ErrorIs(t, s.refused, raft.ErrNoVoters)
	s.play(`reconfigure n1 learn=(n1,n2,n3)`)
	require.ErrorIs(t, s.refused, raft.ErrNoVoters)
	require.Equal(t, "n1 n2 n3", s.config(1))
}

func TestDissertation4_OnlyALeaderChangesTheMembership(t *testing.T) {
	s := play(t, three+`reconfigure n2 remove=n3`)
	require.ErrorIs(t, s.refused, raft.ErrNotLeader)
	s.play(`reconfigure n1 remove=n9`)
	require.NoError(t, s.refused, "what is so already needs no change")
	require.Equal(t, raft.Index(1), s.st(1).LastIndex)
}
