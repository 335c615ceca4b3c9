package checker

import (
	"time"

	"raftsim/checker/spec"
	"raftsim/raft"
)

// confirming is the last round that a term's leader has asked a node to confirm, and when it first did.
type confirming struct {
	leader raft.NodeID
	term   raft.Term
	round  uint64
	at     time.Duration
}

// keeping is what a node has promised to a leader by an answer: to elect nobody until then. A restart does not undo it.
type keeping struct {
	to    raft.NodeID
	round uint64
	until time.Duration
}

// Leases tells that leaders may serve reads without asking anybody, as long as nobody can have been elected since (Raft
// dissertation §6.4.1). Otherwise that is a violation of refinement. Whoever answers a leader elects nobody for that long after it
// was asked, in true time: a lease divided by the pace of the fastest clock that leases count with.
func (c *Checker) Leases(promise time.Duration) { c.leases, c.promise = true, promise }

// askToConfirm notes the round of a leader's message.
func (n *node) askToConfirm(at Moment, m *raft.Message) {
	q, round := &n.confirming, m.Append.Round
	if m.Term > q.term || m.Term == q.term && round > q.round {
		*q = confirming{m.From, m.Term, round, at.At}
	}
}

// confirmsLeader is about ConfirmLeader: a node answers its term's leader, and no round that this one did not ask for. What a leader
// of an earlier term asked may be anybody's question: who was that leader may have crashed and counts rounds anew.
func (c *Checker) confirmsLeader(n *node, m *raft.Message) *Violation {
	round, q := m.AppendReply.Round, &n.confirming
	asked := uint64(0)
	if q.term == m.Term {
		asked = q.round
	}
	switch {
	case round > asked:
		return c.violated(refinement, []raft.NodeID{n.id, m.To}, "%s confirms round %d of %s in term %d, and was asked for round %d of that term at most: ConfirmLeader is not enabled",
			n.id, round, m.To, m.Term, asked)
	case round == asked && round > 0 && c.promise > 0:
		if until := q.at + c.promise; until > n.keeping.until {
			n.keeping = keeping{q.leader, round, until}
		}
	}
	return nil
}

// ClockSet tells that a node's clock was set, so that times it had waited for may be over, or far, by its own clock: it is held to
// no promise of before. A read that is served because of it is still a violation.
func (c *Checker) ClockSet(id raft.NodeID) {
	if n := c.node(id); n != nil {
		n.keeping, n.confirming.at = keeping{}, longAgo
	}
}

// longAgo is before the world began by more than any promise lasts.
const longAgo = -1 << 62

// promised is for how much longer a node has to keep to the leader that it answered.
func (s *step) promised() time.Duration { return max(s.n.keeping.until-s.at, 0) }

// mayElect says whether that is over.
func (s *step) mayElect() bool { return spec.MayElect(uint64(s.promised())) }
