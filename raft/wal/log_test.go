package wal

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// quiet is a node whose first save is durable already: its segment exists and nothing is in flight.
func quiet(t testing.TB, o Options) *node {
	n, _ := boot(t, diskOf(), o)
	n.save(hard(1, 1))
	n.endAll()
	n.disk.took()
	return n
}

func TestAFreshLogMakesItsFirstSegment(t *testing.T) {
	n, r := boot(t, diskOf(), Options{})
	require.Equal(t, Recovered{}, r)
	require.Equal(t, []string{"create 1"}, n.disk.took())
	n.save(hard(1, 1))
	require.Equal(t, []string{"append 80 to 1", "sync 1 (1)", "sync folder (2)"}, n.disk.took())
}

func TestASegmentCountsOnceItsBytesAndItsNameAreDurable(t *testing.T) {
	for _, first := range []int{0, 1} {
		n, _ := boot(t, diskOf(), Options{})
		n.save(hard(1, 1))
		n.endSync(first)
		require.Zero(t, n.log.Durable())
		n.endSync(0)
		require.Equal(t, raft.Ticket(1), n.log.Durable())
	}
}

func TestASaveWithNothingInFlightIsSyncedAtOnce(t *testing.T) {
	n := quiet(t, Options{})
	n.save(nil, entry(1, 1, "x"))
	require.Equal(t, []string{"append 48 to 1", "sync 1 (3)"}, n.disk.took())
	n.endSync(0)
	require.Equal(t, raft.Ticket(2), n.log.Durable())
	require.Empty(t, n.disk.took())
}

func TestSavesDuringASyncShareTheNext(t *testing.T) {
	n := quiet(t, Options{})
	n.save(nil, entry(1, 1, "x"))
	n.disk.took()
	n.save(nil, entry(2, 1, "y"))
	n.save(hard(2, 0), entry(3, 1, ""))
	require.Empty(t, n.disk.took(), "one sync at a time")
	n.endSync(0)
	require.Equal(t, raft.Ticket(2), n.log.Durable())
	require.Equal(t, []string{"append 128 to 1", "sync 1 (4)"}, n.disk.took(), "the next starts when the first ends")
	n.endSync(0)
	require.Equal(t, raft.Ticket(4), n.log.Durable())
}

func TestTheNextSegmentWaitsForThePrevious(t *testing.T) {
	n := quiet(t, Options{SegmentBytes: 200})
	n.save(nil, entry(1, 1, strings.Repeat("fills it", 10)))
	n.save(nil, entry(2, 1, ""))
	require.Equal(t, []string{"append 120 to 1", "sync 1 (3)"}, n.disk.took())
	n.endSync(0)
	require.Equal(t, []string{"create 2", "close 1", "append 160 to 2", "sync 2 (4)", "sync folder (5)"}, n.disk.took())
	n.endSync(0)
	require.Equal(t, raft.Ticket(2), n.log.Durable(), "the name 2 may still be lost")
	n.endSync(0)
	require.Equal(t, raft.Ticket(3), n.log.Durable())

	next := n.found(diskOf(n.disk.contents()...))
	require.Equal(t, n.state(), next.state())
	next.save(nil, entry(3, 1, "goes on in 2"))
	require.Equal(t, []string{"append 56 to 2", "sync 2 (1)"}, next.disk.took()[:2])
}

func TestASaveOfNothingIsDurableWithWhatWasAskedBefore(t *testing.T) {
	n := quiet(t, Options{})
	n.save(nil)
	require.Equal(t, raft.Ticket(2), n.log.Durable(), "nothing is in flight")
	n.save(hard(2, 0))
	n.save(nil)
	require.Equal(t, raft.Ticket(2), n.log.Durable())
	n.endSync(0)
	require.Equal(t, raft.Ticket(4), n.log.Durable(), "it had nothing to add to the sync in flight")
	n.save(hard(3, 0))
	n.save(hard(4, 0))
	n.save(nil)
	n.endSync(0)
	require.Equal(t, raft.Ticket(5), n.log.Durable())
	n.endSync(0)
	require.Equal(t, raft.Ticket(7), n.log.Durable())
	require.Equal(t, 0, len(n.disk.flying))
}

func TestSavesWaitForACut(t *testing.T) {
	n := quiet(t, Options{})
	n.save(nil, entry(1, 1, "x"))
	torn := append(n.disk.contents()[0], "garbage"...)
	n, r := boot(t, diskOf(torn), Options{})
	require.Equal(t, &Torn{segmentName(1), 128, 7}, r.Torn)
	require.Equal(t, []string{"cut 1 to 128", "sync 1 (1)"}, n.disk.took())
	n.save(hard(2, 0))
	require.Empty(t, n.disk.took())
	n.endSync(0)
	require.Equal(t, []string{"append 40 to 1", "sync 1 (2)"}, n.disk.took())
	require.Zero(t, n.log.Durable())
	n.endSync(0)
	require.Equal(t, raft.Ticket(1), n.log.Durable())
}

func TestTicketsOfOthersChangeNothing(t *testing.T) {
	n := quiet(t, Options{})
	n.save(hard(2, 0))
	for _, ticket := range []SyncTicket{0, 1, 2, 4, 1 << 63} {
		d, err := n.log.Synced(ticket, errDisk)
		require.NoError(t, err)
		require.Equal(t, raft.Ticket(1), d)
	}
	n.endSync(0)
	require.Equal(t, raft.Ticket(2), n.log.Durable())
}

// TestAFailureIsFinal has each call fail once. Nothing counts as durable from then on, and nothing is tried again.
func TestAFailureIsFinal(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(*node) error
		says string
	}{
		{"sync of a file", func(n *node) error {
			require.NoError(n.t, n.log.Save(hard(2, 0), nil, 2))
			require.NoError(n.t, n.log.Save(hard(3, 0), nil, 3))
			_, err := n.log.Synced(n.disk.flying[0].ticket, errDisk)
			return err
		}, "00000000000000000001.wal could not be synced"},
		{"sync of a file, while the next segment waits", func(n *node) error {
			require.NoError(n.t, n.log.Save(nil, []raft.Entry{entry(1, 1, "fills the segment")}, 2))
			require.NoError(n.t, n.log.Save(hard(3, 0), nil, 3))
			_, err := n.log.Synced(n.disk.flying[0].ticket, errDisk)
			return err
		}, "00000000000000000001.wal could not be synced"},
		{"sync of the folder", func(n *node) error {
			require.NoError(n.t, n.log.Save(nil, []raft.Entry{entry(1, 1, "fills the segment")}, 2))
			n.endSync(0)
			require.NoError(n.t, n.log.Save(hard(3, 0), nil, 3))
			_, err := n.log.Synced(n.disk.flying[1].ticket, errDisk)
			return err
		}, "the name 00000000000000000002.wal may be lost"},
		{"append", func(n *node) error {
			n.disk.failing = "append"
			return n.log.Save(hard(2, 0), nil, 2)
		}, "00000000000000000001.wal could not be written"},
		{"append after a sync", func(n *node) error {
			require.NoError(n.t, n.log.Save(hard(2, 0), nil, 2))
			require.NoError(n.t, n.log.Save(hard(3, 0), nil, 3))
			n.disk.failing = "append"
			_, err := n.log.Synced(n.disk.end(0), nil)
			return err
		}, "00000000000000000002.wal could not be written"},
		{"create", func(n *node) error {
			require.NoError(n.t, n.log.Save(nil, []raft.Entry{entry(1, 1, "fills the segment")}, 2))
			n.endSync(0)
			n.disk.failing = "create"
			return n.log.Save(hard(2, 0), nil, 3)
		}, "00000000000000000002.wal could not be created"},
		{"close", func(n *node) error {
			require.NoError(n.t, n.log.Save(nil, []raft.Entry{entry(1, 1, "fills the segment")}, 2))
			n.endSync(0)
			n.disk.failing = "close"
			return n.log.Save(hard(2, 0), nil, 3)
		}, "00000000000000000001.wal could not be closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := quiet(t, Options{SegmentBytes: 100})
			err := c.fail(n)
			require.ErrorIs(t, err, errDisk)
			require.ErrorContains(t, err, c.says)
			n.disk.failing = ""
			n.disk.took()
			durable := n.log.Durable()

			require.Equal(t, err, n.log.Save(hard(9, 0), nil, 9))
			for len(n.disk.flying) > 0 {
				d, later := n.log.Synced(n.disk.end(0), nil)
				require.Equal(t, err, later)
				require.Equal(t, durable, d)
			}
			require.Equal(t, durable, n.log.Durable())
			require.Empty(t, n.disk.took(), "the disk is left alone")
		})
	}
}

// TestSaveRefuses what Open would not accept.
func TestSaveRefuses(t *testing.T) {
	huge := raft.Entry{Index: 4, Term: 3, Data: make([]byte, maxDataBytes+1)}
	full := raft.Entry{Term: 3, Data: huge.Data[:maxDataBytes]}
	segmentful := make([]raft.Entry, maxSegmentBytes/maxDataBytes)
	for i := range segmentful {
		segmentful[i] = full
		segmentful[i].Index = raft.Index(4 + i)
	}
	for _, c := range []struct {
		name    string
		hard    *raft.HardState
		entries []raft.Entry
		ticket  raft.Ticket
		says    string
	}{
		{"a ticket twice", nil, nil, 1, "ticket 1 after ticket 1: tickets must grow"},
		{"a term that goes back", hard(2, 2), nil, 2, "the term goes back from 3 to 2"},
		{"a second vote", hard(3, 1), nil, 2, "the vote in term 3 changes from n2 to n1"},
		{"a vote taken back", hard(3, 0), nil, 2, "the vote in term 3 changes from n2 to none"},
		{"a gap after the last entry", nil, []raft.Entry{entry(5, 3, "")}, 2, "entry 5 does not follow entry 3"},
		{"a gap between entries", nil, []raft.Entry{entry(2, 3, ""), entry(4, 3, "")}, 2, "entry 4 does not follow entry 2"},
		{"entry 0", nil, []raft.Entry{entry(0, 3, "")}, 2, "entry 0 does not follow"},
		{"an entry of an older term", nil, []raft.Entry{entry(4, 1, "")}, 2, "entry 4 is of term 1, the one before it of term 2"},
		{"entries whose terms go back", nil, []raft.Entry{entry(2, 2, ""), entry(3, 1, "")}, 2, "entry 3 is of term 1, the one before it of term 2"},
		{"an entry of a term to come", nil, []raft.Entry{entry(4, 4, "")}, 2, "entry 4 is of term 4, above the hard state's term 3"},
		{"too much data", nil, []raft.Entry{huge}, 2, "entry 4 has 67108865 bytes of data, more than 67108864"},
		{"too much at once", nil, segmentful, 2, "more than a segment can hold"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, _ := boot(t, diskOf(), Options{})
			n.save(hard(3, 2), entry(1, 1, ""), entry(2, 1, ""), entry(3, 2, ""))
			n.endAll()
			n.disk.took()
			err := n.log.Save(c.hard, c.entries, c.ticket)
			require.ErrorContains(t, err, c.says)
			require.Empty(t, n.disk.took())
			require.Equal(t, err, n.log.Save(hard(4, 0), nil, 9), "it is final")
		})
	}
}

func TestAReplacementMayBeOfAnOlderTermThanWhatItReplaces(t *testing.T) {
	n, _ := boot(t, diskOf(), Options{})
	n.save(hard(3, 0), entry(1, 1, ""), entry(2, 3, ""))
	n.save(nil, entry(2, 2, ""))
	n.endAll()
	n.found(diskOf(n.disk.contents()...))
}

func TestSaveKeepsNothing(t *testing.T) {
	n := quiet(t, Options{})
	n.save(nil, entry(1, 1, "in flight"))
	hs, data := hard(2, 0), []byte("waits")
	entries := []raft.Entry{{Index: 2, Term: 2, Data: data}}
	require.NoError(t, n.log.Save(hs, entries, 3))
	want := stateOf(*hs, []raft.Entry{entry(1, 1, "in flight"), {Index: 2, Term: 2, Data: []byte("waits")}})
	hs.Term, entries[0].Index = 7, 7
	copy(data, "XXXXX")
	for len(n.disk.flying) > 0 {
		n.end(0)
	}
	_, r, err := Open(diskOf(n.disk.contents()...), Options{})
	require.NoError(t, err)
	require.Equal(t, want, stateOf(r.HardState, r.Entries))
}

func TestDataFoundCannotBeAppendedTo(t *testing.T) {
	n := quiet(t, Options{})
	n.save(nil, entry(1, 1, "abc"), entry(2, 1, ""))
	_, r, err := Open(diskOf(n.disk.contents()...), Options{})
	require.NoError(t, err)
	require.Equal(t, []byte("abc"), r.Entries[0].Data)
	require.Equal(t, 3, cap(r.Entries[0].Data), "the bytes behind are the file's")
	require.Nil(t, r.Entries[1].Data)
}

func TestABurstDoesNotKeepItsBuffer(t *testing.T) {
	n := quiet(t, Options{})
	n.save(nil, raft.Entry{Index: 1, Term: 1, Data: make([]byte, maxIdleBuffer+1)})
	require.Zero(t, cap(n.log.buf))
	n.endAll()
	n.save(nil, entry(2, 1, "x"))
	require.NotZero(t, cap(n.log.buf))
}

func TestSaveAllocatesNothing(t *testing.T) {
	fs := &nullFS{}
	l, _, err := Open(fs, Options{})
	require.NoError(t, err)
	require.NoError(t, l.Save(hard(1, 1), nil, 1))
	fs.endAll(t, l)
	entries := []raft.Entry{entry(1, 1, "sixteen bytes ..")}
	ticket := raft.Ticket(1)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		for range 3 {
			ticket++
			require.NoError(t, l.Save(nil, entries, ticket))
			entries[0].Index++
		}
		fs.endAll(t, l)
	}))
}

// nullFS is a disk that takes everything and keeps nothing but which syncs have not ended.
type nullFS struct{ flying []SyncTicket }

func (d *nullFS) List() ([]string, error)         { return nil, nil }
func (d *nullFS) ReadFile(string) ([]byte, error) { return nil, errors.ErrUnsupported }
func (d *nullFS) Create(string) (File, error)     { return d, nil }
func (d *nullFS) Open(string) (File, error)       { return nil, errors.ErrUnsupported }
func (d *nullFS) Remove(string) error             { return errors.ErrUnsupported }
func (d *nullFS) Rename(string, string) error     { return errors.ErrUnsupported }
func (d *nullFS) SyncDir(t SyncTicket)            { d.flying = append(d.flying, t) }
func (d *nullFS) Append([]byte) error             { return nil }
func (d *nullFS) Truncate(int64) error            { return nil }
func (d *nullFS) Sync(t SyncTicket)               { d.flying = append(d.flying, t) }
func (d *nullFS) Close() error                    { return nil }

// endAll ends syncs until none is in flight.
func (d *nullFS) endAll(tb testing.TB, l *Log) {
	for i := 0; i < len(d.flying); i++ {
		if _, err := l.Synced(d.flying[i], nil); err != nil {
			tb.Fatal(err)
		}
	}
	d.flying = d.flying[:0]
}
