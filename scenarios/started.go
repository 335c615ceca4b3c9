package scenarios

import (
	"slices"
	"time"

	"raftsim/raft"
)

// Started is an entry of the timeline that started in a run: when, and for whom.
type Started struct {
	// Entry is its place in the scenario's Timeline.
	Entry int
	At    time.Duration
	// Nodes are those its selector picked; Groups those of a partition, or the two ends of a cut.
	Nodes  []raft.NodeID
	Groups [][]raft.NodeID
}

// Started returns the entries that have started, in the order of the timeline. It shares nothing with the run.
func (r *Run) Started() []Started {
	var all []Started
	for i := range r.timeline.entries {
		e := &r.timeline.entries[i]
		if e.phase != active && e.phase != done {
			continue
		}
		s := Started{Entry: i, At: e.started, Nodes: slices.Clone(e.nodes)}
		for _, g := range e.groups {
			s.Groups = append(s.Groups, slices.Clone(g))
		}
		all = append(all, s)
	}
	return all
}
