//go:build unix

package main

import (
	"flag"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

var kills = flag.Int("kills", 4, "how often nodes are killed under load")

// Nodes are killed with SIGKILL under load, the leader every other time, and then all at once: what was acknowledged is
// there, and what the clients saw is linearizable.
func TestKilledUnderLoad(t *testing.T) {
	c := startCluster(t, 3)
	defer c.keepLogs(t)
	cl := c.client(t)
	c.leader(t, cl)
	l := startLoad(t, c, 6)
	l.progress(t, 20)
	rounds := *kills
	if testing.Short() {
		rounds = min(rounds, 2)
	}
	for k := range rounds {
		victim := k % len(c.nodes)
		if k%2 == 0 {
			victim = c.leader(t, cl)
		}
		c.nodes[victim].kill()
		l.progress(t, 30)
		c.start(t, victim)
		l.progress(t, 10)
	}
	for k := range c.nodes {
		c.nodes[k].signal(syscall.SIGKILL)
	}
	for k := range c.nodes {
		c.nodes[k].kill()
		c.start(t, k)
	}
	l.progress(t, 30)
	l.judge(t, c)
	c.agree(t)
}

// A leader that is stopped for a while, and does not know it, serves nothing old when it goes on.
func TestPausedLeader(t *testing.T) {
	c := startCluster(t, 3)
	defer c.keepLogs(t)
	cl := c.client(t)
	paused := c.leader(t, cl)
	l := startLoad(t, c, 6)
	l.progress(t, 20)
	c.nodes[paused].signal(syscall.SIGSTOP)
	l.progress(t, 50)
	c.nodes[paused].signal(syscall.SIGCONT)
	l.progress(t, 50)
	l.judge(t, c)
	c.agree(t)
}

// Nodes are stopped in good order one after the other, and started again: a leader hands leadership over, and each exits with
// 0 and is a member as before.
func TestRollingRestart(t *testing.T) {
	c := startCluster(t, 3)
	defer c.keepLogs(t)
	cl := c.client(t)
	l := startLoad(t, c, 4)
	for range c.nodes {
		l.progress(t, 20)
		k := c.leader(t, cl)
		c.nodes[k].signal(syscall.SIGTERM)
		require.Equal(t, exitDone, c.nodes[k].exits(t))
		c.nodes[k].says(t, "goes down")
		require.NotEqual(t, k, c.leader(t, cl))
		c.start(t, k)
	}
	l.progress(t, 20)
	l.judge(t, c)
	c.agree(t)
}
