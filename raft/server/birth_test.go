package server

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// A log that is gone is gone with its promises, though the folder still says whose it is: the log may have had a disk of its own.
func TestANodeWhoseLogAloneIsGoneIsAnotherOne(t *testing.T) {
	nodes := runCluster(t, 3, nil)
	require.NoError(t, clientOf(t, nodes...).Session().Put(within(t), "key", "value"))
	agree(t, nodes...)
	gone := followerOf(t, nodes...)
	gone.end()
	require.NoError(t, os.RemoveAll(filepath.Join(gone.cfg.Data, logFolder)))
	back := run(t, gone.cfg)
	<-back.booted
	require.NotEqual(t, raft.FirstIncarnation, back.view.get().incarnation)
	require.True(t, back.hasSaid("has been a member before"))
}

// A node that joined, and whose disk is gone, asks to join until it is a member itself: that its name is one is not enough.
func TestANodeThatJoinedJoinsAgainWhenItsDiskIsGone(t *testing.T) {
	nodes := runCluster(t, 3, nil)
	leader := leaderOf(t, nodes...)
	cfg := config(t.TempDir(), 1, addresses(t, 1))
	cfg.ID, cfg.Join, cfg.Peers = 4, true, map[raft.NodeID]string{1: nodes[0].Addr()}
	voter := func(n *running) bool {
		for _, m := range leader.view.get().config.Voters {
			if m == (raft.Member{ID: 4, Incarnation: n.view.get().incarnation}) {
				return true
			}
		}
		return false
	}
	first := run(t, cfg)
	eventually(t, "it is a voter", func() bool { return voter(first) })
	first.end()
	require.NoError(t, os.RemoveAll(cfg.Data))
	again := run(t, cfg)
	<-again.booted
	require.NotEqual(t, first.view.get().incarnation, again.view.get().incarnation)
	eventually(t, "it is a voter again", func() bool { return voter(again) })
}

// A node that is told to stop does so, also while it waits for the others at the cluster's first start. Nothing has failed.
func TestANodeThatWaitsForItsPeersStopsInGoodOrder(t *testing.T) {
	at := addresses(t, 3)
	n := run(t, config(t.TempDir(), 1, at))
	n.end()
	require.NoError(t, n.err)
	require.True(t, n.hasSaid("Node n1 goes down before it has begun"))
}
