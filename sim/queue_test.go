package sim

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Events come up by time, then in the order in which they were pushed, or in which a place was reserved for them: when few wait and when
// many do, at one moment, in slots of their own, and too far off for a slot.
func TestTheQueueYieldsEventsByTimeThenInTheOrderOfPushing(t *testing.T) {
	compare := func(a, b queued) int {
		if a.before(&b) {
			return -1
		}
		return 1
	}
	for _, most := range []int{1, 5, nearSize - 1, nearSize, nearSize + 1, 100, 3000} {
		for _, apart := range []time.Duration{1, 20 * time.Microsecond, time.Millisecond, 100 * time.Millisecond} {
			q := queue{seq: firstSeq}
			var want []queued
			var reserved []uint64
			s := newStream(uint64(most), ofWorld, "queue test")
			now, burst := time.Duration(0), 0
			for range 20000 {
				if s.below(200) == 0 {
					burst = 2 * nearSize
				}
				if len(want) < most && (len(want) == 0 || burst > 0 || s.below(2) == 0) {
					e := queued{at: now + apart*time.Duration(s.below(50)), what: queuedWhat(s.below(math.MaxUint64))}
					if burst > 0 { // many at once, before what waits already
						burst--
						e.at = now + time.Duration(s.below(uint64(apart)))
					}
					switch k := len(reserved) - 1; s.below(8) {
					case 0:
						reserved = append(reserved, q.reserve())
						e.seq = q.push(e.at, e.what)
					case 1:
						e.at = now
						e.seq = q.pushAgain(e.at, e.what)
					case 2:
						if k < 0 {
							continue
						}
						e.seq, reserved = reserved[k], reserved[:k]
						q.pushAs(e.seq, e.at, e.what)
					default:
						e.seq = q.push(e.at, e.what)
					}
					i, _ := slices.BinarySearchFunc(want, e, compare)
					want = slices.Insert(want, i, e)
					continue
				}
				_, early := q.pop(want[0].at - 1)
				require.False(t, early)
				at, ok := q.next()
				require.True(t, ok)
				require.Equal(t, want[0].at, at)
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
}

// The end of time is a time like any other.
func TestTheQueueKeepsWhatIsDueAtTheEndOfTime(t *testing.T) {
	var q queue
	for range 3 * nearSize {
		q.push(math.MaxInt64, 0)
		q.push(1, 0)
	}
	for k := range 6 * nearSize {
		e, ok := q.pop(math.MaxInt64)
		require.True(t, ok)
		require.Equal(t, k < 3*nearSize, e.at == 1)
	}
	_, ok := q.pop(math.MaxInt64)
	require.False(t, ok)
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
