package replica

import (
	"slices"
	"sort"
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
)

// reads are gets that wait for an index to be confirmed, or for that index to be applied, in the order they
// were asked in.
type reads struct {
	last    uint64 // the name of the latest; names grow
	pending []read
}

// name has the reads of this life named apart from those of earlier ones, whose answers may still be on their way:
// taken for an answer to a read of now, they would let it see the past. Draws are
// far apart; should they be alike, the clock has gone on.
func (s *reads) name(env Env) {
	s.last = env.Draw("read-name", 1<<62) + uint64(max(env.Now(), 0))
}

type read struct {
	id      uint64
	client  ClientID
	session kv.SessionID
	seq     uint64
	key     string
	asked   time.Duration
	// index is what must be applied first, once confirmed.
	index     raft.Index
	confirmed bool
	refused   bool
}

// beginRead asks the core at which index a get may be served.
func (r *Replica) beginRead(client ClientID, q *kv.Request) {
	r.forgetReads()
	r.reads.last++
	if err := r.core.ReadIndex(r.env.Now(), r.reads.last); err != nil {
		r.reply(client, q.Session, q.Seq, kv.NotLeader, kv.Result{})
		return
	}
	r.reads.pending = append(r.reads.pending, read{
		id: r.reads.last, client: client, session: q.Session, seq: q.Seq, key: q.Key, asked: r.env.Now(),
	})
	r.act()
}

// confirm notes what the core found out about a read.
func (s *reads) confirm(c raft.Read) {
	k := sort.Search(len(s.pending), func(k int) bool { return s.pending[k].id >= c.ID })
	if k == len(s.pending) || s.pending[k].id != c.ID {
		return // answered or forgotten
	}
	p := &s.pending[k]
	p.index, p.confirmed, p.refused = c.Index, c.Index != 0, c.Index == 0
}

// serveReads answers the gets whose index is applied, and those that were refused.
func (r *Replica) serveReads() {
	applied := r.core.Status().Applied
	still := r.reads.pending[:0]
	for _, p := range r.reads.pending {
		switch {
		case p.refused && r.core.Role() == raft.Leader: // too many wait
			r.reply(p.client, p.session, p.seq, kv.Busy, kv.Result{})
		case p.refused:
			r.reply(p.client, p.session, p.seq, kv.NotLeader, kv.Result{})
		case p.confirmed && p.index <= applied:
			r.reply(p.client, p.session, p.seq, kv.OK, kv.Result{Value: r.store.Get(p.key)})
		default:
			still = append(still, p)
		}
	}
	clear(r.reads.pending[len(still):])
	r.reads.pending = still
}

// forgetReads drops those whose confirmation must have been lost on the way; their clients have
// asked again long since.
func (r *Replica) forgetReads() {
	const patience = 100 // in longest election timeouts
	now := r.env.Now()
	gone := 0
	for gone < len(r.reads.pending) && (now-r.reads.pending[gone].asked)/patience > r.opts.Timeouts.ElectionMax {
		gone++
	}
	if gone > 0 {
		r.reads.pending = slices.Delete(r.reads.pending, 0, gone)
	}
}
