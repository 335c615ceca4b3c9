//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a leader keeps for a follower that is away does not grow with what is written in the meantime, neither when the follower
// is stopped, its connections open and nobody reading from them, nor when its process is gone. When it is back it catches up.
func TestMemoryWhileAFollowerIsAway(t *testing.T) {
	if testing.Short() {
		t.Skip("takes its time; and with the race detector a node has twice the memory")
	}
	t.Setenv("GOGC", "") // nodes are as they are shipped, however the tests are run
	c := startCluster(t, 3)
	defer c.keepLogs(t)
	cl := c.client(t)
	leader := c.leader(t, cl)
	away := (leader + 1) % len(c.nodes)
	// A leader has some 230 MiB at the most, and as much after a gigabyte: what waits for the follower, and as many bytes again that
	// the collector has yet to find.
	const value, bound = 64 << 10, 320 << 20 // bytes
	write := func(megabytes int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		var work sync.WaitGroup
		for w := range 8 {
			s := c.client(t).Session()
			work.Go(func() {
				for n := range megabytes << 20 / value / 8 {
					if err := s.Put(ctx, fmt.Sprintf("key%d", w), strings.Repeat(strconv.Itoa(n%10), value)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		work.Wait()
		if t.Failed() {
			t.FailNow()
		}
	}
	c.nodes[away].signal(syscall.SIGSTOP)
	write(256)
	require.Less(t, c.nodes[leader].memory(t), bound, "bytes of memory, after 256 MiB while a follower was stopped")
	c.nodes[away].kill()
	write(64)
	require.Less(t, c.nodes[leader].memory(t), bound, "bytes of memory, after 64 MiB more while it was gone")
	c.start(t, away)
	c.agree(t)
}

// memory is how many bytes a node's process has in memory, at the most it ever had.
func (n *node) memory(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.cmd.Process.Pid))
	if err != nil {
		t.Skipf("skipped: how much memory a process has is told by /proc, which is not here: %v", err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kB, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	t.Logf("%d MiB", kB>>10)
	return kB << 10
}
