package raft

import (
	"errors"
	"fmt"
	"hash/crc64"
	"time"

	"raftsim/raft/tracker"
)

// ErrChunk says that a part of a snapshot does not go with the parts before it, or that the whole is not what its
// leader said it would be. What had arrived of it is forgotten when it is of no use. The leader is told where to go on, unless the part is of an
// earlier snapshot than the one that is arriving.
var ErrChunk = errors.New("raft: the part of the snapshot does not fit what arrived before")

// ecma is the polynomial of [Checksum]. It never changes.
var ecma = crc64.MakeTable(crc64.ECMA)

// Checksum is that of a snapshot's data on its way: CRC-64 by ECMA-182.
func Checksum(data []byte) uint64 { return crc64.Checksum(data, ecma) }

// validate says why a snapshot cannot be one of a node in that term.
func (s *Snapshot) validate(current Term) error {
	switch {
	case s.Index == 0 || s.Term == 0 || s.Term > current:
		return fmt.Errorf("raft: a snapshot of entry %d of term %d cannot be that of a node in term %d", s.Index, s.Term, current)
	case len(s.Data) == 0:
		return fmt.Errorf("raft: the snapshot of entry %d holds nothing", s.Index)
	}
	return s.Configuration.validate()
}

// Snapshot makes a snapshot of what has been applied; data is what the state machine holds, never empty, and kept. Once
// it is durable it is for [Core.Compact]. It is nil while the node does not know who the members are: it has yet to hear of
// being added.
func (c *Core) Snapshot(data []byte) *Snapshot {
	i := c.log.applied
	if !c.configurationAt(i).Known() {
		return nil
	}
	return &Snapshot{Index: i, Term: c.log.term(i), Configuration: *c.configurationAt(i), Data: data}
}

// Compact tells that a snapshot of this node's own is durable, and drops the log it stands for but for the last
// keep entries, which spare those who are a little behind the snapshot (Raft paper §7). It keeps s. An older snapshot than the
// latest changes nothing. The return value is up to where the log is gone.
func (c *Core) Compact(s *Snapshot, keep Index) Index {
	if c.snapshot == nil || s.Index > c.snapshot.Index {
		if s.Index > c.log.applied {
			panic(fmt.Sprintf("raft: %v was given a snapshot of entry %d, and has applied %d", c.id, s.Index, c.log.applied))
		}
		c.snapshot = s
		c.forgetIncoming(s.Index)
	}
	if upTo := min(c.snapshot.Index-min(keep, c.snapshot.Index), c.log.applied); upTo > c.log.base {
		c.log.compact(upTo)
		c.forgetConfigurations()
	}
	return c.log.base
}

// ship sends the member at place k as much of the latest snapshot as may be on its way. One that has begun is finished, though
// there be a later one by then.
func (c *Core) ship(k int) {
	p := &c.peers[k]
	if p.State != tracker.Install || p.snapshot == nil {
		p.snapshot = c.snapshot
		p.Installing(p.snapshot.Index)
		p.sum = Checksum(p.snapshot.Data)
	}
	s := p.snapshot
	size := uint64(len(s.Data))
	for p.Shipment.Ready(size, &c.window) {
		from := p.Shipment.Sent
		to := min(size, from+uint64(c.cfg.MaxChunkBytes))
		m := c.message(MsgInstallSnapshot, c.members.ids[k])
		m.Install = InstallSnapshot{
			Index: s.Index, Term: s.Term, Configuration: &s.Configuration, Size: size, Sum: p.sum,
			Offset: from, Data: s.Data[from:to:to],
		}
		c.send(m)
		p.Shipment.Sent = to
	}
}

// handleInstallReply learns how far a snapshot has come.
func (c *Core) handleInstallReply(now time.Duration, from int, m *Message) error {
	p, r := &c.peers[from], &m.InstallReply
	p.Heard = now
	if r.Done && r.Index > c.log.last {
		return c.breach(m, "it has a snapshot of entry %d, and the log ends at %d", r.Index, c.log.last)
	}
	if p.State == tracker.Install && p.Shipment.Index == r.Index {
		c.due = true
		if !r.Done {
			p.Shipment.Arrived(min(r.Offset, uint64(len(p.snapshot.Data))))
			return nil
		}
		p.installed(r.Index)
	}
	if r.Done {
		c.accepted(now, from, r.Index)
	}
	return nil
}

// incoming is what has arrived of a snapshot.
type incoming struct {
	InstallSnapshot        // the first part's, without its data
	data            []byte // what there is, from the first byte on
	// heard is the term of the leader that sent the last part.
	heard Term
	// writing says that all has arrived, and the disk is at it.
	writing bool
}

// goesWith says whether a part belongs to the snapshot that is arriving. Whoever sends it, it is the same
// when its last entry and its bytes are.
func (in *incoming) goesWith(p *InstallSnapshot) bool {
	return in.Index == p.Index && in.Term == p.Term && in.Size == p.Size && in.Sum == p.Sum
}

// soundInstall says what is wrong with a part of a snapshot, taken by itself.
func (c *Core) soundInstall(m *Message) error {
	p := &m.Install
	switch {
	case p.Index == 0 || p.Term == 0 || p.Term > m.Term:
		return c.breach(m, "a snapshot of entry %d of term %d", p.Index, p.Term)
	case p.Configuration == nil:
		return c.breach(m, "a snapshot without a configuration")
	case len(p.Data) == 0 || p.Offset > p.Size || uint64(len(p.Data)) > p.Size-p.Offset:
		return ErrChunk
	}
	if err := p.Configuration.validate(); err != nil {
		return c.breach(m, "a snapshot with no configuration: %v", err)
	}
	return nil
}

// handleInstall takes in a part of a snapshot (Raft paper Figure 13). One that comes again, or after a gap, adds nothing and
// is refused; the answer says what to send instead, but to a part of another snapshot than the one that is arriving. The snapshot takes effect once all of it is on the disk: see
// SnapshotDurable.
func (c *Core) handleInstall(now time.Duration, m *Message, stale bool) error {
	p := &m.Install
	if stale {
		c.answerInstall(m.From, p.Index, 0, false) // its term makes an old leader step down
		return nil
	}
	if c.role == Leader {
		return c.breach(m, "%v leads that term", c.id)
	}
	if p.Index >= c.log.base && p.Index <= c.log.commit && c.log.term(p.Index) != p.Term {
		return c.breach(m, "a snapshot of entry %d of term %d, where another is committed", p.Index, p.Term)
	}
	c.obey(now, m.From)
	in := &c.incoming
	if p.Index <= c.log.commit {
		c.answerInstall(m.From, p.Index, p.Size, true) // all it stands for is here
		return nil
	}
	if !in.goesWith(p) {
		if in.writing {
			return nil // one after the other: the disk is at an earlier one
		}
		if in.heard == m.Term && p.Index < in.Index {
			return ErrChunk // late: a leader's next snapshot is never an earlier one
		}
		*in = incoming{InstallSnapshot: *p}
		in.InstallSnapshot.Data, in.InstallSnapshot.Offset = nil, 0
	}
	in.heard = m.Term
	fits := in.writing // all of it is here: the leader asks what has become of it
	if have := uint64(len(in.data)); !in.writing && p.Offset <= have && p.Offset+uint64(len(p.Data)) > have {
		in.data = append(in.data, p.Data[have-p.Offset:]...)
		fits = true
	}
	if uint64(len(in.data)) == in.Size && !in.writing {
		if Checksum(in.data) != in.Sum {
			*in = incoming{}
			c.answerInstall(m.From, p.Index, 0, false)
			return ErrChunk
		}
		in.writing = true
		c.output.snapshots = true
		c.output.arrived = &Snapshot{Index: in.Index, Term: in.Term, Configuration: *in.Configuration, Data: in.data}
	}
	c.answerInstall(m.From, p.Index, uint64(len(in.data)), false)
	if !fits {
		return ErrChunk
	}
	return nil
}

// forgetIncoming drops what has arrived of a snapshot, now that a later one, or that one, is on the disk.
func (c *Core) forgetIncoming(durable Index) {
	if c.incoming.Index <= durable {
		c.incoming = incoming{}
	}
}

// answerInstall says up to where a snapshot is here. That it is done waits for the disk.
func (c *Core) answerInstall(to NodeID, index Index, offset uint64, done bool) {
	r := c.message(MsgInstallReply, to)
	r.InstallReply = InstallReply{Index: index, Offset: offset, Done: done}
	c.send(r)
}

// SnapshotDurable tells that a snapshot handed out as [Output].Arrived is on the disk. It takes effect now: if the log
// holds the last entry it stands for, all after that stays, and the entries up to it are committed; otherwise it takes the place of the
// log (Raft paper Figure 13, steps 6 to 8). It keeps s.
func (c *Core) SnapshotDurable(now time.Duration, s *Snapshot) {
	c.forgetIncoming(s.Index)
	holds := s.Index > c.log.commit && c.log.holds(s.Index, s.Term)
	if s.Index <= c.log.commit || c.role == Leader && !holds {
		return // the log has come there by itself; a leader has what is committed, so that this is not
	}
	c.snapshot = s
	if holds {
		c.commit(s.Index)
	} else {
		c.follow(now) // what a candidate asked for, it asked for with the log that was
		c.log.reset(s.Index, s.Term)
		c.durable.index = s.Index
		for k := c.output.head; k < len(c.output.writes); k++ {
			c.output.writes[k].last = s.Index // of the log that was
		}
		c.output.snapshots = true
		c.output.installed = s
		c.members.earlier = []configured{{&s.Configuration, s.Index}}
		c.configure(now, &s.Configuration, s.Index)
	}
	if c.leader != None && c.role != Leader {
		c.answerInstall(c.leader, s.Index, uint64(len(s.Data)), true)
	}
	c.releaseHeld()
}
