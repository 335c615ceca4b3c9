package raft_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// first are members of the cluster's beginning.
func first(ids ...raft.NodeID) []raft.Member {
	var ms []raft.Member
	for _, id := range ids {
		ms = append(ms, raft.Member{ID: id, Incarnation: raft.FirstIncarnation})
	}
	return ms
}

func TestAConfigurationIsReadBackAsItWas(t *testing.T) {
	for words, c := range map[string]raft.Configuration{
		"n1":                              {Voters: first(1)},
		"n1 n2 n300":                      {Voters: first(1, 2, 300)},
		"n1 n2 n4 (from n1 n2 n3)":        {Voters: first(1, 2, 4), Outgoing: first(1, 2, 3)},
		"n1 (from n1 n2), learners n2 n7": {Voters: first(1), Outgoing: first(1, 2), Learners: []raft.Member{{ID: 2}, {ID: 7, Promote: true}}},
		"n1 n2, learners n3":              {Voters: first(1, 2), Learners: []raft.Member{{ID: 3, Incarnation: 1 << 61}}},
		"n1 n2 n3, learners n4 n5 n6, to swap n4 n6 for n1 n3": {
			Voters:   []raft.Member{{ID: 1, Incarnation: 1, Swap: true}, {ID: 2, Incarnation: 1}, {ID: 3, Incarnation: 1, Swap: true}},
			Learners: []raft.Member{{ID: 4, Promote: true, Swap: true}, {ID: 5, Promote: true}, {ID: 6, Promote: true, Swap: true}},
		},
		"n1 (from n1 n2 n3), learners n4, to swap n4 for n1": { // two were asked to leave at once while it was under way
			Voters: []raft.Member{{ID: 1, Incarnation: 1, Swap: true}}, Outgoing: first(1, 2, 3),
			Learners: []raft.Member{{ID: 4, Promote: true, Swap: true}},
		},
	} {
		data := c.Encode([]byte("before"))
		require.Equal(t, "before", string(data[:6]))
		back, err := raft.DecodeConfiguration(data[6:])
		require.NoError(t, err)
		require.Equal(t, c, back)
		require.True(t, c.Equal(&back))
		require.Equal(t, words, back.String())
		for n := range data[6:] {
			_, err := raft.DecodeConfiguration(data[6 : 6+n])
			require.Error(t, err, "cut off after %d bytes", n)
		}
		_, err = raft.DecodeConfiguration(append(data[6:], 0))
		require.ErrorContains(t, err, "1 bytes too many")
	}
	nobody := raft.Configuration{}
	require.Equal(t, "nobody", nobody.String())
	_, err := raft.DecodeConfiguration(nobody.Encode(nil))
	require.ErrorIs(t, err, raft.ErrNoVoters)
}

func TestAConfigurationThatCannotBeIsRefused(t *testing.T) {
	for want, c := range map[string]raft.Configuration{
		"a configuration needs a voter":               {Learners: first(1)},
		"names a node twice, nobody, or out of order": {Voters: first(1, 1)},
		"n2 n1 names a node twice":                    {Voters: first(2, 1)},
		"none n1 names a node twice":                  {Voters: first(raft.None, 1)},
		"n2 for a voter and for a learner":            {Voters: first(1, 2), Learners: first(2)},
		"n1 for a voter without saying which":         {Voters: []raft.Member{{ID: 1}}},
		"n2 for a voter without saying which":         {Voters: first(1), Outgoing: []raft.Member{{ID: 2}}},
		"or to be made one":                           {Voters: []raft.Member{{ID: 1, Incarnation: 1, Promote: true}}},
		"two nodes called n1 for voters":              {Voters: first(1), Outgoing: []raft.Member{{ID: 1, Incarnation: 2}}},
		"a swap in which nobody comes":                {Voters: []raft.Member{{ID: 1, Incarnation: 1, Swap: true}}, Learners: []raft.Member{{ID: 2, Promote: true}}},
		"nobody comes, or nobody goes":                {Voters: first(1), Learners: []raft.Member{{ID: 2, Promote: true, Swap: true}}},
		"n2 come in a swap and stay a learner":        {Voters: []raft.Member{{ID: 1, Incarnation: 1, Swap: true}}, Learners: []raft.Member{{ID: 2, Swap: true}}},
		"says of voters before that they are to leave": {
			Voters: []raft.Member{{ID: 1, Incarnation: 1, Swap: true}}, Outgoing: []raft.Member{{ID: 1, Incarnation: 1, Swap: true}},
			Learners: []raft.Member{{ID: 2, Promote: true, Swap: true}},
		},
	} {
		_, err := raft.DecodeConfiguration(c.Encode(nil))
		require.ErrorContains(t, err, want)
	}
	_, err := raft.NewConfiguration([]raft.NodeID{1, 2, 1})
	require.ErrorContains(t, err, "names a node twice")
	_, err = raft.DecodeConfiguration([]byte{9})
	require.EqualError(t, err, "raft: configuration is not of version 1")
}

func TestAConfigurationKnowsItsMembers(t *testing.T) {
	c, err := raft.NewConfiguration([]raft.NodeID{3, 1})
	require.NoError(t, err)
	require.Equal(t, "n1 n3", c.String())
	c.Outgoing, c.Learners = first(2, 3), first(2, 5)
	require.Equal(t, []raft.NodeID{9, 1, 2, 3, 5}, c.IDs([]raft.NodeID{9}))
	require.True(t, c.Voter(1) && c.Voter(2) && c.Voter(3) && !c.Voter(5))
	require.True(t, c.Member(5) && !c.Member(4))
	require.True(t, c.Joint() && c.Known())
}

// FuzzDecodeConfiguration: any bytes are either refused, or the one encoding of a sound configuration.
func FuzzDecodeConfiguration(f *testing.F) {
	for _, c := range []raft.Configuration{
		{Voters: first(1, 2, 3)},
		{Voters: first(1), Outgoing: first(1, 200), Learners: []raft.Member{{ID: 200, Promote: true}}},
		{Voters: []raft.Member{{ID: 1, Incarnation: 1, Swap: true}}, Learners: []raft.Member{{ID: 2, Promote: true, Swap: true}}},
	} {
		f.Add(c.Encode(nil))
	}
	f.Add([]byte{1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := raft.DecodeConfiguration(data)
		if err != nil {
			return
		}
		require.Equal(t, data, c.Encode(nil))
		require.NotEmpty(t, c.Voters)
		require.NotEmpty(t, c.String())
	})
}

// What was written before there were swaps is read as it was meant, to the byte.
func TestAConfigurationIsEncodedAsItEverWas(t *testing.T) {
	c := raft.Configuration{Voters: first(1), Learners: []raft.Member{{ID: 2}, {ID: 3, Promote: true}}}
	require.Equal(t, []byte{1, 1, 1, 1, 0, 0, 2, 2, 0, 0, 3, 0, 1}, c.Encode(nil))
	c.Voters[0].Swap, c.Learners[1].Swap = true, true
	require.Equal(t, []byte{1, 1, 1, 1, 2, 0, 2, 2, 0, 0, 3, 0, 3}, c.Encode(nil))
}
