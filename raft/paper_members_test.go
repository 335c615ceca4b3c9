package raft_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// joint is five voters of whom two are about to leave: the configuration is joint, and on the leader alone.
const joint = five + `
	reconfigure n1 remove=(n4,n5)
`

func TestPaper6_SeveralVotersComeAndGoByWayOfAJointConfiguration(t *testing.T) {
	s := play(t, joint)
	require.Equal(t, "n1 n2 n3 (from n1 n2 n3 n4 n5)", s.config(1))
	s.play(`stabilize`)
	require.Equal(t, "n1 n2 n3", s.config(1), "which the leader leaves by itself")
}

func TestPaper6_EntriesGoToTheNodesOfBothConfigurations(t *testing.T) {
	s := play(t, joint+`propose n1 x`)
	for id := raft.NodeID(2); id <= 5; id++ {
		require.NotEmpty(t, s.sent(raft.MsgAppendEntries, 1, id), id)
	}
}

func TestPaper6_ANodeOfEitherConfigurationMayLead(t *testing.T) {
	for _, id := range []raft.NodeID{2, 5} {
		s := play(t, joint+`
			deliver to=(n2,n5)
			persist n2 n5
			crash n1
			drop
			timeout `+id.String()+`
			stabilize`)
		require.Equal(t, id, s.st(3).Leader)
		require.Equal(t, "n1 n2 n3", s.config(2), "and completes the change")
	}
}

// A majority of one of the two lists decides nothing without one of the other.
func TestPaper6_WhileJointCommitsNeedBothMajorities(t *testing.T) {
	for _, test := range []struct {
		with      string
		committed bool
	}{
		{"n4 n5", false}, // three of five, one of three
		{"n2", false},    // two of five, two of three
		{"n2 n4", true},  // three of five, two of three
	} {
		s := play(t, joint+`stabilize n1 `+test.with)
		require.Equal(t, test.committed, s.commit(1) > 1, "n1 with %s", test.with)
	}
}

func TestPaper6_WhileJointElectionsNeedBothMajorities(t *testing.T) {
	for _, test := range []struct {
		by      string
		elected bool
	}{
		{"n4 n5", false},
		{"n3", false},
		{"n3 n4", true},
	} {
		s := play(t, joint+`
			deliver to=n2
			persist n2
			crash n1
			drop`)
		require.Equal(t, "n1 n2 n3 (from n1 n2 n3 n4 n5)", s.config(2))
		s.play(`timeout n2
			stabilize n2 ` + test.by)
		require.Equal(t, test.elected, s.role(2) == raft.Leader, "n2 with %s", test.by)
	}
}

// A node decides by the latest configuration in its log, whether it is committed or not, from when it is there.
func TestPaper6_TheLatestConfigurationInTheLogIsInForce(t *testing.T) {
	s := play(t, three+`
		reconfigure n1 remove=n3`)
	require.Equal(t, "n1 n2", s.config(1))
	require.Less(t, s.commit(1), s.st(1).ConfigurationIndex)
	require.Equal(t, "n1 n2 n3", s.config(2))
	s.play(`deliver to=n2`)
	require.Equal(t, "n1 n2", s.config(2), "before it is even on the disk")
	require.Less(t, s.commit(2), s.st(2).ConfigurationIndex)
}

// Who does not have the joint configuration yet decides by the old one; that is one of the two majorities of those who have.
func TestPaper6_IfTheLeaderCrashesTheOldConfigurationMayComeBack(t *testing.T) {
	s := play(t, joint+`
		persist n1
		crash n1
		drop
		elect n4 by=(n3,n5)
		restart n1
		spread n4`)
	for _, id := range s.all() {
		require.Equal(t, "n1 n2 n3 n4 n5", s.config(id), id)
	}
}

// As long as the joint configuration is not committed, nobody makes the new one alone.
func TestPaper6_TheNewConfigurationFollowsOnlyACommittedJointOne(t *testing.T) {
	s := play(t, joint+`stabilize n1 n4 n5`)
	require.Equal(t, s.st(1).ConfigurationIndex, s.st(1).LastIndex)
	s.play(`stabilize n1 n2`)
	require.Equal(t, raft.Index(3), s.st(1).LastIndex, "it follows at once, and unasked")
	require.GreaterOrEqual(t, s.commit(1), raft.Index(2))
}

// The new configuration is committed by its own rules: those who are not in it are not needed, and can be switched off.
func TestPaper6_TheNewConfigurationIsCommittedByItsOwnMajority(t *testing.T) {
	s := play(t, joint+`
		stabilize n1 n2 n4
		drop
		crash n4 n5
		heartbeat n1
		stabilize n1 n2
		propose n1 x
		stabilize n1 n3`)
	require.Equal(t, "n1 n2 n3", s.config(1))
	require.Equal(t, "x", s.state(1))
}

func TestPaper6_NewNodesAreSentTheLogAndDecideNothing(t *testing.T) {
	s := play(t, three+`
		boot n4
		reconfigure n1 join=n4
		crash n3
		stabilize n1 n4
		heartbeat n1
		stabilize n1 n4`)
	require.Equal(t, s.commit(1), s.st(4).LastIndex, "it has all that is committed")
	require.Less(t, s.commit(1), s.st(1).LastIndex, "for which two of three voters are needed")
	require.Equal(t, raft.Never, s.deadline(4), "it does not stand")
	s.play(`stabilize n1 n2`)
	require.Equal(t, s.st(1).ConfigurationIndex, s.commit(1))
	s.play(`drop
		crash n1
		restart n3
		timeout n2`)
	s.play(`stabilize n2 n4`)
	require.Equal(t, raft.Candidate, s.role(2), "nor is its vote asked for")
	s.play(`stabilize n2 n3`)
	require.Equal(t, raft.Leader, s.role(2), "or needed")
}

func TestPaper6_ALeaderThatIsLeftOutStepsDownOnceThatIsCommitted(t *testing.T) {
	s := play(t, three+`
		reconfigure n1 remove=n1
		stabilize n1 n2`)
	require.Equal(t, raft.Leader, s.role(1), "n1 does not count itself: n2 alone is no majority of n2 and n3")
	s.play(`stabilize n1 n3`)
	require.Equal(t, raft.Follower, s.role(1))
	require.Equal(t, raft.Index(2), s.commit(1))
}

// A node that was removed is not told so. It cannot depose a leader that others hear of, nor be elected.
func TestPaper6_ARemovedNodeDisturbsNobody(t *testing.T) {
	s := play(t, three+`
		reconfigure n1 remove=n3
		spread n1`)
	for range 3 {
		s.play(`timeout n3
			stabilize`)
	}
	require.Equal(t, []raft.NodeID{1}, s.leaders())
	require.Equal(t, raft.Term(1), s.st(2).Term)
	require.Greater(t, s.st(3).Term, raft.Term(3))
}

// With CheckQuorum a request within the least election timeout of hearing from a leader changes neither term nor vote; a
// proper election does not suffer, since nobody stands before that.
func TestPaper6_WhoHearsOfALeaderTakesNoNoticeOfCandidates(t *testing.T) {
	s := play(t, `cluster nodes=3 checkquorum
		elect n1
		spread n1
		advance 149ms`)
	before := s.st(2)
	s.hand(voteRequest(3, 2, 9, 9, 1))
	require.Equal(t, before, s.st(2))
	require.Empty(t, s.sent(raft.MsgVoteReply, 2, 3))
	s.play(`advance 1ms
		elect n3`)
	require.Equal(t, raft.NodeID(3), s.st(2).Vote)
}

func TestPaper7_ASnapshotStandsForWhatWasAppliedAndNoMore(t *testing.T) {
	s := play(t, three+`
		propose n1 a b
		stabilize
		propose n1 c`)
	snap := s.up(1).core.Snapshot([]byte("a b."))
	require.Equal(t, raft.Index(3), snap.Index)
	require.Equal(t, raft.Term(1), snap.Term)
	require.Equal(t, "n1 n2 n3", snap.Configuration.String())
}

// It holds the configuration as of its last entry, not the one that came after it.
func TestPaper7_ASnapshotHoldsTheConfigurationAsOfItsLastEntry(t *testing.T) {
	s := play(t, three+`
		propose n1 a
		stabilize
		reconfigure n1 remove=n3`)
	require.Equal(t, "n1 n2 n3", s.up(1).core.Snapshot([]byte("a.")).Configuration.String())
	s.play(`stabilize
		compact n1
		crash n1
		restart n1`)
	require.Equal(t, "n1 n2", s.config(1), "of which nothing else is left")
}

// Everybody compacts by himself, and what the cluster agrees on does not change by it.
func TestPaper7_EachNodeCompactsOnItsOwn(t *testing.T) {
	s := play(t, three+`
		propose n1 a b
		spread n1
		compact n2
		propose n1 c
		spread n1`)
	require.Equal(t, raft.Index(3), s.st(2).Base)
	require.Zero(t, s.st(1).Base)
	require.Equal(t, "a b c", s.state(2))
}

// The entry after the snapshot is checked against the snapshot's last index and term.
func TestPaper7_TheEntryAfterASnapshotIsCheckedLikeAnyOther(t *testing.T) {
	s := play(t, three+`
		propose n1 a
		spread n1
		compact n2`)
	s.hand(appendFrom(1, 2, 1, raft.AppendEntries{PrevIndex: 2, PrevTerm: 1, Entries: entries(2, 1), Commit: 2}))
	require.Equal(t, raft.Index(3), s.st(2).LastIndex)
	require.Len(t, s.up(2).log(), 1)
}

func TestPaper7_ASnapshotFreesTheLogAndEarlierSnapshots(t *testing.T) {
	s := play(t, three+`
		propose n1 a b
		spread n1
		compact n1`)
	require.Empty(t, s.up(1).log())
	require.Empty(t, s.actor(1).disk.Entries)
	s.play(`propose n1 c d
		spread n1
		compact n1 keep=1`)
	require.Equal(t, raft.Index(4), s.st(1).Base, "but for as many as are to be spared")
	require.Equal(t, raft.Index(5), s.actor(1).disk.Snapshot.Index)
	s.play(`crash n1
		restart n1`)
	require.Equal(t, "a b c d", s.state(1))
}

// lagging is n3 that has lost touch, and n1 that has compacted what n3 lacks.
const lagging = `
	cluster nodes=3 chunk=2
	elect n1
	spread n1
	crash n3
	propose n1 a b
	spread n1
	compact n1
	restart n3
	heartbeat n1
	deliver to=n3
	persist n3
	deliver to=n1
`

func TestPaper7_ALeaderSendsItsSnapshotOnlyWhenTheNextEntryIsGone(t *testing.T) {
	s := play(t, lagging)
	require.NotEmpty(t, s.sent(raft.MsgInstallSnapshot, 1, 3))
	require.Empty(t, s.sent(raft.MsgInstallSnapshot, 1, 2), "n2 has it all")
	s = play(t, three+`
		crash n3
		propose n1 a b
		spread n1
		restart n3
		spread n1`)
	require.Zero(t, s.st(1).Base)
	require.Equal(t, "a b", s.state(3), "from the log, if that reaches back")
}

func TestPaper7_ASnapshotWithNewsTakesThePlaceOfTheWholeLog(t *testing.T) {
	s := play(t, `cluster nodes=3
		disk n1 term=3 log=(1,3)
		disk n2 term=3 log=(1,3)
		disk n3 term=2 log=(1,2,2,2)
		crash n3
		elect n1
		spread n1
		compact n1
		restart n3
		spread n1
		spread n1`)
	require.Equal(t, s.st(1).Base, s.st(3).Base)
	require.Equal(t, s.st(1).LastIndex, s.st(3).LastIndex, "entry 4 of term 2, which nobody else has, is gone")
	require.Empty(t, s.up(3).log())
}

func TestPaper7_WhatFollowsASnapshotsLastEntryIsKept(t *testing.T) {
	s := play(t, three)
	s.hand(appendFrom(1, 3, 1, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Entries: entries(1, 1, 1, 1)}))
	s.play(`persist n3`)
	config, err := raft.NewConfiguration([]raft.NodeID{1, 2, 3})
	require.NoError(t, err)
	data := []byte("a.")
	s.hand(&raft.Message{Kind: raft.MsgInstallSnapshot, From: 1, To: 3, Term: 1, Install: raft.InstallSnapshot{
		Index: 3, Term: 1, Configuration: &config, Size: 2, Sum: raft.Checksum(data), Data: data,
	}})
	s.play(`persist n3`)
	require.Equal(t, raft.Index(4), s.st(3).LastIndex)
	require.Equal(t, raft.Index(3), s.commit(3), "what it stands for is committed")
	require.Zero(t, s.st(3).Base, "and the entries are there")
}

// A snapshot that brings nothing new, or what follows it, is acknowledged like entries: once they are on the disk.
func TestPaper7_ASnapshotThatBringsNothingNewWaitsForTheDiskAsWell(t *testing.T) {
	s := play(t, three)
	s.hand(appendFrom(1, 3, 1, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Entries: entries(1, 1), Commit: 2}))
	require.Equal(t, raft.Index(2), s.commit(3))
	s.hand(everyKind(1, 3, 1)[raft.MsgInstallSnapshot-raft.MsgRequestVote])
	require.True(t, s.only(raft.MsgInstallReply, 3, 1).InstallReply.Done, "of entry 1 all is on the disk")
	m := everyKind(1, 3, 1)[raft.MsgInstallSnapshot-raft.MsgRequestVote]
	m.Install.Index = 2
	s.hand(m)
	require.Len(t, s.sent(raft.MsgInstallReply, 3, 1), 1, "of entry 2 it is not")
	s.play(`persist n3`)
	require.Len(t, s.sent(raft.MsgInstallReply, 3, 1), 2)
}

// Figure 13: parts follow each other by their offset, and each is answered with where the next belongs.
func TestPaper7_PartsOfASnapshotAreAnsweredOneByOne(t *testing.T) {
	s := play(t, lagging+`deliver to=n3 first=1`)
	require.Equal(t, uint64(2), s.only(raft.MsgInstallReply, 3, 1).InstallReply.Offset)
	require.False(t, s.only(raft.MsgInstallReply, 3, 1).InstallReply.Done)
	s.play(`keep from=n3
		deliver to=n3`)
	for _, m := range s.sent(raft.MsgInstallReply, 3, 1) {
		require.False(t, m.InstallReply.Done, "not before it is on the disk")
	}
	s.play(`persist n3`)
	last := s.sent(raft.MsgInstallReply, 3, 1)
	require.True(t, last[len(last)-1].InstallReply.Done)
}

func TestPaper7_PartsOfASnapshotCountAsHeartbeats(t *testing.T) {
	s := play(t, lagging+`
		advance 100ms
		deliver to=n3 first=1`)
	require.Equal(t, s.now+electionMin, s.deadline(3))
}

func TestPaper7_ASnapshotBringsStateAndConfiguration(t *testing.T) {
	s := play(t, three+`
		boot n4
		crash n4
		propose n1 a b
		reconfigure n1 learn=n4
		spread n1
		compact n1
		boot n4
		spread n1
		spread n1`)
	require.Empty(t, s.up(4).log())
	require.Equal(t, "a b", s.state(4))
	require.Equal(t, "n1 n2 n3, learners n4", s.config(4))
}

func TestPaper7_ASnapshotOfAnEarlierTermsLeaderIsRefused(t *testing.T) {
	s := play(t, lagging+`
		keep to=n3
		timeout n3
		persist n3
		deliver kept`)
	require.Equal(t, raft.Candidate, s.role(3))
	for _, m := range s.sent(raft.MsgInstallReply, 3, 1) {
		require.Equal(t, raft.Term(2), m.Term)
		require.Zero(t, m.InstallReply.Offset)
	}
}

func TestPaper8_ATermBeginsWithANoop(t *testing.T) {
	s := play(t, `cluster nodes=3
		disk n1 term=2 log=(1,2)
		disk n2 term=2 log=(1,2)
		elect n1`)
	require.Equal(t, raft.Entry{Index: 3, Term: 3, Kind: raft.EntryNoop}, s.up(1).log()[2])
	require.Equal(t, raft.Index(3), s.commit(1), "by which it learns what is committed")
}

// A node that was cut off while others elected a leader may believe that it leads. It answers no read by itself.
func TestPaper8_ADeposedLeaderServesNoReads(t *testing.T) {
	s := play(t, three+`
		partition n1 | n2 n3
		elect n2 by=(n3)
		propose n2 x
		stabilize
		read n1 id=7
		stabilize`)
	require.Equal(t, raft.Leader, s.role(1))
	require.Empty(t, s.actor(1).reads)
	s.play(`heal
		spread n2`)
	require.Equal(t, []raft.Read{{ID: 7}}, s.actor(1).reads, "and refuses when it knows")
}

func TestPaper8_ANodeThatDoesNotLeadTellsWhoDoes(t *testing.T) {
	s := play(t, three)
	require.Equal(t, raft.NodeID(1), s.up(3).core.Leader())
	s.play(`timeout n3`)
	require.Equal(t, raft.None, s.up(3).core.Leader(), "while it does not know it says nothing")
}
