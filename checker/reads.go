package checker

import (
	"fmt"

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
	// gets are the latest of each client, by its number.
	gets []clientRead
	// asked are those it has asked another for, noted those that others have asked it for while it led.
	asked, noted inquiries
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

// clientRead is one that a client asks for; it may go through the log.
type clientRead struct {
	session kv.SessionID
	seq     uint64
	inquiry
	// told says that another node has told this one to read at index.
	told  bool
	index raft.Index
}

// served is a read that was answered, or one for which a leader told index to another node.
type served struct {
	clientRead
	// term is the one that the node led before the event, 0 when it led none.
	term raft.Term
	// to is that other node, None for a client.
	to raft.NodeID
}

// inquiries are the latest, each by the node that has asked and its name for the read; the first of a name counts.
type inquiries struct {
	by    map[readName]inquiry
	order []readName
}

type readName struct {
	from raft.NodeID
	id   uint64
}

// mostClients bounds the numbers of clients, and mostInquiries those that are remembered: older ones were lost on the way.
const (
	mostClients   = 1 << 16
	mostInquiries = 1 << 12
)

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
func (r *reading) forget() {
	clear(r.gets)
	*r = reading{gets: r.gets, due: r.due[:0]}
}

// Leases tells that leaders may serve reads without asking anybody, as long as nobody can have been elected since (Raft
// dissertation §6.4.1). Otherwise that is a violation of refinement.
func (c *Checker) Leases() { c.leases = true }

// AskedToRead tells that a client asks a node for a read, which is about to handle that. Clients are known by number, below 65,536,
// and each has one request under way at a time; it may ask for the same again.
func (c *Checker) AskedToRead(at Moment, id raft.NodeID, client uint64, session kv.SessionID, seq uint64) {
	n := c.node(id)
	if n == nil || client >= mostClients || !c.checks(refinement) {
		return
	}
	for uint64(len(n.gets)) <= client {
		n.gets = append(n.gets, clientRead{})
	}
	g := &n.gets[client]
	if g.event != 0 && g.session == session && g.seq == seq {
		return // what was known when it was asked for first it may still see
	}
	*g = clientRead{session: session, seq: seq, inquiry: c.inquire(n, at)}
}

// Answered tells that a node answers a client's request, having carried it out. Whether it was right to serve a read is
// judged by its next observation: see [Checker.Owes]. Other requests, and reads that the checker was not told of, are ignored.
func (c *Checker) Answered(id raft.NodeID, client uint64, session kv.SessionID, seq uint64) {
	n := c.known(id)
	if n == nil || client >= uint64(len(n.gets)) || !c.told {
		return
	}
	if g := &n.gets[client]; g.event != 0 && g.session == session && g.seq == seq {
		n.serve(*g, raft.None)
	}
}

// inquire is what the node is now.
func (c *Checker) inquire(n *node, at Moment) inquiry {
	return inquiry{event: at.Event, round: n.round, commit: n.seen.commit, last: n.seen.last, led: c.led}
}

// serve notes what is to be judged once the node is observed.
func (n *node) serve(r clientRead, to raft.NodeID) {
	s := served{clientRead: r, to: to}
	if n.seen.leads() {
		s.term = n.seen.term
	}
	n.due, n.owing = append(n.due, s), true
}

// ask is about RequestReadIndex.
func (c *Checker) ask(n *node, at Moment, m *raft.Message) {
	n.asked.add(readName{n.id, m.Read.ID}, c.inquire(n, at))
}

// learn is about HandleReadIndexResponse: whatever had been asked for when the question was sent may be read at the index.
func (n *node) learn(m *raft.Message) {
	q, known := n.asked.by[readName{n.id, m.Read.ID}]
	if !known || m.Read.Index == 0 {
		return
	}
	for k := range n.gets {
		if g := &n.gets[k]; g.event != 0 && g.event <= q.event && (!g.told || m.Read.Index < g.index) {
			g.told, g.index = true, m.Read.Index
		}
	}
}

// note is about HandleReadIndexRequest.
func (c *Checker) note(n *node, at Moment, m *raft.Message) {
	if n.seen.leads() {
		n.noted.add(readName{m.From, m.Read.ID}, c.inquire(n, at))
	}
}

// tell is about the answer to it. One to a question that is not known is passed over: nobody will make anything of it.
func (n *node) tell(m *raft.Message) {
	if q, known := n.noted.by[readName{m.To, m.Read.ID}]; known && m.Read.Index != 0 {
		n.serve(clientRead{inquiry: q, index: m.Read.Index}, m.To)
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
	if s.to == raft.None && (c.throughLog(n, s) || s.told && spec.MayServe(n.seen.applied, s.index)) {
		return nil
	}
	v := c.readsAsLeader(n, s)
	if v != nil && s.told {
		return c.misread(n, s, "ServeRead", "that is to be made at index %d, and has applied index %d", s.index, n.seen.applied)
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
	took, i := c.sessions.effect(s.session, s.seq)
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
