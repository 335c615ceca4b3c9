package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/raftpb"
)

// A call that has waited long enough is told so in time, also by a node that nothing else ever happens to: who is no member
// has no timers.
func TestACallIsToldInTimeThatNobodyKnows(t *testing.T) {
	at := addresses(t, 2)
	cfg := config(t.TempDir(), 1, at)
	cfg.Join, cfg.Peers = true, map[raft.NodeID]string{2: at[1]}
	n := run(t, cfg)
	<-n.booted
	c := &call{answer: make(chan *raftpb.Response, 1), req: kv.Request{Session: 1, Seq: 1, Op: kv.Get, Key: "key"}}
	require.NoError(t, n.onLoop(within(t), func() { n.loop.await(c, 20*time.Millisecond) }))
	select {
	case r := <-c.answer:
		require.Equal(t, raftpb.Status_STATUS_UNKNOWN, r.Status)
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for ever")
	}
}

// A node stops although there is always something to do.
func TestANodeStopsUnderLoad(t *testing.T) {
	n := run(t, config(t.TempDir(), 1, addresses(t, 1)))
	leaderOf(t, n)
	<-n.booted
	var again func()
	again = func() { n.inbox.put(event{do: again}) }
	again()
	n.cancel()
	select {
	case <-n.ended:
		require.NoError(t, n.err)
	case <-time.After(20 * time.Second):
		t.Error("it goes on")
		n.inbox.close()
	}
}
