package checker

import (
	"fmt"

	"raftsim/raft"
)

// promises are those a node has made and is held to.
type promises struct {
	// pending were made in an event after which the node was not yet observed.
	pending []Promise
	// ballot is the vote of the highest term.
	ballot struct {
		term raft.Term
		to   raft.NodeID
	}
	acked acknowledgement
	// older is the highest index acknowledged in an earlier term than acked's. Both indexes go down when a
	// later leader has entries overwritten.
	older raft.Index
}

// acknowledgement is the highest index acknowledged in the highest term of an acknowledgement.
type acknowledgement struct {
	term  raft.Term
	index raft.Index
	to    raft.NodeID
}

// promise holds the node to a promise from here on.
func (p *promises) promise(m *Promise) {
	switch m.Kind {
	case VotePromise:
		if m.Term >= p.ballot.term {
			p.ballot.term, p.ballot.to = m.Term, m.To
		}
	case EntryPromise:
		switch {
		case m.Term > p.acked.term:
			p.older = max(p.older, p.acked.index)
			p.acked.term, p.acked.index, p.acked.to = m.Term, m.Index, m.To
		case m.Term == p.acked.term:
			p.acked.index = max(p.acked.index, m.Index)
		default:
			p.older = max(p.older, m.Index)
		}
	}
}

// down is for a node that ends before it was observed after its last promises: whether they were kept then
// is not known, but the restart has to show it.
func (p *promises) down() {
	for k := range p.pending {
		p.promise(&p.pending[k])
	}
	p.pending = p.pending[:0]
}

// Promised tells that a message with a promise leaves a node. Whether the promise is kept is judged by the
// node's observation after the same event: at once when that has been, otherwise when it comes. It returns
// nil while every property holds.
func (c *Checker) Promised(at Moment, p Promise) *Violation {
	if c.first != nil {
		return c.first
	}
	if p.Node-1 >= raft.NodeID(len(c.nodes)-1) && c.node(p.Node) == nil || p.Kind != VotePromise && p.Kind != EntryPromise {
		return c.report(at, malformed(p.Node, "a promise of kind %d by %s", p.Kind, p.Node))
	}
	n := &c.nodes[p.Node]
	if p.Kind == VotePromise {
		n.votes.give(vote{p.Term, p.To, p.Incarnation})
	}
	if a := &n.acked; p.Kind == EntryPromise && p.Term == a.term && p.Index <= a.index && p.To == a.to {
		return nil // less than what the node is held to already: a heartbeat was answered
	}
	if !c.checks(durablePromises) {
		n.promise(&p)
		return nil
	}
	n.pending = append(n.pending, p)
	if n.seen.boot != 0 && n.event == at.Event {
		return c.report(at, c.settle(n))
	}
	return nil
}

// Owes says whether promises of a node, what else it said in messages, or reads it served wait for its next observation.
func (c *Checker) Owes(id raft.NodeID) bool {
	return id < raft.NodeID(len(c.nodes)) && (len(c.nodes[id].pending) > 0 || c.nodes[id].owing)
}

// durablePromises is: an acknowledged vote or entry is on the disk.
//
// It checks that
//   - when a vote is given, the disk holds it, or a later term; when entries are acknowledged, the disk
//     holds them and the term, and they are the leader's, if the leader is there to compare with;
//   - a vote is promised to one candidate in a term, over all restarts;
//   - a node has its own vote on disk when it asks for others, and when it leads;
//   - as long as the node stays in the term it keeps what it acknowledged; in a later one it may overwrite
//     it, as a later leader can demand;
//   - after a restart the disk still covers all of this, and what a leader counted on of its own log to
//     commit.
//
// A snapshot that took the place of entries covers them; that of a later leader also where they were others. What was promised
// by a node whose disk was wiped the next of its name is not held to.
//
// It does not check that a refusal leaves only after its term is on the disk: no property of
// Figure 3 rests on it. A promise made in the event in which a node halts, unobserved, is judged by the
// restart alone.
//
// Raft paper Figure 2 ("updated on stable storage before responding to RPCs"), §5.6. In Ongaro's TLA+
// specification Restart keeps currentTerm, votedFor and log: this is what makes that true.
func (c *Checker) durablePromises(s *step) *Violation {
	n, o := s.n, s.o
	if s.boot {
		if v := c.promisesSurvive(s); v != nil {
			return v
		}
	} else if s.fork != 0 {
		if s.fork <= n.acked.index {
			if o.Term <= n.acked.term {
				return c.violated(durablePromises, []raft.NodeID{n.id}, "%s dropped index %d, which it had acknowledged in term %d, within that term",
					n.id, s.fork, n.acked.term)
			}
			n.acked.index = s.fork - 1
		}
		n.older = min(n.older, s.fork-1)
	}
	if promised := max(n.acked.index, n.older); durable(o) < promised {
		return c.violated(durablePromises, []raft.NodeID{n.id}, "%s acknowledged index %d before, but its disk holds the log up to index %d only",
			n.id, promised, durable(o))
	}
	return nil
}

// promisesSurvive compares what a node found on its disk with what it promised.
func (c *Checker) promisesSurvive(s *step) *Violation {
	n, o := s.n, s.o
	if b := &n.ballot; o.DurableTerm < b.term || o.DurableTerm == b.term && b.term != 0 && o.DurableVote != b.to {
		return c.violated(durablePromises, []raft.NodeID{n.id}, "%s voted for %s in term %d, but found %s on its disk",
			n.id, b.to, b.term, onDisk(o.DurableTerm, o.DurableVote))
	}
	if o.DurableTerm < n.acked.term {
		return c.violated(durablePromises, []raft.NodeID{n.id}, "%s acknowledged entries in term %d, but found %s on its disk",
			n.id, n.acked.term, onDisk(o.DurableTerm, o.DurableVote))
	}
	promised := max(n.acked.index, n.older)
	lost := s.fork
	if lost == 0 {
		lost = o.LastIndex + 1
	}
	if lost <= promised && !n.superseded(lost, o) {
		return c.violated(durablePromises, []raft.NodeID{n.id}, "%s acknowledged index %d, but lost index %d in a restart", n.id, promised, lost)
	}
	return nil
}

// superseded says whether a node has on its disk, in the place of a log whose acknowledged entries it has no more from an index on, the snapshot
// of a leader of a later term than that of the acknowledgement. It may have gone down before it knew that the snapshot is there.
func (p *promises) superseded(from raft.Index, o *Observation) bool {
	return from <= o.Base && (from > p.acked.index || p.acked.term < o.DurableTerm)
}

// promiseToSelf adds what a leader counts on of its own: its vote, and its log when it is part of the
// majority.
func (c *Checker) promiseToSelf(s *step) {
	if !c.checks(durablePromises) || s.o.Role != raft.Leader {
		return
	}
	n, term := s.n, s.o.Term
	if s.elected {
		n.pending = append(n.pending, Promise{Kind: VotePromise, Node: n.id, To: n.id, Term: term})
	}
	if s.claim != 0 && durable(s.o) >= s.claim {
		n.pending = append(n.pending, Promise{Kind: EntryPromise, Node: n.id, To: n.id, Term: term, Index: s.claim})
	}
}

// settle judges pending promises by what the node has on its disk now.
func (c *Checker) settle(n *node) *Violation {
	for k := range n.pending {
		p := &n.pending[k]
		var v *Violation
		if p.Kind == VotePromise {
			v = c.voteKept(n, p)
		} else {
			v = c.entriesKept(n, p)
		}
		if v != nil {
			return v
		}
		n.promise(p)
	}
	n.pending = n.pending[:0]
	return nil
}

func (c *Checker) voteKept(n *node, p *Promise) *Violation {
	s := &n.seen
	if n.ballot.term == p.Term && n.ballot.to != p.To {
		return c.violated(durablePromises, []raft.NodeID{n.id, n.ballot.to, p.To}, "%s voted for %s and for %s in term %d", n.id, n.ballot.to, p.To, p.Term)
	}
	if s.durableTerm > p.Term || s.durableTerm == p.Term && s.durableVote == p.To {
		return nil
	}
	did := "voted for " + p.To.String() + " in"
	if p.To == n.id {
		did = "counts on its own vote in"
	}
	return c.violated(durablePromises, []raft.NodeID{n.id}, "%s %s term %d, but its disk holds %s", n.id, did, p.Term, onDisk(s.durableTerm, s.durableVote))
}

func (c *Checker) entriesKept(n *node, p *Promise) *Violation {
	s := &n.seen
	if s.durable < p.Index || s.durableTerm < p.Term {
		return c.violated(durablePromises, []raft.NodeID{n.id}, "%s acknowledged index %d in term %d, but its disk holds the log up to index %d, and %s",
			n.id, p.Index, p.Term, s.durable, onDisk(s.durableTerm, s.durableVote))
	}
	leader := c.known(p.To)
	if leader == nil {
		return nil
	}
	// While a node leads, its log only grows, so what it had then it has now.
	if leader.seen.leads() && leader.seen.term == p.Term && !holds(&leader.log, &n.log, p.Index) {
		return c.violated(durablePromises, []raft.NodeID{n.id, leader.id}, "%s acknowledged index %d to %s, leader of term %d, whose log is another up to there",
			n.id, p.Index, leader.id, p.Term)
	}
	return nil
}

// onDisk puts a hard state in words.
func onDisk(term raft.Term, vote raft.NodeID) string {
	if vote == raft.None {
		return fmt.Sprintf("term %d and no vote", term)
	}
	return fmt.Sprintf("term %d and a vote for %s", term, vote)
}
