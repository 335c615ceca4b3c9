package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// smallDisk mounts a disk of so many bytes on a folder, until the end of the test. Where that is not permitted the test is skipped.
func smallDisk(t *testing.T, dir, size string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o700))
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "raftd-test", dir).CombinedOutput(); err != nil {
		t.Skipf("skipped: a small disk cannot be mounted here, which takes root: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("%s stays mounted: %v: %s", dir, err, out)
		}
	})
}

// fillDisk writes a file until no byte more has room.
func fillDisk(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	for size := 64 << 10; size > 0; {
		if n, err := f.Write(make([]byte, size)); err != nil {
			require.ErrorIs(t, err, syscall.ENOSPC)
			if n == 0 {
				size /= 2
			}
		}
	}
}

// The disk of the leader fills up under load: it ends with an error that says so, and takes no more; the others go on. As long as
// the disk is full it ends again when it is started, and once there is room it is back with all it promised. Then the same befalls a
// majority, and nothing is acknowledged before there is room for it.
func TestFullDisk(t *testing.T) {
	c := newCluster(t, 3)
	for k := range c.nodes {
		smallDisk(t, c.data(k), "24m")
	}
	for k := range c.nodes {
		c.start(t, k)
	}
	defer func() { // before the disks go
		for _, n := range c.nodes {
			n.kill()
		}
	}()
	defer c.keepLogs(t)
	full := func(k int) string { return filepath.Join(c.data(k), "full") }
	endsFull := func(k int) {
		t.Helper()
		require.Equal(t, exitFailed, c.nodes[k].exits(t))
		require.Contains(t, c.nodes[k].errors.String(), "no space left on device")
		require.Contains(t, c.nodes[k].errors.String(), "then start the node again")
	}
	cl := c.client(t)
	leader := c.leader(t, cl)
	l := startLoad(t, c, 6)
	l.progress(t, 50)

	fillDisk(t, full(leader))
	endsFull(leader)
	l.progress(t, 50)
	c.start(t, leader)
	endsFull(leader)
	l.progress(t, 20)
	require.NoError(t, os.Remove(full(leader)))
	c.start(t, leader)
	l.progress(t, 50)

	others := []int{(leader + 1) % 3, (leader + 2) % 3}
	for _, k := range others {
		fillDisk(t, full(k))
	}
	for _, k := range others {
		endsFull(k)
	}
	for _, k := range others {
		require.NoError(t, os.Remove(full(k)))
		c.start(t, k)
	}
	l.progress(t, 50)
	l.judge(t, c)
	c.agree(t)
}
