package client

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftsim/raft/raftpb"
)

var quickBackoff = backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 2, Jitter: 0.2, MaxDelay: time.Second}

// link is a stream to a node, shared by all sessions of a client: what they ask for while the stream is busy goes
// together.
type link struct {
	address string
	cancel  context.CancelFunc
	// answered says that something came back since the client last gave the link up.
	answered atomic.Bool

	mu      sync.Mutex
	queue   []*raftpb.Request
	waiting map[name]chan answer
	err     error
	wake    chan struct{}
	ended   chan struct{}
}

// name tells requests apart.
type name struct{ session, seq uint64 }

// answer is what became of a request.
type answer struct {
	response *raftpb.Response
	err      error
}

// errLink is what a request gets when its stream breaks: it may or may not have arrived, unless it was not sent.
type errLink struct {
	error
	unsent bool
}

func (e errLink) Unwrap() error { return e.error }

func openLink(address string, kv raftpb.KVClient) *link {
	ctx, cancel := context.WithCancel(context.Background())
	l := &link{address: address, cancel: cancel, waiting: make(map[name]chan answer), wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go l.run(ctx, kv)
	return l
}

func (l *link) run(ctx context.Context, kv raftpb.KVClient) {
	stream, err := kv.Stream(ctx)
	if err != nil {
		l.fail(errLink{err, true})
		return
	}
	go l.receive(stream)
	l.send(stream)
}

// send sends what is asked for, all that waits at once.
func (l *link) send(stream grpc.BidiStreamingClient[raftpb.Requests, raftpb.Responses]) {
	var spare []*raftpb.Request
	for {
		select {
		case <-l.wake:
		case <-l.ended:
			return
		}
		l.mu.Lock()
		queue := l.queue
		l.queue = spare[:0]
		l.mu.Unlock()
		for rest := queue; len(rest) > 0; {
			n, size := 0, 0
			for n < len(rest) && (n == 0 || size+len(rest[n].Value)+len(rest[n].Expect) <= maxMessage/8) {
				size += len(rest[n].Value) + len(rest[n].Expect)
				n++
			}
			if err := stream.Send(&raftpb.Requests{Requests: rest[:n]}); err != nil {
				return // receive knows why
			}
			rest = rest[n:]
		}
		clear(queue)
		spare = queue
	}
}

func (l *link) receive(stream grpc.BidiStreamingClient[raftpb.Requests, raftpb.Responses]) {
	for {
		batch, err := stream.Recv()
		if err != nil {
			l.fail(errLink{error: err})
			return
		}
		if !l.answered.Load() {
			l.answered.Store(true)
		}
		l.mu.Lock()
		for _, r := range batch.Responses {
			n := name{r.Session, r.Seq}
			if c := l.waiting[n]; c != nil {
				delete(l.waiting, n)
				c <- answer{response: r}
			}
		}
		l.mu.Unlock()
	}
}

// fail ends the link: all that waits is lost.
func (l *link) fail(err errLink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return
	}
	l.err = err
	for n, c := range l.waiting {
		delete(l.waiting, n)
		c <- answer{err: l.err}
	}
	close(l.ended)
	l.cancel()
}

func (l *link) broken() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err != nil
}

// do sends a request and waits for its answer.
func (l *link) do(ctx context.Context, r *raftpb.Request, c chan answer) (*raftpb.Response, error) {
	n := name{r.Session, r.Seq}
	l.mu.Lock()
	if l.err != nil {
		l.mu.Unlock()
		return nil, l.err
	}
	l.waiting[n] = c
	l.queue = append(l.queue, r)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	select {
	case a := <-c:
		return a.response, a.err
	case <-ctx.Done():
		l.mu.Lock()
		delete(l.waiting, n)
		k := slices.Index(l.queue, r)
		if k >= 0 {
			l.queue = slices.Delete(l.queue, k, k+1)
		}
		l.mu.Unlock()
		select { // it may have come in the meantime
		case a := <-c:
			return a.response, a.err
		default:
		}
		return nil, errLink{ctx.Err(), k >= 0}
	}
}

// Plain is what gRPC says of an error, without the words around it that are for programmers.
func Plain(text string) string {
	for _, before := range []string{"connection error: desc = \"", "transport: Error while dialing: ", "transport: "} {
		if rest, ok := strings.CutPrefix(text, before); ok {
			text = strings.TrimSuffix(rest, "\"")
		}
	}
	switch {
	case text == "error reading from server: EOF":
		return "the connection broke"
	case text == "error reading server preface: EOF":
		return "it hung up at once, as a node does that wants TLS and is spoken to without"
	case strings.Contains(text, "received prior goaway: code: NO_ERROR"):
		return "the node went down in good order"
	}
	return text
}

// unreachable says whether an error is about reaching a node, so that another may do better.
func unreachable(err error) bool {
	var broken errLink
	if errors.As(err, &broken) {
		return true
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.Canceled, codes.Unimplemented:
		return true
	}
	return false
}
