package checker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// gets has a message arrive at the node, which does something about it: changed is the lowest index touched, 0 for none.
func (n *fake) gets(m *raft.Message, changed raft.Index, do func(o *Observation)) {
	n.of.event++
	m.To = n.o.Node
	n.of.c.Received(n.of.moment(), m)
	do(&n.o)
	n.show(changed)
}

// hearsOf has a message arrive that changes nothing.
func (n *fake) hearsOf(m *raft.Message) { n.gets(m, 0, func(*Observation) {}) }

// sends has the node send a message in an event of its own.
func (n *fake) sends(to *fake, m *raft.Message) {
	n.happens(0, func(o *Observation) {
		m.To = to.o.Node
		n.of.c.Sent(n.of.moment(), m)
	})
}

func (n *fake) message(kind raft.MessageKind, term raft.Term) *raft.Message {
	return &raft.Message{Kind: kind, From: n.o.Node, Term: term, Incarnation: raft.FirstIncarnation}
}

// asks is a request for a vote, with a log that ends in that entry.
func (n *fake) asks(term raft.Term, index raft.Index, logTerm raft.Term) *raft.Message {
	m := n.message(raft.MsgRequestVote, term)
	m.RequestVote = raft.RequestVote{LastIndex: index, LastTerm: logTerm}
	return m
}

func (n *fake) grants(term raft.Term) *raft.Message {
	m := n.message(raft.MsgVoteReply, term)
	m.VoteReply = raft.VoteReply{Granted: true, Candidate: raft.FirstIncarnation}
	return m
}

// tells is what a leader sends: entries of these terms after the one of prev.
func (n *fake) tells(term raft.Term, prev raft.Index, prevTerm raft.Term, commit raft.Index, terms ...raft.Term) *raft.Message {
	m := n.message(raft.MsgAppendEntries, term)
	m.Append = raft.AppendEntries{PrevIndex: prev, PrevTerm: prevTerm, Commit: commit, Entries: entries(prev+1, terms...)}
	return m
}

func (n *fake) has(term raft.Term, match raft.Index) *raft.Message {
	m := n.message(raft.MsgAppendReply, term)
	m.AppendReply = raft.AppendReply{Success: true, Match: match}
	return m
}

func (n *fake) snapshot(term raft.Term, index raft.Index, logTerm raft.Term) *raft.Message {
	m := n.message(raft.MsgInstallSnapshot, term)
	m.Install = raft.InstallSnapshot{Index: index, Term: logTerm}
	return m
}

// stands has the node stand for election, its vote for itself on disk.
func (n *fake) stands(term raft.Term) {
	n.happens(0, func(o *Observation) {
		o.Role, o.Term, o.Vote, o.DurableTerm, o.DurableVote = raft.Candidate, term, o.Node, term, o.Node
	})
}

// wordComes has a message arrive that says nothing: from here on the checker goes by messages.
func wordComes(n []*fake) { n[5].hearsOf(n[4].message(raft.MsgReadIndexReply, 0)) }

// enters puts a node into a term, in memory only.
func enters(term raft.Term) func(o *Observation) {
	return func(o *Observation) { o.Role, o.Term, o.Vote = raft.Follower, term, raft.None }
}

// votesFor gives the vote within the event that is happening, on disk.
func (n *fake) votesFor(to *fake, term raft.Term) func(o *Observation) {
	return func(o *Observation) {
		o.Role, o.Term, o.Vote, o.DurableTerm, o.DurableVote = raft.Follower, term, to.o.Node, term, to.o.Node
		n.promises(VotePromise, to, term, 0)
	}
}

// votesOnce is an election that n1 wins in term 1, by the votes of n2 and n3.
func votesOnce(n []*fake) {
	wordComes(n)
	n[1].stands(1)
	n[1].sends(n[2], n[1].asks(1, 0, 0))
	n[1].happens(0, func(*Observation) { n[1].promises(VotePromise, n[1], 1, 0) })
	for _, v := range n[2:4] {
		v.gets(n[1].asks(1, 0, 0), 0, v.votesFor(n[1], 1))
	}
	n[1].hearsOf(n[2].grants(1))
	n[1].gets(n[3].grants(1), 1, func(o *Observation) {
		o.Role = raft.Leader
		n[1].puts(1, 1)
	})
	n[1].syncs()
}

// commitsFirst is how the first entry of that leader is committed.
func commitsFirst(n []*fake) {
	for _, f := range n[2:4] {
		f.gets(n[1].tells(1, 0, 0, 0, 1), 1, func(*Observation) { f.puts(1, 1) })
		f.syncs()
		f.acks(n[1], 1)
	}
	n[1].hearsOf(n[2].has(1, 1))
	n[1].gets(n[3].has(1, 1), 0, func(o *Observation) { o.Commit = 1 })
}

func TestRefinement(t *testing.T) {
	nothing := func(*Observation) {}
	candidate := func(term raft.Term) func(o *Observation) {
		return func(o *Observation) { o.Role, o.Term, o.Vote = raft.Candidate, term, o.Node }
	}
	scripts{
		{"an election, an entry, and a later leader that replaces another", func(n []*fake) {
			votesOnce(n)
			commitsFirst(n)
			n[2].gets(n[1].tells(1, 1, 1, 1), 0, func(o *Observation) { o.Commit = 1 })
			n[1].writes(2, 1)
			n[1].syncs()
			n[2].stands(2)
			n[2].sends(n[3], n[2].asks(2, 1, 1))
			n[2].happens(0, func(*Observation) { n[2].promises(VotePromise, n[2], 2, 0) })
			n[3].gets(n[2].asks(2, 1, 1), 0, n[3].votesFor(n[2], 2))
			n[4].gets(n[2].asks(2, 1, 1), 0, n[4].votesFor(n[2], 2))
			n[2].hearsOf(n[3].grants(2))
			n[2].gets(n[4].grants(2), 2, func(o *Observation) {
				o.Role = raft.Leader
				n[2].puts(2, 2)
			})
			n[2].sends(n[1], n[2].tells(2, 1, 1, 1, 2))
			n[1].gets(n[2].tells(2, 1, 1, 1, 2), 2, func(o *Observation) {
				enters(2)(o)
				n[1].puts(2, 2)
			})
			n[1].gets(n[2].tells(2, 1, 1, 1, 2), 0, nothing)
		}, ""},
		{"a restart, a snapshot and what comes after it", func(n []*fake) {
			votesOnce(n)
			commitsFirst(n)
			n[3].crashes()
			n[3].boots()
			n[1].compacts(1)
			n[1].sends(n[4], n[1].snapshot(1, 1, 1))
			n[4].gets(n[1].snapshot(1, 1, 1), 0, enters(1))
			n[4].installs(1, 1)
			n[4].syncs()
			n[4].gets(n[1].tells(1, 1, 1, 1, 1), 2, func(*Observation) { n[4].puts(2, 1) })
		}, ""},
		{"a request that was held back while the log changed", func(n []*fake) {
			n[1].stores(1)
			wordComes(n)
			n[1].stands(1)
			n[1].gets(n[2].tells(1, 0, 0, 0, 1), 1, func(o *Observation) {
				o.Role = raft.Follower
				n[1].puts(1, 1)
			})
			n[1].sends(n[3], n[1].asks(1, 0, 0))
		}, ""},

		{"a candidate that was a voter until an entry which it does not know to be committed", func(n []*fake) {
			votesOnce(n)
			commitsFirst(n)
			n[1].configures(configuration(2, 3, 4, 5))
			n[1].syncs()
			n[1].crashes()
			n[1].boots()
			n[1].stands(2)
		}, ""},
		{"entries that are written again as they were", func(n []*fake) {
			n[2].follows(1)
			n[2].stores(1, 1, 1)
			n[2].gets(n[1].tells(1, 0, 0, 0, 1), 1, func(*Observation) { n[2].puts(1, 1, 1) })
		}, ""},

		{"a term ahead", func(n []*fake) {
			wordComes(n)
			n[2].stands(2)
		}, "n2 stands for election in term 2, and was in term 0: Timeout is not enabled"},
		{"a term of nobody", func(n []*fake) {
			n[2].gets(n[1].asks(2, 0, 0), 0, enters(3))
		}, "n2 goes from term 0 to term 3, of which no message came to it: UpdateTerm is not enabled"},
		{"a term back", func(n []*fake) {
			n[2].follows(3)
			n[2].gets(n[1].asks(2, 0, 0), 0, enters(2))
		}, "n2 goes from term 3 back to term 2: UpdateTerm is not enabled"},
		{"a candidate in a term that was entered before", func(n []*fake) {
			n[2].follows(3)
			wordComes(n)
			n[2].happens(0, candidate(3))
		}, "n2 stands for election in term 3, which it had entered before: Timeout is not enabled"},
		{"a candidate that is no voter", func(n []*fake) {
			wordComes(n)
			n = append(n, &fake{of: n[1].of, o: Observation{Node: 6}})
			n[6].boots()
			n[6].stands(1)
		}, "n6 stands for election in term 1, and is no voter: Timeout is not enabled"},
		{"a vote that is taken back", func(n []*fake) {
			n[2].follows(3)
			n[2].votes(n[1])
			wordComes(n)
			n[2].happens(0, enters(3))
		}, "n2 takes back its vote for n1 in term 3: UpdateTerm is not enabled"},

		{"a vote for who has not asked", func(n []*fake) {
			n[2].gets(n[1].asks(1, 0, 0), 0, n[2].votesFor(n[3], 1))
		}, "n2 votes for n3 in term 1, who has not asked: HandleRequestVoteRequest is not enabled"},
		{"a second vote", func(n []*fake) {
			n[2].follows(1)
			n[2].votes(n[3])
			n[2].gets(n[1].asks(1, 0, 0), 0, n[2].votesFor(n[1], 1))
		}, "n2 votes for n1, who asked in term 1, in term 1, with a vote for n3 before: HandleRequestVoteRequest is not enabled"},
		{"a vote for an earlier term", func(n []*fake) {
			n[2].follows(2)
			n[2].gets(n[1].asks(1, 0, 0), 0, n[2].votesFor(n[1], 2))
		}, "n2 votes for n1, who asked in term 1, in term 2, with a vote for none before: HandleRequestVoteRequest is not enabled"},
		{"a vote for a log that is behind", func(n []*fake) {
			n[2].follows(2)
			n[2].stores(1, 1, 2)
			n[2].gets(n[1].asks(3, 5, 1), 0, n[2].votesFor(n[1], 3))
		}, "n2, whose log ends at index 2 of term 2, votes in term 3 for n1, whose log ends at index 5 of term 1: HandleRequestVoteRequest is not enabled"},
		{"a request with another log than the candidate's", func(n []*fake) {
			wordComes(n)
			n[1].stands(1)
			n[1].sends(n[2], n[1].asks(1, 1, 1))
		}, "n1 asks n2 for a vote in term 1 with a log that ends at index 1 of term 1, and its own ends at index 0 of term 0: RequestVote is not enabled"},

		{"a leader by too few votes", func(n []*fake) {
			n[1].stands(1)
			n[1].hearsOf(n[2].grants(1))
			n[1].gets(n[2].grants(1), 0, func(o *Observation) { o.Role = raft.Leader })
		}, "n1 becomes leader of term 1 with 2 votes of 5, those of [n1 n2] of [n1 n2 n3 n4 n5]: BecomeLeader is not enabled"},
		{"a leader by votes that were given and have not come", func(n []*fake) {
			n[1].stands(1)
			for _, v := range n[2:5] {
				v.gets(n[1].asks(1, 0, 0), 0, v.votesFor(n[1], 1))
			}
			n[1].leads(1)
		}, "n1 becomes leader of term 1 with 1 votes of 5, those of [n1] of [n1 n2 n3 n4 n5]: BecomeLeader is not enabled"},
		{"a leader by votes of an earlier term", func(n []*fake) {
			n[1].stands(1)
			n[1].stands(2)
			n[1].hearsOf(n[2].grants(1))
			n[1].gets(n[3].grants(2), 0, func(o *Observation) { o.Role = raft.Leader })
		}, "n1 becomes leader of term 2 with 2 votes of 5, those of [n1 n3] of [n1 n2 n3 n4 n5]: BecomeLeader is not enabled"},
		{"a leader whose own vote is not on its disk", func(n []*fake) {
			n[1].happens(0, candidate(1))
			n[1].hearsOf(n[2].grants(1))
			n[1].gets(n[3].grants(1), 0, func(o *Observation) { o.Role = raft.Leader })
		}, "n1 becomes leader of term 1 with 2 votes of 5, those of [n2 n3] of [n1 n2 n3 n4 n5]: BecomeLeader is not enabled"},
		{"a leader that did not stand", func(n []*fake) {
			n[1].follows(1)
			n[1].gets(n[2].grants(1), 0, func(o *Observation) { o.Role = raft.Leader })
		}, "n1 becomes leader of term 1, in which it was follower: BecomeLeader is not enabled"},

		{"a leader that appends for another", func(n []*fake) {
			n[1].leads(2)
			wordComes(n)
			n[1].writes(1, 1)
		}, "n1, leader of term 2, appends an entry of term 1 at index 1: ClientRequest is not enabled"},
		{"a leader that loses an entry", func(n []*fake) {
			n[1].leads(2)
			n[1].stores(1, 2)
			wordComes(n)
			n[1].cuts(1)
		}, "n1, leader of term 2, loses its entry of index 1: ClientRequest is not enabled"},
		{"a follower that appends by itself", func(n []*fake) {
			n[2].follows(1)
			n[2].gets(n[1].asks(1, 0, 0), 1, func(*Observation) { n[2].puts(1, 1) })
		}, "n2 changes its log from index 1 on in term 1, and was sent no entries: HandleAppendEntriesRequest is not enabled"},
		{"entries of a message that came before", func(n []*fake) {
			n[2].follows(1)
			n[2].hearsOf(n[1].tells(1, 0, 0, 0, 1))
			n[2].writes(1, 1)
		}, "n2 changes its log from index 1 on in term 1, and was sent no entries: HandleAppendEntriesRequest is not enabled"},
		{"entries of a leader of the past", func(n []*fake) {
			n[2].follows(2)
			n[2].gets(n[1].tells(1, 0, 0, 0, 1), 1, func(*Observation) { n[2].puts(1, 1) })
		}, "n2 changes its log from index 1 on in term 2 at the word of n1, leader of term 1: HandleAppendEntriesRequest is not enabled"},
		{"more entries than were sent", func(n []*fake) {
			n[2].follows(1)
			n[2].gets(n[1].tells(1, 0, 0, 0, 1), 1, func(*Observation) { n[2].puts(1, 1, 1) })
		}, "n2 changes its log from index 1 to 2 in term 1, and was sent the entries from 1 to 1: HandleAppendEntriesRequest is not enabled"},
		{"entries after another than the leader's", func(n []*fake) {
			n[2].follows(2)
			n[2].stores(1, 1)
			n[2].gets(n[1].tells(2, 1, 2, 0, 2), 2, func(*Observation) { n[2].puts(2, 2) })
		}, "n2 takes entries in term 2 that come after one of term 2 at index 1, where it has one of term 1: HandleAppendEntriesRequest is not enabled"},
		{"an entry that was not in the message", func(n []*fake) {
			n[2].follows(1)
			n[2].gets(n[1].tells(1, 0, 0, 0, 1), 1, func(*Observation) {
				n[2].log = []raft.Entry{{Index: 1, Term: 1, Kind: raft.EntryCommand, Data: []byte("made up")}}
			})
		}, "n2 takes an entry of term 1 at index 1, and was sent another, of term 1: HandleAppendEntriesRequest is not enabled"},
		{"entries that are dropped without a conflict", func(n []*fake) {
			n[2].follows(1)
			n[2].stores(1, 1, 1, 1)
			n[2].gets(n[1].tells(1, 0, 0, 0, 1), 2, func(*Observation) { n[2].puts(2) })
		}, "n2 changes its log from index 2 to 1 in term 1, and was sent the entries from 1 to 1: HandleAppendEntriesRequest is not enabled"},
		{"another entry of the same term in the place of one", func(n []*fake) {
			n[2].follows(1)
			n[2].writesData(1, 1, "one")
			n[2].gets(n[1].tells(1, 0, 0, 0, 1), 1, func(*Observation) { n[2].puts(1, 1) })
		}, "n2 drops its entry of term 1 at index 1, which the leader of term 1 has as well: HandleAppendEntriesRequest is not enabled"},
		{"a snapshot that was not sent", func(n []*fake) {
			votesOnce(n)
			commitsFirst(n)
			n[4].gets(n[1].snapshot(1, 2, 1), 0, enters(1))
			n[4].installs(1, 1)
		}, "n4 puts a snapshot of index 1 in the place of its log in term 1, which it was not sent: HandleInstallSnapshotRequest is not enabled"},

		{"a commit by the copies of too few", func(n []*fake) {
			votesOnce(n)
			n[1].gets(n[2].has(1, 1), 0, func(o *Observation) { o.Commit = 1 })
		}, "n1, leader of term 1, commits index 1 with 2 copies of 5, those of [n1 n2] of [n1 n2 n3 n4 n5]: AdvanceCommitIndex is not enabled"},
		{"a commit by what was acknowledged to another leader", func(n []*fake) {
			votesOnce(n)
			n[1].hearsOf(n[2].has(1, 1))
			n[1].hearsOf(n[3].has(0, 1))
			n[1].commits(1)
		}, "n1, leader of term 1, commits index 1 with 2 copies of 5, those of [n1 n2] of [n1 n2 n3 n4 n5]: AdvanceCommitIndex is not enabled"},
		{"an earlier term committed by counting", func(n []*fake) {
			n[1].follows(1)
			n[1].stores(1, 1)
			n[1].leads(2)
			for _, v := range n[2:5] {
				n[1].hearsOf(v.has(2, 1))
			}
			n[1].commits(1)
		}, "n1, leader of term 2, commits index 1, of term 1: AdvanceCommitIndex is not enabled"},
		{"a follower that commits by itself", func(n []*fake) {
			n[2].follows(1)
			n[2].stores(1, 1)
			wordComes(n)
			n[2].commits(1)
		}, "n2 commits index 1 in term 1, and its leader said no such thing: HandleAppendEntriesRequest is not enabled"},
		{"a commit beyond what the leader said", func(n []*fake) {
			n[2].follows(1)
			n[2].gets(n[1].tells(1, 0, 0, 1, 1, 1), 1, func(o *Observation) {
				n[2].puts(1, 1, 1)
				o.Commit = 2
			})
		}, "n2 commits index 2 in term 1, and was told of 1: HandleAppendEntriesRequest is not enabled"},
		{"a commit of what may not be the leader's", func(n []*fake) {
			n[2].follows(1)
			n[2].stores(1, 1, 1)
			n[2].gets(n[1].tells(1, 1, 1, 2), 0, func(o *Observation) { o.Commit = 2 })
		}, "n2 commits index 2 in term 1, and its log is known to be the leader's up to 1 at most: HandleAppendEntriesRequest is not enabled"},
		{"an acknowledgement of what may not be the leader's", func(n []*fake) {
			n[2].follows(1)
			n[2].stores(1, 1, 1)
			n[2].hearsOf(n[1].tells(1, 1, 1, 0))
			n[2].sends(n[1], n[2].has(1, 2))
		}, "n2 acknowledges index 2 in term 1, and its log is known to be the leader's up to 1 at most: HandleAppendEntriesRequest is not enabled"},

		{"entries of who does not lead", func(n []*fake) {
			n[1].follows(1)
			wordComes(n)
			n[1].sends(n[2], n[1].tells(1, 0, 0, 0))
		}, "n1 sends what only the leader of term 1 may: AppendEntries is not enabled"},
		{"entries that the leader does not have", func(n []*fake) {
			n[1].leads(2)
			n[1].stores(1, 2)
			wordComes(n)
			n[1].sends(n[2], n[1].tells(2, 0, 0, 0, 1))
		}, "n1 sends n2 an entry of term 1 at index 1 in term 2, and has one of term 2 there: AppendEntries is not enabled"},
		{"a commit index that is not the leader's", func(n []*fake) {
			n[1].leads(2)
			n[1].stores(1, 2)
			wordComes(n)
			n[1].sends(n[2], n[1].tells(2, 1, 2, 1))
		}, "n1 tells others that index 1 is committed, and its commit index is 0: AppendEntries is not enabled"},
		{"a snapshot of another log", func(n []*fake) {
			votesOnce(n)
			commitsFirst(n)
			n[1].sends(n[2], n[1].snapshot(1, 1, 2))
		}, "n1 sends n2 a snapshot of an entry of term 2 at index 1, where one of term 1 is committed: InstallSnapshot is not enabled"},
		{"a restart as a leader", func(n []*fake) {
			n[1].leads(2)
			wordComes(n)
			n[1].crashes()
			n[1].of.event++
			n[1].o.Boot++
			n[1].show(1)
		}, "n1 starts as leader of term 2: Restart is not enabled"},
		{"a restart in a term of nobody", func(n []*fake) {
			n[1].follows(2)
			wordComes(n)
			n[1].crashes()
			n[1].bootsWith(func(o *Observation) { o.DurableTerm = 3 })
		}, "n1 went down in term 2 and starts in term 3: Restart is not enabled"},
	}.run(t, "refinement")
}

// Who is nobody is not listened to.
func TestMessagesOfStrangersSayNothing(t *testing.T) {
	w := newCluster(t, 5, "refinement")
	n := w.nodes
	n[1].stands(1)
	for _, kind := range []*raft.Message{n[2].grants(1), n[2].has(1, 1), n[2].tells(1, 0, 0, 0, 1), n[2].snapshot(1, 1, 1), n[2].asks(1, 0, 0)} {
		kind.From = 1 << 40
		n[1].hearsOf(kind)
		kind.To = 1 << 40
		w.c.Received(w.moment(), kind)
		require.Nil(t, w.c.Sent(w.moment(), kind))
	}
	n[1].hearsOf(n[2].grants(1))
	n[1].leads(1)
	require.ErrorContains(t, w.c.Violation(), "n1 becomes leader of term 1 with 2 votes of 5")
}

// The request of who stood before any message arrived may leave after its log has grown: it waited for the disk.
func TestARequestForVotesThatWaitedForTheDisk(t *testing.T) {
	scripts{
		{"it stood before the first message", func(n []*fake) {
			n[1].stands(1)
			n[2].leads(1)
			n[2].stores(1, 1)
			n[1].happens(0, func(o *Observation) { o.Role = raft.Follower })
			n[1].stores(1, 1)
			wordComes(n)
			n[1].sends(n[2], n[1].asks(1, 0, 0))
		}, ""},
	}.run(t, "refinement")
}

// A cluster that tells of no messages is held to what it shows.
func TestWithoutMessagesNothingIsRefined(t *testing.T) {
	scripts{
		{"a leader of whose votes nothing is known", func(n []*fake) {
			n[1].leads(7)
			n[1].stores(1, 7)
			n[2].follows(7)
			n[2].stores(1, 7)
		}, ""},
	}.run(t, "refinement")
}

// Who was wiped is heard of again under its name, and what it had said before still counts with who heard it.
func TestAnAnswerIsNotForgottenForThatOfAnotherOfItsName(t *testing.T) {
	var heard tally
	from := func(id raft.NodeID, which raft.Incarnation) *answer {
		return heard.of(&raft.Message{From: id, Term: 4, Incarnation: which})
	}
	said := func(id raft.NodeID, which raft.Incarnation) answer {
		return *heard.said(4, &raft.Member{ID: id, Incarnation: which})
	}
	from(3, 1).match, from(2, 1).match = 13, 7
	from(3, 99)
	require.EqualValues(t, 13, said(3, 1).match)
	require.Zero(t, said(3, 99).match)
	from(3, 99).match = 2
	require.EqualValues(t, 13, from(3, 1).match, "a message of its can still be on its way")
	require.EqualValues(t, 2, said(3, 99).match)
	from(3, 1).vote = true
	require.Equal(t, answer{from: 3, incarnation: 1, vote: true, match: 13}, said(3, 1))
	require.EqualValues(t, 7, said(2, 1).match)
	require.Zero(t, said(2, 99).match)
	heard.of(&raft.Message{From: 3, Term: 5, Incarnation: 99})
	require.Zero(t, said(3, 1), "that was another term")
	require.Zero(t, *heard.said(5, &raft.Member{ID: 3, Incarnation: 1}))
}

// A follower whose disk is slow puts a snapshot in the place of its log long after it was sent it, and many others since.
func TestASnapshotIsNotForgottenForThoseThatCameSince(t *testing.T) {
	var h heard
	for i := range raft.Index(1000) {
		h.offer(i+1, 3)
	}
	require.True(t, h.offered(1, 3))
}
