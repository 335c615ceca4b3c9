package tracker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft/quorum"
)

const window = 4

// canSend says whether entries may leave to a follower of a leader whose log ends at last.
func canSend(p *Progress, last quorum.Index) bool { return p.Limit(last, window) >= p.Next }

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
	p.Sent(11)
	require.Equal(t, quorum.Index(11), p.Next, "nothing has been confirmed")
	require.False(t, canSend(&p, 20), "the next waits for the answer")
	p.Unblock()
	require.True(t, canSend(&p, 20), "or for the time when the answer counts as lost")
}

func TestAProbeCarriesAWindowAtMost(t *testing.T) {
	p := Start(10)
	require.Equal(t, quorum.Index(14), p.Limit(100, window))
	require.Equal(t, quorum.Index(12), p.Limit(12, window))
}

func TestAnAcceptedProbeStartsReplication(t *testing.T) {
	p := Start(10)
	p.Sent(11)
	require.True(t, p.Accepted(11))
	require.Equal(t, Progress{Match: 11, Next: 12, State: Replicate}, p)

	p.Sent(13)
	p.Sent(14)
	require.Equal(t, quorum.Index(15), p.Next, "messages follow each other without waiting")
	require.True(t, canSend(&p, 20))
	require.Equal(t, quorum.Index(15), p.Limit(20, window), "up to the window")
	p.Sent(15)
	require.False(t, canSend(&p, 20), "the window is full")
	require.True(t, p.Accepted(13))
	require.Equal(t, quorum.Index(17), p.Limit(20, window), "an acknowledgement opens it")
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
	p.Sent(11)
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
}
