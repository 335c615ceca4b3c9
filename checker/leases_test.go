package checker

import (
	"testing"
	"time"

	"raftsim/raft"
)

// keepsTo has a follower answer a round of a leader's, 10 ms before which it elects nobody else; an event takes 1 ms.
func (n *fake) keepsTo(leader *fake) {
	n.of.c.Leases(10 * time.Millisecond)
	n.hearsOf(leader.round(1, 7))
	n.sends(leader, n.answers(1, 7))
}

// standsIn has the node stand for election within the event that is happening, its vote for itself on disk.
func (n *fake) standsIn(term raft.Term) func(o *Observation) {
	return func(o *Observation) {
		o.Role, o.Term, o.Vote, o.DurableTerm, o.DurableVote = raft.Candidate, term, o.Node, term, o.Node
	}
}

// asksInTurn is a request for a vote, with the first leader's entry at its end, of one to whom a leader hands over.
func (n *fake) asksInTurn(term raft.Term) *raft.Message {
	m := n.asks(term, 1, 1)
	m.RequestVote.Transfer = true
	return m
}

// passes has nothing happen to anybody for so many events.
func (w *cluster) passes(events uint64) { w.event += events }

func TestRefinementOfLeases(t *testing.T) {
	scripts{
		{"rounds that were asked for, the latest and an earlier one", func(n []*fake) {
			applied(n)
			n[2].hearsOf(n[1].round(1, 7))
			n[2].sends(n[1], n[2].answers(1, 7))
			n[2].hearsOf(n[1].round(1, 6))
			n[2].sends(n[1], n[2].answers(1, 6))
			n[2].sends(n[1], n[2].answers(1, 0))
		}, ""},
		{"a promise that is over", func(n []*fake) {
			applied(n)
			n[3].keepsTo(n[1])
			n[4].keepsTo(n[1])
			n[1].of.passes(10)
			leadsNext(n)
		}, ""},
		{"a promise counts from when the round was first asked for", func(n []*fake) {
			applied(n)
			n[3].keepsTo(n[1])
			n[1].of.passes(10)
			n[3].keepsTo(n[1])
			leadsNext(n)
		}, ""},
		{"a leader that hands over", func(n []*fake) {
			applied(n)
			n[2].keepsTo(n[1])
			n[3].keepsTo(n[1])
			n[1].sends(n[2], n[1].message(raft.MsgTimeoutNow, 1))
			n[2].gets(n[1].message(raft.MsgTimeoutNow, 1), 0, n[2].standsIn(2))
			n[2].sends(n[3], n[2].asksInTurn(2))
			n[3].gets(n[2].asksInTurn(2), 0, n[3].votesFor(n[2], 2))
		}, ""},
		{"a leader that hands over, to one that asks at once", func(n []*fake) {
			applied(n)
			n[2].gets(n[1].message(raft.MsgTimeoutNow, 1), 0, func(o *Observation) {
				m := n[2].asksInTurn(2)
				m.To = 3
				n[2].of.c.Sent(n[2].of.moment(), m)
				n[2].standsIn(2)(o)
			})
		}, ""},
		{"one to whom a leader that it had not heard of hands over", func(n []*fake) {
			applied(n)
			n[2].keepsTo(n[1])
			n[2].gets(n[4].message(raft.MsgTimeoutNow, 3), 0, n[2].standsIn(4))
			n[2].sends(n[3], n[2].asksInTurn(4))
		}, ""},
		{"a leader that hands over after it has lost the term to nobody", func(n []*fake) {
			applied(n)
			n[1].shows(func(o *Observation) { o.Role = raft.Follower })
			n[1].sends(n[2], n[1].message(raft.MsgTimeoutNow, 1))
		}, ""},
		{"promises of those whose clocks were set since", func(n []*fake) {
			applied(n)
			n[3].keepsTo(n[1])
			n[4].hearsOf(n[1].round(1, 7))
			for _, f := range n[3:5] {
				f.of.c.ClockSet(f.o.Node)
			}
			n[4].sends(n[1], n[4].answers(1, 7))
			leadsNext(n)
		}, ""},
		{"another of its name, whose disk was wiped", func(n []*fake) {
			applied(n)
			n[3].keepsTo(n[1])
			n[3].wiped()
			n[3].joins(9)
			n[3].gets(n[2].asks(2, 1, 1), 0, n[3].votesFor(n[2], 2))
		}, ""},

		{"a round that nobody asked for", func(n []*fake) {
			applied(n)
			n[2].hearsOf(n[1].round(1, 7))
			n[2].sends(n[1], n[2].answers(1, 8))
		}, "n2 confirms round 8 of n1 in term 1, and was asked for round 7 of that term at most: ConfirmLeader is not enabled"},
		{"a round of an earlier term's leader", func(n []*fake) {
			applied(n)
			leadsNext(n)
			n[3].hearsOf(n[1].round(1, 7))
			n[3].sends(n[1], n[3].answers(2, 7))
		}, "n3 confirms round 7 of n1 in term 2, and was asked for round 0 of that term at most: ConfirmLeader is not enabled"},
		{"a round that was asked for before a restart", func(n []*fake) {
			applied(n)
			n[2].hearsOf(n[1].round(1, 7))
			n[2].crashes()
			n[2].boots()
			n[2].sends(n[1], n[2].answers(1, 7))
		}, "n2 confirms round 7 of n1 in term 1, and was asked for round 0 of that term at most: ConfirmLeader is not enabled"},
		{"a vote against a promise", func(n []*fake) {
			applied(n)
			n[3].keepsTo(n[1])
			leadsNext(n)
		}, "n3 votes for n2 in term 2, and is to elect nobody for another 5ms: it has confirmed round 7 of n1: HandleRequestVoteRequest is not enabled"},
		{"a vote against a promise of before a restart", func(n []*fake) {
			applied(n)
			n[3].keepsTo(n[1])
			n[3].crashes()
			n[3].boots()
			leadsNext(n)
		}, "n3 votes for n2 in term 2, and is to elect nobody for another 3ms: it has confirmed round 7 of n1: HandleRequestVoteRequest is not enabled"},
		{"a candidate against its promise", func(n []*fake) {
			applied(n)
			n[2].keepsTo(n[1])
			n[2].stands(2)
		}, "n2 stands for election in term 2, and is to elect nobody for another 8ms: it has confirmed round 7 of n1: Timeout is not enabled"},
		{"a vote for the very leader that is promised to", func(n []*fake) {
			applied(n)
			n[3].keepsTo(n[1])
			n[3].gets(n[1].asks(2, 1, 1), 0, n[3].votesFor(n[1], 2))
		}, "n3 votes for n1 in term 2, and is to elect nobody for another 8ms: it has confirmed round 7 of n1: HandleRequestVoteRequest is not enabled"},
		{"a candidate to whom a leader of an earlier term handed over", func(n []*fake) {
			applied(n)
			n[2].of.c.Leases(10 * time.Millisecond)
			n[2].gets(n[4].round(2, 7), 0, enters(2))
			n[2].sends(n[4], n[2].answers(2, 7))
			n[2].gets(n[1].message(raft.MsgTimeoutNow, 1), 0, n[2].standsIn(3))
		}, "n2 stands for election in term 3, and is to elect nobody for another 8ms: it has confirmed round 7 of n4: Timeout is not enabled"},
		{"a candidate that says it was handed over to, and was not", func(n []*fake) {
			applied(n)
			n[2].stands(2)
			n[2].sends(n[3], n[2].asksInTurn(2))
		}, "n2 asks n3 for a vote in term 2 as whom the leader of term 1 hands over to, which has not told it to stand: RequestVote is not enabled"},
		{"a candidate that was handed over to for the election before", func(n []*fake) {
			applied(n)
			n[2].gets(n[1].message(raft.MsgTimeoutNow, 1), 0, n[2].standsIn(2))
			n[2].stands(3)
			n[2].sends(n[3], n[2].asksInTurn(3))
		}, "n2 asks n3 for a vote in term 3 as whom the leader of term 2 hands over to, which has not told it to stand: RequestVote is not enabled"},
		{"a candidate that was handed over to before a restart", func(n []*fake) {
			applied(n)
			n[2].gets(n[1].message(raft.MsgTimeoutNow, 1), 0, n[2].standsIn(2))
			n[2].crashes()
			n[2].boots()
			n[2].sends(n[3], n[2].asksInTurn(2))
		}, "n2 asks n3 for a vote in term 2 as whom the leader of term 1 hands over to, which has not told it to stand: RequestVote is not enabled"},
		{"one that hands over what it does not lead", func(n []*fake) {
			applied(n)
			n[2].sends(n[3], n[2].message(raft.MsgTimeoutNow, 1))
		}, "n2 sends what only the leader of term 1 may: AppendEntries is not enabled"},
	}.run(t, "refinement")
}
