package draw

import (
	"time"

	"raftsim/scenarios/script"
)

// hold has messages wait: those of one link, of all from a node, or of all to it.
func (w *world) hold(d dice) {
	n := w.s.Cluster.Nodes
	if n < 2 {
		return
	}
	leader, followers := script.Selector{Kind: script.SelLeader}, script.Selector{Kind: script.SelFollowers}
	follower, all := script.Selector{Kind: script.SelFollower}, script.Selector{Kind: script.SelAll}
	a, b := w.pair(d)
	h := one(d,
		script.Hold{From: a, To: b}, script.Hold{From: leader, To: follower}, script.Hold{From: follower, To: leader},
		script.Hold{From: leader, To: followers}, script.Hold{From: followers, To: leader}, script.Hold{From: a, To: all},
		script.Hold{From: all, To: a})
	w.add(d.window(w.s.Duration, 1500*time.Millisecond), h)
}

// pair draws two nodes, of which there are at least two.
func (w *world) pair(d dice) (a, b script.Selector) {
	n := w.s.Cluster.Nodes
	first := d.between(1, n)
	return named(first), named((first+d.below(n-1))%n + 1)
}

// timers has timers fire late, or early, or either.
func (w *world) timers(d dice) {
	by := func() *script.DurationRange {
		v := one(d, span(0, 10*time.Millisecond), span(0, 50*time.Millisecond), span(20*time.Millisecond, 20*time.Millisecond),
			span(0, 300*time.Millisecond))
		return &v
	}
	var t script.SetTimers
	k := d.below(3)
	if k != 1 {
		t.Late = by()
	}
	if k != 0 {
		t.Early = by()
	}
	w.add(d.window(w.s.Duration, 2*time.Second), t, w.some(d))
}
