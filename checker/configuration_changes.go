package checker

import (
	"slices"

	"raftsim/raft"
)

// configurationChanges is: one configuration leads to the next in steps whose majorities overlap, and every node goes by what
// its log says.
//
// It checks that
//   - a node's configuration is the latest of its log, committed or not, or that of its snapshot where the log has none
//     since, or what it was born with: so it is in force as soon as it is appended, and goes back when it is cut off;
//   - a leader appends one only when the one before is committed: at most one change is in flight;
//   - a leader appends one only when an entry of its own term is committed, without which it cannot know of the one before;
//   - at most one voter comes or goes in one step; more do by way of a joint configuration, whose outgoing voters are the voters
//     before and which leads to the one with its voters alone. Another node under a voter's name is one that comes and
//     one that goes. Learners come and go freely;
//   - those who come in a swap all become voters in one joint step, which has none of those for voters who are to leave for them;
//   - an entry that should hold a configuration does, and it has a voter, names nobody twice, and no learner among the voters.
//
// Nodes agree about the committed configuration of an index because they agree about the entry; see log-matching and
// committed-entries.
//
// It does not check that a learner had caught up, nor that a leader steps down once it is no member. What leaders append is
// judged on the leader only. A node that shows no configuration is held to nothing.
//
// Raft paper §6, dissertation §4.1, §4.3; for the entry of the leader's own term Ongaro's note of July 2015 to raft-dev, "bug in
// single-server membership changes". Ongaro's TLA+ specification has no changes; in the extended one of 2022 (Vanlightly,
// RaftWithReconfigAddRemove) these are the guards of AppendAddServerCommandToLog and its like.
func (c *Checker) configurationChanges(s *step) *Violation {
	n, o := s.n, s.o
	if s.unreadable != nil {
		return c.violated(configurationChanges, []raft.NodeID{n.id}, "%s has an entry at index %d that should hold a configuration, and does not: %v",
			n.id, s.unreadableAt, s.unreadable)
	}
	if s.changes > 0 && o.Role == raft.Leader {
		for k := len(n.configurations) - s.changes; k < len(n.configurations); k++ {
			if v := c.change(s, k); v != nil {
				return v
			}
		}
	}
	if s.renewed || s.rolledBack || s.changes > 0 || o.Configuration != n.shown || o.ConfigurationIndex != s.was.configuredAt {
		return c.goesByItsLog(s)
	}
	return nil
}

// change judges the configuration at place k of the leader's.
func (c *Checker) change(s *step, k int) *Violation {
	n, o := s.n, s.o
	next := n.configurations[k]
	if k == 0 || n.log.term(next.index) != o.Term {
		return nil
	}
	before := n.configurations[k-1]
	nodes := []raft.NodeID{n.id}
	switch {
	case before.index > o.Commit:
		return c.violated(configurationChanges, nodes, "%s, leader of term %d, appended a configuration at index %d while that at index %d was not committed",
			n.id, o.Term, next.index, before.index)
	case n.log.term(o.Commit) != o.Term:
		return c.violated(configurationChanges, nodes, "%s, leader of term %d, appended a configuration at index %d before an entry of its term was committed",
			n.id, o.Term, next.index)
	case before.config == nil:
		return nil
	case !swapsWhole(before.config, next.config):
		return c.violated(configurationChanges, nodes, "%s, leader of term %d, went from %v to %v at index %d, which is not all of the swap",
			n.id, o.Term, before.config, next.config, next.index)
	case stepsTo(before.config, next.config):
		return nil
	}
	return c.violated(configurationChanges, nodes, "%s, leader of term %d, went in one step from %v to %v at index %d, whose majorities need not overlap",
		n.id, o.Term, before.config, next.config, next.index)
}

// stepsTo says whether one configuration may follow another.
func stepsTo(from, to *raft.Configuration) bool {
	switch {
	case len(from.Outgoing) > 0:
		return len(to.Outgoing) == 0 && sameVoters(from.Voters, to.Voters)
	case len(to.Outgoing) > 0:
		return sameVoters(from.Voters, to.Outgoing)
	}
	changed := 0
	for _, lists := range [...][2][]raft.Member{{from.Voters, to.Voters}, {to.Voters, from.Voters}} {
		for k := range lists[0] {
			if !votesIn(lists[1], &lists[0][k]) {
				changed++
			}
		}
	}
	return changed <= 1
}

// swapsWhole says whether a step takes everybody in and out who comes and goes in a swap, if it takes in anybody of it.
func swapsWhole(from, to *raft.Configuration) bool {
	come, wait := 0, 0
	for k := range from.Learners {
		switch l := &from.Learners[k]; {
		case !l.Swap:
		case named(to.Voters, l.ID):
			come++
		default:
			wait++
		}
	}
	if come == 0 {
		return true
	}
	for k := range from.Voters {
		if v := &from.Voters[k]; v.Swap && named(to.Voters, v.ID) {
			wait++
		}
	}
	return wait == 0 && len(to.Outgoing) > 0
}

func named(list []raft.Member, id raft.NodeID) bool {
	return slices.ContainsFunc(list, func(m raft.Member) bool { return m.ID == id })
}

func sameVoters(a, b []raft.Member) bool {
	return slices.EqualFunc(a, b, func(x, y raft.Member) bool { return x.ID == y.ID && x.Incarnation == y.Incarnation })
}

func votesIn(list []raft.Member, m *raft.Member) bool {
	for k := range list {
		if list[k].ID == m.ID && list[k].Incarnation == m.Incarnation {
			return true
		}
	}
	return false
}

// goesByItsLog compares what the node says of its configuration with its log.
func (c *Checker) goesByItsLog(s *step) *Violation {
	n, o := s.n, s.o
	want := n.latest()
	if o.Configuration == nil || want.config == nil {
		return nil
	}
	nodes := []raft.NodeID{n.id}
	// That of a snapshot has the snapshot's index, whichever entry it came with.
	if at := o.ConfigurationIndex; at != want.index && (at < want.index || at > o.Commit) {
		return c.violated(configurationChanges, nodes, "%s goes by a configuration of index %d, but the latest in its log is that of index %d", n.id, at, want.index)
	}
	if !sameLists(o.Configuration, want.config) {
		return c.violated(configurationChanges, nodes, "%s goes by %v, but its log says %v, by index %d", n.id, o.Configuration, want.config, want.index)
	}
	return nil
}
