package raft

import (
	"fmt"
	"time"

	"raftsim/raft/quorum"
	"raftsim/raft/tracker"
)

// lead takes office for the term that was just won.
func (c *Core) lead(now time.Duration) {
	c.role = Leader
	c.leader = c.id
	for k := range c.peers {
		c.peers[k] = tracker.Start(c.log.last) // our own too: it counts from when our no-op is durable
		c.peers[k].Heard = now                 // they just voted, or get a timeout's time to be heard of
	}
	if c.cfg.CheckQuorum {
		c.resetElection(now)
	}
	c.heartbeat = after(now, c.cfg.Heartbeat)
	// Entries of earlier terms are committed by way of one of our own (Raft paper §5.4.2, §8).
	// It is also the first heartbeat.
	c.appendOwn(EntryNoop, nil)
}

// appendOwn puts an entry of the current term at the end of the leader's log. Output sends it on.
func (c *Core) appendOwn(kind EntryKind, data []byte) Index {
	e := Entry{Index: c.log.last + 1, Term: c.hard.Term, Kind: kind, Data: data}
	c.log.touch(e.Index)
	c.log.push(&e)
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
	for k := range c.peers {
		if k == c.self {
			continue
		}
		p := &c.peers[k]
		p.Unblock()
		c.due = true
		if c.sendable(p) < p.Next {
			c.sendAppend(k, nil)
		} // otherwise Output has entries for it, which are as good
	}
}

// replicate sends every follower what it may have. It is the only place that sends entries, so that
// whatever was proposed since the last Output goes out together.
func (c *Core) replicate() {
	for k := range c.peers {
		if k == c.self {
			continue
		}
		p := &c.peers[k]
		for hi := c.sendable(p); p.Next <= hi; hi = c.sendable(p) {
			es := c.limit(c.log.slice(p.Next, hi))
			c.sendAppend(k, es)
			p.Sent(es[len(es)-1].Index)
		}
	}
}

// sendable is up to which index entries may leave now to a follower.
func (c *Core) sendable(p *tracker.Progress) Index {
	return p.Limit(c.log.last, Index(c.cfg.MaxInflight))
}

// limit keeps the entries that fit into one message, at least one.
func (c *Core) limit(es []Entry) []Entry {
	size := es[0].Size()
	for k := 1; k < len(es); k++ {
		if size += es[k].Size(); size > c.cfg.MaxAppendBytes {
			return es[:k:k]
		}
	}
	return es
}

// sendAppend sends the follower at place k the entries, which follow its Next; none is a heartbeat.
// Either way a follower whose log is not as thought says so.
func (c *Core) sendAppend(k int, es []Entry) {
	prev := c.peers[k].Next - 1
	m := c.message(MsgAppendEntries, c.voters[k])
	a := &m.Append // field by field: a heartbeat's is filled for every event or two
	a.PrevIndex, a.PrevTerm = prev, c.log.term(prev)
	a.Commit, a.Round = c.log.commit, c.reads.round
	if es != nil {
		a.Entries = es
	}
	c.send(m)
}

// handleAppendReply learns how far a follower's log agrees (Raft paper §5.3; HandleAppendEntriesResponse in raft.tla).
func (c *Core) handleAppendReply(now time.Duration, from int, r *AppendReply) {
	p := &c.peers[from]
	p.Heard = now
	if r.Round > p.Round {
		p.Round = r.Round
		c.confirmReads()
	}
	if !r.Success {
		// Both logs' terms only rise, so that all between the two hints can be skipped at once.
		agree, _ := c.log.agreement(r.HintIndex, r.HintTerm)
		c.due = p.Rejected(r.PrevIndex, agree+1) || c.due
		return
	}
	if r.Match > c.log.last {
		panic(fmt.Sprintf("raft: %v acknowledges entry %d to %v, whose log ends at %d", c.voters[from], r.Match, c.id, c.log.last))
	}
	if p.Accepted(r.Match) {
		c.due = true
		if r.Match > c.log.commit {
			c.advanceCommit()
		}
	}
	if c.successor == c.voters[from] {
		c.hurry(from)
	}
}

// advanceCommit commits what a majority has on its disks, but by counting only entries of the
// current term (Raft paper §5.3, §5.4.2, Figure 8; AdvanceCommitIndex in raft.tla).
func (c *Core) advanceCommit() {
	for k := range c.peers {
		c.match[k] = c.peers[k].Match
	}
	i := quorum.Committed(c.match)
	if i > c.log.commit && c.log.term(i) == c.hard.Term {
		c.log.commit = i
		c.confirmReads() // the first entry of the term may be among them
	}
}

// persistedEntries counts what the leader itself has on its disk, like anybody else's (Raft
// dissertation §10.2.1).
func (c *Core) persistedEntries() {
	if c.role != Leader {
		return
	}
	if p := &c.peers[c.self]; c.durable.index > p.Match {
		p.Match = c.durable.index
		c.advanceCommit()
	}
}
