package draw

import (
	"time"

	"raftsim/scenarios/script"
)

// faultKinds are the kinds of records that [Faults] knows beyond those of [Timeouts].
var faultKinds = []kind{
	func(w *world, r record) { w.while(r, script.Crash{Nodes: w.who(r.target)}) },
	func(w *world, r record) { w.while(r, script.Crash{Nodes: script.Selector{Kind: script.SelMajority}}) },
	func(w *world, r record) {
		w.while(r, script.Partition{Groups: []script.Selector{list(w.who(r.target)), {Kind: script.SelRest}}})
	},
	func(w *world, r record) {
		a, b := w.link(r.target)
		w.while(r, script.Cut{From: a, To: b})
	},
	func(w *world, r record) { w.while(r, script.Cut{From: w.who(r.target), To: all}) },
	func(w *world, r record) { w.while(r, script.Cut{From: all, To: w.who(r.target)}) },
	(*world).scheduledNetwork,
	(*world).scheduledClock,
	(*world).scheduledDisk,
	func(w *world, r record) { // crashed while the fate of what was not synced is known
		fate := []script.Fate{script.FateLost, script.FateTorn, script.FateKept}[r.argument%3]
		w.while(r, script.SetDisk{Unsynced: fate}, all)
		w.while(r, script.Crash{Nodes: w.who(r.target)})
	},
	func(w *world, r record) {
		to := w.who(r.target)
		if to.Kind == script.SelLeader {
			to.Kind = script.SelFollower
		}
		w.now(r, script.Transfer{To: to})
	},
	func(w *world, r record) { w.now(r, script.Snapshot{Nodes: w.who(r.target)}) },
	func(w *world, r record) { w.now(r, script.Burst{Requests: 1 + r.argument%32}) },
	(*world).scheduledWipe,
	(*world).scheduledRemoval,
	(*world).scheduledJoin,
	func(w *world, r record) {
		few := span(5*time.Millisecond, 20*time.Millisecond)
		w.while(r, script.SetTimeouts{Election: &few}, all)
	},
}

// scheduledNetwork has the links of a node lose, repeat, overtake or be slow.
func (w *world) scheduledNetwork(r record) {
	share := percent([]int{5, 20, 50, 90}[r.target>>6&3])
	slow := script.DurationRange{Min: 5 * time.Millisecond, Max: []time.Duration{20, 50, 100, 400}[r.target>>6&3] * time.Millisecond}
	change := []script.NetworkChange{{Loss: &share}, {Duplicate: &share}, {Reorder: &share}, {Latency: &slow}}[r.target>>4&3]
	w.while(r, script.SetNetwork{Change: change}, w.who(r.target&15))
}

// scheduledClock has a clock run fast or slow, or jump, within what leases count with.
func (w *world) scheduledClock(r record) {
	who, c := w.who(r.target), &w.s.Cluster
	if k := r.target >> 6 & 3; k < 2 && c.Reads != script.ReadsLease {
		w.while(r, script.SetClock{Jump: []time.Duration{1, -1}[k] * length(r.argument)}, who)
		return
	}
	drift := int64(percent(20))
	if c.Reads == script.ReadsLease {
		drift = int64(c.ClockDrift)
	}
	if r.target&64 != 0 {
		drift = -drift
	}
	w.while(r, script.SetClock{Drift: &drift}, who)
}

// scheduledDisk has a disk be slow, full, or fail to sync.
func (w *world) scheduledDisk(r record) {
	slow, slower := span(20*time.Millisecond, 20*time.Millisecond), span(100*time.Millisecond, 100*time.Millisecond)
	w.while(r, []script.SetDisk{{Sync: &slow}, {Sync: &slower}, {Full: true}, {FailSyncs: true}}[r.target>>6&3], w.who(r.target&63))
}

// scheduledWipe erases a disk, and has who lost it join again, as long as a majority remembers; then it is a crash.
func (w *world) scheduledWipe(r record) {
	if w.loss == 0 {
		w.while(r, script.Crash{Nodes: w.who(r.target)})
		return
	}
	w.loss--
	who := named(r.target%w.s.Cluster.Nodes + 1)
	w.now(r, script.Wipe{Nodes: who})
	r.at += length(r.argument)
	w.now(r, script.Join{Nodes: who})
}

// scheduledRemoval has a node leave, where those who stay are deaf to it and enough; otherwise it is parted from them for a while.
func (w *world) scheduledRemoval(r record) {
	who := w.who(r.target)
	if w.loss == 0 || !w.s.Cluster.CheckQuorum {
		w.while(r, script.Partition{Groups: []script.Selector{list(who), {Kind: script.SelRest}}})
		return
	}
	w.loss--
	w.now(r, script.Remove{Nodes: who})
}

// scheduledJoin has a new node join, as a learner for good, or in the place of another where one may leave.
func (w *world) scheduledJoin(r record) {
	j := script.Join{Nodes: named(w.s.Cluster.Nodes + 1 + r.target%mostJoiners), Learner: r.argument%4 == 3}
	if r.argument%4 == 2 && w.loss > 0 && w.s.Cluster.CheckQuorum {
		w.loss--
		leaves := w.who(r.argument / 4)
		j.InsteadOf = &leaves
	}
	w.now(r, j)
}
