package wal

import (
	"fmt"

	"raftsim/raft"
)

// DefaultSegmentBytes is the size after which a segment is followed by a new one, unless [Options] say otherwise.
const DefaultSegmentBytes = 1 << 20

// maxIdleBuffer is how large a buffer the log keeps after a burst.
const maxIdleBuffer = 4 << 20

// Options of a log. The zero value means the defaults.
type Options struct {
	// SegmentBytes is the size at which a segment is full and the next one begins, from 1 to 1<<30; 0 means
	// [DefaultSegmentBytes]. What is written between two syncs is never split, so a segment
	// may grow past it by that much.
	SegmentBytes int64
	// Birth is what a node whose log is empty is born as, and what its log then begins with. With an incarnation of 0 there is
	// nothing to write.
	Birth raft.Birth
	// SnapshotIndex and SnapshotTerm are of the last entry that the newest snapshot on the disk stands for; 0 for none. A
	// hard state of that term, or of a later one, was durable before a byte of the snapshot was written.
	SnapshotIndex raft.Index
	SnapshotTerm  raft.Term
}

// Log is the durable log of one node: what the Raft paper's Figure 2 calls persistent
// state. It never blocks and has no goroutine; whoever owns the [FS] tells it the end of
// each sync through [Log.Synced]. It is not safe for concurrent use.
//
// It numbers its syncs from 1 up. Others who use the same FS take SyncTickets from 1<<63.
//
// The first error is final: every later call returns it. A disk that failed to
// sync has perhaps dropped the bytes and would report success the next time, so there is
// no second try: the node stops, and Open finds out what is there.
type Log struct {
	fs           FS
	segmentBytes int64

	// The segment that buf goes to. All before it are durable.
	segment  uint64
	file     File  // the segment's; the previous one's while create holds
	create   bool  // the segment is still to be created
	size     int64 // bytes of it that are in the file; what comes next is marked with it
	previous int64 // length of the segment before it

	// buf holds the frames of every Save since the sync in flight began. They go to the file together,
	// when nothing in it is left to be synced: so only the last batch of a log can ever be torn.
	buf []byte

	// What is in flight; 0 is nothing.
	fileSync, dirSync SyncTicket
	flying            raft.Ticket // durable once they have ended
	lastSync          SyncTicket

	asked   raft.Ticket // by the latest Save
	durable raft.Ticket

	birth     raft.Birth
	hard      raft.HardState
	base      base
	lastIndex raft.Index
	lastTerm  raft.Term // of the entry at lastIndex

	// segments are those on the disk, the present one last.
	segments []segmentEntries
	// flyingBase is what base was when the batch in flight left.
	flyingBase raft.Index

	err error
}

// Save starts to make a hard state and entries durable: hs unless nil, and then entries, which follow
// each other without a gap and replace the log from the index of the first of them on.
// [Log.Durable] reaches t once they are. t is greater than that of any Save before.
//
// Save keeps nothing that it is handed and does not wait. Saves made while a sync is in flight
// become durable together with the next one. After a crash any prefix of the records
// not yet durable may be there, even part of one Save; the hard state goes first, so
// that no entry is ever found without the term it was saved under.
//
// It refuses what Open would not accept: terms that go back, a second vote in one term, an
// entry of a term above the hard state's, a gap, and data above 64 MiB. One thing is the
// caller's duty alone: that the entry before the first replaced one has no greater term.
func (l *Log) Save(hs *raft.HardState, entries []raft.Entry, t raft.Ticket) error {
	if l.err != nil {
		return l.err
	}
	if err := l.check(hs, entries, t); err != nil {
		return l.fail(err)
	}
	l.asked = t
	if hs == nil && len(entries) == 0 && (len(l.buf) == 0 || !l.idle()) {
		l.ride(t)
		return nil
	}
	if len(l.buf) == 0 {
		l.begin()
	}
	if hs != nil {
		l.hard = *hs
		l.writeHardState()
	}
	for i := range entries {
		e := &entries[i]
		l.write(&header{kind: frameEntry, sub: uint8(e.Kind), a: uint64(e.Index), b: uint64(e.Term)}, e.Data)
	}
	if n := len(entries); n > 0 {
		l.lastIndex, l.lastTerm = entries[n-1].Index, entries[n-1].Term
		s := &l.segments[len(l.segments)-1]
		s.highest = max(s.highest, l.lastIndex)
	}
	if l.idle() {
		l.flush()
	}
	return l.err
}

// Synced tells that the sync of that ticket has ended, or failed with err. It returns
// [Log.Durable] as it is then. Tickets that are not the log's, or that it
// does not wait for, change nothing. When more was saved in the meantime, the next sync starts here.
func (l *Log) Synced(t SyncTicket, err error) (durable raft.Ticket, e error) {
	if l.err != nil {
		return l.durable, l.err
	}
	switch {
	case t == 0:
		return l.durable, nil
	case t == l.fileSync:
		if err != nil {
			return l.durable, l.fail(fmt.Errorf("wal: %s could not be synced, and what of it is on the disk is unknown: "+
				"check the disk, then start the node again: %w", segmentName(l.flyingSegment()), err))
		}
		l.fileSync = 0
	case t == l.dirSync:
		if err != nil {
			return l.durable, l.fail(fmt.Errorf("wal: the log's folder could not be synced, so the name %s may be lost: "+
				"check the disk, then start the node again: %w", segmentName(l.flyingSegment()), err))
		}
		l.dirSync = 0
	default:
		return l.durable, nil
	}
	if l.idle() {
		l.durable = l.flying
		if l.removable() {
			l.remove()
		}
		if l.err == nil && len(l.buf) > 0 {
			l.flush()
		}
	}
	return l.durable, l.err
}

// Durable is the highest ticket such that everything saved with it and before it is on the disk;
// 0 before the first of this boot. What Open recovered is durable as it is.
func (l *Log) Durable() raft.Ticket { return l.durable }

// ride makes a ticket that asks for nothing durable with what was asked before it.
func (l *Log) ride(t raft.Ticket) {
	switch {
	case len(l.buf) > 0: // with the next batch, which takes the latest ticket asked
	case l.idle():
		l.durable = t
	default:
		l.flying = t
	}
}

// begin readies the empty buffer for a batch, in a new segment when the present one is full.
func (l *Log) begin() {
	if l.size >= l.segmentBytes {
		l.segment++
		l.previous, l.size = l.size, 0
		l.create = true
		l.segments = append(l.segments, segmentAfter(l.segment, l.segments[len(l.segments)-1].highest))
	}
	if l.size == 0 {
		l.writeHead()
	}
}

// writeHead begins a segment, with all that those before it said but for entries: they may be removed one day.
func (l *Log) writeHead() {
	l.write(&header{kind: frameSegment, sub: formatVersion, a: l.segment, b: uint64(l.previous)}, nil)
	if l.segment > 1 {
		l.writeBefore()
	}
	if l.birth.Incarnation != 0 {
		l.writeBirth()
	}
	if l.hard != (raft.HardState{}) {
		l.writeHardState()
	}
	if l.base.index != 0 {
		l.writeBase(baseKeeps)
	}
}

func (l *Log) writeBefore() {
	l.write(&header{kind: frameBefore, a: uint64(l.segments[len(l.segments)-1].before)}, nil)
}

func (l *Log) writeBirth() {
	b := &l.birth
	l.write(&header{kind: frameBirth, a: b.Cluster, b: uint64(b.Incarnation)}, b.Configuration.Encode(nil))
}

func (l *Log) writeHardState() {
	l.write(&header{kind: frameHardState, a: uint64(l.hard.Term), b: uint64(l.hard.Vote)}, nil)
}

func (l *Log) writeBase(stays uint8) {
	l.write(&header{kind: frameBase, sub: stays, a: uint64(l.base.index), b: uint64(l.base.term)}, nil)
}

// write adds a frame to the buffer.
func (l *Log) write(h *header, data []byte) {
	// When the batch goes to the file, everything before it is durable.
	h.mark = l.size
	l.buf = appendFrame(l.buf, place{l.segment, l.size + int64(len(l.buf))}, h, data)
}

// flush hands the buffer to the file and starts to sync it. Nothing may be in flight.
func (l *Log) flush() {
	if l.create {
		if err := l.createSegment(); err != nil {
			l.fail(err)
			return
		}
	}
	if err := l.file.Append(l.buf); err != nil {
		l.fail(fmt.Errorf("wal: %s could not be written: free or check the disk, then start the node again: %w",
			segmentName(l.segment), err))
		return
	}
	begun := l.size == 0
	l.size += int64(len(l.buf))
	l.buf = l.buf[:0]
	if cap(l.buf) > maxIdleBuffer {
		l.buf = nil
	}
	l.flying, l.flyingBase = l.asked, l.base.index
	l.syncFile()
	if begun {
		l.lastSync++
		l.dirSync = l.lastSync
		l.fs.SyncDir(l.dirSync)
	}
}

// createSegment creates the file of the current segment. All before it must be durable by now: recovery
// takes the mere name of a segment for proof that those before it were complete.
func (l *Log) createSegment() error {
	name := segmentName(l.segment)
	f, err := l.fs.Create(name)
	if err != nil {
		return fmt.Errorf("wal: %s could not be created: free or check the disk, then start the node again: %w", name, err)
	}
	old := l.file
	l.file, l.create = f, false
	if old == nil {
		return nil
	}
	if err := old.Close(); err != nil {
		return fmt.Errorf("wal: %s could not be closed: check the disk, then start the node again: %w",
			segmentName(l.segment-1), err)
	}
	return nil
}

func (l *Log) syncFile() {
	l.lastSync++
	l.fileSync = l.lastSync
	l.file.Sync(l.fileSync)
}

func (l *Log) idle() bool { return l.fileSync == 0 && l.dirSync == 0 }

// flyingSegment is the segment that the sync in flight is about.
func (l *Log) flyingSegment() uint64 {
	if l.create {
		return l.segment - 1
	}
	return l.segment
}

// check says what is wrong with a Save.
func (l *Log) check(hs *raft.HardState, entries []raft.Entry, t raft.Ticket) error {
	if t <= l.asked {
		return fmt.Errorf("wal: save with ticket %d after ticket %d: tickets must grow", t, l.asked)
	}
	hard := l.hard
	if hs != nil {
		if why := checkHardState(hard, *hs); why != "" {
			return fmt.Errorf("wal: save refused: %s", why)
		}
		hard = *hs
	}
	if len(entries) == 0 {
		return nil
	}
	total := l.size + int64(len(l.buf)) + headRoom
	last, lastTerm := l.lastIndex, l.lastTerm
	if first := entries[0].Index; first > 0 && first <= last {
		if first <= l.base.index {
			return fmt.Errorf("wal: save refused: entry %d is one that the snapshot of entry %d stands for", first, l.base.index)
		}
		// The term before the first is not kept.
		last, lastTerm = first-1, 0
	}
	for i := range entries {
		e := &entries[i]
		if why := checkEntry(last, lastTerm, hard.Term, e); why != "" {
			return fmt.Errorf("wal: save refused: %s", why)
		}
		if len(e.Data) > maxDataBytes {
			return fmt.Errorf("wal: save refused: entry %d has %d bytes of data, more than %d", e.Index, len(e.Data), maxDataBytes)
		}
		last, lastTerm = e.Index, e.Term
		total += frameBytes(int64(len(e.Data)))
	}
	if total > maxSegmentBytes {
		return fmt.Errorf("wal: save refused: with it %d bytes would wait for one sync, more than a segment can hold: save less at a time", total)
	}
	return nil
}

func (l *Log) fail(err error) error {
	l.err = err
	return err
}
