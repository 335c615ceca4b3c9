package draw

import (
	"time"

	"raftsim/scenarios/script"
)

// mostChanges is at how many moments a world of [Priority] leaves the calm, at most.
const mostChanges = 6

// Priority draws the scenario of a seed after probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi and Nagarakatte, ASPLOS 2010):
// a bug of depth d needs d things to happen in one order, and few forced delays find it where much noise does not. The world is
// calm, its messages all as fast as each other, but for a few moments: a node or link is held back, or a timer fires.
func Priority(seed uint64) *script.Scenario {
	w := begin(seed, "fuzz-priority")
	d := w.roll("cluster")
	w.s.Duration = d.time(time.Second, one(d, 3*time.Second, 2*time.Second, 5*time.Second))
	c := &w.s.Cluster
	c.Nodes = one(d, 3, 3, 3, 3, 5, 5, 4)
	c.ElectionTimeout, c.Heartbeat = span(150*time.Millisecond, 300*time.Millisecond), 50*time.Millisecond
	c.PreVote, c.CheckQuorum = d.chance(30), d.chance(30)
	c.Reads = one(d, script.ReadsLog, script.ReadsIndex)
	if d.chance(30) {
		c.SnapshotEvery, c.SnapshotKeep = one(d, 30, 10), one(d, 5, 0)
	}
	w.s.Network.Latency = span(5*time.Millisecond, 5*time.Millisecond)
	w.clients()
	d = w.roll("changes")
	for range d.between(1, mostChanges) {
		w.change(d)
	}
	return finish(w.s)
}

// change is one moment out of the calm.
func (w *world) change(d dice) {
	n := w.s.Cluster.Nodes
	who := named(d.between(1, n))
	if d.chance(50) {
		who = w.somebody(d)
	}
	t := d.window(w.s.Duration, one(d, 600*time.Millisecond, 100*time.Millisecond, 2*time.Second))
	switch d.below(8) {
	case 0:
		w.add(t, script.Pause{Nodes: who})
	case 1:
		w.add(script.Trigger{Kind: script.At, From: t.From}, script.FireTimeout{Nodes: who})
	case 2:
		w.add(t, script.Crash{Nodes: who})
	case 3:
		late := span(100*time.Millisecond, 100*time.Millisecond)
		w.add(t, script.SetNetwork{Change: script.NetworkChange{Latency: &late}}, who)
	case 4:
		a, b := w.pair(d)
		w.add(t, script.Cut{From: a, To: b})
	case 5:
		w.add(t, script.Partition{Groups: []script.Selector{list(who), {Kind: script.SelRest}}})
	case 6:
		a, b := w.pair(d)
		w.add(t, script.Hold{From: a, To: b})
	case 7:
		w.add(t, script.Hold{From: who, To: script.Selector{Kind: script.SelAll}})
	}
}
