package sim

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"raftsim/raft"
)

// What a disk that fails on purpose tells, wrapped in an [io/fs.PathError].
var (
	// ErrDiskFull: there was no room for the bytes or the name.
	ErrDiskFull = errors.New("no space left on the disk")
	// ErrDiskWrite: a sync failed. What it should have made durable may or may not be.
	ErrDiskWrite = errors.New("the disk failed to write")
)

// Fate says what a crash does to what no finished sync covers.
type Fate uint8

// Fates of what was not synced.
const (
	// FateDrawn: each file's bytes are kept, lost, shortened or torn, and some of the latest names are undone, as draws say.
	FateDrawn Fate = iota
	// FateKept: all of it is on the disk.
	FateKept
	// FateLost: none of it is.
	FateLost
	// FateTorn: all names are, and of every file a drawn part of the bytes, of which the last sector is garbled.
	FateTorn
)

// String returns the word for it.
func (f Fate) String() string {
	switch f {
	case FateKept:
		return "kept"
	case FateLost:
		return "lost"
	case FateTorn:
		return "torn"
	}
	return "drawn"
}

// SetDisk changes how the disk of a node behaves from now on, whether the node is up or not. Syncs that are under way keep their
// time, and fail or not by what holds when they end. It returns false when there is no such node.
func (w *World) SetDisk(id raft.NodeID, c Disk) bool {
	n := w.node(id)
	if n == nil {
		return false
	}
	w.mark(Event{Kind: EventDisk, Node: id, Disk: c})
	w.Mix(uint64(c.SyncLatency.Min))
	w.Mix(uint64(c.SyncLatency.Max))
	w.Mix(flag(c.Full) | flag(c.FailSyncs)<<1 | uint64(c.Unsynced)<<2)
	w.counters.DiskChanges++
	n.disk.set(c)
	return true
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// Disk returns how the disk of a node behaves. It is zero when there is no such node.
func (w *World) Disk(id raft.NodeID) Disk {
	if n := w.node(id); n != nil {
		return n.disk.spec
	}
	return Disk{}
}

// DiskFaults is how often the disk of a node has refused to write or failed a sync, since the world began.
func (w *World) DiskFaults(id raft.NodeID) uint64 {
	if n := w.node(id); n != nil {
		return n.disk.faults
	}
	return 0
}

// Rot flips one bit, drawn among the durable bytes of the node's files whose names end in suffix. A process that runs has read its
// disk already: the next boot meets it. It returns false when there is no such node or no such byte.
func (w *World) Rot(id raft.NodeID, suffix string) bool {
	n := w.node(id)
	if n == nil {
		return false
	}
	total := uint64(0)
	for i := range n.disk.durable {
		if d := &n.disk.durable[i]; strings.HasSuffix(d.name, suffix) {
			total += uint64(d.file.durable)
		}
	}
	if total == 0 {
		return false
	}
	at := n.Draw("rot", total)
	bit := n.Draw("rot bit", 8)
	w.mark(Event{Kind: EventRot, Node: id})
	w.Mix(at<<3 | bit)
	w.counters.Rots++
	for i := range n.disk.durable {
		d := &n.disk.durable[i]
		if !strings.HasSuffix(d.name, suffix) {
			continue
		}
		if at < uint64(d.file.durable) {
			d.file.rot(int(at), byte(1<<bit))
			return true
		}
		at -= uint64(d.file.durable)
	}
	return true
}

// rot flips bits of one byte. The process may share what it once read or wrote, which stays as it was.
func (f *file) rot(at int, bits byte) {
	flipped := func(data []byte) []byte {
		if at < len(data) {
			data = slices.Clone(data)
			data[at] ^= bits
		}
		return data
	}
	f.data = flipped(f.data)
	for i := range f.past {
		f.past[i].data = flipped(f.past[i].data)
	}
	f.rotten = true
}

// rotten says whether a file that the node finds has rotted.
func (d *disk) rotten() bool {
	return slices.ContainsFunc(d.names, func(n name) bool { return n.file.rotten })
}

// failed is a fault that the world caused on purpose.
func (d *disk) failed(op, name string, err error) error {
	d.faults++
	d.failing = true
	return d.fault(op, name, err)
}

// gaveUp says whether the disk has given the process cause to end, and takes that in: what failed since it booted, or the rot
// that it may have met. Whoever ends without cause has failed.
func (w *World) gaveUp(n *node, why error, rotten bool) bool {
	if !n.disk.failing && !rotten {
		return false
	}
	n.gaveUp = why
	w.counters.Halts++
	w.mark(Event{Kind: EventHalt, Node: n.id, Err: why})
	return true
}

// GaveUp returns why a node that is down has halted or refused to boot, if its disk was to blame: it was full, failed to write, or
// what was on it had rotted. It is nil otherwise.
func (w *World) GaveUp(id raft.NodeID) error {
	if n := w.node(id); n != nil && n.process == nil {
		return n.gaveUp
	}
	return nil
}

// String says it as traces do.
func (c Disk) String() string {
	text := fmt.Sprintf("syncs take %v..%v, what is not synced is %v at a crash", c.SyncLatency.Min, c.SyncLatency.Max, c.Unsynced)
	if c.Full {
		text += ", it is full"
	}
	if c.FailSyncs {
		text += ", syncs fail"
	}
	return text
}
