package server

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/wal"
)

const firstSegment = "00000000000000000001.wal"

// logged is a log on real files.
type logged struct {
	t    *testing.T
	disk *disk
	done chan ended
	log  *wal.Log
	wal.Recovered
}

func openLogged(t *testing.T, dir string) *logged {
	t.Helper()
	l := &logged{t: t}
	l.disk, l.done = newDisk(t, dir)
	var err error
	l.log, l.Recovered, err = wal.Open(l.disk, wal.Options{SegmentBytes: 512 << 10})
	require.NoError(t, err)
	return l
}

// save makes an entry of that size durable. It ends in zeros, as an entry's data may.
func (l *logged) save(i raft.Index, size int) {
	l.t.Helper()
	var hard *raft.HardState
	if i == 1 {
		hard = &raft.HardState{Term: 1}
	}
	e := raft.Entry{Index: i, Term: 1, Kind: raft.EntryCommand, Data: append(bytes.Repeat([]byte{byte(i)}, size/2), make([]byte, size/2)...)}
	require.NoError(l.t, l.log.Save(hard, []raft.Entry{e}, raft.Ticket(i)))
	for l.log.Durable() < raft.Ticket(i) {
		e := <-l.done
		_, err := l.log.Synced(e.ticket, e.err)
		require.NoError(l.t, err)
	}
}

// size is how long the file of the first segment is.
func (l *logged) size() int64 {
	l.t.Helper()
	info, err := os.Stat(filepath.Join(l.disk.dir, firstSegment))
	require.NoError(l.t, err)
	return info.Size()
}

// The log is longer on the disk than what it holds, and that does not show: not where a node goes on with it after a crash, nor in how
// large it says it is. A segment that is full ends where it was written to.
func TestZerosLieAhead(t *testing.T) {
	const size, few = 10_000, 25
	dir := t.TempDir()
	l := openLogged(t, dir)
	l.save(1, size)
	held := l.disk.bytes.Load()
	require.Greater(t, l.size(), held)
	for n := raft.Index(1); n < few; n++ {
		if n%6 == 1 { // a SIGKILL: nothing is cut
			l = openLogged(t, dir)
			require.Nil(t, l.Torn)
			require.EqualValues(t, n, len(l.Entries))
			require.Equal(t, held, l.disk.bytes.Load())
		}
		before := l.size()
		l.save(n+1, size)
		held = l.disk.bytes.Load()
		require.GreaterOrEqual(t, l.size(), held)
		if l.size() > before {
			require.LessOrEqual(t, l.size(), max(2*held, held+minAhead))
		}
	}
	for n := raft.Index(few); l.disk.names[firstSegment] == l.disk.bytes.Load(); n++ {
		l.save(n+1, size)
	}
	l.disk.close()
	require.Equal(t, l.disk.names[firstSegment], l.size())
	total := l.disk.bytes.Load()
	l = openLogged(t, dir)
	require.Nil(t, l.Torn)
	require.Equal(t, total, l.disk.bytes.Load())
}

// A crash leaves any sectors of what was being written, and zeros for the others: all that was durable before is found, no more than was
// written, and what is appended then is found as well.
func TestACrashAmidZeros(t *testing.T) {
	const size = 1500
	dir := t.TempDir()
	l := openLogged(t, dir)
	l.save(1, size)
	l.save(2, size)
	durable := l.disk.names[firstSegment]
	l.save(3, size)
	written := l.disk.names[firstSegment]
	whole, err := os.ReadFile(filepath.Join(dir, firstSegment))
	require.NoError(t, err)
	const sector = 512
	first, last := durable/sector, (written-1)/sector
	require.Equal(t, int64(3), last-first, "sectors that the last entry touches")
	for lost := range 1 << (last - first + 1) {
		for _, length := range []int64{int64(len(whole)), written, durable} { // the longer file may not have become durable either
			if length == durable && lost > 0 {
				continue // there is nothing to lose
			}
			t.Run(fmt.Sprintf("%04b of %d", lost, length), func(t *testing.T) {
				t.Parallel() // it waits for the disk
				image := bytes.Clone(whole[:length])
				for k := first; k <= last; k++ {
					if lost>>(k-first)&1 != 0 {
						clear(image[min(length, max(durable, k*sector)):min(length, (k+1)*sector)])
					}
				}
				dir := t.TempDir()
				require.NoError(t, os.WriteFile(filepath.Join(dir, firstSegment), image, 0o600))
				l := openLogged(t, dir)
				there := raft.Index(2)
				if bytes.Equal(image[:min(length, written)], whole[:written]) { // what was lost was zeros
					there = 3
				}
				require.EqualValues(t, there, len(l.Entries))
				l.save(there+1, size)
				l.save(there+2, size)
				l = openLogged(t, dir)
				require.Nil(t, l.Torn)
				require.EqualValues(t, there+2, len(l.Entries))
			})
		}
	}
}
