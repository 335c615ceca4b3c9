package raft_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

func TestDissertation6_2_ALeaderWithoutAMajorityStepsDown(t *testing.T) {
	s := play(t, `cluster nodes=5 checkquorum
		elect n1
		spread n1
		partition n1 n2 | n3 n4 n5
		advance 149ms
		heartbeat n1
		stabilize
		timeout n1`)
	require.Equal(t, raft.Leader, s.role(1))
	s.play(`advance 1ms
		timeout n1`)
	require.Equal(t, raft.Follower, s.role(1), "one that answers of four is none")
	require.Equal(t, raft.None, s.st(1).Leader, "clients are sent to nobody")
}

// Who stands for election, or moves on to a later term, does not know a leader any more.
func TestDissertation6_2_TheLeaderIsForgottenWithItsTerm(t *testing.T) {
	s := play(t, three+`timeout n2`)
	require.Equal(t, raft.None, s.st(2).Leader)
	s.play(`persist n2
		deliver to=n3`)
	require.Equal(t, raft.None, s.st(3).Leader)
	s.play(`stabilize`)
	require.Equal(t, raft.NodeID(2), s.st(3).Leader)
}

func TestDissertation6_4_AReadWaitsForACommitOfTheTerm(t *testing.T) {
	s := play(t, `cluster nodes=3
		disk n1 term=1 log=(1)
		disk n2 term=1 log=(1)
		timeout n1
		persist n1
		deliver to=n2
		persist n2
		deliver to=n1
		drop
		read n1 id=7
		stabilize n1 n2`)
	require.Equal(t, raft.Index(2), s.commit(1))
	require.Equal(t, []raft.Read{{ID: 7, Index: 2}}, s.actor(1).reads)
}

// The index is the commit index of when the read was asked: the state machine must have come there, and need not be further.
func TestDissertation6_4_AReadIsServedAtTheCommitIndexOfWhenItWasAsked(t *testing.T) {
	s := play(t, three+`
		propose n1 x
		stabilize
		read n1 id=7
		keep kind=AppendEntries
		propose n1 y
		stabilize n1 n3`)
	require.Equal(t, raft.Index(3), s.commit(1))
	s.play(`deliver kept
		stabilize`)
	require.Equal(t, []raft.Read{{ID: 7, Index: 2}}, s.actor(1).reads)
}

func TestDissertation6_4_AReadNeedsAMajorityToAnswerARoundThatBeganAfterIt(t *testing.T) {
	s := play(t, five+`
		heartbeat n1
		deliver to=(n2,n3,n4,n5)
		keep to=n1
		read n1 id=7
		deliver kept`)
	require.Empty(t, s.actor(1).reads, "those answer a round that began before")
	s.play(`deliver to=n2
		deliver to=n1`)
	require.Empty(t, s.actor(1).reads, "two of five")
	s.play(`deliver to=n3
		deliver to=n1`)
	require.Len(t, s.actor(1).reads, 1)
}

func TestDissertation6_4_ReadsCostNoEntryAndNoDisk(t *testing.T) {
	s := play(t, three)
	last := s.st(1).LastIndex
	s.play(`read n1 id=(7,8,9)`)
	require.Len(t, s.sent(raft.MsgAppendEntries, 1, 2), 1, "one round for all of them")
	s.play(`deliver
		deliver`)
	require.Len(t, s.actor(1).reads, 3)
	require.Equal(t, last, s.st(1).LastIndex)
	for _, a := range s.actors[1:] {
		require.Empty(t, a.writes)
	}
}

// A follower serves reads from its own state, at an index that its leader has confirmed.
func TestDissertation6_4_AFollowerAsksItsLeaderForTheIndex(t *testing.T) {
	s := play(t, three+`
		propose n1 x
		stabilize
		read n2 id=7
		deliver
		drop to=n2 kind=AppendEntries
		stabilize`)
	require.Equal(t, []raft.Read{{ID: 7, Index: 2}}, s.actor(2).reads)
	require.Equal(t, raft.Index(1), s.st(2).Applied, "which it has not applied yet, and must first")
}

// By configuration a leader that removed itself counts itself for a read as little as for a commit.
func TestDissertation6_4_AReadIsConfirmedByTheVotersThereAre(t *testing.T) {
	s := play(t, three+`
		reconfigure n1 remove=n1
		drop
		read n1 id=7
		deliver to=n2
		persist n2
		deliver to=n1`)
	require.Empty(t, s.actor(1).reads)
	s.play(`deliver to=n3
		persist n3
		deliver to=n1`)
	require.Len(t, s.actor(1).reads, 1)
}

// leased is a cluster with leases of 100 ms, in which n1 has just been heard.
const leased = `
	cluster nodes=3 checkquorum lease=100ms drift=10000
	advance 100ms
	elect n1
	spread n1
`

// served says whether a read at n1 is answered without a message.
func (s *stage) served() bool {
	a, before := s.up(1), len(s.net)
	a.reads = nil
	s.play(`read n1 id=7`)
	return len(a.reads) == 1 && a.reads[0].Index != 0 && len(s.net) == before
}

// The lease counts from when the round began that a majority has answered, not from the answers, and ends earlier than the
// promises by as much as clocks may drift.
func TestDissertation6_4_1_ALeaseCountsFromTheBeginningOfItsRound(t *testing.T) {
	s := play(t, leased+`
		advance 50ms
		heartbeat n1
		advance 20ms
		stabilize
		advance 78ms`)
	require.True(t, s.served(), "98 ms after the round began")
	s.play(`advance 1ms`)
	require.False(t, s.served(), "a percent of drift either way")

	s = play(t, leased+`
		advance 50ms
		heartbeat n1
		deliver to=(n2,n3)
		advance 20ms
		heartbeat n1
		drop to=(n2,n3)
		deliver to=n1
		advance 79ms`)
	require.False(t, s.served(), "a later round that nobody has answered does not count")
}

func TestDissertation6_4_1_ALeaseNeedsAMajoritysAnswers(t *testing.T) {
	s := play(t, leased+`
		partition n1 | n2 n3
		advance 60ms
		heartbeat n1
		stabilize
		advance 39ms`)
	require.False(t, s.served(), "what was sent proves nothing")
}

// Whoever has answered keeps to the leader for as long as the lease lasts by its own clock: it does not stand, and votes for nobody.
func TestDissertation6_4_1_WhoHasAnsweredElectsNobodyElse(t *testing.T) {
	s := play(t, leased+`
		advance 99ms
		timeout n2`)
	require.Equal(t, raft.Follower, s.role(2))
	s.hand(voteRequest(3, 2, 2, 9, 1))
	require.Equal(t, raft.Term(1), s.st(2).Term)
	s.play(`advance 1ms
		timeout n2`)
	require.Equal(t, raft.Candidate, s.role(2))
}

func TestDissertation6_4_1_APromiseOutlivesARestart(t *testing.T) {
	s := play(t, leased+`
		crash n2
		restart n2
		timeout n2`)
	require.Equal(t, raft.Follower, s.role(2), "it may have promised, and cannot know")
}

// A successor is elected although promises have not run out, so that the lease cannot be counted on any more.
func TestDissertation6_4_1_AHandOverEndsTheLease(t *testing.T) {
	s := play(t, leased)
	require.True(t, s.served())
	s.play(`transfer n1 to=n2
		keep kind=TimeoutNow`)
	require.False(t, s.served())
	s.play(`drop
		advance 300ms
		heartbeat n1
		stabilize n1 n2 n3`)
	require.False(t, s.served(), "for the rest of the term: the message may still come")
	s.play(`deliver kept
		stabilize`)
	require.Equal(t, []raft.NodeID{2}, s.leaders())
	s.play(`transfer n2 to=n1
		stabilize
		spread n1`)
	require.True(t, s.served(), "another term, another lease")
}

func TestDissertation6_4_1_ANewLeaderHasNoLeaseOfAnEarlierTerm(t *testing.T) {
	s := play(t, leased+`
		advance 150ms
		elect n2
		advance 150ms
		timeout n1
		persist n1
		deliver kind=RequestVote
		persist n2 n3
		deliver to=n1`)
	require.Equal(t, raft.Leader, s.role(1))
	require.False(t, s.served())
}

// Leases rest on followers keeping to a leader, so that there is none without CheckQuorum.
func TestDissertation6_4_1_LeasesNeedCheckQuorum(t *testing.T) {
	_, err := raft.New(raft.Config{
		ID: 1, Voters: []raft.NodeID{1}, Lease: time.Second, Draw: func(uint64) uint64 { return 0 },
		Timeouts: raft.Timeouts{ElectionMin: 1, ElectionMax: 1, Heartbeat: 1},
	}, raft.Restored{}, 0)
	require.ErrorContains(t, err, "CheckQuorum")
}
