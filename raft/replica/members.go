package replica

import (
	"fmt"

	"raftsim/raft"
)

// Reconfigure implements [Reconfigurable].
func (r *Replica) Reconfigure(change *Change) error {
	_, err := r.core.Reconfigure(r.env.Now(), change)
	if err != nil && r.env.Logging() {
		r.env.Log(fmt.Sprintf("Node %v does not %v: %v", r.id, change, err))
	}
	r.act()
	return err
}

// reconfigured tells of a configuration that this node has its cluster move to: one that was asked for, and what follows by itself, when
// learners have caught up and when two majorities become one again. Those that follow learn it from the log, and say nothing.
func (r *Replica) reconfigured() {
	r.config = r.core.Configuration()
	if r.core.Role() == raft.Leader && r.env.Logging() {
		r.env.Log(fmt.Sprintf("Node %v moves to %v by entry %d", r.id, r.config, r.core.Status().ConfigurationIndex))
	}
}
