package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What cannot be done is told once, in words for people, and is no success.
func TestWhatTheClusterCannotDo(t *testing.T) {
	c := newCluster(t, 1)
	defer c.keepLogs(t)
	c.start(t, 0)
	ask := func(line string) said {
		return raftd(t, append(strings.Fields(line), "--endpoints", c.addresses[0], "--timeout", "30s")...)
	}
	got := ask("put key value") // so that there is a leader
	require.Zero(t, got.code, got.err)

	got = ask("transfer n9")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "raftd: cannot hand leadership to n9, which is not a member of ")
	require.NotContains(t, got.err, "raft: ")

	got = ask("member remove n9 n1")
	require.Equal(t, exitNot, got.code)
	require.Equal(t, "raftd: n9: no such member, so nothing was done; see raftd status\n", got.err)
	got = ask("member add n2=127.0.0.1:1 --instead-of n9")
	require.Equal(t, exitNot, got.code)
	require.Equal(t, "raftd: n9: no such member, so nothing was done; see raftd status\n", got.err)
	got = ask("member add n2=127.0.0.1:1 --instead-of n1 --no-wait")
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.out, "n1\tleaving\t")
	require.Contains(t, got.out, "n2\tlearner\t")
	got = ask("member remove n2")
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.out, "n1\tvoter\t", "nobody comes for it any more")
	got = ask("member remove n1")
	require.Equal(t, exitFailed, got.code)
	require.NotContains(t, got.err, "raft: ")
}
