package replica

import "fmt"

// Reconfigure implements [Reconfigurable].
func (r *Replica) Reconfigure(change *Change) error {
	i, err := r.core.Reconfigure(r.env.Now(), change)
	switch {
	case !r.env.Logging():
	case err != nil:
		r.env.Log(fmt.Sprintf("Node %v does not %v: %v", r.id, change, err))
	case i != 0:
		r.env.Log(fmt.Sprintf("Node %v moves to %v by entry %d", r.id, r.core.Configuration(), i))
	}
	r.act()
	return err
}
