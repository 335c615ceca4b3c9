package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// earlier is the commit of the version that is upgraded from: the last with which this one shares the protocol between nodes and the
// formats on the disk, and that differs in the rest.
const earlier = "9e5b05cc40cc6074a43fef770956c9d3089e01e0"

// What an earlier version left on the disk, as of a crash of all nodes, is read by this one: all that was acknowledged is there, and the
// cluster goes on from it.
func TestDataOfAnEarlierVersion(t *testing.T) {
	c := newCluster(t, 3)
	for k := range c.nodes {
		require.NoError(t, os.CopyFS(c.data(k), os.DirFS(filepath.Join("testdata", "earlier", fmt.Sprintf("n%d", k+1)))))
		c.start(t, k)
	}
	defer c.keepLogs(t)
	s := c.client(t).Session()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	holds := func(key, value string) {
		t.Helper()
		got, err := s.Get(ctx, key)
		require.NoError(t, err)
		require.Equal(t, value, got)
	}
	var list strings.Builder
	for n := range 75 {
		fmt.Fprintf(&list, "<%d>", n+1)
	}
	holds("earlier/list", list.String())
	holds("earlier/color", "green")
	holds("earlier/gone", "")
	l := startLoad(t, c, 3)
	l.progress(t, 300) // beyond the next snapshot
	l.judge(t, c)
	c.agree(t)
}

// A cluster of the earlier version becomes one of this version under load, a node at a time; each comes back on its own log and snapshots,
// among nodes of both versions. The last is killed instead of stopped.
func TestRollingUpgrade(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3)
	c.program = buildEarlier(t)
	for k := range c.nodes {
		c.start(t, k)
	}
	defer c.keepLogs(t)
	cl := c.client(t)
	c.leader(t, cl)
	l := startLoad(t, c, 4)
	l.progress(t, 300)
	c.program = ""
	for k := range c.nodes {
		if k < 2 {
			c.nodes[k].signal(syscall.SIGTERM)
			require.Equal(t, exitDone, c.nodes[k].exits(t))
		} else {
			c.nodes[k].kill()
		}
		l.progress(t, 50)
		c.start(t, k)
		eventually(t, "the node is back", func() bool { s := c.status(t, cl)[k]; return s != nil && s.Leader != 0 })
		l.progress(t, 50)
	}
	l.judge(t, c)
	c.agree(t)
}

// buildEarlier makes raftd of the earlier version, from the repository's history.
func buildEarlier(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	archive := exec.Command("git", "archive", "--output", filepath.Join(dir, "source.tar"), earlier)
	archive.Dir = filepath.Join("..", "..")
	if out, err := archive.CombinedOutput(); err != nil {
		t.Skipf("skipped: the source of the earlier version is in the repository's history, which is not here: %v: %s", err, out)
	}
	for _, cmd := range []*exec.Cmd{
		exec.Command("tar", "-xf", "source.tar"), exec.Command("go", "build", "-o", "raftd-earlier", "./cmd/raftd"),
	} {
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("skipped: the earlier version cannot be built, which takes tar and go: %v: %s", err, out)
		}
	}
	return filepath.Join(dir, "raftd-earlier")
}
