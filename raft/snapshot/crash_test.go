package snapshot

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/wal"
)

var born = raft.Birth{Cluster: 7, Incarnation: raft.FirstIncarnation, Configuration: members(1, 2, 3)}

func members(ids ...raft.NodeID) raft.Configuration {
	c, err := raft.NewConfiguration(ids)
	if err != nil {
		panic(err)
	}
	return c
}

// node is a log and its snapshots on one disk, driven like a replica's, and a model of what they were told.
type node struct {
	t            testing.TB
	disk         *disk
	log          *wal.Log
	snaps        *Store
	segmentBytes int64

	ticket raft.Ticket
	saves  []save // oldest first
	// entries are the log as it is, from index 1 on, or from after the leader's snapshot.
	first   raft.Index
	entries []raft.Entry
	offered map[raft.Index]*raft.Snapshot
	own     map[raft.Index]bool
	durable *raft.Snapshot // the newest
}

// save is what becomes durable with a ticket.
type save struct {
	ticket raft.Ticket
	hard   raft.HardState
	first  raft.Index // of entries
	log    []raft.Entry
}

func boot(t testing.TB, d *disk, segmentBytes int64) (*node, *raft.Snapshot, wal.Recovered) {
	t.Helper()
	snaps, latest, err := Open(d)
	require.NoError(t, err)
	o := wal.Options{SegmentBytes: segmentBytes, Birth: born}
	if latest != nil {
		o.SnapshotIndex, o.SnapshotTerm = latest.Index, latest.Term
	}
	log, found, err := wal.Open(d, o)
	require.NoError(t, err)
	n := &node{t: t, disk: d, log: log, snaps: snaps, segmentBytes: segmentBytes, first: found.Base + 1, entries: found.Entries,
		saves: []save{{0, found.HardState, found.Base + 1, found.Entries}}, durable: latest,
		offered: map[raft.Index]*raft.Snapshot{}, own: map[raft.Index]bool{}}
	if latest != nil {
		n.offered[latest.Index] = latest
	}
	return n, latest, found
}

func (n *node) save(hard *raft.HardState, entries ...raft.Entry) {
	n.t.Helper()
	n.ticket++
	s := save{ticket: n.ticket, hard: n.saves[len(n.saves)-1].hard}
	if hard != nil {
		s.hard = *hard
	}
	for _, e := range entries {
		n.entries = append(slices.Clip(n.entries[:e.Index-n.first]), e)
	}
	s.first, s.log = n.first, n.entries
	n.saves = append(n.saves, s)
	require.NoError(n.t, n.log.Save(hard, entries, n.ticket))
}

func snapshotOf(i raft.Index, term raft.Term) *raft.Snapshot {
	return &raft.Snapshot{Index: i, Term: term, Configuration: members(1, 2, 3), Data: []byte(fmt.Sprintf("all there is as of entry %d", i))}
}

// snapshot begins to write one of the node's own.
func (n *node) snapshot(i raft.Index) {
	n.t.Helper()
	n.own[i] = true
	n.offer(snapshotOf(i, n.entries[i-n.first].Term))
}

// offer begins to write one, of a leader's when it is not the node's own.
func (n *node) offer(s *raft.Snapshot) {
	n.t.Helper()
	require.GreaterOrEqual(n.t, n.kept().hard.Term, s.Term, "the term has to be durable first")
	n.offered[s.Index] = s
	require.NoError(n.t, n.snaps.Save(s))
}

// kept is what the log has promised to keep.
func (n *node) kept() *save {
	k := len(n.saves) - 1
	for n.saves[k].ticket > n.log.Durable() {
		k--
	}
	return &n.saves[k]
}

// end ends the i-th sync in flight, and goes on as a replica does.
func (n *node) end(i int) {
	n.t.Helper()
	t := n.disk.end(i)
	if t < FirstTicket {
		_, err := n.log.Synced(t, nil)
		require.NoError(n.t, err)
		return
	}
	s, err := n.snaps.Synced(t, nil)
	require.NoError(n.t, err)
	if s == nil {
		return
	}
	n.durable = s
	if n.own[s.Index] {
		const keep = 1
		require.NoError(n.t, n.log.Compact(s.Index-keep, n.entries[s.Index-keep-n.first].Term))
		return
	}
	n.first, n.entries = s.Index+1, nil
	require.NoError(n.t, n.log.Rebase(s.Index, s.Term))
	n.save(nil)
}

// endSnapshot ends the sync of the snapshots that is in flight, endLog the oldest of the log.
func (n *node) endSnapshot() { n.endOf(true) }
func (n *node) endLog()      { n.endOf(false) }

func (n *node) endOf(snapshots bool) {
	n.t.Helper()
	i := slices.IndexFunc(n.disk.flying, func(f flight) bool { return f.ticket >= FirstTicket == snapshots })
	if i >= 0 || snapshots {
		n.end(i)
	}
}

func (n *node) endAll() {
	n.t.Helper()
	for len(n.disk.flying) > 0 {
		n.end(0)
	}
}

// check holds what is found after a crash to what was promised before.
func (n *node) check(left *disk) {
	n.t.Helper()
	next, latest, found := boot(n.t, left, n.segmentBytes)
	for _, s := range left.list() {
		require.NotContains(n.t, s, ".tmp")
	}
	at := raft.Index(0)
	if n.durable != nil {
		require.NotNil(n.t, latest)
		require.GreaterOrEqual(n.t, latest.Index, n.durable.Index)
	}
	if latest != nil {
		at = latest.Index
		require.Equal(n.t, n.offered[at], latest)
	}
	kept := n.kept()
	require.GreaterOrEqual(n.t, found.HardState.Term, kept.hard.Term)
	require.LessOrEqual(n.t, found.Base, at)
	contradicts := at >= kept.first && int(at-kept.first) < len(kept.log) && kept.log[at-kept.first].Term != latest.Term
	for k := range kept.log {
		if contradicts {
			break // so that all of it was a deposed leader's
		}
		// What the snapshot does not stand for is in the log, as it was or as a later Save had it.
		i := kept.first + raft.Index(k)
		if i <= at {
			continue
		}
		require.Less(n.t, int(i-found.Base-1), len(found.Entries), "entry %d", i)
		e := found.Entries[i-found.Base-1]
		require.True(n.t, slices.ContainsFunc(n.saves, func(s save) bool {
			return i >= s.first && int(i-s.first) < len(s.log) && s.log[i-s.first].Term == e.Term
		}), "entry %d", i)
	}
	core, err := raft.New(raft.Config{ID: 1, Timeouts: raft.Timeouts{ElectionMin: time.Second, ElectionMax: time.Second, Heartbeat: time.Second},
		Draw: func(uint64) uint64 { return 0 }}, raft.Restored{Birth: found.Birth, HardState: found.HardState, Snapshot: latest, Entries: found.Entries}, 0)
	require.NoError(n.t, err)
	require.Equal(n.t, at, core.Status().Applied)

	// It goes on: with an entry more, and a snapshot of that.
	last := next.first + raft.Index(len(next.entries))
	term := found.HardState.Term + 1
	next.save(&raft.HardState{Term: term}, raft.Entry{Index: last, Term: term}, raft.Entry{Index: last + 1, Term: term})
	next.endAll()
	next.snapshot(last + 1)
	next.endAll()
	_, latest, found = boot(n.t, left.clone(), n.segmentBytes)
	require.Equal(n.t, last+1, latest.Index)
	require.Equal(n.t, last, found.Base)
	require.Equal(n.t, term, found.HardState.Term)
}

func entries(from, to raft.Index, term raft.Term) []raft.Entry {
	var list []raft.Entry
	for i := from; i <= to; i++ {
		list = append(list, raft.Entry{Index: i, Term: term, Kind: raft.EntryCommand, Data: []byte("command")})
	}
	return list
}

// life is that of a node with a snapshot of its own, a second, and a leader's twice.
var life = []func(*node){
	(*node).endLog,
	(*node).endLog,
	func(n *node) { n.save(&raft.HardState{Term: 1, Vote: 1}, entries(1, 3, 1)...) },
	(*node).endAll,
	func(n *node) { n.snapshot(2) },
	func(n *node) { n.save(nil, entries(4, 4, 1)...) }, // while the snapshot is on its way
	(*node).endSnapshot,                                // it has its name
	(*node).endLog,
	(*node).endSnapshot, // the log is compacted
	(*node).endLog,
	(*node).endAll,
	func(n *node) { n.save(nil, entries(5, 6, 1)...) },
	func(n *node) { n.snapshot(5) }, // of an entry that is not durable
	(*node).endSnapshot,
	(*node).endSnapshot, // the older one is removed, and still the log is behind
	(*node).endLog,
	(*node).endLog,
	(*node).endAll,
	func(n *node) { n.save(&raft.HardState{Term: 2}) },
	(*node).endAll,
	func(n *node) { n.save(nil, entries(6, 7, 2)...) }, // in the place of one
	func(n *node) { n.offer(snapshotOf(9, 2)) },
	(*node).endSnapshot,
	(*node).endSnapshot, // the leader's takes the log's place, while that writes what is over
	func(n *node) { n.save(&raft.HardState{Term: 3, Vote: 2}, entries(10, 11, 2)...) },
	(*node).endLog,
	(*node).endLog,
	(*node).endAll,
	func(n *node) { n.save(&raft.HardState{Term: 4}, entries(12, 12, 3)...) },
	(*node).endAll,
	func(n *node) { n.offer(snapshotOf(11, 4)) }, // the log has entry 11, but another
	(*node).endSnapshot,
	(*node).endSnapshot,
	func(n *node) { n.save(nil, entries(12, 13, 4)...) },
	(*node).endLog,
	(*node).endAll,
}

// TestCrash crashes at every point of a life in every way. Whatever is left, the newest snapshot and the log go together and
// hold all that was promised.
func TestCrash(t *testing.T) {
	for what, segmentBytes := range map[string]int64{"a segment for each batch": 1, "a few batches in one": 500} {
		t.Run(what, func(t *testing.T) {
			crashes, tmp, two := 0, 0, 0
			for end := range len(life) + 1 {
				n, _, _ := boot(t, &disk{}, segmentBytes)
				for _, step := range life[:end] {
					step(n)
				}
				n.disk.eachCrash(16, func(left *disk) {
					crashes++
					snapshots := 0
					for _, s := range left.list() {
						if s[len(s)-4:] == ".tmp" {
							tmp++
						}
						if isName(s) {
							snapshots++
						}
					}
					if snapshots > 1 {
						two++
					}
					n.check(left)
				})
			}
			t.Logf("%d crashes, %d with an unfinished snapshot, %d with an older one", crashes, tmp, two)
			require.Greater(t, crashes, 500)
			require.Positive(t, tmp)
			require.Positive(t, two)
		})
	}
}
