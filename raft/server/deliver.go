package server

import (
	"context"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	grpcpeer "google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"raftsim/raft"
	"raftsim/raft/raftpb"
)

// peerService is what this node serves other nodes.
type peerService struct {
	raftpb.UnimplementedPeerServer
	s *Server
}

// Meet implements [raftpb.PeerServer].
func (p peerService) Meet(ctx context.Context, h *raftpb.Hello) (*raftpb.Met, error) {
	if err := p.s.admit(ctx, h); err != nil {
		return nil, err
	}
	from := raft.NodeID(h.From)
	met := &raftpb.Met{Known: p.s.book.met(from)}
	if v := p.s.view.get(); v.settled() {
		met.ConfigurationIndex, met.Member = uint64(v.ConfigurationIndex), v.names(from)
	}
	return met, nil
}

// Deliver implements [raftpb.PeerServer].
func (p peerService) Deliver(in grpc.ClientStreamingServer[raftpb.Parcel, raftpb.Receipt]) error {
	first, err := in.Recv()
	if err != nil {
		return err
	}
	h := first.GetHello()
	if err := p.s.admit(in.Context(), h); err != nil {
		if text, ok := p.s.refusals.say("Node %v refuses Node %v: %s", p.s.cfg.ID, raft.NodeID(h.GetFrom()), reason(err)); ok {
			p.s.log(text)
		}
		return err
	}
	select {
	case <-p.s.booted: // messages before are as good as lost
	case <-p.s.ctx.Done():
		return errStopping
	case <-in.Context().Done():
		return in.Context().Err()
	}
	from := raft.NodeID(h.From)
	p.s.peer(from).retry()
	met := false
	for parcel := first; ; {
		if !met && len(parcel.Messages) > 0 {
			// What the node's messages promise counts from now on, so it must not be forgotten that it has spoken.
			if err := p.s.book.meet(from); err != nil {
				return status.Error(codes.Internal, err.Error())
			}
			met = true
		}
		if err := p.s.accept(h, parcel); err != nil {
			return err
		}
		if parcel, err = in.Recv(); err == io.EOF {
			return in.SendAndClose(&raftpb.Receipt{})
		} else if err != nil {
			return err
		}
	}
}

// accept takes in a parcel.
func (s *Server) accept(h *raftpb.Hello, parcel *raftpb.Parcel) error {
	if len(parcel.Addresses) > 0 {
		if err := s.book.learn(parcel.Addresses); err != nil {
			return status.Error(codes.Internal, err.Error())
		}
	}
	n := len(parcel.Messages)
	if n == 0 {
		return nil
	}
	messages := make([]raft.Message, n)
	bytes := 0
	for k, w := range parcel.Messages {
		if err := FromWire(h, w, &messages[k]); err != nil {
			return status.Errorf(codes.InvalidArgument, "node %v cannot read what node %v sends: %v", s.cfg.ID, raft.NodeID(h.From), err)
		}
		bytes += messages[k].Size()
	}
	if !s.inbox.put(event{messages: messages, bytes: bytes}) {
		return errStopping
	}
	return nil
}

var errStopping = status.Error(codes.Unavailable, "the node is going down")

// admit says why a node is not listened to.
func (s *Server) admit(ctx context.Context, h *raftpb.Hello) error {
	refuse := func(format string, args ...any) error {
		return status.Errorf(codes.FailedPrecondition, format, args...)
	}
	switch {
	case h == nil:
		return status.Error(codes.InvalidArgument, "a stream between nodes begins with a hello")
	case h.Version != ProtocolVersion:
		return refuse("node %v speaks version %d of the protocol, and %v version %d: upgrade the older one", raft.NodeID(h.From), h.Version, s.cfg.ID, ProtocolVersion)
	case h.Cluster != ClusterNumber(s.cfg.Cluster):
		return refuse("node %v is of cluster %q, and %v of %q", raft.NodeID(h.From), h.ClusterName, s.cfg.ID, s.cfg.Cluster)
	case h.To != uint64(s.cfg.ID):
		return refuse("this is node %v, and %v is called: its address is wrong", s.cfg.ID, raft.NodeID(h.To))
	case h.From == 0 || h.From == uint64(s.cfg.ID):
		return refuse("a node calls itself %v, which is this one's name", raft.NodeID(h.From))
	}
	if s.keys == nil {
		return nil
	}
	p, ok := grpcpeer.FromContext(ctx)
	if ok {
		if info, ok := p.AuthInfo.(credentials.TLSInfo); ok {
			if err := isNode(info.State.PeerCertificates, raft.NodeID(h.From)); err != nil {
				return status.Error(codes.PermissionDenied, err.Error())
			}
			return nil
		}
	}
	return status.Error(codes.Unauthenticated, "a node has to show its certificate")
}
