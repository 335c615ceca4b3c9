package live

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/checker"
	"raftsim/raft"
	"raftsim/raft/raftpb"
)

// entries are of these terms.
func entries(terms ...uint64) []*raftpb.Entry {
	var all []*raftpb.Entry
	for _, t := range terms {
		all = append(all, &raftpb.Entry{Term: t})
	}
	return all
}

// A mirror has the log that sights tell of piece by piece, and shows the checker what is new.
func TestMirror(t *testing.T) {
	config, err := raft.NewConfiguration([]raft.NodeID{1, 2, 3})
	require.NoError(t, err)
	m := &mirror{}
	sight := func(s *raftpb.Sight) checker.Observation {
		t.Helper()
		require.NoError(t, m.take(s))
		var o checker.Observation
		m.Observe(&o)
		return o
	}
	terms := func() []raft.Term {
		var all []raft.Term
		for _, e := range m.Entries(0, 99) {
			all = append(all, e.Term)
		}
		return all
	}
	require.False(t, m.Shown())
	o := sight(&raftpb.Sight{Configuration: config.Encode(nil), LastIndex: 3, Changed: 1, Entries: entries(1, 1, 2), Term: 2})
	require.True(t, m.Shown())
	require.Equal(t, raft.Index(1), o.Changed)
	require.Len(t, o.Suffix, 3)
	require.Equal(t, raft.Term(2), m.Status().LastTerm)

	o = sight(&raftpb.Sight{LastIndex: 3, Commit: 2, Term: 2})
	require.Zero(t, o.Changed, "the log is as it was")
	require.Equal(t, &config, o.Configuration, "so are the members")

	o = sight(&raftpb.Sight{LastIndex: 4, Changed: 3, Entries: entries(3, 3), Term: 3})
	require.Equal(t, raft.Index(3), o.Changed, "a conflict is cut off")
	require.Equal(t, []raft.Term{1, 1, 3, 3}, terms())

	o = sight(&raftpb.Sight{Base: 2, BaseTerm: 1, LastIndex: 4, Term: 3})
	require.Zero(t, o.Changed, "to drop a prefix is no change")
	require.Equal(t, []raft.Term{3, 3}, terms())

	o = sight(&raftpb.Sight{Base: 9, BaseTerm: 4, LastIndex: 10, Changed: 10, Entries: entries(4), Term: 4})
	require.Equal(t, raft.Index(10), o.Changed, "a snapshot took the place of the log")
	require.Equal(t, []raft.Term{4}, terms())

	for says, s := range map[string]*raftpb.Sight{
		"the log begins after 8, and began after 9":               {Base: 8, LastIndex: 10},
		"the log ends at 11, and at 10 by what was shown":         {Base: 9, LastIndex: 11},
		"1 entries from 12 on of a log from 9 to 12, known to 10": {Base: 9, LastIndex: 12, Changed: 12, Entries: entries(4)},
		"2 entries from 10 on of a log from 9 to 10, known to 10": {Base: 9, LastIndex: 10, Changed: 10, Entries: entries(4, 4)},
		"configuration is not of version":                         {Base: 9, LastIndex: 10, Configuration: []byte{9}},
	} {
		require.ErrorContains(t, m.take(s), says)
	}
	require.ErrorContains(t, (&mirror{}).take(&raftpb.Sight{}), "says nothing of members")
}

// A newcomer's members are nobody.
func TestMirrorOfNewcomer(t *testing.T) {
	m := &mirror{}
	require.NoError(t, m.take(&raftpb.Sight{Configuration: (&raft.Configuration{}).Encode(nil), Changed: 1}))
	require.False(t, m.Configuration().Known())
}
