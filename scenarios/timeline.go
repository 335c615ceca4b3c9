package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"raftsim/raft"
	"raftsim/raft/replica"
	"raftsim/scenarios/script"
	"raftsim/sim"
)

// timeline plays the entries of a scenario: each starts at its time or milestone, binds its selectors then, waits
// when they match nobody, and is undone at its end.
type timeline struct {
	r       *Run
	entries []entry
	// milestones are the entries that wait for one, waiting those whose selectors found nobody; both by place.
	milestones []int
	waiting    []int
	// woken says that the waiting will be tried again within the current event's time.
	woken  bool
	closed bool
	// changes are the entries that changed links or timeouts and are in force, in the order they started.
	changes []int
	// crashedBy and pausedBy say which entry, counted from 1, did so last, so that its end undoes nothing else.
	crashedBy, pausedBy []int
	// healed are the nodes for which no change is in force any more; see [liveness].
	healed []bool
}

// phase is how far an entry has come.
type phase uint8

const (
	pending phase = iota
	waiting
	active
	done
)

// entry is an entry of the timeline, and what it did.
type entry struct {
	*script.Entry
	place int
	phase phase
	// started is when it did.
	started time.Duration
	// nodes are those it changed, or all whom it concerns where it concerns links; groups a partition's.
	nodes  []raft.NodeID
	groups [][]raft.NodeID
	cuts   []sim.CutID
	// effects counts what it did; an entry that did nothing was not exercised.
	effects int
	// writes is how many writes had been acknowledged when it started, acknowledged how many were while it lasted.
	writes, acknowledged uint64
	burst                *burst
	// faults is what the disks had failed when it started; once it is undone, what they failed while it lasted.
	faults int
	// held is how many messages had been held when it started; once it is undone, how many were while it lasted.
	held uint64
}

func (t *timeline) init(r *Run) {
	t.r = r
	t.entries = make([]entry, len(r.scenario.Timeline))
	for i := range t.entries {
		t.entries[i] = entry{Entry: &r.scenario.Timeline[i], place: i}
	}
	t.crashedBy = make([]int, len(r.nodes))
	t.pausedBy = make([]int, len(r.nodes))
	t.healed = make([]bool, len(r.nodes))
}

// schedule puts every start and end into the world. Entries are in the order of their starts, so that at one time the
// ends of those before come first, and windows that touch do not overlap.
func (t *timeline) schedule() {
	type turn struct {
		at  time.Duration
		run func()
	}
	var turns []turn
	for i := range t.entries {
		trigger := &t.entries[i].Trigger
		switch trigger.Kind {
		case script.When:
			t.milestones = append(t.milestones, i)
		case script.During:
			turns = append(turns, turn{trigger.From, func() { t.start(i) }}, turn{trigger.To, func() { t.end(i) }})
		default:
			turns = append(turns, turn{trigger.From, func() { t.start(i) }})
		}
	}
	slices.SortStableFunc(turns, func(a, b turn) int { return cmp.Compare(a.at, b.at) })
	for _, turn := range turns {
		t.r.world.At(turn.at, turn.run)
	}
}

// checkMilestones starts the entries whose milestone is reached. It is called after every event of a node.
func (t *timeline) checkMilestones() {
	if t.closed {
		return
	}
	for k := 0; k < len(t.milestones); k++ {
		i := t.milestones[k]
		if !t.r.reached(t.entries[i].Trigger.Milestone) {
			continue
		}
		t.milestones = slices.Delete(t.milestones, k, k+1)
		k--
		t.r.world.At(t.r.world.Now(), func() { t.start(i) })
	}
}

func (r *Run) reached(m script.Comparisons) bool {
	for _, c := range m {
		if !c.Holds(r.metric(c.Metric)) {
			return false
		}
	}
	return true
}

// wake has the waiting entries tried again, because there may be somebody for them now.
func (t *timeline) wake() {
	if len(t.waiting) == 0 || t.woken || t.closed {
		return
	}
	t.woken = true
	t.r.world.At(t.r.world.Now(), func() {
		t.woken = false
		again := t.waiting
		t.waiting = nil
		for _, i := range again {
			t.start(i)
		}
	})
}

// close ends the timeline: what has not started does not any more.
func (t *timeline) close() {
	t.closed = true
	t.waiting, t.milestones = nil, nil
}

// start starts an entry, or has it wait for somebody it can be for.
func (t *timeline) start(i int) {
	e := &t.entries[i]
	if t.closed || e.phase == active || e.phase == done {
		return
	}
	if !t.bind(e) {
		e.phase = waiting
		t.waiting = append(t.waiting, i)
		return
	}
	if e.phase == waiting {
		t.r.note("line %d: %s starts late, at last there is somebody for it", e.Position.Line, e.Action.Verb())
	}
	e.phase, e.started = active, t.r.world.Now()
	e.writes = t.r.clients.written
	t.r.expect.happened(e.Action.Verb())
	t.act(e)
	if e.Trigger.Kind != script.During {
		e.phase = done
	}
}

// end undoes what an entry did, and nothing else.
func (t *timeline) end(i int) {
	e := &t.entries[i]
	if e.phase == waiting {
		t.waiting = slices.DeleteFunc(t.waiting, func(w int) bool { return w == i })
	}
	if e.phase == active {
		t.undo(e)
		e.acknowledged = t.r.clients.written - e.writes
		e.phase = done
	}
}

// site names the random draws of an entry.
func (e *entry) site() string { return fmt.Sprintf("timeline entry %d", e.place+1) }

// bind picks whom the entry is for.
func (t *timeline) bind(e *entry) bool {
	var ok bool
	switch a := e.Action.(type) {
	case script.Crash:
		e.nodes, ok = t.r.bind(e.site(), upNode).group(&a.Nodes)
	case script.Pause:
		e.nodes, ok = t.r.bind(e.site(), upNode).group(&a.Nodes)
	case script.Wipe, script.Snapshot, script.Remove, script.Join:
		return t.bindMembers(e)
	case script.Restart:
		e.nodes, ok = t.r.bind(e.site(), downNode).group(&a.Nodes)
	case script.FireTimeout:
		e.nodes, ok = t.r.bind(e.site(), upNode).group(&a.Nodes)
	case script.Transfer:
		e.nodes, ok = t.r.bind(e.site(), upNode).group(&a.To)
		ok = ok && t.r.leader() != raft.None
	case script.SetNetwork, script.SetTimeouts, script.SetTimers, script.SetClock, script.SetDisk, script.RotDisk:
		e.nodes, ok = t.r.bind(e.site(), anyNode).group(&e.On)
	case script.Partition:
		return t.bindPartition(e, a.Groups)
	case script.Cut:
		return t.bindCut(e, &a.From, &a.To)
	case script.Hold:
		return t.bindCut(e, &a.From, &a.To)
	default:
		return true
	}
	return ok
}

// bindMembers picks for what concerns members and disks.
func (t *timeline) bindMembers(e *entry) bool {
	var ok bool
	switch a := e.Action.(type) {
	case script.Wipe:
		e.nodes, ok = t.r.bind(e.site(), bornNode).group(&a.Nodes)
	case script.Snapshot:
		e.nodes, ok = t.r.bind(e.site(), upNode).group(&a.Nodes)
	case script.Remove:
		e.nodes, ok = t.r.bind(e.site(), bornNode).group(&a.Nodes)
	case script.Join:
		return t.bindJoin(e, &a)
	}
	return ok
}

// bindJoin picks who joins, and who leaves for them.
func (t *timeline) bindJoin(e *entry, a *script.Join) bool {
	b := t.r.bind(e.site(), anyNode)
	var ok bool
	if e.nodes, ok = b.group(&a.Nodes); !ok || a.InsteadOf == nil {
		return ok
	}
	b.from = bornNode // and none of those who join
	leave, ok := b.group(a.InsteadOf)
	e.groups = [][]raft.NodeID{leave}
	return ok
}

// bindPartition picks the groups; whom none picks makes up one more.
func (t *timeline) bindPartition(e *entry, groups []script.Selector) bool {
	b := t.r.bind(e.site(), anyNode)
	e.groups = e.groups[:0]
	for i := range groups {
		g, ok := b.group(&groups[i])
		if !ok {
			return false
		}
		if len(g) > 0 {
			e.groups = append(e.groups, g)
		}
	}
	if rest := b.free(); len(rest) > 0 {
		e.groups = append(e.groups, rest)
	}
	return true
}

// bindCut picks both ends. They may share nodes, unless `to` says rest.
func (t *timeline) bindCut(e *entry, fromWhom, toWhom *script.Selector) bool {
	b := t.r.bind(e.site(), anyNode)
	from, ok := b.group(fromWhom)
	if !ok {
		return false
	}
	if !hasRest(toWhom) {
		b = t.r.bind(e.site()+", to", anyNode)
	}
	to, ok := b.group(toWhom)
	e.groups = [][]raft.NodeID{from, to}
	return ok
}

func hasRest(s *script.Selector) bool {
	if s.Kind == script.SelRest {
		return true
	}
	return slices.ContainsFunc(s.List, func(s script.Selector) bool { return hasRest(&s) })
}

// timeouts are those a node has now: the cluster's, and every change in force.
func (t *timeline) timeouts(id raft.NodeID) replica.Timeouts {
	c := &t.r.scenario.Cluster
	now := replica.Timeouts{
		ElectionMin: c.ElectionTimeout.Min, ElectionMax: c.ElectionTimeout.Max, Heartbeat: c.Heartbeat,
	}
	for _, i := range t.changes {
		a, ok := t.entries[i].Action.(script.SetTimeouts)
		if !ok || t.healed[id] || !slices.Contains(t.entries[i].nodes, id) {
			continue
		}
		if a.Election != nil {
			now.ElectionMin, now.ElectionMax = a.Election.Min, a.Election.Max
		}
		if a.Heartbeat != 0 {
			now.Heartbeat = a.Heartbeat
		}
	}
	return now
}

// timers are how a node's timers miss their time now.
func (t *timeline) timers(id raft.NodeID) sim.Timers {
	var now sim.Timers
	for _, i := range t.changes {
		a, ok := t.entries[i].Action.(script.SetTimers)
		if !ok || t.healed[id] || !slices.Contains(t.entries[i].nodes, id) {
			continue
		}
		if a.Late != nil {
			now.Late = sim.Range{Min: a.Late.Min, Max: a.Late.Max}
		}
		if a.Early != nil {
			now.Early = sim.Range{Min: a.Early.Min, Max: a.Early.Max}
		}
	}
	return now
}

// drift is that of a node's clock now: the last change in force, in parts per million.
func (t *timeline) drift(id raft.NodeID) int64 {
	drift := int64(0)
	for _, i := range t.changes {
		if a, ok := t.entries[i].Action.(script.SetClock); ok && a.Drift != nil && !t.healed[id] && slices.Contains(t.entries[i].nodes, id) {
			drift = *a.Drift
		}
	}
	return drift
}

// link is how a link is now: the network's, and every change in force that concerns one of its ends. Clients' links are
// those that only a change for all nodes concerns.
func (t *timeline) link(from, to raft.NodeID) sim.Link {
	now := baseLink(t.r.scenario.Network)
	for _, i := range t.changes {
		e := &t.entries[i]
		a, ok := e.Action.(script.SetNetwork)
		if !ok || len(e.nodes) < len(t.r.nodes)-1 && !slices.Contains(e.nodes, from) && !slices.Contains(e.nodes, to) {
			continue
		}
		if c := a.Change.Latency; c != nil {
			now.Latency = sim.Range{Min: c.Min, Max: c.Max}
		}
		if c := a.Change.Loss; c != nil {
			now.Loss = uint32(*c)
		}
		if c := a.Change.Duplicate; c != nil {
			now.Duplicate = uint32(*c)
		}
		if c := a.Change.Reorder; c != nil {
			now.Reorder = uint32(*c)
		}
	}
	return now
}

// offset is how far ahead of true time a node's clock is to be set now: by the last change in force.
func (t *timeline) offset(id raft.NodeID) time.Duration {
	offset := time.Duration(0)
	for _, i := range t.changes {
		if a, ok := t.entries[i].Action.(script.SetClock); ok && a.Offset != nil && slices.Contains(t.entries[i].nodes, id) {
			offset = *a.Offset
		}
	}
	return offset
}
