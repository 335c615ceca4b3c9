package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Nodes take up certificates that are renewed while they run. Until then one that has expired is refused, and everybody says why.
func TestCertificatesAreRenewed(t *testing.T) {
	t.Parallel() // it mostly waits
	dir := filepath.Join(t.TempDir(), "certs")
	var out bytes.Buffer
	make := func(days int, now time.Time) {
		f := certsFlags{dir: dir, nodes: nodes{1: "127.0.0.1", 2: "127.0.0.1", 3: "127.0.0.1"}, clients: []string{"me"}, days: days, force: true}
		require.NoError(t, makeCerts(streams{out: &out, err: &out}, &f, now))
	}
	make(365, time.Now()) // of which the authority stays
	const life = 5 * time.Second
	expire := time.Now().Add(life)
	make(1, expire.AddDate(0, 0, -1))

	c := newCluster(t, 3)
	defer c.keepLogs(t)
	start := func(k int) {
		c.flags = tlsOf(dir, fmt.Sprintf("n%d", k+1))
		c.start(t, k)
	}
	for k := range c.nodes {
		start(k)
	}
	ask := func(args ...string) said {
		return raftd(t, append(append(args, "--endpoints", strings.Join(c.addresses[:2], ","), "--timeout", "30s"), tlsOf(dir, "me")...)...)
	}
	got := ask("put", "color", "blue")
	require.Zero(t, got.code, got.err)
	c.nodes[2].kill()

	time.Sleep(time.Until(expire.Add(time.Second))) // a certificate counts in seconds
	got = ask("get", "color")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.err, "me.crt expired on ")
	start(2)
	require.Equal(t, exitFailed, c.nodes[2].exits(t))
	require.Contains(t, c.nodes[2].errors.String(), "n3.crt expired on ")

	// The client's is new, and the node's is not yet: it is the node's that is at fault.
	old := t.TempDir()
	require.NoError(t, os.CopyFS(old, os.DirFS(dir)))
	make(365, time.Now())
	for _, file := range []string{"n1.crt", "n1.key", "n2.crt", "n2.key"} {
		require.NoError(t, os.Rename(filepath.Join(dir, file), filepath.Join(old, file+".new")))
	}
	got = raftd(t, append([]string{"get", "color", "--endpoints", c.addresses[0], "--timeout", "1s"}, tlsOf(dir, "me")...)...)
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "certificate has expired")
	start(2)
	c.nodes[2].mentions(t, "cannot reach Node n1: ", "certificate has expired")

	for _, file := range []string{"n1.crt", "n1.key", "n2.crt", "n2.key"} {
		require.NoError(t, os.Rename(filepath.Join(old, file+".new"), filepath.Join(dir, file)))
	}
	for _, n := range c.nodes[:2] {
		n.mentions(t, "takes up the certificate ", "which is good until ")
	}
	got = ask("get", "color")
	require.Equal(t, said{0, "blue\n", ""}, got)
	eventually(t, "all nodes reach each other", func() bool {
		got = ask("status")
		return got.code == 0 && !strings.Contains(got.out, "no:")
	})
}

// mentions waits for a line of the node's log that holds these words.
func (n *node) mentions(t *testing.T, words ...string) {
	t.Helper()
	eventually(t, "the node says: "+strings.Join(words, " … "), func() bool {
		n.mu.Lock()
		defer n.mu.Unlock()
	lines:
		for _, line := range n.lines {
			for _, w := range words {
				if !strings.Contains(line, w) {
					continue lines
				}
			}
			return true
		}
		return false
	})
}
