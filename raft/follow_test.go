package raft_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// follower is n2 of three with that disk.
func follower(t *testing.T, d raft.Restored) *cluster {
	return newClusterOf(t, raft.Restored{}, d, raft.Restored{})
}

// reply takes the one answer that n2 gave.
func (c *cluster) reply() *raft.Message {
	m := c.one(filter{from: 2})
	require.Equal(c.t, raft.MsgAppendReply, m.Kind)
	return m
}

// Figure 2, AppendEntries, rule 1 (§5.1): one of an earlier term is refused.
func TestAppendEntriesOfAnEarlierTermAreRefused(t *testing.T) {
	c := follower(t, disk(raft.HardState{Term: 3}, 1))
	c.now = time.Second
	c.step(appendFrom(1, 2, 2, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Entries: entries(1, 2), Commit: 2}))

	m := c.reply()
	require.False(t, m.AppendReply.Success)
	require.Equal(t, raft.Term(3), m.Term, "which makes the old leader step down")
	require.Equal(t, []raft.Term{1}, c.terms(2))
	require.Zero(t, c.status(2).Commit)
	require.Equal(t, raft.None, c.core(2).Leader())
	election, _ := c.core(2).Deadlines()
	require.Equal(t, electionMin, election, "it is not heard of as a leader")
}

// Figure 2, AppendEntries, rule 2 (§5.3): refused without an entry at PrevIndex of PrevTerm.
func TestAppendEntriesThatDoNotFitAreRefused(t *testing.T) {
	for what, prev := range map[string]raft.AppendEntries{
		"the log is too short":            {PrevIndex: 4, PrevTerm: 2},
		"the entry there is of less":      {PrevIndex: 2, PrevTerm: 2},
		"the entry there is of more":      {PrevIndex: 3, PrevTerm: 1},
		"there is no entry to be seen at": {PrevIndex: 1 << 60, PrevTerm: 2},
	} {
		t.Run(what, func(t *testing.T) {
			c := follower(t, disk(raft.HardState{Term: 2}, 1, 1, 2))
			prev.Entries, prev.Commit = entries(prev.PrevIndex, 2), 1
			c.now = time.Second
			c.step(appendFrom(1, 2, 2, prev))
			require.False(t, c.reply().AppendReply.Success)
			require.Equal(t, []raft.Term{1, 1, 2}, c.terms(2))
			require.Zero(t, c.status(2).Commit, "nothing is known to agree")
			require.Equal(t, raft.NodeID(1), c.core(2).Leader(), "the term's leader it is all the same")
			election, _ := c.core(2).Deadlines()
			require.Equal(t, time.Second+electionMin, election)
		})
	}
}

// Figure 2, AppendEntries, rules 3 and 4 (§5.3): an entry of another term goes, with all that follow it; what is
// missing is added.
func TestConflictingEntriesAreReplaced(t *testing.T) {
	for _, r := range []struct {
		what      string
		had       []raft.Term
		prev      raft.Index
		prevTerm  raft.Term
		sent      []raft.Term
		want      []raft.Term
		untouched bool
	}{
		{"onto nothing", nil, 0, 0, []raft.Term{1, 2}, []raft.Term{1, 2}, false},
		{"at the end", []raft.Term{1}, 1, 1, []raft.Term{3}, []raft.Term{1, 3}, false},
		{"one conflict cuts all behind", []raft.Term{1, 2, 2, 2}, 1, 1, []raft.Term{3}, []raft.Term{1, 3}, false},
		{"behind entries that agree", []raft.Term{1, 1, 2, 2}, 0, 0, []raft.Term{1, 1, 3}, []raft.Term{1, 1, 3}, false},
		{"all of it is there", []raft.Term{1, 1, 2}, 0, 0, []raft.Term{1, 1}, []raft.Term{1, 1, 2}, true},
		{"a heartbeat", []raft.Term{1, 1, 2}, 1, 1, nil, []raft.Term{1, 1, 2}, true},
	} {
		t.Run(r.what, func(t *testing.T) {
			c := follower(t, disk(raft.HardState{Term: 3}, r.had...))
			require.Equal(t, raft.Index(1), c.core(2).TakeChanged(), "after a boot all is new")
			c.step(appendFrom(1, 2, 3, raft.AppendEntries{PrevIndex: r.prev, PrevTerm: r.prevTerm, Entries: entries(r.prev, r.sent...)}))
			require.Equal(t, r.want, c.terms(2))
			if r.untouched {
				require.Empty(t, c.nodes[2].writes)
				require.Zero(t, c.core(2).TakeChanged())
			} else {
				require.Equal(t, c.nodes[2].writes[0].entries[0].Index, c.core(2).TakeChanged(), "what is written is what changed")
			}
			c.persist(2)
			require.Equal(t, raft.AppendReply{Success: true, PrevIndex: r.prev, Match: r.prev + raft.Index(len(r.sent))}, c.reply().AppendReply)
			require.Equal(t, r.want, append([]raft.Term(nil), termsOf(c.nodes[2].disk.Entries)...), "the disk says the same")
		})
	}
}

// A message that was overtaken by a later one takes nothing away: only a conflict does (§5.3).
func TestALateAppendDoesNotUndo(t *testing.T) {
	c := follower(t, disk(raft.HardState{Term: 1}))
	early := appendFrom(1, 2, 1, raft.AppendEntries{Entries: entries(0, 1, 1)})
	c.step(appendFrom(1, 2, 1, raft.AppendEntries{Entries: entries(0, 1, 1, 1, 1), Commit: 4}))
	c.persist(2)
	require.Equal(t, raft.Index(4), c.reply().AppendReply.Match)

	c.step(early)
	require.Equal(t, []raft.Term{1, 1, 1, 1}, c.terms(2))
	require.Equal(t, raft.Index(4), c.status(2).Commit)
	require.Empty(t, c.nodes[2].writes)
	require.Equal(t, raft.Index(2), c.reply().AppendReply.Match, "it acknowledges what the message was about")
}

// Figure 2, AppendEntries, rule 5: the commit index follows the leader's, up to the last entry that the
// message shows to agree. What lies behind it in the log may be another leader's.
func TestCommitGoesNoFurtherThanWhatMatched(t *testing.T) {
	c := follower(t, disk(raft.HardState{Term: 3}, 1, 1, 2, 2))
	c.step(appendFrom(1, 2, 3, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Commit: 4}))
	require.Equal(t, raft.Index(1), c.status(2).Commit, "a heartbeat shows that entry 1 agrees, no more")
	c.step(appendFrom(1, 2, 3, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Entries: entries(1, 1), Commit: 4}))
	require.Equal(t, raft.Index(2), c.status(2).Commit)
	c.step(appendFrom(1, 2, 3, raft.AppendEntries{PrevIndex: 2, PrevTerm: 1, Entries: entries(2, 3, 3), Commit: 3}))
	require.Equal(t, raft.Index(3), c.status(2).Commit, "nor beyond what the leader has committed")
	c.step(appendFrom(1, 2, 3, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Commit: 1}))
	require.Equal(t, raft.Index(3), c.status(2).Commit, "and it never goes back")
	require.Equal(t, []raft.Term{1, 1, 3}, termsOf(c.nodes[2].applied), "each entry is applied once, in order (Figure 2, all servers)")
}

// Figure 2, all servers (§5.1): a later term makes anyone its follower. Figure 2, followers (§5.2): one who hears
// of the leader starts no election.
func TestALaterLeaderIsFollowed(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.now = time.Second
	c.step(appendFrom(2, 1, 5, raft.AppendEntries{}))
	s := c.status(1)
	require.Equal(t, raft.Follower, s.Role)
	require.Equal(t, raft.Term(5), s.Term)
	require.Equal(t, raft.None, s.Vote, "in a new term the vote is free")
	require.Equal(t, raft.NodeID(2), s.Leader)
	election, beat := c.core(1).Deadlines()
	require.Equal(t, time.Second+electionMin, election)
	require.Equal(t, raft.Never, beat)
}

// §5.3, end: a refusal says where the logs can agree at best, so that the leader skips a whole term at once.
func TestARefusalHintsAtWhereLogsCanAgree(t *testing.T) {
	had := []raft.Term{1, 1, 2, 2, 2, 5, 5}
	for _, r := range []struct {
		prev      raft.Index
		prevTerm  raft.Term
		hint      raft.Index
		hintTerm  raft.Term
		wherefore string
	}{
		{9, 6, 7, 5, "the end of a log that is too short"},
		{7, 6, 7, 5, "an entry of a lower term: the leader has to look"},
		{7, 4, 5, 2, "the whole term 5 is none of the leader's"},
		{9, 4, 5, 2, "both"},
		{5, 1, 2, 1, "term 2 neither"},
	} {
		t.Run(r.wherefore, func(t *testing.T) {
			c := follower(t, disk(raft.HardState{Term: 7}, had...))
			c.step(appendFrom(1, 2, 7, raft.AppendEntries{PrevIndex: r.prev, PrevTerm: r.prevTerm}))
			require.Equal(t, raft.AppendReply{PrevIndex: r.prev, HintIndex: r.hint, HintTerm: r.hintTerm}, c.reply().AppendReply)
		})
	}
}

// To go on after any of these would be to lose what was committed, or to hide who broke the protocol.
func TestWhatNoCorrectNodeSaysIsRefused(t *testing.T) {
	one := func(es ...raft.Entry) raft.AppendEntries { return raft.AppendEntries{Entries: es} }
	refused := func(c *cluster, m *raft.Message, want string) {
		t.Helper()
		before := c.status(m.To)
		c.step(m)
		var breach *raft.ProtocolError
		require.ErrorAs(t, c.refused, &breach)
		require.ErrorContains(t, c.refused, want)
		require.Equal(t, before, c.status(m.To), "and nothing has changed, not even the term")
	}
	for _, r := range []struct {
		say  raft.AppendEntries
		want string
	}{
		{one(raft.Entry{Index: 2, Term: 3}), "entry 2 stands where entry 1 belongs"},
		{one(raft.Entry{Index: 1}), "entry 1 of term 0 follows one of term 0"},
		{one(raft.Entry{Index: 1, Term: 3}, raft.Entry{Index: 3, Term: 3}), "entry 3 stands where entry 2 belongs"},
		{one(raft.Entry{Index: 1, Term: 3}, raft.Entry{Index: 2, Term: 2}), "entry 2 of term 2 follows one of term 3"},
		{one(raft.Entry{Index: 1, Term: 2}, raft.Entry{Index: 2, Term: 5}), "entry 2 of term 5 follows one of term 2"},
		{one(raft.Entry{Index: 1, Term: 2, Kind: raft.EntryConfiguration, Data: []byte("?")}), "entry 1 holds no configuration"},
	} {
		refused(follower(t, disk(raft.HardState{Term: 3})), appendFrom(1, 2, 4, r.say), r.want)
	}

	c := follower(t, disk(raft.HardState{Term: 3}, 1, 1))
	c.step(appendFrom(1, 2, 3, raft.AppendEntries{PrevIndex: 2, PrevTerm: 1, Commit: 2}))
	refused(c, appendFrom(1, 2, 3, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Entries: entries(1, 3)}),
		"entry 2 is another than the one that is committed there")

	c = newCluster(t, 3)
	c.elect(1)
	refused(c, appendFrom(2, 1, 1, raft.AppendEntries{}), "n1 leads that term")
	refused(c, &raft.Message{Kind: raft.MsgAppendReply, From: 2, To: 1, Term: 1, AppendReply: raft.AppendReply{Success: true, Match: 7}},
		"it acknowledges entry 7 of a log that ends at 1")
	refused(c, &raft.Message{Kind: raft.MsgAppendReply, From: 2, To: 1, Term: 1, AppendReply: raft.AppendReply{Success: true, Match: 1, Round: 9}},
		"it answers round 9, and there were 0")
}

// The leader's log and six that have come to differ from it (Figure 7 of the paper, §5.3): whatever is missing or
// too much, a new leader brings them all into line.
func TestFigure7LogsAreBroughtIntoLine(t *testing.T) {
	leader := []raft.Term{1, 1, 1, 4, 4, 5, 5, 6, 6, 6}
	for name, had := range map[string][]raft.Term{
		"a": {1, 1, 1, 4, 4, 5, 5, 6, 6},
		"b": {1, 1, 1, 4},
		"c": {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6},
		"d": {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7},
		"e": {1, 1, 1, 4, 4, 4, 4},
		"f": {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			// The third node's vote makes a majority where the follower's log is the more up-to-date one (c, d).
			c := newClusterOf(t, disk(raft.HardState{Term: 7}, leader...), disk(raft.HardState{Term: 7}, had...), disk(raft.HardState{Term: 7}))
			c.elect(1)
			c.beat(1)
			c.settle(c.all()...)
			want := append(append([]raft.Term(nil), leader...), 8)
			for _, id := range c.all() {
				require.Equal(t, want, c.terms(id), "%v", id)
				require.Equal(t, want, termsOf(c.nodes[id].disk.Entries), "the disk of %v", id)
				require.Equal(t, want, termsOf(c.nodes[id].applied), "what %v applied", id)
			}
		})
	}
}

// Terms whose entries differ cost a round trip each, entries of them nothing (§5.3, end).
func TestHintsSkipWholeTerms(t *testing.T) {
	common := times(3, 1)
	log := func(ts ...[]raft.Term) (all []raft.Term) {
		all = append(all, common...)
		for _, t := range ts {
			all = append(all, t...)
		}
		return all
	}
	for _, r := range []struct {
		what         string
		leader, had  []raft.Term
		refused      int
		termOfLeader raft.Term
	}{
		{"the follower's log is far too short", log(times(1000, 5)), log(), 1, 9},
		{"the follower has a thousand of one other term", log(times(1000, 5)), log(times(1000, 4)), 1, 9},
		{"the follower has a thousand of a later term", log(times(1000, 5)), log(times(1200, 8)), 1, 9},
		{"the leader has nothing where the follower has terms 2, 4 and 6", log(times(900, 7)), log(times(300, 2), times(300, 4), times(300, 6)), 1, 9},
		{"terms alternate: two hints, one from each, for each pair", log(times(300, 3), times(300, 5), times(300, 7)),
			log(times(300, 2), times(300, 4), times(300, 6)), 3, 9},
	} {
		t.Run(r.what, func(t *testing.T) {
			hard := raft.HardState{Term: r.termOfLeader - 1}
			c := newClusterOf(t, disk(hard, r.leader...), disk(hard, r.had...), disk(hard))
			c.timeout(1)
			c.persist(1)
			c.deliver(filter{to: 3})
			c.persist(3)
			c.deliver(filter{from: 3})
			require.Equal(t, raft.Leader, c.core(1).Role())
			c.take(filter{to: 3})
			c.take(filter{kind: raft.MsgRequestVote})

			refused := 0
			for rounds := 0; len(c.terms(2)) != len(r.leader)+1 || c.terms(2)[len(r.leader)] != r.termOfLeader; rounds++ {
				require.Less(t, rounds, 20)
				c.deliver(filter{to: 2})
				c.persist(2)
				for _, m := range c.take(filter{from: 2, kind: raft.MsgAppendReply}) {
					if !m.AppendReply.Success {
						refused++
					}
					c.step(m)
				}
			}
			require.Equal(t, r.refused, refused)
			require.Equal(t, c.terms(1), c.terms(2), fmt.Sprint(r.what))
		})
	}
}
