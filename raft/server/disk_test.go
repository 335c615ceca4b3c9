package server

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft/server/client"
	"raftsim/raft/snapshot"
	"raftsim/raft/wal"
)

// ended are the syncs that ended, in order.
type ended struct {
	ticket wal.SyncTicket
	err    error
}

// newDisk returns a disk on a folder, and where the ends of its syncs come.
func newDisk(t *testing.T, dir string) (*disk, chan ended) {
	t.Helper()
	done := make(chan ended, 100)
	d, err := openDisk(dir, func(ticket wal.SyncTicket, err error) { done <- ended{ticket, err} }, func(time.Duration) {})
	require.NoError(t, err)
	t.Cleanup(d.close)
	return d, done
}

// What was appended before a sync is in the file when the sync has ended, in order.
func TestASyncMakesWhatWasAppendedDurable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	d, done := newDisk(t, dir)
	f, err := d.Create("a")
	require.NoError(t, err)
	p := []byte("one ")
	require.NoError(t, f.Append(p))
	copy(p, "xxxx") // the disk keeps nothing of it
	require.NoError(t, f.Append([]byte("two")))
	f.Sync(1)
	d.SyncDir(2)
	require.Equal(t, ended{1, nil}, <-done)
	require.Equal(t, ended{2, nil}, <-done)
	text, err := os.ReadFile(filepath.Join(dir, "a"))
	require.NoError(t, err)
	require.Equal(t, "one two", string(text))
	require.EqualValues(t, 7, d.bytes.Load())

	require.NoError(t, f.Truncate(3))
	require.NoError(t, f.Append([]byte("!")))
	require.NoError(t, f.Close())
	require.NoError(t, d.Rename("a", "b"))
	d.SyncDir(3)
	require.Equal(t, ended{3, nil}, <-done)
	again, _ := newDisk(t, dir)
	names, err := again.List()
	require.NoError(t, err)
	require.Equal(t, []string{"b"}, names)
	text, err = again.ReadFile("b")
	require.NoError(t, err)
	require.Equal(t, "one!", string(text))
	require.EqualValues(t, 4, again.bytes.Load())
	require.NoError(t, again.Remove("b"))
	require.Zero(t, again.bytes.Load())
}

// Names are right at once, though the work is done later.
func TestNamesOfADisk(t *testing.T) {
	d, _ := newDisk(t, t.TempDir())
	_, err := d.Create("a")
	require.NoError(t, err)
	_, err = d.Create("a")
	require.ErrorIs(t, err, fs.ErrExist)
	_, err = d.Open("b")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorIs(t, d.Remove("b"), fs.ErrNotExist)
	require.ErrorIs(t, d.Rename("b", "c"), fs.ErrNotExist)
	_, err = d.ReadFile("b")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// What fails is told with the next sync, and again with every one after it: what is on the disk is not known any more.
func TestAFailureIsToldWithTheNextSync(t *testing.T) {
	dir := t.TempDir()
	d, done := newDisk(t, dir)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "a"), 0o700)) // behind the disk's back
	f, err := d.Create("a")
	require.NoError(t, err)
	require.NoError(t, f.Append([]byte("x")))
	for ticket := range wal.SyncTicket(2) {
		f.Sync(ticket + 1)
		e := <-done
		require.Equal(t, ticket+1, e.ticket)
		require.ErrorIs(t, e.err, fs.ErrExist)
	}
	require.NoError(t, d.Rename("a", "missing/b"))
	d.SyncDir(3)
	require.Error(t, (<-done).err)
	require.NoError(t, f.Close())
}

// A snapshot that takes long to write holds up no entry.
func TestSnapshotsHoldUpNoEntry(t *testing.T) {
	d, done := newDisk(t, t.TempDir())
	slow, release := make(chan struct{}), make(chan struct{})
	d.snaps.do(func() { close(slow); <-release })
	<-slow
	snap, err := d.Create("00000000000000000001.snap.tmp")
	require.NoError(t, err)
	snap.Sync(snapshot.FirstTicket)
	log, err := d.Create("00000000000000000001.wal")
	require.NoError(t, err)
	log.Sync(1)
	require.Equal(t, ended{1, nil}, <-done)
	close(release)
	require.Equal(t, ended{snapshot.FirstTicket, nil}, <-done)
}

// The log of a node whose disk is full ends the node with an error that says so, and what was acknowledged is there afterwards.
func TestAFullDiskEndsTheNode(t *testing.T) {
	nodes := runCluster(t, 1, nil)
	s := clientOf(t, nodes...).Session()
	require.NoError(t, s.Put(within(t), "key", "value"))
	n := nodes[0]
	full := errors.New("no space left on device")
	n.disk.fail(full)
	ctx, giveUp := context.WithCancel(t.Context())
	gaveUp := make(chan error, 1)
	go func() { gaveUp <- s.Put(ctx, "key", "lost") }()
	<-n.ended
	giveUp() // otherwise it would be repeated when the node is back
	var unknown *client.UnknownError
	require.ErrorAs(t, <-gaveUp, &unknown)
	require.ErrorIs(t, n.err, full)
	require.ErrorContains(t, n.err, "check the disk, then start the node again")
	again := run(t, n.cfg)
	value, err := clientOf(t, again).Session().Get(within(t), "key")
	require.NoError(t, err)
	require.Equal(t, "value", value)
}
