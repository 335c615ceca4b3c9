package server

import (
	"context"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"raftsim/raft/raftpb"
)

// clientStream is where the answers of a stream go.
type clientStream struct {
	ready []reply // the loop's, until flush

	mu    sync.Mutex
	queue []reply
	// owed is how many requests were taken whose answers have not left.
	owed int
	wake chan struct{}
	// room has a value when answers have left.
	room chan struct{}
}

// reply is an answer to a request, and the value that belongs to it. The value is the store's own: a copy is made only when it
// leaves, so that answers that wait, of whatever size, cost little.
type reply struct {
	*raftpb.Response
	value string
}

// maxOwed is how many answers of a stream may be owed before no more requests are read: a client may send without reading what it
// is answered.
const maxOwed = 4096

func newClientStream() *clientStream {
	return &clientStream{wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// flush queues what the loop has for the stream. It is the loop's.
func (c *clientStream) flush() {
	c.push(c.ready...)
	clear(c.ready)
	c.ready = c.ready[:0]
}

func (c *clientStream) push(r ...reply) {
	c.mu.Lock()
	c.queue = append(c.queue, r...)
	c.mu.Unlock()
	signal(c.wake)
}

func (c *clientStream) take(spare []reply) []reply {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.queue
	c.queue = spare[:0]
	return out
}

// owe notes that so many requests were taken, once there is room for their answers.
func (c *clientStream) owe(ctx context.Context, n int) error {
	for {
		c.mu.Lock()
		if c.owed < maxOwed {
			c.owed += n
			c.mu.Unlock()
			return nil
		}
		c.mu.Unlock()
		select {
		case <-c.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// paid notes that so many answers have left, and says whether that was all.
func (c *clientStream) paid(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owed -= n
	signal(c.room)
	return c.owed == 0
}

// Stream implements [raftpb.KVServer]. All requests that were taken are answered, also when the client has no more of them, or the
// node goes down.
func (k kvService) Stream(in grpc.BidiStreamingServer[raftpb.Requests, raftpb.Responses]) error {
	out := newClientStream()
	ended := make(chan error, 1)
	go func() { ended <- k.s.receive(in, out) }()
	closing, ending := (<-chan struct{})(k.s.closing), false
	var why error
	var spare []reply
	for {
		stopped := false
		select {
		case <-out.wake:
		case err := <-ended:
			if err != nil && err != errStopping {
				return err
			}
			ending, why, ended = true, err, nil
		case <-closing:
			ending, why, closing = true, errStopping, nil
		case <-in.Context().Done():
			return status.FromContextError(in.Context().Err()).Err()
		case <-k.s.loop.stopped:
			stopped = true // what is not answered by now never will be
		}
		queue := out.take(spare)
		if err := answer(in, queue); err != nil {
			return err
		}
		all := out.paid(len(queue))
		clear(queue)
		spare = queue
		switch {
		case stopped:
			return errStopping
		case ending && all:
			return why
		}
	}
}

// answer sends answers.
func answer(in grpc.BidiStreamingServer[raftpb.Requests, raftpb.Responses], queue []reply) error {
	for len(queue) > 0 {
		var batch raftpb.Responses
		for size := 0; len(queue) > 0 && (size == 0 || size+len(queue[0].value) <= maxParcel); queue = queue[1:] {
			size += len(queue[0].value)
			batch.Responses = append(batch.Responses, queue[0].whole())
		}
		if err := in.Send(&batch); err != nil {
			return err
		}
	}
	return nil
}

// whole is the answer with its value.
func (r *reply) whole() *raftpb.Response {
	if r.value != "" {
		r.Value = []byte(r.value)
	}
	return r.Response
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
		select {
		case <-s.closing:
			return errStopping
		default:
		}
		if err := out.owe(in.Context(), len(batch.Requests)); err != nil {
			return err
		}
		bytes := 0
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
					out.push(reply{Response: r})
				}()
				continue
			}
			c.stream = out
			if refused := s.begin(c, w); refused != nil {
				out.push(reply{Response: refused})
				continue
			}
			calls = append(calls, c)
			bytes += c.bytes()
		}
		if len(calls) > 0 && !s.inbox.put(event{calls: calls, bytes: bytes}) {
			return errStopping
		}
	}
}
