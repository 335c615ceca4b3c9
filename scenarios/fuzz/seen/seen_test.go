package seen

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every number has a case, and every case is there once: a block that nothing else shares.
func TestTheSwitchHasACaseForEach(t *testing.T) {
	text, err := os.ReadFile("switch.go")
	require.NoError(t, err)
	functions := strings.Count(string(text), "\nfunc show") - 1
	cases := strings.Count(string(text), "\tcase ") - functions
	require.Equal(t, Cases, cases)
	require.Zero(t, Cases%64)
	require.GreaterOrEqual(t, Cases*levels, 8192)
}

func TestTheSetOfStatesHasABound(t *testing.T) {
	var s Set
	for v := uint64(1); v <= MostStates; v++ {
		s.Add(spread(v))
	}
	require.True(t, s.Full())
	require.Equal(t, MostStates*3/4, s.Len())
	require.False(t, s.Add(0xdead<<48|1), "what is new is taken for known")
	require.Len(t, s.table, MostStates)
	require.True(t, s.Has(spread(5)))
	require.False(t, s.Has(0xdead<<48|1))
	require.False(t, new(Set).Has(1))
}

// What is remembered has a bound, beyond which what was long ago is new again, and what was of late is not.
func TestAMemoryForgetsWhatWasLongAgo(t *testing.T) {
	const most = MostStates * 3 / 4
	var m Memory
	for v := uint64(1); v <= 7*MostStates/4; v++ {
		if v < most {
			require.False(t, m.Full())
		}
		if !m.Add(spread(v)) {
			t.Fatalf("state %d is new", v)
		}
		if m.Len() != int(min(v, most)) {
			t.Fatalf("%d states, and %d are counted", v, m.Len())
		}
	}
	require.True(t, m.Full())
	require.True(t, m.Add(spread(1)))
	require.False(t, m.Add(spread(1)))
	require.False(t, m.Add(spread(MostStates)), "of late")
	require.False(t, m.Add(spread(7*MostStates/4)))
}

// A run is worth going on from when it reached more that is new, for what it cost, than nearly all that went before it.
func TestRunsThatReachMuchForTheirCostAreKept(t *testing.T) {
	var j Judge
	next := uint64(100)
	run := func(fresh, events uint64) bool {
		j.State(1) // known after the first
		begin := next
		for ; next < begin+fresh; next++ {
			j.State(next)
		}
		state, ok := j.End(events)
		if ok && fresh > 0 {
			require.Equal(t, begin, state, "its first new state is told")
		}
		return ok
	}
	require.True(t, run(0, 1000), "the first reaches what none has")
	require.False(t, run(0, 1000), "nothing is new")
	settle := func() (kept int) {
		for i := range uint64(4000) {
			if run(i*7919%100, 1000) && i >= 2000 {
				kept++
			}
		}
		return kept
	}
	require.InDelta(t, 2000/oneIn, settle(), 40)
	require.False(t, run(50, 1000), "as usual")
	require.True(t, run(200, 1000))
	require.False(t, run(200, 4000), "as much, and dearer")
	settle()
	require.True(t, run(50, 250), "less, and cheaper")
	for range 3000 {
		run(0, 1000)
	}
	require.True(t, run(1, 1000), "where little is new, little is much")
}

// spread makes a number as good as a hash.
func spread(v uint64) uint64 { return v * 0x9e3779b97f4a7c15 }
