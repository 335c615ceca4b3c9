package wal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// FuzzOpen reads any bytes as a log of one or two segments, which begins with the one that the first says it is. With reseal the
// checksums are made to hold first, so that what lies behind them is reached. Open either refuses and leaves all as it is, or what it
// recovers is a log that Raft can go on with, and finds again.
func FuzzOpen(f *testing.F) {
	good := segment(1, segmentFrame(1, 0), hardFrame(2, 1), entryFrame(1, 1), entryFrame(2, 2), entryFrame(1, 2))
	f.Add(good, segment(2, segmentFrame(2, uint64(len(good))), hardFrame(3, 0)), false)
	f.Add(good, []byte{}, false)
	f.Add(good[:150], []byte{}, false)
	f.Add([]byte{}, []byte{}, true)
	for _, h := range compactions {
		n, _ := boot(f, diskOf(), h.opts)
		n.eager = true
		for _, s := range h.life {
			s(n)
			n.endAll()
		}
		var left [][]byte
		for _, file := range n.disk.files {
			if !file.removed {
				left = append(left, file.data)
			}
		}
		left = append(left, nil)
		f.Add(left[0], left[1], false)
		f.Add(left[len(left)-2], []byte{}, false)
	}
	f.Fuzz(func(t *testing.T, one, two []byte, reseal bool) {
		first := uint64(1)
		if len(one) >= headerBytes {
			first = max(1, min(9, binary.LittleEndian.Uint64(one[24:])))
		}
		if reseal {
			seal(one, first)
			seal(two, first+1)
		}
		d := &disk{}
		d.add(segmentName(first), one)
		if len(two) > 0 {
			d.add(segmentName(first+1), two)
		}
		o := Options{SegmentBytes: 200, Birth: born}
		if at, ok := lastBase(d, first); ok {
			o.SnapshotIndex, o.SnapshotTerm = at.index, at.term
		}
		before := d.clone()
		_, r, err := Open(d, o)
		if err != nil {
			var damage *CorruptError
			if errors.As(err, &damage) {
				if file := before.find(damage.File); file != nil {
					require.LessOrEqual(t, damage.Offset, int64(len(file.data)))
				} else {
					require.Equal(t, segmentName(first-1), damage.File, "one that is missing")
				}
			} else {
				require.ErrorContains(t, err, "version")
			}
			require.Empty(t, d.calls)
			require.Equal(t, before.contents(), d.contents())
			_, _, again := Open(before.clone(), o)
			require.Equal(t, err, again)
			return
		}
		last := raft.Entry{Index: r.Base, Term: r.BaseTerm}
		for _, e := range r.Entries {
			require.Equal(t, last.Index+1, e.Index)
			require.GreaterOrEqual(t, e.Term, last.Term)
			require.LessOrEqual(t, e.Term, r.HardState.Term)
			last = e
		}
		require.NotZero(t, r.Birth.Incarnation)
		n, _ := boot(t, before, o)
		n = n.found(d)
		if n.hard.Term < 1<<63 && last.Index < 1<<63 {
			n.save(hard(n.hard.Term+1, 1), entry(last.Index+1, n.hard.Term+1, "next"))
		}
		n.endAll()
		n.found(n.disk.clone())
	})
}

// lastBase is the last base that the segments tell of, however damaged the rest is.
func lastBase(d *disk, first uint64) (last base, ok bool) {
	for i, f := range d.files {
		for at := 0; at < len(f.data); at += alignment {
			if h, sound := readHeader(f.data[at:], place{first + uint64(i), int64(at)}); sound && h.kind == frameBase {
				last, ok = base{raft.Index(h.a), raft.Term(h.b)}, true
			}
		}
	}
	return last, ok
}

// seal walks bytes as the frames of a segment and makes their sums hold.
func seal(b []byte, segment uint64) {
	for at := int64(0); at+headerBytes <= int64(len(b)); {
		f := b[at:]
		length := int64(binary.LittleEndian.Uint32(f[8:]))
		size := min(frameBytes(length), int64(len(f)))
		var sum uint32
		if length > 0 {
			sum = crc32.Update(0, castagnoli, f[headerBytes:size])
		}
		binary.LittleEndian.PutUint32(f[4:], sum)
		binary.LittleEndian.PutUint32(f, crc32.Update(place{segment, at}.salt(), castagnoli, f[4:headerBytes]))
		at += (size + alignment - 1) &^ (alignment - 1)
	}
}

// FuzzSaveCrash reads bytes as the life of a node: saves, ends of syncs, crashes that tear as the bytes say. After
// each crash there is a prefix of what was saved, with all that was durable, and the node goes on from there.
func FuzzSaveCrash(f *testing.F) {
	f.Add([]byte{0, 0, 1, 1, 5, 2, 7, 5, 6, 30, 3, 8, 0, 0, 4, 2, 1, 5, 5, 5})
	f.Add([]byte{100, 0, 1, 40, 5, 6, 1, 40, 2, 90, 7, 1, 3, 50, 2, 60, 1, 40, 5, 7, 0, 2, 200, 1, 1, 5, 5, 7, 1, 0, 9})
	f.Add([]byte{1, 0, 5, 5, 0, 6, 7, 1, 1, 60, 7, 0, 3, 3, 0, 5, 5, 7, 1, 3, 100})
	f.Fuzz(func(t *testing.T, ops []byte) {
		next := func() int {
			if len(ops) == 0 {
				return 0
			}
			b := ops[0]
			ops = ops[1:]
			return int(b)
		}
		size := next()
		o := Options{SegmentBytes: int64(size*4 + 1)}
		if size%2 == 0 {
			o.Birth = born
		}
		n, _ := boot(t, diskOf(), o)
		for steps := 0; len(ops) > 0 && steps < 200; steps++ {
			switch next() % 10 {
			case 0: // a new term
				n.save(hard(n.hard.Term+1, raft.NodeID(next()%3)))
			case 1: // a vote and an entry at once
				n.save(hard(n.hard.Term+1, 1), fuzzEntry(n, int(n.last())+1, next()))
			case 2: // an entry
				n.save(nil, fuzzEntry(n, int(n.last())+1, next()))
			case 3: // two entries
				i := int(n.last()) + 1
				n.save(nil, fuzzEntry(n, i, next()), fuzzEntry(n, i+1, next()))
			case 4: // one that replaces others, and so is of a later term
				if n.hard.Term == n.lastTerm() {
					n.save(hard(n.hard.Term+1, 1))
				}
				n.save(nil, fuzzEntry(n, max(int(n.base.index)+1, int(n.last())-next()%4), next()))
			case 5: // the oldest sync ends
				if len(n.disk.flying) > 0 {
					n.endSync(0)
				}
			case 6: // the newest
				if k := len(n.disk.flying); k > 0 {
					n.endSync(k - 1)
				}
			case 7: // a crash
				names := n.disk.names + next()%(len(n.disk.files)-n.disk.names+1)
				left := n.disk.crash(names, func(i int) tear {
					if n.disk.files[i].removed && next()%2 == 0 {
						return tear{kind: tearGone}
					}
					from, to := n.disk.files[i].unsynced()
					if from == to {
						return tear{tearCut, to}
					}
					return tear{tearKind(next() % int(tearKinds)), from + next()*(to-from)/255}
				})
				n = n.found(left)
			case 8: // a snapshot of its own
				if k := len(n.entries); k > 0 && n.entries[0].Term > 0 {
					if at := next() % k; n.ripe(n.entries[at].Term) {
						n.snapshotAt(n.base.index + 1 + raft.Index(at))
					}
				}
			case 9: // a leader's, that goes further, or elsewhere
				// Entries of one index and term are the same, and so are all before them (Raft paper §5.3).
				if i := max(n.base.index, n.last()-min(n.last(), 2)) + 1 + raft.Index(next()%5); n.hard.Term > 0 && n.ripe(n.hard.Term) &&
					(i > n.last() || n.hard.Term > n.lastTerm()) {
					n.install(i, n.hard.Term)
				}
			}
		}
		n.endAll()
		n.found(n.disk.crash(len(n.disk.files), func(i int) tear {
			if n.disk.files[i].removed {
				return tear{kind: tearGone}
			}
			return tear{}
		}))
	})
}

func fuzzEntry(n *node, index, data int) raft.Entry {
	e := raft.Entry{Index: raft.Index(index), Term: n.hard.Term, Kind: raft.EntryKind(data % 3)}
	for i := range data {
		e.Data = append(e.Data, byte(i*data))
	}
	return e
}
