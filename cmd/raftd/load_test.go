package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/checker"
	"raftsim/raft/kv"
	"raftsim/raft/server/client"
)

// load is clients at work, and what they saw.
type load struct {
	began  time.Time
	cancel context.CancelFunc
	work   sync.WaitGroup
	done   atomic.Int64 // operations that were acknowledged

	mu      sync.Mutex
	history checker.History
	added   map[string]bool // what was appended to the list, and whether that was acknowledged
}

const (
	// keys is how many keys the clients share.
	keys = 8
	// list is a key that is only appended to: every acknowledged addition is in it once.
	list = "list"
)

// startLoad has clients write and read until the test stops them.
func startLoad(t *testing.T, c *cluster, clients int) *load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{began: time.Now(), cancel: cancel, added: make(map[string]bool)}
	t.Cleanup(cancel)
	for n := range clients {
		cl := c.client(t)
		l.work.Go(func() { l.client(ctx, cl, uint64(n+1)) })
	}
	return l
}

// client makes one operation after the other.
func (l *load) client(ctx context.Context, cl *client.Client, id uint64) {
	rng := rand.New(rand.NewPCG(id, 1))
	s := cl.Session()
	for n := 1; ctx.Err() == nil; n++ {
		q := kv.Request{Key: fmt.Sprintf("key%d", rng.IntN(keys)), Op: kv.Get}
		switch rng.IntN(6) {
		case 0, 1:
			q.Op, q.Value = kv.Put, fmt.Sprintf("%d.%d", id, n)
		case 2:
			q.Op, q.Value, q.Expect = kv.CAS, fmt.Sprintf("%d.%d", id, n), fmt.Sprintf("%d.%d", 1+rng.IntN(4), n-1)
		case 3:
			q.Op, q.Key, q.Value = kv.Append, list, fmt.Sprintf("<%d.%d>", id, n)
		}
		l.operation(ctx, s, id, q)
	}
}

func (l *load) operation(ctx context.Context, s *client.Session, id uint64, q kv.Request) {
	l.mu.Lock()
	call := l.history.Call(id, &q, time.Since(l.began))
	if q.Key == list && q.Op == kv.Append {
		l.added[q.Value] = false
	}
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	r, err := s.Do(ctx, q)
	cancel()
	l.mu.Lock()
	defer l.mu.Unlock()
	var unknown *client.UnknownError
	switch {
	case err == nil:
		l.history.Return(call, r, time.Since(l.began))
		if q.Key == list && q.Op == kv.Append {
			l.added[q.Value] = true
		}
		l.done.Add(1)
	case errors.As(err, &unknown):
		l.history.Lost(call)
	default:
		l.history.Discard(call)
	}
}

// progress waits until so many more operations are acknowledged.
func (l *load) progress(t *testing.T, n int64) {
	t.Helper()
	from := l.done.Load()
	eventually(t, "the cluster goes on", func() bool { return l.done.Load() >= from+n })
}

// judge stops the clients and holds what they saw to be linearizable, with all that was acknowledged still there.
func (l *load) judge(t *testing.T, c *cluster) {
	t.Helper()
	l.cancel()
	l.work.Wait()
	cl := c.client(t)
	s := cl.Session()
	for k := range keys {
		l.operation(t.Context(), s, 99, kv.Request{Op: kv.Get, Key: fmt.Sprintf("key%d", k)})
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	text, err := s.Get(ctx, list)
	require.NoError(t, err)
	l.mu.Lock()
	defer l.mu.Unlock()
	times := make(map[string]int)
	for part := range strings.SplitSeq(text, ">") {
		if part != "" {
			times[part+">"]++
		}
	}
	for value, acknowledged := range l.added {
		if acknowledged {
			require.Equal(t, 1, times[value], "%s was acknowledged", value)
		}
		require.LessOrEqual(t, times[value], 1, "%s", value)
	}
	require.LessOrEqual(t, len(times), len(l.added), "nothing is there that nobody wrote")
	outcome := checker.Linearizable(&l.history, 10*checker.DefaultBudget)
	operations, lost := l.history.Len()
	t.Logf("%d operations, %d of unknown outcome: %v", operations, lost, outcome)
	require.NotEqual(t, checker.VerdictNotLinearizable, outcome.Verdict, "%v", outcome)
	require.Equal(t, checker.VerdictLinearizable, outcome.Verdict, "%v", outcome)
}

// agree waits until all nodes hold the same.
func (c *cluster) agree(t *testing.T) {
	t.Helper()
	cl := c.client(t)
	eventually(t, "all nodes hold the same", func() bool {
		all := c.status(t, cl)
		for _, n := range all {
			if n == nil || n.Applied != all[0].Applied || n.Digest != all[0].Digest {
				return false
			}
		}
		return true
	})
}
