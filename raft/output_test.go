package raft_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// A disk that is always behind must not keep acknowledgements back for ever: while it writes one batch the next
// arrives, and what is on the disk is acknowledged without waiting for what is not.
func TestASteadyStreamIsAcknowledgedAsTheDiskGoes(t *testing.T) {
	c := newClusterOf(t, disk(raft.HardState{Term: 1}), disk(raft.HardState{Term: 1}), disk(raft.HardState{Term: 1}))
	for k := raft.Index(0); k < 50; k += 10 {
		c.step(appendFrom(1, 2, 1, raft.AppendEntries{PrevIndex: k, PrevTerm: min(raft.Term(k), 1), Entries: entries(k, times(10, 1)...)}))
		if k == 0 {
			continue // the first batch is being written when the second arrives
		}
		c.persistFirst(2, 1)
		ack := c.one(filter{from: 2}).AppendReply
		require.True(t, ack.Success)
		require.Equal(t, k, ack.Match, "what the disk had when entries up to %d were still being written", k+10)
	}
	c.persist(2)
	require.Equal(t, raft.Index(50), c.one(filter{from: 2}).AppendReply.Match)
}
