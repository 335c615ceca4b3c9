package draw

import (
	"time"

	"raftsim/raft"
	"raftsim/scenarios/script"
)

// fault is a class of faults: in how many worlds of a hundred it is on, and how often at most it happens in one.
type fault struct {
	name  string
	share int
	most  int
	add   func(*world, dice)
}

var faults = []fault{
	{"crash", 50, 5, (*world).crash},
	{"crash again", 15, 3, (*world).crashAgain},
	{"stay down", 25, 2, (*world).stayDown},
	{"pause", 30, 4, (*world).pause},
	{"partition", 40, 4, (*world).partition},
	{"cut", 35, 4, (*world).cut},
	{"slow links", 30, 3, (*world).slowLinks},
	{"short timeouts", 25, 2, (*world).timeouts},
	{"early timeouts", 40, 6, (*world).timeout},
	{"clock", 25, 3, (*world).clock},
	{"transfer", 25, 4, (*world).transfer},
	{"snapshot", 20, 4, (*world).snapshot},
	{"burst", 30, 3, (*world).burst},
	{"slow disk", 20, 3, (*world).slowDisk},
	{"full disk", 15, 2, (*world).fullDisk},
	{"failing sync", 15, 2, (*world).failingSync},
	{"unsynced", 25, 3, (*world).unsynced},
	{"hold", 30, 4, (*world).hold},
	{"timers", 20, 3, (*world).timers},
}

// somebody draws a single node.
func (w *world) somebody(d dice) script.Selector {
	n := w.s.Cluster.Nodes
	if n == 1 {
		return named(1)
	}
	kind := one(d, script.SelNode, script.SelLeader, script.SelFollower, script.SelLeader, script.SelCandidate)
	if kind == script.SelNode {
		return named(d.between(1, n))
	}
	return script.Selector{Kind: kind}
}

// some draws one node or several, all of them at the worst.
func (w *world) some(d dice) script.Selector {
	n := w.s.Cluster.Nodes
	switch {
	case n == 1:
		return named(1)
	case n < 3 || d.chance(50):
		return w.somebody(d)
	}
	return one(d,
		script.Selector{Kind: script.SelRandom, Count: d.between(1, n)}, script.Selector{Kind: script.SelMinority},
		script.Selector{Kind: script.SelFollowers}, script.Selector{Kind: script.SelMajority}, script.Selector{Kind: script.SelAll})
}

func named(number int) script.Selector {
	return script.Selector{Kind: script.SelNode, Node: raft.NodeID(number)}
}

func list(of ...script.Selector) script.Selector {
	return script.Selector{Kind: script.SelList, List: of}
}

func (w *world) crash(d dice) {
	w.add(d.window(w.s.Duration, 2*time.Second), script.Crash{Nodes: w.some(d)})
}

// crashAgain crashes who has just come back, or is about to.
func (w *world) crashAgain(d dice) {
	who, t := w.some(d), d.window(w.s.Duration, time.Second)
	for range d.between(2, 4) {
		if t.To >= w.s.Duration {
			return
		}
		w.add(t, script.Crash{Nodes: who})
		t.From = min(t.To+d.time(0, 30*time.Millisecond), w.s.Duration-time.Millisecond)
		t.To = min(t.From+d.time(time.Millisecond, 200*time.Millisecond), w.s.Duration)
	}
}

// stayDown crashes one node for good, or, when no more may be lost, until all are restarted. That one goes by its name: a
// crash that waits for somebody could come after the restart.
func (w *world) stayDown(d dice) {
	t := d.moment(w.s.Duration)
	if w.loss > 0 && d.chance(50) {
		w.loss--
		w.add(t, script.Crash{Nodes: w.somebody(d)})
		return
	}
	w.add(t, script.Crash{Nodes: named(d.between(1, w.s.Cluster.Nodes))})
	t.From = d.time(t.From, w.s.Duration)
	w.add(t, script.Restart{Nodes: script.Selector{Kind: script.SelAll}})
}

func (w *world) pause(d dice) {
	w.add(d.window(w.s.Duration, 1500*time.Millisecond), script.Pause{Nodes: w.some(d)})
}

func (w *world) partition(d dice) {
	n := w.s.Cluster.Nodes
	if n < 2 {
		return
	}
	rest := script.Selector{Kind: script.SelRest}
	groups := []script.Selector{list(w.somebody(d)), rest}
	switch k := d.below(5); {
	case k == 1 && n >= 3:
		groups = []script.Selector{{Kind: script.SelMinority}, rest}
	case k == 2 && n >= 3:
		groups = []script.Selector{list(script.Selector{Kind: script.SelLeader}, script.Selector{Kind: script.SelFollower}), rest}
	case k == 3 && n >= 3:
		groups = []script.Selector{{Kind: script.SelRandom, Count: d.between(1, n-1)}, rest}
	case k == 4: // everybody alone
		groups = nil
		for i := range n {
			groups = append(groups, named(i+1))
		}
	}
	w.add(d.window(w.s.Duration, 2*time.Second), script.Partition{Groups: groups})
}

// cut cuts links one way: from one node or to it, to one other or all.
func (w *world) cut(d dice) {
	n := w.s.Cluster.Nodes
	if n < 2 {
		return
	}
	leader, followers := script.Selector{Kind: script.SelLeader}, script.Selector{Kind: script.SelFollowers}
	follower := script.Selector{Kind: script.SelFollower}
	a, b := w.pair(d)
	c := one(d,
		script.Cut{From: a, To: b}, script.Cut{From: leader, To: follower}, script.Cut{From: follower, To: leader},
		script.Cut{From: leader, To: followers}, script.Cut{From: followers, To: leader},
		script.Cut{From: a, To: script.Selector{Kind: script.SelRest}})
	w.add(d.window(w.s.Duration, 2*time.Second), c)
}

// slowLinks has links lose, repeat, overtake and be slow, for a while.
func (w *world) slowLinks(d dice) {
	var c script.NetworkChange
	if d.chance(50) {
		v := one(d, span(1*time.Millisecond, 40*time.Millisecond), span(20*time.Microsecond, 200*time.Microsecond),
			span(50*time.Millisecond, 100*time.Millisecond), span(time.Millisecond, 400*time.Millisecond))
		c.Latency = &v
	}
	for _, to := range []**script.PPM{&c.Loss, &c.Duplicate, &c.Reorder} {
		if d.chance(40) {
			v := percent(one(d, 5, 20, 50, 90))
			*to = &v
		}
	}
	if c == (script.NetworkChange{}) {
		v := percent(10)
		c.Loss = &v
	}
	on := script.Selector{Kind: script.SelAll}
	if d.chance(50) {
		on = w.somebody(d)
	}
	w.add(d.window(w.s.Duration, 2*time.Second), script.SetNetwork{Change: c}, on)
}

// timeouts has nodes time out sooner than messages travel.
func (w *world) timeouts(d dice) {
	v := one(d, span(50*time.Millisecond, 100*time.Millisecond), span(20*time.Millisecond, 40*time.Millisecond),
		span(5*time.Millisecond, 20*time.Millisecond))
	on := script.Selector{Kind: script.SelAll}
	if d.chance(50) {
		on = w.somebody(d)
	}
	w.add(d.window(w.s.Duration, time.Second), script.SetTimeouts{Election: &v}, on)
}

// timeout has election timers fire now.
func (w *world) timeout(d dice) {
	w.add(d.moment(w.s.Duration), script.FireTimeout{Nodes: w.some(d)})
}

// clock has clocks run fast or slow, or jump. Where reads are by lease, clocks keep to the bound that leases count with.
func (w *world) clock(d dice) {
	who := w.some(d)
	if c := &w.s.Cluster; c.Reads == script.ReadsLease {
		drift := int64(d.below(int(c.ClockDrift) + 1))
		if d.chance(50) {
			drift = -drift
		}
		w.add(d.window(w.s.Duration, w.s.Duration), script.SetClock{Drift: &drift}, who)
		return
	}
	if d.chance(50) {
		jump := d.time(time.Millisecond, one(d, 50*time.Millisecond, 500*time.Millisecond, 3*time.Second))
		if d.chance(50) {
			jump = -jump
		}
		w.add(d.moment(w.s.Duration), script.SetClock{Jump: jump}, who)
		return
	}
	drift := int64(percent(one(d, 1, 5, 20, 50)))
	if d.chance(50) {
		drift = -drift
	}
	w.add(d.window(w.s.Duration, 2*time.Second), script.SetClock{Drift: &drift}, who)
}

func (w *world) transfer(d dice) {
	n := w.s.Cluster.Nodes
	if n < 2 {
		return
	}
	to := script.Selector{Kind: script.SelFollower}
	if d.chance(30) {
		to = named(d.between(1, n))
	}
	w.add(d.moment(w.s.Duration), script.Transfer{To: to})
}

func (w *world) snapshot(d dice) {
	w.add(d.moment(w.s.Duration), script.Snapshot{Nodes: w.some(d)})
}

func (w *world) burst(d dice) {
	b := script.Burst{Requests: one(d, 10, 20, 40), Within: one(d, 0, 50*time.Millisecond, 300*time.Millisecond)}
	t := d.moment(w.s.Duration)
	if b.Within > w.s.Duration-t.From {
		b.Within = 0
	}
	w.add(t, b)
}
