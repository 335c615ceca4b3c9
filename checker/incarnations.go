package checker

import "raftsim/raft"

// incarnations is: a node whose disk was wiped comes back as another node of the same name, which nobody takes for the
// one before; any other comes back as the one it was.
//
// It checks each boot: after [Checker.Wiped] the incarnation is none that was seen of that name, otherwise it is the last. Who was
// born while the cluster ran, and crashed before anything of its was on the disk, is born again: it can have promised nothing.
// That the votes and acknowledgements of the one before are not the other's is part of election-safety and
// committed-entries, which count members, and a member is a name and an incarnation.
//
// It does not check that incarnations of different names differ, nor that a node tells which it is.
//
// Dissertation §3.8: a server that lost its state cannot rejoin under its prior identity, but by a membership change under a new
// one. The Raft paper and Ongaro's TLA+ specification know no such loss.
func (c *Checker) incarnations(s *step) *Violation {
	n, now, was := s.n, s.o.Incarnation, s.wasIncarnation
	if now == 0 {
		return nil
	}
	if !n.wiped {
		born := was != raft.FirstIncarnation && s.was.durableTerm == 0 && s.was.durable == 0
		if was == 0 || was == now || born {
			return nil
		}
		return c.violated(incarnations, []raft.NodeID{n.id}, "%s was incarnation %d and came back as %d, though its disk was not wiped", n.id, was, now)
	}
	for k := range n.earlier {
		if n.earlier[k].incarnation == now {
			return c.violated(incarnations, []raft.NodeID{n.id}, "%s came back from a wiped disk as incarnation %d, which it was before", n.id, now)
		}
	}
	return nil
}
