package server

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"raftsim/raft"
	"raftsim/raft/raftpb"
)

// A change came to be when its entry is committed, and that is known for certain only within the term it was made in: in a later
// one another entry may have its place.
func TestWhetherAChangeCameToBe(t *testing.T) {
	members, err := raft.NewConfiguration([]raft.NodeID{1, 2})
	require.NoError(t, err)
	at := func(role raft.Role, term raft.Term, commit raft.Index) state {
		return state{booted: true, config: &members, Status: raft.Status{ID: 1, Role: role, Term: term, Commit: commit, ConfigurationIndex: 50}}
	}
	for what, c := range map[string]struct {
		state state
		want  codes.Code
	}{
		"the leader has committed it":          {at(raft.Leader, 5, 50), codes.OK},
		"it removed the leader":                {at(raft.Follower, 5, 50), codes.OK},
		"the leader stepped down before":       {at(raft.Follower, 5, 49), codes.Unavailable},
		"another leader has committed more":    {at(raft.Follower, 6, 60), codes.Unavailable},
		"the leader leads again in a new term": {at(raft.Leader, 7, 60), codes.Unavailable},
	} {
		s := &Server{book: &book{}, loop: &loop{stopped: make(chan struct{})}}
		s.view.state = c.state
		_, err := adminService{s: s}.committed(within(t), 50, 5)
		require.Equal(t, c.want, status.Code(err), "%s: %v", what, err)
	}
}

// A change that was not begun is told apart from one of which nothing is known.
func TestWhetherAChangeWasBegun(t *testing.T) {
	s := &Server{loop: &loop{stopped: make(chan struct{})}}
	s.view.state = state{booted: true, Status: raft.Status{ID: 1, Role: raft.Follower}}
	g := grpc.NewServer()
	raftpb.RegisterAdminServer(g, adminService{s: s})
	t.Cleanup(g.Stop)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = g.Serve(l) }()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer conn.Close()
	for _, forwarded := range []bool{false, true} {
		var trailer metadata.MD
		_, err = raftpb.NewAdminClient(conn).ChangeMembers(within(t), &raftpb.ChangeMembersRequest{Remove: []uint64{1}, Forwarded: forwarded}, grpc.Trailer(&trailer))
		require.Equal(t, codes.Unavailable, status.Code(err))
		require.True(t, NotBegun(err, trailer), "%v", err)
		require.False(t, NotBegun(err, nil), "a connection that breaks has no trailer")
	}
	require.True(t, NotBegun(status.Error(codes.FailedPrecondition, "nobody would vote"), nil))
}

// Who is to come is named once, with a place where it can be reached.
func TestChangesThatNobodyCanMean(t *testing.T) {
	nobody := func(says string, r *raftpb.ChangeMembersRequest) {
		t.Helper()
		_, _, err := readChange(r)
		require.ErrorContains(t, err, says)
	}
	at := func(id uint64, address string) []*raftpb.Newcomer {
		return []*raftpb.Newcomer{{Id: id, Address: address}}
	}
	nobody("a change names 1 to 99 nodes", &raftpb.ChangeMembersRequest{})
	nobody("a node has no name", &raftpb.ChangeMembersRequest{Add: at(0, "a:1")})
	nobody("node n4 is named twice", &raftpb.ChangeMembersRequest{Add: append(at(4, "a:1"), at(4, "b:1")...)})
	nobody("node n4 is named twice", &raftpb.ChangeMembersRequest{Add: at(4, "a:1"), Learn: at(4, "a:1")})
	for _, address := range []string{"a", ":1", "a:0", "0.0.0.0:1", "[::]:1", "a:65536"} {
		nobody(fmt.Sprintf("node n4 cannot be reached at %q", address), &raftpb.ChangeMembersRequest{Learn: at(4, address)})
	}
	_, addresses, err := readChange(&raftpb.ChangeMembersRequest{Add: append(at(4, "a:1"), at(5, "")...), Remove: []uint64{4}})
	require.NoError(t, err)
	require.Len(t, addresses, 2)
}

// What only the leader can do is handed on by others without a word, and said once by a leader that has to wait to do it.
func TestWhatIsTriedAgainIsSaidOnce(t *testing.T) {
	nodes := runCluster(t, 3, func(c *Config) { c.TestControl, c.Test.NoCheckQuorum = true, true }) // so that it leads on alone
	asked := followerOf(t, nodes...)
	for range 3 {
		_, err := raftpb.NewAdminClient(conn(t, asked)).ChangeMembers(within(t), &raftpb.ChangeMembersRequest{Add: []*raftpb.Newcomer{{Id: 4, Address: "127.0.0.1:1"}}})
		require.NoError(t, err)
	}
	require.False(t, asked.hasSaid("does not"), "%s", asked.said)

	leader := leaderOf(t, nodes...)
	for _, n := range nodes {
		if n != leader {
			n.end()
		}
	}
	change := func(ctx context.Context, id uint64) error {
		_, err := raftpb.NewAdminClient(conn(t, leader)).ChangeMembers(ctx, &raftpb.ChangeMembersRequest{Learn: []*raftpb.Newcomer{{Id: id, Address: "127.0.0.1:1"}}})
		return err
	}
	soon, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	require.Error(t, change(soon, 5)) // is under way as long as nobody else has it
	waited := make(chan error, 1)
	ctx := within(t)
	go func() { waited <- change(ctx, 6) }() // and this one waits for it
	eventually(t, "it is refused", func() bool { return leader.hasSaid("does not have n6 learn") })
	run(t, asked.cfg)
	require.NoError(t, <-waited)
	said := leader.said.String()
	require.Equal(t, 1, strings.Count(said, "does not have n6"), said) // n4 may have come before the leader could take changes
	_, after, _ := strings.Cut(said, "does not have n6")
	require.Contains(t, after, "moves to", "that it was begun in the end is said")
}
