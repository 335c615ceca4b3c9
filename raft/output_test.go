package raft_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// A disk that is always behind must not keep acknowledgements back for ever: while it writes one batch the next
// arrives, and what is on the disk is acknowledged without waiting for what is not.
func TestASteadyStreamIsAcknowledgedAsTheDiskGoes(t *testing.T) {
	c := newClusterOf(t, disk(raft.HardState{Term: 1}), disk(raft.HardState{Term: 1}), disk(raft.HardState{Term: 1}))
	for k := raft.Index(0); k < 50; k += 10 {
		c.step(appendFrom(1, 2, 1, raft.AppendEntries{PrevIndex: k, PrevTerm: min(raft.Term(k), 1), Entries: entries(k, times(10, 1)...)}))
		if k == 0 {
			continue // the first batch is being written when the second arrives
		}
		c.persistFirst(2, 1)
		ack := c.one(filter{from: 2}).AppendReply
		require.True(t, ack.Success)
		require.Equal(t, k, ack.Match, "what the disk had when entries up to %d were still being written", k+10)
	}
	c.persist(2)
	require.Equal(t, raft.Index(50), c.one(filter{from: 2}).AppendReply.Match)
}

// Figure 2, "updated on stable storage before responding" (§5.1, §5.2): a vote leaves when it is on the disk.
func TestAVoteWaitsForTheDisk(t *testing.T) {
	c := newCluster(t, 3)
	c.step(voteRequest(1, 2, 1, 0, 0))
	require.Empty(t, c.net)
	require.Equal(t, raft.HardState{Term: 1, Vote: 1}, c.nodes[2].writes[0].hard)
	c.step(voteRequest(1, 2, 1, 0, 0))
	require.Empty(t, c.net, "asking again does not help")
	require.Len(t, c.nodes[2].writes, 1, "nor is it written again")
	c.persist(2)
	for _, m := range c.take(filter{from: 2}) {
		require.True(t, m.VoteReply.Granted)
	}
	c.step(voteRequest(1, 2, 1, 0, 0))
	require.True(t, c.one(filter{from: 2}).VoteReply.Granted, "who asks later gets it at once")
}

// A vote that a crash took back was never given: it may go to another.
func TestAVoteLostInACrashWasNotGiven(t *testing.T) {
	c := newCluster(t, 3)
	c.step(voteRequest(1, 2, 1, 0, 0))
	c.crash(2)
	c.restart(2)
	require.Empty(t, c.net)
	c.step(voteRequest(3, 2, 1, 0, 0))
	c.persist(2)
	require.Equal(t, raft.NodeID(3), c.one(filter{from: 2}).To)
}

// Refusals promise nothing.
func TestRefusalsDoNotWaitForTheDisk(t *testing.T) {
	c := follower(t, disk(raft.HardState{Term: 1}, 1))
	c.step(voteRequest(1, 2, 2, 0, 0))
	require.False(t, c.one(filter{from: 2}).VoteReply.Granted)
	c.step(appendFrom(1, 2, 2, raft.AppendEntries{PrevIndex: 7, PrevTerm: 1}))
	require.False(t, c.one(filter{from: 2}).AppendReply.Success)
	require.NotEmpty(t, c.nodes[2].writes)
}

// A candidate's requests wait for its own vote: one that forgot it could stand again in the same term with a
// log cut shorter in between, and count votes given to the longer one.
func TestACandidateAsksOnceItsOwnVoteIsOnTheDisk(t *testing.T) {
	c := newCluster(t, 3)
	c.timeout(1)
	require.Empty(t, c.net)
	c.persist(1)
	require.Len(t, c.take(filter{kind: raft.MsgRequestVote}), 2)
}

// An acknowledgement waits for its entries, and for the term in which they were taken (Figure 2; §5.3).
func TestAnAcknowledgementWaitsForTheDisk(t *testing.T) {
	c := newCluster(t, 3)
	c.step(appendFrom(1, 2, 1, raft.AppendEntries{Entries: entries(0, 1, 1)}))
	require.Empty(t, c.net)
	c.persist(2)
	require.Equal(t, raft.Index(2), c.one(filter{from: 2}).AppendReply.Match)

	c.step(appendFrom(3, 2, 2, raft.AppendEntries{PrevIndex: 2, PrevTerm: 1}))
	require.Empty(t, c.net, "the entries are on the disk, the term is not: a node that forgot it could take other entries from the leader before")
	c.persist(2)
	require.Equal(t, raft.Index(2), c.one(filter{from: 2}).AppendReply.Match)

	c.step(appendFrom(3, 2, 2, raft.AppendEntries{PrevIndex: 2, PrevTerm: 1}))
	require.Equal(t, raft.Index(2), c.one(filter{from: 2}).AppendReply.Match, "both are: at once")
}

// What is written and then cut off is not what an acknowledgement of the same index means.
func TestACutTakesBackWhatIsBeingWritten(t *testing.T) {
	c := follower(t, disk(raft.HardState{Term: 1}, 1))
	c.step(appendFrom(1, 2, 1, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Entries: entries(1, 1, 1, 1)}))
	c.step(appendFrom(3, 2, 2, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Entries: entries(1, 2, 2)}))
	require.Len(t, c.nodes[2].writes, 2)

	c.persistFirst(2, 1)
	require.Empty(t, c.net, "entries 2 to 4 of term 1 are on the disk, and nobody wants to know")
	require.Equal(t, raft.Index(1), c.status(2).DurableIndex)
	c.persist(2)
	require.Equal(t, raft.Index(3), c.status(2).DurableIndex)
	m := c.one(filter{from: 2})
	require.Equal(t, raft.NodeID(3), m.To)
	require.Equal(t, raft.Index(3), m.AppendReply.Match)
	require.Equal(t, []raft.Term{1, 2, 2}, termsOf(c.nodes[2].disk.Entries))
}

// Cutting off what is durable takes it out of what is: it will be overwritten.
func TestACutTakesBackWhatIsDurable(t *testing.T) {
	c := follower(t, disk(raft.HardState{Term: 1}, 1, 1, 1, 1))
	require.Equal(t, raft.Index(4), c.status(2).DurableIndex)
	c.step(appendFrom(1, 2, 2, raft.AppendEntries{PrevIndex: 2, PrevTerm: 1, Entries: entries(2, 2)}))
	require.Equal(t, raft.Index(2), c.status(2).DurableIndex)
	require.Empty(t, c.net)
	c.persist(2)
	require.Equal(t, raft.Index(3), c.one(filter{from: 2}).AppendReply.Match)
}

func TestAcknowledgementsThatWaitBecomeOne(t *testing.T) {
	c := newCluster(t, 3)
	c.step(appendFrom(1, 2, 1, raft.AppendEntries{Entries: entries(0, 1, 1)}))
	c.step(appendFrom(1, 2, 1, raft.AppendEntries{PrevIndex: 2, PrevTerm: 1, Entries: entries(2, 1)}))
	c.step(appendFrom(1, 2, 1, raft.AppendEntries{Entries: entries(0, 1)}))
	c.persist(2)
	require.Equal(t, raft.AppendReply{Success: true, PrevIndex: 2, Match: 3}, c.one(filter{from: 2}).AppendReply)
}

// What was promised to nobody yet is promised to nobody any more once the term has passed.
func TestHeldMessagesOfAPastTermAreDropped(t *testing.T) {
	c := newCluster(t, 3)
	c.timeout(1)                                                            // requests of term 1 are held
	c.step(voteRequest(2, 1, 2, 0, 0))                                      // a vote in term 2 is
	c.step(appendFrom(3, 1, 3, raft.AppendEntries{Entries: entries(0, 3)})) // an acknowledgement in term 3 is
	c.timeout(1)                                                            // and requests of term 4 are
	c.persist(1)
	for _, m := range c.take(filter{from: 1}) {
		require.Equal(t, raft.MsgRequestVote, m.Kind)
		require.Equal(t, raft.Term(4), m.Term)
	}
	c.step(appendFrom(3, 1, 4, raft.AppendEntries{PrevIndex: 1, PrevTerm: 3, Entries: entries(1, 4)}))
	c.persist(1)
	m := c.one(filter{from: 1})
	require.Equal(t, raft.Term(4), m.Term, "nor does what came before hold up an acknowledgement now")
	require.Equal(t, raft.Index(2), m.AppendReply.Match)
}

// An Output is good until the next one is taken, whatever happens meanwhile.
func TestAnOutputStaysUntilTheNext(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	core := c.core(1)
	for range 4 { // its memory is used in turns
		_, _, err := core.Propose([]byte("a"))
		require.NoError(t, err)
		out := core.Output()
		was := slices.Clone(out.Messages)
		require.Len(t, was, 2)
		core.HeartbeatTimeout(c.now)
		core.Persisted(c.now, out.Ticket)
		require.Equal(t, was, out.Messages)
		require.Len(t, core.Output().Messages, 2, "the heartbeats")
	}
}

// Entries to apply come in pieces even when there is nothing to write.
func TestMoreThanAChunkToApply(t *testing.T) {
	c := follower(t, disk(raft.HardState{Term: 1}, times(1300, 1)...))
	c.step(appendFrom(1, 2, 1, raft.AppendEntries{PrevIndex: 1300, PrevTerm: 1, Commit: 1300}))
	require.Len(t, c.nodes[2].applied, 1300)
	require.Empty(t, c.nodes[2].writes)
}

// Writes are told in pieces, at most a chunk of the log each, in order, and each once; so are entries to apply.
func TestOutputComesInPieces(t *testing.T) {
	c := newCluster(t, 3)
	n := c.nodes[2]
	m := appendFrom(1, 2, 1, raft.AppendEntries{Entries: entries(0, times(1300, 1)...), Commit: 1200})
	m.Incarnation = raft.FirstIncarnation
	require.NoError(t, n.core.Step(0, m))
	var got, applied []raft.Index
	var tickets []raft.Ticket
	for more := true; more; {
		out := n.core.Output()
		require.Equal(t, len(tickets) == 0, out.HardStateChanged, "the hard state goes first, once")
		for _, e := range out.Entries {
			got = append(got, e.Index)
		}
		for _, e := range out.Committed {
			applied = append(applied, e.Index)
		}
		tickets = append(tickets, out.Ticket)
		more = out.More
	}
	require.Equal(t, upTo(1300), got)
	require.Equal(t, upTo(1200), applied)
	require.Equal(t, []raft.Ticket{1, 2, 3}, tickets)

	out := n.core.Output()
	require.Equal(t, raft.Output{Messages: out.Messages, Quiet: true}, *out, "all has been told")
	require.Empty(t, out.Messages)
	n.core.Persisted(0, 2)
	require.Equal(t, raft.Index(1024), n.core.Status().DurableIndex)
}

func upTo(n int) []raft.Index {
	is := make([]raft.Index, n)
	for k := range is {
		is[k] = raft.Index(k + 1)
	}
	return is
}

func TestTicketsToldAgainAreIgnored(t *testing.T) {
	c := newCluster(t, 3)
	c.timeout(1)
	c.persist(1)
	require.Len(t, c.take(filter{}), 2)
	before := c.status(1)
	c.core(1).Persisted(c.now, 1)
	c.core(1).Persisted(c.now, 0)
	c.act(1)
	require.Equal(t, before, c.status(1))
	require.Empty(t, c.net)
	require.PanicsWithValue(t, "raft: told that ticket 2 is durable, but only 1 were handed out", func() { c.core(1).Persisted(c.now, 2) })
}

// Several hundred writes may be under way at once; each counts when it is done, in order.
func TestManyWritesAtOnce(t *testing.T) {
	c := newCluster(t, 3)
	for k := range raft.Index(400) {
		c.step(appendFrom(1, 2, 1, raft.AppendEntries{PrevIndex: k, PrevTerm: min(raft.Term(k), 1), Entries: entries(k, 1)}))
	}
	for k := raft.Index(1); k <= 400; k++ {
		c.persistFirst(2, 1)
		require.Equal(t, k, c.status(2).DurableIndex)
		require.Equal(t, k, c.one(filter{from: 2}).AppendReply.Match)
	}
}

// A message given back is used again, empty; one that is still out is not touched.
func TestReleasedMessagesAreUsedAgain(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.propose(1, "a")
	kept, back := c.one(filter{to: 2}), c.one(filter{to: 3})
	before := *kept
	back.Release()
	require.Equal(t, raft.MessageKind(0), back.Kind, "nothing of it is left")
	require.Nil(t, back.Append.Entries)
	c.step(voteRequest(2, 1, 9, 99, 9))
	c.persist(1)
	require.Same(t, back, c.one(filter{from: 1}))
	require.Equal(t, raft.MsgVoteReply, back.Kind)
	require.Nil(t, back.Append.Entries)
	require.Equal(t, before, *kept)
}
