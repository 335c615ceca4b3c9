package wal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// long is a node with entries 1 to 6 of term 1, two in each of the segments 1 to 3, and nothing in flight.
func long(t *testing.T) *node {
	t.Helper()
	n, _ := boot(t, diskOf(), Options{SegmentBytes: 1, Birth: born})
	n.endAll()
	n.save(hard(1, 1), entry(1, 1, "a"), entry(2, 1, "b"))
	n.endAll()
	n.save(nil, entry(3, 1, "c"), entry(4, 1, "d"))
	n.endAll()
	n.save(nil, entry(5, 1, "e"), entry(6, 1, "f"))
	n.endAll()
	n.disk.took()
	return n
}

// left is the names there are, in short.
func (d *disk) left() []string {
	var list []string
	names, _ := d.List()
	for _, s := range names {
		list = append(list, short(s))
	}
	return list
}

func TestSegmentsThatNobodyNeedsAreRemovedOnceTheBaseIsDurable(t *testing.T) {
	n := long(t)
	require.Equal(t, []string{"1", "2", "3", "4"}, n.disk.left(), "the first holds what the node was born as, and nothing else")
	n.snapshotAt(4)
	require.Equal(t, []string{"create 5", "close 4", "append 208 to 5", "sync 5 (9)", "sync folder (10)"}, n.disk.took())
	n.endSync(0)
	require.Empty(t, n.disk.took())
	n.endSync(0)
	require.Equal(t, []string{"remove 1", "remove 2", "remove 3"}, n.disk.took())
	require.Equal(t, []string{"4", "5"}, n.disk.left(), "entries 5 and 6 are in the fourth")

	next := n.found(n.disk.clone())
	require.Equal(t, base{4, 1}, next.base)
	require.Equal(t, []raft.Entry{entry(5, 1, "e"), entry(6, 1, "f")}, next.entries)
}

func TestCompactWithinASegmentRemovesNothing(t *testing.T) {
	n := long(t)
	n.snapshotAt(1)
	n.endAll()
	require.Equal(t, []string{"2", "3", "4", "5"}, n.disk.left())
	n.snapshotAt(2)
	n.endAll()
	require.Equal(t, []string{"3", "4", "5", "6"}, n.disk.left())
}

func TestCompactToWhatIsCompactedChangesNothing(t *testing.T) {
	n := long(t)
	n.snapshotAt(4)
	n.endAll()
	n.disk.took()
	require.NoError(t, n.log.Compact(4, 1))
	require.NoError(t, n.log.Compact(2, 1))
	require.NoError(t, n.log.Compact(0, 0))
	require.Empty(t, n.disk.took())
}

// An entry that was replaced is still in its segment, which stays for as long as it could be wanted, had nobody replaced it.
func TestASegmentStaysForEntriesThatWereReplaced(t *testing.T) {
	n := long(t)
	n.save(hard(2, 0), entry(3, 2, "C"))
	n.endAll()
	n.snapshotAt(3)
	n.endAll()
	require.Equal(t, []string{"3", "4", "5", "6"}, n.disk.left(), "segment 3 had entry 4")
	n.found(n.disk.clone())
	n.save(nil, entry(4, 2, "D"), entry(5, 2, "E"), entry(6, 2, "F"))
	n.endAll()
	n.snapshotAt(6)
	n.endAll()
	require.Equal(t, []string{"8"}, n.disk.left())
	n.found(n.disk.clone())
}

func TestRebaseIsDurableWithTheNextSave(t *testing.T) {
	n := long(t)
	require.NoError(t, n.log.Rebase(9, 1))
	require.Empty(t, n.disk.took())
	require.NoError(t, n.log.Save(nil, []raft.Entry{entry(10, 1, "j")}, n.ticket()+1))
	require.Equal(t, "append 256 to 5", n.disk.took()[2])
	for len(n.disk.flying) > 0 {
		_, err := n.log.Synced(n.disk.end(0), nil)
		require.NoError(t, err)
	}
	require.Equal(t, []string{"5"}, n.disk.left())
	_, r, err := Open(n.disk.clone(), Options{SnapshotIndex: 9, SnapshotTerm: 1})
	require.NoError(t, err)
	require.Equal(t, raft.Index(9), r.Base)
	require.Equal(t, raft.Term(1), r.BaseTerm)
	require.Equal(t, []raft.Entry{entry(10, 1, "j")}, r.Entries)
	require.Equal(t, raft.HardState{Term: 1, Vote: 1}, r.HardState)
	require.Equal(t, born, r.Birth)
}

// TestCompactAndRebaseRefuse what Open would not accept.
func TestCompactAndRebaseRefuse(t *testing.T) {
	for says, call := range map[string]func(l *Log) error{
		"compaction refused: the log ends at entry 6, before entry 7":                       func(l *Log) error { return l.Compact(7, 1) },
		"compaction refused: the base, entry 5, is of term 2, and the hard state of term 1": func(l *Log) error { return l.Compact(5, 2) },
		"compaction refused: the base goes from entry 4 of term 1 to entry 5 of term 0":     func(l *Log) error { return l.Compact(5, 0) },
		"snapshot refused: the base, entry 9, is of term 2, and the hard state of term 1":   func(l *Log) error { return l.Rebase(9, 2) },
		"snapshot refused: the base goes back from entry 4 to entry 3":                      func(l *Log) error { return l.Rebase(3, 1) },
		"save refused: entry 4 is one that the snapshot of entry 4 stands for":              func(l *Log) error { return l.Save(nil, []raft.Entry{entry(4, 1, "")}, 99) },
	} {
		t.Run(says, func(t *testing.T) {
			n := long(t)
			n.snapshotAt(4)
			n.endAll()
			n.disk.took()
			err := call(n.log)
			require.ErrorContains(t, err, says)
			require.Empty(t, n.disk.took())
			require.Equal(t, err, n.log.Save(hard(9, 0), nil, 100), "it is final")
			require.Equal(t, err, n.log.Compact(5, 1))
			require.Equal(t, err, n.log.Rebase(9, 1))
		})
	}
}

func TestAFailedRemovalEndsTheLog(t *testing.T) {
	n := long(t)
	n.snapshotAt(4)
	n.endSync(0)
	n.disk.failing = "remove"
	_, err := n.log.Synced(n.disk.end(0), nil)
	require.ErrorIs(t, err, errDisk)
	require.ErrorContains(t, err, segmentName(1)+" is not needed any more and could not be removed")
}

// A crash may bring back any of the names that were removed.
func TestSegmentsThatACrashBroughtBackAreRemovedAgain(t *testing.T) {
	n := long(t)
	n.snapshotAt(6)
	n.endAll()
	require.Equal(t, []string{"5"}, n.disk.left())
	for back := range 1 << 4 {
		d := &disk{}
		for i, f := range n.disk.files {
			if !f.removed || back>>i&1 == 1 {
				d.add(f.name, f.data)
			}
		}
		m := n.found(d)
		m.save(nil, entry(7, 1, "g"))
		m.endAll()
		require.Equal(t, []string{"6"}, d.left(), "%04b", back)
	}
}

// The log is nothing without the snapshot that stands for its beginning, and the other way round.
func TestALogThatDoesNotGoWithTheSnapshotIsRefused(t *testing.T) {
	n := long(t)
	n.snapshotAt(4)
	n.endAll()
	for _, c := range []struct {
		what  string
		index raft.Index
		term  raft.Term
		says  string
	}{
		{"none", 0, 0, "the log begins after entry 4, and the newest snapshot there is stands for the entries up to 0 only"},
		{"one too old", 3, 1, "the log begins after entry 4, and the newest snapshot there is stands for the entries up to 3 only"},
		{"another there", 4, 2, "the log does not go with the newest snapshot: the base goes from entry 4 of term 1 to entry 4 of term 2"},
		{"one of a term to come", 9, 2, "the log does not go with the newest snapshot: the base, entry 9, is of term 2, and the hard state of term 1"},
		{"one of an older term", 9, 0, "the log does not go with the newest snapshot: "},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := n.disk.clone()
			before := d.contents()
			_, _, err := Open(d, Options{SnapshotIndex: c.index, SnapshotTerm: c.term})
			var damage *CorruptError
			require.ErrorAs(t, err, &damage)
			require.Equal(t, segmentName(5), damage.File)
			require.ErrorContains(t, err, c.says)
			require.Equal(t, before, d.contents())
			require.Empty(t, d.calls)
		})
	}
	t.Run("no log", func(t *testing.T) {
		_, _, err := Open(diskOf(), Options{Birth: born, SnapshotIndex: 4, SnapshotTerm: 1})
		require.ErrorContains(t, err, segmentName(1)+" is damaged at byte 0: the log does not go with the newest snapshot")
	})
}

func TestASnapshotAheadOfTheLogTakesItsPlace(t *testing.T) {
	for what, c := range map[string]struct {
		snapshot base
		want     held
	}{
		"ahead":             {base{9, 2}, held{hard: *hard(2, 0), base: base{9, 2}}},
		"another entry":     {base{3, 2}, held{hard: *hard(2, 0), base: base{3, 2}}},
		"an entry it holds": {base{3, 1}, held{hard: *hard(2, 0), entries: []raft.Entry{entry(1, 1, "a"), entry(2, 1, "b"), entry(3, 1, "c"), entry(4, 1, "d"), entry(5, 1, "e"), entry(6, 1, "f")}}},
	} {
		t.Run(what, func(t *testing.T) {
			n := long(t)
			n.save(hard(2, 0))
			n.endAll()
			o := n.opts
			o.SnapshotIndex, o.SnapshotTerm = c.snapshot.index, c.snapshot.term
			m, _ := boot(t, n.disk.clone(), o)
			require.Equal(t, c.want.state(), m.state())
			m.endAll()
			again, _ := boot(t, m.disk.clone(), o)
			require.Equal(t, c.want.state(), again.state())
			if what == "ahead" {
				require.Len(t, m.disk.left(), 1, "nobody needs the rest")
			}
		})
	}
}

func TestTheBirthIsTheFirstThingALogSays(t *testing.T) {
	d := diskOf()
	l, r, err := Open(d, Options{Birth: born})
	require.NoError(t, err)
	require.Equal(t, born, r.Birth)
	require.Equal(t, []string{"create 1", "append 88 to 1", "sync 1 (1)", "sync folder (2)"}, d.took())
	require.NoError(t, l.Save(hard(1, 1), nil, 1))
	require.Empty(t, d.took(), "all else waits for it")

	// What is there counts, whatever a later boot would have written.
	other := born
	other.Incarnation++
	for len(d.flying) > 0 {
		_, err := l.Synced(d.end(0), nil)
		require.NoError(t, err)
	}
	_, r, err = Open(d.clone(), Options{Birth: other})
	require.NoError(t, err)
	require.Equal(t, born, r.Birth)
}

// Logs did not always say what their node was born as.
func TestALogWithoutABirthIsOfANodeItsClusterBeganWith(t *testing.T) {
	n, _ := boot(t, diskOf(), Options{SegmentBytes: 100})
	for i := range raft.Index(3) {
		n.save(hard(n.hard.Term+1, 1), entry(i+1, n.hard.Term+1, ""))
		n.endAll()
	}
	require.Len(t, n.disk.left(), 3)
	l, r, err := Open(n.disk.clone(), Options{Birth: born})
	require.NoError(t, err)
	require.Equal(t, born, r.Birth)
	require.NoError(t, l.Save(hard(9, 0), nil, 1))
	require.NoError(t, l.err)

	n.opts.Birth = born
	m, _ := boot(t, n.disk.clone(), n.opts)
	m.endAll()
	again, r := boot(t, m.disk.clone(), Options{SegmentBytes: 100})
	require.Equal(t, born, r.Birth)
	require.Equal(t, n.state(), again.state())
	// The segments from before are removed like others.
	again.snapshotAt(3)
	again.endAll()
	again.found(again.disk.clone())
	require.Len(t, again.disk.left(), 1)
}

func TestALogWithoutABirthIsNotThatOfANodeWhichJoined(t *testing.T) {
	n, _ := boot(t, diskOf(), Options{})
	n.save(hard(1, 1))
	n.endAll()
	_, _, err := Open(n.disk.clone(), Options{Birth: raft.Birth{Cluster: 7, Incarnation: 99}})
	require.ErrorContains(t, err, "the log does not say what the node was born as")
}

// TestOpenRefusesBirthsBasesAndAccounts that no node can have written.
func TestOpenRefusesBirthsBasesAndAccounts(t *testing.T) {
	birth := func(incarnation uint64, config []byte) frame {
		return frame{header: header{kind: frameBirth, a: 7, b: incarnation}, data: config}
	}
	config := born.Configuration.Encode(nil)
	baseFrame := func(index, term uint64, stays uint8) frame {
		return frame{header: header{kind: frameBase, sub: stays, a: index, b: term}}
	}
	before := func(highest uint64) frame { return frame{header: header{kind: frameBefore, a: highest}} }
	mixed := func(f frame, change func(*frame)) frame { change(&f); return f }
	begin := []frame{segmentFrame(1, 0), birth(3, config), hardFrame(5, 1), entryFrame(1, 2), entryFrame(2, 4)}
	for says, f := range map[string]frame{
		"the node is incarnation 4 of cluster 7, and before that it was 3 of 7": birth(4, config),
		"configuration is not of version 1":                                     birth(3, []byte{9}),
		"its incarnation is":                                                    birth(0, config),
		"the frame's reserved bytes are not zero, or its incarnation is":        mixed(birth(3, config), func(f *frame) { f.sub = 1 }),
		"the base, entry 2, is of term 6, and the hard state of term 5":         baseFrame(2, 6, baseKeeps),
		"the base, entry 2, is of term 0":                                       baseFrame(2, 0, baseKeeps),
		"the base goes back from entry 0 to entry 0":                            baseFrame(0, 1, baseKeeps),
		"the base is entry 2 of term 3, and in the log it is of term 4":         baseFrame(2, 3, baseKeeps),
		"the base is entry 1 of term 5, and in the log it is of term 2":         baseFrame(1, 5, baseKeeps),
		"a base that leaves 2 of the log is unknown to this version":            baseFrame(2, 4, 2),
		"a frame that carries no data has some":                                 mixed(baseFrame(2, 4, 0), func(f *frame) { f.data = []byte("x") }),
		"the segments before it were given entries up to 0, and not up to 2":    before(2),
		"the frame's reserved bytes are not zero":                               mixed(before(0), func(f *frame) { f.b = 1 }),
	} {
		t.Run(says, func(t *testing.T) {
			b := segment(1, append(begin[:len(begin):len(begin)], f)...)
			_, _, err := Open(diskOf(b), Options{})
			var damage *CorruptError
			require.ErrorAs(t, err, &damage)
			require.ErrorContains(t, err, says)
		})
	}
	for says, frames := range map[string][]frame{
		"entry 2 is one that the snapshot of entry 2 stands for": {baseFrame(2, 4, baseKeeps), entryFrame(2, 5)},
		"entry 3 is of term 3, the one before it of term 4":      {baseFrame(2, 4, baseReplaces), entryFrame(3, 3)},
		"the base goes back from entry 2 to entry 1":             {baseFrame(2, 4, baseKeeps), baseFrame(1, 2, baseKeeps)},
		"the base goes from entry 2 of term 4 to entry 2":        {baseFrame(2, 4, baseKeeps), baseFrame(2, 5, baseReplaces)},
		"entry 4 does not follow entry 2":                        {baseFrame(2, 4, baseReplaces), entryFrame(4, 5)},
	} {
		t.Run(says, func(t *testing.T) {
			b := segment(1, append(begin[:len(begin):len(begin)], frames...)...)
			_, _, err := Open(diskOf(b), Options{SnapshotIndex: 2, SnapshotTerm: 4})
			require.ErrorContains(t, err, says)
		})
	}
}

// What a segment lost with the names of those before it is found out by what it says of them.
func TestASegmentThatIsMissingUnderASnapshotIsNoticed(t *testing.T) {
	n := long(t)
	n.snapshotAt(1)
	n.endAll()
	require.Equal(t, []string{"2", "3", "4", "5"}, n.disk.left())
	for _, first := range []int{2, 3, 4} {
		d := &disk{}
		for _, f := range n.disk.files[first:] {
			d.add(f.name, f.data)
		}
		_, _, err := Open(d, Options{SnapshotIndex: 1, SnapshotTerm: 1})
		var damage *CorruptError
		require.ErrorAs(t, err, &damage)
		require.Equal(t, segmentName(uint64(first)), damage.File)
		require.ErrorContains(t, err, "the segment is missing")
	}
}
