package live

import (
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftsim/raft"
	"raftsim/raft/raftpb"
	"raftsim/raft/server"
)

// relay is where every node believes all others to be. What nodes send each other it hands to the world, and what the world
// has arrive it brings to the node.
type relay struct {
	raftpb.UnimplementedPeerServer
	p *play
	// address is where nodes reach it.
	address string
	grpc    *grpc.Server
}

// clusterName is that of the nodes of every run.
const clusterName = "raftsim-live"

// newRelay listens on an address, which nodes reach at that of host and its port.
func newRelay(p *play, listen, host string) (*relay, error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("the relay between the nodes cannot listen: %w", err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	r := &relay{p: p, address: net.JoinHostPort(host, port)}
	r.grpc = grpc.NewServer(grpc.MaxRecvMsgSize(server.MaxMessage), grpc.MaxSendMsgSize(server.MaxMessage))
	raftpb.RegisterPeerServer(r.grpc, r)
	go func() { _ = r.grpc.Serve(l) }()
	return r, nil
}

func (r *relay) close() { r.grpc.Stop() }

// Deliver implements [raftpb.PeerServer]: it takes what one node sends another. Addresses are passed over, since all nodes are
// where the relay is.
func (r *relay) Deliver(in grpc.ClientStreamingServer[raftpb.Parcel, raftpb.Receipt]) error {
	first, err := in.Recv()
	if err != nil {
		return err
	}
	h := first.GetHello()
	from, to := raft.NodeID(h.GetFrom()), raft.NodeID(h.GetTo())
	if names := raft.NodeID(len(r.p.nodes) - 1); from-1 >= names || to-1 >= names || from == to {
		return status.Errorf(codes.InvalidArgument, "there is no way from %v to %v", from, to)
	}
	for w := first; ; {
		if len(w.Messages) > 0 {
			asOf, messages := w.AsOf, make([]raft.Message, len(w.Messages))
			for k := range w.Messages {
				if err := server.FromWire(h, w.Messages[k], &messages[k]); err != nil {
					r.p.later(func() { r.p.fail(fmt.Errorf("%v sends %v what cannot be read: %w", from, to, err)) })
					return status.Error(codes.InvalidArgument, err.Error())
				}
			}
			r.p.later(func() {
				// What a node sent before it was killed, and nobody saw it become, has never been.
				n := r.p.nodes[from]
				n.after(asOf, func() {
					for k := range messages {
						n.env.Send(to, &messages[k])
					}
				})
			})
		}
		if w, err = in.Recv(); err != nil {
			return nil
		}
	}
}

// mostParcel is about how many bytes of messages are brought at once.
const mostParcel = 1 << 20

// deliver brings messages of one node to another.
func (n *node) deliver(w way, q *queue[*raftpb.Message]) {
	var out grpc.ClientStreamingClient[raftpb.Parcel, raftpb.Receipt]
	for messages := range q.all(n.ctx) {
		for len(messages) > 0 {
			parcel := &raftpb.Parcel{}
			if out == nil {
				var err error
				if out, err = raftpb.NewPeerClient(n.conn).Deliver(n.ctx, grpc.WaitForReady(true)); err != nil {
					return // it has ended, which others notice
				}
				parcel.Hello, parcel.Addresses = n.hello(w), n.p.addresses()
			}
			size := 0
			k := 0
			for k < len(messages) && (k == 0 || size < mostParcel) {
				size += weight(messages[k])
				k++
			}
			parcel.Messages = messages[:k]
			if out.Send(parcel) != nil {
				// The stream says why, which is in the node's log as well. What was on its way is lost.
				out = nil
				select {
				case <-time.After(20 * time.Millisecond):
				case <-n.ctx.Done():
					return
				}
			}
			messages = messages[k:]
		}
	}
}

// weight is about how long a message is.
func weight(m *raftpb.Message) int {
	size := 64 + len(m.GetInstall().GetData())
	for _, e := range m.GetAppend().GetEntries() {
		size += 16 + len(e.Data)
	}
	return size
}

func (n *node) hello(w way) *raftpb.Hello {
	return &raftpb.Hello{
		Version: server.ProtocolVersion, ClusterName: clusterName, Cluster: server.ClusterNumber(clusterName),
		From: uint64(w.from), To: uint64(n.id), Incarnation: uint64(w.incarnation),
	}
}

// addresses are those of all nodes: the relay's.
func (p *play) addresses() []*raftpb.Address {
	var all []*raftpb.Address
	for id := range p.nodes[1:] {
		all = append(all, &raftpb.Address{Node: uint64(id + 1), Address: p.relay.address, Said: 1})
	}
	return all
}
