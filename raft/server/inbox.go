package server

import (
	"sync"

	"raftsim/raft"
	"raftsim/raft/wal"
)

// event is something for the loop: what one of these fields says.
type event struct {
	// messages came from a node.
	messages []raft.Message
	// call and calls are clients' requests.
	call  *call
	calls []*call
	// bytes is how large messages or requests are.
	bytes int
	// ticket is that of a sync which has ended with err.
	ticket wal.SyncTicket
	err    error
	// do is run by the loop, apart from all else.
	do func()
}

// inbox is where events wait for the loop.
type inbox struct {
	mu     sync.Mutex
	room   sync.Cond
	events []event
	bytes  int
	closed bool
	// wake has a value when there is an event.
	wake chan struct{}
}

// maxInbox is how many bytes from other nodes and clients wait for the loop before no more is taken in.
const maxInbox = 64 << 20

func newInbox() *inbox {
	b := &inbox{wake: make(chan struct{}, 1)}
	b.room.L = &b.mu
	return b
}

// put adds an event. It says false when the loop has ended and nobody will look at it. What has a size waits for room.
func (b *inbox) put(e event) bool {
	b.mu.Lock()
	for e.bytes > 0 && b.bytes >= maxInbox && !b.closed {
		b.room.Wait()
	}
	if b.closed {
		b.mu.Unlock()
		return false
	}
	b.events = append(b.events, e)
	b.bytes += e.bytes
	first := len(b.events) == 1
	b.mu.Unlock()
	if first {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
	return true
}

// take returns all that waits, in order, and keeps spare for what comes next.
func (b *inbox) take(spare []event) []event {
	b.mu.Lock()
	out := b.events
	b.events = spare[:0]
	if b.bytes >= maxInbox {
		b.room.Broadcast()
	}
	b.bytes = 0
	b.mu.Unlock()
	return out
}

// close has the loop take nothing more, and returns what still waited.
func (b *inbox) close() []event {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.room.Broadcast()
	out := b.events
	b.events = nil
	return out
}
