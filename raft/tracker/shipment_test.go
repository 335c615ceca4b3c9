package tracker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft/quorum"
)

func TestASnapshotTakesThePlaceOfEntries(t *testing.T) {
	p := Progress{Match: 5, Next: 9, State: Replicate}
	p.Sent(12, 100)
	p.Installing(40)
	require.Equal(t, Install, p.State)
	require.False(t, p.Ready(&window), "no entries leave meanwhile")
	require.False(t, p.Rejected(8, 2), "and what was said of them is no news")
	p.Installed(40)
	require.Equal(t, quorum.Index(40), p.Match)
	require.Equal(t, quorum.Index(41), p.Next)
	require.Equal(t, Replicate, p.State)
	require.Zero(t, p.flights.n)
	require.Equal(t, Shipment{}, p.Shipment)
}

func TestBytesOfASnapshotFollowEachOtherUpToTheWindow(t *testing.T) {
	s := Shipment{Index: 40}
	for range 4 {
		require.True(t, s.Ready(2000, &window))
		s.Sent += 250
	}
	require.False(t, s.Ready(2000, &window), "a thousand are on their way")
	s.Arrived(250)
	require.True(t, s.Ready(2000, &window))
	s.Sent = 2000
	s.Arrived(1900)
	require.False(t, s.Ready(2000, &window), "all have been sent")
}

func TestWhatGotLostOfASnapshotIsSentAgainFromWhereTheFollowerIs(t *testing.T) {
	s := Shipment{Index: 40, Sent: 1000}
	s.Arrived(250)
	s.Resend(2000)
	require.Equal(t, uint64(1000), s.Sent, "the rest may be on its way")
	s.Arrived(500)
	s.Resend(2000)
	require.Equal(t, uint64(1000), s.Sent, "it is")
	s.Resend(2000)
	require.Equal(t, uint64(500), s.Sent, "nothing came for a whole heartbeat")

	s.Sent = 1000
	s.Arrived(0)
	require.Equal(t, uint64(0), s.Sent, "the follower lost what it had, and says so")
}

// Dissertation §4.2.1: a round brings the learner to where the log was when the round began.
func TestALearnerHasCaughtUpOnceARoundWasShort(t *testing.T) {
	const within = 100 * time.Millisecond
	at := func(ms int) time.Duration { return time.Duration(ms) * time.Millisecond }
	var c Chase
	require.False(t, c.CaughtUp(at(0), 0, 1000, within), "the first round begins")
	require.False(t, c.CaughtUp(at(300), 900, 1500, within))
	require.False(t, c.CaughtUp(at(400), 1000, 1600, within), "it took too long; the next is to 1600")
	require.False(t, c.CaughtUp(at(450), 1599, 1700, within))
	require.True(t, c.CaughtUp(at(499), 1600, 1800, within))
}

func TestAClockThatWasSetBackMakesNoRoundShort(t *testing.T) {
	var c Chase
	c.CaughtUp(time.Hour, 0, 10, time.Second)
	require.False(t, c.CaughtUp(time.Minute, 10, 10, time.Second))
	require.True(t, c.CaughtUp(time.Minute, 10, 10, time.Second), "the next tells")
}

func TestWhenAllIsThereTheLastByteAsksWhatHasBecomeOfIt(t *testing.T) {
	s := Shipment{Index: 40, Sent: 2000}
	s.Arrived(2000)
	s.Resend(2000)
	require.False(t, s.Ready(2000, &window), "word may be on its way")
	s.Resend(2000)
	require.True(t, s.Ready(2000, &window))
	require.Equal(t, uint64(1999), s.Sent)
}
