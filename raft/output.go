package raft

import (
	"fmt"
	"time"
)

// Output is what a core wants done. All of it is the core's own memory, valid until the next call of
// [Core.Output]; entries and their data are valid for good, and never altered.
type Output struct {
	// HardState, when HardStateChanged, is to be on the disk before or together with Entries.
	HardState        HardState
	HardStateChanged bool
	// Arrived, when not nil, is a snapshot to be put on the disk, apart from all else. Once it is durable, and everything
	// older about it as well, [Core.SnapshotDurable] is to be told.
	Arrived *Snapshot
	// Installed, when not nil, is a durable snapshot that takes the place of log and state machine, before Entries
	// and Committed: the log on the disk is to begin after it.
	Installed *Snapshot
	// Entries are to be on the disk: the log from Entries[0].Index on is replaced by them.
	Entries []Entry
	// Ticket is what to call [Core.Persisted] with once HardState, Installed and Entries are durable;
	// 0 when there is nothing to write. Writes become durable in the order of their tickets.
	Ticket Ticket
	// Messages may leave at once, whatever was written or not. Each belongs to the caller, who
	// may [Message.Release] it when nobody needs it any more.
	Messages []*Message
	// Committed are entries to apply to the state machine, each handed out once, in order.
	Committed []Entry
	// Reads are those asked for by [Core.ReadIndex] whose index is known now.
	Reads []Read
	// More says that another Output waits to be taken now.
	More bool
	// Quiet says that there is nothing to do but to send Messages, as mostly there is not.
	Quiet bool
}

// output is what was collected for the next Output, and what of earlier ones is not yet done.
type output struct {
	out   Output
	ready []*Message // to leave with the next Output
	held  []*Message // of this term, to leave once what they promise is durable
	saved HardState  // the hard state of the last ticket
	// arrived and installed are for the next Output.
	arrived, installed *Snapshot
	// snapshots says that there is one of them, or that there was in the last Output.
	snapshots bool
	ticket    Ticket // the last one handed out
	// writes are handed out and not yet durable, oldest first, from position head.
	writes []write
	head   int
}

// write is what becomes durable with a ticket.
type write struct {
	ticket Ticket
	hard   HardState
	last   Index // the log's last entry then, or the last that was not cut off since
}

// durable is what is on the disk for certain.
type durable struct {
	hard HardState
	// index is up to where the log, as it stands, is on the disk.
	index Index
}

// message makes a message of the current term.
func (c *Core) message(kind MessageKind, to NodeID) *Message {
	m := c.pool.get()
	m.Kind, m.To, m.Term = kind, to, c.hard.Term
	return m
}

// send is the way out for every message. What promises that something is on the disk waits here until it
// is: the promise is kept whatever happens to the node after (Raft paper Figure 2; dissertation §3.8).
func (c *Core) send(m *Message) {
	if m.Kind == MsgAppendEntries || c.kept(m) { // the most promise nothing
		c.output.ready = append(c.output.ready, m)
		return
	}
	if m.Kind == MsgAppendReply {
		// One acknowledgement of the most stands for those of less. A term has one leader to send it to.
		for _, h := range c.output.held {
			if h.Kind == MsgAppendReply {
				round := max(h.AppendReply.Round, m.AppendReply.Round)
				if m.AppendReply.Match > h.AppendReply.Match {
					h.AppendReply = m.AppendReply
				}
				h.AppendReply.Round = round
				m.Release()
				return
			}
		}
	}
	if m.Kind == MsgInstallReply {
		// Likewise, or those of parts that come again would pile up at a disk that is stuck.
		for _, h := range c.output.held {
			if h.Kind == MsgInstallReply {
				if m.InstallReply.Index > h.InstallReply.Index {
					h.InstallReply = m.InstallReply
				}
				m.Release()
				return
			}
		}
	}
	c.output.held = append(c.output.held, m)
}

// kept says whether what a message promises is on the disk.
//
//   - A vote: once given, it is not given again to another in that term after a restart.
//   - An acknowledgement: the entries, and the term they were taken in.
//   - A candidate's request: its own vote. A candidate that forgot it could ask again in the
//     same term, with a shorter log, and count the votes that the longer one was given.
func (c *Core) kept(m *Message) bool {
	d := &c.durable
	switch m.Kind {
	case MsgRequestVote:
		return d.hard == HardState{Term: m.Term, Vote: m.From}
	case MsgVoteReply:
		return !m.VoteReply.Granted || d.hard == HardState{Term: m.Term, Vote: m.To}
	case MsgAppendReply:
		return !m.AppendReply.Success || d.hard.Term == m.Term && d.index >= m.AppendReply.Match
	case MsgInstallReply:
		return !m.InstallReply.Done || d.hard.Term == m.Term && d.index >= m.InstallReply.Index
	}
	return true
}

// Output collects what is to be done since the last time. It returns the same Output every time, filled anew.
func (c *Core) Output() *Output {
	o := &c.output
	if c.role == Leader {
		if c.due {
			c.due = false
			c.replicate()
		}
		if c.reads.ask {
			c.askRound()
		}
	}
	out := &o.out
	if len(o.ready)+len(out.Messages) > 0 {
		out.Messages, o.ready = o.ready, out.Messages[:0]
	}
	l := &c.log
	if out.Quiet && len(c.reads.ready) == 0 && !o.snapshots && l.unsaved > l.last && c.hard == o.saved && l.applied >= l.commit {
		return out // it was so before, and is still
	}
	out.Quiet = true
	if len(out.Reads)+len(c.reads.ready) > 0 {
		out.Reads, c.reads.ready = c.reads.ready, out.Reads[:0]
		out.Quiet = len(out.Reads) == 0
	}
	// Field by field, since most have nothing to forget, and this is done after every event.
	out.Ticket = 0
	if out.HardStateChanged {
		out.HardState, out.HardStateChanged = HardState{}, false
	}
	if out.Entries != nil {
		out.Entries = nil
	}
	if out.Committed != nil {
		out.Committed = nil
	}
	if o.snapshots {
		out.Arrived, out.Installed = o.arrived, o.installed
		o.snapshots = o.arrived != nil || o.installed != nil // once more, to forget them
		o.arrived, o.installed = nil, nil
		out.Quiet = out.Quiet && !o.snapshots
	}

	if l.unsaved <= l.last || c.hard != o.saved || out.Installed != nil {
		out.Quiet = false
		if c.hard != o.saved {
			out.HardState, out.HardStateChanged = c.hard, true
			o.saved = c.hard
		}
		out.Entries = l.slice(l.unsaved, l.last)
		l.unsaved += Index(len(out.Entries))
		o.ticket++
		out.Ticket = o.ticket
		o.writes = append(o.writes, write{ticket: o.ticket, hard: c.hard, last: l.unsaved - 1})
	}
	if l.applied < l.commit {
		out.Quiet = false
		out.Committed = l.slice(l.applied+1, min(l.commit, l.last))
		if len(out.Committed) == 0 {
			panic(fmt.Sprintf("raft: entry %d counts as committed, but the log of %v ends at %d", l.commit, c.id, l.last))
		}
		l.applied += Index(len(out.Committed))
	}
	out.More = l.unsaved <= l.last || l.applied < l.commit
	return out
}

// Persisted tells that everything up to and including that ticket is on the disk. Tickets that were told before
// are ignored; one that was never handed out is the caller's mistake, and a panic.
func (c *Core) Persisted(now time.Duration, t Ticket) {
	o := &c.output
	if t > o.ticket {
		panic(fmt.Sprintf("raft: told that ticket %d is durable, but only %d were handed out", t, o.ticket))
	}
	done := false
	for o.head < len(o.writes) && o.writes[o.head].ticket <= t {
		w := &o.writes[o.head]
		c.durable = durable{hard: w.hard, index: w.last}
		o.head++
		done = true
	}
	if !done {
		return
	}
	if o.head == len(o.writes) {
		o.writes, o.head = o.writes[:0], 0
	} else if o.head > 64 && o.head*2 > len(o.writes) {
		o.writes = o.writes[:copy(o.writes, o.writes[o.head:])]
		o.head = 0
	}
	if len(o.held) > 0 {
		c.releaseHeld()
	}
	c.persistedVote(now)
	c.persistedEntries(now)
}

// releaseHeld lets go of messages whose promise is on the disk now.
func (c *Core) releaseHeld() {
	o := &c.output
	still := o.held[:0]
	for _, m := range o.held {
		if c.kept(m) {
			o.ready = append(o.ready, m)
			continue
		}
		if m.Kind == MsgAppendReply && c.durable.hard.Term == m.Term {
			// A disk that is always behind would never get to the last of it, while more keeps coming.
			// What it got to is the leader's log too.
			part := c.message(MsgAppendReply, m.To)
			part.AppendReply = m.AppendReply
			part.AppendReply.Match = c.durable.index
			o.ready = append(o.ready, part)
		}
		still = append(still, m)
	}
	o.held = still
}

// dropHeld throws away what was held when its term passes: nobody listens to it any more.
func (c *Core) dropHeld() {
	for _, m := range c.output.held {
		m.Release()
	}
	c.output.held = c.output.held[:0]
}

// cutLog takes away entry i and all after it, also from what is, or will be, durable of the log as it stands, and
// with them the configurations they brought.
func (c *Core) cutLog(now time.Duration, i Index) {
	c.log.cut(i)
	c.rollBack(now, i)
	c.durable.index = min(c.durable.index, i-1)
	for k := c.output.head; k < len(c.output.writes); k++ {
		w := &c.output.writes[k]
		w.last = min(w.last, i-1)
	}
}
