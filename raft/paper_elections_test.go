package raft_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

func TestPaper5_1_AWorkingClusterHasOneLeaderAndElseFollowers(t *testing.T) {
	s := play(t, five)
	require.Equal(t, []raft.NodeID{1}, s.leaders())
	for _, id := range []raft.NodeID{2, 3, 4, 5} {
		require.Equal(t, raft.Follower, s.role(id))
	}
}

// Only answers leave a follower, whatever it is told but that its election timer fired.
func TestPaper5_1_AFollowerSendsNothingByItself(t *testing.T) {
	s := play(t, three+`
		heartbeat n2 n3
		persist`)
	require.Empty(t, s.net)
	s.play(`
		propose n1 x
		deliver from=n1
		persist n2 n3`)
	for _, m := range s.net {
		require.True(t, m.Kind.Reply(), "%v of %v", m.Kind, m.From)
	}
}

func TestPaper5_1_AFollowerKnowsWhomToSendClientsTo(t *testing.T) {
	s := play(t, three+`propose n2 x`)
	require.ErrorIs(t, s.refused, raft.ErrNotLeader)
	require.Equal(t, raft.NodeID(1), s.up(2).core.Leader())
}

func TestPaper5_1_TermsAreNumberedOneAfterTheOther(t *testing.T) {
	s := play(t, three)
	for term := raft.Term(2); term < 6; term++ {
		s.play(`elect n` + strconv.Itoa(2+int(term%2)))
		require.Equal(t, term, s.st(1).Term)
	}
}

func TestPaper5_1_ATermMayEndWithoutALeader(t *testing.T) {
	s := play(t, `
		cluster nodes=4
		timeout n1 n2
		persist n1 n2
		deliver from=n1 to=n3
		deliver from=n2 to=n4
		stabilize`)
	require.Empty(t, s.leaders(), "two votes of four each")
	s.play(`elect n2`)
	require.Equal(t, raft.Term(2), s.st(2).Term, "a new term begins shortly")
}

// With every timer fired at once, again and again, no term has two leaders.
func TestPaper5_1_ATermHasAtMostOneLeader(t *testing.T) {
	s := play(t, `cluster nodes=5`)
	led := map[raft.Term]raft.NodeID{}
	for range 20 {
		s.play(`
			timeout
			persist n1 n3
			deliver to=(n1,n2)
			persist
			deliver to=(n3,n4,n5)
			persist n2 n4`)
		for _, id := range s.leaders() {
			term := s.st(id).Term
			require.Contains(t, []raft.NodeID{raft.None, id}, led[term], "two lead term %d", term)
			led[term] = id
		}
	}
}

func TestPaper5_1_ATermNeverGoesBack(t *testing.T) {
	s := play(t, `
		cluster nodes=3
		disk n1 term=5`)
	for _, m := range everyKind(2, 1, 4) {
		s.hand(m)
		require.Equal(t, raft.Term(5), s.st(1).Term, "after %v", m.Kind)
	}
	s.play(`
		persist n1
		crash n1
		restart n1`)
	require.Equal(t, raft.Term(5), s.st(1).Term, "nor by a restart")
}

func TestPaper5_1_EveryMessageCarriesItsSendersTerm(t *testing.T) {
	s := play(t, `cluster nodes=3
		timeout n1`)
	for range 8 {
		for _, m := range s.net {
			require.Equal(t, s.st(m.From).Term, m.Term, "%v of %v", m.Kind, m.From)
		}
		s.play(`persist
			deliver`)
	}
	require.NotZero(t, s.commit(1))
}

// A later term, in whatever message but the question whether a vote would be given, is taken over at once, by whatever role.
func TestPaper5_1_WhoeverSeesALaterTermMovesOnToItAsAFollower(t *testing.T) {
	for _, role := range []string{"follower", "candidate", "leader"} {
		for _, m := range everyKind(2, 1, 7) {
			if m.Kind == raft.MsgRequestPreVote {
				continue // dissertation §9.6: it asks, and says nothing of the term of its own
			}
			s := play(t, three)
			switch role {
			case "follower":
				s.play(`elect n3`)
			case "candidate":
				s.play(`elect n3
					timeout n1
					persist n1`)
			}
			require.Equal(t, role, s.role(1).String())
			s.hand(m)
			if m.Kind == raft.MsgTimeoutNow { // and it stands at once, as it is told to
				require.Equal(t, raft.Term(8), s.st(1).Term, role)
				continue
			}
			require.Equal(t, raft.Term(7), s.st(1).Term, "%v, by %v", role, m.Kind)
			require.Equal(t, raft.Follower, s.role(1), "%v, by %v", role, m.Kind)
		}
	}
}

// Requests of a term that has passed are refused, with the term that is, so that the sender moves on.
func TestPaper5_1_ARequestOfAnEarlierTermIsRefused(t *testing.T) {
	for request, answer := range map[raft.MessageKind]raft.MessageKind{
		raft.MsgRequestVote:     raft.MsgVoteReply,
		raft.MsgAppendEntries:   raft.MsgAppendReply,
		raft.MsgInstallSnapshot: raft.MsgInstallReply,
	} {
		s := play(t, `
			cluster nodes=3
			disk n1 term=5 log=(1,2)`)
		s.hand(everyKind(2, 1, 4)[request-raft.MsgRequestVote])
		m := s.only(answer, 1, 2)
		require.Equal(t, raft.Term(5), m.Term, request)
		require.False(t, m.VoteReply.Granted || m.AppendReply.Success || m.InstallReply.Done, request)
		require.Equal(t, raft.None, s.st(1).Leader, "%v: nor is its sender followed", request)
		s.play(`persist
			deliver to=n2`)
		require.Equal(t, raft.Term(5), s.st(2).Term, request)
	}
}

// A candidate asks everyone at once, and a leader sends to everyone at once.
func TestPaper5_1_RequestsAreSentInParallel(t *testing.T) {
	s := play(t, `cluster nodes=5
		timeout n1
		persist n1`)
	require.Len(t, s.sent(raft.MsgRequestVote, 1, raft.None), 4)
	s.play(`stabilize
		propose n1 x`)
	require.Len(t, s.sent(raft.MsgAppendEntries, 1, raft.None), 4)
}

// A request that comes twice gets the same answer and changes nothing the second time.
func TestPaper5_1_ARequestThatComesTwiceIsHarmless(t *testing.T) {
	s := play(t, `cluster nodes=3
		timeout n1
		persist n1`)
	ask := s.only(raft.MsgRequestVote, 1, 2)
	s.hand(ask)
	s.hand(ask)
	s.play(`persist n2`)
	for _, m := range s.sent(raft.MsgVoteReply, 2, 1) {
		require.True(t, m.VoteReply.Granted)
	}
	s.play(`stabilize
		propose n1 x`)
	add := s.only(raft.MsgAppendEntries, 1, 2)
	s.hand(add)
	before := s.terms(2)
	s.hand(add)
	require.Equal(t, before, s.terms(2))
	s.play(`stabilize
		spread n1`)
	require.Equal(t, "x", s.state(2))
}

func TestPaper5_2_NodesStartAsFollowers(t *testing.T) {
	s := play(t, `cluster nodes=3`)
	for _, id := range s.all() {
		require.Equal(t, raft.Follower, s.role(id))
		require.Zero(t, s.st(id).Term)
	}
	s.play(`elect n1
		crash n1
		restart n1`)
	require.Equal(t, raft.Follower, s.role(1), "a leader that was down, too")
}

// deadline is when a node's election timer fires.
func (s *stage) deadline(id raft.NodeID) time.Duration {
	election, _ := s.up(id).core.Deadlines()
	return election
}

// What a follower hears from its leader, or a vote that it gives, puts its election off; nothing else does.
func TestPaper5_2_AFollowerStaysOneAsLongAsItHearsOfALeader(t *testing.T) {
	for what, test := range map[string]struct {
		m    *raft.Message
		puts bool
	}{
		"the leader's heartbeat":         {appendFrom(1, 2, 1, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1}), true},
		"entries that do not fit":        {appendFrom(1, 2, 1, raft.AppendEntries{PrevIndex: 9, PrevTerm: 1}), true},
		"a vote that is given":           {voteRequest(3, 2, 2, 1, 1), true},
		"a heartbeat of an earlier term": {appendFrom(3, 2, 0, raft.AppendEntries{}), false},
		"a vote that is refused":         {voteRequest(3, 2, 2, 0, 0), false},
		"an answer":                      {voteReply(3, 2, 1, true), false},
	} {
		t.Run(what, func(t *testing.T) {
			s := play(t, three+`advance 100ms`)
			before := s.deadline(2)
			s.hand(test.m)
			if test.puts {
				require.Equal(t, s.now+electionMin, s.deadline(2))
			} else {
				require.Equal(t, before, s.deadline(2))
			}
		})
	}
}

func TestPaper5_2_HeartbeatsAreAppendEntriesWithoutEntries(t *testing.T) {
	s := play(t, three+`heartbeat n1`)
	for _, id := range []raft.NodeID{2, 3} {
		require.Empty(t, s.only(raft.MsgAppendEntries, 1, id).Append.Entries)
	}
	_, next := s.up(1).core.Deadlines()
	require.Equal(t, s.now+heartbeat, next, "and again, after the interval")
}

// A leader makes itself known in the moment in which it is elected, with its no-op.
func TestPaper5_2_AWinnerTellsEveryoneAtOnce(t *testing.T) {
	s := play(t, `cluster nodes=5
		timeout n1
		persist n1
		deliver to=(n2,n3)
		persist n2 n3
		deliver to=n1`)
	require.Equal(t, raft.Leader, s.role(1))
	require.Len(t, s.sent(raft.MsgAppendEntries, 1, raft.None), 4)
}

// Votes make a majority only if they are of one term, of different voters, and more than half of all there are.
func TestPaper5_2_AMajorityIsOneOfTheWholeCluster(t *testing.T) {
	s := play(t, five+`
		crash n4 n5
		timeout n2
		persist n2
		deliver from=n2 to=n3
		persist n3
		deliver to=n2`)
	require.Equal(t, raft.Candidate, s.role(2), "two of the three that are up, but of five")
	s.hand(voteReply(3, 2, 2, true))
	require.Equal(t, raft.Candidate, s.role(2), "the same vote again")
	s.hand(voteReply(1, 2, 1, true))
	require.Equal(t, raft.Candidate, s.role(2), "one of another term")
	s.play(`stabilize n1 n2`)
	require.Equal(t, raft.Leader, s.role(2))
}

func TestPaper5_2_AVoteGoesToTheFirstWhoAsks(t *testing.T) {
	s := play(t, `cluster nodes=3
		timeout n1 n2
		persist n1 n2
		deliver from=n2 to=n3
		deliver from=n1 to=n3
		persist n3`)
	require.True(t, s.only(raft.MsgVoteReply, 3, 2).VoteReply.Granted)
	require.False(t, s.only(raft.MsgVoteReply, 3, 1).VoteReply.Granted)
}

func TestPaper5_2_ACandidateFollowsALeaderOfItsTermAndNoneOfAnEarlierOne(t *testing.T) {
	s := play(t, `cluster nodes=3
		disk n1 term=4
		timeout n1
		persist n1`)
	s.hand(appendFrom(2, 1, 4, raft.AppendEntries{}))
	require.Equal(t, raft.Candidate, s.role(1))
	require.False(t, s.only(raft.MsgAppendReply, 1, 2).AppendReply.Success)
	s.hand(appendFrom(2, 1, 5, raft.AppendEntries{}))
	require.Equal(t, raft.Follower, s.role(1))
	require.Equal(t, raft.NodeID(2), s.st(1).Leader)
}

func TestPaper5_2_ACandidateThatTimesOutAsksAgainInTheNextTerm(t *testing.T) {
	s := play(t, `cluster nodes=3
		timeout n1
		persist n1
		drop
		timeout n1
		persist n1`)
	require.Equal(t, raft.Term(2), s.st(1).Term)
	require.Len(t, s.sent(raft.MsgRequestVote, 1, raft.None), 2)
	require.Equal(t, raft.Term(2), s.only(raft.MsgRequestVote, 1, 2).Term)
}

// Each election has a timeout of its own, from the interval and by chance, so that votes are seldom split twice.
func TestPaper5_2_EachElectionDrawsItsTimeoutAnew(t *testing.T) {
	draws := uint64(0)
	s := newStage(t, 1, func(cfg *raft.Config) {
		cfg.Voters = []raft.NodeID{1, 2, 3}
		cfg.Draw = func(n uint64) uint64 {
			require.Equal(t, uint64(electionMax-electionMin)+1, n, "both ends included")
			draws++
			return draws * uint64(time.Millisecond)
		}
	})
	for range 5 {
		before := draws
		s.up(1).core.ElectionTimeout(s.now)
		require.Equal(t, before+1, draws)
		require.Equal(t, s.now+electionMin+time.Duration(draws)*time.Millisecond, s.deadline(1))
	}
}
