package main

import (
	"testing"
)

// Links are cut while clients work: one between the leader and a follower, which disturbs nobody; all that lead to the leader, which
// then hears of nobody, though all hear it, and steps down; and all of the leader's, both ways. Whoever can goes on each time.
func TestCutLinks(t *testing.T) {
	c := newCluster(t, 3)
	r := relayed(t, c)
	for k := range c.nodes {
		c.start(t, k)
	}
	defer c.keepLogs(t)
	cl := c.client(t)
	leader := c.leader(t, cl)
	term := c.status(t, cl)[leader].Term
	l := startLoad(t, c, 6)
	l.progress(t, 20)

	follower := (leader + 1) % len(c.nodes)
	one := []link{{leader, follower}, {follower, leader}}
	r.set(true, one...)
	l.progress(t, 50)
	eventually(t, "the follower misses its leader", func() bool { s := c.status(t, cl)[follower]; return s != nil && s.Leader == 0 })
	l.progress(t, 50)
	if s := c.status(t, cl)[leader]; s == nil || s.Role != "leader" || s.Term != term {
		t.Fatalf("who cannot hear the leader deposed it: %v", s)
	}
	r.set(false, one...)
	l.progress(t, 20)

	for _, bothWays := range []bool{false, true} {
		leader = c.leader(t, cl)
		var links []link
		for k := range c.nodes {
			if k == leader {
				continue
			}
			if links = append(links, link{k, leader}); bothWays {
				links = append(links, link{leader, k})
			}
		}
		r.set(true, links...)
		eventually(t, "the leader gives up", func() bool { s := c.status(t, cl)[leader]; return s != nil && s.Role != "leader" })
		if l.progress(t, 50); c.leader(t, cl) == leader {
			t.Fatal("a node leads that hears of nobody")
		}
		r.set(false, links...)
		l.progress(t, 20)
	}
	l.judge(t, c)
	c.agree(t)
}
