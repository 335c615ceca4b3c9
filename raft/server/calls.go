package server

import (
	"context"
	"fmt"
	"time"

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

// bytes is how large the request is.
func (c *call) bytes() int { return len(c.req.Key) + len(c.req.Value) + len(c.req.Expect) }

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
	if !k.s.inbox.put(event{call: c, bytes: c.bytes()}) {
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

// tooLarge answers a request that took no effect but to see a value of so many bytes, which a version before
// [kv.MaxAppended] let append make.
func tooLarge(r *replica.Response, bytes int) *raftpb.Response {
	return &raftpb.Response{
		Session: uint64(r.Session), Seq: r.Seq, Status: raftpb.Status_STATUS_INVALID,
		Error: fmt.Sprintf("the value has %d bytes, more than a message holds", bytes),
	}
}

// toResponse makes a response of the wire of one of the replica's, but for the value.
func toResponse(r *replica.Response) *raftpb.Response {
	out := &raftpb.Response{Session: uint64(r.Session), Seq: r.Seq, Opened: uint64(r.Opened)}
	switch r.Status {
	case kv.OK:
		out.Status, out.Swapped = raftpb.Status_STATUS_OK, r.Result.Swapped
	case kv.NotLeader:
		out.Status = raftpb.Status_STATUS_NOT_LEADER
	case kv.Invalid:
		out.Status = raftpb.Status_STATUS_INVALID
	case kv.Refused:
		out.Status, out.Refused = raftpb.Status_STATUS_INVALID, true
		out.Error = fmt.Sprintf("nothing was appended: the value would have more than %d bytes, which is the most that append makes; go on in another key", kv.MaxAppended)
	case kv.Busy:
		out.Status = raftpb.Status_STATUS_BUSY
	case kv.Expired:
		out.Status = raftpb.Status_STATUS_EXPIRED
	default:
		out.Status = raftpb.Status_STATUS_UNKNOWN
	}
	return out
}
