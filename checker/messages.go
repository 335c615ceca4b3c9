package checker

import (
	"slices"

	"raftsim/raft"
)

// heard is what messages have told a node, as far as refinement has to know.
type heard struct {
	// nothing is what arrived in an event that brought no message; it is never written.
	arrived, nothing arrival
	tally            tally
	// offers are the snapshots it was sent last.
	offers []offer
	// stood is when it last stood for election.
	stood standing
	// verified is up to where a term's leader has told it what its log holds.
	verified   verified
	confirming confirming
	// claimed is the term it has sent entries or snapshots for, or handed over, without having been seen to lead it, 0 for none, and
	// claimedCommit the highest commit index it has told of beyond what was seen.
	claimed       raft.Term
	claimedCommit raft.Index
	// owing says that the node has said something, or served a read, that it has still to show to be right.
	owing bool
}

// arrival is the message a node received in an event, if any.
type arrival struct {
	event uint64
	kind  raft.MessageKind
	from  raft.NodeID
	term  raft.Term
	// index and logTerm are of the last entry of a candidate's log, or of the entry before entries.
	index   raft.Index
	logTerm raft.Term
	// transfer says that the leader wants the candidate that asks for a vote to follow it; that this is so was judged when it asked.
	transfer bool
	commit   raft.Index
	entries  []raft.Entry
}

// handsOver says whether it is the word of an earlier term's leader to stand for election in this one, the next: nobody's promise to keep to
// a leader is against that (Raft dissertation §3.10, §4.2.3). Whose promises are to one of a term before that, and not over, were too
// few for a lease, or there would be none to hand over.
func (a *arrival) handsOver(term raft.Term) bool {
	return a.kind == raft.MsgTimeoutNow && a.term == term-1
}

// in returns what arrived in an event.
func (h *heard) in(event uint64) *arrival {
	if h.arrived.event != event {
		return &h.nothing
	}
	return &h.arrived
}

// verified is up to where a log is a leader's for certain, however far it reaches.
type verified struct {
	term  raft.Term
	index raft.Index
}

// standing is the log that a candidate stands with, and whether it does so at the word of a leader that hands over.
type standing struct {
	term    raft.Term
	index   raft.Index
	logTerm raft.Term
	handed  bool
}

// offer is a snapshot.
type offer struct {
	index raft.Index
	term  raft.Term
}

// mostOffers is how many are remembered: a follower writes one, and on a slow disk may be sent many others meanwhile.
const mostOffers = 4096

// forgetOffers drops the offers of what is committed at the node already: they change nothing any more.
func (h *heard) forgetOffers(commit raft.Index) {
	h.offers = slices.DeleteFunc(h.offers, func(o offer) bool { return o.index < commit })
}

func (h *heard) offered(i raft.Index, t raft.Term) bool {
	return slices.Contains(h.offers, offer{i, t})
}

func (h *heard) offer(i raft.Index, t raft.Term) {
	if h.offered(i, t) {
		return
	}
	if len(h.offers) == mostOffers {
		h.offers = slices.Delete(h.offers, 0, 1)
	}
	h.offers = append(h.offers, offer{i, t})
}

// tally is what others have answered a node in a term: votesGranted and matchIndex of Ongaro's TLA+ specification.
type tally struct {
	term raft.Term
	// by has, by NodeID, what the node of that name said that was heard of first in the term.
	by []answer
	// others are other nodes of the same names: the disk was wiped, and what one has promised the next does not know of.
	others []answer
	// nothing is what who has not answered has said; it is never written.
	nothing answer
}

// answer is of the node of that name and incarnation.
type answer struct {
	from        raft.NodeID
	incarnation raft.Incarnation
	vote        bool
	match       raft.Index
	// round is the last of the node's that it has answered.
	round uint64
}

// of returns the place for what the sender of an answer says, nil when there is none of that name.
func (t *tally) of(m *raft.Message) *answer {
	if m.From > mostNodes {
		return nil
	}
	if t.term != m.Term {
		t.term, t.others = m.Term, t.others[:0]
		clear(t.by)
	}
	for raft.NodeID(len(t.by)) <= m.From {
		t.by = append(t.by, answer{})
	}
	a := &t.by[m.From]
	switch a.incarnation {
	case m.Incarnation:
		return a
	case 0:
		a.from, a.incarnation = m.From, m.Incarnation
		return a
	}
	for k := range t.others {
		if a = &t.others[k]; a.from == m.From && a.incarnation == m.Incarnation {
			return a
		}
	}
	t.others = append(t.others, answer{from: m.From, incarnation: m.Incarnation})
	return &t.others[len(t.others)-1]
}

// said returns what a member has answered in a term; it is not to be altered.
func (t *tally) said(term raft.Term, m *raft.Member) *answer {
	if t.term != term || m.ID >= raft.NodeID(len(t.by)) {
		return &t.nothing
	}
	if a := &t.by[m.ID]; a.incarnation == m.Incarnation {
		return a
	}
	for k := range t.others {
		if a := &t.others[k]; a.from == m.ID && a.incarnation == m.Incarnation {
			return a
		}
	}
	return &t.nothing
}

// Received tells that a message arrives at the node it is for, which is about to handle it; the node's observation after the event
// is held to it. The message is not kept, the data of its entries are until the next one.
func (c *Checker) Received(at Moment, m *raft.Message) {
	if !c.Knows(m) {
		c.ReceivedNews(at, m)
	}
}

// ReceivedNews is [Checker.Received] for who has asked [Checker.Knows] already, and heard that it does not.
func (c *Checker) ReceivedNews(at Moment, m *raft.Message) {
	if !c.checks(refinement) {
		return
	}
	n := c.node(m.To)
	if n == nil {
		c.told = true
		return
	}
	if !c.told {
		c.told = true
		if c.Knows(m) {
			return
		}
	}
	a := &n.arrived
	a.event, a.kind, a.from, a.term = at.Event, m.Kind, m.From, m.Term
	switch m.Kind {
	case raft.MsgAppendEntries:
		p := &m.Append
		a.index, a.logTerm, a.commit, a.entries = p.PrevIndex, p.PrevTerm, p.Commit, p.Entries
		n.askToConfirm(at, m)
		n.verify(a)
	case raft.MsgAppendReply:
		n.takeRound(m)
		if m.AppendReply.Success {
			n.takeMatch(m, m.AppendReply.Match)
		}
	case raft.MsgReadIndex:
		c.note(n, at, m)
	case raft.MsgReadIndexReply:
		n.learn(m)
	case raft.MsgRequestVote:
		a.index, a.logTerm, a.transfer = m.RequestVote.LastIndex, m.RequestVote.LastTerm, m.RequestVote.Transfer
	case raft.MsgVoteReply:
		r, was := &m.VoteReply, &n.seen
		if r.Granted && was.role == raft.Candidate && was.term == m.Term && (r.Candidate == n.incarnation || n.incarnation == 0) {
			if a := n.tally.of(m); a != nil {
				a.vote = true
			}
		}
	case raft.MsgInstallSnapshot:
		n.forgetOffers(n.seen.commit)
		n.offer(m.Install.Index, m.Install.Term)
	case raft.MsgInstallReply:
		if m.InstallReply.Done {
			n.takeMatch(m, m.InstallReply.Index)
		}
	}
}

// Knows says whether [Checker.Received] need not be told of a message, since it can change nothing, as nearly all of an idle
// cluster's: it is no news, and what arrived is nothing then.
func (c *Checker) Knows(m *raft.Message) bool {
	if m.To >= raft.NodeID(len(c.nodes)) {
		return false
	}
	n := &c.nodes[m.To]
	if m.Term != n.seen.term || !c.told {
		return false
	}
	switch m.Kind {
	case raft.MsgAppendEntries:
		p, v := &m.Append, &n.verified
		return len(p.Entries) == 0 && p.PrevIndex <= v.index && v.term == m.Term && p.Commit <= n.seen.commit &&
			(p.Round == 0 || p.Round <= n.confirming.round && m.Term == n.confirming.term)
	case raft.MsgAppendReply:
		t := &n.tally
		if t.term != m.Term || m.From >= raft.NodeID(len(t.by)) {
			return false
		}
		a := &t.by[m.From]
		return a.incarnation == m.Incarnation && m.AppendReply.Match <= a.match && m.AppendReply.Round <= a.round
	}
	return false
}

// verify notes what a follower may acknowledge once it has taken a message's entries.
func (n *node) verify(a *arrival) {
	v, end := &n.verified, a.index+raft.Index(len(a.entries))
	if a.term == v.term && end <= v.index || a.term < n.seen.term || !n.follows(a) {
		return
	}
	if a.term != v.term {
		v.term, v.index = a.term, 0
	}
	v.index = max(v.index, end)
}

// verifiedIn is up to where a node's log is known to be that of a term's leader.
func (h *heard) verifiedIn(term raft.Term) raft.Index {
	if h.verified.term != term {
		return 0
	}
	return h.verified.index
}

// takeMatch notes that a follower has the log of its leader up to an index.
func (n *node) takeMatch(m *raft.Message, i raft.Index) {
	if n.seen.role != raft.Leader || n.seen.term != m.Term {
		return
	}
	if a := n.tally.of(m); a != nil && i > a.match {
		a.match = i
	}
}

// Sent tells that a message leaves a node, before the node is observed after the event. It returns nil while every property
// holds, and keeps nothing of the message.
func (c *Checker) Sent(at Moment, m *raft.Message) *Violation {
	n := c.node(m.From)
	if c.first != nil || n == nil || !c.told {
		return c.first
	}
	switch m.Kind {
	case raft.MsgAppendEntries:
		n.round = max(n.round, m.Append.Round)
		return c.report(at, c.sendsEntries(n, m))
	case raft.MsgAppendReply:
		if r := &m.AppendReply; r.Success && (r.Match > n.verified.index || m.Term != n.verified.term) && r.Match > n.seen.base {
			return c.report(at, c.violated(refinement, []raft.NodeID{n.id, m.To}, "%s acknowledges index %d in term %d, and its log is known to be the leader's up to %d at most: HandleAppendEntriesRequest is not enabled",
				n.id, r.Match, m.Term, n.verifiedIn(m.Term)))
		}
		if m.AppendReply.Round > 0 {
			return c.report(at, c.confirmsLeader(n, m))
		}
	case raft.MsgInstallSnapshot:
		return c.report(at, c.sendsSnapshot(n, m))
	case raft.MsgTimeoutNow:
		n.claim(m.Term, 0)
	case raft.MsgRequestVote:
		return c.report(at, c.asksForVote(n, m, n.heard.in(at.Event)))
	case raft.MsgReadIndex:
		c.ask(n, at, m)
	case raft.MsgReadIndexReply:
		n.tell(m)
	}
	return nil
}

// claim notes what a message says of the node that the node has not shown yet: it has to by the end of the event.
func (n *node) claim(term raft.Term, commit raft.Index) {
	if n.seen.role != raft.Leader || n.seen.term != term {
		n.claimed, n.owing = term, true
	}
	if commit > n.seen.commit {
		n.claimedCommit, n.owing = max(n.claimedCommit, commit), true
	}
}

// sendsEntries is about AppendEntries. What the log has not shown yet the node has just written itself.
func (c *Checker) sendsEntries(n *node, m *raft.Message) *Violation {
	p, log := &m.Append, &n.log
	n.claim(m.Term, p.Commit)
	last, term := p.PrevIndex, p.PrevTerm
	for range 2 {
		own := m.Term
		if last <= log.last() {
			own = log.term(last)
		}
		if own != term && last >= log.base {
			v := c.violated(refinement, []raft.NodeID{n.id}, "%s sends %s an entry of term %d at index %d in term %d, and has one of term %d there: AppendEntries is not enabled",
				n.id, m.To, term, last, m.Term, own)
			return v
		}
		if len(p.Entries) == 0 {
			break
		}
		e := &p.Entries[len(p.Entries)-1]
		last, term = e.Index, e.Term
	}
	return nil
}

// sendsSnapshot is about InstallSnapshot.
func (c *Checker) sendsSnapshot(n *node, m *raft.Message) *Violation {
	p := &m.Install
	n.claim(m.Term, p.Index)
	if c.committed.has(p.Index) && c.committed.term(p.Index) != p.Term {
		return c.violated(refinement, []raft.NodeID{n.id}, "%s sends %s a snapshot of an entry of term %d at index %d, where one of term %d is committed: InstallSnapshot is not enabled",
			n.id, m.To, p.Term, p.Index, c.committed.term(p.Index))
	}
	return nil
}

// asksForVote is about RequestVote; a is what arrived in the event in which it leaves.
func (c *Checker) asksForVote(n *node, m *raft.Message, a *arrival) *Violation {
	p, s := &m.RequestVote, n.stood
	if s.term != m.Term {
		s = standing{m.Term, n.log.last(), n.log.term(n.log.last()), a.handsOver(m.Term)} // it is just standing
	}
	switch {
	case s.index != p.LastIndex || s.logTerm != p.LastTerm:
		return c.violated(refinement, []raft.NodeID{n.id}, "%s asks %s for a vote in term %d with a log that ends at index %d of term %d, and its own ends at index %d of term %d: RequestVote is not enabled",
			n.id, m.To, m.Term, p.LastIndex, p.LastTerm, s.index, s.logTerm)
	case p.Transfer && !s.handed:
		return c.violated(refinement, []raft.NodeID{n.id}, "%s asks %s for a vote in term %d as whom the leader of term %d hands over to, which has not told it to stand: RequestVote is not enabled",
			n.id, m.To, m.Term, m.Term-1)
	}
	return nil
}

// keepsClaims asks, after an event, whether a node is what it said in messages, and was right to serve reads.
func (c *Checker) keepsClaims(n *node) *Violation {
	term, commit := n.claimed, n.claimedCommit
	n.claimed, n.claimedCommit, n.owing = 0, 0, false
	switch {
	case term != 0 && c.leaders[term] != n.id:
		return c.violated(refinement, []raft.NodeID{n.id}, "%s sends what only the leader of term %d may: AppendEntries is not enabled", n.id, term)
	case commit > n.seen.commit:
		return c.violated(refinement, []raft.NodeID{n.id}, "%s tells others that index %d is committed, and its commit index is %d: AppendEntries is not enabled",
			n.id, commit, n.seen.commit)
	}
	return c.servesReads(n)
}

// forget is for a node that goes down.
func (h *heard) forget() { *h = heard{tally: tally{by: h.tally.by}, offers: h.offers[:0]} }
