package raft_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// paperIndex lists what the extended paper (§5 to §8) and the dissertation (chapters 3, 4 and 6) ask of the core, claim by claim,
// with the test that holds the core to it. Those in paper_*_test.go are named after the section; what had a
// test before has it still, under its own name. "kv" and "replica" are the packages where a claim is about the state machine.
const paperIndex = `
Figure 2
	term, vote and log outlive a crash, all else starts over
		TestPaperFigure2_TermVoteAndLogSurviveAndNothingElse
	nothing is answered before what it says is on the disk
		TestAVoteWaitsForTheDisk TestAnAcknowledgementWaitsForTheDisk TestACandidateAsksOnceItsOwnVoteIsOnTheDisk
	RequestVote, receiver: who gets a vote
		TestAVoteIsGranted
	AppendEntries, receiver: refused, cut, added, committed
		TestAppendEntriesOfAnEarlierTermAreRefused TestAppendEntriesThatDoNotFitAreRefused TestConflictingEntriesAreReplaced TestCommitGoesNoFurtherThanWhatMatched

§5.1 (3.3) the basics
	one leader, and else followers
		TestPaper5_1_AWorkingClusterHasOneLeaderAndElseFollowers
	a follower only answers
		TestPaper5_1_AFollowerSendsNothingByItself
	a follower sends clients to the leader
		TestPaper5_1_AFollowerKnowsWhomToSendClientsTo TestOnlyALeaderTakesProposals
	terms follow each other
		TestPaper5_1_TermsAreNumberedOneAfterTheOther
	a term may have no leader
		TestPaper5_1_ATermMayEndWithoutALeader TestASplitVoteEndsInAnotherElection
	a term has no two leaders
		TestPaper5_1_ATermHasAtMostOneLeader
	a node's term only rises
		TestPaper5_1_ATermNeverGoesBack
	terms are in all messages
		TestPaper5_1_EveryMessageCarriesItsSendersTerm
	a later term is taken over, and ends candidacy and leadership
		TestPaper5_1_WhoeverSeesALaterTermMovesOnToItAsAFollower TestALaterTermEndsLeadership
	a request of an earlier term is refused
		TestPaper5_1_ARequestOfAnEarlierTermIsRefused
	requests go out in parallel
		TestPaper5_1_RequestsAreSentInParallel
	requests may come twice
		TestPaper5_1_ARequestThatComesTwiceIsHarmless

§5.2 (3.4) election
	nodes start as followers
		TestPaper5_2_NodesStartAsFollowers TestARestartedNodeKeepsItsTermAndVote
	a leader that is heard is not stood against
		TestPaper5_2_AFollowerStaysOneAsLongAsItHearsOfALeader TestALaterTermAloneDoesNotPutOffAnElection
	a leader makes itself heard without entries as well
		TestPaper5_2_HeartbeatsAreAppendEntriesWithoutEntries TestALeaderMakesItselfHeard
	an election: new term, own vote, everyone is asked
		TestAnElectionStartsWithANewTermAndAVoteForOneself
	a majority of all there are, in one term, wins
		TestPaper5_2_AMajorityIsOneOfTheWholeCluster TestAMajorityOfVotesWins TestVotesOfAnEarlierElectionDoNotCount TestVotesOfAnotherTermDoNotCount
	one vote a term, first come first served
		TestPaper5_2_AVoteGoesToTheFirstWhoAsks
	a winner tells everyone at once
		TestPaper5_2_AWinnerTellsEveryoneAtOnce
	a candidate gives way to its term's leader, to no earlier one
		TestPaper5_2_ACandidateFollowsALeaderOfItsTermAndNoneOfAnEarlierOne TestACandidateFollowsTheTermsLeader
	a candidate that neither wins nor loses tries again
		TestPaper5_2_ACandidateThatTimesOutAsksAgainInTheNextTerm
	timeouts are drawn from an interval, each time anew
		TestPaper5_2_EachElectionDrawsItsTimeoutAnew TestElectionTimeoutsAreDrawnFromTheirRange
	a leader has no election timer
		TestALeaderHasNoElectionTimer

§5.3 (3.5) replication
	a command is appended, and sent to everyone
		TestPaper5_3_ACommandIsAppendedAndSentToEveryone
	only what is committed is applied, in order
		TestPaper5_3_OnlyWhatIsCommittedIsAppliedAndInOrder
	what is missing is sent for as long as it takes
		TestPaper5_3_ALeaderRetriesForAsLongAsItTakes TestWhatWasLostIsSentAgain
	a majority commits an entry and all before it
		TestPaper5_3_AnEntryIsCommittedByAMajorityAndWithItAllBefore TestAnEntryIsCommittedOnceAMajorityHasIt
	commits are told with every message
		TestPaper5_3_FollowersLearnOfCommitsFromWhateverTheLeaderSendsNext
	a leader never alters its own log
		TestPaper5_3_ALeaderOnlyAppendsToItsLog
	logs that share an entry are alike up to it
		TestPaper5_3_LogsThatShareAnEntryAreAlikeUpToIt
	entries are taken only after the one they follow
		TestPaper5_3_EntriesAreTakenOnlyAfterTheOneTheyFollow
	an acknowledgement is about what the message held
		TestPaper5_3_AnAcknowledgementIsAboutWhatTheMessageHeld
	what conflicts gives way, and only that
		TestPaper5_3_AFollowersConflictingEntriesGiveWay TestALateAppendDoesNotUndo
	a term begins with a guess: after the leader's last entry
		TestPaper5_3_ALeaderBeginsAfterItsLastEntry
	a refused leader tries further back, a term at a time
		TestPaper5_3_ARefusedLeaderTriesFurtherBackUntilTheLogsAgree TestHintsSkipWholeTerms TestARefusalHintsAtWhereLogsCanAgree
	nothing else brings logs into line
		TestPaper5_3_NothingButAppendEntriesBringsLogsIntoLine TestFigure7LogsAreBroughtIntoLine
	one round commits; a slow minority holds up nobody
		TestPaper5_3_ASlowMinorityDoesNotHoldUpCommits

§5.4 (3.6) safety
	a request says where the candidate's log ends
		TestPaper5_4_1_AVoteRequestTellsWhereTheCandidatesLogEnds
	whose log is more up-to-date refuses
		TestPaper5_4_1_AVoterWithAMoreUpToDateLogRefuses TestWhichLogIsNewer
	who lacks what is committed cannot win
		TestPaper5_4_1_OnlyWhoHasAllThatIsCommittedCanWin TestALogThatLacksWhatWasCommittedIsNotElected
	only entries of the current term are committed by counting
		TestPaper5_4_2_AMajorityOfAnEntryOfAnEarlierTermIsNoCommit TestFigure8
	entries keep their term
		TestPaper5_4_2_EntriesKeepTheTermTheyWereMadeIn
	a later leader has all that was committed
		TestPaper5_4_3_ALaterLeaderHasAllThatWasCommitted
	all apply the same at the same index
		TestPaper5_4_3_AllApplyTheSameAtTheSameIndex TestRandomSchedules

§5.5 (3.7) crashes of followers and candidates
	who was down is asked until it is back
		TestPaper5_5_ANodeThatWasDownIsBroughtUpToDate TestAFollowerThatIsDownCostsOneMessageAHeartbeat
	a request carried out before a crash may come again
		TestPaper5_5_ARequestThatWasCarriedOutBeforeACrashIsHarmless

§5.6 (3.9) timing
	safety does not depend on it
		TestPaper5_6_SafetyDoesNotDependOnTiming
	availability does
		TestPaper5_6_ALeaderThatIsHeardInTimeStays

§6 (4.3) membership by joint consensus
	several voters at once: a joint configuration, which is left
		TestPaper6_SeveralVotersComeAndGoByWayOfAJointConfiguration
	entries go to all of both
		TestPaper6_EntriesGoToTheNodesOfBothConfigurations
	anyone of both may lead
		TestPaper6_ANodeOfEitherConfigurationMayLead
	commits need both majorities
		TestPaper6_WhileJointCommitsNeedBothMajorities
	elections need both majorities
		TestPaper6_WhileJointElectionsNeedBothMajorities
	the latest in the log is in force, committed or not
		TestPaper6_TheLatestConfigurationInTheLogIsInForce
	after a crash the old one may come back
		TestPaper6_IfTheLeaderCrashesTheOldConfigurationMayComeBack
	never the new one alone before the joint one is committed
		TestPaper6_TheNewConfigurationFollowsOnlyACommittedJointOne
	the new one is committed by its own majority
		TestPaper6_TheNewConfigurationIsCommittedByItsOwnMajority
	new nodes are sent the log and decide nothing
		TestPaper6_NewNodesAreSentTheLogAndDecideNothing
	a leader left out steps down once that is committed
		TestPaper6_ALeaderThatIsLeftOutStepsDownOnceThatIsCommitted
	a removed node disturbs nobody
		TestPaper6_ARemovedNodeDisturbsNobody
	candidates are not listened to while a leader is heard
		TestPaper6_WhoHearsOfALeaderTakesNoNoticeOfCandidates TestWhoHearsALeaderIsDeafToCandidates
	whoever leads completes a change that it finds
		TestDissertation4_3_TheWayOutOfAJointConfigurationIsFoundByWhoeverLeads
	no other change meanwhile
		TestDissertation4_3_NoOtherChangeBeginsWhileJoint
	those who catch up together come in together
		TestDissertation4_3_LearnersThatCatchUpTogetherComeInTogether
	who leaves for another votes until that one has caught up
		TestDissertation4_3_WhoLeavesWhileAnotherJoinsVotesUntilThatOneHasCaughtUp TestDissertation4_3_AVoterWhoseDiskIsGoneCanComeForAnother
	and goes in the step in which that one comes
		TestDissertation4_3_WhoComesAndWhoGoesDoSoInOneJointStep TestDissertation4_3_AllVotersAreSwappedAtOnce
	all who come are waited for
		TestDissertation4_3_ASwapWaitsForAllWhoCome TestDissertation4_3_ASwapWaitsForWhoHasCaughtUpAndDied TestDissertation4_3_WhoHasCaughtUpNeedNotDoSoAgainWhenAnotherDoes TestDissertation4_3_AJoinerOfASwapThatIsWipedStartsAnew
	whoever leads goes on with a swap that it finds, and who loses it goes back
		TestDissertation4_3_ALaterLeaderGoesOnWithASwap TestDissertation4_3_ASwapThatIsCutOffIsUndone TestPaper7_ASnapshotCarriesASwap
	what is asked for while it is under way
		TestDissertation4_3_ASwapCanBeChanged TestDissertation4_3_AChangeUnderWayCanBecomeASwap TestDissertation4_3_NoOtherChangeBeginsBeforeASwapIsInTheLogForCertain

§7 (5.1, 5.3) snapshots
	a snapshot is of what was applied
		TestPaper7_ASnapshotStandsForWhatWasAppliedAndNoMore
	it holds the configuration as of its end
		TestPaper7_ASnapshotHoldsTheConfigurationAsOfItsLastEntry
	everyone makes its own
		TestPaper7_EachNodeCompactsOnItsOwn
	its last index and term check what follows
		TestPaper7_TheEntryAfterASnapshotIsCheckedLikeAnyOther
	it frees the log up to its end, and earlier snapshots
		TestPaper7_ASnapshotFreesTheLogAndEarlierSnapshots
	a leader sends it only when the next entry is gone
		TestPaper7_ALeaderSendsItsSnapshotOnlyWhenTheNextEntryIsGone
	with news it takes the place of the whole log
		TestPaper7_ASnapshotWithNewsTakesThePlaceOfTheWholeLog
	what follows its last entry is kept
		TestPaper7_WhatFollowsASnapshotsLastEntryIsKept
	parts in order, each is answered, done when durable
		TestPaper7_PartsOfASnapshotAreAnsweredOneByOne TestPaper7_ASnapshotThatBringsNothingNewWaitsForTheDiskAsWell
	parts keep elections off
		TestPaper7_PartsOfASnapshotCountAsHeartbeats
	it brings state and configuration
		TestPaper7_ASnapshotBringsStateAndConfiguration
	that of an earlier term's leader is refused
		TestPaper7_ASnapshotOfAnEarlierTermsLeaderIsRefused

§8 (6.1 to 6.4) clients
	whoever does not lead says who does
		TestPaper8_ANodeThatDoesNotLeadTellsWhoDoes TestOthersSayWhoLeads
	a request takes effect once
		TestARepeatedOperationTakesEffectOnce TestARepeatedOperationSeesWhatItSawFirst
	a term begins with a no-op
		TestPaper8_ATermBeginsWithANoop TestATermStartsWithANoop
	a leader that may be deposed serves no reads
		TestPaper8_ADeposedLeaderServesNoReads

Dissertation 3.8 what is kept
	what is answered is on the disk
		TestDissertation3_8_WhatIsAnsweredIsOnTheDisk
	a vote outlives a restart
		TestDissertation3_8_AVoteIsKeptThroughARestart
	the commit index may be lost
		TestDissertation3_8_TheCommitIndexMayBeLost
	who lost its disk is another
		TestDissertation3_8_ANodeThatLostItsDiskDoesNotComeBackAsItself

Dissertation 3.10 handing leadership over
	in one round
		TestDissertation3_10_LeadershipIsHandedOverInOneRound TestLeadershipIsHandedOver
	no requests meanwhile
		TestDissertation3_10_ALeaderThatHandsOverTakesNoMoreRequests
	the successor has all first
		TestDissertation3_10_TheSuccessorsLogIsBroughtUpToDateFirst TestTheSuccessorGetsAllThatWasAcceptedFirst
	it stands at once
		TestDissertation3_10_TheSuccessorStandsAtOnce
	it ends after an election timeout
		TestDissertation3_10_AHandOverThatFailsEndsAfterAnElectionTimeout TestATransferThatComesToNothingEnds
	giving up too early does no harm
		TestDissertation3_10_AHandOverThatWasGivenUpDoesNoHarm TestATimeoutNowOfThePastIsIgnored

Dissertation 4, 4.1 membership in single steps
	one voter a step, else joint
		TestDissertation4_1_OnlyOneVoterComesOrGoesInAStep
	one change at a time
		TestDissertation4_1_OneChangeAtATime
	who loses the entry goes back
		TestDissertation4_1_WhoLosesTheEntryGoesBackToTheConfigurationBefore
	entries are taken whoever sends them
		TestDissertation4_1_ALeaderNeedNotBeInTheConfigurationOfWhoHearsIt
	votes are given whoever asks
		TestDissertation4_1_ACandidateNeedNotBeInTheConfigurationOfWhoVotes
	a commit of the term before any change (2015)
		TestDissertation4_1_ALeaderCommitsInItsTermBeforeItChangesAnything TestDissertation4_1_TheScheduleOf2015EndsWell
	somebody has to decide
		TestDissertation4_TheLastVoterStays
	leaders change the membership
		TestDissertation4_OnlyALeaderChangesTheMembership

Dissertation 4.2 availability
	4.2.1 new nodes are learners
		TestDissertation4_2_1_ANewNodeStartsAsALearner
	4.2.1 who keeps up is made a voter
		TestDissertation4_2_1_ALearnerThatKeepsUpIsMadeAVoter
	4.2.1 who is slow is not
		TestDissertation4_2_1_ALearnerThatIsSlowStaysOne
	4.2.1 who is not there holds up nobody
		TestDissertation4_2_1_ANodeThatIsNotThereHoldsUpNobody
	4.2.1 an empty log is found at once
		TestDissertation4_2_1_AnEmptyLogIsFoundAtOnce
	4.2.1 a learner has what is committed
		TestDissertation4_2_1_ALearnerIsSentWhatIsCommitted TestDissertation4_2_1_ALearnerHearsOfANewLeaderAtOnce
	4.2.2 a leader removes itself
		TestDissertation4_2_2_ALeaderThatRemovesItselfGoesOnUntilThatIsCommitted TestDissertation4_2_2_ALeaderThatIsSwappedLeadsUntilThatIsCommitted
	4.2.2 who removed itself may be needed
		TestDissertation4_2_2_ANodeThatRemovedItselfStandsUntilThatIsCommitted
	4.2.2 and then no more
		TestDissertation4_2_2_ANodeThatIsRemovedForCertainStandsNoMore
	4.2.3 disturbers are not listened to
		TestDissertation4_2_3_ADisturberIsNotListenedToWhileALeaderIsHeard
	4.2.3 however good their logs
		TestDissertation4_2_3_ALogThatIsAsGoodMakesADisturberNoLessOne
	4.2.3 unless the leader wants it
		TestDissertation4_2_3_AHandOverIsListenedTo

Dissertation 6.2 the way to the leader
	a leader without a majority steps down
		TestDissertation6_2_ALeaderWithoutAMajorityStepsDown TestALeaderThatHearsNoMajorityStepsDown
	a leader is forgotten with its term
		TestDissertation6_2_TheLeaderIsForgottenWithItsTerm

Dissertation 6.4 reads
	a commit of the term first
		TestDissertation6_4_AReadWaitsForACommitOfTheTerm TestAReadWaitsForAnEntryOfTheTerm
	at the commit index of when it was asked
		TestDissertation6_4_AReadIsServedAtTheCommitIndexOfWhenItWasAsked TestAReadDoesNotWaitForWhatWasCommittedSince
	a round that began after it, and a majority
		TestDissertation6_4_AReadNeedsAMajorityToAnswerARoundThatBeganAfterIt TestAnAnswerToAnEarlierRoundConfirmsNothing
	many share a round, no entry, no disk
		TestDissertation6_4_ReadsCostNoEntryAndNoDisk
	followers ask
		TestDissertation6_4_AFollowerAsksItsLeaderForTheIndex
	by the voters there are
		TestDissertation6_4_AReadIsConfirmedByTheVotersThereAre

Dissertation 6.4.1 leases
	from the beginning of the round, less the drift
		TestDissertation6_4_1_ALeaseCountsFromTheBeginningOfItsRound
	by a majority's answers
		TestDissertation6_4_1_ALeaseNeedsAMajoritysAnswers
	who answered elects nobody else
		TestDissertation6_4_1_WhoHasAnsweredElectsNobodyElse
	through a restart
		TestDissertation6_4_1_APromiseOutlivesARestart
	a hand-over ends it
		TestDissertation6_4_1_AHandOverEndsTheLease
	each term has its own
		TestDissertation6_4_1_ANewLeaderHasNoLeaseOfAnEarlierTerm
	not without CheckQuorum
		TestDissertation6_4_1_LeasesNeedCheckQuorum
`

// TestTheIndexIsComplete holds the index to the tests there are: each that it names exists, and each that is named after a
// section is in it.
func TestTheIndexIsComplete(t *testing.T) {
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	var exist []string
	for _, dir := range []string{".", "kv", "replica", "tracker"} {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		require.NoError(t, err)
		for _, f := range files {
			source, err := os.ReadFile(f)
			require.NoError(t, err)
			for _, m := range declared.FindAllStringSubmatch(string(source), -1) {
				exist = append(exist, m[1])
			}
		}
	}
	named := regexp.MustCompile(`Test\w+`).FindAllString(paperIndex, -1)
	for _, name := range named {
		require.Contains(t, exist, name, "the index names it")
	}
	for _, name := range exist {
		if strings.HasPrefix(name, "TestPaper") || strings.HasPrefix(name, "TestDissertation") {
			require.Contains(t, named, name, "the index leaves it out")
		}
	}
}

// three is a cluster whose first node leads, and has been heard.
const three = `
cluster nodes=3
elect n1
spread n1
`

// five is three with five nodes.
const five = `
cluster nodes=5
elect n1
spread n1
`

func (s *stage) st(id raft.NodeID) raft.Status { return s.up(id).core.Status() }
func (s *stage) role(id raft.NodeID) raft.Role { return s.up(id).core.Role() }

// commit is a node's commit index.
func (s *stage) commit(id raft.NodeID) raft.Index { return s.st(id).Commit }

// terms are the terms of a node's log.
func (s *stage) terms(id raft.NodeID) []raft.Term { return termsOf(s.up(id).log()) }

// state is what a node's state machine holds.
func (s *stage) state(id raft.NodeID) string { return strings.Join(s.up(id).state, " ") }

// config is a node's configuration, in words.
func (s *stage) config(id raft.NodeID) string { return s.up(id).core.Configuration().String() }

// sent are the messages of a kind on their way from one to another; None is anybody, and kind 0 any.
func (s *stage) sent(kind raft.MessageKind, from, to raft.NodeID) []*raft.Message {
	var ms []*raft.Message
	for _, m := range s.net {
		if (filter{from, to, kind}).picks(m) {
			ms = append(ms, m)
		}
	}
	return ms
}

// only is the one message of its kind on the way from one to another.
func (s *stage) only(kind raft.MessageKind, from, to raft.NodeID) *raft.Message {
	ms := s.sent(kind, from, to)
	require.Len(s.t, ms, 1, "%v from %v to %v", kind, from, to)
	return ms[0]
}

// hand gives a node a message that the test made, of a node that the cluster began with.
func (s *stage) hand(m *raft.Message) {
	if m.Incarnation == 0 {
		m.Incarnation, m.VoteReply.Candidate = raft.FirstIncarnation, raft.FirstIncarnation
	}
	s.step(m)
}

// leaders are those who lead.
func (s *stage) leaders() []raft.NodeID {
	return slices.DeleteFunc(s.all(), func(id raft.NodeID) bool {
		a := s.actor(id)
		return a.core == nil || a.core.Role() != raft.Leader
	})
}

// everyKind is a message of each kind there is, from one to another in a term, with nothing wrong about it.
func everyKind(from, to raft.NodeID, term raft.Term) []*raft.Message {
	var ms []*raft.Message
	for kind := raft.MsgRequestVote; kind <= raft.MsgInstallReply; kind++ {
		m := &raft.Message{Kind: kind, From: from, To: to, Term: term, Incarnation: raft.FirstIncarnation}
		switch kind {
		case raft.MsgRequestPreVote:
			m.PreVote.Campaign = term + 1
		case raft.MsgReadIndex, raft.MsgReadIndexReply:
			m.Read.ID = 99
		case raft.MsgInstallSnapshot:
			config, err := raft.NewConfiguration([]raft.NodeID{1, 2, 3})
			if err != nil {
				panic(err)
			}
			data := []byte("xy")
			m.Install = raft.InstallSnapshot{Index: 1, Term: 1, Configuration: &config, Size: 2, Sum: raft.Checksum(data), Data: data}
		}
		ms = append(ms, m)
	}
	return ms
}
