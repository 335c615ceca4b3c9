package raft_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// term is how long the leases of these tests last.
const term = 200 * time.Millisecond

// leasing is a cluster of three in which n1 leads and reads are served under leases, by clocks that drift by so much.
func leasing(t *testing.T, ppm uint64) *cluster {
	c := newTunedCluster(t, func(cfg *raft.Config) {
		cfg.CheckQuorum, cfg.Lease, cfg.ClockDriftPPM = true, term, ppm
	}, make([]raft.Restored, 3)...)
	c.now = term // what may have been promised before they started is over
	c.elect(1)
	return c
}

// reads has a node ask for a read, and says whether it is answered at once.
func (c *cluster) reads(id raft.NodeID, name uint64) bool {
	before := len(c.nodes[id].reads)
	require.NoError(c.t, c.core(id).ReadIndex(c.clock(id), name))
	c.act(id)
	return len(c.nodes[id].reads) > before
}

func TestALeaseServesReadsUntilOthersMayBeElected(t *testing.T) {
	c := leasing(t, 0)
	c.now += heartbeat
	began := c.now
	c.beat(1)
	c.now += 40 * time.Millisecond // the answers come late, and that does not lengthen it
	c.settle(c.all()...)
	require.True(t, c.reads(1, 1))
	require.Empty(t, c.net, "nobody was asked")
	c.now = began + term - 1
	require.True(t, c.reads(1, 2))
	c.now++
	require.False(t, c.reads(1, 3), "from now on it asks")
	c.settle(c.all()...)
	require.Len(t, c.nodes[1].reads, 3)
}

func TestALeaseIsShorterByWhatClocksMayDrift(t *testing.T) {
	c := leasing(t, 200_000)
	began := c.now
	c.beat(1)
	c.settle(c.all()...)
	// A follower's clock may have come to 200 ms after 200/1.2 ms, of which the leader's may show 0.8.
	safe := 133333333 * time.Nanosecond
	c.now = began + safe - 1
	require.True(t, c.reads(1, 1))
	c.now = began + safe + 1
	require.False(t, c.reads(1, 2))
}

func TestALeaseCountsFromTheRoundThatWasAnswered(t *testing.T) {
	c := leasing(t, 0)
	c.now += heartbeat
	began := c.now
	c.beat(1)
	early := c.take(filter{from: 1})
	c.now += heartbeat
	c.beat(1)
	c.net = early // what followed is lost
	c.settle(c.all()...)
	c.now = began + term
	require.False(t, c.reads(1, 1))
}

func TestALeaseNeedsAMajority(t *testing.T) {
	c := leasing(t, 0)
	for range 5 { // the lease of the election runs out
		c.now += heartbeat
		c.beat(1)
		c.net = nil
	}
	require.False(t, c.reads(1, 1))
	c.settle(1)
	require.Empty(t, c.nodes[1].reads)
	c.beat(1)
	c.settle(1, 2)
	require.True(t, c.reads(1, 2))
}

func TestWhoHearsALeaderElectsNoOtherForALease(t *testing.T) {
	c := leasing(t, 0)
	heard := c.now
	c.beat(1)
	c.settle(c.all()...)
	last := c.status(2)
	ask := func(term raft.Term) bool {
		c.step(voteRequest(3, 2, term, last.LastIndex, last.LastTerm))
		c.persist(2)
		vote := c.take(filter{from: 2, kind: raft.MsgVoteReply})
		return len(vote) > 0 && vote[0].VoteReply.Granted
	}
	c.now = heard + term - 1
	require.False(t, ask(last.Term+1))
	require.Equal(t, last.Term, c.status(2).Term)
	c.timeout(3)
	require.Equal(t, raft.Follower, c.core(3).Role(), "nor does it stand itself")
	c.crash(2)
	c.restart(2)
	require.False(t, ask(last.Term+1), "nor after a restart, by which it forgot when it heard of it")
	c.now = heard + 2*term
	require.True(t, ask(last.Term+1))
}

// It may be in the candidate's term already, and have given no vote in it.
func TestAPromiseHoldsWithinATermToo(t *testing.T) {
	c := leasing(t, 0)
	c.crash(2)
	c.nodes[2].disk.HardState = raft.HardState{Term: 9}
	c.restart(2)
	c.step(voteRequest(3, 2, 9, 99, 9))
	c.persist(2)
	require.False(t, c.one(filter{from: 2, kind: raft.MsgVoteReply}).VoteReply.Granted)
}

func TestHandingOverEndsALease(t *testing.T) {
	c := leasing(t, 0)
	c.beat(1)
	c.settle(c.all()...)
	require.True(t, c.reads(1, 1))
	require.NoError(t, c.core(1).TransferLeadership(c.now, 2))
	c.act(1)
	require.False(t, c.reads(1, 2), "the other may be elected at once")
	hurry := c.take(filter{kind: raft.MsgTimeoutNow})
	c.now += electionMax
	for range 4 {
		c.beatAll(1)
		c.take(filter{kind: raft.MsgTimeoutNow})
	}
	require.False(t, c.reads(1, 3), "and as late as it hears of it")
	c.step(hurry[0])
	c.settle(c.all()...)
	require.Equal(t, raft.Leader, c.core(2).Role(), "nobody's promise is in its way")
	c.beat(2)
	c.settle(c.all()...)
	require.True(t, c.reads(2, 4))
}

func TestAClockThatIsSetBackDoesNotHoldAPromiseForever(t *testing.T) {
	c := leasing(t, 0)
	c.now += time.Hour
	c.beat(1)
	c.settle(c.all()...)
	last := c.status(2)
	c.now -= time.Hour
	c.step(voteRequest(3, 2, last.Term+1, 99, 99))
	require.Equal(t, last.Term, c.status(2).Term)
	c.now += term
	c.step(voteRequest(3, 2, last.Term+1, 99, 99))
	c.persist(2)
	require.True(t, c.one(filter{from: 2, kind: raft.MsgVoteReply}).VoteReply.Granted)
}

func TestLeasesThatCannotBeAreRefused(t *testing.T) {
	for want, alter := range map[string]func(*raft.Config){
		"raft: leases need CheckQuorum: without it nobody keeps to a leader":                 func(cfg *raft.Config) { cfg.Lease = 1 },
		"raft: a lease of -1ns with clocks that drift by 0 parts per million cannot be":      func(cfg *raft.Config) { cfg.Lease = -1 },
		"raft: a lease of 1ns with clocks that drift by 1000000 parts per million cannot be": func(cfg *raft.Config) { cfg.Lease, cfg.ClockDriftPPM = 1, 1_000_000 },
		"raft: MaxChunkBytes cannot be negative: -1":                                         func(cfg *raft.Config) { cfg.MaxChunkBytes = -1 },
	} {
		cfg := (&cluster{nodes: make([]*node, 4)}).config(1)
		alter(&cfg)
		_, err := raft.New(cfg, raft.Restored{}, 0)
		require.EqualError(t, err, want)
	}
}
