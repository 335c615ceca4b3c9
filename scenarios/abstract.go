package scenarios

import (
	"slices"

	"raftsim/raft"
)

// abstraction tells [Options].Abstract of every abstract state that a run comes to: what a cluster looks like to somebody who
// does not care for names, terms and indexes as such, but for who is ahead of whom. It costs nothing where nobody asks.
type abstraction struct {
	r    *Run
	last uint64
	// terms are, by NodeID, where each term of the node's log begins, as far as anybody can still doubt it.
	terms [][]termRun
	words []uint64 // scratch
	ranks []raft.Term
}

// termRun is a part of a log of one term.
type termRun struct {
	term  raft.Term
	first raft.Index
}

func (a *abstraction) init(r *Run) {
	a.r = r
	if r.opts.Abstract != nil {
		a.terms = make([][]termRun, len(r.nodes))
	}
}

// logChanged follows the terms of a node's log by what its last observation says is new of it.
func (a *abstraction) logChanged(n *node) {
	id, o := n.id, &n.shown
	if a.terms == nil || o.Changed == 0 {
		return
	}
	runs := a.terms[id]
	for len(runs) > 0 && runs[len(runs)-1].first >= o.Changed {
		runs = runs[:len(runs)-1]
	}
	for i := range o.Suffix {
		if e := &o.Suffix[i]; len(runs) == 0 || runs[len(runs)-1].term != e.Term {
			runs = append(runs, termRun{e.Term, e.Index})
		}
	}
	for len(runs) > 1 && runs[1].first <= o.Commit {
		runs = runs[1:]
	}
	a.terms[id] = runs
}

// changed tells of the state the cluster is in, unless it is the one before. Nodes are sorted, since clusters that differ in their names
// alone are alike.
func (a *abstraction) changed() {
	if a.terms == nil {
		return
	}
	var top raft.Status
	a.ranks = a.ranks[:0]
	for i := range a.r.nodes[1:] {
		n := &a.r.nodes[i+1].seen
		top.LastIndex, top.Commit = max(top.LastIndex, n.LastIndex), max(top.Commit, n.Commit)
		a.ranks = append(a.ranks, n.Term, n.LastTerm)
	}
	if leader := a.r.leader(); leader != raft.None {
		top.LastIndex = a.r.nodes[leader].seen.LastIndex
	}
	slices.Sort(a.ranks)
	a.ranks = slices.Compact(a.ranks)
	a.words = a.words[:0]
	for i := range a.r.nodes[1:] {
		a.words = append(a.words, a.word(&a.r.nodes[i+1], &top))
	}
	slices.Sort(a.words)
	h := uint64(len(a.words))
	for _, w := range a.words {
		h = mix(h ^ w)
	}
	if h != a.last {
		a.last = h
		a.r.opts.Abstract(h)
	}
}

// word is what a node adds to the abstract state.
func (a *abstraction) word(n *node, top *raft.Status) uint64 {
	s, w := &n.seen, uint64(0)
	put := func(v, values uint64) { w = w*values + min(v, values-1) }
	switch {
	case !n.up:
		put(0, 3)
	case a.r.world.Paused(n.id):
		put(1, 3)
	default:
		put(2, 3)
	}
	put(uint64(s.Role), 4)
	put(a.rank(s.Term), 3)
	put(a.rank(s.LastTerm), 3)
	put(lag(top.LastIndex, s.LastIndex), 5)
	put(lag(top.Commit, s.Commit), 3)
	put(yes(s.DurableIndex < s.LastIndex || s.DurableHard.Term < s.Term), 2)
	put(uint64(max(len(a.terms[n.id]), 1)-1), 3)
	put(yes(a.r.members.voter(n.id)), 2)
	return w
}

// rank is how many terms that any node has are above this one.
func (a *abstraction) rank(t raft.Term) uint64 {
	k, _ := slices.BinarySearch(a.ranks, t)
	return uint64(len(a.ranks) - 1 - k)
}

// lag tells how far an index is behind another in steps that grow, and those ahead of it from those behind.
func lag(of, is raft.Index) uint64 {
	switch {
	case is == of:
		return 0
	case is > of:
		return 4
	case of-is < 4:
		return 1
	case of-is < 16:
		return 2
	}
	return 3
}

func yes(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// mix spreads a number over all its bits: the output function of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
