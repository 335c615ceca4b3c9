package checker

import "raftsim/raft"

// votes are those a node gave last, whatever its incarnation then.
type votes struct {
	ring [8]vote
	// given is how many there were.
	given int
}

type vote struct {
	term        raft.Term
	to          raft.NodeID
	incarnation raft.Incarnation
}

// give notes a vote that leaves a node.
func (v *votes) give(given vote) {
	if v.given > 0 && v.ring[(v.given-1)%len(v.ring)] == given {
		return // a candidate asks everybody
	}
	v.ring[v.given%len(v.ring)] = given
	v.given++
}

// gave says whether a node of that incarnation gave its vote to a candidate in a term. One that has voted so often since
// that it is forgotten is taken to have.
func (v *votes) gave(term raft.Term, to raft.NodeID, which raft.Incarnation) bool {
	later := 0
	for k := range min(v.given, len(v.ring)) {
		g := &v.ring[k]
		if g.term == term && g.to == to && (g.incarnation == which || g.incarnation == 0) {
			return true
		}
		if g.term > term {
			later++
		}
	}
	return later == len(v.ring)
}

// electionSafety is Election Safety: at most one leader is elected in a term.
//
// It checks every leader ever seen, not only those that lead at the same time: two leaders of one term are
// a violation however far apart. A node that leads a term again after it stopped, or after a restart, was
// elected twice and is one too.
//
// It checks what makes that so as well: a majority of the voters of the leader's configuration, and while that is joint
// of those who were, too, sent it their votes in that term. A vote of another node that goes by a voter's name, because the voter's
// disk was wiped, is none. Where a leader is not seen to have asked for votes, nothing is known of them, and this is not judged.
//
// It does not check that each vote is on disk and given once; that is durable-promises. A leader that came and went
// within one event is not seen.
//
// Raft paper §5.2, §6, Figure 3. In Ongaro's TLA+ specification (raft.tla, which names no invariants) this is
// about the history variable elections, written by BecomeLeader, whose guard is the majority: Lemma 2 of the proof
// (dissertation, appendix B.2).
func (c *Checker) electionSafety(s *step) *Violation {
	id, term := s.n.id, s.o.Term
	first, taken := c.leaders[term]
	if !taken {
		c.leaders[term], c.led = id, max(c.led, term)
	}
	switch {
	case !c.checks(electionSafety):
		return nil
	case !taken:
		return c.electedByMajority(s)
	case first == id:
		return c.violated(electionSafety, []raft.NodeID{id}, "%s was elected twice in term %d", id, term)
	}
	a, b := min(first, id), max(first, id)
	return c.violated(electionSafety, []raft.NodeID{a, b}, "%s and %s both lead term %d", a, b, term)
}

// electedByMajority counts the votes that a new leader was sent.
func (c *Checker) electedByMajority(s *step) *Violation {
	id, term := s.n.id, s.o.Term
	if !s.n.votes.gave(term, id, s.n.incarnation) {
		return nil
	}
	g := from(s.n.configurations, s.was.last)[0].config
	ok, short, who := quorum(g, func(m *raft.Member) bool {
		voter := c.known(m.ID)
		return voter != nil && voter.votes.gave(term, id, m.Incarnation)
	})
	if ok {
		return nil
	}
	return c.violated(electionSafety, []raft.NodeID{id}, "%s leads term %d with the votes of %d of the %d voters %v: %v",
		id, term, len(who), len(short), ids(short), who)
}
