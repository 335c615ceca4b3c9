package script

import (
	"fmt"
	"strconv"
	"strings"

	"raftsim/raft"
)

// selectorWords are the selectors that are one word.
var selectorWords = []string{
	"leader", "follower", "followers", "candidate", "learner", "majority", "minority", "rest", "all",
}

var selectorKinds = []SelectorKind{
	SelLeader, SelFollower, SelFollowers, SelCandidate, SelLearner, SelMajority, SelMinority, SelRest, SelAll,
}

const selectorForms = "leader, follower, followers, candidate, learner, majority, minority, random(2), rest, all, " +
	"a node like n1, or a list of these"

// String writes the selector as files do.
func (s Selector) String() string {
	switch s.Kind {
	case SelRandom:
		return fmt.Sprintf("random(%d)", s.Count)
	case SelNode:
		return s.Node.String()
	case SelList:
		parts := make([]string, len(s.List))
		for i, one := range s.List {
			parts[i] = one.String()
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	for i, kind := range selectorKinds {
		if kind == s.Kind {
			return selectorWords[i]
		}
	}
	return "nobody"
}

// pick is one selector that is no list, with where it stands.
type pick struct {
	Selector
	at *node
}

// selector reads whom an action is for, and checks that it can be.
func (r *reader) selector(n *node) (Selector, bool) {
	s, picks, ok := r.picks(n)
	return s, ok && r.distinct(picks)
}

// picks reads a selector, and the parts it has in the order in which they are bound.
func (r *reader) picks(n *node) (Selector, []pick, bool) {
	if n.kind != list {
		s, ok := r.oneSelector(n)
		return s, []pick{{s, n}}, ok
	}
	items, ok := r.list(n, "nodes")
	all := Selector{Kind: SelList}
	var picks []pick
	for _, item := range items {
		if item.kind == list {
			r.on(item, "a list within a list; write one list of nodes")
			ok = false
			continue
		}
		s, sound := r.oneSelector(item)
		ok = ok && sound
		all.List = append(all.List, s)
		picks = append(picks, pick{s, item})
	}
	return all, picks, ok
}

func (r *reader) oneSelector(n *node) (Selector, bool) {
	s, ok := r.scalar(n, selectorForms)
	if !ok {
		return Selector{}, false
	}
	for i, w := range selectorWords {
		if w == s {
			return Selector{Kind: selectorKinds[i]}, r.enough(n, selectorKinds[i])
		}
	}
	if k, found := strings.CutPrefix(s, "random("); found && strings.HasSuffix(k, ")") {
		k = strings.TrimSuffix(k, ")")
		count, err := strconv.Atoi(k)
		if !decimal(k) || err != nil || count < 1 || count > r.to.Cluster.Nodes {
			r.on(n, "%s: want random(k) with k from 1 to %d, the nodes there are", quote(s), r.to.Cluster.Nodes)
			return Selector{}, false
		}
		return Selector{Kind: SelRandom, Count: count}, true
	}
	if id, ok, isNode := r.node(n, s); isNode {
		return Selector{Kind: SelNode, Node: id}, ok
	}
	r.on(n, "unknown selector %s; %s", quote(s), insteadOfSelector(s))
	return Selector{}, false
}

func insteadOfSelector(s string) string {
	if near := Nearest(s, selectorWords); near != "" {
		return "did you mean " + quote(near) + "?"
	}
	return "known are " + selectorForms
}

// node reads a node's name. isNode is false when s does not look like one.
func (r *reader) node(n *node, s string) (id raft.NodeID, ok, isNode bool) {
	digits, named := strings.CutPrefix(s, "n")
	if !named || !decimal(digits) {
		return 0, false, false
	}
	if id, ok = nodeNumber(s); !ok || !r.knows(id) {
		r.on(n, "there is no node %s; the cluster has %s", quote(s), r.size())
		return 0, false, true
	}
	return id, true, true
}

// size says how many nodes there are, for messages.
func (r *reader) size() string {
	if r.to.Cluster.Nodes == 1 {
		return "1 node, n1" + r.joiners()
	}
	return fmt.Sprintf("%d nodes, n1 to n%d%s", r.to.Cluster.Nodes, r.to.Cluster.Nodes, r.joiners())
}

// enough says whether the cluster is large enough for such nodes to be in it.
func (r *reader) enough(n *node, kind SelectorKind) bool {
	nodes := r.to.Cluster.Nodes + len(r.joining)
	switch {
	case (kind == SelFollower || kind == SelFollowers) && nodes < 2:
		r.on(n, "a cluster of 1 node has no followers")
	case kind == SelMinority && nodes < 3:
		r.on(n, "a cluster of %d has no minority", nodes)
	default:
		return true
	}
	return false
}

// distinct checks that nobody is picked twice as far as a file can tell, and that there are
// enough nodes to pick.
func (r *reader) distinct(picks []pick) bool {
	before, sound := len(r.errs)+r.more, true
	nodes, taken := r.to.Cluster.Nodes+len(r.joining), 0
	first := map[string]Position{}
	for i, p := range picks {
		word := p.String()
		switch p.Kind {
		case SelRest:
			switch {
			case i == 0:
				r.on(p.at, "rest is who was not picked before it, and nobody was; write all")
			case i < len(picks)-1:
				r.on(p.at, "rest leaves nobody for what stands behind it; it comes last")
			case taken == nodes:
				r.on(p.at, "rest is nobody: %s is picked before it", r.all())
			}
		case SelAll:
			if len(picks) > 1 {
				r.on(p.at, "all leaves nobody for the others; write all alone, or rest as the last")
			}
		case SelLeader, SelFollowers, SelNode:
			if at, twice := first[word]; twice {
				r.on(p.at, "%s is picked twice, first at %d:%d", word, at.Line, at.Column)
			}
		case SelFollower:
			if at, twice := first["followers"]; twice {
				r.on(p.at, "followers at %d:%d has every follower already", at.Line, at.Column)
			}
		}
		first[word] = p.at.pos
		taken += atLeast(p.Selector, nodes)
		sound = len(r.errs)+r.more == before
		if sound && taken > nodes {
			r.on(p.at, "up to here %d nodes are picked of %d", taken, nodes)
			return false
		}
	}
	return sound
}

func (r *reader) all() string {
	if nodes := r.to.Cluster.Nodes + len(r.joining); nodes > 1 {
		return fmt.Sprintf("every one of %d nodes", nodes)
	}
	return "the only node"
}

// atLeast is how many nodes a selector picks when it matches.
func atLeast(s Selector, nodes int) int {
	switch s.Kind {
	case SelNode, SelLeader, SelFollower, SelCandidate, SelLearner:
		return 1
	case SelRandom:
		return s.Count
	case SelMajority:
		return nodes/2 + 1
	case SelMinority:
		return (nodes - 1) / 2
	}
	return 0
}
