package client

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftsim/raft/kv"
	"raftsim/raft/raftpb"
)

// Session makes operations one after the other. What is repeated, because an answer got lost, takes effect once. It is safe for
// several goroutines, which wait for each other.
type Session struct {
	client *Client

	mu sync.Mutex
	// id is what the cluster calls the session, 0 before it is opened, and seq counts its operations.
	id, seq uint64
	// Reads have names of their own, which the cluster need not know. None is used twice, so that an answer which comes late is
	// not taken for that to a later read.
	reads, read uint64
	answer      chan answer
}

// Session returns a session. It is opened with its first write.
func (c *Client) Session() *Session {
	return &Session{client: c, reads: draw(), answer: make(chan answer, 1)}
}

// draw returns a random number from 1 to below 1<<63.
func draw() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])>>1 | 1
}

// UnknownError says that an operation may or may not take effect, now or later: there was no answer in time.
type UnknownError struct{ Why error }

// Error says why it is not known.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("it is not known whether the operation takes effect: %v", e.Why)
}

// Unwrap returns Why.
func (e *UnknownError) Unwrap() error { return e.Why }

// Get returns the value of a key, "" when there is none.
func (s *Session) Get(ctx context.Context, key string) (string, error) {
	r, err := s.Do(ctx, kv.Request{Op: kv.Get, Key: key})
	return r.Value, err
}

// Put gives a key a value.
func (s *Session) Put(ctx context.Context, key, value string) error {
	_, err := s.Do(ctx, kv.Request{Op: kv.Put, Key: key, Value: value})
	return err
}

// Append adds to the value of a key.
func (s *Session) Append(ctx context.Context, key, suffix string) error {
	_, err := s.Do(ctx, kv.Request{Op: kv.Append, Key: key, Value: suffix})
	return err
}

// CAS gives a key a value if it has the one that is expected, "" for none. It says whether it did, and what it had.
func (s *Session) CAS(ctx context.Context, key, expect, value string) (was string, swapped bool, err error) {
	r, err := s.Do(ctx, kv.Request{Op: kv.CAS, Key: key, Expect: expect, Value: value})
	return r.Value, r.Swapped, err
}

// Delete takes a key away.
func (s *Session) Delete(ctx context.Context, key string) error {
	_, err := s.Do(ctx, kv.Request{Op: kv.Delete, Key: key})
	return err
}

// Do makes one operation; Session and Seq of q are filled in. It goes on until there is an answer or ctx ends. The
// error is an [*UnknownError] when the operation may have been made, and any other when it was not.
func (s *Session) Do(ctx context.Context, q kv.Request) (kv.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read++
	q.Session, q.Seq = kv.SessionID(s.reads), s.read
	if err := q.Validate(); err != nil {
		return kv.Result{}, err
	}
	a := attempt{pause: firstPause}
	for {
		if q.Op != kv.Get {
			if s.id == 0 {
				if err := s.open(ctx); err != nil {
					return kv.Result{}, err
				}
			}
			s.seq++
			q.Session, q.Seq = kv.SessionID(s.id), s.seq
		}
		r, err := s.try(ctx, &a, &q)
		if err != nil {
			return kv.Result{}, err
		}
		if r.Status == raftpb.Status_STATUS_OK {
			return kv.Result{Value: string(r.Value), Swapped: r.Swapped}, nil
		}
		s.id = 0 // it has expired
		if a.sent {
			return kv.Result{}, &UnknownError{Why: errors.New("the session expired before there was an answer")}
		}
	}
}

// open opens the session. Doing so twice does no harm: the one that nobody uses expires.
func (s *Session) open(ctx context.Context) error {
	a := attempt{pause: firstPause}
	r, err := s.try(ctx, &a, &kv.Request{Op: kv.Open, Seq: draw()})
	var unknown *UnknownError
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("no session could be opened: %w", unknown.Why)
	case err != nil:
		return fmt.Errorf("no session could be opened: %w", err)
	case r.Status != raftpb.Status_STATUS_OK || r.Opened == 0:
		return errors.New("no session could be opened: the node does not know how to")
	}
	s.id, s.seq = r.Opened, 0
	return nil
}

// try sends a request to one node after the other until one of them says what came of it, or that its session expired.
func (s *Session) try(ctx context.Context, a *attempt, q *kv.Request) (*raftpb.Response, error) {
	for {
		link, forward, err := s.client.current()
		if err != nil {
			return nil, a.failed(err)
		}
		// A request that waits to be sent is the link's: each try has one of its own.
		w := &raftpb.Request{
			Session: uint64(q.Session), Seq: q.Seq, Op: raftpb.Op(q.Op),
			Key: []byte(q.Key), Value: []byte(q.Value), Expect: []byte(q.Expect), Forward: forward,
		}
		once, cancel := context.WithTimeout(ctx, patience)
		r, err := link.do(once, w, s.answer)
		cancel()
		switch {
		case err != nil:
			if a.lost(ctx, link, err) {
				return nil, a.failed(a.last)
			}
			if ctx.Err() != nil {
				return nil, a.failed(fmt.Errorf("%w: %w", a.last, ctx.Err()))
			}
			s.client.failed(link)
			a.wait(ctx)
		case r.Status == raftpb.Status_STATUS_OK, r.Status == raftpb.Status_STATUS_EXPIRED:
			return r, nil
		case r.Status == raftpb.Status_STATUS_INVALID:
			return nil, errors.New(r.Error)
		case r.Status == raftpb.Status_STATUS_NOT_LEADER:
			a.last = fmt.Errorf("node n%d does not lead", r.Node)
			if r.Leader == 0 {
				a.last = fmt.Errorf("node n%d knows of no leader", r.Node)
			}
			if !s.client.redirected(link, forward, r) || a.hops > 2 {
				a.wait(ctx)
			}
			a.hops++
		case r.Status == raftpb.Status_STATUS_BUSY:
			a.last = fmt.Errorf("node n%d has too much to do", r.Node)
			a.wait(ctx)
		default: // unknown: ask again, the same operation
			a.sent = true
			a.last = fmt.Errorf("node n%d could not say what became of it", r.Node)
			a.wait(ctx)
		}
		if ctx.Err() != nil && a.last != nil {
			return nil, a.failed(fmt.Errorf("%w: %w", a.last, ctx.Err()))
		}
	}
}

// attempt is what is known of the tries so far.
type attempt struct {
	// sent says that the operation may have been made.
	sent  bool
	last  error
	pause time.Duration
	hops  int
}

const (
	// patience is how long a node has to answer before another is asked.
	patience     = 2 * time.Second
	firstPause   = 5 * time.Millisecond
	longestPause = 250 * time.Millisecond
)

// lost notes that a request got no answer. It says whether another try is in vain.
func (a *attempt) lost(ctx context.Context, l *link, err error) bool {
	var broken errLink
	errors.As(err, &broken)
	// It may have arrived before the link broke: the repetition carries the same session and seq.
	a.sent = a.sent || !broken.unsent
	code := codes.Unknown
	switch {
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
		err = errors.New("no answer")
	case broken.error != nil:
		code = status.Code(broken.error)
		err = errors.New(Plain(status.Convert(broken.error).Message()))
	}
	if ctx.Err() == nil || a.last == nil {
		a.last = fmt.Errorf("%s: %w", l.address, err)
	}
	return code == codes.Unauthenticated || code == codes.PermissionDenied || code == codes.ResourceExhausted
}

// wait pauses before the next try, longer each time.
func (a *attempt) wait(ctx context.Context) {
	select {
	case <-time.After(a.pause):
	case <-ctx.Done():
	}
	a.pause = min(2*a.pause, longestPause)
}

func (a *attempt) failed(err error) error {
	if a.sent {
		return &UnknownError{Why: err}
	}
	return err
}
