package quorum

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnyTwoMajoritiesOverlap(t *testing.T) {
	for n := 1; n <= 99; n++ {
		require.Greater(t, 2*Majority(n), n, "two majorities of %d share a voter", n)
		require.LessOrEqual(t, 2*(Majority(n)-1), n, "one fewer than a majority of %d does not always", n)
	}
}

func TestCommittedIsTheHighestIndexAMajorityHas(t *testing.T) {
	for _, c := range []struct {
		match []Index
		want  Index
	}{
		{nil, 0},
		{[]Index{7}, 7},
		{[]Index{7, 3}, 3},
		{[]Index{7, 3, 5}, 5},
		{[]Index{0, 0, 9}, 0},
		{[]Index{4, 4, 9, 9}, 4},
		{[]Index{1, 2, 3, 4, 5}, 3},
	} {
		require.Equal(t, c.want, Committed(slices.Clone(c.match)), "%v", c.match)
	}
}

// The definition, said another way: counting who is at or beyond each index.
func TestCommittedAgreesWithCounting(t *testing.T) {
	var match [5]Index
	for code := range 4 * 4 * 4 * 4 * 4 {
		x := code
		for i := range match {
			match[i] = Index(x % 4)
			x /= 4
		}
		var want Index
		for idx := Index(1); idx < 4; idx++ {
			n := 0
			for _, m := range match {
				if m >= idx {
					n++
				}
			}
			if n >= Majority(len(match)) {
				want = idx
			}
		}
		got := match
		require.Equal(t, want, Committed(got[:]), "%v", match)
	}
}
