package server

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/raftpb"
)

// A node that was removed while it was down is told by the others, says so once, and is quiet until it is a member again.
func TestANodeThatWasRemovedSaysSoAndIsQuiet(t *testing.T) {
	nodes := runCluster(t, 4, nil)
	gone := followerOf(t, nodes...)
	others := slices.DeleteFunc(slices.Clone(nodes), func(n *running) bool { return n == gone })
	gone.end()
	change := func(r *raftpb.ChangeMembersRequest) {
		t.Helper()
		// On a busy machine a leader may lose its office meanwhile, and cannot tell then what came of it.
		eventually(t, "the change is made", func() bool {
			_, err := raftpb.NewAdminClient(conn(t, leaderOf(t, others...))).ChangeMembers(within(t), r)
			return err == nil
		})
	}
	change(&raftpb.ChangeMembersRequest{Remove: []uint64{uint64(gone.cfg.ID)}})

	soon := gone.cfg
	soon.Timeouts.ElectionMin, soon.Timeouts.ElectionMax = 100*time.Millisecond, 200*time.Millisecond
	again := run(t, soon)
	says := "Node " + gone.cfg.ID.String() + " is no member of this cluster any more"
	eventually(t, "it says that it is no member", func() bool { return again.hasSaid(says) })
	v := again.view.get()
	require.True(t, v.names(gone.cfg.ID), "its own log does not say so")

	change(&raftpb.ChangeMembersRequest{Add: []*raftpb.Newcomer{{Id: uint64(gone.cfg.ID), Address: again.Addr()}}})
	eventually(t, "it follows again", func() bool { return again.view.get().Leader != raft.None && !again.outcast.Load() })
	require.Equal(t, 1, strings.Count(again.said.String(), says))

	again.end() // its loop is ours now
	for _, outcast := range []bool{true, false} {
		again.outcast.Store(outcast)
		before := strings.Count(again.said.String(), "starting election")
		again.loop.Log("Node n9 timed out, starting election")
		require.Equal(t, outcast, before == strings.Count(again.said.String(), "starting election"))
	}
}

// Only who is told by a later configuration is sure: not a member, and not who reaches nobody.
func TestANodeIsAMemberWhileThereIsDoubt(t *testing.T) {
	nodes := runCluster(t, 3, nil)
	leader := leaderOf(t, nodes...)
	n := followerOf(t, nodes...)
	require.False(t, n.removedAfter(0), "the others say that it is one")
	admin := raftpb.NewAdminClient(conn(t, leader))
	_, err := admin.ChangeMembers(within(t), &raftpb.ChangeMembersRequest{Remove: []uint64{uint64(n.cfg.ID)}})
	require.NoError(t, err)
	v := leader.view.get()
	require.True(t, n.removedAfter(0))
	require.False(t, n.removedAfter(v.ConfigurationIndex), "what is told is no later than what it knows itself")
	for _, other := range nodes {
		if other != n {
			other.end()
		}
	}
	require.False(t, n.removedAfter(0), "nobody tells anything")
}

func TestWhichLinesTellOfElections(t *testing.T) {
	for line, want := range map[string]bool{
		"Node n6 timed out, starting election":        true,
		"Node n6 sends RPC RequestPreVote to Node n1": true,
		"Node n6 sends RPC RequestVote to Node n1":    true,
		"Node n6 sends RPC AppendEntries to Node n1":  false,
		"Node n6 becomes follower":                    false,
		"Node n6 installs a snapshot of entry 9":      false,
	} {
		require.Equal(t, want, standsForElection(line), line)
	}
}

// Who hears of a leader is a member again at once, however soon it loses that one, and whatever was found out before is not held against it.
func TestANodeThatHearsOfALeaderIsNoOutcast(t *testing.T) {
	n := run(t, config(t.TempDir(), 1, addresses(t, 1)))
	leaderOf(t, n)
	require.False(t, n.castOut(n.view.get().ConfigurationIndex))
	require.NoError(t, n.onLoop(within(t), func() { n.outcast.Store(true) }))
	require.NoError(t, n.onLoop(within(t), func() {})) // the first is over by now
	require.False(t, n.outcast.Load())
}
