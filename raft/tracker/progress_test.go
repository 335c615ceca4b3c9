package tracker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft/quorum"
)

var window = Window{Messages: 4, Bytes: 1000}

// canSend says whether entries may leave to a follower of a leader whose log ends at last.
func canSend(p *Progress, last quorum.Index) bool { return p.Next <= last && p.Ready(&window) }

func TestATermStartsWithAGuess(t *testing.T) {
	p := Start(10)
	require.Equal(t, quorum.Index(0), p.Match, "nothing is known")
	require.Equal(t, quorum.Index(11), p.Next, "the guess is that the logs are alike")
	require.Equal(t, Probe, p.State)
	require.False(t, canSend(&p, 10), "there is nothing to send")
	require.True(t, canSend(&p, 11))
}

func TestAProbeIsSentOneAtATime(t *testing.T) {
	p := Start(10)
	p.Sent(11, 10)
	require.Equal(t, quorum.Index(11), p.Next, "nothing has been confirmed")
	require.False(t, canSend(&p, 20), "the next waits for the answer")
	p.Unblock()
	require.True(t, canSend(&p, 20), "or for the time when the answer counts as lost")
}

func TestAnAcceptedProbeStartsReplication(t *testing.T) {
	p := Start(10)
	p.Sent(11, 10)
	require.True(t, p.Accepted(11))
	require.Equal(t, Progress{Match: 11, Next: 12, State: Replicate}, p)

	for last := quorum.Index(12); last <= 15; last++ {
		require.True(t, canSend(&p, 20), "messages follow each other without waiting")
		p.Sent(last, 10)
	}
	require.Equal(t, quorum.Index(16), p.Next)
	require.False(t, canSend(&p, 20), "up to the window")
	require.True(t, p.Accepted(13))
	require.True(t, canSend(&p, 20), "an acknowledgement opens it")
}

func TestTheWindowCountsBytesToo(t *testing.T) {
	p := Progress{Match: 11, Next: 12, State: Replicate}
	p.Sent(12, 999)
	require.True(t, canSend(&p, 20), "one message more than fits may leave")
	p.Sent(13, 500)
	require.False(t, canSend(&p, 20))
	p.Accepted(12)
	require.True(t, canSend(&p, 20))
}

// What is on its way is remembered however much it is, and in its order.
func TestALongWindowIsKeptInOrder(t *testing.T) {
	wide := Window{Messages: 1000, Bytes: 1 << 30}
	p := Progress{Match: 0, Next: 1, State: Replicate}
	acked := quorum.Index(0)
	for last := quorum.Index(1); last <= 5000; last++ {
		require.True(t, p.Ready(&wide), "with %d on their way", last-1-acked)
		p.Sent(last, 1)
		if last%3 == 0 && last-acked > 700 {
			acked += 100
			p.Accepted(acked)
		}
		require.Equal(t, int(last-acked), p.flights.n)
		require.Equal(t, int(last-acked), p.flights.bytes)
	}
}

func TestAcknowledgementsOfThePastAreNoNews(t *testing.T) {
	p := Progress{Match: 11, Next: 15, State: Replicate}
	require.False(t, p.Accepted(11))
	require.False(t, p.Accepted(5))
	require.Equal(t, Progress{Match: 11, Next: 15, State: Replicate}, p)
}

func TestAnAcknowledgementBeyondNextMovesNext(t *testing.T) {
	p := Progress{Match: 5, Next: 6, State: Replicate} // replication went back, the late answer arrives
	require.True(t, p.Accepted(9))
	require.Equal(t, Progress{Match: 9, Next: 10, State: Replicate}, p)
}

func TestARejectedProbeTriesFurtherBack(t *testing.T) {
	p := Start(10)
	p.Sent(11, 10)
	require.True(t, p.Rejected(10, 4))
	require.Equal(t, Progress{Next: 4}, p, "where the hint says, and the next probe may leave")
	require.True(t, p.Rejected(3, 9))
	require.Equal(t, quorum.Index(3), p.Next, "at least one further back, whatever the hint says")
}

func TestARejectionNeverGoesBehindWhatMatched(t *testing.T) {
	p := Progress{Match: 5, Next: 9, State: Replicate}
	require.True(t, p.Rejected(8, 2))
	require.Equal(t, Progress{Match: 5, Next: 6}, p)
}

func TestRejectionsOfThePastAreNoNews(t *testing.T) {
	for what, c := range map[string]struct {
		p    Progress
		prev quorum.Index
	}{
		"of what has matched since":  {Progress{Match: 5, Next: 9, State: Replicate}, 5},
		"of a probe before this one": {Progress{Match: 5, Next: 9, waiting: true}, 9},
		"of one yet before":          {Progress{Match: 5, Next: 9, waiting: true}, 7},
	} {
		t.Run(what, func(t *testing.T) {
			p := c.p
			require.False(t, p.Rejected(c.prev, 1))
			require.Equal(t, c.p, p)
		})
	}
}

// A rejection while replicating says that a message was lost or overtaken: back to guessing.
func TestARejectionEndsReplication(t *testing.T) {
	p := Progress{Match: 5, Next: 20, State: Replicate}
	require.True(t, p.Rejected(10, 8))
	require.Equal(t, Progress{Match: 5, Next: 8}, p)
	require.True(t, canSend(&p, 20), "the first probe leaves at once")
}

func TestStatesHaveNames(t *testing.T) {
	require.Equal(t, "probe", Probe.String())
	require.Equal(t, "replicate", Replicate.String())
	require.Equal(t, "install", Install.String())
}
