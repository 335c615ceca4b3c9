package server

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/raftpb"
)

// FuzzParcel has somebody who passes for a node send any parcel: it is taken in or refused, and the node goes on. The one thing
// that may end a node, with an error, is a snapshot that nobody can have taken.
func FuzzParcel(f *testing.F) {
	n := run(f, config(f.TempDir(), 1, addresses(f, 1)))
	leaderOf(f, n)
	f.Cleanup(func() { n.end() })
	command := kv.Encode(nil, &kv.Request{Session: 1, Seq: 1, Op: kv.Put, Key: "key", Value: "value"}, 0)
	members := n.view.get().config.Encode(nil)
	for _, m := range []*raftpb.Message{
		{Term: 1, Body: &raftpb.Message_RequestVote{RequestVote: &raftpb.RequestVote{LastIndex: 9, LastTerm: 1, Transfer: true}}},
		{Term: 2, Body: &raftpb.Message_VoteReply{VoteReply: &raftpb.VoteReply{Granted: true, Candidate: 1}}},
		{Term: 9, Body: &raftpb.Message_Append{Append: &raftpb.AppendEntries{PrevIndex: 1, PrevTerm: 1, Commit: 9, Entries: []*raftpb.Entry{{Term: 2, Kind: 1, Data: command}, {Term: 2, Kind: 2, Data: members}}}}},
		{Term: 9, Body: &raftpb.Message_Append{Append: &raftpb.AppendEntries{PrevIndex: 1, PrevTerm: 1, Commit: 9, Entries: []*raftpb.Entry{{Term: 2, Kind: 1, Data: []byte("x")}}}}},
		{Term: 9, Body: &raftpb.Message_Append{Append: &raftpb.AppendEntries{PrevIndex: 1<<64 - 1, Entries: []*raftpb.Entry{{}}}}},
		{Term: 1, Body: &raftpb.Message_AppendReply{AppendReply: &raftpb.AppendReply{Success: true, Match: 1 << 60, Round: 1 << 60}}},
		{Term: 0, Body: &raftpb.Message_PreVote{PreVote: &raftpb.PreVote{Campaign: 3, Asked: -1}}},
		{Term: 1, Body: &raftpb.Message_PreVoteReply{PreVoteReply: &raftpb.PreVoteReply{Granted: true}}},
		{Term: 1, Body: &raftpb.Message_Read{Read: &raftpb.ReadIndex{Id: 1}}},
		{Term: 1, Body: &raftpb.Message_ReadReply{ReadReply: &raftpb.ReadIndex{Id: 1, Index: 1 << 60}}},
		{Term: 1, Body: &raftpb.Message_TimeoutNow{TimeoutNow: &raftpb.TimeoutNow{}}},
		{Term: 9, Body: &raftpb.Message_Install{Install: &raftpb.InstallSnapshot{Index: 50, Term: 2, Configuration: members, Size: 1, Sum: raft.Checksum([]byte("x")), Data: []byte("x")}}},
		{Term: 9, Body: &raftpb.Message_InstallReply{InstallReply: &raftpb.InstallReply{Index: 1, Offset: 1 << 60, Done: true}}},
	} {
		b, err := proto.Marshal(&raftpb.Parcel{Messages: []*raftpb.Message{m}, Addresses: []*raftpb.Address{{Node: 2, Address: "127.0.0.1:1", Said: 1, Met: true}}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint64(2))
	}
	f.Fuzz(func(t *testing.T, data []byte, incarnation uint64) {
		var p raftpb.Parcel
		if proto.Unmarshal(data, &p) != nil {
			return
		}
		h := &raftpb.Hello{Version: 1, Cluster: ClusterNumber("test"), From: 2, To: 1, Incarnation: incarnation}
		_ = n.accept(h, &p)
		if err := n.onLoop(within(t), func() {}); err != nil {
			<-n.ended
			if n.err == nil || !strings.Contains(n.err.Error(), "sent by the leader, cannot be used") {
				t.Fatalf("the node has ended: %v", n.err)
			}
			fresh := n.cfg
			fresh.Data += "+"
			if n, err = launch(fresh); err != nil {
				t.Fatal(err)
			}
			leaderOf(t, n)
		}
	})
}

// FuzzRequests has a client send a node any requests.
func FuzzRequests(f *testing.F) {
	n := run(f, config(f.TempDir(), 1, addresses(f, 1)))
	leaderOf(f, n)
	for _, r := range []*raftpb.Request{
		{Session: 1, Seq: 1, Op: raftpb.Op_OP_PUT, Key: []byte("key"), Value: []byte("value")},
		{Session: 1, Seq: 2, Op: raftpb.Op_OP_CAS, Key: []byte("key"), Value: []byte("value"), Expect: []byte("x"), Forward: true},
		{Session: 1, Seq: 1, Op: raftpb.Op_OP_GET, Key: []byte{0xff}},
		{Seq: 1, Op: raftpb.Op_OP_OPEN},
		{Session: 1 << 63, Seq: 1, Op: 7, Key: []byte("key")},
		{Session: 1, Seq: 1, Op: -1},
		{Session: 1, Seq: 1, Op: 257, Key: []byte("key")},
	} {
		b, err := proto.Marshal(&raftpb.Requests{Requests: []*raftpb.Request{r, r}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var batch raftpb.Requests
		if proto.Unmarshal(data, &batch) != nil {
			return
		}
		out := &clientStream{wake: make(chan struct{}, 1)}
		for _, w := range batch.Requests {
			c := &call{stream: out}
			if n.begin(c, w) == nil && !n.inbox.put(event{call: c}) {
				t.Fatal("the node has ended")
			}
		}
		alive(t, n)
	})
}

// alive waits until the node has handled all that came before.
func alive(t *testing.T, n *running) {
	t.Helper()
	if err := n.onLoop(within(t), func() {}); err != nil {
		<-n.ended
		t.Fatalf("the node has ended: %v", n.err)
	}
}

// FuzzAdmin has somebody ask for any change of members, and for any leader. A change that takes the majority away, or this node,
// leaves a cluster of its own that goes no further: then there is a new one.
func FuzzAdmin(f *testing.F) {
	cfg := config(f.TempDir(), 1, addresses(f, 1))
	cfg.Timeouts = raft.Timeouts{ElectionMin: 5 * time.Millisecond, ElectionMax: 10 * time.Millisecond, Heartbeat: time.Millisecond}
	n := run(f, cfg)
	leaderOf(f, n)
	f.Cleanup(func() { n.end() })
	three := []*raftpb.Newcomer{{Id: 2, Address: "127.0.0.1:1"}, {Id: 3, Address: "127.0.0.1:1"}}
	for _, r := range []*raftpb.ChangeMembersRequest{
		{}, {Add: three}, {Learn: three}, {Add: three, Remove: []uint64{1}}, {Remove: []uint64{1}}, {Remove: []uint64{0, 1 << 63}},
		{Add: three, Learn: three, Remove: []uint64{2, 3}}, {Self: true, Add: three, Forwarded: true}, {Add: []*raftpb.Newcomer{{Id: 1 << 63, Address: "[::1]:9"}, {Id: 1}}},
	} {
		b, err := proto.Marshal(r)
		require.NoError(f, err)
		f.Add(b, uint64(2))
	}
	f.Add([]byte{}, uint64(0))
	f.Add([]byte{}, uint64(1))
	f.Add([]byte{}, uint64(1<<64-1))
	lives := 0
	f.Fuzz(func(t *testing.T, data []byte, to uint64) {
		var r raftpb.ChangeMembersRequest
		if proto.Unmarshal(data, &r) != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		a := adminService{s: n.Server}
		_, _ = a.Transfer(ctx, &raftpb.TransferRequest{To: to, Forwarded: r.Forwarded})
		_, _ = a.ChangeMembers(ctx, &r)
		_, _ = a.Status(ctx, &raftpb.StatusRequest{Own: r.Self})
		_, _ = a.Snapshot(ctx, &raftpb.SnapshotRequest{})
		alive(t, n)
		if v := n.view.get(); v.Role == raft.Leader && len(v.config.IDs(nil)) == 1 {
			return
		}
		n.end()
		lives++
		fresh := cfg
		fresh.Data = fmt.Sprintf("%s-%d", cfg.Data, lives)
		var err error
		n, err = launch(fresh)
		require.NoError(t, err)
		leaderOf(t, n)
		require.NoError(t, os.RemoveAll(fmt.Sprintf("%s-%d", cfg.Data, lives-1)))
	})
}

// FuzzMeet has somebody introduce himself as anybody.
func FuzzMeet(f *testing.F) {
	n := run(f, config(f.TempDir(), 1, addresses(f, 1)))
	leaderOf(f, n)
	for _, h := range []*raftpb.Hello{{}, n.hello(1), {Version: ProtocolVersion, Cluster: ClusterNumber("test"), ClusterName: "test", From: 2, To: 1, Incarnation: 1 << 63}} {
		b, err := proto.Marshal(h)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var h raftpb.Hello
		if proto.Unmarshal(data, &h) != nil {
			return
		}
		if _, err := (peerService{s: n.Server}).Meet(t.Context(), &h); err == nil {
			require.True(t, h.Version == ProtocolVersion && h.Cluster == ClusterNumber("test") && h.To == 1 && h.From > 1)
		}
	})
}
