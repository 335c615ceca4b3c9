package scenarios

import (
	"fmt"
	"time"

	"raftsim/raft"
	"raftsim/scenarios/script"
)

// Once the clients have stopped, the world goes on until nothing is left to do, or for this many of the longest
// election timeouts and round trips, counted from when faults that have ended hold nothing up any more. The network stays as lossy as
// the file says.
const settleRounds = 40

// settle lets the replicas come to rest. It returns false when the run is over.
func (r *Run) settle() bool {
	sc := r.scenario
	longest := max(sc.Cluster.ElectionTimeout.Max, sc.Cluster.Lease)
	latency := sc.Network.Latency.Max
	var all []raft.NodeID
	for i := range r.nodes[1:] {
		id := r.nodes[i+1].id
		all = append(all, id)
		longest = max(longest, r.timeline.timeouts(id).ElectionMax, r.timeline.disk(id).SyncLatency.Max)
		for j := range r.nodes[1:] {
			latency = max(latency, r.timeline.link(id, r.nodes[j+1].id).Latency.Max)
		}
	}
	begin := r.world.Now()
	end := max(begin, r.world.HeldUp(all)) + settleRounds*(longest+2*latency)
	// What clients sent last must arrive before quiet means anything.
	for t := begin + 2*latency; t <= end; t += max(sc.Cluster.Heartbeat, time.Millisecond) {
		if !r.playUntil(t) {
			return false
		}
		if r.quiet() {
			return true
		}
	}
	return true
}

// quiet says that a majority follows a leader, and that every replica that runs has applied the same log to its end.
func (r *Run) quiet() bool {
	if !r.led || len(r.members.wanted) > 0 {
		return false
	}
	leader := &r.nodes[r.leader()].seen
	for _, n := range r.running() {
		if s := &n.seen; s.LastIndex != leader.LastIndex || s.Commit != leader.LastIndex || s.Applied != leader.LastIndex {
			return false
		}
	}
	return true
}

// judgeProgress judges liveness: where nothing stands in the way any more, a majority follows a leader and the leader has committed
// its whole log, which takes an entry of its own term. It does not judge clusters that cannot be
// expected to get on: a majority is down, paused or parted, or the network is too slow or too lossy for the timeouts.
func (r *Run) judgeProgress() {
	if r.finding != nil || !r.canProgress() {
		return
	}
	if r.getsOn() {
		return
	}
	leader, detail := r.leader(), "there is no leader"
	if leader != raft.None {
		s := &r.nodes[leader].seen
		detail = fmt.Sprintf("%v leads term %d and has committed %d of %d entries", leader, s.Term, s.Commit, s.LastIndex)
	}
	r.violated(script.Progress, fmt.Sprintf("%v after the last fault ended, %s", r.world.Now()-r.scenario.Duration, detail))
}

// getsOn says whether a majority follows a leader that has committed its whole log.
func (r *Run) getsOn() bool {
	if !r.led {
		return false
	}
	s := &r.nodes[r.leader()].seen
	return s.Commit == s.LastIndex
}

// mostLoss is the loss up to which progress is expected, in parts per million.
const mostLoss = 200_000

// mostDrift is how far off clocks may be, in parts per million, while progress is expected.
const mostDrift = 50_000

func (n *node) drift(r *Run) int64 { return r.timeline.drift(n.id) }

// canProgress says whether some majority runs, hears each other, and hears each other in time.
func (r *Run) canProgress() bool {
	var running []raft.NodeID
	for _, n := range r.running() {
		if n.view != nil && n.view.Configuration().Known() && !quorumOf(n.view.Configuration(), r.runs) {
			return false // what it goes by, committed or not, wants somebody who is gone
		}
		if n.core == nil && n.observer == nil || max(n.drift(r), -n.drift(r)) > mostDrift {
			return false // a process that shows nothing, or has no idea of time, cannot be judged
		}
		running = append(running, n.id)
	}
	if !r.members.quorum(r.runs) {
		return false
	}
	for _, a := range running {
		t, disk := r.timeline.timeouts(a), r.timeline.disk(a)
		late, early := r.timeline.timers(a).Late, r.timeline.timers(a).Early
		if disk.Full || disk.FailSyncs || early.Max > 0 {
			return false
		}
		for _, b := range running {
			if a == b {
				continue
			}
			link := r.world.Link(a, b)
			if !r.world.Connected(a, b) || link.Loss > mostLoss || link.Reorder > mostLoss {
				return false
			}
			if t.Heartbeat+2*link.Latency.Max+2*disk.SyncLatency.Max+late.Max >= t.ElectionMin {
				return false
			}
			if spread := t.ElectionMax - t.ElectionMin; spread == 0 || spread < 2*link.Latency.Max {
				return false // all may stand at once, again and again (Raft paper §5.2)
			}
		}
	}
	return true
}
