package script

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"raftsim/raft"
)

// findJoiners finds the nodes that the timeline has join, before anything is read that may name them. What is wrong with
// an entry is told when it is read.
func (r *reader) findJoiners(n *node) {
	r.joining = map[raft.NodeID]bool{}
	if n != nil {
		r.findJoinersIn(n.items)
	}
	r.to.Cluster.Names = r.to.Cluster.Nodes
	// determinism: a maximum does not care for the order
	for id := range r.joining {
		r.to.Cluster.Names = max(r.to.Cluster.Names, int(id))
	}
}

func (r *reader) findJoinersIn(items []*node) {
	for _, n := range items {
		for _, p := range n.pairs {
			switch p.key {
			case "timeline":
				r.findJoinersIn(p.value.items)
			case "join":
				v := p.value
				for _, q := range v.pairs {
					if q.key == "nodes" {
						v = q.value
					}
				}
				for _, name := range append([]*node{v}, v.items...) {
					if id, ok := nodeNumber(name.text); ok && id > raft.NodeID(r.to.Cluster.Nodes) {
						r.joining[id] = true
					}
				}
			}
		}
	}
}

// nodeNumber reads a name from n1 to n99.
func nodeNumber(s string) (raft.NodeID, bool) {
	digits, named := strings.CutPrefix(s, "n")
	if !named || !decimal(digits) {
		return 0, false
	}
	v, err := strconv.Atoi(digits)
	return raft.NodeID(v), err == nil && v >= 1 && v <= mostNodes
}

var (
	joinKeys   = []string{"nodes", "as", "instead_of"}
	joinAsWord = []string{"voter", "learner"}
)

// join reads who joins: a name, a list of names, {nodes: ..., as: learner} or {nodes: ..., instead_of: SELECTOR}.
func (r *reader) join(n *node) (Action, bool) {
	var j Join
	who, sound := n, true
	if n.kind == mapping {
		f, _ := r.mapping(n, "join", joinKeys)
		if who = f.get("nodes"); who == nil {
			if !f.odd {
				r.on(n, "nodes is missing; write {nodes: n6, as: learner}")
			}
			return nil, false
		}
		if as := f.get("as"); as != nil {
			word, ok := r.word(as, "kind of member", joinAsWord)
			j.Learner, sound = word == "learner", ok
		}
		if of := f.get("instead_of"); of != nil {
			s, ok := r.selector(of)
			j.InsteadOf, sound = &s, sound && ok
			if j.Learner {
				r.on(of, "nobody leaves for a learner; leave out as, or write a remove")
				sound = false
			}
		}
	}
	s, picks, ok := r.picks(who)
	for _, p := range picks {
		if ok && p.Kind != SelNode {
			r.on(p.at, "a node joins by its name, like n6")
			return nil, false
		}
	}
	j.Nodes = s
	if sound = ok && sound && r.distinct(picks); sound && j.InsteadOf != nil {
		sound = r.apart(j, n)
	}
	return j, sound
}

// apart says whether nobody is named both to come and to leave.
func (r *reader) apart(j Join, n *node) bool {
	for _, comes := range append([]Selector{j.Nodes}, j.Nodes.List...) {
		for _, leaves := range append([]Selector{*j.InsteadOf}, j.InsteadOf.List...) {
			if comes.Kind == SelNode && leaves.Kind == SelNode && comes.Node == leaves.Node {
				r.on(n, "%v cannot leave for itself; a node whose disk is gone joins again by its name alone", comes)
				return false
			}
		}
	}
	return true
}

var clockKeys = []string{"drift", "jump", "offset"}

func (r *reader) clock(n *node) (Action, bool) {
	f, ok := r.mapping(n, "clock", clockKeys)
	if !ok {
		return nil, false
	}
	if len(n.pairs) == 0 {
		r.on(n, "nothing is changed; give one of %s", join(clockKeys))
		return nil, false
	}
	var c SetClock
	sound := !f.odd
	if n := f.get("drift"); n != nil {
		v, ok := r.signed(n, func(n *node) (int64, bool) {
			p, ok := r.percent(n)
			if ok && p > mostDrift {
				r.on(n, "%v is more than %v; no clock is that bad", p, mostDrift)
				ok = false
			}
			return int64(p), ok
		})
		c.Drift, sound = &v, sound && ok
	}
	if n := f.get("jump"); n != nil {
		v, ok := r.signedTime(n)
		c.Jump, sound = v, sound && ok
	}
	if n := f.get("offset"); n != nil {
		v, ok := r.signedTime(n)
		c.Offset, sound = &v, sound && ok
		if f.get("jump") != nil {
			r.on(n, "jump and offset both set the clock, from what it shows and from true time; give one of them")
			sound = false
		}
	}
	return c, sound
}

// signedTime reads a time that may have a minus in front.
func (r *reader) signedTime(n *node) (time.Duration, bool) {
	v, ok := r.signed(n, func(n *node) (int64, bool) {
		t, ok := r.time(n, "ms", time.Nanosecond)
		return int64(t), ok
	})
	return time.Duration(v), ok
}

// signed reads a value that may have a minus in front.
func (r *reader) signed(n *node, read func(*node) (int64, bool)) (int64, bool) {
	text, negative := strings.CutPrefix(n.text, "-")
	if n.kind != scalar || !negative {
		return read(n)
	}
	positive := *n
	positive.text = text
	v, ok := read(&positive)
	return -v, ok
}

// knows says whether a node of that number is there from the start or joins.
func (r *reader) knows(id raft.NodeID) bool {
	return id >= 1 && id <= raft.NodeID(r.to.Cluster.Nodes) || r.joining[id]
}

// joiners lists those who join, in order, for messages: "", or ", and n6, n7 that join".
func (r *reader) joiners() string {
	var ids []raft.NodeID
	for id := range r.joining {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if len(ids) == 0 {
		return ""
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id.String()
	}
	verb := " that join"
	if len(ids) == 1 {
		verb = " that joins"
	}
	return ", and " + strings.Join(names, ", ") + verb
}
