package replica

import (
	"fmt"
	"slices"

	"raftsim/raft"
)

// Reconfigure implements [Reconfigurable].
func (r *Replica) Reconfigure(change *Change) error {
	_, err := r.core.Reconfigure(r.env.Now(), change)
	if err != nil {
		r.refuses(change, err)
	}
	r.act()
	return err
}

// mostRefusals bounds what is remembered of changes that were refused.
const mostRefusals = 64

// refuses tells why a change is not made, of each once until there is another configuration: whoever asked asks again.
func (r *Replica) refuses(change *Change, err error) {
	if !r.env.Logging() {
		return
	}
	line := fmt.Sprintf("Node %v does not %v: %v", r.id, change, err)
	if slices.Contains(r.refused, line) {
		return
	}
	if len(r.refused) == mostRefusals {
		r.refused = r.refused[:0]
	}
	r.refused = append(r.refused, line)
	r.env.Log(line)
}

// reconfigured tells of a configuration that this node has its cluster move to: one that was asked for, and what follows by itself, when
// learners have caught up and when two majorities become one again. Those that follow learn it from the log, and say nothing.
func (r *Replica) reconfigured() {
	r.config = r.core.Configuration()
	r.refused = r.refused[:0]
	if r.core.Role() == raft.Leader && r.env.Logging() {
		r.env.Log(fmt.Sprintf("Node %v moves to %v by entry %d", r.id, r.config, r.core.Status().ConfigurationIndex))
	}
}
