package server

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftsim/raft"
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
