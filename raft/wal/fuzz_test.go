package wal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// FuzzOpen reads any bytes as a log of one or two segments. With reseal the checksums are made to hold
// first, so that what lies behind them is reached. Open either refuses and leaves all as it is, or what it
// recovers is a log that Raft can go on with, and finds again.
func FuzzOpen(f *testing.F) {
	good := segment(1, segmentFrame(1, 0), hardFrame(2, 1), entryFrame(1, 1), entryFrame(2, 2), entryFrame(1, 2))
	f.Add(good, segment(2, segmentFrame(2, uint64(len(good))), hardFrame(3, 0)), false)
	f.Add(good, []byte{}, false)
	f.Add(good[:150], []byte{}, false)
	f.Add([]byte{}, []byte{}, true)
	f.Fuzz(func(t *testing.T, first, second []byte, reseal bool) {
		if reseal {
			seal(first, 1)
			seal(second, 2)
		}
		files := [][]byte{first}
		if len(second) > 0 {
			files = append(files, second)
		}
		d := diskOf(files...)
		before := d.contents()
		_, r, err := Open(d, Options{SegmentBytes: 200})
		if err != nil {
			var damage *CorruptError
			if errors.As(err, &damage) {
				require.Contains(t, []string{segmentName(1), segmentName(2)}, damage.File)
				n, _ := segmentNumber(damage.File)
				require.LessOrEqual(t, damage.Offset, int64(len(before[n-1])))
			} else {
				require.ErrorContains(t, err, "version")
			}
			require.Equal(t, before, d.contents())
			_, _, again := Open(diskOf(before...), Options{})
			require.Equal(t, err, again)
			return
		}
		var last raft.Entry
		for i, e := range r.Entries {
			require.Equal(t, raft.Index(i+1), e.Index)
			require.GreaterOrEqual(t, e.Term, last.Term)
			require.LessOrEqual(t, e.Term, r.HardState.Term)
			last = e
		}
		n, _ := boot(t, diskOf(before...), Options{SegmentBytes: 200})
		n = n.found(d)
		if n.hard.Term < 1<<63 {
			n.save(hard(n.hard.Term+1, 1), entry(last.Index+1, n.hard.Term+1, "next"))
		}
		n.endAll()
		n.found(diskOf(n.disk.contents()...))
	})
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
		n, _ := boot(t, diskOf(), Options{SegmentBytes: int64(next()*4 + 1)})
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
			case 4: // one that replaces others
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
					n.snapshotAt(n.base.index + 1 + raft.Index(next()%k))
				}
			case 9: // a leader's, that goes further
				if n.hard.Term > 0 {
					n.install(n.last()+1+raft.Index(next()%3), n.hard.Term)
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
