package shrink

import (
	"raftsim/raft"
	"raftsim/scenarios/script"
)

// dropNodes takes nodes out of the cluster, two at once before one, since a majority of five is as far above half as one of
// three; those behind are named anew.
func (s *shrinker) dropNodes() {
	before := s.spare
	s.spare = 2
	for again := true; again && !s.spent(); {
		again = false
		n := raft.NodeID(s.now.Scenario.Cluster.Names)
		for a := n; a > 1 && !again; a-- {
			for b := a - 1; b >= 1 && !again && n > 3; b-- {
				again = s.dropNode(a, b)
			}
		}
		for a := n; a >= 1 && !again && n > 1; a-- {
			again = s.dropNode(a)
		}
	}
	s.spare = before
}

// dropNode tries to do without nodes, given the highest first.
func (s *shrinker) dropNode(ids ...raft.NodeID) bool {
	c := s.changed()
	for _, id := range ids {
		if c = withoutNode(c, id); c == nil {
			return false
		}
	}
	return s.try(c)
}

// withoutNode is a scenario without a node. Those behind it move up. It returns nil where nobody would be left, or where the
// scenario means nodes other than by their names.
func withoutNode(sc *script.Scenario, id raft.NodeID) *script.Scenario {
	c := clone(sc)
	if int(id) <= c.Cluster.Nodes {
		if c.Cluster.Nodes--; c.Cluster.Nodes == 0 {
			return nil
		}
	}
	if c.Cluster.Names > 0 {
		c.Cluster.Names--
	}
	c.Timeline = c.Timeline[:0]
	for _, e := range sc.Timeline {
		gone, ok := false, true
		e.Action, gone, ok = actionWithout(e.Action, id)
		if !ok {
			return nil
		}
		if script.GoesWithOn(e.Action) && !gone && e.On.Kind != script.SelAll {
			e.On, gone, ok = selectorWithout(e.On, id)
		}
		if !ok {
			return nil
		}
		if !gone {
			c.Timeline = append(c.Timeline, e)
		}
	}
	for i := range c.Expect {
		if m, ok := c.Expect[i].Want.(script.Members); ok {
			var left []raft.NodeID
			for _, n := range m.Nodes {
				if n != id {
					left = append(left, n-after(n, id))
				}
			}
			m.Nodes = left
			c.Expect[i].Want = m
		}
	}
	return c
}

// after is 1 when n comes after id.
func after(n, id raft.NodeID) raft.NodeID {
	if n > id {
		return 1
	}
	return 0
}

// selectorWithout takes a node out of a selector. gone says that nobody is left, ok is false when it does not name its nodes.
func selectorWithout(sel script.Selector, id raft.NodeID) (left script.Selector, gone, ok bool) {
	ids, ok := named(sel)
	if !ok {
		return sel, false, false
	}
	var rest []raft.NodeID
	for _, n := range ids {
		if n != id {
			rest = append(rest, n-after(n, id))
		}
	}
	if len(rest) == 0 {
		return sel, true, true
	}
	return nodes(rest), false, true
}

func actionWithout(a script.Action, id raft.NodeID) (left script.Action, gone, ok bool) {
	if script.GoesWithOn(a) {
		return a, false, true // on names them
	}
	switch a := a.(type) {
	case script.Partition:
		var groups []script.Selector
		for _, g := range a.Groups {
			sel, none, ok := selectorWithout(g, id)
			if !ok {
				return a, false, false
			}
			if !none {
				groups = append(groups, sel)
			}
		}
		return script.Partition{Groups: groups}, len(groups) < 2, true
	case script.Cut, script.Hold:
		from, to, _ := endsOf(a)
		from, noneFrom, okFrom := selectorWithout(from, id)
		to, noneTo, okTo := selectorWithout(to, id)
		same := from.String() == to.String() && from.Kind == script.SelNode
		return withEnds(a, from, to), noneFrom || noneTo || same, okFrom && okTo
	case script.Heal, script.Burst:
		return a, false, true
	}
	ids := nodesOf(a)
	if ids == nil {
		return a, false, false
	}
	sel, gone, ok := selectorWithout(nodes(ids), id)
	if gone || !ok {
		return a, gone, ok
	}
	rest, _ := named(sel)
	if j, ok := a.(script.Join); ok && j.InsteadOf != nil {
		leave, none, ok := selectorWithout(*j.InsteadOf, id)
		if j.InsteadOf = &leave; none {
			j.InsteadOf = nil
		}
		return withNodes(j, rest), false, ok
	}
	return withNodes(a, rest), false, true
}
