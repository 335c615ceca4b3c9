package raft

import "time"

// handleAppend takes entries of the term's leader into the log and acknowledges them (Raft
// paper §5.3; HandleAppendEntriesRequest in raft.tla). What the message holds is sound.
func (c *Core) handleAppend(now time.Duration, m *Message, stale bool) error {
	a := &m.Append
	if stale {
		c.reject(m, 0, 0) // its term in the reply makes an old leader step down
		return nil
	}
	if c.role == Leader {
		return c.breach(m, "%v leads that term", c.id)
	}
	fork := Index(0)
	if len(a.Entries) > 0 {
		if fork = c.fork(a); fork != 0 && fork <= c.log.commit {
			return c.breach(m, "entry %d is another than the one that is committed there", fork)
		}
	}
	c.obey(now, m.From)

	// What a snapshot stands for is committed, and as the leader has it.
	if a.PrevIndex >= c.log.base && !c.log.holds(a.PrevIndex, a.PrevTerm) {
		index, term := c.log.agreement(a.PrevIndex, a.PrevTerm)
		c.reject(m, index, term)
		return nil
	}
	if len(a.Entries) > 0 {
		c.take(now, a.Entries, fork)
	}
	// Beyond the last entry of this message the log may still differ from the leader's.
	match := max(a.PrevIndex+Index(len(a.Entries)), c.log.base)
	c.commit(min(a.Commit, match))

	r := c.message(MsgAppendReply, m.From)
	y := &r.AppendReply // field by field: there is one for nearly every message
	y.Success, y.PrevIndex, y.Match, y.Round = true, a.PrevIndex, match, a.Round
	c.send(r)
	return nil
}

// obey notes that the term's leader was heard of.
func (c *Core) obey(now time.Duration, leader NodeID) {
	if c.role != Follower || c.cfg.Lease > 0 {
		c.submit(now)
	}
	c.leader = leader
	c.heardAt = now
}

// submit has the node stand for election no more, for as long as a lease lasts if there are any.
func (c *Core) submit(now time.Duration) {
	if c.role != Follower {
		c.role = Follower
		c.drawElection()
	}
	c.promiseLease(now)
}

// soundAppend says what is wrong with the entries that a leader sends.
func (c *Core) soundAppend(m *Message) error {
	a := &m.Append
	last := a.PrevTerm
	for k := range a.Entries {
		e := &a.Entries[k]
		if want := a.PrevIndex + 1 + Index(k); e.Index != want || want == 0 {
			return c.breach(m, "entry %d stands where entry %d belongs", e.Index, want)
		}
		if e.Term < last || e.Term == 0 || e.Term > m.Term {
			return c.breach(m, "entry %d of term %d follows one of term %d", e.Index, e.Term, last)
		}
		last = e.Term
		if e.Kind == EntryConfiguration {
			if _, err := DecodeConfiguration(e.Data); err != nil {
				return c.breach(m, "entry %d holds no configuration: %v", e.Index, err)
			}
		}
	}
	return nil
}

// fork returns the first index at which the message has an entry and the log has another, 0 when there is none.
func (c *Core) fork(a *AppendEntries) Index {
	if a.PrevIndex >= c.log.last {
		return 0
	}
	for k := range a.Entries {
		e := &a.Entries[k]
		if e.Index > c.log.last {
			return 0
		}
		if e.Index >= c.log.base && c.log.term(e.Index) != e.Term {
			return e.Index
		}
	}
	return 0
}

// take makes the log hold the entries. Only what conflicts, from fork on, is cut off: a late message must not undo what
// a later one brought. There are some.
func (c *Core) take(now time.Duration, entries []Entry, fork Index) {
	if fork != 0 {
		c.cutLog(now, fork)
	}
	if entries[len(entries)-1].Index <= c.log.last {
		return
	}
	fresh := entries[c.log.last+1-entries[0].Index:]
	c.log.append(fresh)
	for k := range fresh {
		if fresh[k].Kind == EntryConfiguration {
			c.adopt(now, &fresh[k])
		}
	}
}

// reject refuses an AppendEntries and says where the logs can agree at best. It confirms the leader of this term only: who sent
// in an earlier one may lead again, in another life even, in which rounds are counted anew.
func (c *Core) reject(m *Message, hintIndex Index, hintTerm Term) {
	r := c.message(MsgAppendReply, m.From)
	r.AppendReply = AppendReply{PrevIndex: m.Append.PrevIndex, HintIndex: hintIndex, HintTerm: hintTerm}
	if m.Term == c.hard.Term {
		r.AppendReply.Round = m.Append.Round
	}
	c.send(r)
}
