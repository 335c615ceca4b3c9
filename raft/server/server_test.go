package server

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"raftsim/raft"
	"raftsim/raft/raftpb"
	"raftsim/raft/server/client"
)

func TestAClientIsLedToTheLeaderFromAnyNode(t *testing.T) {
	nodes := runCluster(t, 3, nil)
	leaderOf(t, nodes...)
	for k, n := range nodes {
		s := clientOf(t, n).Session()
		require.NoError(t, s.Put(within(t), "key", fmt.Sprint(k)))
		value, err := s.Get(within(t), "key")
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(k), value)
		was, swapped, err := s.CAS(within(t), "key", "other", "new")
		require.NoError(t, err)
		require.False(t, swapped)
		require.Equal(t, fmt.Sprint(k), was)
		require.NoError(t, s.Append(within(t), "key", "+"))
		require.NoError(t, s.Delete(within(t), "key"))
	}
	agree(t, nodes...)
}

// A client that reaches one node only, and not the leader, is served by way of that node.
func TestANodeHandsOnWhatOnlyTheLeaderCanDo(t *testing.T) {
	nodes := runCluster(t, 3, nil)
	follower := followerOf(t, nodes...)
	kv := raftpb.NewKVClient(conn(t, follower))
	request := &raftpb.Request{Session: 1, Seq: 1, Op: raftpb.Op_OP_PUT, Key: []byte("key"), Value: []byte("value")}
	r, err := kv.Do(within(t), request)
	require.NoError(t, err)
	require.Equal(t, raftpb.Status_STATUS_NOT_LEADER, r.Status)
	require.Equal(t, leaderOf(t, nodes...).Addr(), r.LeaderAddress)
	request.Forward = true
	r, err = kv.Do(within(t), request)
	require.NoError(t, err)
	require.Equal(t, raftpb.Status_STATUS_OK, r.Status)
	require.EqualValues(t, leaderOf(t, nodes...).cfg.ID, r.Node)

	stream, err := kv.Stream(within(t))
	require.NoError(t, err)
	require.NoError(t, stream.Send(&raftpb.Requests{Requests: []*raftpb.Request{
		{Session: 1, Seq: 2, Op: raftpb.Op_OP_APPEND, Key: []byte("key"), Value: []byte("!"), Forward: true},
	}}))
	answers, err := stream.Recv()
	require.NoError(t, err)
	require.Equal(t, raftpb.Status_STATUS_OK, answers.Responses[0].Status)
	value, err := clientOf(t, follower).Session().Get(within(t), "key")
	require.NoError(t, err)
	require.Equal(t, "value!", value)
}

func TestARequestSentTwiceTakesEffectOnce(t *testing.T) {
	nodes := runCluster(t, 1, nil)
	leaderOf(t, nodes...)
	kv := raftpb.NewKVClient(conn(t, nodes[0]))
	request := &raftpb.Request{Session: 7, Seq: 1, Op: raftpb.Op_OP_APPEND, Key: []byte("key"), Value: []byte("x")}
	for range 3 {
		r, err := kv.Do(within(t), request)
		require.NoError(t, err)
		require.Equal(t, raftpb.Status_STATUS_OK, r.Status)
	}
	value, err := clientOf(t, nodes...).Session().Get(within(t), "key")
	require.NoError(t, err)
	require.Equal(t, "x", value)
}

func TestStatusTellsOfAllMembers(t *testing.T) {
	nodes := runCluster(t, 3, nil)
	require.NoError(t, clientOf(t, nodes...).Session().Put(within(t), "key", "value"))
	leader := leaderOf(t, nodes...)
	agree(t, nodes...)
	all := statusOf(t, followerOf(t, nodes...))
	require.Len(t, all, 3)
	for id, s := range all {
		require.True(t, s.Reachable)
		require.Equal(t, raftpb.Membership_MEMBERSHIP_VOTER, s.Membership)
		require.EqualValues(t, leader.cfg.ID, s.Leader)
		require.Equal(t, s.Commit, s.Applied)
		require.NotZero(t, s.LogBytes)
		require.Zero(t, s.Lag)
		require.Equal(t, nodes[id-1].Addr(), s.Address)
	}
	down := followerOf(t, nodes...)
	down.end()
	all = statusOf(t, leader)
	require.False(t, all[down.cfg.ID].Reachable)
	require.Contains(t, all[down.cfg.ID].Error, "connection refused")
	require.Equal(t, raftpb.Membership_MEMBERSHIP_VOTER, all[down.cfg.ID].Membership)
}

// A node that joins is sent a snapshot when the log does not reach back, becomes a voter, and once removed does not come
// back by itself.
func TestANodeJoinsAndLeaves(t *testing.T) {
	often := func(c *Config) { c.SnapshotEvery, c.SnapshotKeep, c.SegmentBytes = 20, 5, 4096 }
	nodes := runCluster(t, 3, often)
	s := clientOf(t, nodes...).Session()
	for k := range 100 {
		require.NoError(t, s.Put(within(t), fmt.Sprintf("key%d", k%10), strings.Repeat("v", k)))
	}
	leader := leaderOf(t, nodes...)
	eventually(t, "the log is compacted", func() bool { return leader.view.get().Base > 0 })

	at := addresses(t, 1)
	cfg := config(t.TempDir(), 1, at)
	often(&cfg)
	cfg.ID, cfg.Join, cfg.Peers = 4, true, map[raft.NodeID]string{1: nodes[0].Addr()}
	newcomer := run(t, cfg)
	eventually(t, "the newcomer is a voter", func() bool { return leader.view.get().config.Voter(4) })
	agree(t, append(nodes, newcomer)...)
	require.True(t, newcomer.hasSaid("installs a snapshot of entry"))
	require.NotEqual(t, raft.FirstIncarnation, newcomer.view.get().incarnation)

	admin := raftpb.NewAdminClient(conn(t, followerOf(t, nodes...)))
	reply, err := admin.ChangeMembers(within(t), &raftpb.ChangeMembersRequest{Remove: []uint64{4}})
	require.NoError(t, err)
	require.Len(t, reply.Members, 3)
	newcomer.end()
	again := run(t, cfg)
	require.NoError(t, s.Put(within(t), "after", "all"))
	eventually(t, "it runs", func() bool { return again.view.get().booted })
	require.False(t, leader.view.get().config.Member(4))
}

// Members come and go by hand, too: a learner stays one until it is promoted, and a node that nobody can place is asked for.
func TestChangesOfMembers(t *testing.T) {
	nodes := runCluster(t, 1, nil)
	leaderOf(t, nodes...)
	admin := raftpb.NewAdminClient(conn(t, nodes[0]))
	for says, r := range map[string]*raftpb.ChangeMembersRequest{
		"a change names 1 to 99 nodes":                     {},
		"nobody has said where node n2 is":                 {Add: []*raftpb.Newcomer{{Id: 2}}},
		"want host:port":                                   {Add: []*raftpb.Newcomer{{Id: 2, Address: "here"}}},
		"a node has no name":                               {Learn: []*raftpb.Newcomer{{Address: "127.0.0.1:1"}}},
		"a configuration needs a voter":                    {Remove: []uint64{1}},
		"has n2 be two of voter, learner and gone at once": {Add: []*raftpb.Newcomer{{Id: 2, Address: "127.0.0.1:1"}}, Remove: []uint64{2}},
		"a change of the configuration names ":             {Remove: []uint64{0}},
	} {
		_, err := admin.ChangeMembers(within(t), r)
		require.ErrorContains(t, err, says)
	}
	cfg := config(t.TempDir(), 1, addresses(t, 1))
	cfg.ID, cfg.Join, cfg.Peers = 2, true, map[raft.NodeID]string{1: nodes[0].Addr()}
	_, err := admin.ChangeMembers(within(t), &raftpb.ChangeMembersRequest{Learn: []*raftpb.Newcomer{{Id: 2, Address: cfg.Listen}}})
	require.NoError(t, err)
	learner := run(t, cfg)
	eventually(t, "the learner has the log", func() bool { return learner.view.get().Applied > 0 })
	require.Equal(t, raftpb.Membership_MEMBERSHIP_LEARNER, statusOf(t, nodes[0])[2].Membership)
	_, err = admin.ChangeMembers(within(t), &raftpb.ChangeMembersRequest{Add: []*raftpb.Newcomer{{Id: 2}}})
	require.NoError(t, err)
	eventually(t, "it is a voter", func() bool { return nodes[0].view.get().config.Voter(2) })
}

// Who leaves for another is a voter until that one has caught up, and says so; it cannot itself have it otherwise.
func TestAMemberIsSwappedForAnother(t *testing.T) {
	nodes := runCluster(t, 3, nil)
	leader, leaver := leaderOf(t, nodes...), followerOf(t, nodes...)
	admin := raftpb.NewAdminClient(conn(t, leader))
	cfg := config(t.TempDir(), 1, addresses(t, 1))
	cfg.ID, cfg.Join, cfg.Peers = 4, true, map[raft.NodeID]string{leader.cfg.ID: leader.Addr()}
	swap := &raftpb.ChangeMembersRequest{Add: []*raftpb.Newcomer{{Id: 4, Address: cfg.Listen}}, Remove: []uint64{uint64(leaver.cfg.ID)}}
	_, err := admin.ChangeMembers(within(t), swap)
	require.NoError(t, err)
	nodesNow := statusOf(t, leader)
	require.Equal(t, raftpb.Membership_MEMBERSHIP_LEAVING, nodesNow[leaver.cfg.ID].Membership)
	require.Equal(t, raftpb.Membership_MEMBERSHIP_LEARNER, nodesNow[4].Membership)
	_, err = admin.ChangeMembers(within(t), &raftpb.ChangeMembersRequest{Self: true, Add: []*raftpb.Newcomer{{Id: uint64(leaver.cfg.ID)}}})
	require.ErrorContains(t, err, "is about to leave, once others have come for it")
	run(t, cfg)
	eventually(t, "it has come", func() bool { return leader.view.get().config.Voter(4) })
	reply, err := admin.ChangeMembers(within(t), swap)
	require.NoError(t, err, "which is so already")
	require.Len(t, reply.Members, 3)
	for _, m := range reply.Members {
		require.NotEqual(t, uint64(leaver.cfg.ID), m.Id)
		require.Equal(t, raftpb.Membership_MEMBERSHIP_VOTER, m.Membership)
	}
}

// A node whose disk is gone is another one: it does not vote in the name of the one that made promises, until it is added.
func TestANodeWhoseDiskIsGoneIsAddedAgain(t *testing.T) {
	nodes := runCluster(t, 3, nil)
	s := clientOf(t, nodes...).Session()
	require.NoError(t, s.Put(within(t), "key", "value"))
	agree(t, nodes...)
	gone := followerOf(t, nodes...)
	gone.end()
	require.NoError(t, os.RemoveAll(gone.cfg.Data))
	back := run(t, gone.cfg)
	eventually(t, "it is back", func() bool { return back.view.get().booted })
	require.True(t, back.hasSaid("has been a member before, and its log is gone"))
	require.NotEqual(t, raft.FirstIncarnation, back.view.get().incarnation)

	var leader *running
	eventually(t, "it is a voter again", func() bool {
		leader = leaderOf(t, nodes...)
		admin := raftpb.NewAdminClient(conn(t, leader))
		_, err := admin.ChangeMembers(within(t), &raftpb.ChangeMembersRequest{Add: []*raftpb.Newcomer{{Id: uint64(back.cfg.ID)}}})
		if status.Code(err) == codes.Unavailable {
			return false // on a busy machine the leader may change
		}
		require.NoError(t, err)
		for _, m := range leader.view.get().config.Voters {
			if m.ID == back.cfg.ID && m.Incarnation == back.view.get().incarnation {
				return true
			}
		}
		return false
	})
	agree(t, leader, back)
}

func TestLeadershipIsHandedOver(t *testing.T) {
	nodes := runCluster(t, 3, nil)
	leader, to := leaderOf(t, nodes...), followerOf(t, nodes...)
	admin := raftpb.NewAdminClient(conn(t, followerOf(t, nodes...)))
	r, err := admin.Transfer(within(t), &raftpb.TransferRequest{To: uint64(to.cfg.ID)})
	require.NoError(t, err)
	require.EqualValues(t, to.cfg.ID, r.Leader)
	require.Equal(t, raft.Follower, leader.view.get().Role)
	_, err = admin.Transfer(within(t), &raftpb.TransferRequest{To: 9})
	require.ErrorContains(t, err, "cannot hand leadership to n9")
}

// Whoever stops a leader in good order finds another one at once, not after an election timeout.
func TestALeaderThatStopsHandsOver(t *testing.T) {
	nodes := runCluster(t, 3, func(c *Config) {
		c.Timeouts = raft.Timeouts{ElectionMin: time.Second, ElectionMax: 2 * time.Second, Heartbeat: 100 * time.Millisecond}
	})
	leader := leaderOf(t, nodes...)
	require.NoError(t, clientOf(t, nodes...).Session().Put(within(t), "key", "value"))
	agree(t, nodes...)
	leader.end()
	require.NoError(t, leader.err)
	require.True(t, leader.hasSaid("sends RPC TimeoutNow to Node"))
	require.True(t, leader.hasSaid("becomes follower"))
}

func TestASnapshotIsTakenWhenAsked(t *testing.T) {
	nodes := runCluster(t, 1, nil)
	require.NoError(t, clientOf(t, nodes...).Session().Put(within(t), "key", "value"))
	admin := raftpb.NewAdminClient(conn(t, nodes[0]))
	for range 2 { // the second time there is one already
		r, err := admin.Snapshot(within(t), &raftpb.SnapshotRequest{})
		require.NoError(t, err)
		require.EqualValues(t, nodes[0].view.get().Applied, r.Index)
	}
	nodes[0].end()
	again := run(t, nodes[0].cfg)
	value, err := clientOf(t, again).Session().Get(within(t), "key")
	require.NoError(t, err)
	require.Equal(t, "value", value)
}

// A snapshot that is asked for while an older one is being written is taken once that is done.
func TestASnapshotIsTakenAfterTheOneBefore(t *testing.T) {
	n := run(t, config(t.TempDir(), 1, addresses(t, 1)))
	s := clientOf(t, n).Session()
	admin := raftpb.NewAdminClient(conn(t, n))
	slow := make(chan struct{})
	goOn := sync.OnceFunc(func() { close(slow) })
	t.Cleanup(goOn)
	n.disk.snaps.do(func() { <-slow })
	taken := make(chan error, 2)
	for range 2 {
		require.NoError(t, s.Put(within(t), "key", "value"))
		applied := n.view.get().Applied
		go func() {
			r, err := admin.Snapshot(within(t), &raftpb.SnapshotRequest{})
			if err == nil && r.Index < uint64(applied) {
				err = fmt.Errorf("a snapshot of %d, and %d was applied", r.Index, applied)
			}
			taken <- err
		}()
		eventually(t, "one is being written", func() bool {
			busy := false
			require.NoError(t, n.onLoop(within(t), func() { busy = n.loop.replica.Compact() != nil }))
			return busy
		})
	}
	goOn()
	for range 2 {
		require.NoError(t, <-taken)
	}
}

func TestHealth(t *testing.T) {
	nodes := runCluster(t, 1, nil)
	health := healthpb.NewHealthClient(conn(t, nodes[0]))
	for _, service := range []string{"", ReadyService} {
		eventually(t, "it is well", func() bool {
			r, err := health.Check(within(t), &healthpb.HealthCheckRequest{Service: service})
			return err == nil && r.Status == healthpb.HealthCheckResponse_SERVING
		})
	}
}

// The control service is there for tests that ask for it, and for nobody else.
func TestControlIsForTests(t *testing.T) {
	nodes := runCluster(t, 1, nil)
	_, err := raftpb.NewControlClient(conn(t, nodes[0])).FireTimer(within(t), &raftpb.Timer{})
	require.Equal(t, codes.Unimplemented, status.Code(err))

	nodes = runCluster(t, 3, func(c *Config) { c.TestControl = true })
	before := leaderOf(t, nodes...).view.get().Term
	control := raftpb.NewControlClient(conn(t, followerOf(t, nodes...)))
	_, err = control.SetTimeouts(within(t), &raftpb.Timeouts{ElectionMin: -1})
	require.ErrorContains(t, err, "cannot be negative")
	_, err = control.FireTimer(within(t), &raftpb.Timer{Name: 7})
	require.ErrorContains(t, err, "there is no timer 7")
	_, err = control.SetTimeouts(within(t), &raftpb.Timeouts{ElectionMin: int64(time.Hour), ElectionMax: int64(time.Hour)})
	require.NoError(t, err)
	fired := followerOf(t, nodes...)
	_, err = raftpb.NewControlClient(conn(t, fired)).FireTimer(within(t), &raftpb.Timer{})
	require.NoError(t, err)
	eventually(t, "it has stood for election", func() bool { return fired.hasSaid(fmt.Sprintf("Node %v timed out, starting election", fired.cfg.ID)) })
	require.LessOrEqual(t, before, leaderOf(t, nodes...).view.get().Term)
}

// What is too large is refused by whoever sees it first, and hurts nobody.
func TestWhatIsTooLargeIsRefused(t *testing.T) {
	nodes := runCluster(t, 1, nil)
	leaderOf(t, nodes...)
	err := clientOf(t, nodes...).Session().Put(within(t), "key", strings.Repeat("x", 100<<20))
	require.ErrorContains(t, err, "at most 1048576 are allowed")
	kv := raftpb.NewKVClient(conn(t, nodes[0]))
	r, err := kv.Do(within(t), &raftpb.Request{Session: 1, Seq: 1, Op: raftpb.Op_OP_PUT, Key: []byte("key"), Value: make([]byte, 2<<20)})
	require.NoError(t, err)
	require.Equal(t, raftpb.Status_STATUS_INVALID, r.Status)
	require.Contains(t, r.Error, "at most 1048576 are allowed")
	_, err = kv.Do(within(t), &raftpb.Request{Session: 1, Seq: 1, Op: raftpb.Op_OP_PUT, Key: []byte("key"), Value: make([]byte, 7<<20)})
	require.NoError(t, err)
	stranger, err := grpc.NewClient("passthrough:///"+nodes[0].Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer stranger.Close()
	_, err = raftpb.NewKVClient(stranger).Do(within(t), &raftpb.Request{Session: 1, Seq: 1, Op: raftpb.Op_OP_PUT, Key: []byte("key"), Value: make([]byte, 100<<20)})
	require.Equal(t, codes.ResourceExhausted, status.Code(err), "%v", err)
	require.ErrorContains(t, err, "larger than max")
	require.NoError(t, clientOf(t, nodes...).Session().Put(within(t), "key", strings.Repeat("x", 1<<20)))
}

// A node that has as many requests as it takes says so, instead of collecting them.
func TestABusyNodeSaysSo(t *testing.T) {
	nodes := runCluster(t, 3, func(c *Config) { c.MaxRequests = 4 })
	leader := leaderOf(t, nodes...)
	for _, n := range nodes {
		if n != leader {
			n.end() // nothing can be committed any more
		}
	}
	stream, err := raftpb.NewKVClient(conn(t, leader)).Stream(within(t))
	require.NoError(t, err)
	batch := &raftpb.Requests{}
	for k := range 10 {
		batch.Requests = append(batch.Requests, &raftpb.Request{Session: uint64(k + 1), Seq: 1, Op: raftpb.Op_OP_PUT, Key: []byte("key"), Value: []byte("value")})
	}
	require.NoError(t, stream.Send(batch))
	statuses := make(map[raftpb.Status]int)
	for n := 0; n < len(batch.Requests); {
		answers, err := stream.Recv()
		require.NoError(t, err)
		for _, r := range answers.Responses {
			statuses[r.Status]++
			n++
		}
	}
	require.Equal(t, 6, statuses[raftpb.Status_STATUS_BUSY]+statuses[raftpb.Status_STATUS_NOT_LEADER], "%v", statuses)
}

// Connections beyond the limit wait until another one ends.
func TestConnectionsAreLimited(t *testing.T) {
	nodes := runCluster(t, 1, func(c *Config) { c.MaxConnections = 2 })
	leaderOf(t, nodes...)
	first, second, third := clientOf(t, nodes...), clientOf(t, nodes...), clientOf(t, nodes...)
	for _, c := range []*client.Client{first, second} {
		require.NoError(t, c.Session().Put(within(t), "key", "value"))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	require.Error(t, third.Session().Put(ctx, "key", "value"))
	first.Close()
	require.NoError(t, third.Session().Put(within(t), "key", "value"))
}
