package main

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"raftsim/raft/raftpb"
)

// told is a leader that is asked for changes: it has one state after the other, the last for good.
type told struct {
	raftpb.UnimplementedAdminServer
	mu sync.Mutex
	// changes is how often it was asked for one.
	changes int
	// lost is how many answers are lost, from the first on, although it is done.
	lost int
	// idle says that there is nobody to do it.
	idle   bool
	states []string // members as in "n1 voter n2 learner"
}

func (a *told) members(next bool) []*raftpb.Member {
	var out []*raftpb.Member
	f := strings.Fields(a.states[0])
	for k := 0; k < len(f); k += 2 {
		id := uint64(f[k][1] - '0')
		is := raftpb.Membership(raftpb.Membership_value["MEMBERSHIP_"+strings.ToUpper(f[k+1])])
		out = append(out, &raftpb.Member{Id: id, Address: "host:1", Membership: is})
	}
	if next && len(a.states) > 1 {
		a.states = a.states[1:]
	}
	return out
}

// Status implements [raftpb.AdminServer].
func (a *told) Status(context.Context, *raftpb.StatusRequest) (*raftpb.StatusReply, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return &raftpb.StatusReply{Nodes: []*raftpb.NodeStatus{{Id: 1, Reachable: true, Role: "leader", Term: 3, Leader: 1, Commit: 9, LastIndex: 9, Members: a.members(a.changes > 0)}}}, nil
}

// ChangeMembers implements [raftpb.AdminServer].
func (a *told) ChangeMembers(ctx context.Context, _ *raftpb.ChangeMembersRequest) (*raftpb.ChangeMembersReply, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.changes++
	if a.idle {
		_ = grpc.SetTrailer(ctx, metadata.Pairs("raftd-not-begun", "true"))
		return nil, status.Error(codes.Unavailable, "node n1 knows of no leader now")
	}
	a.members(true)
	if a.changes <= a.lost {
		return nil, status.Error(codes.Unavailable, "the connection broke")
	}
	return &raftpb.ChangeMembersReply{Members: a.members(false)}, nil
}

// asked is what raftd says when that leader is asked, at two addresses.
func (a *told) asked(t *testing.T, line string) said {
	t.Helper()
	g := grpc.NewServer()
	raftpb.RegisterAdminServer(g, a)
	t.Cleanup(g.Stop)
	var at []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		go func() { _ = g.Serve(l) }()
		at = append(at, l.Addr().String())
	}
	return raftd(t, append(strings.Fields(line), "--endpoints", strings.Join(at, ","), "--timeout", "30s")...)
}

// Who waits for a change asks for it once: to ask again would undo what others do in the meantime, which is told.
func TestWaitingForAChangeChangesNothing(t *testing.T) {
	const before, under = "n1 voter n2 voter", "n1 leaving n2 voter n5 learner"
	for name, c := range map[string]struct {
		states   []string
		code     int
		out, err string
	}{
		"it is done":        {[]string{before, under, under, "n1 outgoing n2 voter n5 voter", "n2 voter n5 voter"}, exitDone, "n2\tvoter\thost:1\nn5\tvoter\thost:1\n", ""},
		"it is called off":  {[]string{before, under, "n1 voter n2 voter n5 learner", "n1 voter n2 voter n5 voter"}, exitNot, "", "raftd: n1: added again by somebody else in the meantime, and stays; see raftd status\n"},
		"who came was sent": {[]string{before, under, before}, exitNot, "", "raftd: n5: removed by somebody else before all were voters; see raftd status\n"},
	} {
		t.Run(name, func(t *testing.T) {
			a := &told{states: c.states}
			require.Equal(t, said{c.code, c.out, c.err}, a.asked(t, "member add n5=host:1 --instead-of n1"))
			require.Equal(t, 1, a.changes)
		})
	}
}

// A change that was done, and the answer to it lost, is done: those who left are not taken for strangers.
func TestAChangeWhoseAnswerIsLost(t *testing.T) {
	a := &told{lost: 1, states: []string{"n1 voter n2 voter", "n2 voter"}}
	require.Equal(t, said{exitDone, "n2\tvoter\thost:1\n", ""}, a.asked(t, "member remove n1"))
	require.Equal(t, 2, a.changes)
}

// Where no answer comes from anywhere it is not known whether a change was done, unless it was not begun for certain.
func TestAChangeOfWhichNothingIsKnown(t *testing.T) {
	for _, line := range []string{"member remove n1", "member add n3=host:1", "member promote n2"} {
		a := &told{lost: 2, states: []string{"n1 voter n2 voter", "n2 voter"}}
		got := a.asked(t, line)
		require.Equal(t, exitUnknown, got.code)
		require.Regexp(t, `^raftd: it is not known whether the operation takes effect: 127\.0\.0\.1:\d+: the connection broke\n$`, got.err)
		require.Equal(t, 2, a.changes)

		a = &told{idle: true, states: []string{"n1 voter n2 voter"}}
		got = a.asked(t, line)
		require.Equal(t, exitFailed, got.code)
		require.Regexp(t, `^raftd: 127\.0\.0\.1:\d+: node n1 knows of no leader now\n$`, got.err)
		require.Equal(t, 2, a.changes)
	}
	got := raftd(t, "member", "add", "n3=host:1", "--endpoints", freeAddress(t))
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "connection refused")
}
