package replica

import (
	"errors"
	"fmt"

	"raftsim/raft"
	"raftsim/raft/kv"
)

// waiting is the clients' requests that a leader proposed and has not yet seen committed, in the order of the log.
type waiting struct {
	queue []request
	head  int
}

// request is one of them.
type request struct {
	index   raft.Index
	term    raft.Term
	client  ClientID
	session kv.SessionID
	seq     uint64
}

// push returns the place of one more, which is to be filled.
func (w *waiting) push() *request {
	w.queue = append(w.queue, request{})
	return &w.queue[len(w.queue)-1]
}

// first returns the oldest, nil when there is none; it is good until the next push.
func (w *waiting) first() *request {
	if w.head == len(w.queue) {
		return nil
	}
	return &w.queue[w.head]
}

func (w *waiting) pop() {
	if w.head++; w.head == len(w.queue) {
		w.queue, w.head = w.queue[:0], 0
	} else if w.head > 1024 && w.head*2 > len(w.queue) {
		w.queue = w.queue[:copy(w.queue, w.queue[w.head:])]
		w.head = 0
	}
}

// slab is memory for commands, taken in large pieces because the log keeps each small one. A large command
// has its own: in a slab it would leave much of it unused for as long as the log keeps the rest.
type slab struct{ free []byte }

const (
	slabSize     = 64 << 10
	firstSlab    = slabSize / 16 // most nodes of a short run never need another
	largeCommand = firstSlab
)

// encode returns the request as a command of a leader whose clock shows now.
func (s *slab) encode(q *kv.Request, now kv.Time) []byte {
	need := kv.MaxOverhead + len(q.Key) + len(q.Value) + len(q.Expect)
	if need > largeCommand {
		return kv.Encode(make([]byte, 0, need), q, now)
	}
	from := s.make(need)
	s.free = kv.Encode(s.free, q, now)
	return s.free[from:len(s.free):len(s.free)]
}

// expiry returns the expiry as a command.
func (s *slab) expiry(e kv.Expiry, now kv.Time) []byte {
	from := s.make(kv.MaxOverhead)
	s.free = kv.EncodeExpiry(s.free, e, now)
	return s.free[from:len(s.free):len(s.free)]
}

// make makes room, and returns where it begins.
func (s *slab) make(need int) int {
	if cap(s.free)-len(s.free) < need {
		s.free = make([]byte, 0, min(max(firstSlab, 2*cap(s.free)), slabSize))
	}
	return len(s.free)
}

// Request implements [Process]. A leader proposes the request, a read like a write, and answers once it
// is applied; others say who leads, if they know. One that has too much to do, or hands over, says that it is busy. With [Options].ReadIndex a read leaves no entry, and any node serves it.
func (r *Replica) Request(client ClientID, q *kv.Request) {
	if q.Validate() != nil {
		r.reply(client, q.Session, q.Seq, kv.Invalid, kv.Result{})
		return
	}
	if r.opts.ReadIndex && q.Op == kv.Get {
		r.beginRead(client, q)
		return
	}
	if r.core.Role() != raft.Leader {
		r.reply(client, q.Session, q.Seq, kv.NotLeader, kv.Result{})
		return
	}
	if res, ok := r.store.Lookup(q.Session, q.Seq); ok {
		r.reply(client, q.Session, q.Seq, res.Status(), res) // a retry of what has taken effect
		return
	}
	index, term, err := r.core.Propose(r.commands.encode(q, r.clock()))
	if err != nil {
		r.reply(client, q.Session, q.Seq, refusal(err), kv.Result{})
		return
	}
	w := r.waiting.push()
	w.index, w.term, w.client, w.session, w.seq = index, term, client, q.Session, q.Seq
	r.expireSessions()
	r.act()
}

// refusal is what a client is told when the core does not take its request.
func refusal(err error) kv.Status {
	if errors.Is(err, raft.ErrBacklog) || errors.Is(err, raft.ErrTransferring) {
		return kv.Busy
	}
	return kv.NotLeader
}

// apply takes a committed entry into the state machine and answers who waits for it.
func (r *Replica) apply(e *raft.Entry) bool {
	a := Applied{Entry: e}
	var took kv.Effect
	status := kv.OK
	switch e.Kind {
	case raft.EntryNoop, raft.EntryConfiguration: // the core's own
	case raft.EntryCommand:
		if err := r.store.ApplyTo(&took, e.Index, e.Data); err != nil {
			if status = unapplied(err); status == kv.Invalid {
				return r.cannotApply(e, err)
			}
		}
		if status == kv.OK {
			status = took.Result.Status()
		}
		a.Session, a.Seq, a.Repeat = took.Session, took.Seq, took.Repeat
		if took.Expired > 0 && r.env.Logging() {
			r.env.Log(fmt.Sprintf("Node %v drops %d sessions that expired", r.id, took.Expired))
		}
	default:
		return r.cannotApply(e, fmt.Errorf("its kind %d is unknown to this version", e.Kind))
	}
	if r.opts.Applied != nil {
		r.opts.Applied(r.id, a)
	}
	for q := r.waiting.first(); q != nil && q.index <= e.Index; q = r.waiting.first() {
		if q.index == e.Index && q.term == e.Term {
			r.respond(q.client, q.session, q.seq, status, took.Result, took.Opened)
		} else {
			r.reply(q.client, q.session, q.seq, kv.Unknown, kv.Result{})
		}
		r.waiting.pop()
	}
	return true
}

// unapplied is what a client is told when the store took its command in and nothing came of it, and Invalid for
// what no store takes in.
func unapplied(err error) kv.Status {
	switch {
	case errors.Is(err, kv.ErrStale):
		return kv.Unknown
	case errors.Is(err, kv.ErrExpired):
		return kv.Expired
	}
	return kv.Invalid
}

// cannotApply ends the node. Every replica fails alike; none can go on without parting from the log.
func (r *Replica) cannotApply(e *raft.Entry, why error) bool {
	r.halt(fmt.Errorf("replica: entry %d of term %d cannot be applied: %w", e.Index, e.Term, why))
	return false
}

// giveUp tells everyone who waits that this node can no longer say what becomes of the request.
func (r *Replica) giveUp() {
	for q := r.waiting.first(); q != nil; q = r.waiting.first() {
		r.reply(q.client, q.session, q.seq, kv.Unknown, kv.Result{})
		r.waiting.pop()
	}
}

func (r *Replica) reply(client ClientID, session kv.SessionID, seq uint64, s kv.Status, res kv.Result) {
	r.respond(client, session, seq, s, res, 0)
}

// respond answers a client, and says who leads.
func (r *Replica) respond(client ClientID, session kv.SessionID, seq uint64, s kv.Status, res kv.Result, opened kv.SessionID) {
	if r.halted {
		return
	}
	a := &r.answer
	a.Session, a.Seq, a.Status, a.Opened = session, seq, s, opened
	a.Result = res
	a.Leader = r.core.Leader()
	r.env.Answer(client, a)
}
