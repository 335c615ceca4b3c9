package raft_test

import (
	"slices"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// drive is a disk: what package wal and package snapshot keep on one, without files.
type drive struct {
	disk raft.Restored
	// base and baseTerm are of the entry before the first of the log.
	base     raft.Index
	baseTerm raft.Term
}

// diskWrite is what one ticket is about. Compacting has none.
type diskWrite struct {
	ticket  raft.Ticket
	hard    raft.HardState
	hasHard bool
	// begin has the log begin after that snapshot, with nothing in it.
	begin   *raft.Snapshot
	entries []raft.Entry
	// compact drops the entries up to an index, of a term.
	compact     raft.Index
	compactTerm raft.Term
}

// recover is what a node that starts finds. A log that does not go with the snapshot is one it was about to replace.
func (d *drive) recover() raft.Restored {
	if s := d.disk.Snapshot; s != nil {
		if s.Term > d.disk.HardState.Term {
			d.disk.HardState = raft.HardState{Term: s.Term}
		}
		if !d.has(s.Index, s.Term) {
			d.disk.Entries, d.base, d.baseTerm = nil, s.Index, s.Term
		}
	}
	return d.disk
}

// has says whether the log has an entry, or had it before its base.
func (d *drive) has(i raft.Index, t raft.Term) bool {
	switch {
	case i < d.base:
		return true
	case i == d.base:
		return t == d.baseTerm
	}
	at := int(i - d.base - 1)
	return at < len(d.disk.Entries) && d.disk.Entries[at].Term == t
}

// holds says whether an entry is on the disk, in the log or in the snapshot.
func (d *drive) holds(i raft.Index, t raft.Term) bool {
	return d.disk.Snapshot != nil && i <= d.disk.Snapshot.Index || d.has(i, t)
}

// write puts the k oldest writes on the disk, and tells nobody.
func (n *node) write(k int) {
	d := &n.drive
	for _, w := range n.writes[:k] {
		if w.hasHard {
			d.disk.HardState = w.hard
		}
		if w.begin != nil {
			d.disk.Entries, d.base, d.baseTerm = nil, w.begin.Index, w.begin.Term
		}
		if len(w.entries) > 0 {
			d.disk.Entries = append(slices.Clip(d.disk.Entries[:w.entries[0].Index-d.base-1]), w.entries...)
		}
		if w.compact > d.base {
			d.disk.Entries = d.disk.Entries[min(int(w.compact-d.base), len(d.disk.Entries)):]
			d.base, d.baseTerm = w.compact, w.compactTerm
		}
	}
	n.writes = n.writes[k:]
}

// save starts to write a snapshot. One that is not later than what is there or on its way is not written.
func (n *node) save(s *raft.Snapshot) {
	if d := n.disk.Snapshot; d != nil && d.Index >= s.Index {
		return
	}
	if k := len(n.snapshots); k > 0 && n.snapshots[k-1].Index >= s.Index {
		return
	}
	n.snapshots = append(n.snapshots, s)
}

// snapshot has a node take a snapshot of what it has applied. It says whether it did.
func (c *cluster) snapshot(id raft.NodeID) bool {
	n := c.nodes[id]
	s := n.core.Snapshot(slices.Concat([]byte{magic}, n.state))
	if s == nil || s.Index == 0 {
		return false
	}
	n.save(s)
	return true
}

// finishSnapshot puts the oldest snapshot that a node is writing on its disk and tells it. If it is its own, the log before it
// is dropped, but for the last keep entries.
func (c *cluster) finishSnapshot(id raft.NodeID, keep raft.Index) {
	n := c.nodes[id]
	s := n.snapshots[0]
	n.snapshots = n.snapshots[1:]
	n.disk.Snapshot = s
	if s.Index > n.core.Applied() {
		n.core.SnapshotDurable(c.clock(id), s)
	} else {
		base := n.core.Compact(s, keep)
		n.writes = append(n.writes, diskWrite{compact: base, compactTerm: n.core.Status().BaseTerm})
	}
	c.act(id)
}

// compact has a node take a snapshot and drop all the log that it stands for.
func (c *cluster) compact(id raft.NodeID) {
	require.True(c.t, c.snapshot(id))
	for len(c.nodes[id].snapshots) > 0 {
		c.finishSnapshot(id, 0)
	}
	c.persist(id)
}

// machine is a state machine that remembers all it was given, a byte for an entry.
type machine struct{ state []byte }

// magic is the first byte of the machine's snapshots, which are never empty.
const magic = 0xd1

func (m *machine) apply(es []raft.Entry) {
	for k := range es {
		m.state = append(m.state, digest(&es[k]))
	}
}

func digest(e *raft.Entry) byte {
	d := byte(e.Term) * 31
	for _, b := range e.Data {
		d = d*17 + b
	}
	return d
}

func (m *machine) restore(s *raft.Snapshot) {
	m.state = nil
	if s != nil {
		m.state = slices.Clone(s.Data[1:])
	}
}
