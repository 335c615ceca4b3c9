package server

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"raftsim/raft"
	"raftsim/raft/raftpb"
	"raftsim/raft/server/client"
)

// peer is another node as this one reaches it: a queue of messages and a goroutine that sends them.
type peer struct {
	s  *Server
	id raft.NodeID

	sending []*raft.Message // the loop's, until flush

	mu    sync.Mutex
	queue []*raft.Message
	bytes int
	sent  []*raft.Message // to be released by the loop
	wake  chan struct{}
	// again ends a wait before the next attempt to connect.
	again chan struct{}

	conn      atomic.Pointer[dialed]
	dialing   sync.Mutex
	tries     int // addresses tried
	connected atomic.Bool
	// anew says that a new connection is to be made instead of the one there is.
	anew atomic.Bool
	said seldom
}

// dialed is a connection to an address.
type dialed struct {
	*grpc.ClientConn
	address string
}

// What waits for a node at most. Beyond it messages are dropped: Raft sends them again.
const (
	maxQueueMessages = 4096
	maxQueueBytes    = 16 << 20
)

const (
	firstPause = 20 * time.Millisecond
	// longestPause is between attempts to reach a node that does not answer. When it speaks to this node it is tried at once.
	longestPause = time.Second
)

// askOthers asks the other nodes that this one knows of, one after the other and each for at most so long, until one has given the answer
// that was looked for. It says whether one has. Who cannot be reached is passed over.
func (s *Server) askOthers(patience time.Duration, ask func(ctx context.Context, id raft.NodeID, conn *dialed) bool) bool {
	for _, id := range s.book.ids() {
		if id == s.cfg.ID {
			continue
		}
		conn, err := s.peer(id).dial()
		if err != nil {
			continue
		}
		ctx, cancel := context.WithTimeout(s.ctx, patience)
		found := ask(ctx, id, conn)
		cancel()
		if found {
			return true
		}
	}
	return false
}

// peer returns the node of that name, which is reached for from now on.
func (s *Server) peer(id raft.NodeID) *peer {
	s.peersMu.Lock()
	defer s.peersMu.Unlock()
	p := s.peers[id]
	if p == nil {
		p = &peer{s: s, id: id, wake: make(chan struct{}, 1), again: make(chan struct{}, 1)}
		s.peers[id] = p
		if s.ctx.Err() == nil {
			s.work.Go(p.run)
		}
	}
	return p
}

// flush queues what the loop has for the node, and releases what was sent. It is the loop's.
func (p *peer) flush() {
	p.mu.Lock()
	for k, m := range p.sending {
		if len(p.queue) >= maxQueueMessages || p.bytes >= maxQueueBytes {
			p.sent = append(p.sent, p.sending[k:]...)
			p.s.metrics.dropped.Add(float64(len(p.sending) - k))
			break
		}
		p.queue = append(p.queue, m)
		p.bytes += m.Size()
		p.s.metrics.out[m.Kind].Inc()
	}
	for _, m := range p.sent {
		m.Release() // it says nothing from here on
	}
	clear(p.sent)
	p.sent = p.sent[:0]
	p.mu.Unlock()
	clear(p.sending)
	p.sending = p.sending[:0]
	signal(p.wake)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// take returns what waits to be sent, and takes back what was.
func (p *peer) take(sent []*raft.Message) []*raft.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, sent...)
	out := p.queue
	clear(sent)
	p.queue, p.bytes = sent[:0], 0
	return out
}

// run keeps a stream to the node open, and sends what there is.
func (p *peer) run() {
	pause := firstPause
	for p.s.ctx.Err() == nil {
		began := time.Now()
		err := p.stream()
		p.connected.Store(false)
		if p.s.ctx.Err() != nil {
			break
		}
		if text, ok := p.said.say("Node %v cannot reach Node %v: %s", p.s.cfg.ID, p.id, reason(err)); ok {
			p.s.log(text)
		}
		p.take(nil) // it is old by the time the node can be reached
		if time.Since(began) > time.Second {
			pause = firstPause
		}
		select {
		case <-time.After(pause/2 + rand.N(pause/2)):
		case <-p.again:
			pause = firstPause
		case <-p.s.ctx.Done():
		}
		pause = min(2*pause, longestPause)
		p.mu.Lock()
		p.tries++
		p.mu.Unlock()
	}
	if c := p.conn.Load(); c != nil {
		c.Close()
	}
}

// reason is what a gRPC error says, without the wrapping.
func reason(err error) string {
	if st, ok := status.FromError(err); ok && err != nil {
		return client.Plain(st.Message())
	}
	return fmt.Sprint(err)
}

// retry has the node tried at once: it is known to be there.
func (p *peer) retry() {
	if !p.connected.Load() {
		p.anew.Store(true) // the old connection may be waiting before it tries again
		signal(p.again)
	}
}

// dial returns a connection to where the node is thought to be. It connects when it is used.
func (p *peer) dial() (*dialed, error) {
	p.dialing.Lock()
	defer p.dialing.Unlock()
	p.mu.Lock()
	tries := p.tries
	p.mu.Unlock()
	address := p.s.book.address(p.id, tries)
	if address == "" {
		return nil, fmt.Errorf("nobody has said where it is: raftd member add %v=HOST:PORT says so", p.id)
	}
	if c := p.conn.Load(); c != nil {
		if p.connected.Load() || c.address == address && !p.anew.Swap(false) {
			return c, nil
		}
		c.Close()
	}
	conn, err := grpc.NewClient("passthrough:///"+address, p.s.dialOptions(p.id)...)
	if err != nil {
		return nil, err
	}
	c := &dialed{conn, address}
	p.conn.Store(c)
	return c, nil
}

// dialOptions are how this node reaches another.
func (s *Server) dialOptions(id raft.NodeID) []grpc.DialOption {
	var creds credentials.TransportCredentials = insecure.NewCredentials()
	if s.keys != nil {
		creds = handshakes{s.keys, id}
	}
	return []grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxMessage), grpc.MaxCallSendMsgSize(MaxMessage)),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: firstPause, Multiplier: 2, Jitter: 0.2, MaxDelay: longestPause},
			MinConnectTimeout: time.Second,
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTime, PermitWithoutStream: true}),
		grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(window),
		grpc.WithDisableServiceConfig(),
	}
}

const (
	// keepaliveTime is after how long a silent connection is tested, and then given up. gRPC allows no shorter.
	keepaliveTime = 10 * time.Second
	// window is how many bytes are on their way at most.
	window = 4 << 20
)

// stream opens a stream and sends until it breaks.
func (p *peer) stream() error {
	conn, err := p.dial()
	if err != nil {
		select { // somebody may say
		case <-p.s.ctx.Done():
		case <-time.After(longestPause):
		}
		return err
	}
	ctx, cancel := context.WithCancel(p.s.ctx)
	defer cancel()
	out, err := raftpb.NewPeerClient(conn).Deliver(ctx)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { // the other side says nothing until it has had enough
		var r raftpb.Receipt
		err := out.RecvMsg(&r)
		if err == nil {
			err = io.EOF
		}
		ended <- err
	}()
	addresses, news, more := p.s.book.since(-1)
	err = out.Send(&raftpb.Parcel{Hello: p.s.hello(p.id), Addresses: addresses})
	if err == nil {
		p.connected.Store(true)
	}
	var sent []*raft.Message
	for err == nil {
		select {
		case <-p.wake:
		case <-more:
			addresses, news, more = p.s.book.since(news)
			err = out.Send(&raftpb.Parcel{Addresses: addresses})
			continue
		case err := <-ended:
			return err
		case <-p.s.ctx.Done():
			return p.s.ctx.Err()
		}
		messages := p.take(sent)
		err = sendAll(out, messages, p.s.sights.last())
		sent = messages
	}
	if err == io.EOF { // the stream's end says why
		err = <-ended
	}
	return err
}

// sendAll sends messages in parcels, none of which was made after the sight of that number.
func sendAll(out grpc.ClientStreamingClient[raftpb.Parcel, raftpb.Receipt], messages []*raft.Message, asOf uint64) error {
	for len(messages) > 0 {
		n, size := 0, 0
		for n < len(messages) && (n == 0 || size+messages[n].Size() <= maxParcel) {
			size += messages[n].Size()
			n++
		}
		parcel := &raftpb.Parcel{Messages: make([]*raftpb.Message, n), AsOf: asOf}
		for k, m := range messages[:n] {
			parcel.Messages[k] = ToWire(m)
		}
		if err := out.Send(parcel); err != nil {
			return err
		}
		messages = messages[n:]
	}
	return nil
}

// hello says who speaks to whom.
func (s *Server) hello(to raft.NodeID) *raftpb.Hello {
	return &raftpb.Hello{
		Version: ProtocolVersion, ClusterName: s.cfg.Cluster, Cluster: ClusterNumber(s.cfg.Cluster),
		From: uint64(s.cfg.ID), To: uint64(to), Incarnation: uint64(s.view.get().incarnation),
	}
}
