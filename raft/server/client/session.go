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

	mu     sync.Mutex
	id     uint64
	seq    uint64
	answer chan answer
}

// Session begins a session.
func (c *Client) Session() *Session {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return &Session{client: c, id: binary.LittleEndian.Uint64(b[:])>>1 | 1, answer: make(chan answer, 1)}
}

// ID is the session's number.
func (s *Session) ID() uint64 { return s.id }

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
	s.seq++
	q.Session, q.Seq = kv.SessionID(s.id), s.seq
	if err := q.Validate(); err != nil {
		return kv.Result{}, err
	}
	w := &raftpb.Request{
		Session: s.id, Seq: s.seq, Op: raftpb.Op(q.Op), Key: []byte(q.Key), Value: []byte(q.Value), Expect: []byte(q.Expect),
	}
	a := attempt{pause: firstPause}
	for {
		link, forward, err := s.client.current()
		if err != nil {
			return kv.Result{}, a.failed(err)
		}
		w.Forward = forward
		once, cancel := context.WithTimeout(ctx, patience)
		r, err := link.do(once, w, s.answer)
		cancel()
		if err != nil {
			// A request that waits to be sent is the link's: a new try has one of its own.
			w = &raftpb.Request{Session: w.Session, Seq: w.Seq, Op: w.Op, Key: w.Key, Value: w.Value, Expect: w.Expect}
			var broken errLink
			errors.As(err, &broken)
			// It may have arrived before the link broke: the repetition carries the same session and seq.
			a.sent = a.sent || !broken.unsent
			switch {
			case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
				err = errors.New("no answer")
			case broken.error != nil:
				err = errors.New(Plain(status.Convert(broken.error).Message()))
			}
			if ctx.Err() == nil || a.last == nil {
				a.last = fmt.Errorf("%s: %w", link.address, err)
			}
			if code := status.Code(broken.error); code == codes.Unauthenticated || code == codes.PermissionDenied || code == codes.ResourceExhausted {
				return kv.Result{}, a.failed(a.last)
			}
		}
		switch {
		case ctx.Err() != nil && err != nil:
			return kv.Result{}, a.failed(fmt.Errorf("%w: %w", a.last, ctx.Err()))
		case err != nil:
			s.client.failed(link)
			a.wait(ctx)
		case r.Status == raftpb.Status_STATUS_OK:
			return kv.Result{Value: string(r.Value), Swapped: r.Swapped}, nil
		case r.Status == raftpb.Status_STATUS_INVALID:
			return kv.Result{}, errors.New(r.Error)
		case r.Status == raftpb.Status_STATUS_NOT_LEADER:
			a.last = fmt.Errorf("node n%d does not lead", r.Node)
			if r.Leader == 0 {
				a.last = fmt.Errorf("node n%d knows of no leader", r.Node)
			}
			if !s.client.redirected(link, r) || a.hops > 2 {
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
