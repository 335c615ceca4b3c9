package raft_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// Figure 2, candidates (§5.2): on starting an election, a new term, a vote for oneself, a new timeout, and a
// RequestVote to everyone else.
func TestAnElectionStartsWithANewTermAndAVoteForOneself(t *testing.T) {
	draws := 0
	c := newTunedCluster(t, func(cfg *raft.Config) { cfg.Draw = func(uint64) uint64 { draws++; return uint64(draws) } },
		disk(raft.HardState{Term: 4, Vote: 2}, 1, 3), raft.Restored{}, raft.Restored{})
	drawn := draws
	c.now = time.Second
	c.timeout(1)

	s := c.status(1)
	require.Equal(t, raft.Candidate, s.Role)
	require.Equal(t, raft.Term(5), s.Term)
	require.Equal(t, raft.NodeID(1), s.Vote)
	require.Equal(t, raft.None, s.Leader)
	require.Equal(t, drawn+1, draws, "the timeout is drawn anew")
	election, beat := c.core(1).Deadlines()
	require.Equal(t, time.Second+electionMin+time.Duration(draws), election)
	require.Equal(t, raft.Never, beat)

	c.persist(1)
	for _, to := range []raft.NodeID{2, 3} {
		m := c.one(filter{to: to})
		require.Equal(t, raft.MsgRequestVote, m.Kind)
		require.Equal(t, raft.Term(5), m.Term)
		require.Equal(t, raft.RequestVote{LastIndex: 2, LastTerm: 3}, m.RequestVote)
	}
}

// Figure 2, candidates (§5.2): if nobody wins in time, another election.
func TestASplitVoteEndsInAnotherElection(t *testing.T) {
	c := newCluster(t, 4)
	c.timeout(1)
	c.timeout(2)
	c.persist(1)
	c.persist(2)
	c.deliver(filter{from: 1, to: 3})
	c.deliver(filter{from: 2, to: 4})
	c.settle(c.all()...)
	require.Equal(t, raft.Candidate, c.core(1).Role())
	require.Equal(t, raft.Candidate, c.core(2).Role(), "two of four votes each")

	c.elect(2)
	require.Equal(t, raft.Term(2), c.status(2).Term)
	require.Equal(t, raft.Follower, c.core(1).Role())
}

// §5.2: a majority of votes wins; fewer do not, and a voter counts once.
func TestAMajorityOfVotesWins(t *testing.T) {
	c := newCluster(t, 5)
	c.timeout(1)
	c.persist(1)
	c.step(voteReply(2, 1, 1, true))
	c.step(voteReply(2, 1, 1, true))
	c.step(voteReply(3, 1, 1, false))
	c.step(voteReply(4, 1, 1, false))
	require.Equal(t, raft.Candidate, c.core(1).Role())
	c.step(voteReply(5, 1, 1, true))
	require.Equal(t, raft.Leader, c.core(1).Role())
	require.Equal(t, raft.NodeID(1), c.core(1).Leader())
}

// Each election counts from the beginning.
func TestVotesOfAnEarlierElectionDoNotCount(t *testing.T) {
	c := newCluster(t, 5)
	c.timeout(1)
	c.persist(1)
	c.step(voteReply(2, 1, 1, true))
	c.timeout(1)
	c.persist(1)
	c.step(voteReply(3, 1, 2, true))
	require.Equal(t, raft.Candidate, c.core(1).Role(), "its own vote and one more")
	c.step(voteReply(2, 1, 2, true))
	require.Equal(t, raft.Leader, c.core(1).Role())
}

func TestVotesOfAnotherTermDoNotCount(t *testing.T) {
	c := newCluster(t, 3)
	c.timeout(1)
	c.timeout(1)
	c.persist(1)
	c.step(voteReply(2, 1, 1, true))
	require.Equal(t, raft.Candidate, c.core(1).Role(), "a vote for the election before this one")

	c.step(voteReply(2, 1, 3, false))
	require.Equal(t, raft.Follower, c.core(1).Role(), "somebody is further on")
	c.step(voteReply(3, 1, 3, true))
	require.Equal(t, raft.Follower, c.core(1).Role(), "nobody asked for that one")
}

func TestOneNodeAloneElectsItself(t *testing.T) {
	c := newCluster(t, 1)
	c.timeout(1)
	require.Equal(t, raft.Candidate, c.core(1).Role(), "its vote is not on the disk yet")
	c.timeout(1)
	c.persistFirst(1, 1)
	require.Equal(t, raft.Candidate, c.core(1).Role(), "its vote in the term before is, not the one in this")
	c.persist(1)
	require.Equal(t, raft.Leader, c.core(1).Role())
	c.propose(1, "a")
	require.Empty(t, c.commands(1))
	c.persist(1)
	require.Equal(t, "a", c.commands(1))
}

// Figure 2, RequestVote, rule 1 (§5.1): no vote in a term that has passed. Rule 2 (§5.2, §5.4): one vote in a
// term, to the first who asks and whose log is at least as up-to-date.
func TestAVoteIsGranted(t *testing.T) {
	for _, r := range []struct {
		what      string
		hard      raft.HardState
		log       []raft.Term
		term      raft.Term
		lastIndex raft.Index
		lastTerm  raft.Term
		granted   bool
	}{
		{"to whom asks first", raft.HardState{Term: 2}, nil, 2, 0, 0, true},
		{"in a later term", raft.HardState{Term: 2, Vote: 3}, nil, 3, 0, 0, true},
		{"to the same again", raft.HardState{Term: 2, Vote: 1}, nil, 2, 0, 0, true},
		{"not to another in that term", raft.HardState{Term: 2, Vote: 3}, nil, 2, 0, 0, false},
		{"not by one who voted for itself", raft.HardState{Term: 2, Vote: 2}, nil, 2, 0, 0, false},
		{"not in an earlier term", raft.HardState{Term: 2}, nil, 1, 9, 1, false},
		{"to a log that is alike", raft.HardState{Term: 2}, []raft.Term{1, 1}, 3, 2, 1, true},
		{"to a longer one", raft.HardState{Term: 2}, []raft.Term{1, 1}, 3, 3, 1, true},
		{"not to a shorter one", raft.HardState{Term: 2}, []raft.Term{1, 1}, 3, 1, 1, false},
		{"to a shorter one of a later term", raft.HardState{Term: 2}, []raft.Term{1, 1}, 3, 1, 2, true},
		{"not to a longer one of an earlier term", raft.HardState{Term: 2}, []raft.Term{1, 2}, 3, 9, 1, false},
	} {
		t.Run(r.what, func(t *testing.T) {
			c := follower(t, disk(r.hard, r.log...))
			c.now = time.Second
			c.step(voteRequest(1, 2, r.term, r.lastIndex, r.lastTerm))
			c.persist(2)
			m := c.one(filter{from: 2})
			require.Equal(t, raft.MsgVoteReply, m.Kind)
			require.Equal(t, r.granted, m.VoteReply.Granted)
			require.Equal(t, max(r.term, r.hard.Term), m.Term)
			require.Equal(t, c.nodes[2].disk.HardState, raft.HardState{Term: c.status(2).Term, Vote: c.status(2).Vote})

			// Figure 2, followers (§5.2): only a vote that is granted, or the leader, puts off an election.
			election, _ := c.core(2).Deadlines()
			if r.granted {
				require.Equal(t, time.Second+electionMin, election)
			} else {
				require.Equal(t, electionMin, election)
			}
		})
	}
}

// Figure 2, candidates (§5.2): whoever hears of the new leader becomes its follower, in a like term too.
func TestACandidateFollowsTheTermsLeader(t *testing.T) {
	c := newCluster(t, 3)
	c.timeout(1)
	c.persist(1)
	c.take(filter{})
	c.now = time.Second
	c.step(appendFrom(2, 1, 1, raft.AppendEntries{}))
	require.Equal(t, raft.Follower, c.core(1).Role())
	require.Equal(t, raft.NodeID(2), c.core(1).Leader())
	require.Equal(t, raft.NodeID(1), c.status(1).Vote, "its vote is given all the same")
	election, _ := c.core(1).Deadlines()
	require.Equal(t, time.Second+electionMin, election)
	c.step(voteReply(3, 1, 1, true))
	require.Equal(t, raft.Follower, c.core(1).Role(), "a late vote makes no second leader")
}

// Figure 2, all servers (§5.1): a later term, in whatever message, ends candidacy and leadership.
func TestALaterTermEndsLeadership(t *testing.T) {
	for what, m := range map[string]*raft.Message{
		"in a request for a vote": voteRequest(3, 1, 7, 0, 0),
		"in an answer to one":     voteReply(3, 1, 7, false),
		"in an AppendEntries":     appendFrom(3, 1, 7, raft.AppendEntries{PrevIndex: 9, PrevTerm: 6}),
		"in an answer to one of those": {Kind: raft.MsgAppendReply, From: 3, To: 1, Term: 7,
			AppendReply: raft.AppendReply{Success: true, Match: 1}},
	} {
		t.Run(what, func(t *testing.T) {
			c := newCluster(t, 3)
			c.elect(1)
			c.now = time.Second
			c.step(m)
			require.Equal(t, raft.Follower, c.core(1).Role())
			require.Equal(t, raft.Term(7), c.status(1).Term)
			election, beat := c.core(1).Deadlines()
			require.Equal(t, time.Second+electionMin, election, "a leader had no such timer")
			require.Equal(t, raft.Never, beat)
			_, _, err := c.core(1).Propose(nil)
			require.ErrorIs(t, err, raft.ErrNotLeader)
		})
	}
}

// A follower's timer runs on when a term passes by: else a node that cannot win could keep all others from trying.
func TestALaterTermAloneDoesNotPutOffAnElection(t *testing.T) {
	c := follower(t, disk(raft.HardState{Term: 1}, 1))
	c.now = 100 * time.Millisecond
	c.step(voteRequest(1, 2, 9, 0, 0))
	require.Equal(t, raft.Term(9), c.status(2).Term)
	election, _ := c.core(2).Deadlines()
	require.Equal(t, electionMin, election)
}

// §5.2: timeouts are random, within their bounds, both included.
func TestElectionTimeoutsAreDrawnFromTheirRange(t *testing.T) {
	for _, draw := range []uint64{0, 1, uint64(electionMax - electionMin)} {
		c := newTunedCluster(t, func(cfg *raft.Config) {
			cfg.Draw = func(n uint64) uint64 {
				require.Equal(t, uint64(electionMax-electionMin)+1, n)
				return draw
			}
		}, raft.Restored{})
		election, _ := c.core(1).Deadlines()
		require.Equal(t, electionMin+time.Duration(draw), election)
	}
}

func TestALeaderHasNoElectionTimer(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	before := c.status(1)
	c.timeout(1)
	require.Equal(t, before, c.status(1))
	election, _ := c.core(1).Deadlines()
	require.Equal(t, raft.Never, election)

	c.beat(2)
	require.Empty(t, c.net, "nor has a follower a heartbeat")
}

// §5.4: who lacks what was committed is not elected.
func TestALogThatLacksWhatWasCommittedIsNotElected(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.propose(1, "a")
	c.settle(1, 2)
	require.Equal(t, raft.Index(2), c.status(1).Commit)

	c.timeout(3)
	c.settle(c.all()...)
	require.Equal(t, raft.Candidate, c.core(3).Role())
	c.elect(2)
	require.Equal(t, raft.Leader, c.core(2).Role())
	c.beat(2)
	c.settle(c.all()...)
	for _, id := range c.all() {
		require.Equal(t, "a", c.commands(id), "%v", id)
	}
}

// A node that restarts is a follower of whom it does not know, in the term that it had; its vote binds it.
func TestARestartedNodeKeepsItsTermAndVote(t *testing.T) {
	c := newCluster(t, 3)
	c.timeout(1)
	c.persist(1)
	c.deliver(filter{to: 2})
	c.persist(2)
	c.take(filter{})
	for _, id := range []raft.NodeID{1, 2} {
		c.crash(id)
		c.restart(id)
		s := c.status(id)
		require.Equal(t, raft.Follower, s.Role)
		require.Equal(t, raft.Term(1), s.Term)
		require.Equal(t, raft.NodeID(1), s.Vote)
		require.Equal(t, s.DurableHard, raft.HardState{Term: 1, Vote: 1})
		c.step(voteRequest(3, id, 1, 9, 1))
		require.False(t, c.one(filter{from: id}).VoteReply.Granted)
	}
	c.step(voteReply(2, 1, 1, true))
	require.Equal(t, raft.Follower, c.core(1).Role(), "what it asked for before the crash is void")
}
