package scenarios

import (
	"fmt"
	"strings"
	"time"

	"raftsim/raft"
	"raftsim/sim"
)

// tailEntries is how many of a log's last entries a view shows.
const tailEntries = 8

// NodeView is one node's state at a moment, to be printed. It shares nothing with the run.
type NodeView struct {
	ID         raft.NodeID
	Up, Paused bool
	// Boots counts the node's boots. What follows is what the node was when it went down, if it is not up.
	Boots uint32
	raft.Status
	// Members is the configuration in force at the node, "" when it is down.
	Members string
	// Tail are the last entries of its log, oldest first; empty when it is down.
	Tail []raft.Entry
	// Keys is the digest of its key-value store, 0 when it is down.
	Digest uint64
}

// Nodes shows every node as it is now, n1 first.
func (r *Run) Nodes() []NodeView {
	views := make([]NodeView, 0, len(r.nodes)-1)
	for i := range r.nodes[1:] {
		n := &r.nodes[i+1]
		v := NodeView{ID: n.id, Up: n.up, Paused: r.world.Paused(n.id), Boots: n.boot, Status: n.seen}
		if n.view != nil {
			v.Status, v.Members = n.view.Status(), n.view.Configuration().String()
			from := v.LastIndex - min(v.LastIndex-v.Base, tailEntries) + 1
			v.Tail = append(v.Tail, r.entries(n.view, from, v.LastIndex)...)
		}
		switch {
		case n.store != nil:
			v.Digest = n.store.Digest()
		case n.mirror != nil:
			v.Digest = n.mirror.Digest()
		}
		views = append(views, v)
	}
	return views
}

// Now is the virtual time since the run began: that of the last event, or where the run was stopped.
func (r *Run) Now() time.Duration { return r.world.Now() }

// Event is the id of the last event.
func (r *Run) Event() sim.EventID { return r.world.Event() }

// String says it in a few lines.
func (v NodeView) String() string {
	var b strings.Builder
	state := v.Role.String()
	switch {
	case v.Boots == 0:
		return v.ID.String() + "  not booted yet"
	case !v.Up:
		state = "down, was " + state
	case v.Paused:
		state += ", paused"
	}
	fmt.Fprintf(&b, "%v  %s  term %d  vote %v  leader %v  boot %d\n", v.ID, state, v.Term, v.Vote, v.Leader, v.Boots)
	fmt.Fprintf(&b, "    log to %d (term %d)  durable %d (term %d, vote %v)  commit %d  applied %d",
		v.LastIndex, v.LastTerm, v.DurableIndex, v.DurableHard.Term, v.DurableHard.Vote, v.Commit, v.Applied)
	if v.Up && v.Digest != 0 {
		fmt.Fprintf(&b, "  store %016x", v.Digest)
	}
	if v.Base > 0 {
		fmt.Fprintf(&b, "\n    snapshot up to %d (term %d)", v.Base, v.BaseTerm)
	}
	if v.ConfigurationIndex > 0 {
		fmt.Fprintf(&b, "\n    members %s  by entry %d", v.Members, v.ConfigurationIndex)
	}
	if len(v.Tail) > 0 {
		b.WriteString("\n    tail")
		for _, e := range v.Tail {
			fmt.Fprintf(&b, "  %d:t%d", e.Index, e.Term)
			if e.Kind == raft.EntryNoop {
				b.WriteString(" no-op")
			}
		}
	}
	return b.String()
}
