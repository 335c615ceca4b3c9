package scenarios_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
)

func abstractStates(t *testing.T, text string, seed uint64) []uint64 {
	t.Helper()
	f, err := scenarios.Parse("abstract.yaml", []byte(text))
	require.NoError(t, err)
	var all []uint64
	r := f.Run(seed, scenarios.Options{Abstract: func(s uint64) { all = append(all, s) }})
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	require.Equal(t, f.Run(seed, scenarios.Options{}).Fingerprint, r.Fingerprint, "to be watched changes nothing")
	return all
}

// Abstract states know no names, terms and indexes: a cluster that hands over leadership again and again is in few of them, and
// what breaks brings it into more.
func TestAbstractStates(t *testing.T) {
	calm := "name: calm\nduration: 2s\ncluster: {nodes: 3}\n"
	one := abstractStates(t, calm, 1)
	require.Equal(t, one, abstractStates(t, calm, 1))
	for i := range one[1:] {
		require.NotEqual(t, one[i], one[i+1], "only changes are told")
	}
	distinct := func(all []uint64) []uint64 { return slices.Compact(slices.Sorted(slices.Values(all))) }
	require.Less(t, len(distinct(one)), 60)

	transfers := distinct(abstractStates(t, calm+"timeline: [{repeat: 9, every: 100ms, timeline: [{at: 1s, transfer: follower}]}]\n", 1))
	broken := distinct(abstractStates(t, calm+"clients: {count: 3, rate: 50/s}\ntimeline: [{during: 1s..1500ms, crash: leader}, {at: 1600ms, timeout: all}]\n", 1))
	require.Greater(t, len(broken), len(transfers))
}
