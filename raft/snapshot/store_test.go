package snapshot

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/wal"
)

// ready is a store on an empty disk.
func ready(t *testing.T) (*Store, *disk) {
	t.Helper()
	d := &disk{}
	s, latest, err := Open(d)
	require.NoError(t, err)
	require.Nil(t, latest)
	d.took()
	return s, d
}

// sync ends syncs until none is left, and returns the snapshots that became durable by them.
func sync(t *testing.T, s *Store, d *disk) []raft.Index {
	t.Helper()
	var done []raft.Index
	for len(d.flying) > 0 {
		snap, err := s.Synced(d.end(0), nil)
		require.NoError(t, err)
		if snap != nil {
			done = append(done, snap.Index)
		}
	}
	return done
}

const (
	two  = "00000000000000000002.snap"
	nine = "00000000000000000009.snap"
)

// TestFormat holds the bytes to be those that snapshots already written have.
func TestFormat(t *testing.T) {
	s, d := ready(t)
	require.NoError(t, s.Save(&raft.Snapshot{Index: 9, Term: 2, Configuration: members(1, 2), Data: []byte("k=v")}))
	sync(t, s, d)
	var rows []string
	for row := range strings.SplitSeq(strings.TrimSpace(hex.Dump(d.find(nine).data)), "\n") {
		rows = append(rows, strings.TrimSpace(row[10:58]))
	}
	require.Equal(t, []string{
		"72 61 66 74 73 6e 61 70  01 00 00 00 a0 75 42 49",
		"09 00 00 00 00 00 00 00  02 00 00 00 00 00 00 00",
		"0a 00 00 00 00 00 00 00  03 00 00 00 00 00 00 00",
		"74 bd 71 43 5f 61 fd 42  01 02 01 01 00 02 01 00",
		"00 00 6b 3d 76",
	}, rows)
}

func TestASnapshotHasItsNameOnceItIsDurable(t *testing.T) {
	s, d := ready(t)
	snap := snapshotOf(9, 2)
	require.NoError(t, s.Save(snap))
	require.True(t, s.Busy())
	require.Equal(t, []string{"create " + nine + ".tmp", "append 69", "append 26", "sync"}, d.took())
	got, err := s.Synced(d.end(0), nil)
	require.NoError(t, err)
	require.Nil(t, got)
	require.Equal(t, []string{"close", "rename " + nine + ".tmp to " + nine, "sync folder"}, d.took())
	require.Zero(t, s.Latest())
	got, err = s.Synced(d.end(0), nil)
	require.NoError(t, err)
	require.Same(t, snap, got)
	require.Empty(t, d.took())
	require.False(t, s.Busy())
	require.Equal(t, raft.Index(9), s.Latest())

	_, latest, err := Open(d.clone())
	require.NoError(t, err)
	require.Equal(t, snap, latest)
}

func TestTheOlderSnapshotIsRemovedOnceTheNewerIsDurable(t *testing.T) {
	s, d := ready(t)
	require.NoError(t, s.Save(snapshotOf(2, 1)))
	require.Equal(t, []raft.Index{2}, sync(t, s, d))
	require.NoError(t, s.Save(snapshotOf(9, 2)))
	_, err := s.Synced(d.end(0), nil)
	require.NoError(t, err)
	require.Equal(t, []string{two, nine}, d.list())
	require.Equal(t, []raft.Index{9}, sync(t, s, d))
	require.Equal(t, []string{nine}, d.list())
}

func TestWhatACrashLeftIsRemoved(t *testing.T) {
	d := &disk{}
	for _, i := range []raft.Index{2, 9} {
		s, _ := ready(t)
		require.NoError(t, s.Save(snapshotOf(i, 1)))
		of := s.fs.(*disk)
		sync(t, s, of)
		d.put(fileName(i), of.find(fileName(i)).data)
	}
	d.put("00000000000000000011.snap.tmp", []byte("raft"))
	d.put("00000000000000000001.wal", nil)
	s, latest, err := Open(d)
	require.NoError(t, err)
	require.Equal(t, snapshotOf(9, 1), latest)
	require.Equal(t, raft.Index(9), s.Latest())
	require.Equal(t, []string{"00000000000000000001.wal", nine}, d.list(), "names of others are none of its business")

	require.NoError(t, s.Save(snapshotOf(11, 1)))
	require.Equal(t, []raft.Index{11}, sync(t, s, d))
	require.Equal(t, []string{"00000000000000000001.wal", "00000000000000000011.snap"}, d.list())
}

func TestALaterSnapshotWaitsAndTakesThePlaceOfOneThatWaits(t *testing.T) {
	s, d := ready(t)
	for _, i := range []raft.Index{2, 2, 5, 3, 9, 7, 9} {
		require.NoError(t, s.Save(snapshotOf(i, 1)))
	}
	require.Len(t, d.flying, 1, "one at a time")
	require.Equal(t, []raft.Index{2, 9}, sync(t, s, d))
	require.NoError(t, s.Save(snapshotOf(9, 1)))
	require.NoError(t, s.Save(snapshotOf(8, 1)))
	require.False(t, s.Busy(), "what the newest stands for is there")

	require.NoError(t, s.Save(snapshotOf(20, 1)))
	require.NoError(t, s.Save(snapshotOf(15, 1)))
	require.Equal(t, []raft.Index{20}, sync(t, s, d), "nor is what the one on its way stands for written")
}

// However large a snapshot is, the disk is handed a bounded part of it at a time.
func TestALargeSnapshotIsAppendedInParts(t *testing.T) {
	for _, size := range []int{1, chunkBytes, chunkBytes + 1, 2*chunkBytes + 77} {
		s, d := ready(t)
		snap := snapshotOf(9, 2)
		snap.Data = slices.Repeat([]byte("0123456789abcde"), size/15+1)[:size]
		require.NoError(t, s.Save(snap))
		syncs := 0
		for len(d.flying) > 0 {
			syncs++
			_, err := s.Synced(d.end(0), nil)
			require.NoError(t, err)
		}
		require.Equal(t, (size+chunkBytes-1)/chunkBytes+1, syncs)
		require.LessOrEqual(t, d.largest, chunkBytes)
		_, latest, err := Open(d)
		require.NoError(t, err)
		require.True(t, string(snap.Data) == string(latest.Data))
	}
}

func TestTicketsOfOthersChangeNothing(t *testing.T) {
	s, d := ready(t)
	for _, ticket := range []wal.SyncTicket{0, 1, FirstTicket, FirstTicket + 1} {
		_, err := s.Synced(ticket, errDisk)
		require.NoError(t, err)
	}
	require.NoError(t, s.Save(snapshotOf(9, 2)))
	for _, ticket := range []wal.SyncTicket{0, 1, FirstTicket + 1, FirstTicket - 1} {
		_, err := s.Synced(ticket, errDisk)
		require.NoError(t, err)
	}
	require.Equal(t, []raft.Index{9}, sync(t, s, d))
}

// TestDamageIsRefused flips every bit of a snapshot, cuts it anywhere and adds to it.
func TestDamageIsRefused(t *testing.T) {
	s, d := ready(t)
	require.NoError(t, s.Save(snapshotOf(9, 2)))
	sync(t, s, d)
	good := d.find(nine).data
	damaged := [][]byte{append(slices.Clone(good), 0), slices.Concat(good, good)}
	for size := range good {
		damaged = append(damaged, good[:size])
	}
	for at := range good {
		for bit := range 8 {
			b := slices.Clone(good)
			b[at] ^= 1 << bit
			damaged = append(damaged, b)
		}
	}
	for _, b := range damaged {
		d := &disk{}
		d.put(two, []byte("an older one is not fallen back to: the log may begin after it"))
		d.put(nine, b)
		requireDamage(t, d, "")
	}
}

func requireDamage(t *testing.T, d *disk, says string) {
	t.Helper()
	before := d.list()
	s, latest, err := Open(d)
	require.Nil(t, s)
	require.Nil(t, latest)
	var damage *DamagedError
	require.ErrorAs(t, err, &damage)
	require.Equal(t, nine, damage.File)
	require.ErrorContains(t, err, "snapshot: "+nine+" is damaged: ")
	require.ErrorContains(t, err, "put back an undamaged copy of the file, or wipe this node and add it to the cluster anew")
	require.ErrorContains(t, err, says)
	require.Equal(t, before, d.list())
}

func TestDamageSaysWhatIsWrong(t *testing.T) {
	s, d := ready(t)
	require.NoError(t, s.Save(snapshotOf(9, 2)))
	sync(t, s, d)
	good := d.find(nine).data
	flipped := func(at int) []byte {
		b := slices.Clone(good)
		b[at] ^= 1
		return b
	}
	nobody := slices.Concat(encodeHead(&raft.Snapshot{Index: 9, Term: 2, Data: []byte("x")}), []byte("x"))
	for says, b := range map[string][]byte{
		"it has 55 bytes, fewer than a header":               good[:55],
		"it does not begin like a snapshot":                  flipped(0),
		"its header's checksum is wrong":                     flipped(20),
		"its header tells of 13 and 26 bytes, and 38 follow": good[:len(good)-1],
		"its configuration's checksum is wrong":              flipped(headerBytes),
		"its data's checksum is wrong":                       flipped(len(good) - 1),
		"it is of entry 8":                                   slices.Concat(encodeHead(snapshotOf(8, 2)), snapshotOf(8, 2).Data),
		"raft: a configuration needs a voter":                nobody,
	} {
		d := &disk{}
		d.put(nine, b)
		requireDamage(t, d, says)
	}
}

func TestASnapshotOfAnotherVersionIsForTheProgramThatWroteIt(t *testing.T) {
	b := encodeHead(snapshotOf(9, 2))
	b[8] = 2
	sealHead(b)
	d := &disk{}
	d.put(nine, b)
	_, _, err := Open(d)
	require.EqualError(t, err, "snapshot: "+nine+" is in version 2 of the format, and this program reads version 1: use the program that wrote it")
}

func TestANameThatIsNoSnapshotsIsRefused(t *testing.T) {
	for _, s := range []string{"9.snap", "0000000000000000000x.snap", ".snap", "000000000000000000009.snap"} {
		d := &disk{}
		d.put(s, nil)
		_, _, err := Open(d)
		require.ErrorContains(t, err, s+" is not the name of a snapshot")
	}
}

// TestAFailureIsFinal has each call fail once. Nothing counts as durable from then on, and nothing is tried again.
func TestAFailureIsFinal(t *testing.T) {
	for call, says := range map[string]string{
		"create " + nine + ".tmp":            nine + ".tmp could not be written",
		"append 69":                          nine + ".tmp could not be written",
		"append 26":                          nine + ".tmp could not be written",
		"close":                              nine + " could not be given its name",
		"rename " + nine + ".tmp to " + nine: nine + " could not be given its name",
		"remove " + two:                      two + " is not needed any more and could not be removed",
		"first sync":                         nine + " could not be synced",
		"second sync":                        nine + " could not be synced",
	} {
		t.Run(call, func(t *testing.T) {
			s, d := ready(t)
			require.NoError(t, s.Save(snapshotOf(2, 1)))
			sync(t, s, d)
			d.failing = call
			err := s.Save(snapshotOf(9, 2))
			for k := 1; err == nil; k++ {
				var fails error
				if call == []string{"", "first sync", "second sync"}[k] {
					fails = errDisk
				}
				var done *raft.Snapshot
				done, err = s.Synced(d.end(0), fails)
				require.Nil(t, done)
			}
			require.ErrorIs(t, err, errDisk)
			require.ErrorContains(t, err, says)
			d.took()
			require.Equal(t, err, s.Save(snapshotOf(11, 2)))
			_, again := s.Synced(FirstTicket+2, nil)
			require.Equal(t, err, again)
			require.Empty(t, d.took(), "the disk is left alone")
		})
	}
}

func TestOpenTellsWhatTheDiskRefused(t *testing.T) {
	for call, says := range map[string]string{
		"list":                    "the folder could not be listed",
		"read " + nine:            nine + " could not be read",
		"remove " + nine + ".tmp": nine + ".tmp was never finished and could not be removed",
		"remove " + two:           two + " is not needed any more and could not be removed",
	} {
		d := &disk{failing: call}
		d.put(two, nil)
		d.put(nine, slices.Concat(encodeHead(snapshotOf(9, 2)), snapshotOf(9, 2).Data))
		d.put(nine+".tmp", nil)
		_, _, err := Open(d)
		require.ErrorIs(t, err, errDisk)
		require.ErrorContains(t, err, says)
	}
}
