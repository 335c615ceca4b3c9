package raft_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

func TestNoMoreThanMaxInflightEntriesAreOnTheirWay(t *testing.T) {
	for _, window := range []int{1, 7, 600} {
		t.Run(fmt.Sprint(window), func(t *testing.T) {
			c := newTunedCluster(t, func(cfg *raft.Config) { cfg.MaxInflight = window }, make([]raft.Restored, 2)...)
			c.elect(1)
			for range 2000 {
				_, _, err := c.core(1).Propose(nil)
				require.NoError(t, err)
			}
			c.act(1)
			for acked := raft.Index(1); acked < 2001; {
				sent := raft.Index(0)
				for _, m := range c.take(filter{from: 1, kind: raft.MsgAppendEntries}) {
					sent += raft.Index(len(m.Append.Entries))
					c.step(m)
				}
				require.LessOrEqual(t, sent, raft.Index(window), "entries beyond %d", acked)
				require.Positive(t, sent, "something is always on its way")
				c.persist(2)
				acked = c.status(2).DurableIndex
				c.deliver(filter{to: 1})
			}
		})
	}
}

// A probe is a guess: it carries no more than the window either.
func TestAProbeHonoursMaxInflight(t *testing.T) {
	c := newTunedCluster(t, func(cfg *raft.Config) { cfg.MaxInflight = 3 }, disk(raft.HardState{Term: 1}, times(20, 1)...), raft.Restored{})
	c.elect(1, 1, 2)
	require.Len(t, c.log(2), 21)

	c = newTunedCluster(t, func(cfg *raft.Config) { cfg.MaxInflight = 3 }, make([]raft.Restored, 2)...)
	c.timeout(1)
	c.persist(1)
	c.deliver(filter{})
	c.persist(2)
	c.deliver(filter{to: 1, kind: raft.MsgVoteReply})
	c.take(filter{}) // the no-op's first probe is lost
	c.propose(1, "a", "b", "c", "d", "e")
	c.beat(1)
	require.Len(t, c.one(filter{to: 2}).Append.Entries, 3)
}
