package wal

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// frame is one frame of a hand-made segment. Its mark, unless set, is that of a batch of its own.
type frame struct {
	header
	data []byte
	same bool // the mark is that of the frame before
}

func segmentFrame(n, previous uint64) frame {
	return frame{header: header{kind: frameSegment, sub: formatVersion, a: n, b: previous}}
}

func hardFrame(term, vote uint64) frame {
	return frame{header: header{kind: frameHardState, a: term, b: vote}}
}

func entryFrame(index, term uint64) frame {
	return frame{header: header{kind: frameEntry, sub: 1, a: index, b: term}}
}

// segment is a segment made by hand. Its sums hold.
func segment(n uint64, frames ...frame) []byte {
	var b []byte
	var mark int64
	for _, f := range frames {
		if !f.same {
			mark = int64(len(b)) + f.mark
		}
		f.mark = mark
		at := place{n, int64(len(b))}
		b = appendFrame(b, at, &f.header, f.data)
	}
	return b
}

func TestOpenRecovers(t *testing.T) {
	_, r, err := Open(diskOf(
		segment(1, segmentFrame(1, 0), hardFrame(1, 1), entryFrame(1, 1), entryFrame(2, 1), entryFrame(3, 1)),
		segment(2, segmentFrame(2, 200), hardFrame(3, 0), entryFrame(2, 3), hardFrame(3, 2)),
	), Options{})
	require.NoError(t, err)
	require.Equal(t, Recovered{
		HardState: raft.HardState{Term: 3, Vote: 2},
		Entries:   []raft.Entry{entry(1, 1, ""), entry(2, 3, "")},
	}, r)
}

// TestOpenRefuses what no crash can have done.
func TestOpenRefuses(t *testing.T) {
	good := segment(1, segmentFrame(1, 0), hardFrame(5, 1), entryFrame(1, 2), entryFrame(2, 4))
	after := func(f frame) [][]byte {
		return [][]byte{segment(1, segmentFrame(1, 0), hardFrame(5, 1), entryFrame(1, 2), entryFrame(2, 4), f)}
	}
	flipped := func(b []byte, at int) []byte {
		c := append([]byte{}, b...)
		c[at] ^= 1
		return c
	}
	mixed := func(f frame, change func(*frame)) frame { change(&f); return f }
	for _, c := range []struct {
		name   string
		files  [][]byte
		file   uint64
		offset int64
		says   string
	}{
		{"a flip in what a later frame vouches for", [][]byte{flipped(good, 41)}, 1, 40,
			"the frame at byte 80 says that everything before byte 80 had been synced"},
		{"a flip in a header that a later frame vouches for", [][]byte{flipped(good, 1)}, 1, 0, "the frame at byte 40 says"},
		{"a flip in the last frame of a full segment", [][]byte{flipped(good, 159), segment(2, segmentFrame(2, 160))}, 1, 120,
			"the next segment is there"},
		{"a bad segment before an empty one", [][]byte{flipped(good, 159), {}}, 1, 120, "the next segment is there"},
		{"an empty segment before another", [][]byte{good, {}, segment(3, segmentFrame(3, 0))}, 2, 0, "the segment is empty"},
		{"a segment that lost its end", [][]byte{good[:120], segment(2, segmentFrame(2, 160))}, 1, 120,
			"the segment ends there, while the next one says that it has 160 bytes"},
		{"a segment under a wrong name", [][]byte{good, segment(1, segmentFrame(1, 0))}, 2, 0, "the file holds segment 1"},
		{"a header with a wrong number", [][]byte{segment(1, segmentFrame(2, 0))}, 1, 0, "the header is that of segment 2"},
		{"a first segment with one before it", [][]byte{segment(1, segmentFrame(1, 8))}, 1, 0, "names a segment before the first"},
		{"no header", [][]byte{segment(1, hardFrame(1, 0))}, 1, 0, "header has to be its first frame"},
		{"a second header", after(segmentFrame(1, 0)), 1, 160, "header has to be its first frame"},
		{"a gap", after(entryFrame(4, 5)), 1, 160, "entry 4 does not follow entry 2"},
		{"entry 0", after(entryFrame(0, 5)), 1, 160, "entry 0 does not follow"},
		{"an entry of an older term", after(entryFrame(3, 3)), 1, 160, "entry 3 is of term 3, the one before it of term 4"},
		{"a replacement of an older term", after(entryFrame(2, 1)), 1, 160, "entry 2 is of term 1, the one before it of term 2"},
		{"an entry of a term to come", after(entryFrame(3, 6)), 1, 160, "entry 3 is of term 6, above the hard state's term 5"},
		{"a hard state that goes back", after(hardFrame(4, 0)), 1, 160, "the term goes back from 5 to 4"},
		{"a second vote", after(hardFrame(5, 2)), 1, 160, "the vote in term 5 changes from n1 to n2"},
		{"a kind unknown", after(mixed(hardFrame(6, 0), func(f *frame) { f.kind = 9 })), 1, 160, "a frame of kind 9"},
		{"a hard state with data", after(mixed(hardFrame(6, 0), func(f *frame) { f.data = []byte("x") })), 1, 160, "carries no data"},
		{"a hard state of a kind", after(mixed(hardFrame(6, 0), func(f *frame) { f.sub = 1 })), 1, 160, "reserved bytes"},
		{"a mark behind", after(mixed(hardFrame(6, 0), func(f *frame) { f.mark = -80 })), 1, 160,
			"the frame's mark is 80, neither its own place nor 120"},
		{"a mark ahead", after(mixed(hardFrame(6, 0), func(f *frame) { f.mark = 8 })), 1, 160, "the frame's mark is 168"},
		{"a header marked ahead", [][]byte{segment(1, mixed(segmentFrame(1, 0), func(f *frame) { f.mark = 8 }))}, 1, 0,
			"the frame's mark is 8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := diskOf(c.files...)
			before := d.contents()
			l, r, err := Open(d, Options{})
			var damage *CorruptError
			require.ErrorAs(t, err, &damage)
			require.Equal(t, segmentName(c.file), damage.File)
			require.Equal(t, c.offset, damage.Offset)
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, "put back an undamaged copy")
			require.Nil(t, l)
			require.Equal(t, Recovered{}, r)
			require.Equal(t, before, d.contents(), "damage is left as it is")
			require.Empty(t, d.calls)
		})
	}
}

func TestOpenRefusesReservedBytes(t *testing.T) {
	b := segment(1, segmentFrame(1, 0), hardFrame(1, 0))
	b[40+23] = 1
	binary.LittleEndian.PutUint32(b[40:], crc32.Update(place{1, 40}.salt(), castagnoli, b[44:80]))
	_, _, err := Open(diskOf(b), Options{})
	require.ErrorContains(t, err, "00000000000000000001.wal is damaged at byte 40: the frame's reserved bytes are not zero")
}

func TestOpenRefusesAnotherVersion(t *testing.T) {
	f := segmentFrame(1, 0)
	f.sub = 2
	_, _, err := Open(diskOf(segment(1, f)), Options{})
	require.ErrorContains(t, err, "00000000000000000001.wal is in version 2 of the format, and this program reads version 1")
}

func TestOpenRefusesAMissingSegment(t *testing.T) {
	n, _ := boot(t, diskOf(), Options{SegmentBytes: 1, Birth: born})
	for i := range raft.Index(5) {
		n.save(hard(n.hard.Term+1, 0), entry(i+1, n.hard.Term+1, ""))
		n.endAll()
	}
	all := n.disk.contents()
	for _, c := range []struct {
		there   []uint64
		missing uint64
	}{{[]uint64{2}, 1}, {[]uint64{1, 3}, 2}, {[]uint64{1, 2, 4, 5}, 3}, {[]uint64{5}, 4}} {
		d := &disk{}
		for _, n := range c.there {
			d.add(segmentName(n), all[n-1])
		}
		_, _, err := Open(d, Options{})
		var damage *CorruptError
		require.ErrorAs(t, err, &damage)
		require.Equal(t, segmentName(c.missing), damage.File)
		require.ErrorContains(t, err, "the segment is missing")
	}
}

func TestOpenRefusesOtherFiles(t *testing.T) {
	for _, name := range []string{"notes.txt", "1.wal", "00000000000000000000.wal", "0000000000000000000x.wal",
		"00000000000000000001.wal~", "00000000000000000002.tmp", "99999999999999999999.wal", "+0000000000000000001.wal", ""} {
		d := diskOf(segment(1, segmentFrame(1, 0)))
		d.add(name, nil)
		_, _, err := Open(d, Options{})
		require.ErrorContains(t, err, `"`+name+`" in the log's folder is no segment: move it elsewhere`)
	}
}

func TestOpenTellsWhatTheDiskRefused(t *testing.T) {
	torn := append(segment(1, segmentFrame(1, 0)), 1)
	for call, says := range map[string]string{
		"list":     "folder could not be listed",
		"read":     "00000000000000000001.wal could not be read",
		"open":     "00000000000000000001.wal could not be opened",
		"truncate": "00000000000000000001.wal could not be cut to 40 bytes",
	} {
		d := diskOf(torn)
		d.failing = call
		_, _, err := Open(d, Options{})
		require.ErrorIs(t, err, errDisk)
		require.ErrorContains(t, err, says)
	}
	_, _, err := Open(&disk{failing: "create"}, Options{})
	require.ErrorIs(t, err, errDisk)
}

func TestOptions(t *testing.T) {
	for _, n := range []int64{-1, 1<<30 + 1} {
		_, _, err := Open(diskOf(), Options{SegmentBytes: n})
		require.ErrorContains(t, err, "give 1 to 1073741824, or 0 for 1048576")
	}
}

// TestATailThatLooksLikeFrames: what a client wrote is not taken for frames of the log's own, whose header says how far it reaches.
func TestATailThatLooksLikeFrames(t *testing.T) {
	// The entry's data is, byte for byte, a frame with a mark of its own, at the place where it lies.
	inner := appendFrame(nil, place{1, 120}, &header{kind: frameHardState, mark: 120, a: 9}, nil)
	f := entryFrame(1, 1)
	f.data = append(inner, "end"...)
	whole := segment(1, segmentFrame(1, 0), hardFrame(1, 1), f)
	whole[len(whole)-6] ^= 1 // the tear
	_, r, err := Open(diskOf(whole), Options{})
	require.NoError(t, err)
	require.Equal(t, int64(80), r.Torn.Offset)
	require.Equal(t, raft.HardState{Term: 1, Vote: 1}, r.HardState)
}

// TestATornBatchLeavesItsBeginning: records in order, of which the first ones survive.
func TestATornBatchLeavesItsBeginning(t *testing.T) {
	follow := entryFrame(2, 2)
	follow.same = true
	b := segment(1, segmentFrame(1, 0), hardFrame(2, 1), entryFrame(1, 1), follow)
	b[125] ^= 1 // in the second entry of the batch
	_, r, err := Open(diskOf(b), Options{})
	require.NoError(t, err)
	require.Len(t, r.Entries, 1)
	b[85] ^= 1 // in the first too: the second has no mark beyond it
	_, r, err = Open(diskOf(b), Options{})
	require.NoError(t, err)
	require.Empty(t, r.Entries)
	require.Equal(t, &Torn{segmentName(1), 80, 80}, r.Torn)
}
