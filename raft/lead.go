package raft

import (
	"time"

	"raftsim/raft/quorum"
	"raftsim/raft/tracker"
)

// lead takes office for the term that was just won.
func (c *Core) lead(now time.Duration) {
	c.role = Leader
	c.leader = c.id
	for k := range c.peers {
		c.peers[k] = startPeer(c.log.last, now) // our own too: it counts from when our no-op is durable
	}
	c.uncommitted = c.sizeOf(c.log.commit+1, c.log.last)
	c.startLease()
	if c.cfg.CheckQuorum {
		c.resetElection(now)
	}
	c.heartbeat = after(now, c.cfg.Heartbeat)
	if c.cfg.Lease > 0 {
		c.nextRound(now)
	}
	// Entries of earlier terms are committed by way of one of our own (Raft paper §5.4.2, §8).
	// It is also the first heartbeat, but for learners, to which it comes once it is committed.
	c.appendOwn(EntryNoop, nil)
	for k := range c.peers {
		if k != c.members.self && c.reach(k) < c.log.last {
			c.sendHeartbeat(k)
		}
	}
}

// sizeOf is the size of the entries lo to hi.
func (c *Core) sizeOf(lo, hi Index) int {
	size := 0
	for lo <= hi { // once, as a rule
		part := c.log.slice(lo, hi)
		for k := range part {
			size += part[k].Size()
		}
		lo += Index(len(part))
	}
	return size
}

// appendOwn puts an entry of the current term at the end of the leader's log. Output sends it on.
func (c *Core) appendOwn(kind EntryKind, data []byte) Index {
	e := c.log.grow(c.hard.Term)
	e.Index, e.Term, e.Kind, e.Data = c.log.last, c.hard.Term, kind, data
	c.log.touch(e.Index)
	c.uncommitted += e.Size()
	c.due = true
	return e.Index
}

// HeartbeatTimeout tells that the heartbeat timer has fired. A leader makes itself heard; others do nothing.
func (c *Core) HeartbeatTimeout(now time.Duration) {
	if c.role != Leader {
		return
	}
	c.heartbeat = after(now, c.cfg.Heartbeat)
	if c.successor != None && now >= c.transferEnds {
		c.successor = None // it did not come to be; go on leading
	}
	if c.cfg.Lease > 0 {
		c.nextRound(now)
	}
	for k := range c.peers {
		if k == c.members.self {
			continue
		}
		p := &c.peers[k]
		p.Unblock()
		if p.State == tracker.Install {
			p.Shipment.Resend(uint64(len(p.snapshot.Data)))
			c.due = true
		}
		if p.Next <= c.log.base {
			c.due = true // what is on its way may be lost, and the log does not hold it any more: it takes a snapshot
		}
		if p.Next > c.reach(k) || !p.Ready(&c.window) {
			c.sendHeartbeat(k)
		} else {
			c.due = true // Output has entries for it, which are as good
		}
	}
}

// replicate sends every follower what it may have. It is the only place that sends entries, so that
// whatever was proposed since the last Output goes out together.
func (c *Core) replicate() {
	// Those that are in step are sent the same.
	var es []Entry
	from, to, size := Index(0), Index(0), 0
	for k := range c.peers {
		if k == c.members.self {
			continue
		}
		p := &c.peers[k]
		if p.Next <= c.log.base || p.State == tracker.Install {
			c.ship(k)
			continue
		}
		last := c.reach(k)
		for p.Next <= last && p.Ready(&c.window) {
			if p.Next != from || last != to {
				from, to = p.Next, last
				es, size = c.limit(c.log.slice(from, last))
			}
			c.sendAppend(k, es)
			p.Sent(es[len(es)-1].Index, size)
		}
	}
}

// reach is up to where the member at place k is sent the log. A learner is sent what is committed: the log of one that knows more
// could be the longest of those that are left when the leader is gone. As a learner it would not stand for election, and
// whoever has it for a voter, by a change that it does not know of, might need its vote in vain.
func (c *Core) reach(k int) Index {
	if !c.members.plain && c.members.kinds[k] == learner {
		return c.log.commit
	}
	return c.log.last
}

// limit keeps the entries that fit into one message, at least one, and says how large they are.
func (c *Core) limit(es []Entry) ([]Entry, int) {
	size := es[0].Size()
	for k := 1; k < len(es); k++ {
		next := size + es[k].Size()
		if next > c.cfg.MaxAppendBytes {
			return es[:k:k], size
		}
		size = next
	}
	return es, size
}

// sendAppend sends the follower at place k the entries, which follow its Next; none is a heartbeat.
// Either way a follower whose log is not as thought says so.
func (c *Core) sendAppend(k int, es []Entry) {
	prev := c.peers[k].Next - 1
	m := c.message(MsgAppendEntries, c.members.ids[k])
	a := &m.Append // field by field: a heartbeat's is filled for every event or two
	a.PrevIndex, a.PrevTerm = prev, c.log.term(prev)
	a.Commit, a.Round = c.log.commit, c.reads.round
	if es != nil {
		a.Entries = es
	}
	c.send(m)
}

// sendHeartbeat makes the leader heard by the member at place k. Who is so far behind that the log does not reach down to
// it is asked about the place before the first entry, at which all logs agree.
func (c *Core) sendHeartbeat(k int) {
	if c.peers[k].Next > c.log.base {
		c.sendAppend(k, nil)
		return
	}
	m := c.message(MsgAppendEntries, c.members.ids[k])
	m.Append.Round = c.reads.round
	c.send(m)
}

// handleAppendReply learns how far a follower's log agrees (Raft paper §5.3; HandleAppendEntriesResponse in raft.tla).
func (c *Core) handleAppendReply(now time.Duration, from int, m *Message) error {
	r := &m.AppendReply
	if r.Success && r.Match > c.log.last {
		return c.breach(m, "it acknowledges entry %d of a log that ends at %d", r.Match, c.log.last)
	}
	if r.Round > c.reads.round {
		return c.breach(m, "it answers round %d, and there were %d", r.Round, c.reads.round)
	}
	p := &c.peers[from]
	p.Heard = now
	if r.Round > p.Round {
		p.Round = r.Round
		if len(c.reads.pending) > 0 || c.cfg.Lease > 0 {
			c.confirmReads()
		}
	}
	if p.State == tracker.Replicate && r.Success && r.Match == p.Match && c.successor == None && c.members.kinds[from] == voter {
		return nil // a heartbeat was answered, as nearly always
	}
	if !r.Success {
		// Both logs' terms only rise, so that all between the two hints can be skipped at once.
		agree, _ := c.log.agreement(r.HintIndex, r.HintTerm)
		c.due = p.Rejected(r.PrevIndex, agree+1) || c.due
		return nil
	}
	if p.State == tracker.Install || p.State == tracker.Probe && r.Match < c.log.base && r.PrevIndex < p.Next-1 {
		// It was asked about the place before the first entry: that agrees, whatever the rest does.
		if r.Match < c.log.base {
			return nil
		}
		p.installed(r.Match)
		c.due = true
	}
	c.accepted(now, from, r.Match)
	return nil
}

// accepted takes in that the member at a place has entries up to match on its disk.
func (c *Core) accepted(now time.Duration, from int, match Index) {
	config := c.members.config
	if c.peers[from].Accepted(match) {
		c.due = true
		if match > c.log.commit {
			c.advanceCommit(now)
		}
	}
	if c.members.plain && c.successor == None {
		return // as nearly always
	}
	if c.role != Leader || c.members.config != config {
		return // what was committed has changed who is where
	}
	if c.members.kinds[from] == learner {
		c.tendMembers(now)
	}
	if c.successor == c.members.ids[from] {
		c.hurry(from)
	}
}

// advanceCommit commits what a majority has on its disks, but by counting only entries of the
// current term (Raft paper §5.3, §5.4.2, Figure 8; AdvanceCommitIndex in raft.tla).
func (c *Core) advanceCommit(now time.Duration) {
	i := c.agreed()
	if i > c.log.commit && c.log.term(i) == c.hard.Term {
		c.commit(i)
		if len(c.reads.pending) > 0 {
			c.confirmReads() // the first entry of the term may be among them
		}
		if !c.members.plain || !c.members.votes {
			c.tendMembers(now)
		}
	}
}

// agreed is up to where a majority has the log on its disks.
func (c *Core) agreed() Index {
	if !c.members.plain {
		return reached(c, &c.indexes, func(p *peer) Index { return p.Match })
	}
	s := c.indexes[:len(c.peers)] // without a detour: this is done for every acknowledgement
	for k := range s {
		s[k] = c.peers[k].Match
	}
	return quorum.Committed(s)
}

// commit moves the commit index up to i, unless it is there already.
func (c *Core) commit(i Index) {
	if i <= c.log.commit {
		return
	}
	switch {
	case c.role != Leader:
	case i == c.log.commit+1: // without a detour, as with little to do
		c.uncommitted -= c.log.at(i).Size()
	default:
		c.uncommitted -= c.sizeOf(c.log.commit+1, i)
	}
	c.log.commit = i
	if c.role == Leader && !c.members.plain {
		c.due = true // learners are sent what is committed
	}
}

// persistedEntries counts what the leader itself has on its disk, like anybody else's (Raft
// dissertation §10.2.1).
func (c *Core) persistedEntries(now time.Duration) {
	if c.role != Leader || c.members.self < 0 {
		return
	}
	if p := &c.peers[c.members.self]; c.durable.index > p.Match {
		p.Match = c.durable.index
		if p.Match > c.log.commit {
			c.advanceCommit(now)
		}
	}
}
