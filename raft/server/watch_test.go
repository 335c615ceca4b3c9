package server

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftsim/raft"
	"raftsim/raft/raftpb"
)

// attached is a test that looks on.
type attached struct {
	t      *testing.T
	stream raftpb.Control_AttachClient
	queue  []*raftpb.Sight
}

func attach(t *testing.T, r *running, b *raftpb.Begin) *attached {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	stream, err := raftpb.NewControlClient(conn(t, r)).Attach(ctx)
	require.NoError(t, err)
	a := &attached{t: t, stream: stream}
	a.order(&raftpb.Order{What: &raftpb.Order_Begin{Begin: b}})
	return a
}

func (a *attached) order(o *raftpb.Order) { require.NoError(a.t, a.stream.Send(o)) }

// next waits for the next sight.
func (a *attached) next() *raftpb.Sight {
	a.t.Helper()
	for len(a.queue) == 0 {
		batch, err := a.stream.Recv()
		require.NoError(a.t, err)
		a.queue = batch.Sights
	}
	s := a.queue[0]
	a.queue = a.queue[1:]
	return s
}

// until waits for a sight of which something is so, and returns it with all before.
func (a *attached) until(so func(*raftpb.Sight) bool) []*raftpb.Sight {
	a.t.Helper()
	for all := []*raftpb.Sight{}; ; {
		s := a.next()
		if all = append(all, s); so(s) {
			return all
		}
	}
}

// waiting has a node wait for a test. Its timers do not fire by themselves.
func waiting(c *Config) {
	c.TestControl, c.Test.Wait = true, true
	c.Timeouts.ElectionMin, c.Timeouts.ElectionMax = time.Hour, time.Hour
}

// A node that waits for a test boots when that attaches, shows what it is after every event, in order and without a gap, does what it
// is told, and ends with the test.
func TestAttach(t *testing.T) {
	r := runCluster(t, 1, waiting)[0]
	_, err := raftpb.NewAdminClient(conn(t, r)).Snapshot(within(t), &raftpb.SnapshotRequest{})
	require.Equal(t, codes.Unavailable, status.Code(err), "it has not booted")

	a := attach(t, r, &raftpb.Begin{Life: 7})
	first := a.next()
	require.Equal(t, uint64(7)<<32+1, first.Number)
	require.Equal(t, uint64(1), first.Changed, "all there is")
	require.NotEmpty(t, first.Configuration)
	require.Equal(t, uint32(raft.Follower), first.Role)

	a.order(&raftpb.Order{What: &raftpb.Order_Timer{Timer: &raftpb.Timer{}}})
	sights := a.until(func(s *raftpb.Sight) bool { return s.Commit == 1 && s.Applied == 1 })
	number, candidate, durable, effects := first.Number, false, uint64(0), 0
	for _, s := range sights {
		number++
		require.Equal(t, number, s.Number)
		candidate = candidate || s.Role == uint32(raft.Candidate)
		require.GreaterOrEqual(t, s.DurableIndex, durable)
		durable = s.DurableIndex
		effects += len(s.Effects)
		require.Empty(t, s.Configuration, "it did not change")
		require.LessOrEqual(t, s.Commit, s.DurableIndex, "it is the only one")
	}
	require.True(t, candidate, "no event is left out")
	require.Equal(t, 1, effects)

	put, err := raftpb.NewKVClient(conn(t, r)).Do(within(t), &raftpb.Request{Session: 1, Seq: 1, Op: raftpb.Op_OP_PUT, Key: []byte("color"), Value: []byte("blue")})
	require.NoError(t, err)
	require.Equal(t, raftpb.Status_STATUS_OK, put.Status)
	sights = a.until(func(s *raftpb.Sight) bool { return len(s.Effects) == 1 && s.Effects[0].Seq == 1 })
	require.Equal(t, sights[len(sights)-1].Number, put.AsOf, "the answer comes after what it tells of")
	var entries []*raftpb.Entry
	for _, s := range sights {
		entries = append(entries, s.Entries...)
	}
	require.NotEmpty(t, entries)
	require.Equal(t, sights[len(sights)-1].Effects[0].Entry.Data, entries[len(entries)-1].Data)

	a.order(&raftpb.Order{What: &raftpb.Order_Snapshot{Snapshot: &raftpb.SnapshotRequest{}}})
	a.until(func(s *raftpb.Sight) bool { return s.Base == s.LastIndex })

	other := attach(t, r, &raftpb.Begin{})
	_, err = other.stream.Recv()
	require.ErrorContains(t, err, "a test is attached to the node")

	require.NoError(t, a.stream.CloseSend())
	<-r.ended
	require.ErrorContains(t, r.err, "the test that the node was for has gone")
}

// A test may come later, to a node that did not wait for it, and another after it.
func TestAttachLater(t *testing.T) {
	r := runCluster(t, 1, func(c *Config) { c.TestControl = true })[0]
	leaderOf(t, r)
	require.NoError(t, clientOf(t, r).Session().Put(within(t), "color", "blue"))
	for life := range uint32(2) {
		a := attach(t, r, &raftpb.Begin{Life: life})
		s := a.next()
		require.Equal(t, uint64(life)<<32+1, s.Number)
		require.Equal(t, uint32(raft.Leader), s.Role)
		require.Len(t, s.Entries, int(s.LastIndex-s.Base), "all that the node is")
		require.NoError(t, a.stream.CloseSend())
		_, err := a.stream.Recv()
		require.Error(t, err)
	}
}

// What a test says first, and what makes no sense.
func TestAttachRefuses(t *testing.T) {
	r := runCluster(t, 1, func(c *Config) { c.TestControl = true })[0]
	leaderOf(t, r)
	stream, err := raftpb.NewControlClient(conn(t, r)).Attach(within(t))
	require.NoError(t, err)
	require.NoError(t, stream.Send(&raftpb.Order{}))
	_, err = stream.Recv()
	require.ErrorContains(t, err, "the first order is to begin")
	for says, o := range map[string]*raftpb.Order{
		"an order that this version does not know": {},
		"there is no timer 9":                      {What: &raftpb.Order_Timer{Timer: &raftpb.Timer{Name: 9}}},
		"a change names 1 to 99 nodes":             {What: &raftpb.Order_Change{Change: &raftpb.ChangeMembersRequest{}}},
	} {
		a := attach(t, r, &raftpb.Begin{})
		a.order(o)
		for err = nil; err == nil; {
			_, err = a.stream.Recv()
		}
		require.ErrorContains(t, err, says)
	}
	cfg := config(t.TempDir(), 1, addresses(t, 1))
	cfg.Test.Wait = true
	require.ErrorContains(t, cfg.Check(), "options for tests go with --test-control")
}

// A node that is a newcomer by the word of its test does not begin the cluster.
func TestAttachToNewcomer(t *testing.T) {
	r := runCluster(t, 1, waiting)[0]
	a := attach(t, r, &raftpb.Begin{Newcomer: true})
	require.Equal(t, (&raft.Configuration{}).Encode(nil), a.next().Configuration)
}
