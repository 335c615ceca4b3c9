package checker

import (
	"cmp"
	"fmt"
	"slices"

	"raftsim/checker/spec"
	"raftsim/raft"
	"raftsim/raft/kv"
)

// reading is what refinement has to know of a node's reads, since it booted.
type reading struct {
	// round is the last that it has begun as a leader: the highest in a message of its own.
	round uint64
	// first is the index of its first entry in the term it was last seen to be elected in.
	first raft.Index
	// gets are those that clients have asked it for, by session; asked those it has asked another for; and noted those that others
	// have asked it for while it led, by node.
	gets, asked, noted inquiries
	// told are the answers to asked, but those that say less than another: a later question has a higher index.
	told []word
	// due are those it has served, or told an index for, since it was last observed.
	due []served
}

// inquiry is what a node was in the event in which it was asked for a read, or asked another.
type inquiry struct {
	event uint64
	// round is the last that the node had begun by then.
	round  uint64
	commit raft.Index
	// last is the end of its log, led the highest term that anybody had led.
	last raft.Index
	led  raft.Term
}

// inquiries are the latest; of those that go by the same name it is the first.
type inquiries struct {
	by    map[readName]inquiry
	order []readName
}

// readName is what who asks calls a read: of a client's session by seq, of a node by number.
type readName struct{ of, id uint64 }

// word is that what was asked for up to an event may be read at an index.
type word struct {
	event uint64
	index raft.Index
}

// served is a read that was answered, or one for which a leader told index to another node.
type served struct {
	readName
	inquiry
	// term is the one that the node led before the event, 0 when it led none.
	term raft.Term
	// to is that other node, None for a client.
	to    raft.NodeID
	index raft.Index
}

// mostInquiries bounds what is remembered: what is older was lost on the way, and is not judged.
const mostInquiries = 1 << 12

func (l *inquiries) add(name readName, q inquiry) {
	if l.by == nil {
		l.by = map[readName]inquiry{}
	}
	if _, known := l.by[name]; known {
		return
	}
	if len(l.order) == mostInquiries {
		for _, old := range l.order[:mostInquiries/2] {
			delete(l.by, old)
		}
		l.order = l.order[:copy(l.order, l.order[mostInquiries/2:])]
	}
	l.by[name] = q
	l.order = append(l.order, name)
}

// forget is for a node that goes down.
func (r *reading) forget() { *r = reading{told: r.told[:0], due: r.due[:0]} }

// AskedToRead tells that a client asks a node for a read, which is about to handle that. It may be told of the same request again.
func (c *Checker) AskedToRead(at Moment, id raft.NodeID, session kv.SessionID, seq uint64) {
	if n := c.node(id); n != nil && c.checks(refinement) {
		n.gets.add(readName{uint64(session), seq}, c.inquire(n, at)) // what was known when it was asked for first it may still see
	}
}

// Answered tells that a node answers a client's request, having carried it out. Whether it was right to serve a read is
// judged by its next observation: see [Checker.Owes]. Other requests, and reads that the checker was not told of, are ignored.
func (c *Checker) Answered(id raft.NodeID, session kv.SessionID, seq uint64) {
	n := c.known(id)
	if n == nil || len(n.gets.by) == 0 || !c.told {
		return
	}
	name := readName{uint64(session), seq}
	if q, known := n.gets.by[name]; known {
		n.serve(served{readName: name, inquiry: q})
	}
}

// inquire is what the node is now.
func (c *Checker) inquire(n *node, at Moment) inquiry {
	return inquiry{event: at.Event, round: n.round, commit: n.seen.commit, last: n.seen.last, led: c.led}
}

// serve notes what is to be judged once the node is observed.
func (n *node) serve(s served) {
	if n.seen.leads() {
		s.term = n.seen.term
	}
	n.due, n.owing = append(n.due, s), true
}

// ask is about RequestReadIndex.
func (c *Checker) ask(n *node, at Moment, m *raft.Message) {
	n.asked.add(readName{uint64(n.id), m.Read.ID}, c.inquire(n, at))
}

// learn is about HandleReadIndexResponse: whatever had been asked for when the question was sent may be read at the index.
func (n *node) learn(m *raft.Message) {
	q, known := n.asked.by[readName{uint64(n.id), m.Read.ID}]
	if !known || m.Read.Index == 0 {
		return
	}
	w := word{q.event, m.Read.Index}
	to := len(n.told)
	for to > 0 && n.told[to-1].event >= w.event {
		to--
	}
	from := to
	for from > 0 && n.told[from-1].index >= w.index {
		from--
	}
	if to < len(n.told) {
		if n.told[to].index <= w.index {
			return
		}
		if n.told[to].event == w.event {
			to++
		}
	}
	n.told = slices.Replace(n.told, from, to, w)
	if len(n.told) == mostInquiries {
		n.told = slices.Delete(n.told, 0, mostInquiries/2)
	}
}

// readAt is the lowest index that a read asked for in an event may be made at by another's word, 0 when there is none.
func (n *node) readAt(event uint64) raft.Index {
	k, _ := slices.BinarySearchFunc(n.told, event, func(w word, event uint64) int { return cmp.Compare(w.event, event) })
	if k == len(n.told) {
		return 0
	}
	return n.told[k].index
}

// note is about HandleReadIndexRequest.
func (c *Checker) note(n *node, at Moment, m *raft.Message) {
	if n.seen.leads() {
		n.noted.add(readName{uint64(m.From), m.Read.ID}, c.inquire(n, at))
	}
}

// tell is about the answer to it. One to a question that is not known is passed over: nobody will make anything of it.
func (n *node) tell(m *raft.Message) {
	name := readName{uint64(m.To), m.Read.ID}
	if q, known := n.noted.by[name]; known && m.Read.Index != 0 {
		n.serve(served{readName: name, inquiry: q, to: m.To, index: m.Read.Index})
	}
}

// takeRound is about HandleConfirmLeaderResponse. What nobody was asked for confirms nothing.
func (n *node) takeRound(m *raft.Message) {
	round := m.AppendReply.Round
	if n.seen.role != raft.Leader || n.seen.term != m.Term || round > n.round {
		return
	}
	if a := n.tally.of(m); a != nil && round > a.round {
		a.round = round
	}
}

// servesReads asks, after an event, whether the node may have served the reads that it has.
func (c *Checker) servesReads(n *node) *Violation {
	for k := range n.due {
		if v := c.servesRead(n, &n.due[k]); v != nil {
			return v
		}
	}
	n.due = n.due[:0]
	return nil
}

// servesRead is about ServeRead, and all that has to come before it.
func (c *Checker) servesRead(n *node, s *served) *Violation {
	if s.to != raft.None {
		return c.readsAsLeader(n, s)
	}
	index := n.readAt(s.event)
	if index != 0 && spec.MayServe(n.seen.applied, index) || c.throughLog(n, s) {
		return nil
	}
	v := c.readsAsLeader(n, s)
	if v != nil && index != 0 {
		return c.misread(n, s, "ServeRead", "that is to be made at index %d, and has applied index %d", index, n.seen.applied)
	}
	return v
}

// readsAsLeader is about a leader's reads, and those that it finds an index for.
func (c *Checker) readsAsLeader(n *node, s *served) *Violation {
	term := s.term
	if n.seen.leads() {
		term = n.seen.term
	}
	switch {
	case term == 0 || term != n.seen.term:
		return c.misread(n, s, "HandleReadIndexResponse", "in term %d, and nobody has told it at which index", n.seen.term)
	case !spec.KnowsCommitted(n.log.term(n.seen.commit), term):
		return c.misread(n, s, "ReadIndex", "as leader of term %d, and has committed no entry of it", term)
	}
	if ok, short, who := n.confirmed(term, &s.inquiry); !ok {
		switch {
		case !c.leases:
			return c.misread(n, s, "ConfirmRead", "as leader of term %d, confirmed by %d of %d since it was asked, those of %v of %v", term, len(who), len(short), who, ids(short))
		case s.led > term: // its lease may have ended since it was asked
			return c.misread(n, s, "LeaseRead", "by its lease as leader of term %d, and %s was elected in term %d before it was asked", term, c.leaders[s.led], s.led)
		}
	}
	// What it knows to be committed reaches up to its own first entry at least.
	index := max(s.commit, n.first)
	switch {
	case s.to == raft.None && !spec.MayServe(n.seen.applied, index):
		return c.misread(n, s, "ServeRead", "as leader of term %d, and has applied index %d, while index %d was committed", term, n.seen.applied, index)
	case s.to != raft.None && (s.index < index || s.index > n.seen.commit):
		return c.misread(n, s, "HandleReadIndexRequest", "as leader of term %d, which had committed index %d when it was asked, and index %d now", term, index, n.seen.commit)
	}
	return nil
}

// misread is a violation by a node that serves a read, or tells another to.
func (c *Checker) misread(n *node, s *served, action, format string, args ...any) *Violation {
	nodes, what := []raft.NodeID{n.id}, n.id.String()+" serves a read"
	if s.to != raft.None {
		nodes, what = append(nodes, s.to), fmt.Sprintf("%s tells %s to read at index %d", n.id, s.to, s.index)
	}
	return c.violated(refinement, nodes, "%s %s: %s is not enabled", what, fmt.Sprintf(format, args...), action)
}

// throughLog says whether a read has taken its turn in the log, or may have: where nobody tells what a state machine takes in.
func (c *Checker) throughLog(n *node, s *served) bool {
	took, i := c.sessions.effect(kv.SessionID(s.of), s.id)
	return took && i <= n.seen.applied || n.taken == 0
}

// confirmed asks whether a majority has answered a round of a leader's that it began after a read was asked for, by a configuration
// that was in force since.
func (n *node) confirmed(term raft.Term, q *inquiry) (ok bool, short []raft.Member, who []raft.NodeID) {
	for _, g := range from(n.configurations, q.last) {
		ok, short, who = agree(g.config, func(m *raft.Member) bool {
			return m.ID == n.id || spec.ConfirmsRead(n.tally.said(term, m).round, q.round+1)
		})
		if ok {
			return true, nil, nil
		}
	}
	return false, short, who
}
