package sim

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheQueueYieldsEventsByTimeThenInTheOrderOfPushing(t *testing.T) {
	for _, most := range []int{1, 5, nearSize - 1, nearSize, nearSize + 1, 100, 3000} {
		var q queue
		var want []queued
		s := newStream(uint64(most), ofWorld, "queue test")
		now := time.Duration(0)
		compare := func(a, b queued) int {
			if a.before(&b) {
				return -1
			}
			return 1
		}
		for range 20000 {
			if len(want) < most && (len(want) == 0 || s.below(2) == 0) {
				at := now + time.Duration(s.below(50))
				what := queuedWhat(s.below(math.MaxUint64))
				e := queued{at, q.push(at, what), what}
				i, _ := slices.BinarySearchFunc(want, e, compare)
				want = slices.Insert(want, i, e)
				continue
			}
			_, early := q.pop(want[0].at - 1)
			require.False(t, early)
			e, ok := q.pop(want[0].at)
			require.True(t, ok)
			require.Equal(t, want[0], e)
			want = want[1:]
			now = e.at
		}
		for _, e := range want {
			got, ok := q.pop(math.MaxInt64)
			require.True(t, ok)
			require.Equal(t, e, got)
		}
		_, ok := q.pop(math.MaxInt64)
		require.False(t, ok)
	}
}

func TestAQueuedEventKeepsItsParts(t *testing.T) {
	e := queued{what: queuedOrder.of(65535, math.MaxUint32)}
	require.Equal(t, queuedOrder, e.kind())
	require.Equal(t, uint16(65535), e.id())
	require.Equal(t, uint32(math.MaxUint32), e.ref())
}

// steady keeps n events pending: each that comes up puts another in, 1 to 10 ms later.
func benchmarkQueue(b *testing.B, n int) {
	var q queue
	s := newStream(1, ofWorld, "bench")
	for range n {
		q.push(time.Duration(s.below(9e6)), 0)
	}
	for b.Loop() {
		e, _ := q.pop(math.MaxInt64)
		q.push(e.at+1e6+time.Duration(s.below(9e6)), e.what)
	}
}

func BenchmarkQueue8(b *testing.B)    { benchmarkQueue(b, 8) }
func BenchmarkQueue20(b *testing.B)   { benchmarkQueue(b, 20) }
func BenchmarkQueue100(b *testing.B)  { benchmarkQueue(b, 100) }
func BenchmarkQueue5000(b *testing.B) { benchmarkQueue(b, 5000) }
