package checker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// installedUnseen has n3 lead term 2 with other entries than n1 from index 2 on, and n2 come back, in a term, with a snapshot of them.
func installedUnseen(n []*fake, term raft.Term) {
	n[3].leads(2)
	n[3].stores(1, 1, 2, 2)
	for i := 4; i <= 5; i++ {
		n[i].follows(2)
		n[i].copies(n[3], 1)
	}
	n[3].commits(3)
	if term != 1 {
		n[2].follows(term)
	}
	n[2].crashes()
	n[2].log = nil
	n[2].bootsWith(func(o *Observation) { o.Base, o.BaseTerm = 3, 2 })
}

func TestDurablePromises(t *testing.T) {
	// acked has n2 acknowledge two entries to n1, leader of term 1.
	acked := func(n []*fake) {
		n[1].leads(1)
		n[1].stores(1, 1, 1)
		n[2].follows(1)
		n[2].stores(1, 1, 1)
		n[2].acks(n[1], 2)
	}
	scripts{
		{"a vote, kept over restarts and into later terms", func(n []*fake) {
			n[2].follows(1)
			n[2].votes(n[1])
			n[2].crashes()
			n[2].boots()
			n[2].votes(n[1])
			n[2].follows(2)
			n[2].votes(n[3])
			n[2].crashes()
			n[2].boots()
		}, ""},
		{"an acknowledgement, kept over a restart", func(n []*fake) {
			acked(n)
			n[2].crashes()
			n[2].boots()
			n[2].acks(n[1], 2)
			n[2].acks(n[1], 1)
		}, ""},
		{"the disk is done in the same event", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			n[2].follows(1)
			n[2].writes(1, 1)
			n[2].shows(func(o *Observation) {
				n[2].promises(EntryPromise, n[1], 1, 1)
				o.DurableIndex = 1
			})
		}, ""},
		{"a later leader overwrites", func(n []*fake) {
			acked(n)
			n[3].leads(2)
			n[3].stores(1, 2, 2)
			n[2].follows(2)
			n[2].writes(1, 2, 2)
			n[2].syncs()
			n[2].acks(n[3], 2)
			n[2].crashes()
			n[2].boots()
		}, ""},
		{"a later leader overwrites, but a crash brings the old entries back", func(n []*fake) {
			acked(n)
			old := n[2].log
			n[2].follows(2)
			n[2].writes(2, 2)
			n[2].crashes()
			n[2].log = old
			n[2].boots()
		}, ""},
		{"an acknowledgement of less takes nothing back", func(n []*fake) {
			acked(n)
			n[2].acks(n[1], 1)
			n[2].crashes()
			n[2].boots()
		}, ""},
		{"an event that changes nothing settles a promise", func(n []*fake) {
			acked(n)
			n[2].follows(2)
			n[2].stores(2, 2)
			n[2].crashes()
			n[2].boots()
		}, ""},
		{"a later leader overwrites what only an earlier one was promised", func(n []*fake) {
			acked(n)
			n[3].leads(2)
			n[3].stores(1, 1, 2)
			n[2].follows(2)
			n[2].acks(n[3], 1)
			n[2].stores(2, 2)
			n[2].acks(n[3], 2)
		}, ""},
		{"a later leader's snapshot is on the disk in the place of what only an earlier one was promised", func(n []*fake) {
			acked(n)
			installedUnseen(n, 2)
		}, ""},
		{"a snapshot is on the disk in the place of what the leader of the term was promised", func(n []*fake) {
			acked(n)
			installedUnseen(n, 1)
		}, "n2 acknowledged index 2, but lost index 2 in a restart"},
		{"a vote leaves when the disk holds a later term", func(n []*fake) {
			n[2].follows(4)
			n[2].shows(func(*Observation) { n[2].promises(VotePromise, n[1], 3, 0) })
		}, ""},
		{"a leader of the past cannot be compared with", func(n []*fake) {
			acked(n)
			n[3].follows(1)
			n[3].stores(1, 1, 1)
			n[1].follows(2)
			n[1].stores(2, 2)
			n[1].leads(3)
			n[3].acks(n[1], 2)
		}, ""},
		{"a leader that came back as a follower cannot be compared with", func(n []*fake) {
			n[1].leads(1)
			n[1].writes(1, 1, 1)
			n[2].follows(1)
			n[2].stores(1, 1, 1)
			n[1].crashes()
			n[1].boots()
			n[2].acks(n[1], 2)
		}, ""},
		{"nobody relied on what a disk lost", func(n []*fake) {
			acked(n)
			n[2].stores(3, 1)
			n[2].crashes()
			n[2].log = n[2].log[:2]
			n[2].boots()
		}, ""},
		{"a vote leaves before it is on disk", func(n []*fake) {
			n[2].hears(3)
			n[2].shows(func(o *Observation) {
				o.Vote = 1
				n[2].promises(VotePromise, n[1], 3, 0)
			})
		}, "n2 voted for n1 in term 3, but its disk holds term 0 and no vote"},
		{"a vote leaves after only the term is on disk", func(n []*fake) {
			n[2].follows(3)
			n[2].shows(func(o *Observation) {
				o.Vote = 1
				n[2].promises(VotePromise, n[1], 3, 0)
			})
		}, "n2 voted for n1 in term 3, but its disk holds term 3 and no vote"},
		{"a disk loses a vote", func(n []*fake) {
			n[2].follows(3)
			n[2].votes(n[1])
			n[2].crashes()
			n[2].bootsWith(func(o *Observation) { o.DurableVote = raft.None })
		}, "n2 voted for n1 in term 3, but found term 3 and no vote on its disk"},
		{"a disk loses the term of a vote", func(n []*fake) {
			n[2].follows(3)
			n[2].votes(n[1])
			n[2].crashes()
			n[2].bootsWith(func(o *Observation) { o.DurableTerm = 2 })
		}, "n2 voted for n1 in term 3, but found term 2 and a vote for n1 on its disk"},
		{"two votes in a term", func(n []*fake) {
			n[2].follows(3)
			n[2].votes(n[1])
			n[2].votes(n[4])
		}, "n2 voted for n1 and for n4 in term 3"},
		{"a leader counts a vote of its own that is not on disk", func(n []*fake) {
			n[2].shows(func(o *Observation) { o.Role, o.Term, o.Vote = raft.Leader, 3, 2 })
		}, "n2 counts on its own vote in term 3, but its disk holds term 0 and no vote"},
		{"a candidate asks for votes while its own is not on disk", func(n []*fake) {
			n[2].shows(func(o *Observation) {
				o.Role, o.Term, o.Vote = raft.Candidate, 3, 2
				n[2].promises(VotePromise, n[2], 3, 0)
			})
		}, "n2 counts on its own vote in term 3, but its disk holds term 0 and no vote"},
		{"a leader's disk loses its vote for itself", func(n []*fake) {
			n[2].leads(3)
			n[2].crashes()
			n[2].bootsWith(func(o *Observation) { o.DurableVote = raft.None })
		}, "n2 voted for n2 in term 3, but found term 3 and no vote on its disk"},
		{"an acknowledgement leaves before the entry is on disk", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			n[2].follows(1)
			n[2].writes(1, 1)
			n[2].acks(n[1], 1)
		}, "n2 acknowledged index 1 in term 1, but its disk holds the log up to index 0, and term 1 and no vote"},
		{"an acknowledgement leaves before the term is on disk", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			n[2].hears(1)
			n[2].writes(1, 1)
			n[2].shows(func(o *Observation) { o.DurableIndex = 1 })
			n[2].acks(n[1], 1)
		}, "n2 acknowledged index 1 in term 1, but its disk holds the log up to index 1, and term 0 and no vote"},
		{"an acknowledgement of entries that overwrote durable ones", func(n []*fake) {
			n[1].leads(2)
			n[1].stores(1, 2)
			n[2].follows(2)
			n[2].stores(1, 1)
			n[2].happens(1, func(*Observation) {
				n[2].promises(EntryPromise, n[1], 2, 1)
				n[2].log = n[1].log
			})
		}, "n2 acknowledged index 1 in term 2, but its disk holds the log up to index 0, and term 2 and no vote"},
		{"an acknowledgement of what the leader does not have", func(n []*fake) {
			n[1].leads(2)
			n[1].stores(1, 2)
			n[2].follows(2)
			n[2].stores(1, 2, 2)
			n[2].acks(n[1], 2)
		}, "n2 acknowledged index 2 to n1, leader of term 2, whose log is another up to there"},
		{"an acknowledgement of something else than the leader has", func(n []*fake) {
			n[1].leads(2)
			n[1].stores(1, 2)
			n[2].follows(2)
			n[2].stores(1, 1)
			n[2].acks(n[1], 1)
		}, "n2 acknowledged index 1 to n1, leader of term 2, whose log is another up to there"},
		{"a second acknowledgement leaves before the entry is on disk", func(n []*fake) {
			acked(n)
			n[1].stores(3, 1)
			n[2].writes(3, 1)
			n[2].acks(n[1], 3)
		}, "n2 acknowledged index 3 in term 1, but its disk holds the log up to index 2, and term 1 and no vote"},
		{"a second acknowledgement of less leaves before its term is on disk", func(n []*fake) {
			acked(n)
			n[1].leads(2)
			n[2].hears(2)
			n[2].acks(n[1], 1)
		}, "n2 acknowledged index 1 in term 2, but its disk holds the log up to index 2, and term 1 and no vote"},
		{"an acknowledgement of less in the same event takes nothing back", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1, 1)
			n[2].follows(1)
			n[2].stores(1, 1, 1)
			n[2].shows(func(*Observation) {
				n[2].promises(EntryPromise, n[1], 1, 2)
				n[2].promises(EntryPromise, n[1], 1, 1)
			})
			n[2].crashes()
			n[2].log = n[2].log[:1]
			n[2].boots()
		}, "n2 acknowledged index 2, but lost index 2 in a restart"},
		{"dropped within the term", func(n []*fake) {
			acked(n)
			n[2].cuts(2)
		}, "n2 dropped index 2, which it had acknowledged in term 1, within that term"},
		{"written again as it was, and not yet on disk", func(n []*fake) {
			acked(n)
			n[2].writes(1, 1, 1)
		}, "n2 acknowledged index 2 before, but its disk holds the log up to index 0 only"},
		{"an older acknowledgement is still held to", func(n []*fake) {
			acked(n)
			n[2].follows(2)
			n[3].leads(2)
			n[3].stores(1, 1)
			n[2].acks(n[3], 1)
			n[2].crashes()
			n[2].log = n[2].log[:1]
			n[2].boots()
		}, "n2 acknowledged index 2, but lost index 2 in a restart"},
		{"a disk loses an acknowledged entry", func(n []*fake) {
			acked(n)
			n[2].crashes()
			n[2].log = n[2].log[:1]
			n[2].boots()
		}, "n2 acknowledged index 2, but lost index 2 in a restart"},
		{"a disk has another entry in its place", func(n []*fake) {
			acked(n)
			n[2].crashes()
			n[2].log[0].Data = []byte("rotten")
			n[2].boots()
		}, "n2 acknowledged index 2, but lost index 1 in a restart"},
		{"a disk loses the term of an acknowledgement", func(n []*fake) {
			acked(n)
			n[2].crashes()
			n[2].bootsWith(func(o *Observation) { o.DurableTerm = 0 })
		}, "n2 acknowledged entries in term 1, but found term 0 and no vote on its disk"},
		{"a promise of a node's last event", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			n[2].follows(1)
			n[2].writes(1, 1)
			n[2].of.event++
			n[2].promises(EntryPromise, n[1], 1, 1)
			n[2].crashes()
			n[2].boots()
		}, "n2 acknowledged index 1, but lost index 1 in a restart"},
		{"a promise of a node's last event about entries never seen", func(n []*fake) {
			n[2].follows(1)
			n[2].of.event++
			n[2].promises(EntryPromise, n[1], 1, 1)
			n[2].crashes()
			n[2].boots()
		}, "n2 acknowledged index 1, but lost index 1 in a restart"},
		{"a leader loses what it counted on to commit", func(n []*fake) {
			committed(n)
			n[1].crashes()
			n[1].log = n[1].log[:1]
			n[1].boots()
		}, "n1 acknowledged index 2, but lost index 2 in a restart"},
		{"a snapshot takes the place of what was acknowledged", func(n []*fake) {
			acked(n)
			n[3].follows(1)
			n[3].stores(1, 1, 1)
			n[1].commits(2)
			n[2].applies(2)
			n[2].compacts(2)
			n[2].crashes()
			n[2].boots()
			n[2].acks(n[1], 2)
		}, ""},
		{"a snapshot that arrived is acknowledged", func(n []*fake) {
			committed(n)
			n[1].applies(2)
			n[1].compacts(2)
			n[4].follows(1)
			n[4].installs(2, 1)
			n[4].acks(n[1], 2)
			n[4].crashes()
			n[4].boots()
		}, ""},
		{"a snapshot in place of entries that are not yet on disk", func(n []*fake) {
			committed(n)
			n[2].applies(2)
			n[2].writes(1, 1, 1)
			n[2].compacts(2)
			n[2].shows(func(o *Observation) { o.DurableIndex = 0 })
			n[2].acks(n[1], 2)
		}, ""},
		{"a crash undoes a compaction, and takes no entry with it", func(n []*fake) {
			acked(n)
			n[3].follows(1)
			n[3].stores(1, 1, 1)
			n[1].commits(2)
			whole := n[2].log
			n[2].applies(2)
			n[2].compacts(1)
			n[2].compacts(2)
			n[2].crashes()
			n[2].log = whole
			n[2].bootsWith(func(o *Observation) { o.Base, o.BaseTerm = 0, 0 })
		}, ""},
		{"a wiped disk takes its promises with it", func(n []*fake) {
			acked(n)
			n[2].votes(n[1])
			n[2].wiped()
			n[2].joins(77)
			n[2].follows(1)
			n[2].votes(n[3])
		}, ""},
		{"a snapshot is acknowledged before it is on disk", func(n []*fake) {
			committed(n)
			n[4].follows(1)
			n[4].acks(n[1], 2)
		}, "n4 acknowledged index 2 in term 1, but its disk holds the log up to index 0, and term 1 and no vote"},
		{"a snapshot takes the place of a longer log that goes with it", func(n []*fake) {
			committed(n)
			n[1].stores(3, 1)
			n[2].stores(3, 1)
			n[2].acks(n[1], 3)
			n[2].installs(2, 1)
		}, "n2 dropped index 3, which it had acknowledged in term 1, within that term"},
		{"a disk comes back from before a snapshot that stood for acknowledged entries", func(n []*fake) {
			committed(n)
			n[4].follows(1)
			n[4].installs(2, 1)
			n[4].acks(n[1], 2)
			n[4].crashes()
			n[4].log = nil
			n[4].bootsWith(func(o *Observation) { o.Base, o.BaseTerm = 0, 0 })
		}, "n4 acknowledged index 2, but lost index 2 in a restart"},
	}.run(t, "durable-promises")
}

func TestAPromiseAfterItsObservationIsJudgedAtOnce(t *testing.T) {
	w := newCluster(t, 3)
	n := w.nodes
	n[1].leads(1)
	n[1].stores(1, 1)
	n[2].follows(1)
	n[2].writes(1, 1)
	n[2].promises(EntryPromise, n[1], 1, 1)
	require.NotNil(t, w.c.Violation())
	require.Equal(t, w.event, w.c.Violation().Event)
}
