package server

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftsim/raft/raftpb"
)

// A stream between nodes begins with who speaks to whom. What does not fit is refused, with the reason.
func TestStrangersAreRefused(t *testing.T) {
	nodes := runCluster(t, 1, nil)
	leaderOf(t, nodes...)
	peer := raftpb.NewPeerClient(conn(t, nodes[0]))
	good := raftpb.Hello{Version: 1, ClusterName: "test", Cluster: ClusterNumber("test"), From: 2, To: 1}
	deliver := func(first *raftpb.Parcel) error {
		stream, err := peer.Deliver(within(t))
		require.NoError(t, err)
		require.NoError(t, stream.Send(first))
		_, err = stream.CloseAndRecv()
		return err
	}
	require.NoError(t, deliver(&raftpb.Parcel{Hello: &good}))
	require.Equal(t, codes.InvalidArgument, status.Code(deliver(&raftpb.Parcel{})))
	for says, change := range map[string]func(*raftpb.Hello){
		"node n2 speaks version 2 of the protocol, and n1 version 1: upgrade the older one": func(h *raftpb.Hello) { h.Version = 2 },
		`node n2 is of cluster "other", and n1 of "test"`: func(h *raftpb.Hello) {
			h.ClusterName, h.Cluster = "other", ClusterNumber("other")
		},
		"this is node n1, and n3 is called: its address is wrong": func(h *raftpb.Hello) { h.To = 3 },
		"a node calls itself n1, which is this one's name":        func(h *raftpb.Hello) { h.From = 1 },
		"a node calls itself none":                                func(h *raftpb.Hello) { h.From = 0 },
	} {
		h := &raftpb.Hello{Version: good.Version, ClusterName: good.ClusterName, Cluster: good.Cluster, From: good.From, To: good.To}
		change(h)
		err := deliver(&raftpb.Parcel{Hello: h})
		require.ErrorContains(t, err, says)
		require.Equal(t, codes.FailedPrecondition, status.Code(err))
		_, err = peer.Meet(within(t), h)
		require.ErrorContains(t, err, says)
	}
	require.True(t, nodes[0].hasSaid("Node n1 refuses Node n2"))
	require.ErrorContains(t, deliver(&raftpb.Parcel{Hello: &good, Messages: []*raftpb.Message{{Term: 1}}}),
		"node n1 cannot read what node n2 sends: a message of a kind that version 1 of the protocol does not know")
}
