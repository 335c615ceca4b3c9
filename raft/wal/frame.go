package wal

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// The format; doc.go draws it.
const (
	formatVersion = 1
	headerBytes   = 40
	alignment     = 8

	// maxDataBytes bounds the data of one frame.
	maxDataBytes = 64 << 20
	// maxSegmentBytes bounds what a mark can name: 32 bits, counted in units of the alignment.
	maxSegmentBytes = alignment << 32
)

// frameKind says what a frame records. 0 is none of them, so that zeros are no frame.
type frameKind uint8

const (
	// frameSegment begins a segment: sub is the format's version, a the segment's number, b the
	// length of the segment before it.
	frameSegment frameKind = iota + 1
	// frameHardState records a hard state: a is the term, b the vote.
	frameHardState
	// frameEntry records a log entry: sub is its kind, a its index, b its term.
	frameEntry
	// frameBirth records what the node was born as: a is the cluster, b the incarnation, the data the configuration.
	frameBirth
	// frameBase records that a snapshot stands for the entries up to a, which is of term b; sub is what of the log stays.
	frameBase
	// frameBefore tells of the segments before it: a is the highest index that any of them was given.
	frameBefore
)

// What stays of a log above a base.
const (
	baseKeeps    uint8 = iota // the entries after it
	baseReplaces              // nothing
)

// header is the fixed part of a frame, decoded.
type header struct {
	kind     frameKind
	sub      uint8
	reserved uint64 // 0
	mark     int64
	a, b     uint64
	length   int64 // of the data, without padding
	dataSum  uint32
}

// place is where a frame lies. It goes into the frame's checksum.
type place struct {
	segment uint64
	offset  int64
}

// castagnoli is the polynomial of CRC32C. It never changes.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// salt is where the header's checksum starts from. Two salts always give the same bytes
// different sums, and no two places of a segment share one: a frame passes only where it was written.
func (p place) salt() uint32 {
	const golden = 0x9E3779B97F4A7C15
	return uint32((p.segment*golden)>>32) ^ uint32(p.offset/alignment)
}

// frameBytes is the size of a frame with so many bytes of data.
func frameBytes(data int64) int64 {
	return headerBytes + (data+alignment-1)&^(alignment-1)
}

// appendFrame adds the frame that h and data make to buf, for the place where buf ends. It
// fills in the sums and the length.
func appendFrame(buf []byte, at place, h *header, data []byte) []byte {
	n, size := len(buf), int(frameBytes(int64(len(data))))
	buf = slices.Grow(buf, size)[:n+size]
	f := buf[n:]
	var sum uint32
	if len(data) > 0 {
		binary.LittleEndian.PutUint64(f[size-alignment:], 0) // padding, where the data leave any
		copy(f[headerBytes:], data)
		sum = crc32.Update(0, castagnoli, f[headerBytes:])
	}
	head := (*[headerBytes]byte)(f)
	binary.LittleEndian.PutUint32(head[4:], sum)
	binary.LittleEndian.PutUint32(head[8:], uint32(len(data)))
	binary.LittleEndian.PutUint32(head[12:], uint32(h.mark/alignment))
	binary.LittleEndian.PutUint64(head[16:], uint64(h.kind)|uint64(h.sub)<<8)
	binary.LittleEndian.PutUint64(head[24:], h.a)
	binary.LittleEndian.PutUint64(head[32:], h.b)
	binary.LittleEndian.PutUint32(head[:], crc32.Update(at.salt(), castagnoli, head[4:]))
	return buf
}

// readHeader decodes the header at the beginning of b, and says whether it was written at that place.
func readHeader(b []byte, at place) (header, bool) {
	if len(b) < headerBytes ||
		binary.LittleEndian.Uint32(b) != crc32.Update(at.salt(), castagnoli, b[4:headerBytes]) {
		return header{}, false
	}
	what := binary.LittleEndian.Uint64(b[16:])
	if frameKind(what) == 0 { // zeros have the sum 0 as well at one place in 1<<32
		return header{}, false
	}
	return header{
		dataSum:  binary.LittleEndian.Uint32(b[4:]),
		length:   int64(binary.LittleEndian.Uint32(b[8:])),
		mark:     int64(binary.LittleEndian.Uint32(b[12:])) * alignment,
		kind:     frameKind(what),
		sub:      uint8(what >> 8),
		reserved: what >> 16,
		a:        binary.LittleEndian.Uint64(b[24:]),
		b:        binary.LittleEndian.Uint64(b[32:]),
	}, true
}

// readData returns the data of the frame at the beginning of b, whose header is h, and
// whether it is whole. The data aliases b; nil when there is none.
func readData(b []byte, h header) ([]byte, bool) {
	size := frameBytes(h.length)
	if int64(len(b)) < size || crc32.Update(0, castagnoli, b[headerBytes:size]) != h.dataSum {
		return nil, false
	}
	if h.length == 0 {
		return nil, true
	}
	end := headerBytes + h.length
	return b[headerBytes:end:end], true
}

// Written is how many bytes of a file of that name were appended, for an [FS] that lays zeros ahead of what will be: those that its frames
// take. Where anything but zeros follows them, all of it was, and [Open] finds out what it is; so it is with a file that is no segment.
func Written(name string, data []byte) int {
	segment, ok := segmentNumber(name)
	if !ok {
		return len(data)
	}
	var at int64
	for at < int64(len(data)) {
		h, ok := readHeader(data[at:], place{segment, at})
		if !ok {
			break
		}
		at += frameBytes(h.length)
	}
	if at >= int64(len(data)) || slices.ContainsFunc(data[at:], func(b byte) bool { return b != 0 }) {
		return len(data)
	}
	return int(at)
}
