package client

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"raftsim/raft/raftpb"
	"raftsim/raft/server/port"
)

// script is a node that answers as it is told to.
type script struct {
	raftpb.UnimplementedKVServer
	mu sync.Mutex
	// asked are the requests but for those that open sessions.
	asked  []*raftpb.Request
	answer func(n int, r *raftpb.Request) *raftpb.Response // nil for none
	opened uint64
}

// Stream implements [raftpb.KVServer].
func (s *script) Stream(in grpc.BidiStreamingServer[raftpb.Requests, raftpb.Responses]) error {
	for {
		batch, err := in.Recv()
		if err != nil {
			return err
		}
		for _, r := range batch.Requests {
			s.mu.Lock()
			out := &raftpb.Response{Status: raftpb.Status_STATUS_OK}
			if r.Op == raftpb.Op_OP_OPEN {
				s.opened++
				out.Opened = 1<<63 + s.opened
			} else {
				s.asked = append(s.asked, r)
				out = s.answer(len(s.asked), r)
			}
			s.mu.Unlock()
			if out == nil {
				continue
			}
			out.Session, out.Seq = r.Session, r.Seq
			if err := in.Send(&raftpb.Responses{Responses: []*raftpb.Response{out}}); err != nil {
				return err
			}
		}
	}
}

// play starts such a node, and returns where it is.
func play(t *testing.T, s *script) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	playOn(t, l, s)
	return l.Addr().String()
}

func playOn(t *testing.T, l net.Listener, s *script) {
	t.Helper()
	g := grpc.NewServer()
	raftpb.RegisterKVServer(g, s)
	go func() { _ = g.Serve(l) }()
	t.Cleanup(g.Stop)
}

func session(t *testing.T, endpoints ...string) *Session {
	t.Helper()
	c, err := New(Config{Endpoints: endpoints})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c.Session()
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func said(s raftpb.Status) *raftpb.Response { return &raftpb.Response{Status: s, Node: 1} }

// Whatever happens to it, an operation is repeated under the name that it had, and the next one has another.
func TestARepetitionIsTheSameOperation(t *testing.T) {
	node := &script{answer: func(n int, _ *raftpb.Request) *raftpb.Response {
		switch n {
		case 1:
			return said(raftpb.Status_STATUS_UNKNOWN)
		case 2:
			return said(raftpb.Status_STATUS_BUSY)
		case 3:
			return said(raftpb.Status_STATUS_NOT_LEADER)
		}
		return said(raftpb.Status_STATUS_OK)
	}}
	s := session(t, play(t, node))
	require.NoError(t, s.Put(soon(t), "key", "value"))
	require.NoError(t, s.Append(soon(t), "key", "!"))
	require.Len(t, node.asked, 5)
	for k, r := range node.asked {
		require.Equal(t, uint64(1<<63+1), r.Session)
		require.EqualValues(t, map[bool]uint64{true: 1, false: 2}[k < 4], r.Seq)
	}
	require.EqualValues(t, 1, node.opened)
}

// A node that cannot be reached, or that says that another leads, is left for another.
func TestAClientGoesToTheLeader(t *testing.T) {
	leader := &script{answer: func(int, *raftpb.Request) *raftpb.Response { return said(raftpb.Status_STATUS_OK) }}
	at := play(t, leader)
	follower := &script{answer: func(_ int, r *raftpb.Request) *raftpb.Response {
		return &raftpb.Response{Status: raftpb.Status_STATUS_NOT_LEADER, Node: 1, Leader: 2, LeaderAddress: at}
	}}
	nobody, release, err := port.Reserve()
	require.NoError(t, err)
	defer release()
	s := session(t, nobody, play(t, follower))
	_, err = s.Get(soon(t), "key")
	require.NoError(t, err)
	require.Len(t, leader.asked, 1)
}

// A leader that cannot be reached from here is spoken to by way of a node that can.
func TestALeaderOutOfReach(t *testing.T) {
	follower := &script{}
	follower.answer = func(_ int, r *raftpb.Request) *raftpb.Response {
		if r.Forward {
			return said(raftpb.Status_STATUS_OK)
		}
		return &raftpb.Response{Status: raftpb.Status_STATUS_NOT_LEADER, Node: 1, Leader: 2, LeaderAddress: "nowhere.invalid:1"}
	}
	_, err := session(t, play(t, follower)).Get(soon(t), "key")
	require.NoError(t, err)
}

// A leader that could not be reached for a while, as when it was just starting, is spoken to itself once it can be: a client that stayed with the
// node that passes on what it asks would have each request travel twice.
func TestALeaderThatComesIntoReach(t *testing.T) {
	at, release, err := port.Reserve()
	require.NoError(t, err)
	defer release()
	var asked atomic.Int64
	follower := &script{answer: func(_ int, r *raftpb.Request) *raftpb.Response {
		asked.Add(1)
		if r.Forward {
			return &raftpb.Response{Status: raftpb.Status_STATUS_OK, Node: 2, Leader: 2}
		}
		return &raftpb.Response{Status: raftpb.Status_STATUS_NOT_LEADER, Node: 1, Leader: 2, LeaderAddress: at}
	}}
	s := session(t, at, play(t, follower))
	ctx := soon(t)
	_, err = s.Get(ctx, "key")
	require.NoError(t, err)
	require.EqualValues(t, 2, asked.Load())
	late, err := net.Listen("tcp", at)
	require.NoError(t, err)
	playOn(t, late, &script{answer: func(int, *raftpb.Request) *raftpb.Response { return said(raftpb.Status_STATUS_OK) }})
	for before := int64(0); asked.Load() != before; { // until the follower is asked no more
		before = asked.Load()
		_, err = s.Get(ctx, "key")
		require.NoError(t, err)
	}
}

// A session that expired is opened anew, unless the operation may have been made in the old one.
func TestASessionThatExpires(t *testing.T) {
	node := &script{answer: func(n int, _ *raftpb.Request) *raftpb.Response {
		switch n {
		case 1, 4:
			return said(raftpb.Status_STATUS_EXPIRED)
		case 3:
			return said(raftpb.Status_STATUS_UNKNOWN)
		}
		return said(raftpb.Status_STATUS_OK)
	}}
	s := session(t, play(t, node))
	require.NoError(t, s.Put(soon(t), "key", "value"))
	require.Equal(t, uint64(1<<63+2), node.asked[1].Session)
	var unknown *UnknownError
	require.ErrorAs(t, s.Put(soon(t), "key", "value"), &unknown)
	require.NoError(t, s.Put(soon(t), "key", "value"))
	require.Equal(t, uint64(1<<63+3), node.asked[4].Session)
}

// An operation that was sent and not answered may take effect; one that could not be sent does not.
func TestWhatIsKnownOfAnOperation(t *testing.T) {
	silent := &script{answer: func(int, *raftpb.Request) *raftpb.Response { return nil }}
	s := session(t, play(t, silent))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	var unknown *UnknownError
	require.ErrorAs(t, s.Put(ctx, "key", "value"), &unknown)
	require.ErrorIs(t, unknown, context.DeadlineExceeded)

	nobody, release, err := port.Reserve()
	require.NoError(t, err)
	defer release()
	ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = session(t, nobody).Get(ctx, "key")
	require.ErrorContains(t, err, "connection refused")
	require.NotErrorAs(t, err, &unknown)
}

// One address that leads to several nodes, as a load balancer's does, may be said to be the leader's while a follower answers there: that one is asked to
// pass on what it is asked, since going to the leader would lead to the same follower.
func TestAnAddressThatLeadsToSeveralNodes(t *testing.T) {
	for name, own := range map[string]bool{"the leader says that it is there": true, "a leader answered there before": false} {
		t.Run(name, func(t *testing.T) {
			var at string
			behind := &script{}
			behind.answer = func(n int, r *raftpb.Request) *raftpb.Response {
				switch {
				case r.Forward:
					return said(raftpb.Status_STATUS_OK)
				case own:
					return &raftpb.Response{Status: raftpb.Status_STATUS_NOT_LEADER, Node: 1, Leader: 2, LeaderAddress: at}
				case n == 1: // who is to lead, and does not yet
					return &raftpb.Response{Status: raftpb.Status_STATUS_NOT_LEADER, Node: 2}
				}
				return &raftpb.Response{Status: raftpb.Status_STATUS_NOT_LEADER, Node: 1, Leader: 2}
			}
			at = play(t, behind)
			s := session(t, at)
			_, err := s.Get(soon(t), "key")
			require.NoError(t, err)
			asked := len(behind.asked)
			_, err = s.Get(soon(t), "key")
			require.NoError(t, err)
			require.Len(t, behind.asked, asked+1, "it goes on passing on")
			require.Equal(t, map[uint64]string{1: at}, s.client.nodes, "who answered there last")
		})
	}
}

// Each time that nothing came from an address it is left alone for longer, also when its connection does not break, as where a network swallows all.
func TestAnAddressFromWhichNothingComesIsLeftAloneForLonger(t *testing.T) {
	s := session(t, "first.invalid:1", "second.invalid:1")
	c, l := s.client, &link{address: "first.invalid:1"}
	fails := func() time.Duration {
		c.at = l.address
		c.failed(l)
		require.Equal(t, "second.invalid:1", c.at)
		return c.bad[l.address].pause
	}
	l.answered.Store(true)
	for k, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		require.Equal(t, want*time.Second, fails(), k)
	}
	l.answered.Store(true)
	require.Equal(t, time.Second, fails(), "it has answered since")
	require.Equal(t, 2*time.Second, fails())
}
