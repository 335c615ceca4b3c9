package replica_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
)

// A node that comes back with a long log, which it finds committed, applies it in parts, and handles other events in between.
func TestALongLogIsAppliedInParts(t *testing.T) {
	n := startFollower(t, nil)
	const long = 20_000
	for i := raft.Index(2); i <= long; {
		a := raft.AppendEntries{PrevIndex: i - 1, PrevTerm: 1, Commit: 1}
		for k := 0; k < 1000 && i <= long; k++ {
			q := kv.Request{Session: 7, Seq: uint64(i), Op: kv.Put, Key: "k", Value: "v"}
			a.Entries = append(a.Entries, raft.Entry{Index: i, Term: 1, Kind: raft.EntryCommand, Data: kv.Encode(nil, &q, 0)})
			i++
		}
		n.heartbeat(2, 1, a)
		n.sync()
	}
	n.forget()
	n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: long, PrevTerm: 1, Commit: long})
	first := n.Core().Status().Applied
	require.Less(t, first, raft.Index(5000))
	require.Equal(t, n.now, n.timers[replica.TimerApply])

	n.now += ms
	n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: long, PrevTerm: 1, Commit: long})
	require.Greater(t, n.Core().Status().Applied, first, "any event goes on with it")
	for parts := 0; n.timers[replica.TimerApply] != raft.Never; parts++ {
		require.Less(t, parts, 10)
		n.timers[replica.TimerApply] = raft.Never
		n.Timer(replica.TimerApply)
	}
	require.Equal(t, raft.Index(long), n.Core().Status().Applied)
	require.Equal(t, "v", n.Store().Get("k"))
}
