package scenarios

import (
	"slices"
	"time"

	"raftsim/raft"
	"raftsim/raft/replica"
	"raftsim/scenarios/script"
	"raftsim/sim"
)

// act does what an entry says, to those it has bound.
func (t *timeline) act(e *entry) {
	w := t.r.world
	switch a := e.Action.(type) {
	case script.Crash:
		for _, id := range e.nodes {
			if w.Crash(id) {
				t.crashedBy[id] = e.place + 1
				e.effects++
			}
		}
		t.r.note("line %d: crash %v", e.Position.Line, e.nodes)
	case script.Restart:
		for _, id := range e.nodes {
			if w.Boots(id) > 0 && w.Restart(id) {
				t.crashedBy[id] = 0
				e.effects++
			}
		}
		t.r.note("line %d: restart %v", e.Position.Line, e.nodes)
	case script.Wipe:
		for _, id := range e.nodes {
			if !t.wipe(id) {
				continue
			}
			e.effects++
			if t.crashedBy[id] = e.place + 1; e.Trigger.Kind != script.During {
				w.Restart(id)
			}
		}
		t.r.note("line %d: wipe %v", e.Position.Line, e.nodes)
	case script.Join:
		if a.InsteadOf != nil {
			t.r.note("line %d: join %v instead of %v", e.Position.Line, e.nodes, e.groups[0])
		} else {
			t.r.note("line %d: join %v", e.Position.Line, e.nodes)
		}
		t.join(e, &a)
	case script.Remove:
		t.r.note("line %d: remove %v", e.Position.Line, e.nodes)
		t.r.members.want(e, replica.Change{Remove: e.nodes})
	case script.Snapshot:
		for _, id := range e.nodes {
			if w.Compact(id) {
				e.effects++
			}
		}
		t.r.note("line %d: snapshot of %v", e.Position.Line, e.nodes)
	case script.SetClock:
		t.changes = append(t.changes, e.place)
		e.effects = t.setClocks(e, a.Jump, a.Offset != nil)
		t.r.note("line %d: clock of %v", e.Position.Line, e.nodes)
	case script.SetDisk:
		t.changes = append(t.changes, e.place)
		e.effects, e.faults = t.setDisks(e), t.diskFaults(e)
		t.r.note("line %d: disk of %v", e.Position.Line, e.nodes)
	case script.RotDisk:
		t.rot(e, a)
		t.r.note("line %d: rot on the disk of %v", e.Position.Line, e.nodes)
	case script.Pause:
		for _, id := range e.nodes {
			if w.Pause(id) {
				t.pausedBy[id] = e.place + 1
				e.effects++
			}
		}
		t.r.note("line %d: pause %v", e.Position.Line, e.nodes)
		t.r.rolesChanged()
	case script.Partition:
		if len(e.groups) > 1 {
			e.cuts = append(e.cuts, w.Partition(e.groups))
			e.effects++
		}
		t.r.note("line %d: partition %v", e.Position.Line, e.groups)
		t.r.states.linksChanged()
	case script.Hold:
		e.held = t.held(e)
		t.eachLink(e, w.Hold)
		t.r.note("line %d: messages from %v to %v are held", e.Position.Line, e.groups[0], e.groups[1])
	case script.Cut:
		t.eachLink(e, w.Cut)
		t.r.note("line %d: cut from %v to %v", e.Position.Line, e.groups[0], e.groups[1])
		t.r.states.linksChanged()
	case script.Heal:
		if w.Heal() {
			e.effects++
		}
		t.r.note("line %d: heal", e.Position.Line)
		t.r.states.linksChanged()
	case script.SetNetwork, script.SetTimeouts:
		t.changes = append(t.changes, e.place)
		e.effects = t.apply(e)
		t.r.note("line %d: %s on %v", e.Position.Line, a.Verb(), e.nodes)
	case script.SetTimers:
		t.changes = append(t.changes, e.place)
		e.effects = t.setTimers(e)
		t.r.note("line %d: timers of %v", e.Position.Line, e.nodes)
	case script.FireTimeout:
		for _, id := range e.nodes {
			if w.FireTimer(id, replica.TimerElection) {
				t.r.states.fired(id)
				e.effects++
			}
		}
		t.r.note("line %d: timeout of %v", e.Position.Line, e.nodes)
	case script.Transfer:
		leader, to := t.r.leader(), e.nodes[0]
		if leader != to && w.Transfer(leader, to) {
			e.effects++
		}
		t.r.note("line %d: transfer from %v to %v", e.Position.Line, leader, to)
	case script.Burst:
		e.burst = t.r.clients.burst(a.Requests, a.Within)
		e.effects = a.Requests
		t.r.note("line %d: burst of %d requests", e.Position.Line, a.Requests)
	}
}

// undo takes back what a `during` entry did. What somebody else has done since stays: a node that was crashed
// again is not restarted.
func (t *timeline) undo(e *entry) {
	w := t.r.world
	switch a := e.Action.(type) {
	case script.Crash, script.Wipe:
		for _, id := range e.nodes {
			if t.crashedBy[id] == e.place+1 {
				t.crashedBy[id] = 0
				w.Restart(id)
			}
		}
		t.r.note("line %d: %v restart", e.Position.Line, e.nodes)
	case script.Pause:
		for _, id := range e.nodes {
			if t.pausedBy[id] == e.place+1 {
				t.pausedBy[id] = 0
				w.Resume(id)
			}
		}
		t.r.note("line %d: %v go on", e.Position.Line, e.nodes)
		t.r.rolesChanged()
	case script.Hold:
		for _, c := range e.cuts {
			w.Undo(c)
		}
		e.held = t.held(e) - e.held
		t.r.note("line %d: what was held is released", e.Position.Line)
	case script.SetTimers:
		t.changes = slices.DeleteFunc(t.changes, func(i int) bool { return i == e.place })
		t.setTimers(e)
		t.r.note("line %d: the change of timers ends", e.Position.Line)
	case script.Partition, script.Cut:
		for _, c := range e.cuts {
			w.Undo(c)
		}
		t.r.note("line %d: the %s ends", e.Position.Line, a.Verb())
		t.r.states.linksChanged()
	case script.SetClock:
		t.changes = slices.DeleteFunc(t.changes, func(i int) bool { return i == e.place })
		t.setClocks(e, 0, e.Action.(script.SetClock).Offset != nil)
		t.r.note("line %d: the change of clock ends", e.Position.Line)
	case script.SetDisk:
		t.changes = slices.DeleteFunc(t.changes, func(i int) bool { return i == e.place })
		t.mendDisks(e)
		e.faults = t.diskFaults(e) - e.faults
		t.r.note("line %d: the change of disk ends", e.Position.Line)
	case script.SetNetwork, script.SetTimeouts:
		t.changes = slices.DeleteFunc(t.changes, func(i int) bool { return i == e.place })
		t.apply(e)
		t.r.note("line %d: the change of %s ends", e.Position.Line, a.Verb())
	}
}

// eachLink cuts or holds every link between the ends of an entry.
func (t *timeline) eachLink(e *entry, part func(from, to raft.NodeID) sim.CutID) {
	for _, from := range e.groups[0] {
		for _, to := range e.groups[1] {
			if from != to {
				e.cuts = append(e.cuts, part(from, to))
				e.effects++
			}
		}
	}
}

// held is how many messages have been held by now on the links between the ends of an entry.
func (t *timeline) held(e *entry) uint64 {
	sum := uint64(0)
	for _, from := range e.groups[0] {
		for _, to := range e.groups[1] {
			sum += t.r.world.Held(from, to)
		}
	}
	return sum
}

// setTimers brings the timers that an entry changes to what they are to be now. It returns how many nodes' it set.
func (t *timeline) setTimers(e *entry) int {
	set := 0
	for _, id := range e.nodes {
		if t.r.world.SetTimers(id, t.timers(id)) {
			set++
		}
	}
	return set
}

// setClocks brings the clocks that an entry changes to the drift they are to have now, and has them jump; or, to set them, to the
// offset that they are to have. It returns how many it changed.
func (t *timeline) setClocks(e *entry, jump time.Duration, set bool) int {
	changed := 0
	for _, id := range e.nodes {
		if set {
			jump = t.r.world.Now() + t.offset(id) - t.r.world.Clock(id)
		}
		if t.r.world.SetClock(id, sim.Clock{Drift: t.drift(id), Jump: jump}) {
			changed++
			if jump != 0 {
				t.r.check.ClockSet(id)
			}
		}
	}
	return changed
}

// apply brings the links or timeouts that an entry changes to what they are to be now. It returns how many it set.
func (t *timeline) apply(e *entry) int {
	w, set := t.r.world, 0
	if _, ok := e.Action.(script.SetTimeouts); ok {
		for _, id := range e.nodes {
			if w.SetTimeouts(id, t.timeouts(id)) {
				set++
			}
		}
		return set
	}
	for i := range t.r.nodes[1:] {
		for j := range t.r.nodes[1:] {
			from, to := raft.NodeID(i+1), raft.NodeID(j+1)
			if from == to || !slices.Contains(e.nodes, from) && !slices.Contains(e.nodes, to) {
				continue
			}
			if w.SetLink(from, to, t.link(from, to)) {
				set++
			}
		}
	}
	if len(e.nodes) == len(t.r.nodes)-1 {
		w.SetClientLink(t.link(raft.None, raft.None))
	}
	return set
}
