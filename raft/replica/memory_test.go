package replica

import (
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
)

func TestSmallCommandsShareMemoryAndLargeOnesHaveTheirOwn(t *testing.T) {
	var s slab
	small := &kv.Request{Session: 1, Seq: 1, Op: kv.Put, Key: "k", Value: "v"}
	first := s.encode(small, 9)
	for _, size := range []int{slabSize / 2, slabSize, kv.MaxValue} {
		large := &kv.Request{Session: 1, Seq: 2, Op: kv.CAS, Key: strings.Repeat("k", kv.MaxKey),
			Expect: strings.Repeat("e", size), Value: strings.Repeat("v", size)}
		got := s.encode(large, 9)
		c, err := kv.Decode(got)
		require.NoError(t, err)
		require.Equal(t, kv.Command{Time: 9, Request: *large}, c)
	}
	second := s.encode(small, 9)
	require.Equal(t, first, second)
	require.Equal(t, len(first), int(uintptr(unsafe.Pointer(&second[0]))-uintptr(unsafe.Pointer(&first[0]))),
		"a large command does not end the piece that the small ones are in")
}

// A log keeps its commands for good, and with one of them the whole piece of memory it is in.
func TestCommandsOfAnySizeKeepLittleMoreThanTheyNeed(t *testing.T) {
	for _, size := range []int{100, 1 << 10, 5 << 10, 9 << 10, 33 << 10, 65 << 10} {
		var s slab
		q := &kv.Request{Session: 1, Seq: 1, Op: kv.Put, Key: "k", Value: strings.Repeat("v", size)}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		used := uint64(0)
		for used < 4<<20 {
			used += uint64(len(s.encode(q, 9)))
		}
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, used+used/4, "values of %d bytes", size)
	}
}

func TestCommandsDoNotRunIntoEachOther(t *testing.T) {
	var s slab
	a := s.encode(&kv.Request{Session: 1, Seq: 1, Op: kv.Put, Key: "k", Value: "v"}, 9)
	b := s.encode(&kv.Request{Session: 2, Seq: 1, Op: kv.Put, Key: "k", Value: "v"}, 9)
	before := string(b)
	_ = append(a, "something else"...)
	require.Equal(t, before, string(b))
}

// A leader under load that never falls silent never empties the queue, which must not grow for that.
func TestTheQueueOfThoseWhoWaitIsAsLongAsTheyAre(t *testing.T) {
	var w waiting
	const wait = 100
	for i := raft.Index(1); i <= 1_000_000; i++ {
		*w.push() = request{index: i}
		if i > wait {
			require.Equal(t, i-wait, w.first().index)
			w.pop()
		}
	}
	require.Less(t, cap(w.queue), 5000)
	for i := raft.Index(1_000_000 - wait + 1); i <= 1_000_000; i++ {
		require.Equal(t, i, w.first().index)
		w.pop()
	}
	require.Nil(t, w.first())
}
