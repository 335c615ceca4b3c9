package raft_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// swapping has n4 about to come for n1: it is a learner, and n1 a voter like any.
const swapping = three + `
	boot n4
	reconfigure n1 join=n4 remove=n1
	stabilize
`

// caughtUp has learners answer until the leader has seen that they are quick, and go on to what follows from it.
const caughtUp = `
	heartbeat n1
	stabilize
	heartbeat n1
	stabilize
`

const toSwap = "n1 n2 n3, learners n4, to swap n4 for n1"

func TestDissertation4_3_WhoLeavesWhileAnotherJoinsVotesUntilThatOneHasCaughtUp(t *testing.T) {
	s := play(t, swapping)
	require.Equal(t, toSwap, s.config(1))
	s.play(`
		crash n2 n4
		propose n1 x
		stabilize`)
	require.Equal(t, "x", s.state(1), "one of three is down, and the two others decide")
	s.play(`restart n2
		boot n4` + caughtUp)
	require.Equal(t, "n2 n3 n4", s.config(2))
}

func TestDissertation4_3_WhoComesAndWhoGoesDoSoInOneJointStep(t *testing.T) {
	s := play(t, swapping+`
		heartbeat n1
		stabilize
		heartbeat n1
		deliver to=n4
		persist n4
		deliver from=n4`)
	require.Equal(t, "n2 n3 n4 (from n1 n2 n3)", s.config(1))
	s.play(`
		persist n1
		stabilize n1 n4`)
	require.True(t, s.up(1).core.Configuration().Joint(), "n4 is one of three of the voters to be")
	s.play(`stabilize n1 n2`)
	require.Equal(t, "n2 n3 n4", s.config(1), "which the leader leaves by itself")
}

// Like any that is removed: it does not count itself, and gives up once those who stay have committed that.
func TestDissertation4_2_2_ALeaderThatIsSwappedLeadsUntilThatIsCommitted(t *testing.T) {
	s := play(t, swapping)
	for range 10 {
		s.play(caughtUp)
	}
	require.Equal(t, raft.Follower, s.role(1))
	require.Equal(t, "n2 n3 n4", s.config(1))
	require.Equal(t, raft.Never, s.deadline(1), "nor does it stand again")
	s.play(`elect n4
		propose n4 x
		spread n4`)
	require.Equal(t, "x", s.state(2))
	require.NotContains(t, s.state(1), "x", "it is no member")
}

// Who has caught up first keeps up, and waits. What others of a change that is none are asked to do does not wait for them.
func TestDissertation4_3_ASwapWaitsForAllWhoCome(t *testing.T) {
	s := play(t, three+`
		boot n4
		boot n5
		boot n6
		crash n5
		reconfigure n1 join=(n4,n5) remove=(n1,n2)
		stabilize
		reconfigure n1 join=n6
		stabilize`)
	for range 5 {
		s.play(caughtUp)
	}
	require.Equal(t, "n1 n2 n3 n6, learners n4 n5, to swap n4 n5 for n1 n2", s.config(1))
	s.play(`boot n5
		` + caughtUp + caughtUp + caughtUp)
	require.Equal(t, "n3 n4 n5 n6", s.config(3))
}

// Nothing is written, so that who died has all there is; it is waited for all the same.
func TestDissertation4_3_ASwapWaitsForWhoHasCaughtUpAndDied(t *testing.T) {
	s := play(t, three+`
		boot n4
		boot n5
		boot n6
		crash n6
		reconfigure n1 join=(n4,n5,n6) remove=(n1,n2,n3)
		stabilize`)
	beat := func(times int) {
		for range times {
			s.now += 50 * time.Millisecond
			s.play(`heartbeat n1
				stabilize`)
		}
	}
	const waiting = "n1 n2 n3, learners n4 n5 n6, to swap n4 n5 n6 for n1 n2 n3"
	beat(10)
	s.play(`crash n4 n5`)
	beat(200)
	s.play(`boot n6`)
	beat(20)
	require.Equal(t, waiting, s.config(1))
	s.play(`restart n4
		restart n5`)
	beat(20)
	require.Equal(t, "n4 n5 n6", s.config(4))
}

// A learner that is heard of at other times than another has caught up all the same: neither has just ended a round when the
// other does.
func TestDissertation4_3_WhoHasCaughtUpNeedNotDoSoAgainWhenAnotherDoes(t *testing.T) {
	s := play(t, three+`
		boot n4
		boot n5
		reconfigure n1 join=(n4,n5) remove=n1
		stabilize`)
	for range 3 {
		s.play(`
			propose n1 x
			stabilize n1 n2 n3 n4
			propose n1 x
			drop to=n4
			stabilize n1 n2 n3 n5`)
	}
	require.NotContains(t, s.config(1), "swap", s.config(1))
}

func TestDissertation4_3_ALaterLeaderGoesOnWithASwap(t *testing.T) {
	s := play(t, swapping+`
		crash n1
		elect n3 by=(n2)
		stabilize`)
	require.Equal(t, toSwap, s.config(3))
	for range 3 {
		s.play(`heartbeat n3
			stabilize`)
	}
	require.Equal(t, "n2 n3 n4", s.config(3))
}

func TestDissertation4_3_ASwapThatIsCutOffIsUndone(t *testing.T) {
	s := play(t, three+`
		reconfigure n1 join=n4 remove=n1
		persist n1
		drop
		crash n1
		elect n2 by=(n3)
		restart n1
		spread n2`)
	require.Equal(t, "n1 n2 n3", s.config(1))
}

func TestPaper7_ASnapshotCarriesASwap(t *testing.T) {
	s := play(t, three+`
		boot n4
		crash n4
		propose n1 x
		reconfigure n1 join=n4 remove=n1
		spread n1
		compact n1
		crash n1
		restart n1`)
	require.NotZero(t, s.st(1).Base)
	require.Equal(t, toSwap, s.config(1))
	s.play(`elect n1
		boot n4
		heartbeat n1
		deliver to=n4
		persist n4
		deliver from=n4
		deliver to=n4
		persist n4`)
	require.NotZero(t, s.st(4).Base)
	require.Equal(t, toSwap, s.config(4), "and brings it")
	s.play(`stabilize` + caughtUp + caughtUp)
	require.Equal(t, "n2 n3 n4", s.config(2))
}

// What becomes of a swap by what is asked for while it is under way.
func TestDissertation4_3_ASwapCanBeChanged(t *testing.T) {
	for _, test := range []struct{ asked, config string }{
		{"join=n4 remove=n1", toSwap}, // again
		{"join=n4", toSwap},           // so it does
		{"remove=n4", "n1 n2 n3"},     // nobody is left to come
		{"learn=n4", "n1 n2 n3, learners n4"},
		{"remove=n1", "n2 n3, learners n4"}, // at once
		{"learn=n1", "n2 n3, learners n1 n4"},
		{"join=n1", "n1 n2 n3, learners n4"}, // it stays, and n4 comes all the same
		{"remove=n2", "n1 n3, learners n4, to swap n4 for n1"},
		{"remove=(n2,n3)", "n1 (from n1 n2 n3), learners n4, to swap n4 for n1"},
		{"join=n5", "n1 n2 n3, learners n4 n5, to swap n4 for n1"},
		{"join=n5 remove=n2", "n1 n2 n3, learners n4 n5, to swap n4 n5 for n1 n2"},
		{"join=n5 remove=n4", "n1 n2 n3, learners n5"}, // n4 is no voter, so that n5 comes for nobody
		{"join=n1 remove=n2", "n1 n3, learners n4"},    // n1 is there: nobody comes for n2
		{"join=n4 remove=(n2,n3)", "n1 n2 n3, learners n4, to swap n4 for n1 n2 n3"},
	} {
		s := play(t, swapping+`reconfigure n1 `+test.asked)
		require.NoError(t, s.refused, test.asked)
		require.Equal(t, test.config, s.config(1), test.asked)
		for _, l := range s.up(1).core.Configuration().Learners {
			require.Equal(t, test.asked != "learn="+l.ID.String(), l.Promote, "%v after %s", l.ID, test.asked)
		}
	}
}

// A learner that comes already comes in a swap when it is asked to.
func TestDissertation4_3_AChangeUnderWayCanBecomeASwap(t *testing.T) {
	s := play(t, three+`
		boot n4
		reconfigure n1 join=n4
		stabilize
		reconfigure n1 join=n4 remove=n1`)
	require.Equal(t, toSwap, s.config(1))
}

func TestDissertation4_3_NoOtherChangeBeginsBeforeASwapIsInTheLogForCertain(t *testing.T) {
	s := play(t, three+`
		reconfigure n1 join=n4 remove=n1
		reconfigure n1 remove=n2`)
	require.ErrorIs(t, s.refused, raft.ErrChangeInFlight)
	s.play(`reconfigure n1 join=n4 remove=n1`)
	require.NoError(t, s.refused, "it is under way")
}

func TestDissertation4_3_AllVotersAreSwappedAtOnce(t *testing.T) {
	s := play(t, three+`
		boot n4
		boot n5
		boot n6
		propose n1 x
		reconfigure n1 join=(n4,n5,n6) remove=(n1,n2,n3)
		stabilize`+caughtUp+caughtUp+caughtUp)
	require.Equal(t, "n4 n5 n6", s.config(5))
	s.play(`elect n5
		spread n5`)
	require.Equal(t, "x", s.state(6))
}

// Nobody takes the place of a voter under its own name but by losing its vote first, in a swap as ever.
func TestDissertation4_3_AVoterWhoseDiskIsGoneCanComeForAnother(t *testing.T) {
	s := play(t, five+`
		crash n5
		boot n5
		heartbeat n1
		stabilize
		reconfigure n1 join=n5 remove=n1`)
	require.Equal(t, "n1 n2 n3 n4, learners n5, to swap n5 for n1", s.config(1))
	s.play(`stabilize` + caughtUp + caughtUp)
	require.Equal(t, "n2 n3 n4 n5", s.config(2))
}

// A joiner whose disk is lost meanwhile is another node, which has to catch up.
func TestDissertation4_3_AJoinerOfASwapThatIsWipedStartsAnew(t *testing.T) {
	s := play(t, swapping+`
		heartbeat n1
		stabilize
		crash n4
		boot n4
		`+caughtUp+caughtUp)
	require.Equal(t, "n2 n3 n4", s.config(2))
	require.Equal(t, s.up(4).core.Incarnation(), s.up(2).core.Configuration().Voters[2].Incarnation)
}
