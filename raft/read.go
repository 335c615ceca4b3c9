package raft

import "time"

// Read is a read that may be served once entries up to Index are applied. Index 0 is a refusal: nobody can tell
// whether the node that was asked still led.
type Read struct {
	ID    uint64
	Index Index
}

// reads are those a leader, or a follower that asked one, has not answered yet.
type reads struct {
	// round counts confirmations of leadership. A read is confirmed by answers to its own round or a later one,
	// never by answers to one that began before it was asked. Rounds go on from one term of office to the next.
	round uint64
	// ask says that a round has been called for which no message has left yet.
	ask     bool
	pending []pendingRead
	ready   []Read
}

type pendingRead struct {
	id    uint64
	from  NodeID // who asked: ourselves or a follower
	round uint64
	// index is the commit index when the round began, 0 until an entry of the term is committed.
	index Index
}

// ReadIndex asks for an index at which the state machine may be read so that the read is
// linearizable (Raft dissertation §6.4). A [Read] with that id comes with a later [Output], or never when
// messages are lost. A follower asks its leader. The error is [ErrNotLeader] when no leader is known.
func (c *Core) ReadIndex(now time.Duration, id uint64) error {
	switch {
	case c.role == Leader:
		c.beginRead(now, c.id, id)
	case c.leader != None:
		m := c.message(MsgReadIndex, c.leader)
		m.Read = ReadIndex{ID: id}
		c.send(m)
	default:
		return ErrNotLeader
	}
	return nil
}

func (c *Core) handleReadIndex(now time.Duration, m *Message) {
	if c.role != Leader {
		c.answerRead(m.From, m.Read.ID, 0)
		return
	}
	c.beginRead(now, m.From, m.Read.ID)
}

func (c *Core) handleReadIndexReply(m *Message) {
	c.reads.ready = append(c.reads.ready, Read{ID: m.Read.ID, Index: m.Read.Index})
}

// mostReads is how many reads a leader lets wait. One that is cut off and does not know it would
// collect them without end.
const mostReads = 4096

// beginRead notes a read. Those of one Output share a round.
func (c *Core) beginRead(now time.Duration, from NodeID, id uint64) {
	r := &c.reads
	if index := c.readableIndex(); index != 0 && c.leaseHolds(now) {
		c.answerRead(from, id, index)
		return
	}
	if len(r.pending) >= mostReads {
		c.answerRead(from, id, 0)
		return
	}
	if !r.ask {
		c.nextRound(now)
		r.ask = true
	}
	r.pending = append(r.pending, pendingRead{id: id, from: from, round: r.round, index: c.readableIndex()})
	c.confirmReads() // a majority of one needs nobody
}

// readableIndex is what the leader knows to be committed, 0 while that may be less than what is: it knows
// once an entry of its own term is among it.
func (c *Core) readableIndex() Index {
	if c.log.term(c.log.commit) == c.hard.Term {
		return c.log.commit
	}
	return 0
}

// nextRound begins another round.
func (c *Core) nextRound(now time.Duration) {
	c.reads.round++
	c.noteRound(now)
}

// askRound sends the round that was called for to everyone. Entries that just left carry it too, but who is
// not ready for entries must answer as well.
func (c *Core) askRound() {
	c.reads.ask = false
	for k := range c.peers {
		if k != c.members.self {
			c.sendHeartbeat(k)
		}
	}
}

// confirmReads answers the reads whose round a majority has answered.
func (c *Core) confirmReads() {
	r := &c.reads
	if len(r.pending) == 0 && c.cfg.Lease == 0 {
		return
	}
	if c.members.self >= 0 {
		c.peers[c.members.self].Round = r.round
	}
	confirmed := reached(c, &c.rounds, func(p *peer) uint64 { return p.Round })
	c.extendLease(confirmed)
	still := r.pending[:0]
	for _, p := range r.pending {
		if p.index == 0 {
			p.index = c.readableIndex()
		}
		if p.round > confirmed || p.index == 0 {
			still = append(still, p)
			continue
		}
		c.answerRead(p.from, p.id, p.index)
	}
	r.pending = still
}

// refuseReads answers all who wait that this node cannot tell any more.
func (c *Core) refuseReads() {
	for _, p := range c.reads.pending {
		c.answerRead(p.from, p.id, 0)
	}
	c.reads.pending, c.reads.ask = c.reads.pending[:0], false
}

func (c *Core) answerRead(to NodeID, id uint64, index Index) {
	if to == c.id {
		c.reads.ready = append(c.reads.ready, Read{ID: id, Index: index})
		return
	}
	m := c.message(MsgReadIndexReply, to)
	m.Read = ReadIndex{ID: id, Index: index}
	c.send(m)
}
