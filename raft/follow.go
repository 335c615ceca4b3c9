package raft

import (
	"fmt"
	"time"
)

// handleAppend takes entries of the term's leader into the log and acknowledges them (Raft
// paper §5.3; HandleAppendEntriesRequest in raft.tla).
func (c *Core) handleAppend(now time.Duration, m *Message, stale bool) {
	a := &m.Append
	if stale {
		c.reject(m, 0, 0) // its term in the reply makes an old leader step down
		return
	}
	if c.role == Leader {
		panic(fmt.Sprintf("raft: %v and %v both lead term %d", c.id, m.From, m.Term))
	}
	if c.role != Follower {
		c.role = Follower
		c.drawElection()
	}
	c.leader = m.From
	c.heardAt = now

	if !c.log.holds(a.PrevIndex, a.PrevTerm) {
		index, term := c.log.agreement(a.PrevIndex, a.PrevTerm)
		c.reject(m, index, term)
		return
	}
	c.take(a.PrevIndex, a.Entries)
	// Beyond the last entry of this message the log may still differ from the leader's.
	match := a.PrevIndex + Index(len(a.Entries))
	c.log.commit = max(c.log.commit, min(a.Commit, match))

	r := c.message(MsgAppendReply, m.From)
	r.AppendReply = AppendReply{Success: true, PrevIndex: a.PrevIndex, Match: match, Round: a.Round}
	c.send(r)
}

// take makes the log hold entries after prev, where it agrees with the leader's. Only what
// conflicts is cut off: a late message must not undo what a later one brought.
func (c *Core) take(prev Index, entries []Entry) {
	if n := len(entries); n > 0 && entries[n-1].Term > c.hard.Term {
		panic(fmt.Sprintf("raft: %v was sent entry %d of term %d in term %d", c.id, entries[n-1].Index, entries[n-1].Term, c.hard.Term))
	}
	for k := range entries {
		e := &entries[k]
		if want := prev + 1 + Index(k); e.Index != want {
			panic(fmt.Sprintf("raft: %v was sent entry %d where entry %d belongs", c.id, e.Index, want))
		}
		if e.Index <= c.log.last && c.log.term(e.Index) == e.Term {
			continue
		}
		if e.Index <= c.log.last {
			c.cutLog(e.Index)
		}
		c.log.append(entries[k:])
		return
	}
}

// reject refuses an AppendEntries and says where the logs can agree at best.
func (c *Core) reject(m *Message, hintIndex Index, hintTerm Term) {
	r := c.message(MsgAppendReply, m.From)
	r.AppendReply = AppendReply{PrevIndex: m.Append.PrevIndex, HintIndex: hintIndex, HintTerm: hintTerm, Round: m.Append.Round}
	c.send(r)
}
