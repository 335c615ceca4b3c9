package wal

import (
	"fmt"
	"strconv"

	"raftsim/raft"
)

// Recovered is what [Open] found.
type Recovered struct {
	// HardState is the latest one saved; zero when there is none.
	HardState raft.HardState
	// Entries is the log, from index 1 on without a gap. Their data is the file's bytes: nobody alters it.
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
	// Offset is where in it the first bad frame begins, in bytes.
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
// What it recovers is durable. When something was cut off a sync is already in flight as Open returns.
func Open(fs FS, o Options) (*Log, Recovered, error) {
	if o.SegmentBytes == 0 {
		o.SegmentBytes = DefaultSegmentBytes
	}
	if o.SegmentBytes < 1 || o.SegmentBytes > 1<<30 {
		return nil, Recovered{}, fmt.Errorf("wal: SegmentBytes is %d: give 1 to %d, or 0 for %d",
			o.SegmentBytes, 1<<30, DefaultSegmentBytes)
	}
	names, err := segments(fs)
	if err != nil {
		return nil, Recovered{}, err
	}
	l := &Log{fs: fs, segmentBytes: o.SegmentBytes, segment: 1}
	if len(names) == 0 {
		if err := l.createSegment(); err != nil {
			return nil, Recovered{}, err
		}
		return l, Recovered{}, nil
	}
	var r replay
	for i, name := range names {
		data, err := fs.ReadFile(name)
		if err != nil {
			return nil, Recovered{}, fmt.Errorf("wal: %s could not be read: check the disk: %w", name, err)
		}
		if err := r.read(uint64(i+1), data, i == len(names)-1); err != nil {
			return nil, Recovered{}, err
		}
	}
	l.segment, l.size, l.previous = r.segment, r.size, r.previous
	l.hard = r.out.HardState
	if n := len(r.out.Entries); n > 0 {
		l.lastIndex, l.lastTerm = r.out.Entries[n-1].Index, r.out.Entries[n-1].Term
	}
	name := segmentName(l.segment)
	if l.file, err = fs.Open(name); err != nil {
		return nil, Recovered{}, fmt.Errorf("wal: %s could not be opened: check the disk: %w", name, err)
	}
	if r.out.Torn != nil {
		if err := l.file.Truncate(l.size); err != nil {
			return nil, Recovered{}, fmt.Errorf("wal: %s could not be cut to %d bytes: check the disk: %w", name, l.size, err)
		}
		// Nothing is appended before the cut is durable, so that what was cut never comes back amid new frames.
		l.syncFile()
	}
	return l, r.out, nil
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

// segments lists the names of all segments, and holds them to be numbered from 1 without a gap.
func segments(fs FS) ([]string, error) {
	names, err := fs.List()
	if err != nil {
		return nil, fmt.Errorf("wal: the log's folder could not be listed: check the disk: %w", err)
	}
	for _, name := range names {
		if n, ok := segmentNumber(name); !ok || n == 0 {
			return nil, fmt.Errorf("wal: %q in the log's folder is no segment: move it elsewhere, the folder is the log's alone", name)
		}
	}
	for i, name := range names {
		if want := segmentName(uint64(i + 1)); name != want {
			return nil, &CorruptError{File: want, Reason: "the segment is missing, while " + name + " is there"}
		}
	}
	return names, nil
}
