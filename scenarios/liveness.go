package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"raftsim/raft"
	"raftsim/scenarios/script"
	"raftsim/sim"
)

// liveness judges `liveness`: once the clients have stopped, a quorum of the voters is drawn, the core, and nobody else is healed.
// What the core has taken in must then be committed and applied by all of it, under a leader that it follows, and
// a client that asks anew be answered, within a bound. The others stay as broken as they are, and no message of the core
// reaches them, so that they neither help nor learn that all is well again.
//
// What they send still reaches the core where Raft claims to stand it: with PreVote and CheckQuorum (Raft dissertation §4.2.3,
// §9.6), from nodes that keep the time the file gives. Without, who hears nothing deposes every leader, and that the
// paper's Raft does not get on is no news; the core is then parted from them.
type liveness struct {
	r *Run
	// core is in order; in says so by NodeID.
	core []raft.NodeID
	in   []bool
	// kept are the cuts that keep the others from the core for as long as it is judged.
	kept []sim.CutID
	// ruined are those that found their disks damaged when they were to be healed, by NodeID.
	ruined []bool
	// begun is when the core was healed, within how long it has, what still holds it up included.
	begun, within time.Duration
	probe         *probe
	// lack says why nothing could be judged, "" when it was; hopeless that no quorum seemed to have its data.
	lack     string
	hopeless bool
}

// await heals a core and plays on until it has finished; where the others are expected to hold the same, it then lets them hear
// the core again and settle. It returns false when the run is over.
func (l *liveness) await(r *Run, want *script.Liveness) bool {
	l.r = r
	if !l.judge(want) {
		return false
	}
	if l.rejoin(); l.lack == "" && !r.expect.replicas {
		return true
	}
	r.states.linksChanged()
	return r.settle()
}

// judge returns false when the run is over, and leaves in lack why nothing was judged.
func (l *liveness) judge(want *script.Liveness) bool {
	r := l.r
	l.ruined = make([]bool, len(r.nodes))
	for whole := false; !whole; whole = !l.ruins() {
		if l.lack = l.choose(); l.lack != "" {
			l.hopeless = l.room() >= 1
			r.note("liveness: %s", l.lack)
			return true
		}
		l.heal()
		if !r.playUntil(r.world.Now()) { // they boot
			return false
		}
	}
	l.begun = r.world.Now()
	l.within = max(r.world.HeldUp(l.core)-l.begun, 0) + l.bound(want)
	l.probe = newProbe(l)
	for t := l.begun; t < l.begun+l.within; {
		t = min(t+max(r.scenario.Cluster.Heartbeat, time.Millisecond), l.begun+l.within)
		if !r.playUntil(t) {
			return false
		}
		if l.finished() {
			r.note("liveness: %v have finished within %v", l.core, r.world.Now()-l.begun)
			return l.agree()
		}
	}
	if l.lack = l.impossible(); l.lack != "" {
		l.hopeless = true
		r.note("liveness: %s", l.lack)
		return true
	}
	r.violated(script.Progress, fmt.Sprintf("%v was healed and has not finished within %v: %s", l.names(), l.within, l.unfinished()), l.core...)
	return r.finding == nil
}

// agree judges whether all of the core, which has applied the same, holds the same.
func (l *liveness) agree() bool {
	var nodes []*node
	leader := l.leader()
	for _, id := range l.core {
		if leader != nil && !l.left(id, leader) {
			nodes = append(nodes, &l.r.nodes[id])
		}
	}
	l.r.sameReplicas(nodes)
	return l.r.finding == nil
}

// ruins notes who of the core does not boot from a disk that is sound again: what was on it is damaged. It returns whether
// there is one.
func (l *liveness) ruins() bool {
	found := false
	for _, id := range l.core {
		if l.r.world.GaveUp(id) != nil {
			l.ruined[id], found = true, true
		}
	}
	return found
}

// choose draws the core, and says why there is none.
func (l *liveness) choose() string {
	r := l.r
	c := &r.scenario.Cluster
	if l.room() < 1 {
		return fmt.Sprintf("election timeouts of %v to %v with heartbeats every %v leave no time for a message and its answer",
			c.ElectionTimeout.Min, c.ElectionTimeout.Max, c.Heartbeat)
	}
	var able, lost []raft.NodeID
	for i := range r.nodes[1:] {
		n := &r.nodes[i+1]
		switch v := r.members.find(n.id); {
		case v == nil || !r.members.config.Voter(n.id):
		case n.keeps(*v) && !l.ruined[n.id]:
			able = append(able, n.id)
		default:
			lost = append(lost, n.id)
		}
	}
	l.core, l.in = nil, make([]bool, len(r.nodes))
	for k := range able {
		// The draw 0 takes them in order.
		j := k + int(r.world.Draw("core that is healed", uint64(len(able)-k)))
		able[k], able[j] = able[j], able[k]
		l.in[able[k]] = true
		l.core = append(l.core, able[k])
		if l.suffices() {
			slices.Sort(l.core)
			return ""
		}
	}
	return fmt.Sprintf("no quorum of %v has its data: the disk of %s was erased or is damaged", r.members.config, listed(lost))
}

// keeps says whether a node has the disk with which it became that member, whether it is up or not.
func (n *node) keeps(v raft.Member) bool {
	switch {
	case n.boot == 0 || n.blank:
		return false
	case n.incarnation == 0:
		return !n.wiped // a process that does not tell
	}
	return v.Incarnation == 0 || v.Incarnation == n.incarnation
}

// suffices says whether the core is a quorum, whatever is in force at the nodes that are up.
func (l *liveness) suffices() bool {
	if !l.quorum(l.r.members.config) {
		return false
	}
	for i := range l.r.nodes[1:] {
		n := &l.r.nodes[i+1]
		if n.view != nil && l.r.members.find(n.id) != nil && n.view.Configuration().Known() && !l.quorum(n.view.Configuration()) {
			return false
		}
	}
	return true
}

func (l *liveness) quorum(c *raft.Configuration) bool {
	return quorumOf(c, func(v raft.Member) bool { return l.in[v.ID] && l.r.nodes[v.ID].keeps(v) })
}

// room is the longest latency with which elections come to an end: a heartbeat comes before anybody's timer, and
// timers lie far enough apart for one candidate to be ahead of the others now and then (Raft paper §5.2).
func (l *liveness) room() time.Duration {
	c := &l.r.scenario.Cluster
	spread := c.ElectionTimeout.Max - c.ElectionTimeout.Min
	return min(c.ElectionTimeout.Min-c.Heartbeat-2*syncMax, spread-4*syncMax) / 4
}

// link is what connects the core: the network of the file, as far as Raft can do with it.
func (l *liveness) link() sim.Link {
	link := baseLink(l.r.scenario.Network)
	link.Loss, link.Reorder = min(link.Loss, mostLoss), min(link.Reorder, mostLoss)
	link.Latency.Max = min(link.Latency.Max, l.room())
	link.Latency.Min = min(link.Latency.Min, link.Latency.Max)
	return link
}

// disturbed is how many times as long a core has without PreVote. Whoever cannot win, for its log is behind, then takes the votes of a term from
// who can, and does so again and again: with three such nodes of four and lost messages one election of ten or so comes to an end.
const disturbed = 4

// bound is how long the core has once nothing holds it up.
func (l *liveness) bound(want *script.Liveness) time.Duration {
	if want.Within != 0 {
		return want.Within
	}
	c := &l.r.scenario.Cluster
	rounds := time.Duration(settleRounds)
	if !c.PreVote {
		rounds *= disturbed
	}
	return rounds * (max(c.ElectionTimeout.Max, c.Lease) + 2*l.link().Latency.Max)
}

// heal mends the core and what is between its nodes, and nothing else.
func (l *liveness) heal() {
	r, w := l.r, l.r.world
	r.note("liveness: only %v are healed", l.core)
	r.members.wanted = nil // nobody asks for changes any more; one that is under way is the core's to finish
	l.part()
	link := l.link()
	for _, id := range l.core {
		drift, timeouts := r.timeline.drift(id), r.timeline.timeouts(id)
		disk, timers := r.timeline.disk(id), r.timeline.timers(id)
		r.timeline.healed[id] = true
		if disk != baseDisk() {
			w.SetDisk(id, baseDisk())
		}
		if timers != (sim.Timers{}) {
			w.SetTimers(id, sim.Timers{})
		}
		w.Restart(id)
		w.Resume(id) // first, since what it was told meanwhile comes with it
		if drift != 0 {
			w.SetClock(id, sim.Clock{})
		}
		if now := r.timeline.timeouts(id); now != timeouts {
			w.SetTimeouts(id, now)
		}
		for _, other := range l.core {
			if other != id && w.Link(id, other) != link {
				w.SetLink(id, other, link)
			}
		}
	}
	if r.timeline.link(raft.None, raft.None) != link {
		w.SetClientLink(link)
	}
	r.states.linksChanged()
	r.rolesChanged()
}

// part ends what parts the core, keeps what parts others, and keeps the core's messages from them.
func (l *liveness) part() {
	r, w := l.r, l.r.world
	l.rejoin() // of an earlier try
	type way struct{ from, to raft.NodeID }
	var severed, kept []way
	for i := range r.nodes[1:] {
		for j := range r.nodes[1:] {
			from, to := raft.NodeID(i+1), raft.NodeID(j+1)
			switch {
			case from == to || l.in[from] && l.in[to]:
			case !w.Connected(from, to):
				severed = append(severed, way{from, to})
			case l.in[from], l.in[to] && !l.stood(from):
				kept = append(kept, way{from, to})
			}
		}
	}
	w.Heal()
	for _, s := range severed {
		w.Cut(s.from, s.to)
	}
	for _, k := range kept {
		l.kept = append(l.kept, w.Cut(k.from, k.to))
	}
}

// rejoin takes back what kept the others from the core, and was none of their faults.
func (l *liveness) rejoin() {
	for _, id := range l.kept {
		l.r.world.Undo(id)
	}
	l.kept = nil
}

// stood says whether the core has to stand what a node outside sends.
func (l *liveness) stood(id raft.NodeID) bool {
	c, t := &l.r.scenario.Cluster, &l.r.timeline
	drift := t.drift(id)
	latest := t.timeouts(id).ElectionMax + t.timers(id).Late.Max
	return c.PreVote && c.CheckQuorum && max(drift, -drift) <= mostDrift && latest <= 2*c.ElectionTimeout.Max
}

// leader is who leads the core, nil when nobody does.
func (l *liveness) leader() *node {
	var best *node
	for _, id := range l.core {
		if n := &l.r.nodes[id]; n.up && n.seen.Role == raft.Leader && (best == nil || n.seen.Term > best.seen.Term) {
			best = n
		}
	}
	return best
}

// finished says whether nothing is left to do for the core.
func (l *liveness) finished() bool { return l.probe.done && l.unfinished() == "" }

// unfinished says what is left to do, "" for nothing.
func (l *liveness) unfinished() string {
	shows := false
	for _, id := range l.core {
		n := &l.r.nodes[id]
		if !n.up {
			return fmt.Sprintf("%v is down", id)
		}
		shows = shows || n.view != nil || n.observer != nil
	}
	leader := l.leader()
	switch {
	case !shows: // the client alone can tell
	case leader == nil:
		return "there is no leader"
	case leader.seen.Commit < leader.seen.LastIndex:
		return fmt.Sprintf("%v leads term %d and has committed %d of %d entries", leader.id, leader.seen.Term, leader.seen.Commit, leader.seen.LastIndex)
	case leader.view != nil && leader.view.Configuration().Joint():
		return fmt.Sprintf("%v leads term %d and its configuration is still joint", leader.id, leader.seen.Term)
	default:
		for _, id := range l.core {
			if behind := l.behind(&l.r.nodes[id], leader); behind != "" {
				return behind
			}
		}
	}
	if !l.probe.done {
		return "a client that asked anew was not answered: " + l.probe.waits()
	}
	return ""
}

// left says whether a node of the core is no member any more for its leader, which tells it nothing then.
func (l *liveness) left(id raft.NodeID, leader *node) bool {
	return leader.view != nil && !leader.view.Configuration().Member(id)
}

// behind says what a node of the core lacks of what its leader has.
func (l *liveness) behind(n, leader *node) string {
	s, to := &n.seen, &leader.seen
	switch {
	case n.view == nil && n.observer == nil:
	case l.left(n.id, leader):
	case s.Term != to.Term || n.view != nil && s.Leader != leader.id:
		return fmt.Sprintf("%v does not follow %v, which leads term %d", n.id, leader.id, to.Term)
	case s.LastIndex != to.LastIndex || s.Commit != to.LastIndex || s.Applied != to.LastIndex:
		return fmt.Sprintf("%v has %d entries of %d that %v leads it to, knows %d to be committed and has applied %d",
			n.id, s.LastIndex, to.LastIndex, leader.id, s.Commit, s.Applied)
	}
	return ""
}

// impossible proves that the core could not finish, and is no fault of the process under test; "" when there is no proof.
func (l *liveness) impossible() string {
	last := raft.Index(0)
	for _, id := range l.core {
		n := &l.r.nodes[id]
		last = max(last, n.seen.LastIndex)
		if n.view == nil {
			if n.up {
				last = l.r.commit // it does not tell
			}
			continue
		}
		if c := n.view.Configuration(); !l.quorum(c) {
			return fmt.Sprintf("entry %d of %v's log makes the members %v, of whom %s is no quorum", n.seen.ConfigurationIndex, id, c, l.names())
		}
	}
	if last < l.r.commit {
		return fmt.Sprintf("no quorum has its data: entry %d was committed, and the logs of %s end at %d", l.r.commit, l.names(), last)
	}
	return ""
}

func (l *liveness) names() string { return "the core of " + listed(l.core) }

// listed writes names as "n1, n2 and n4".
func listed(ids []raft.NodeID) string {
	var b strings.Builder
	for k, id := range ids {
		switch {
		case k == 0:
		case k == len(ids)-1:
			b.WriteString(" and ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(id.String())
	}
	return b.String()
}
