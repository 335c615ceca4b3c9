package checker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// isAsked has a client ask the node for a read, by request seq, in an event of its own.
func (n *fake) isAsked(seq uint64) {
	n.happens(0, func(*Observation) { n.of.c.AskedToRead(n.of.moment(), n.o.Node, 1, seq) })
}

// serves answers it within the event that is happening.
func (n *fake) serves(seq uint64) func(*Observation) {
	return func(*Observation) { n.of.c.Answered(n.o.Node, 1, seq) }
}

// round is a heartbeat of a leader whose log ends with its first entry, committed; answers is the answer to it.
func (n *fake) round(term raft.Term, round uint64) *raft.Message {
	m := n.tells(term, 1, 1, 1)
	m.Append.Round = round
	return m
}

func (n *fake) answers(term raft.Term, round uint64) *raft.Message {
	m := n.message(raft.MsgAppendReply, term)
	m.AppendReply = raft.AppendReply{Round: round} // a refusal is as good
	return m
}

// reading is a question where to read, when index is 0, or the answer.
func (n *fake) reading(term raft.Term, id uint64, index raft.Index) *raft.Message {
	m := n.message(raft.MsgReadIndex, term)
	if index != 0 {
		m.Kind = raft.MsgReadIndexReply
	}
	m.Read = raft.ReadIndex{ID: id, Index: index}
	return m
}

// applied is that leader with its first entry committed and applied.
func applied(n []*fake) {
	votesOnce(n)
	commitsFirst(n)
	n[1].takes(1, 0, 0, true)
	n[1].applies(1)
}

// behind is a follower, n4, that has the first entry and does not know that it is committed.
func behind(n []*fake) {
	n[4].stores(1, 1)
	n[4].follows(1)
	wordComes(n)
	n[4].takes(1, 0, 0, true)
}

// leadsNext is how n2 is elected in term 2, while n1 does not hear of it.
func leadsNext(n []*fake) {
	n[2].stands(2)
	n[2].sends(n[3], n[2].asks(2, 1, 1))
	n[2].happens(0, func(*Observation) { n[2].promises(VotePromise, n[2], 2, 0) })
	for _, v := range n[3:5] {
		v.gets(n[2].asks(2, 1, 1), 0, v.votesFor(n[2], 2))
	}
	n[2].hearsOf(n[3].grants(2))
	n[2].gets(n[4].grants(2), 2, func(o *Observation) {
		o.Role = raft.Leader
		n[2].puts(2, 2)
	})
}

func TestRefinementOfReads(t *testing.T) {
	scripts{
		{"a read that a majority has confirmed", func(n []*fake) {
			applied(n)
			n[1].isAsked(1)
			n[1].sends(n[2], n[1].round(1, 1))
			n[1].hearsOf(n[2].answers(1, 1))
			n[1].gets(n[3].answers(1, 1), 0, n[1].serves(1))
		}, ""},
		{"a read that is confirmed by a round begun for a later one", func(n []*fake) {
			applied(n)
			n[1].isAsked(1)
			n[1].sends(n[2], n[1].round(1, 1))
			n[1].sends(n[2], n[1].round(1, 2))
			n[1].hearsOf(n[2].answers(1, 2))
			n[1].gets(n[3].answers(1, 1), 0, n[1].serves(1))
		}, ""},
		{"a read through the log, asked for again", func(n []*fake) {
			applied(n)
			n[1].isAsked(1)
			n[1].writes(2, 1)
			n[1].syncs()
			n[1].hearsOf(n[2].has(1, 2))
			n[2].gets(n[1].tells(1, 1, 1, 1, 1), 2, func(*Observation) { n[2].puts(2, 1) })
			n[3].gets(n[1].tells(1, 1, 1, 1, 1), 2, func(*Observation) { n[3].puts(2, 1) })
			n[2].syncs()
			n[3].syncs()
			n[1].gets(n[3].has(1, 2), 0, func(o *Observation) {
				o.Commit, o.Applied = 2, 2
				n[1].of.c.Applied(n[1].of.moment(), 1, &n[1].log[1], 1, 1, true)
				n[1].serves(1)(o)
			})
			n[1].isAsked(1)
			n[1].happens(0, n[1].serves(1))
		}, ""},
		{"a read at a follower", func(n []*fake) {
			applied(n)
			n[4].gets(n[1].tells(1, 0, 0, 0, 1), 1, func(o *Observation) {
				enters(1)(o)
				n[4].puts(1, 1)
			})
			n[4].syncs()
			n[4].isAsked(1)
			n[4].sends(n[1], n[4].reading(1, 7, 0))
			n[1].hearsOf(n[4].reading(1, 7, 0))
			n[1].sends(n[2], n[1].round(1, 1))
			n[1].hearsOf(n[2].answers(1, 1))
			n[1].hearsOf(n[3].answers(1, 1))
			n[1].sends(n[4], n[1].reading(1, 7, 1))
			n[4].hearsOf(n[1].reading(1, 7, 1))
			n[4].gets(n[1].tells(1, 1, 1, 1), 0, func(o *Observation) {
				o.Commit, o.Applied = 1, 1
				n[4].serves(1)(o)
			})
		}, ""},
		{"a request that comes again after the next", func(n []*fake) {
			applied(n)
			n[1].isAsked(1)
			n[1].sends(n[2], n[1].round(1, 1))
			n[1].isAsked(2)
			n[1].sends(n[2], n[1].round(1, 2))
			n[1].isAsked(1)
			n[1].hearsOf(n[2].answers(1, 1))
			n[1].gets(n[3].answers(1, 1), 0, n[1].serves(1))
		}, ""},
		{"a refusal, an answer to another and one to nobody's question", func(n []*fake) {
			applied(n)
			n[4].gets(n[1].tells(1, 0, 0, 0, 1), 1, func(o *Observation) {
				enters(1)(o)
				n[4].puts(1, 1)
			})
			n[4].sends(n[1], n[4].reading(1, 7, 0))
			n[1].sends(n[4], n[1].reading(1, 8, 1))
			n[1].happens(0, n[1].serves(5))
		}, ""},
		{"a read by lease", func(n []*fake) {
			n[1].of.c.Leases(0)
			applied(n)
			n[1].isAsked(1)
			n[1].happens(0, n[1].serves(1))
			n[1].isAsked(2)
			leadsNext(n)
			n[1].happens(0, n[1].serves(2)) // its lease held when it was asked
		}, ""},
		{"a read by a leader that steps down as it is confirmed", func(n []*fake) {
			applied(n)
			n[1].isAsked(1)
			n[1].sends(n[2], n[1].round(1, 1))
			n[1].hearsOf(n[2].answers(1, 1))
			n[1].gets(n[3].answers(1, 1), 0, func(o *Observation) {
				n[1].serves(1)(o)
				o.Role = raft.Follower
			})
		}, ""},

		{"a read that nobody was asked about", func(n []*fake) {
			applied(n)
			n[1].isAsked(1)
			n[1].happens(0, n[1].serves(1))
		}, "n1 serves a read as leader of term 1, confirmed by 1 of 5 since it was asked, those of [n1] of [n1 n2 n3 n4 n5]: ConfirmRead is not enabled"},
		{"a read that too few have confirmed", func(n []*fake) {
			applied(n)
			n[1].isAsked(1)
			n[1].sends(n[2], n[1].round(1, 1))
			n[1].gets(n[2].answers(1, 1), 0, n[1].serves(1))
		}, "n1 serves a read as leader of term 1, confirmed by 2 of 5 since it was asked, those of [n1 n2] of [n1 n2 n3 n4 n5]: ConfirmRead is not enabled"},
		{"a read that was confirmed before it was asked for", func(n []*fake) {
			applied(n)
			n[1].sends(n[2], n[1].round(1, 1))
			n[1].hearsOf(n[2].answers(1, 1))
			n[1].isAsked(1)
			n[1].gets(n[3].answers(1, 1), 0, n[1].serves(1))
		}, "n1 serves a read as leader of term 1, confirmed by 1 of 5 since it was asked, those of [n1] of [n1 n2 n3 n4 n5]: ConfirmRead is not enabled"},
		{"a round that was never begun", func(n []*fake) {
			applied(n)
			n[1].isAsked(1)
			n[1].hearsOf(n[2].answers(1, 9))
			n[1].gets(n[3].answers(1, 9), 0, n[1].serves(1))
		}, "n1 serves a read as leader of term 1, confirmed by 1 of 5 since it was asked, those of [n1] of [n1 n2 n3 n4 n5]: ConfirmRead is not enabled"},
		{"a round of the life before", func(n []*fake) {
			applied(n)
			n[1].sends(n[2], n[1].round(1, 1))
			n[1].crashes()
			n[1].boots()
			n[1].stands(2)
			n[1].hearsOf(n[2].grants(2))
			n[1].gets(n[3].grants(2), 2, func(o *Observation) {
				o.Role = raft.Leader
				n[1].puts(2, 2)
			})
			n[1].syncs()
			n[1].hearsOf(n[2].has(2, 2))
			n[1].gets(n[3].has(2, 2), 0, func(o *Observation) { o.Commit, o.Applied = 2, 2 })
			n[1].takes(2, 0, 0, true)
			n[1].isAsked(1)
			n[1].hearsOf(n[2].answers(2, 1))
			n[1].gets(n[3].answers(2, 1), 0, n[1].serves(1))
		}, "n1 serves a read as leader of term 2, confirmed by 1 of 5 since it was asked, those of [n1] of [n1 n2 n3 n4 n5]: ConfirmRead is not enabled"},
		{"a read by lease after another was elected", func(n []*fake) {
			n[1].of.c.Leases(0)
			applied(n)
			leadsNext(n)
			n[1].isAsked(1)
			n[1].happens(0, n[1].serves(1))
		}, "n1 serves a read by its lease as leader of term 1, and n2 was elected in term 2 before it was asked: LeaseRead is not enabled"},
		{"a read before an entry of the term is committed", func(n []*fake) {
			applied(n)
			n[2].gets(n[1].tells(1, 1, 1, 1), 0, func(o *Observation) { o.Commit, o.Applied = 1, 1 })
			n[2].takes(1, 0, 0, true)
			leadsNext(n)
			n[2].isAsked(1)
			n[2].sends(n[3], n[2].round(2, 1))
			n[2].hearsOf(n[3].answers(2, 1))
			n[2].gets(n[4].answers(2, 1), 0, n[2].serves(1))
		}, "n2 serves a read as leader of term 2, and has committed no entry of it: ReadIndex is not enabled"},
		{"a leader that has not applied what it had committed", func(n []*fake) {
			votesOnce(n)
			commitsFirst(n)
			n[1].o.Applied = 0
			n[1].of.c.nodes[1].taken = 1
			n[1].isAsked(1)
			n[1].sends(n[2], n[1].round(1, 1))
			n[1].hearsOf(n[2].answers(1, 1))
			n[1].gets(n[3].answers(1, 1), 0, n[1].serves(1))
		}, "n1 serves a read as leader of term 1, and has applied index 0, while index 1 was committed: ServeRead is not enabled"},
		{"a read through the log that is not applied yet", func(n []*fake) {
			applied(n)
			n[1].isAsked(1)
			n[1].happens(2, func(o *Observation) {
				n[1].puts(2, 1)
				n[1].serves(1)(o)
			})
		}, "n1 serves a read as leader of term 1, confirmed by 1 of 5 since it was asked, those of [n1] of [n1 n2 n3 n4 n5]: ConfirmRead is not enabled"},

		{"a read at a follower that nobody has told", func(n []*fake) {
			behind(n)
			n[4].isAsked(1)
			n[4].sends(n[1], n[4].reading(1, 7, 0))
			n[4].happens(0, n[4].serves(1))
		}, "n4 serves a read in term 1, and nobody has told it at which index: HandleReadIndexResponse is not enabled"},
		{"a read at a follower, at the index of one before it", func(n []*fake) {
			behind(n)
			n[4].sends(n[1], n[4].reading(1, 7, 0))
			n[4].isAsked(1)
			n[4].gets(n[1].reading(1, 7, 1), 0, n[4].serves(1))
		}, "n4 serves a read in term 1, and nobody has told it at which index: HandleReadIndexResponse is not enabled"},
		{"a read at a follower that has not applied the index", func(n []*fake) {
			behind(n)
			n[4].isAsked(1)
			n[4].sends(n[1], n[4].reading(1, 7, 0))
			n[4].gets(n[1].reading(1, 7, 1), 0, n[4].serves(1))
		}, "n4 serves a read that is to be made at index 1, and has applied index 0: ServeRead is not enabled"},
		{"an index told to a follower without a majority", func(n []*fake) {
			applied(n)
			n[1].hearsOf(n[4].reading(1, 7, 0))
			n[1].sends(n[4], n[1].reading(1, 7, 1))
		}, "n1 tells n4 to read at index 1 as leader of term 1, confirmed by 1 of 5 since it was asked, those of [n1] of [n1 n2 n3 n4 n5]: ConfirmRead is not enabled"},
		{"an index told to a follower that is not committed", func(n []*fake) {
			applied(n)
			n[1].hearsOf(n[4].reading(1, 7, 0))
			n[1].sends(n[2], n[1].round(1, 1))
			n[1].hearsOf(n[2].answers(1, 1))
			n[1].hearsOf(n[3].answers(1, 1))
			n[1].sends(n[4], n[1].reading(1, 7, 2))
		}, "n1 tells n4 to read at index 2 as leader of term 1, which had committed index 1 when it was asked, and index 1 now: HandleReadIndexRequest is not enabled"},
		{"an index told to a follower by who leads no more", func(n []*fake) {
			applied(n)
			n[1].hearsOf(n[4].reading(1, 7, 0))
			n[1].happens(0, enters(2))
			n[1].sends(n[4], n[1].reading(2, 7, 1))
		}, "n1 goes from term 1 to term 2, of which no message came to it: UpdateTerm is not enabled"},
		{"an index told by a follower", func(n []*fake) {
			applied(n)
			n[1].hearsOf(n[4].reading(1, 7, 0))
			n[1].gets(n[2].message(raft.MsgReadIndexReply, 2), 0, enters(2))
			n[1].sends(n[4], n[1].reading(2, 7, 1))
		}, "n1 tells n4 to read at index 1 in term 2, and nobody has told it at which index: HandleReadIndexResponse is not enabled"},
	}.run(t, "refinement")
}

// What is remembered of questions does not grow for ever, and of two by one name it is the first.
func TestInquiries(t *testing.T) {
	var l inquiries
	for id := range uint64(3 * mostInquiries) {
		l.add(readName{1, id}, inquiry{event: id})
		l.add(readName{1, id}, inquiry{event: id + 1})
		require.Equal(t, id, l.by[readName{1, id}].event)
		require.LessOrEqual(t, len(l.by), mostInquiries)
		require.Len(t, l.order, len(l.by))
	}
}

// Where nobody tells what state machines take in, reads may have gone through the log.
func TestReadsOfWhoTellsNothingOfItsStateMachine(t *testing.T) {
	w := newCluster(t, 5, "refinement")
	n := w.nodes
	votesOnce(n)
	commitsFirst(n)
	n[1].isAsked(1)
	n[1].happens(0, n[1].serves(1))
	require.Nil(t, w.c.Violation())
}

// Nobody is asked, and answers nothing.
func TestReadsOfStrangers(t *testing.T) {
	w := newCluster(t, 5, "refinement")
	n := w.nodes
	applied(n)
	n[1].isAsked(1)
	w.c.AskedToRead(w.moment(), 1<<40, 1, 1)
	w.c.Answered(1<<40, 1, 1)
	w.c.Answered(2, 1, 1)
	w.c.Answered(1, 1, 2)
	for id := range raft.NodeID(6) {
		require.False(t, w.c.Owes(id))
	}
}

// What others have told holds for what was asked for before the question, in whatever order answers come.
func TestWhatIsTold(t *testing.T) {
	var n node
	n.id = 4
	for _, e := range []uint64{10, 20, 30} {
		n.asked.add(readName{4, e}, inquiry{event: e})
	}
	hears := func(id uint64, i raft.Index) { n.learn(&raft.Message{Read: raft.ReadIndex{ID: id, Index: i}}) }
	at := func(events ...uint64) (indexes []raft.Index) {
		for _, e := range events {
			indexes = append(indexes, n.readAt(e))
		}
		return indexes
	}
	require.Equal(t, []raft.Index{0, 0}, at(1, 10))
	hears(20, 7)
	require.Equal(t, []raft.Index{7, 7, 0}, at(10, 20, 21))
	hears(10, 5)
	hears(30, 9)
	hears(99, 1) // nobody asked
	hears(30, 0) // a refusal
	require.Equal(t, []raft.Index{5, 5, 7, 7, 9, 9, 0}, at(1, 10, 11, 20, 21, 30, 31))
	hears(20, 4) // from another leader; whichever is right, it is the lower that need be applied
	require.Equal(t, []raft.Index{4, 4, 4, 9}, at(1, 10, 20, 21))
	hears(10, 6)
	require.Equal(t, []raft.Index{4, 4, 4, 9}, at(1, 10, 20, 21))
	hears(30, 2)
	require.Equal(t, []raft.Index{2, 2, 0}, at(1, 30, 31))
	for id := range uint64(2 * mostInquiries) {
		n.asked.add(readName{4, 100 + id}, inquiry{event: 100 + id})
		hears(100+id, raft.Index(100+id))
		require.Less(t, len(n.told), mostInquiries)
	}
}

// A node whose disk was wiped is another; what the one says changes nothing of what the other has said.
func TestAnswersOfANameAreOfOneNodeEach(t *testing.T) {
	scripts{
		{"the next of a name refuses what the first has acknowledged", func(n []*fake) {
			votesOnce(n)
			for _, f := range n[2:4] {
				f.gets(n[1].tells(1, 0, 0, 0, 1), 1, func(*Observation) { f.puts(1, 1) })
				f.syncs()
				f.acks(n[1], 1)
			}
			n[1].hearsOf(n[2].has(1, 1))
			for range 2 {
				next := n[2].answers(1, 0)
				next.Incarnation = 7
				n[1].hearsOf(next)
			}
			n[1].gets(n[3].has(1, 1), 0, func(o *Observation) { o.Commit = 1 })
		}, ""},
		{"the next of a name confirms a read", func(n []*fake) {
			applied(n)
			n[1].isAsked(1)
			n[1].sends(n[2], n[1].round(1, 1))
			for _, f := range n[2:4] {
				next := f.answers(1, 1)
				next.Incarnation = 7
				n[1].hearsOf(next)
			}
			n[1].happens(0, n[1].serves(1))
		}, "n1 serves a read as leader of term 1, confirmed by 1 of 5 since it was asked, those of [n1] of [n1 n2 n3 n4 n5]: ConfirmRead is not enabled"},
	}.run(t, "refinement")
}
