package server

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft/kv"
	"raftsim/raft/raftpb"
	"raftsim/raft/replica"
	"raftsim/raft/server/client"
)

// gets are so many requests for a key.
func gets(key string, n int) *raftpb.Requests {
	out := &raftpb.Requests{}
	for k := range n {
		out.Requests = append(out.Requests, &raftpb.Request{Session: 1, Seq: uint64(k + 1), Op: raftpb.Op_OP_GET, Key: []byte(key)})
	}
	return out
}

// A client that has no more requests is answered those it has made.
func TestAStreamThatHasNoMoreRequestsIsAnswered(t *testing.T) {
	nodes := runCluster(t, 3, nil)
	leader := leaderOf(t, nodes...)
	stream, err := raftpb.NewKVClient(conn(t, leader)).Stream(within(t))
	require.NoError(t, err)
	puts := &raftpb.Requests{}
	for k := range 100 {
		puts.Requests = append(puts.Requests, &raftpb.Request{Session: uint64(k + 1), Seq: 1, Op: raftpb.Op_OP_PUT, Key: fmt.Appendf(nil, "key%d", k), Value: []byte("value")})
	}
	require.NoError(t, stream.Send(puts))
	require.NoError(t, stream.CloseSend())
	n := 0
	for {
		r, err := stream.Recv()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		n += len(r.Responses)
	}
	require.Equal(t, 100, n)
}

// A client that does not read what it is answered is not listened to any more, before its answers fill the memory; once it reads it
// gets them all.
func TestAClientThatDoesNotReadWaits(t *testing.T) {
	n := run(t, config(t.TempDir(), 1, addresses(t, 1)))
	leaderOf(t, n)
	require.NoError(t, clientOf(t, n).Session().Put(within(t), "large", strings.Repeat("x", 16<<10)))
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	stream, err := raftpb.NewKVClient(conn(t, n)).Stream(ctx)
	require.NoError(t, err)
	const batch, batches = 512, 24 // 192 MiB of answers
	sent := make(chan error, 1)
	go func() {
		for range batches {
			if err := stream.Send(gets("large", batch)); err != nil {
				sent <- err
				return
			}
		}
		sent <- stream.CloseSend()
	}()
	served := func() float64 { return total(t, n.metrics, "raftd_requests_total") }
	var last float64
	eventually(t, "no more is served", func() bool {
		before := last
		last = served()
		time.Sleep(100 * time.Millisecond)
		return last > batch && last == before
	})
	require.Less(t, last, float64(2*maxOwed), "of %d requests", batch*batches)
	answers := 0
	for answers < batch*batches {
		r, err := stream.Recv()
		require.NoError(t, err)
		answers += len(r.Responses)
	}
	require.NoError(t, <-sent)
}

// Appending makes no value that no message holds: whatever is stored can be read.
func TestAppendingEndsBeforeAValueThatNoMessageHolds(t *testing.T) {
	n := run(t, config(t.TempDir(), 1, addresses(t, 1)))
	leaderOf(t, n)
	s := clientOf(t, n).Session()
	part := strings.Repeat("x", kv.MaxValue)
	for range 7 {
		require.NoError(t, s.Append(within(t), "key", part))
	}
	err := s.Append(within(t), "key", part)
	require.ErrorContains(t, err, "nothing was appended: the value would have more than 8323072 bytes")
	var unknown *client.UnknownError
	require.NotErrorAs(t, err, &unknown, "it is certain")
	require.NoError(t, s.Append(within(t), "key", part[:kv.MaxAppended-7*kv.MaxValue]))
	value, err := s.Get(within(t), "key")
	require.NoError(t, err)
	require.Len(t, value, kv.MaxAppended)
	was, swapped, err := s.CAS(within(t), "key", value[:5], "new")
	require.NoError(t, err)
	require.False(t, swapped)
	require.Len(t, was, kv.MaxAppended)
}

// A version that did not know the bound has made longer ones. Who asks for one is told so, and not left without an answer.
func TestAValueThatNoMessageHolds(t *testing.T) {
	n := run(t, config(t.TempDir(), 1, addresses(t, 1)))
	n.end() // its loop is ours now
	c := &call{answer: make(chan *raftpb.Response, 1)}
	n.loop.respond(c, &replica.Response{Session: 1, Seq: 2, Status: kv.OK, Result: kv.Result{Value: strings.Repeat("x", 9<<20)}})
	r := <-c.answer
	require.Equal(t, raftpb.Status_STATUS_INVALID, r.Status)
	require.Equal(t, "the value has 9437184 bytes, more than a message holds", r.Error)
	require.Empty(t, r.Value)
}
