package replica

import (
	"fmt"

	"raftsim/raft"
)

// Reconfigure implements [Reconfigurable].
func (r *Replica) Reconfigure(join, remove []raft.NodeID) error {
	i, err := r.core.Reconfigure(r.env.Now(), &raft.Change{Join: join, Remove: remove})
	if r.env.Logging() && (i != 0 || err != nil) {
		line := fmt.Sprintf("Node %v moves to %v by entry %d", r.id, r.core.Configuration(), i)
		if err != nil {
			line = fmt.Sprintf("Node %v does not let %v join and %v leave: %v", r.id, join, remove, err)
		}
		r.env.Log(line)
	}
	r.act()
	return err
}
