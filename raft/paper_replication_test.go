package raft_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

func TestPaper5_3_ACommandIsAppendedAndSentToEveryone(t *testing.T) {
	s := play(t, five+`propose n1 x`)
	want := raft.Entry{Index: 2, Term: 1, Kind: raft.EntryCommand, Data: []byte("x")}
	require.Equal(t, want, s.up(1).log()[1])
	for id := raft.NodeID(2); id <= 5; id++ {
		require.Equal(t, []raft.Entry{want}, s.only(raft.MsgAppendEntries, 1, id).Append.Entries)
	}
}

// Nothing is applied before it is committed, and all that is committed is applied, in the order of the log.
func TestPaper5_3_OnlyWhatIsCommittedIsAppliedAndInOrder(t *testing.T) {
	s := play(t, three+`
		propose n1 a b c
		persist n1
		deliver to=n2`)
	require.Empty(t, s.state(1))
	s.play(`
		persist n2
		deliver from=n2`)
	require.Equal(t, "a b c", s.state(1))
	require.Empty(t, s.state(2), "a follower does not know yet")
	s.play(`spread n1`)
	require.Equal(t, "a b c", s.state(2))
	require.Equal(t, s.st(1).Applied, s.st(1).Commit)
}

// The client has long been answered: a follower that missed it is still sent it, until it has it.
func TestPaper5_3_ALeaderRetriesForAsLongAsItTakes(t *testing.T) {
	s := play(t, three+`
		crash n3
		propose n1 x
		spread n1`)
	require.Equal(t, "x", s.state(1))
	for range 10 {
		s.play(`heartbeat n1
			stabilize`)
	}
	s.play(`
		restart n3
		spread n1
		spread n1`)
	require.Equal(t, "x", s.state(3))
}

func TestPaper5_3_AnEntryIsCommittedByAMajorityAndWithItAllBefore(t *testing.T) {
	s := play(t, `cluster nodes=5
		disk n1 term=3 log=(1,2,3)
		disk n2 term=3 log=(1,2)
		timeout n1
		stabilize n1 n2 n3`)
	require.Equal(t, raft.Leader, s.role(1))
	require.Equal(t, raft.Index(4), s.commit(1), "its own no-op and three entries of leaders before it")
	require.Zero(t, s.commit(4))
}

func TestPaper5_3_FollowersLearnOfCommitsFromWhateverTheLeaderSendsNext(t *testing.T) {
	for next, command := range map[string]string{"a heartbeat": "heartbeat n1", "entries": "propose n1 y"} {
		s := play(t, three+`
			propose n1 x
			stabilize`)
		require.Equal(t, raft.Index(1), s.commit(2))
		s.play(command)
		require.Equal(t, raft.Index(2), s.only(raft.MsgAppendEntries, 1, 2).Append.Commit, next)
		s.play(`deliver to=n2`)
		require.Equal(t, "x", s.state(2), next)
	}
}

// A leader makes one entry for each index in its term: what it has appended it never changes or moves.
func TestPaper5_3_ALeaderOnlyAppendsToItsLog(t *testing.T) {
	s := play(t, `cluster nodes=3
		disk n1 term=3 log=(1,1,3)
		disk n2 term=2 log=(1,1,2,2,2)
		disk n3 term=2 log=(1,2,2)
		elect n1
		propose n1 a b`)
	before := slices.Clone(s.up(1).log())
	s.play(`spread n1
		propose n1 c
		heartbeat n1
		stabilize`)
	require.Equal(t, before, s.up(1).log()[:len(before)])
	require.Equal(t, before, s.up(2).log()[:len(before)], "and so do those who follow it")
}

// Two logs that hold an entry of the same index and term are alike up to there, whatever has happened to them.
func TestPaper5_3_LogsThatShareAnEntryAreAlikeUpToIt(t *testing.T) {
	s := play(t, five)
	for _, script := range []string{
		"propose n1 a b", "partition n1 n2 | n3 n4 n5", "propose n1 c", "stabilize", "elect n3 by=(n4,n5)", "propose n3 d",
		"stabilize n3 n4", "heal", "crash n3", "elect n4", "propose n4 e", "restart n3", "spread n4", "spread n4",
	} {
		s.play(script)
		for _, a := range s.actors[1:] {
			for _, b := range s.actors[1:a.id] {
				if a.core != nil && b.core != nil {
					requireLogMatching(t, a.log(), b.log())
				}
			}
		}
	}
	require.Len(t, slices.Compact([]string{s.state(1), s.state(2), s.state(3), s.state(4), s.state(5)}), 1)
}

func requireLogMatching(t *testing.T, a, b []raft.Entry) {
	for k := min(len(a), len(b)) - 1; k >= 0; k-- {
		if a[k].Term == b[k].Term {
			require.Equal(t, a[:k+1], b[:k+1])
			return
		}
	}
}

func TestPaper5_3_EntriesAreTakenOnlyAfterTheOneTheyFollow(t *testing.T) {
	s := play(t, `cluster nodes=3
		disk n2 term=2 log=(1,1)`)
	more := entries(2, 2)
	s.hand(appendFrom(1, 2, 2, raft.AppendEntries{PrevIndex: 2, PrevTerm: 2, Entries: more}))
	require.Equal(t, []raft.Term{1, 1}, s.terms(2), "entry 2 is of another term")
	s.hand(appendFrom(1, 2, 2, raft.AppendEntries{PrevIndex: 3, PrevTerm: 2, Entries: entries(3, 2)}))
	require.Equal(t, []raft.Term{1, 1}, s.terms(2), "there is no entry 3")
	s.hand(appendFrom(1, 2, 2, raft.AppendEntries{PrevIndex: 2, PrevTerm: 1, Entries: more}))
	require.Equal(t, []raft.Term{1, 1, 2}, s.terms(2))
}

// What a successful answer says of the follower's log is what the leader counts: no more than the message held.
func TestPaper5_3_AnAcknowledgementIsAboutWhatTheMessageHeld(t *testing.T) {
	s := play(t, `cluster nodes=3
		disk n2 term=2 log=(1,2,2,2)`)
	s.hand(appendFrom(1, 2, 3, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Entries: entries(1, 2), Commit: 4}))
	s.play(`persist n2`)
	require.Equal(t, raft.Index(2), s.only(raft.MsgAppendReply, 2, 1).AppendReply.Match, "entries 3 and 4 may be others on n1")
	require.Equal(t, raft.Index(2), s.commit(2), "where those may be committed")
}

func TestPaper5_3_AFollowersConflictingEntriesGiveWay(t *testing.T) {
	s := play(t, `cluster nodes=3
		disk n1 term=3 log=(1,1,3,3)
		disk n2 term=2 log=(1,1,2,2,2,2)
		disk n3 term=3 log=(1,1,3,3)
		elect n1
		spread n1`)
	require.Equal(t, []raft.Term{1, 1, 3, 3, 4}, s.terms(2))
}

// A new leader knows nothing of its followers' logs, and begins with the entry after its own last.
func TestPaper5_3_ALeaderBeginsAfterItsLastEntry(t *testing.T) {
	s := play(t, `cluster nodes=3
		disk n1 term=2 log=(1,1,2)
		disk n2 term=2 log=(1,1,2)
		timeout n1
		persist n1
		deliver to=n2
		persist n2
		deliver to=n1`)
	for _, id := range []raft.NodeID{2, 3} {
		a := s.only(raft.MsgAppendEntries, 1, id).Append
		require.Equal(t, raft.Index(3), a.PrevIndex)
		require.Equal(t, raft.Term(2), a.PrevTerm)
	}
}

func TestPaper5_3_ARefusedLeaderTriesFurtherBackUntilTheLogsAgree(t *testing.T) {
	s := play(t, `cluster nodes=3
		disk n1 term=9 log=(1,1,4,5,5,9)
		disk n2 term=8 log=(1,1,2,3,6,7,8)
		disk n3 term=9 log=(1,1,4,5,5,9)
		elect n1 by=(n3)`)
	prev := raft.Index(7)
	for refusals := 0; ; refusals++ {
		require.Less(t, refusals, 5, "no more than terms that differ")
		s.play(`heartbeat n1
			deliver to=n2
			persist n2
			deliver from=n2`)
		ms := s.sent(raft.MsgAppendEntries, 1, 2)
		if len(ms) == 0 {
			break
		}
		require.Less(t, ms[0].Append.PrevIndex, prev)
		prev = ms[0].Append.PrevIndex
	}
	require.Equal(t, s.terms(1), s.terms(2))
}

// On taking office a leader does nothing about its followers' logs but what it does all the time.
func TestPaper5_3_NothingButAppendEntriesBringsLogsIntoLine(t *testing.T) {
	s := play(t, `cluster nodes=3
		disk n1 term=3 log=(1,3)
		disk n2 term=2 log=(1,2,2)
		disk n3 term=3 log=(1,3)
		timeout n1
		stabilize n1 n3`)
	for range 10 {
		for _, m := range s.sent(0, 1, 2) {
			require.Contains(t, []raft.MessageKind{raft.MsgRequestVote, raft.MsgAppendEntries}, m.Kind)
		}
		s.play(`persist n2
			deliver from=n2
			deliver to=n2`)
	}
	require.Equal(t, s.terms(1), s.terms(2))
}

// One round of messages to a majority commits an entry; who is slow holds up nobody.
func TestPaper5_3_ASlowMinorityDoesNotHoldUpCommits(t *testing.T) {
	s := play(t, five+`
		propose n1 x
		persist n1
		deliver to=(n2,n3)
		persist n2 n3
		deliver to=n1`)
	require.Equal(t, "x", s.state(1))
	require.Len(t, s.sent(raft.MsgAppendEntries, 1, 4), 1, "which is on its way still")
}

func TestPaper5_4_1_AVoteRequestTellsWhereTheCandidatesLogEnds(t *testing.T) {
	s := play(t, `cluster nodes=3
		disk n1 term=4 log=(1,1,3)
		timeout n1
		persist n1`)
	require.Equal(t, raft.RequestVote{LastIndex: 3, LastTerm: 3}, s.only(raft.MsgRequestVote, 1, 2).RequestVote)
}

// Whose last entry is of a later term, or whose log of the same last term is longer, has the more up-to-date log.
func TestPaper5_4_1_AVoterWithAMoreUpToDateLogRefuses(t *testing.T) {
	for log, granted := range map[string]bool{
		"(1,1,2)": true, "(1,1)": true, "(1,1,1,1,1)": true, // the voter's; the candidate's is 1 1 2
		"(1,1,3)": false, "(3)": false, "(1,1,2,2)": false,
	} {
		s := play(t, `cluster nodes=3
			disk n1 term=3 log=(1,1,2)
			disk n2 term=3 log=`+log+`
			timeout n1
			persist n1
			deliver to=n2
			persist n2`)
		require.Equal(t, granted, s.only(raft.MsgVoteReply, 2, 1).VoteReply.Granted, log)
	}
}

// Entries flow one way, from leader to follower: who lacks what is committed cannot win, in whatever order they try.
func TestPaper5_4_1_OnlyWhoHasAllThatIsCommittedCanWin(t *testing.T) {
	s := play(t, five+`
		propose n1 x
		stabilize n1 n2 n3
		crash n1
		drop`)
	for range 4 {
		s.play(`timeout n4 n5
			persist
			deliver
			persist
			deliver
			drop`)
		require.Empty(t, s.leaders())
	}
	s.play(`elect n2
		spread n2`)
	require.Equal(t, "x", s.state(5))
}

func TestPaper5_4_2_AMajorityOfAnEntryOfAnEarlierTermIsNoCommit(t *testing.T) {
	s := play(t, `cluster nodes=3 append-bytes=24
		disk n1 term=2 log=(1,2)
		disk n2 term=2 log=(1)
		disk n3 term=2 log=(1)
		timeout n1
		persist n1
		deliver kind=RequestVote
		persist
		deliver to=n1
		drop to=n3
		deliver to=n2
		deliver to=n1
		deliver to=n2
		persist n1 n2
		keep to=n2
		deliver to=n1`)
	require.Equal(t, []raft.Term{1, 2}, s.terms(2), "entry 2 is on the disks of n1 and of n2")
	require.Equal(t, raft.Index(3), s.st(1).DurableIndex)
	require.Zero(t, s.commit(1))
	s.play(`drop
		heartbeat n1
		stabilize n1 n2`)
	require.Equal(t, raft.Index(3), s.commit(1), "with one of its own term, all is")
}

func TestPaper5_4_2_EntriesKeepTheTermTheyWereMadeIn(t *testing.T) {
	s := play(t, `cluster nodes=3
		disk n1 term=4 log=(1,2,2)
		elect n1
		spread n1`)
	require.Equal(t, []raft.Term{1, 2, 2, 5}, s.terms(3))
}

// What is committed in a term is in the log of the leader of every later one.
func TestPaper5_4_3_ALaterLeaderHasAllThatWasCommitted(t *testing.T) {
	s := play(t, five)
	committed := s.up(1).log()[:1]
	for _, script := range []string{
		"propose n1 a\nstabilize n1 n3 n4", "crash n1\nelect n3 by=(n2,n4)", "propose n3 b\nstabilize n3 n5 n2\ncrash n3",
		"restart n1\nelect n2 by=(n1,n5)", "propose n2 c\nstabilize", "crash n2 n5\nrestart n3\ntimeout n1\nstabilize\nelect n4",
	} {
		s.play(script)
		for _, a := range s.actors[1:] {
			if a.core == nil {
				continue
			}
			if a.core.Role() == raft.Leader {
				require.Equal(t, committed, a.log()[:len(committed)], "%v, after %s", a.id, script)
			}
		}
		for _, id := range s.leaders() {
			if n := int(s.commit(id)); n > len(committed) {
				committed = slices.Clone(s.up(id).log()[:n])
			}
		}
	}
	require.Len(t, s.leaders(), 1)
	require.Equal(t, "a b c", s.state(s.leaders()[0]))
}

func TestPaper5_4_3_AllApplyTheSameAtTheSameIndex(t *testing.T) {
	s := play(t, five+`
		propose n1 a b
		stabilize n1 n2 n3
		heartbeat n1
		deliver to=n2
		crash n1
		drop
		elect n3 by=(n4,n5)
		propose n3 c
		spread n3
		restart n1
		spread n3
		spread n3`)
	for _, id := range s.all() {
		require.Equal(t, "a b c", s.state(id), id)
	}
}

// A follower that is down is asked again and again; it takes up where its disk left off.
func TestPaper5_5_ANodeThatWasDownIsBroughtUpToDate(t *testing.T) {
	s := play(t, three+`
		propose n1 a
		spread n1
		crash n2
		propose n1 b
		spread n1
		restart n2`)
	require.Empty(t, s.state(2))
	s.play(`spread n1
		spread n1`)
	require.Equal(t, "a b", s.state(2))
}

// A follower that went down between writing and answering gets the same request again: what it has it does not take twice.
func TestPaper5_5_ARequestThatWasCarriedOutBeforeACrashIsHarmless(t *testing.T) {
	s := play(t, three+`propose n1 x`)
	m := s.only(raft.MsgAppendEntries, 1, 2)
	s.play(`
		deliver to=n2
		persist n2
		drop
		crash n2
		restart n2`)
	s.hand(m)
	require.Equal(t, []raft.Term{1, 1}, s.terms(2))
	require.Equal(t, raft.Index(2), s.only(raft.MsgAppendReply, 2, 1).AppendReply.Match)

	s = play(t, `cluster nodes=3
		timeout n1
		persist n1`)
	m = s.only(raft.MsgRequestVote, 1, 2)
	s.play(`
		deliver to=n2
		persist n2
		drop
		crash n2
		restart n2`)
	s.hand(m)
	require.True(t, s.only(raft.MsgVoteReply, 2, 1).VoteReply.Granted, "the same vote, once more")
}

// Timing decides who leads and when, never what is committed: timers may fire early, late, or all at once.
func TestPaper5_6_SafetyDoesNotDependOnTiming(t *testing.T) {
	s := play(t, three)
	for k := range 30 {
		script := []string{"timeout n2", "timeout", "heartbeat", "advance 1h", "timeout n3 n1", "stabilize n1 n2", "stabilize"}[k*5%7]
		s.play(script)
		for _, id := range s.leaders() {
			_, _, err := s.up(id).core.Propose([]byte{'a' + byte(k%26)})
			require.NoError(t, err)
			s.act(s.up(id))
		}
		for _, a := range s.actors[1:] {
			for _, b := range s.actors[1:] {
				n := min(s.commit(a.id), s.commit(b.id))
				require.Equal(t, a.log()[:n], b.log()[:n], "what both have committed, after %s", script)
			}
		}
	}
	s.play(`elect n1
		spread n1`)
	require.NotEmpty(t, s.state(1))
	require.Equal(t, s.state(1), s.state(2))
	require.Equal(t, s.state(1), s.state(3))
}

// A cluster whose messages take less than a heartbeat, which is less than an election timeout, keeps its leader.
func TestPaper5_6_ALeaderThatIsHeardInTimeStays(t *testing.T) {
	s := play(t, three)
	for range 20 {
		s.now += heartbeat
		s.play(`heartbeat n1
			stabilize`)
		for _, id := range []raft.NodeID{2, 3} {
			require.Greater(t, s.deadline(id), s.now)
		}
	}
	require.Equal(t, raft.Term(1), s.st(1).Term)
}

// Figure 2: term, vote and log are on the disk before anybody is answered; what is committed and applied is found again.
func TestPaperFigure2_TermVoteAndLogSurviveAndNothingElse(t *testing.T) {
	s := play(t, three+`
		propose n1 x
		spread n1`)
	before := s.st(2)
	s.play(`crash n2
		restart n2`)
	after := s.st(2)
	require.Equal(t, before.Term, after.Term)
	require.Equal(t, before.Vote, after.Vote)
	require.Equal(t, before.LastIndex, after.LastIndex)
	require.Zero(t, after.Commit)
	require.Zero(t, after.Applied)
	require.Equal(t, raft.None, after.Leader)
}
