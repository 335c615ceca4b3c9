package wal

import (
	"encoding/binary"
	"fmt"

	"raftsim/raft"
)

// replay rebuilds what a log holds from its segments, in order.
type replay struct {
	out Recovered

	segment  uint64
	size     int64 // of the segment, up to where it is good
	previous int64 // size of the segment before it
	mark     int64 // of the frame before
}

// read replays one segment. Only the newest may end torn.
func (r *replay) read(segment uint64, data []byte, newest bool) error {
	r.segment, r.previous, r.size, r.mark = segment, r.size, 0, 0
	// behind is where the next frame can begin if the one at r.size is bad.
	var behind int64
	for r.size < int64(len(data)) {
		behind = r.size + alignment
		h, ok := readHeader(data[r.size:], place{segment, r.size})
		if !ok {
			break
		}
		behind = r.size + frameBytes(h.length)
		value, ok := readData(data[r.size:], h)
		if !ok {
			break
		}
		if err := r.apply(h, value); err != nil {
			return err
		}
		r.size += frameBytes(h.length)
	}
	total := int64(len(data))
	switch {
	case !newest && total == 0:
		return r.corrupt("the segment is empty, while the next one is there, which is made only after this one is complete")
	case r.size == total:
		return nil
	case !newest:
		return r.corrupt("the frame's checksum does not match, while the next segment is there, which is made only after this one is complete")
	}
	if proof, ok := provenDurable(data, segment, r.size, behind); ok {
		return r.corrupt(fmt.Sprintf("the frame's checksum does not match, while the frame at byte %d "+
			"says that everything before byte %d had been synced", proof.at, proof.mark))
	}
	if h, ok := misplaced(data, segment); ok {
		return r.corrupt(fmt.Sprintf("the file holds segment %d", h.a))
	}
	r.out.Torn = &Torn{File: segmentName(segment), Offset: r.size, Bytes: total - r.size}
	return nil
}

// apply adds one frame. Its checksum holds, so whatever is wrong with it no crash has done.
func (r *replay) apply(h header, data []byte) error {
	if h.reserved != 0 {
		return r.corrupt("the frame's reserved bytes are not zero")
	}
	// A batch begins at its own mark; the rest of it has the same.
	if h.mark != r.size && h.mark != r.mark {
		return r.corrupt(fmt.Sprintf("the frame's mark is %d, neither its own place nor %d like the frame before", h.mark, r.mark))
	}
	if (h.kind == frameSegment) != (r.size == 0) {
		return r.corrupt("a segment's header has to be its first frame, and no other")
	}
	if h.kind != frameEntry && len(data) > 0 {
		return r.corrupt("a frame that carries no data has some")
	}
	r.mark = h.mark
	switch h.kind {
	case frameSegment:
		return r.applySegment(h)
	case frameHardState:
		return r.applyHardState(raft.HardState{Term: raft.Term(h.a), Vote: raft.NodeID(h.b)}, h.sub)
	case frameEntry:
		return r.applyEntry(raft.Entry{Index: raft.Index(h.a), Term: raft.Term(h.b), Kind: raft.EntryKind(h.sub), Data: data})
	}
	return r.corrupt(fmt.Sprintf("a frame of kind %d is unknown to this version", h.kind))
}

func (r *replay) applySegment(h header) error {
	switch {
	case h.sub != formatVersion:
		return fmt.Errorf("wal: %s is in version %d of the format, and this program reads version %d: use the program that wrote it",
			segmentName(r.segment), h.sub, formatVersion)
	case h.a != r.segment:
		return r.corrupt(fmt.Sprintf("the header is that of segment %d", h.a))
	case h.b != uint64(r.previous) && r.segment == 1:
		return r.corrupt("the header names a segment before the first")
	case h.b != uint64(r.previous):
		return &CorruptError{File: segmentName(r.segment - 1), Offset: r.previous,
			Reason: fmt.Sprintf("the segment ends there, while the next one says that it has %d bytes", h.b)}
	}
	return nil
}

func (r *replay) applyHardState(hs raft.HardState, sub uint8) error {
	if sub != 0 {
		return r.corrupt("the frame's reserved bytes are not zero")
	}
	if why := checkHardState(r.out.HardState, hs); why != "" {
		return r.corrupt(why)
	}
	r.out.HardState = hs
	return nil
}

// applyEntry puts an entry in its place; those there and after it are replaced.
func (r *replay) applyEntry(e raft.Entry) error {
	last := raft.Index(len(r.out.Entries))
	if e.Index > 0 && e.Index <= last {
		last = e.Index - 1
	}
	var lastTerm raft.Term
	if last > 0 {
		lastTerm = r.out.Entries[last-1].Term
	}
	if why := checkEntry(last, lastTerm, r.out.HardState.Term, e.Index, e.Term); why != "" {
		return r.corrupt(why)
	}
	r.out.Entries = append(r.out.Entries[:last], e)
	return nil
}

func (r *replay) corrupt(reason string) error {
	return &CorruptError{File: segmentName(r.segment), Offset: r.size, Reason: reason}
}

// proof is a frame that tells of its past.
type proof struct{ at, mark int64 }

// provenDurable looks behind a bad frame for one that was written when the bad one was already synced.
// A header is enough: it has a checksum of its own.
func provenDurable(data []byte, segment uint64, bad, from int64) (proof, bool) {
	for at := from; at+headerBytes <= int64(len(data)); at += alignment {
		if h, ok := readHeader(data[at:], place{segment, at}); ok && h.mark > bad {
			return proof{at, h.mark}, true
		}
	}
	return proof{}, false
}

// misplaced says whether the file is, whole, another segment of a log under a wrong name.
func misplaced(data []byte, segment uint64) (header, bool) {
	if len(data) < headerBytes {
		return header{}, false
	}
	n := binary.LittleEndian.Uint64(data[24:])
	if n == segment {
		return header{}, false
	}
	h, ok := readHeader(data, place{n, 0})
	return h, ok && h.kind == frameSegment
}
