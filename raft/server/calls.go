package server

import (
	"context"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/raftpb"
	"raftsim/raft/replica"
)

// call is a client's request that waits for its answer.
type call struct {
	id    replica.ClientID
	req   kv.Request
	began time.Duration
	// answer takes it, or stream.
	answer chan *raftpb.Response
	stream *clientStream
}

// clientStream is where the answers of a stream go.
type clientStream struct {
	ready []*raftpb.Response // the loop's, until flush

	mu    sync.Mutex
	queue []*raftpb.Response
	wake  chan struct{}
}

// flush queues what the loop has for the stream. It is the loop's.
func (c *clientStream) flush() {
	c.push(c.ready...)
	clear(c.ready)
	c.ready = c.ready[:0]
}

func (c *clientStream) push(r ...*raftpb.Response) {
	c.mu.Lock()
	c.queue = append(c.queue, r...)
	c.mu.Unlock()
	signal(c.wake)
}

func (c *clientStream) take(spare []*raftpb.Response) []*raftpb.Response {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.queue
	c.queue = spare[:0]
	return out
}

// kvService is what this node serves clients.
type kvService struct {
	raftpb.UnimplementedKVServer
	s *Server
}

// Do implements [raftpb.KVServer].
func (k kvService) Do(ctx context.Context, w *raftpb.Request) (*raftpb.Response, error) {
	c := &call{answer: make(chan *raftpb.Response, 1)}
	if refused := k.s.begin(c, w); refused != nil {
		return refused, nil
	}
	if !k.s.inbox.put(event{call: c}) {
		return nil, errStopping
	}
	select {
	case r := <-c.answer:
		if w.Forward && r.Status == raftpb.Status_STATUS_NOT_LEADER {
			return k.s.forward(ctx, w, r), nil
		}
		return r, nil
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	case <-k.s.loop.stopped:
		return nil, errStopping
	}
}

// Stream implements [raftpb.KVServer].
func (k kvService) Stream(in grpc.BidiStreamingServer[raftpb.Requests, raftpb.Responses]) error {
	out := &clientStream{wake: make(chan struct{}, 1)}
	ended := make(chan error, 1)
	go func() { ended <- k.s.receive(in, out) }()
	var spare []*raftpb.Response
	for {
		select {
		case <-out.wake:
			queue := out.take(spare)
			if len(queue) == 0 {
				continue
			}
			for rest := queue; len(rest) > 0; {
				n, size := 0, 0
				for n < len(rest) && (n == 0 || size+len(rest[n].Value) <= maxParcel) {
					size += len(rest[n].Value)
					n++
				}
				if err := in.Send(&raftpb.Responses{Responses: rest[:n]}); err != nil {
					return err
				}
				rest = rest[n:]
			}
			clear(queue)
			spare = queue
		case err := <-ended:
			return err
		case <-k.s.closing:
			return errStopping
		}
	}
}

// receive takes the requests of a stream until it ends.
func (s *Server) receive(in grpc.BidiStreamingServer[raftpb.Requests, raftpb.Responses], out *clientStream) error {
	for {
		batch, err := in.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		calls := make([]*call, 0, len(batch.Requests))
		made := make([]call, len(batch.Requests))
		for k, w := range batch.Requests {
			c := &made[k]
			if w.GetForward() {
				// A call of its own, since it may have to go elsewhere.
				go func() {
					r, err := kvService{s: s}.Do(in.Context(), w)
					if err != nil {
						r = unknown(w)
					}
					out.push(r)
				}()
				continue
			}
			c.stream = out
			if refused := s.begin(c, w); refused != nil {
				out.push(refused)
				continue
			}
			calls = append(calls, c)
		}
		if len(calls) > 0 && !s.inbox.put(event{calls: calls}) {
			return errStopping
		}
	}
}

func unknown(w *raftpb.Request) *raftpb.Response {
	return &raftpb.Response{Session: w.GetSession(), Seq: w.GetSeq(), Status: raftpb.Status_STATUS_UNKNOWN}
}

// begin reads a request into a call, or answers at once one that nobody could carry out, or that this node cannot now.
func (s *Server) begin(c *call, w *raftpb.Request) *raftpb.Response {
	c.req = kv.Request{
		Session: kv.SessionID(w.GetSession()), Seq: w.GetSeq(), Op: kv.Op(w.GetOp()),
		Key: string(w.GetKey()), Value: string(w.GetValue()), Expect: string(w.GetExpect()),
	}
	refused := &raftpb.Response{Session: w.GetSession(), Seq: w.GetSeq(), Node: uint64(s.cfg.ID)}
	if w.GetOp() < 0 || w.GetOp() > 255 {
		c.req.Op = 0 // of none
	}
	if err := c.req.Validate(); err != nil {
		refused.Status, refused.Error = raftpb.Status_STATUS_INVALID, err.Error()
		return refused
	}
	select {
	case <-s.booted:
		return nil
	default:
		refused.Status, refused.Error = raftpb.Status_STATUS_NOT_LEADER, "the node is starting"
		return refused
	}
}

// forward hands a request to the leader that a refusal names.
func (s *Server) forward(ctx context.Context, w *raftpb.Request, refusal *raftpb.Response) *raftpb.Response {
	leader := raft.NodeID(refusal.Leader)
	if leader == raft.None || leader == s.cfg.ID {
		return refusal
	}
	conn, err := s.peer(leader).dial()
	if err != nil {
		return refusal
	}
	w.Forward = false
	r, err := raftpb.NewKVClient(conn).Do(ctx, w)
	switch {
	case err == nil:
		return r
	case status.Code(err) == codes.Unavailable || status.Code(err) == codes.Canceled || status.Code(err) == codes.DeadlineExceeded:
		out := unknown(w) // it may have got there
		out.Error = reason(err)
		return out
	}
	refusal.Error = reason(err)
	return refusal
}

// toResponse makes a response of the wire of one of the replica's.
func toResponse(r *replica.Response) *raftpb.Response {
	out := &raftpb.Response{Session: uint64(r.Session), Seq: r.Seq, Opened: uint64(r.Opened)}
	switch r.Status {
	case kv.OK:
		out.Status, out.Swapped = raftpb.Status_STATUS_OK, r.Result.Swapped
		if r.Result.Value != "" {
			out.Value = []byte(r.Result.Value)
		}
	case kv.NotLeader:
		out.Status = raftpb.Status_STATUS_NOT_LEADER
	case kv.Invalid:
		out.Status = raftpb.Status_STATUS_INVALID
	case kv.Busy:
		out.Status = raftpb.Status_STATUS_BUSY
	case kv.Expired:
		out.Status = raftpb.Status_STATUS_EXPIRED
	default:
		out.Status = raftpb.Status_STATUS_UNKNOWN
	}
	return out
}
