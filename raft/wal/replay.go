package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"raftsim/raft"
)

// replay rebuilds what a log holds from its segments, in order. Those before the first it reads were removed.
type replay struct {
	out  Recovered
	base base
	// entries are what was found of the log, without a gap, in front of which entries may be missing that the base
	// has to stand for in the end.
	entries []raft.Entry

	first uint64 // the segment read first
	// known says that it is known what the segments before the first were given: nothing, or some segment has said so. gone is
	// the highest index that, as that one says, they were given and those that are left before it were not.
	known bool
	gone  raft.Index

	segment  uint64
	size     int64 // of the segment, up to where it is good
	previous int64 // size of the segment before it
	mark     int64 // of the frame before
	said     said
	segments []segmentEntries // the one that is read last
}

// said is what a segment has repeated of those before it.
type said struct{ before, birth, hard, base bool }

// read replays one segment. Only the newest may end torn.
func (r *replay) read(segment uint64, data []byte, newest bool) error {
	r.segment, r.previous, r.size, r.mark, r.said = segment, r.size, 0, 0, said{}
	if r.first == 0 {
		r.first, r.known = segment, segment == 1
	}
	r.segments = append(r.segments, segmentAfter(segment, r.highest()))
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
	if h.kind != frameEntry && h.kind != frameBirth && len(data) > 0 {
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
	case frameBirth:
		return r.applyBirth(h, data)
	case frameBefore:
		return r.applyBefore(h)
	case frameBase:
		return r.applyBase(base{raft.Index(h.a), raft.Term(h.b)}, h.sub)
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
	case h.b != 0 && r.segment == 1:
		return r.corrupt("the header names a segment before the first")
	case r.segment == r.first:
		return nil // the one before it is gone
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
	r.out.HardState, r.said.hard = hs, true
	return nil
}

// highest is the highest index that the log was ever given.
func (r *replay) highest() raft.Index {
	if n := len(r.segments); n > 0 {
		return r.segments[n-1].highest
	}
	return 0
}

func (r *replay) reached(i raft.Index) {
	s := &r.segments[len(r.segments)-1]
	s.highest = max(s.highest, i)
}

// applyBefore learns what was in segments that are gone. The first one left need not say it, and then holds no more than
// a crash left of how it began.
func (r *replay) applyBefore(h header) error {
	before := raft.Index(h.a)
	s := &r.segments[len(r.segments)-1]
	switch {
	case h.sub != 0 || h.b != 0:
		return r.corrupt("the frame's reserved bytes are not zero")
	case before < s.before || r.known && before != s.before:
		return r.corrupt(fmt.Sprintf("the segments before it were given entries up to %d, and not up to %d", s.before, before))
	case before > s.before:
		r.gone = before
	}
	s.before, r.said.before, r.known = before, true, true
	r.reached(before)
	return nil
}

// applyBirth holds every segment to be of the same node.
func (r *replay) applyBirth(h header, data []byte) error {
	b := raft.Birth{Cluster: h.a, Incarnation: raft.Incarnation(h.b)}
	var err error
	if b.Configuration, err = raft.DecodeConfiguration(data); err != nil && !errors.Is(err, raft.ErrNoVoters) {
		return r.corrupt(err.Error())
	}
	was := &r.out.Birth
	switch {
	case h.sub != 0 || b.Incarnation == 0:
		return r.corrupt("the frame's reserved bytes are not zero, or its incarnation is")
	case was.Incarnation != 0 && (b.Cluster != was.Cluster || b.Incarnation != was.Incarnation || !b.Configuration.Equal(&was.Configuration)):
		return r.corrupt(fmt.Sprintf("the node is incarnation %d of cluster %d, and before that it was %d of %d",
			b.Incarnation, b.Cluster, was.Incarnation, was.Cluster))
	}
	*was, r.said.birth = b, true
	return nil
}

// applyBase drops the entries that a snapshot stands for.
func (r *replay) applyBase(to base, stays uint8) error {
	if why := checkBase(r.base, to, r.out.HardState.Term); why != "" {
		return r.corrupt(why)
	}
	if stays > baseReplaces {
		return r.corrupt(fmt.Sprintf("a base that leaves %d of the log is unknown to this version", stays))
	}
	r.base, r.said.base = to, true
	r.reached(to.index)
	if stays == baseReplaces {
		r.entries = r.entries[:0]
		return nil
	}
	drop := 0
	if n := len(r.entries); n > 0 && r.entries[0].Index <= to.index {
		drop = int(min(raft.Index(n), to.index-r.entries[0].Index+1))
		if e := &r.entries[drop-1]; e.Index == to.index && e.Term != to.term {
			return r.corrupt(fmt.Sprintf("the base is entry %d of term %d, and in the log it is of term %d", to.index, to.term, e.Term))
		}
	}
	r.entries = r.entries[drop:]
	if len(r.entries) > 0 && r.entries[0].Term < to.term {
		return r.corrupt(fmt.Sprintf("the base is of term %d, and entry %d after it of term %d", to.term, r.entries[0].Index, r.entries[0].Term))
	}
	return nil
}

// applyEntry puts an entry in its place; those there and after it are replaced.
func (r *replay) applyEntry(e raft.Entry) error {
	last, lastTerm := r.base.index, r.base.term
	keep := len(r.entries)
	switch {
	case keep > 0 && e.Index > r.entries[0].Index:
		keep = int(min(raft.Index(keep), e.Index-r.entries[0].Index))
		last, lastTerm = r.entries[keep-1].Index, r.entries[keep-1].Term
	case e.Index > 0 && e.Index <= last:
		return r.corrupt(fmt.Sprintf("entry %d is one that the snapshot of entry %d stands for", e.Index, last))
	case r.first > 1 && e.Index > last:
		keep, last = 0, e.Index-1 // those before it were in a segment that is gone
	default:
		keep = 0
	}
	if why := checkEntry(last, lastTerm, r.out.HardState.Term, &e); why != "" {
		return r.corrupt(why)
	}
	if keep == cap(r.entries) {
		r.entries = slices.Grow(r.entries, max(keep, 64)) // twice as many: a long log is copied less often than append would
	}
	r.entries = append(r.entries[:keep], e)
	r.reached(e.Index)
	return nil
}

// holds says whether the log has that entry, or knows that it had.
func (r *replay) holds(b base) bool {
	switch {
	case b.index <= r.base.index:
		return b == r.base
	case b.index-r.base.index > raft.Index(len(r.entries)):
		return false
	}
	return r.entries[b.index-r.base.index-1].Term == b.term
}

// end says what is missing once all segments are read, and what does not go with the snapshot there is.
func (r *replay) end(o *Options) error {
	out := &r.out
	out.Base, out.BaseTerm, out.Entries = r.base.index, r.base.term, r.entries
	if r.first > 1 && (!r.known || r.base.index == 0 || r.base.index < r.gone) {
		return &CorruptError{File: segmentName(r.first - 1), Reason: fmt.Sprintf("the segment is missing, while %s is there, and no snapshot stands for what was in it", segmentName(r.first))}
	}
	if len(r.entries) > 0 && r.entries[0].Index != r.base.index+1 {
		return &CorruptError{File: segmentName(r.first), Reason: fmt.Sprintf("entries %d to %d are missing", r.base.index+1, r.entries[0].Index-1)}
	}
	// A log that holds something and does not say whose it is was written before logs did, by one of those its cluster began with.
	if used := out.HardState != (raft.HardState{}) || len(r.entries) > 0; used && out.Birth.Incarnation == 0 &&
		o.Birth.Incarnation != 0 && !o.Birth.Configuration.Known() {
		return r.corrupt("the log does not say what the node was born as, and so is not that of a node which joined")
	}
	snapshot := base{o.SnapshotIndex, o.SnapshotTerm}
	if r.base.index > snapshot.index {
		return r.corrupt(fmt.Sprintf("the log begins after entry %d, and the newest snapshot there is stands for the entries up to %d only",
			r.base.index, snapshot.index))
	}
	if !r.holds(snapshot) {
		if why := checkBase(r.base, snapshot, out.HardState.Term); why != "" {
			return r.corrupt("the log does not go with the newest snapshot: " + why)
		}
	}
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
