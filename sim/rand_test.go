package sim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAZeroDrawIsBenignForEveryChanceButCertainty(t *testing.T) {
	require.EqualValues(t, 1<<32, threshold(0), "no 32-bit draw reaches it")
	require.EqualValues(t, 1<<31, threshold(Certain/2))
	require.Positive(t, threshold(Certain-1))
	require.Zero(t, threshold(Certain))
	require.Zero(t, threshold(Certain+1))
}

func TestStreamsDifferByEachPartOfTheirName(t *testing.T) {
	seen := map[uint64]string{}
	for seed := range uint64(20) {
		for _, o := range []owner{ofWorld, ofNode.of(1, 0), ofNode.of(2, 0), ofHost.of(1, 0), ofLink.of(1, 2), ofLink.of(2, 1), ofRequests.of(1, 2), ofAnswers.of(1, 2)} {
			for _, purpose := range []string{"a", "b", "latency", "loss"} {
				s := newStream(seed, o, purpose)
				first := s.below(1 << 62)
				require.NotContains(t, seen, first)
				seen[first] = purpose
			}
		}
	}
}
