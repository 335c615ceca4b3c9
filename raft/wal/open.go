package wal

import (
	"fmt"
	"strconv"
	"strings"

	"raftsim/raft"
)

// Recovered is what [Open] found.
type Recovered struct {
	// Birth is what the node was born as: [Options].Birth when the log was empty.
	Birth raft.Birth
	// HardState is the latest one saved; zero when there is none.
	HardState raft.HardState
	// Base and BaseTerm are of the last entry that is gone because a snapshot stands for it; 0 when none is.
	Base     raft.Index
	BaseTerm raft.Term
	// Entries is the log after Base, without a gap. Their data is the file's bytes: nobody alters it.
	Entries []raft.Entry
	// Torn is what was cut off the end, or nil.
	Torn *Torn
}

// Torn says what a crash left incomplete at the end of a log, and Open cut off.
type Torn struct {
	// File is the name of the segment.
	File string
	// Offset is the length it was cut to, in bytes.
	Offset int64
	// Bytes is how many bytes were cut off.
	Bytes int64
}

// CorruptError says that a log is damaged where no crash can have done it. Nothing has been altered.
type CorruptError struct {
	// File is the segment's name.
	File string
	// Offset is where in it the first bad frame begins, in bytes; its end when what is wrong is what it does not hold.
	Offset int64
	// Reason says what is wrong there and how that is known.
	Reason string
}

// Error says where the damage is, what it is, and what to do.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("wal: %s is damaged at byte %d: %s: put back an undamaged copy of the file, "+
		"or wipe this node and add it to the cluster anew", e.File, e.Offset, e.Reason)
}

// Open reads a log and readies it to be written. It is the only time the log reads.
// An empty folder becomes an empty log. What a crash left incomplete at the end is cut off
// and reported; any other damage is a [*CorruptError]. The package's doc says how the two are told apart. A file in
// the folder that is no segment is an error: the folder is the log's alone.
//
// Names that end in .snap or .snap.tmp are passed over: they are package snapshot's. When the newest snapshot ends in an entry
// that the log does not hold, it takes the place of the log: a crash came before [Log.Rebase] was durable. A log that begins later
// than the snapshot ends, or knows of no term as late as the snapshot's, is a [*CorruptError].
//
// What it recovers is durable, or would be found again. When something was cut off or added a sync is already in flight as Open returns.
func Open(fs FS, o Options) (*Log, Recovered, error) {
	if o.SegmentBytes == 0 {
		o.SegmentBytes = DefaultSegmentBytes
	}
	if o.SegmentBytes < 1 || o.SegmentBytes > 1<<30 {
		return nil, Recovered{}, fmt.Errorf("wal: SegmentBytes is %d: give 1 to %d, or 0 for %d",
			o.SegmentBytes, 1<<30, DefaultSegmentBytes)
	}
	first, last, removed, err := segments(fs)
	if err != nil {
		return nil, Recovered{}, err
	}
	r := replay{segment: max(last, 1)}
	for n := first; n <= last && last > 0; n++ {
		data, err := fs.ReadFile(segmentName(n))
		if err != nil {
			return nil, Recovered{}, fmt.Errorf("wal: %s could not be read: check the disk: %w", segmentName(n), err)
		}
		if err := r.read(n, data, n == last); err != nil {
			return nil, Recovered{}, err
		}
	}
	if err := r.end(&o); err != nil {
		return nil, Recovered{}, err
	}
	// All is well: from here on things are altered.
	l := &Log{fs: fs, segmentBytes: o.SegmentBytes, segment: max(last, 1)}
	if last == 0 {
		r.segments = append(r.segments, segmentAfter(1, 0))
		err = l.createSegment()
	} else {
		err = l.openSegment(&r)
	}
	if err == nil {
		err = l.goOn(&r, &o)
	}
	for _, name := range removed { // once more: a crash brought the name back
		if err == nil {
			err = fs.Remove(name)
		}
	}
	if err != nil {
		return nil, Recovered{}, err
	}
	return l, r.out, nil
}

// openSegment opens the newest segment to be written.
func (l *Log) openSegment(r *replay) error {
	l.size, l.previous = r.size, r.previous
	name := segmentName(l.segment)
	var err error
	if l.file, err = l.fs.Open(name); err != nil {
		return fmt.Errorf("wal: %s could not be opened: check the disk: %w", name, err)
	}
	if r.out.Torn != nil {
		if err := l.file.Truncate(l.size); err != nil {
			return fmt.Errorf("wal: %s could not be cut to %d bytes: check the disk: %w", name, l.size, err)
		}
		// Nothing is appended before the cut is durable, so that what was cut never comes back amid new frames.
		l.syncFile()
	}
	return nil
}

// goOn readies the log to go on from what was found, and writes what has to be there before anything else.
func (l *Log) goOn(r *replay, o *Options) error {
	out := &r.out
	l.birth, l.hard, l.base, l.segments = out.Birth, out.HardState, r.base, r.segments
	l.lastIndex, l.lastTerm = out.Base, out.BaseTerm
	if n := len(out.Entries); n > 0 {
		l.lastIndex, l.lastTerm = out.Entries[n-1].Index, out.Entries[n-1].Term
	}
	born := l.birth.Incarnation == 0 && o.Birth.Incarnation != 0
	if born {
		l.birth, out.Birth = o.Birth, o.Birth
	}
	if l.size > 0 || born { // what begins a segment says all of it by itself
		l.complete(r.said)
	}
	if snapshot := (base{o.SnapshotIndex, o.SnapshotTerm}); !r.holds(snapshot) {
		out.Base, out.BaseTerm, out.Entries = snapshot.index, snapshot.term, nil
		if err := l.Rebase(snapshot.index, snapshot.term); err != nil {
			return err
		}
	}
	if len(l.buf) > 0 && l.idle() {
		l.flush()
	}
	return l.err
}

// complete has the present segment say what it does not say yet: a crash came when it was begun, or there is news.
func (l *Log) complete(said said) {
	before := !said.before && l.segment > 1
	birth := !said.birth && l.birth.Incarnation != 0
	hard := !said.hard && l.hard != (raft.HardState{})
	base := !said.base && l.base.index != 0
	if !before && !birth && !hard && !base {
		return
	}
	if l.size == 0 || l.size >= l.segmentBytes {
		l.begin() // a segment, which says all of it
		return
	}
	if before {
		l.writeBefore()
	}
	if birth {
		l.writeBirth()
	}
	if hard {
		l.writeHardState()
	}
	if base {
		l.writeBase(baseKeeps)
	}
}

const (
	segmentSuffix = ".wal"
	segmentDigits = 20 // of the largest uint64
)

// segmentName is the file name of a segment. Names sort as the numbers do.
func segmentName(n uint64) string {
	return fmt.Sprintf("%0*d%s", segmentDigits, n, segmentSuffix)
}

// segmentNumber is the inverse of segmentName.
func segmentNumber(name string) (uint64, bool) {
	if len(name) != segmentDigits+len(segmentSuffix) {
		return 0, false
	}
	n, err := strconv.ParseUint(name[:segmentDigits], 10, 64)
	return n, err == nil && name == segmentName(n)
}

// segments finds the segments that make the log: those up to the newest without a gap. What is before a gap was removed, and
// a crash brought the name back. last is 0 when there are none.
func segments(fs FS) (first, last uint64, removed []string, err error) {
	names, err := fs.List()
	if err != nil {
		return 0, 0, nil, fmt.Errorf("wal: the log's folder could not be listed: check the disk: %w", err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".snap") || strings.HasSuffix(name, ".snap.tmp") {
			continue
		}
		n, ok := segmentNumber(name)
		if !ok || n == 0 {
			return 0, 0, nil, fmt.Errorf("wal: %q in the log's folder is no segment: move it elsewhere, the folder is the log's alone", name)
		}
		if n != last+1 || last == 0 {
			for ; last != 0 && first <= last; first++ {
				removed = append(removed, segmentName(first))
			}
			first = n
		}
		last = n
	}
	return first, last, removed, nil
}
