package replica

import "raftsim/raft"

// refusals are why messages are refused, of those whose last one was: what comes without end, of a node that does not know that it
// was removed, say, is told of once.
type refusals map[raft.NodeID]string

// maxRefusals is of how many nodes that is remembered. Strangers can call themselves anything.
const maxRefusals = 64

// news notes why a message of a node is refused, and says whether that is not what was said last.
func (r *refusals) news(from raft.NodeID, why string) bool {
	was, known := (*r)[from]
	if known && was == why {
		return false
	}
	if *r == nil || len(*r) >= maxRefusals {
		*r = make(refusals)
	}
	(*r)[from] = why
	return true
}

// over notes that a message of a node was taken in.
func (r refusals) over(from raft.NodeID) {
	if len(r) > 0 {
		delete(r, from)
	}
}
