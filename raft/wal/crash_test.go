package wal

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// step is one thing that happens to a node.
type step func(*node)

// histories are short lives that pass through every state of a log.
var histories = []struct {
	name string
	opts Options
	life []step
}{
	{"one segment", Options{}, []step{
		func(n *node) { n.save(hard(1, 1), entry(1, 1, "")) },
		func(n *node) { n.save(nil, entry(2, 1, "b"), entry(3, 1, "eight by")) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.save(hard(2, 0)) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.save(hard(2, 3), entry(2, 2, "in the place of b")) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.save(nil) },
		func(n *node) { n.save(nil, entry(3, 2, "idle, so synced at once")) },
		func(n *node) { n.endSync(0) },
	}},
	{"a segment for each batch", Options{SegmentBytes: 1}, []step{
		func(n *node) { n.save(hard(1, 2)) },
		func(n *node) { n.save(nil, entry(1, 1, "one")) },
		func(n *node) { n.endSync(1) }, // the folder before the file
		func(n *node) { n.endSync(0) },
		func(n *node) { n.save(hard(3, 3)) },
		func(n *node) { n.save(nil, entry(1, 3, "uno"), entry(2, 3, "due")) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.endSync(1) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.save(hard(4, 0)) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.endSync(0) },
	}},
	{"segments of a few batches", Options{SegmentBytes: 200}, []step{
		func(n *node) { n.save(hard(1, 1), entry(1, 1, "")) },
		func(n *node) { n.endAll() },
		func(n *node) { n.save(nil, entry(2, 1, "fills the first segment, and some more")) },
		func(n *node) { n.save(nil, entry(3, 1, "waits until all of that is durable")) },
		func(n *node) { n.save(hard(2, 0), entry(2, 2, "")) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.save(nil, entry(3, 2, "c")) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.save(nil, entry(4, 2, "d")) },
		func(n *node) { n.endSync(0) },
	}},
}

// compactions are lives with snapshots.
var compactions = []struct {
	name string
	opts Options
	life []step
}{
	{"compacted, a segment for each batch", Options{SegmentBytes: 1, Birth: born}, []step{
		func(n *node) { n.save(hard(1, 2)) },
		func(n *node) { n.endAll() },
		func(n *node) { n.save(nil, entry(1, 1, "one"), entry(2, 1, "two")) },
		func(n *node) { n.endAll() },
		func(n *node) { n.snapshotAt(1) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.save(nil, entry(3, 1, "three")) },
		func(n *node) { n.snapshotAt(2) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.endAll() },
		func(n *node) { n.save(hard(2, 0), entry(3, 2, "tre")) },
		func(n *node) { n.endAll() },
		func(n *node) { n.snapshotAt(3) },
		func(n *node) { n.endAll() },
	}},
	{"a leader's snapshots, in segments of a few batches", Options{SegmentBytes: 300, Birth: born}, []step{
		func(n *node) { n.save(hard(1, 1), entry(1, 1, "")) },
		func(n *node) { n.endAll() },
		func(n *node) { n.save(hard(2, 0)) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.save(nil, entry(2, 2, "in vain")) },
		func(n *node) { n.install(9, 2) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.save(nil, entry(10, 2, "after"), entry(11, 2, "it")) },
		func(n *node) { n.endAll() },
		func(n *node) { n.save(hard(3, 0), entry(11, 3, "instead")) },
		func(n *node) { n.endAll() },
		func(n *node) { n.install(11, 3) },
		func(n *node) { n.endAll() },
		func(n *node) { n.save(nil, entry(12, 3, "")) },
		func(n *node) { n.endAll() },
	}},
}

var born = raft.Birth{Cluster: 7, Incarnation: 3, Configuration: raft.Configuration{Voters: []raft.Member{{ID: 1, Incarnation: 3}}}}

// TestCrashWithSnapshots crashes at every point of histories with snapshots, in every way, names that come back among them.
func TestCrashWithSnapshots(t *testing.T) {
	for _, h := range compactions {
		t.Run(h.name, func(t *testing.T) {
			crashes, removed := 0, 0
			for end := range len(h.life) + 1 {
				n, _ := boot(t, diskOf(), h.opts)
				for _, s := range h.life[:end] {
					s(n)
				}
				for _, f := range n.disk.files {
					if f.removed {
						removed++
					}
				}
				n.disk.eachCrash(3, func(d *disk) {
					crashes++
					m := n.found(d)
					// It can go on, and what it does then is found as well.
					m.save(hard(m.hard.Term+1, 1), entry(m.last()+1, m.hard.Term+1, "goes on"))
					m.endAll()
					m.found(m.disk.clone())
				})
			}
			require.Greater(t, crashes, 1000, "the histories leave something to tear")
			require.Positive(t, removed)
		})
	}
}

// TestCrashWhileBooting crashes a life with snapshots, boots from what is left and crashes that at every point: what Open
// writes, to say what a segment lacks or that a snapshot took the log's place, may be lost or torn like anything else.
func TestCrashWhileBooting(t *testing.T) {
	for _, h := range compactions {
		t.Run(h.name, func(t *testing.T) {
			torn, wrote, rebased := 0, 0, 0
			for end := range len(h.life) + 1 {
				n, _ := boot(t, diskOf(), h.opts)
				for _, s := range h.life[:end] {
					s(n)
				}
				n.disk.eachCrash(199, func(first *disk) {
					o := h.opts
					o.SnapshotIndex, o.SnapshotTerm = n.snapshot.index, n.snapshot.term
					before, _, err := Open(first.clone(), o)
					require.NoError(t, err)
					for end := range 2 {
						d := first.clone()
						m, r := boot(t, d, o)
						if r.Torn != nil {
							torn++
						}
						for range min(end, len(d.flying)) {
							m.end(0)
						}
						if len(d.flying) > 0 {
							wrote++
						}
						m.disk.eachCrash(53, func(left *disk) {
							m.found(left)
						})
					}
					if before.base == n.snapshot && n.snapshot.index > 0 {
						rebased++
					}
				})
			}
			require.Positive(t, torn)
			require.Positive(t, wrote)
			require.Positive(t, rebased)
		})
	}
}

// TestCrash crashes at every point of a few histories, in every way.
func TestCrash(t *testing.T) {
	for _, h := range histories {
		t.Run(h.name, func(t *testing.T) {
			crashes := 0
			for end := range len(h.life) + 1 {
				n, _ := boot(t, diskOf(), h.opts)
				for _, s := range h.life[:end] {
					s(n)
				}
				n.disk.eachCrash(1, func(d *disk) {
					crashes++
					n.found(d)
				})
			}
			require.Greater(t, crashes, 1000, "the histories leave something to tear")
		})
	}
}

// TestCrashAgain crashes, goes on from what was left, and crashes once more at each point of that: a tail that was cut
// must not come back amid what was written after it.
func TestCrashAgain(t *testing.T) {
	second := []step{
		func(n *node) { n.save(hard(n.hard.Term+1, 1)) },
		func(n *node) { n.save(nil, entry(1, n.hard.Term, "b")) },
		func(n *node) { n.endSync(0) },
		func(n *node) { n.save(nil, entry(2, n.hard.Term, "after")) },
		func(n *node) { n.endAll() },
	}
	for _, h := range histories {
		t.Run(h.name, func(t *testing.T) {
			torn := 0
			known := map[string]bool{} // what was left before: what comes after it is the same
			for end := range len(h.life) + 1 {
				n, _ := boot(t, diskOf(), h.opts)
				for _, s := range h.life[:end] {
					s(n)
				}
				n.disk.eachCrash(27, func(first *disk) {
					left := first.contents()
					key := fmt.Sprintf("%q", left)
					if known[key] {
						return
					}
					known[key] = true
					for end := range len(second) + 1 {
						m, r := boot(t, diskOf(left...), h.opts)
						if r.Torn != nil {
							torn++
						}
						for _, s := range second[:end] {
							s(m)
						}
						m.disk.eachCrash(19, func(d *disk) { m.found(d) })
					}
				})
			}
			require.Positive(t, torn)
		})
	}
}

// TestBitFlips flips every bit of a log that is durable throughout. What a later batch or segment vouches for is
// refused, with the file and the frame named. In the last batch, of which that cannot be known, it may be cut off.
// Never is anything recovered that was not saved.
func TestBitFlips(t *testing.T) {
	for _, h := range histories {
		t.Run(h.name, func(t *testing.T) {
			n, _ := boot(t, diskOf(), h.opts)
			n.eager = true
			for _, s := range h.life {
				s(n)
				n.endAll()
			}
			files := n.disk.contents()
			vouched := 0
			for i := range files {
				newest := i == len(files)-1
				starts, marks := frames(t, files[i], uint64(i+1))
				for at := range files[i] {
					frame := 0
					for frame+1 < len(starts) && starts[frame+1] <= int64(at) {
						frame++
					}
					for bit := range 8 {
						files[i][at] ^= 1 << bit
						d := diskOf(files...)
						l, r, err := Open(d, h.opts)
						if !newest || starts[frame] < marks[len(marks)-1] {
							vouched++
							var damage *CorruptError
							require.ErrorAs(t, err, &damage)
							require.Nil(t, l)
							require.Equal(t, segmentName(uint64(i+1)), damage.File)
							require.Equal(t, starts[frame], damage.Offset)
							require.Equal(t, files, d.contents(), "damage is left as it is")
						} else {
							require.NoError(t, err)
							require.Equal(t, &Torn{segmentName(uint64(i + 1)), starts[frame], int64(len(files[i])) - starts[frame]}, r.Torn)
							require.True(t, n.had(&r))
						}
						files[i][at] ^= 1 << bit
					}
				}
			}
			require.Positive(t, vouched)
		})
	}
}

// TestBitFlipsUnderASnapshot flips every bit of what is left of a log that was compacted. It is refused, or what is recovered
// was saved once, whatever was removed.
func TestBitFlipsUnderASnapshot(t *testing.T) {
	for _, h := range compactions {
		t.Run(h.name, func(t *testing.T) {
			n, _ := boot(t, diskOf(), h.opts)
			n.eager = true
			for _, s := range h.life {
				s(n)
				for len(n.disk.flying) > 0 {
					n.end(0)
				}
			}
			o := h.opts
			o.SnapshotIndex, o.SnapshotTerm = n.snapshot.index, n.snapshot.term
			refused, cut := 0, 0
			left := n.disk.clone()
			for i, f := range left.files {
				for at := range f.data {
					for bit := range 8 {
						d := left.clone()
						d.files[i].data[at] ^= 1 << bit
						_, r, err := Open(d, o)
						if err != nil {
							var damage *CorruptError
							require.ErrorAs(t, err, &damage)
							refused++
							continue
						}
						require.NotNil(t, r.Torn)
						cut++
						found := heldBy(&r).state()
						require.True(t, slices.ContainsFunc(n.states, func(h held) bool { return h.with(n.snapshot).state() == found }), found)
					}
				}
			}
			t.Logf("%d flips refused, %d cut off", refused, cut)
			require.Positive(t, refused+cut)
		})
	}
}

// TestLostEnd takes bytes off the end of every segment. All but the newest know from the next one how long they were.
func TestLostEnd(t *testing.T) {
	n, _ := boot(t, diskOf(), Options{SegmentBytes: 150})
	for i := range 6 {
		n.save(hard(n.hard.Term+1, 0), entry(1, n.hard.Term+1, fmt.Sprint(i)))
		n.endAll()
	}
	files := n.disk.contents()
	require.Greater(t, len(files), 2)
	for i := range files {
		for size := range files[i] {
			cut := append([][]byte(nil), files...)
			cut[i] = files[i][:size]
			_, r, err := Open(diskOf(cut...), Options{})
			if i < len(files)-1 {
				var damage *CorruptError
				require.ErrorAs(t, err, &damage)
				require.Equal(t, segmentName(uint64(i+1)), damage.File)
				require.LessOrEqual(t, damage.Offset, int64(size))
				continue
			}
			require.NoError(t, err)
			require.True(t, n.had(&r))
		}
	}
}

// frames lists where the frames of a good segment begin, and their marks.
func frames(t testing.TB, data []byte, segment uint64) (starts, marks []int64) {
	t.Helper()
	for at := int64(0); at < int64(len(data)); {
		h, ok := readHeader(data[at:], place{segment, at})
		require.True(t, ok)
		starts, marks = append(starts, at), append(marks, h.mark)
		at += frameBytes(h.length)
	}
	return starts, marks
}
