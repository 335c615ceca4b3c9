package script_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/checker"
	"raftsim/raft/kv"
	"raftsim/scenarios/script"
)

func TestComparisonsHold(t *testing.T) {
	for _, c := range []struct {
		op                  script.CompareOp
		word                string
		below, equal, above bool
	}{
		{script.Less, "<", true, false, false},
		{script.LessEqual, "<=", true, true, false},
		{script.Equal, "==", false, true, false},
		{script.NotEqual, "!=", true, false, true},
		{script.GreaterEqual, ">=", false, true, true},
		{script.Greater, ">", false, false, true},
	} {
		one := script.Comparison{Metric: script.Commits, Op: c.op, Value: 5}
		require.Equal(t, "commits "+c.word+" 5", one.String())
		require.Equal(t, c.below, one.Holds(4), one)
		require.Equal(t, c.equal, one.Holds(5), one)
		require.Equal(t, c.above, one.Holds(6), one)
		require.Equal(t, c.above, one.Holds(math.MaxUint64), one)
	}
	require.False(t, script.Comparison{}.Holds(0))
	require.Equal(t, "terms > 1 and bytes < 2", script.Comparisons{
		{Metric: script.Terms, Op: script.Greater, Value: 1}, {Metric: script.Bytes, Op: script.Less, Value: 2}}.String())
	require.Equal(t, "metric(9) op(9) 0", script.Comparison{Metric: 9, Op: 9}.String())
}

// What a message calls a selector is what the file calls it.
func TestSelectorsAreWrittenAsRead(t *testing.T) {
	for _, word := range []string{
		"leader", "follower", "followers", "candidate", "majority", "minority", "random(2)", "all", "n3",
		"[leader, n2, rest]",
	} {
		sc := read(t, "timeline:\n  - at: 1s\n    crash: "+word+"\n")
		require.Equal(t, word, sc.Timeline[0].Action.(script.Crash).Nodes.String())
	}
	require.Equal(t, "nobody", script.Selector{}.String())
}

func TestExpectationsHaveTheirKeys(t *testing.T) {
	for key, want := range map[string][]script.Want{
		"always":    {script.Always{}},
		"history":   {script.Linearizable{}},
		"leader":    {script.LeaderElected{}, script.LeaderWithin{}},
		"liveness":  {script.Liveness{}},
		"members":   {script.Members{}},
		"replicas":  {script.ReplicasIdentical{}},
		"counts":    {script.Counts{}},
		"sometimes": {script.Sometimes{}},
		"violates":  {script.Violates{}},
	} {
		for _, w := range want {
			require.Equal(t, key, w.Key())
		}
	}
}

// Every name that can be asked for can be written, and none twice.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range script.States() {
		require.False(t, seen[s.Name], s.Name)
		require.NotEmpty(t, s.Meaning, s.Name)
		seen[s.Name] = true
		read(t, "expect: {sometimes: "+s.Name+"}\n")
	}
	seen = map[string]bool{}
	for _, p := range script.Properties() {
		require.False(t, seen[p], p)
		seen[p] = true
		read(t, "expect: {violates: "+p+"}\n")
	}
	for _, p := range checker.Properties() {
		require.True(t, seen[p], p)
		read(t, "expect: {always: "+p+"}\n")
	}
}

func TestSizes(t *testing.T) {
	require.Zero(t, read(t, "clients: {}\n").Clients.ValueSize)
	for word, bytes := range map[string]int{"1B": 1, "5000B": 5000, "1.5KiB": 1536, "1MiB": kv.MaxValue} {
		require.Equal(t, bytes, read(t, "clients: {value_size: "+word+"}\n").Clients.ValueSize)
	}
}

// What clients write and read has a bound, which what does not grow or is seldom written does not come near.
func TestValuesThatFit(t *testing.T) {
	for _, text := range []string{
		"clients: {rate: 0/s, value_size: 1MiB}\ntimeline: [{at: 1s, burst: 500}]\n",
		"clients: {count: 20, rate: 1000000/s, keys: 1, mix: {get: 40%, put: 10%, append: 50%}}\nnetwork: {latency: 1ms..10ms}\n",
		"clients: {rate: 200/s, keys: 1, mix: {get: 50%, append: 50%}}\n",
	} {
		read(t, text)
	}
}

func TestPercentagesAreWrittenAsRead(t *testing.T) {
	for _, word := range []string{"0%", "0.0001%", "5%", "12.5%", "99.9999%", "100%"} {
		require.Equal(t, word, read(t, "network: {loss: "+word+"}\n").Network.Loss.String())
	}
}
