package checker

import (
	"slices"

	"raftsim/raft"
)

// configured is a configuration and the index of its entry. Where the checker has forgotten which it was, config is nil.
type configured struct {
	config *raft.Configuration
	index  raft.Index
}

// birth is what a node goes by whose log names no configuration.
func (c *Checker) birth(n *node) *raft.Configuration {
	first := n.incarnation == raft.FirstIncarnation || n.incarnation == 0 && !n.wiped && len(n.earlier) == 0
	if first && isMember(c.initial, n.id) {
		return c.initial
	}
	return c.nobody
}

// configurationAt is the committed configuration that a snapshot of an index holds.
func (c *Checker) configurationAt(i raft.Index) configured {
	k := len(c.configurations) - 1
	for k > 0 && c.configurations[k].index > i {
		k--
	}
	if c.configurations[k].index > i {
		return configured{nil, i}
	}
	return c.configurations[k]
}

// configureFrom has a node's configurations begin anew with the one at an index, which its log or its snapshot begins with.
func (c *Checker) configureFrom(n *node, b raft.Index) {
	first := configured{c.birth(n), 0}
	if b > 0 {
		first = c.configurationAt(b)
	}
	n.configurations = append(n.configurations[:0], first)
}

// forgetConfigurations drops those that only a shorter log than the node's could go back to.
func (n *node) forgetConfigurations() {
	k := 0
	for k+1 < len(n.configurations) && n.configurations[k+1].index <= n.log.base {
		k++
	}
	n.configurations = slices.Delete(n.configurations, 0, k)
}

// rollBack goes back to the configuration there was before an index.
func (n *node) rollBack(i raft.Index) bool {
	k := len(n.configurations)
	for k > 1 && n.configurations[k-1].index >= i {
		k--
	}
	gone := k < len(n.configurations)
	n.configurations = n.configurations[:k]
	return gone
}

// latest is the configuration that a node's log ends with.
func (n *node) latest() configured { return n.configurations[len(n.configurations)-1] }

// takeConfiguration takes in an entry that a node appended.
func (s *step) takeConfiguration(e *raft.Entry) {
	config, err := raft.DecodeConfiguration(e.Data)
	if err != nil {
		if s.unreadable == nil {
			s.unreadable, s.unreadableAt = err, e.Index
		}
		return
	}
	s.n.configurations = append(s.n.configurations, configured{&config, e.Index})
	s.changes++
}

// commitConfigurations takes in those among the entries of a node's log that have just been committed.
func (c *Checker) commitConfigurations(n *node, after, upTo raft.Index) {
	list := n.configurations
	k := len(list)
	for k > 0 && list[k-1].index > after {
		k--
	}
	for ; k < len(list) && list[k].index <= upTo; k++ {
		c.configurations = append(c.configurations, list[k])
	}
}

// inForce calls f with each configuration that a node can have gone by when it came to know that an index is committed,
// until f returns true, and says whether it did.
//
// A leader goes by the latest of its log, and may append another once the index is committed, within the same event. A
// follower goes by its leader's word; which of the later ones of the leader's log, if any, the leader went by is not known.
func (c *Checker) inForce(s *step, i raft.Index, f func(*raft.Configuration) bool) bool {
	list := s.n.configurations
	k := len(list) - 1
	if s.o.Role == raft.Leader {
		for k > 0 && list[k].index > max(i, s.was.last) {
			k--
		}
		return f(list[k].config)
	}
	for _, g := range from(list, i) {
		if f(g.config) {
			return true
		}
	}
	if leader := c.known(c.leaders[s.o.Term]); leader != nil {
		for _, g := range from(leader.configurations, i) {
			if f(g.config) {
				return true
			}
		}
	}
	return false
}

// from is the latest of some configurations as of an index, and those after it.
func from(list []configured, i raft.Index) []configured {
	k := len(list) - 1
	for k > 0 && list[k].index > i {
		k--
	}
	return list[k:]
}

// isMember says whether a configuration names a node.
func isMember(g *raft.Configuration, id raft.NodeID) bool {
	if g == nil {
		return true
	}
	for _, list := range [...][]raft.Member{g.Voters, g.Outgoing, g.Learners} {
		for k := range list {
			if list[k].ID == id {
				return true
			}
		}
	}
	return false
}

// quorum asks for a majority of the voters and, while the configuration is joint, for another of those who were.
// What it returns first is whether both are there; the other results are the list of voters without, and who of them has.
// A configuration that was forgotten is taken to agree.
func quorum(g *raft.Configuration, has func(m *raft.Member) bool) (ok bool, short []raft.Member, who []raft.NodeID) {
	if g == nil {
		return true, nil, nil
	}
	lists := [...][]raft.Member{g.Voters, g.Outgoing}
	for l, list := range lists {
		if l == 1 && len(list) == 0 {
			break
		}
		n := 0
		for k := range list {
			if has(&list[k]) {
				n++
			}
		}
		if n < len(list)/2+1 {
			for k := range list {
				if has(&list[k]) {
					who = append(who, list[k].ID)
				}
			}
			return false, list, who
		}
	}
	return true, nil, nil
}

// sameLists says whether two configurations name the same, and say the same of what is to become of whom.
func sameLists(a, b *raft.Configuration) bool {
	return slices.Equal(a.Voters, b.Voters) && slices.Equal(a.Outgoing, b.Outgoing) && slices.Equal(a.Learners, b.Learners)
}
