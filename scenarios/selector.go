package scenarios

import (
	"fmt"
	"slices"

	"raftsim/raft"
	"raftsim/scenarios/script"
)

// eligible says whom an action can be for.
type eligible uint8

const (
	anyNode eligible = iota
	// upNode: crash and pause have no use for a node that is down.
	upNode
	// downNode is for restart.
	downNode
	// bornNode is one that has booted once: not a joiner to come.
	bornNode
)

// binding picks the nodes of one timeline entry at the moment it starts. Nobody is picked twice.
type binding struct {
	r *Run
	// site names the entry's random draws.
	site   string
	from   eligible
	picked []bool // by NodeID
}

func (r *Run) bind(site string, from eligible) *binding {
	return &binding{r: r, site: site, from: from, picked: make([]bool, len(r.nodes))}
}

// group returns the nodes a selector picks, in order. It returns false when a part of it matches nobody. `rest`
// and `all` match whoever there is.
func (b *binding) group(s *script.Selector) ([]raft.NodeID, bool) {
	group, ok := b.pick(nil, s)
	slices.Sort(group)
	return group, ok
}

func (b *binding) pick(group []raft.NodeID, s *script.Selector) ([]raft.NodeID, bool) {
	nodes := len(b.r.nodes) - 1
	switch s.Kind {
	case script.SelList:
		for i := range s.List {
			var ok bool
			if group, ok = b.pick(group, &s.List[i]); !ok {
				return group, false
			}
		}
		return group, true
	case script.SelNode:
		// Named nodes are taken as they are: it is the action that finds nothing to do.
		return b.take(group, s.Node), true
	case script.SelLeader:
		if id := b.r.leader(); id != raft.None && !b.picked[id] {
			return b.take(group, id), true
		}
		return group, false
	case script.SelFollower:
		return b.some(group, s, b.role(raft.Follower), 1)
	case script.SelCandidate:
		return b.some(group, s, b.role(raft.Candidate), 1)
	case script.SelFollowers:
		return b.some(group, s, b.role(raft.Follower), nodes)
	case script.SelMajority:
		return b.some(group, s, b.r.members.voters(b.free()), b.r.members.majority())
	case script.SelMinority:
		return b.some(group, s, b.r.members.voters(b.free()), len(b.r.members.config.Voters)-b.r.members.majority())
	case script.SelRandom:
		return b.some(group, s, b.born(b.free()), s.Count)
	case script.SelLearner:
		return b.some(group, s, b.learners(), 1)
	case script.SelRest, script.SelAll:
		for _, id := range b.free() {
			group = b.take(group, id)
		}
		return group, true
	}
	return group, false
}

func (b *binding) take(group []raft.NodeID, id raft.NodeID) []raft.NodeID {
	if b.picked[id] {
		return group
	}
	b.picked[id] = true
	return append(group, id)
}

// some takes k of the nodes, drawn, or all when there are no more.
func (b *binding) some(group []raft.NodeID, s *script.Selector, from []raft.NodeID, k int) ([]raft.NodeID, bool) {
	k = min(k, len(from))
	if k == 0 {
		return group, false
	}
	for i := range k {
		if rest := len(from) - i; rest > 1 && k < len(from) {
			// The draw 0 takes the first, so that the calm choice is the same everywhere.
			j := i + int(b.r.world.Draw(fmt.Sprintf("%s, %v", b.site, *s), uint64(rest)))
			from[i], from[j] = from[j], from[i]
		}
		group = b.take(group, from[i])
	}
	return group, true
}

// role returns the nodes that run, are in a role and are not picked yet.
func (b *binding) role(role raft.Role) []raft.NodeID {
	var ids []raft.NodeID
	for i := range b.r.nodes[1:] {
		n := &b.r.nodes[i+1]
		if n.up && n.seen.Role == role && !b.picked[n.id] && !b.r.world.Paused(n.id) {
			ids = append(ids, n.id)
		}
	}
	return ids
}

// free returns the nodes that the action can be for and that are not picked yet.
func (b *binding) free() []raft.NodeID {
	var ids []raft.NodeID
	for i := range b.r.nodes[1:] {
		n := &b.r.nodes[i+1]
		born := b.r.world.Boots(n.id) > 0
		if b.picked[n.id] || b.from == upNode && !n.up || b.from == downNode && (n.up || !born) || b.from == bornNode && !born {
			continue
		}
		ids = append(ids, n.id)
	}
	return ids
}

// born drops those that have never booted, who are to join one day.
func (b *binding) born(ids []raft.NodeID) []raft.NodeID {
	return slices.DeleteFunc(ids, func(id raft.NodeID) bool { return int(id) > b.r.scenario.Cluster.Nodes && b.r.world.Boots(id) == 0 })
}

// learners returns the learners that run and are not picked yet.
func (b *binding) learners() []raft.NodeID {
	var ids []raft.NodeID
	for _, l := range b.r.members.config.Learners {
		if b.r.runs(l) && !b.picked[l.ID] {
			ids = append(ids, l.ID)
		}
	}
	return ids
}
