package raft_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// read asks a node for the index of a read.
func (c *cluster) read(id raft.NodeID, name uint64) {
	require.NoError(c.t, c.core(id).ReadIndex(c.now, name))
	c.act(id)
}

// Dissertation §6.4, step 2 and 3: the leader exchanges a round of heartbeats with a majority before it answers.
func TestAReadWaitsForAMajorityToConfirmTheLeader(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.propose(1, "a")
	c.settle(c.all()...)
	c.read(1, 7)
	require.Empty(t, c.nodes[1].reads)
	c.deliver(filter{from: 1, to: 2})
	c.deliver(filter{from: 2, to: 1})
	require.Equal(t, []raft.Read{{ID: 7, Index: 2}}, c.nodes[1].reads)
	c.settle(c.all()...)
	require.Len(t, c.nodes[1].reads, 1, "once")
}

// A confirmation counts for the round it was asked in, never for a later read.
func TestAnAnswerToAnEarlierRoundConfirmsNothing(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.beat(1)
	c.deliver(filter{from: 1, to: 2})
	late := c.one(filter{from: 2, to: 1})
	c.read(1, 7)
	c.step(late)
	require.Empty(t, c.nodes[1].reads)
	c.read(1, 8)
	first := c.take(filter{from: 1, to: 2}) // one heartbeat for each of two rounds
	require.Len(t, first, 2)
	c.step(first[0])
	c.deliver(filter{from: 2, to: 1})
	require.Equal(t, []raft.Read{{ID: 7, Index: 1}}, c.nodes[1].reads, "the first round's answer is for the first read")
	c.step(first[1])
	c.deliver(filter{from: 2, to: 1})
	require.Len(t, c.nodes[1].reads, 2)
}

// Dissertation §6.4, step 1: only once an entry of its term is committed does a leader know what is committed.
func TestAReadWaitsForAnEntryOfTheTerm(t *testing.T) {
	c := newClusterOf(t, disk(raft.HardState{Term: 1}, 1, 1), disk(raft.HardState{Term: 1}, 1, 1), disk(raft.HardState{Term: 1}, 1, 1))
	c.timeout(1)
	c.persist(1)
	c.deliver(filter{from: 1, to: 2})
	c.persist(2)
	c.deliver(filter{from: 2, to: 1})
	require.Equal(t, raft.Leader, c.core(1).Role())
	c.take(filter{from: 1, kind: raft.MsgAppendEntries}) // the no-op is lost
	c.read(1, 7)
	c.deliver(filter{from: 1, to: 2})
	c.deliver(filter{from: 2, to: 1})
	require.Empty(t, c.nodes[1].reads, "confirmed, but nothing of the term is committed")
	c.beat(1)
	c.settle(c.all()...)
	require.Equal(t, []raft.Read{{ID: 7, Index: 3}}, c.nodes[1].reads)
}

func TestAFollowerAsksItsLeader(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.propose(1, "a")
	c.settle(c.all()...)
	c.beat(1)
	c.settle(c.all()...)
	c.read(2, 9)
	c.settle(c.all()...)
	require.Equal(t, []raft.Read{{ID: 9, Index: 2}}, c.nodes[2].reads)
}

func TestReadsAreRefused(t *testing.T) {
	c := newCluster(t, 3)
	require.ErrorIs(t, c.core(1).ReadIndex(0, 1), raft.ErrNotLeader, "nobody leads")
	c.elect(1)
	c.read(1, 7)
	c.take(filter{})
	c.elect(2, 2, 3)
	c.beat(2)
	c.settle(c.all()...)
	require.Equal(t, []raft.Read{{ID: 7, Index: 0}}, c.nodes[1].reads, "the leader was deposed before it was confirmed")
}

func TestASingleVoterReadsAtOnce(t *testing.T) {
	c := newCluster(t, 1)
	c.elect(1)
	c.read(1, 3)
	require.Equal(t, []raft.Read{{ID: 3, Index: 1}}, c.nodes[1].reads)
}

func TestReadsOfOneOutputShareARound(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	for k := range uint64(5) {
		require.NoError(t, c.core(1).ReadIndex(c.now, k))
	}
	c.act(1)
	require.Len(t, c.take(filter{from: 1}), 2, "one message a follower")
}

func TestALeaderThatCannotConfirmRefusesReadsInTime(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	for k := range uint64(5000) {
		c.read(1, k)
		c.take(filter{})
	}
	require.Len(t, c.nodes[1].reads, 5000-4096, "the rest is refused at once")
	for _, r := range c.nodes[1].reads {
		require.Zero(t, r.Index)
	}
}

// Dissertation §6.4, step 1: the index is what is committed when the read is asked, not what is when it is confirmed.
func TestAReadDoesNotWaitForWhatWasCommittedSince(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.read(1, 7)
	round := c.one(filter{from: 1, to: 3})
	c.take(filter{})
	c.propose(1, "a")
	c.persist(1)
	m := c.one(filter{from: 1, to: 2})
	m.Append.Round = 0 // as if it had left before the read was asked
	c.step(m)
	c.persist(2)
	c.deliver(filter{from: 2, to: 1})
	require.Equal(t, raft.Index(2), c.status(1).Commit)
	require.Empty(t, c.nodes[1].reads)
	c.step(round)
	c.deliver(filter{from: 3, to: 1})
	require.Equal(t, []raft.Read{{ID: 7, Index: 1}}, c.nodes[1].reads)
}

// A read that is confirmed before an entry of the term is committed is answered as soon as one is.
func TestAReadIsAnsweredWithTheFirstCommitOfTheTerm(t *testing.T) {
	c := newCluster(t, 3)
	c.timeout(1)
	c.persist(1)
	c.step(voteReply(2, 1, 1, true))
	require.Equal(t, raft.Leader, c.core(1).Role())
	c.read(1, 7)
	c.settle(2, 3) // lose what is from n1, which is asked again below
	c.beat(1)
	c.deliver(filter{from: 1, to: 2})
	c.persist(2)
	c.deliver(filter{from: 2, to: 1})
	require.Empty(t, c.nodes[1].reads, "n1's own disk has not written its no-op")
	c.persist(1)
	require.Equal(t, []raft.Read{{ID: 7, Index: 1}}, c.nodes[1].reads)
}

// Whose log differs confirms as well as any: it has heard the leader, and has not heard of a later one.
func TestARefusalConfirmsARead(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.propose(1, "a")
	c.take(filter{to: 3})
	c.read(1, 7)
	c.take(filter{to: 2})
	c.deliver(filter{from: 1, to: 3})
	refusal := c.one(filter{from: 3})
	require.False(t, refusal.AppendReply.Success)
	c.step(refusal)
	require.Equal(t, []raft.Read{{ID: 7, Index: 1}}, c.nodes[1].reads)
}

// Acknowledgements that wait for the disk become one; it stands for the latest round of them.
func TestAnAcknowledgementThatWaitedConfirmsTheLatestRound(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.propose(1, "a")
	c.deliver(filter{from: 1, to: 2})
	c.read(1, 7)
	c.deliver(filter{from: 1, to: 2})
	require.Empty(t, c.take(filter{from: 2}))
	c.persist(2)
	c.deliver(filter{from: 2, to: 1})
	require.Equal(t, []raft.Read{{ID: 7, Index: 1}}, c.nodes[1].reads)
}

// Rounds begin anew with every life of a node. The answer to what it sent as a leader in an earlier one, whose rounds were more, confirms
// nothing of this one.
func TestAnAnswerToARoundOfAnEarlierLifeConfirmsNothing(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.settle(c.all()...)
	for name := range uint64(5) {
		c.read(1, name)
		c.settle(c.all()...)
	}
	c.read(1, 5)
	late := c.one(filter{from: 1, to: 2})
	require.Positive(t, late.Append.Round)
	c.crash(1)
	c.restart(1)
	c.take(filter{})
	c.elect(1)
	c.settle(c.all()...)

	c.step(late)
	c.deliver(filter{from: 2, to: 1})
	c.read(1, 7)
	require.Empty(t, c.nodes[1].reads, "nobody has been asked since")
	c.deliver(filter{from: 1, to: 3})
	c.deliver(filter{from: 3, to: 1})
	require.Len(t, c.nodes[1].reads, 1)
}
