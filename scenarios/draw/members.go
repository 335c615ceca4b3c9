package draw

import (
	"slices"
	"time"

	"raftsim/scenarios/script"
)

// mostJoiners is how many nodes come new to a world, at most.
const mostJoiners = 2

// members draws who loses its disk, who leaves and who joins. Together with nodes that stay down, those lost are fewer
// than would break a quorum of the nodes there were at first, whichever of the changes come about.
func (w *world) members() {
	if d := w.roll("wipe"); d.chance(25) {
		for range d.between(1, 2) {
			w.wipe(d)
		}
	}
	// Who left and does not know it yet disturbs those who stay, unless they are deaf to it (Raft dissertation §4.2.3).
	if d := w.roll("remove"); w.s.Cluster.CheckQuorum && d.chance(30) {
		for range d.between(1, 2) {
			w.remove(d)
		}
	}
	if d := w.roll("join"); d.chance(25) {
		w.join(d)
	}
	if d := w.roll("swap"); w.s.Cluster.CheckQuorum && d.chance(50) {
		w.swap(d)
	}
}

// swap has a node leave for those who join, if any do and there is one to spare.
func (w *world) swap(d dice) {
	for i := range w.s.Timeline {
		j, ok := w.s.Timeline[i].Action.(script.Join)
		if !ok || j.Learner || w.loss == 0 || !newcomers(j, w.s.Cluster.Nodes) {
			continue
		}
		w.loss--
		leaves := one(d, script.Selector{Kind: script.SelFollower}, script.Selector{Kind: script.SelLeader}, named(d.between(1, w.s.Cluster.Nodes)))
		j.InsteadOf = &leaves
		w.s.Timeline[i].Action = j
	}
}

// newcomers says whether those who join are not of the first n nodes.
func newcomers(j script.Join, n int) bool {
	return !slices.ContainsFunc(append([]script.Selector{j.Nodes}, j.Nodes.List...), func(s script.Selector) bool { return s.Kind == script.SelNode && int(s.Node) <= n })
}

// wipe erases a disk. Who was wiped by its name may join again.
func (w *world) wipe(d dice) {
	n := w.s.Cluster.Nodes
	if w.loss == 0 {
		return
	}
	w.loss--
	t := d.window(w.s.Duration, time.Second)
	if d.chance(50) {
		t = d.moment(w.s.Duration)
	}
	if d.chance(25) {
		w.add(t, script.Wipe{Nodes: script.Selector{Kind: script.SelLeader}})
		return
	}
	who := named(d.between(1, n))
	w.add(t, script.Wipe{Nodes: who})
	if d.chance(70) {
		w.add(d.after(t, w.s.Duration), script.Join{Nodes: who})
	}
}

// remove has a node leave. Who left by its name may join again.
func (w *world) remove(d dice) {
	if w.loss == 0 {
		return
	}
	w.loss--
	t := d.moment(w.s.Duration)
	if d.chance(50) {
		w.add(t, script.Remove{Nodes: one(d, script.Selector{Kind: script.SelFollower}, script.Selector{Kind: script.SelLeader})})
		return
	}
	who := named(d.between(1, w.s.Cluster.Nodes))
	w.add(t, script.Remove{Nodes: who})
	if d.chance(50) {
		w.add(d.after(t, w.s.Duration), script.Join{Nodes: who})
	}
}

// join has new nodes come, together or one after the other, as learners at first or for good.
func (w *world) join(d dice) {
	var who []script.Selector
	for i := range d.between(1, mostJoiners) {
		who = append(who, named(w.s.Cluster.Nodes+1+i))
	}
	if len(who) > 1 && d.chance(50) {
		w.add(d.moment(w.s.Duration), script.Join{Nodes: list(who...)})
		return
	}
	for _, n := range who {
		t := d.moment(w.s.Duration)
		learner := d.chance(30)
		w.add(t, script.Join{Nodes: n, Learner: learner})
		if learner && d.chance(50) {
			w.add(d.after(t, w.s.Duration), script.Join{Nodes: n})
		}
	}
}

// after draws a time not before the end of another.
func (d dice) after(t script.Trigger, end time.Duration) script.Trigger {
	return script.Trigger{Kind: script.At, From: d.time(max(t.From, t.To), end)}
}
