package shrink

import (
	"cmp"
	"slices"
	"time"

	"raftsim/raft"
	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// bind replaces what a run draws or waits for by what it drew: nodes by name instead of selectors, times instead of
// milestones. Entries that did not start go. Where that cannot be done for all entries at once, it is for those where it can.
func (s *shrinker) bind() {
	w := s.watch()
	all := s.changed()
	all.Timeline = nil
	for _, st := range w.started {
		if e, ok := bound(s.now.Scenario, &s.now.Scenario.Timeline[st.Entry], &st); ok {
			all.Timeline = append(all.Timeline, e)
		}
	}
	sortTimeline(all.Timeline)
	if s.try(all) {
		return
	}
	// One after the other, the last first, so that the places of those before stay.
	for k := len(w.started) - 1; k >= 0; k-- {
		st := &w.started[k]
		c := s.changed()
		if st.Entry >= len(c.Timeline) {
			continue
		}
		if e, ok := bound(c, &c.Timeline[st.Entry], st); ok {
			c.Timeline[st.Entry] = e
			sortTimeline(c.Timeline)
			s.try(c)
		}
	}
}

// bound is an entry as it happened. It returns false for one that did nothing.
func bound(sc *script.Scenario, e *script.Entry, st *scenarios.Started) (script.Entry, bool) {
	b := *e
	switch {
	case e.Trigger.Kind == script.When:
		// A milestone starts its entries after the events of its time, an `at` before them.
		b.Trigger = script.Trigger{Kind: script.At, From: st.At + time.Nanosecond}
	case st.At > e.Trigger.From:
		b.Trigger.From = st.At
	}
	if script.GoesWithOn(e.Action) {
		if len(st.Nodes) == 0 {
			return b, false
		}
		if b.On = nodes(st.Nodes); len(st.Nodes) == sc.Cluster.Names {
			b.On = script.Selector{Kind: script.SelAll} // it means the clients' links, too
		}
		return b, true
	}
	switch a := e.Action.(type) {
	case script.Partition:
		if len(st.Groups) < 2 {
			return b, false
		}
		groups := make([]script.Selector, len(st.Groups))
		for i, g := range st.Groups {
			groups[i] = nodes(g)
		}
		b.Action = script.Partition{Groups: groups}
		return b, true
	case script.Cut, script.Hold:
		if len(st.Groups) < 2 || len(st.Groups[0]) == 0 || len(st.Groups[1]) == 0 {
			return b, false
		}
		b.Action = withEnds(a, nodes(st.Groups[0]), nodes(st.Groups[1]))
		return b, true
	default:
		if len(st.Nodes) > 0 {
			b.Action = withNodes(a, st.Nodes)
		}
		if j, ok := b.Action.(script.Join); ok && len(st.Groups) > 0 {
			if j.InsteadOf = nil; len(st.Groups[0]) > 0 {
				leave := nodes(st.Groups[0])
				j.InsteadOf = &leave
			}
			b.Action = j
		}
		return b, true
	}
}

// nodes is a selector that picks these, which are not none.
func nodes(ids []raft.NodeID) script.Selector {
	if len(ids) == 1 {
		return script.Selector{Kind: script.SelNode, Node: ids[0]}
	}
	list := script.Selector{Kind: script.SelList}
	for _, id := range ids {
		list.List = append(list.List, script.Selector{Kind: script.SelNode, Node: id})
	}
	return list
}

// named returns the nodes of a selector that names them, and false for any other.
func named(sel script.Selector) ([]raft.NodeID, bool) {
	switch sel.Kind {
	case script.SelNode:
		return []raft.NodeID{sel.Node}, true
	case script.SelList:
		var ids []raft.NodeID
		for _, one := range sel.List {
			if one.Kind != script.SelNode {
				return nil, false
			}
			ids = append(ids, one.Node)
		}
		return ids, true
	}
	return nil, false
}

// endsOf are both ends of the links that an action is about; ok is false for any other action.
func endsOf(a script.Action) (from, to script.Selector, ok bool) {
	switch a := a.(type) {
	case script.Cut:
		return a.From, a.To, true
	case script.Hold:
		return a.From, a.To, true
	}
	return from, to, false
}

// withEnds is such an action with other ends.
func withEnds(a script.Action, from, to script.Selector) script.Action {
	if _, ok := a.(script.Hold); ok {
		return script.Hold{From: from, To: to}
	}
	return script.Cut{From: from, To: to}
}

// withNodes is an action for these nodes, where it is for one group of them and says so itself.
func withNodes(a script.Action, ids []raft.NodeID) script.Action {
	switch a := a.(type) {
	case script.Crash:
		a.Nodes = nodes(ids)
		return a
	case script.Restart:
		a.Nodes = nodes(ids)
		return a
	case script.Pause:
		a.Nodes = nodes(ids)
		return a
	case script.Wipe:
		a.Nodes = nodes(ids)
		return a
	case script.FireTimeout:
		a.Nodes = nodes(ids)
		return a
	case script.Transfer:
		a.To = nodes(ids[:1])
		return a
	case script.Join:
		a.Nodes = nodes(ids)
		return a
	case script.Remove:
		a.Nodes = nodes(ids)
		return a
	case script.Snapshot:
		a.Nodes = nodes(ids)
		return a
	}
	return a
}

// nodesOf are the nodes that an action names for itself, nil where it is not for one group of named nodes.
func nodesOf(a script.Action) []raft.NodeID {
	var sel script.Selector
	switch a := a.(type) {
	case script.Crash:
		sel = a.Nodes
	case script.Restart:
		sel = a.Nodes
	case script.Pause:
		sel = a.Nodes
	case script.Wipe:
		sel = a.Nodes
	case script.FireTimeout:
		sel = a.Nodes
	case script.Transfer:
		sel = a.To
	case script.Join:
		sel = a.Nodes
	case script.Remove:
		sel = a.Nodes
	case script.Snapshot:
		sel = a.Nodes
	}
	ids, _ := named(sel)
	return ids
}

// sortTimeline puts entries into the order in which a file is read.
func sortTimeline(entries []script.Entry) {
	slices.SortStableFunc(entries, func(a, b script.Entry) int {
		if aw, bw := a.Trigger.Kind == script.When, b.Trigger.Kind == script.When; aw != bw {
			if aw {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.Trigger.From, b.Trigger.From)
	})
}
