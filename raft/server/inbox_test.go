package server

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft/raftpb"
)

// However fast clients send, what they send waits outside when the loop does not keep up.
func TestRequestsWaitForRoom(t *testing.T) {
	if testing.Short() {
		t.Skip("128 MiB go through it, which takes long with the race detector")
	}
	n := run(t, config(t.TempDir(), 1, addresses(t, 1)))
	leaderOf(t, n)
	<-n.booted
	stuck := make(chan struct{})
	goOn := sync.OnceFunc(func() { close(stuck) })
	t.Cleanup(goOn)
	require.True(t, n.inbox.put(event{do: func() { <-stuck }}))
	const value, most = 512 << 10, 2 * maxInbox / (512 << 10)
	stream, err := raftpb.NewKVClient(conn(t, n)).Stream(within(t))
	require.NoError(t, err)
	go func() {
		for k := range most {
			put := &raftpb.Request{Session: uint64(k + 1), Seq: 1, Op: raftpb.Op_OP_PUT, Key: []byte("key"), Value: []byte(strings.Repeat("x", value))}
			if stream.Send(&raftpb.Requests{Requests: []*raftpb.Request{put}}) != nil {
				return
			}
		}
	}()
	waiting := func() int {
		n.inbox.mu.Lock()
		defer n.inbox.mu.Unlock()
		return len(n.inbox.events)
	}
	last, since := 0, time.Now()
	eventually(t, "no more is taken in", func() bool {
		if now := waiting(); now != last {
			last, since = now, time.Now()
		}
		return last >= maxInbox/value && time.Since(since) > time.Second
	})
	require.Less(t, last, most*3/4)
	goOn()
	for answers := 0; answers < most; {
		r, err := stream.Recv()
		require.NoError(t, err)
		answers += len(r.Responses)
	}
}
