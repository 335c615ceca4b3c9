package checker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft/kv"
)

func TestAnOperationEndsOnce(t *testing.T) {
	read := &kv.Request{Op: kv.Get, Key: "x"}
	saw := kv.Result{Value: "a"}
	ends := map[string]func(h *History, handle int){
		"returned":  func(h *History, handle int) { h.Return(handle, saw, 9) },
		"lost":      (*History).Lost,
		"discarded": (*History).Discard,
	}
	want := map[string][]Operation{
		"returned":  {{Client: 3, Key: "x", Op: kv.Get, Result: saw, Call: 5, Return: 9}},
		"lost":      {{Client: 3, Key: "x", Op: kv.Get, Call: 5, Unknown: true}},
		"discarded": {},
	}
	for name, end := range ends {
		for _, again := range ends {
			h := &History{}
			handle := h.Call(3, read, 5)
			end(h, handle)
			again(h, handle)
			require.Equal(t, want[name], h.Operations(), name)
		}
	}
	h := &History{}
	h.Call(3, read, 5)
	require.Equal(t, want["lost"], h.Operations(), "one that has no end is as good as lost")
}

func TestOnlyGetAndCasSeeAnything(t *testing.T) {
	claim := kv.Result{Value: "a", Swapped: true}
	for op, want := range map[kv.Op]kv.Result{
		kv.Get: {Value: "a"}, kv.Put: {}, kv.Append: {}, kv.Delete: {}, kv.CAS: claim,
	} {
		h := &History{}
		h.Return(h.Call(1, &kv.Request{Op: op, Key: "x"}, 1), claim, 2)
		require.Equal(t, want, h.Operations()[0].Result, op)
	}
}

func TestAnOperationCarriesOnlyWhatItUses(t *testing.T) {
	for op, want := range map[kv.Op]Operation{
		kv.Get: {}, kv.Delete: {}, kv.Put: {Value: "v"}, kv.Append: {Value: "v"}, kv.CAS: {Value: "v", Expect: "e"},
	} {
		h := &History{}
		h.Call(1, &kv.Request{Op: op, Value: "v", Expect: "e"}, 1)
		got := h.Operations()[0]
		require.Equal(t, want, Operation{Value: got.Value, Expect: got.Expect}, op)
	}
	// A delete of unknown outcome is one, whatever value its request had.
	h := &History{}
	h.Lost(h.Call(1, &kv.Request{Op: kv.Delete, Key: "x", Value: "no use"}, 1))
	for _, o := range []Operation{put("a").by(2, 0, 1), get("a").by(2, 2, 3), get("").by(2, 4, 5)} {
		h.Return(h.Call(o.Client, &kv.Request{Op: o.Op, Key: o.Key, Value: o.Value}, o.Call), o.Result, o.Return)
	}
	require.Equal(t, VerdictLinearizable, Linearizable(h, 0).Verdict)
}

func TestAReturnIsNeverBeforeItsCall(t *testing.T) {
	h := &History{}
	h.Return(h.Call(1, &kv.Request{Op: kv.Get, Key: "x"}, 7), kv.Result{}, 3)
	require.Equal(t, time.Duration(7), h.Operations()[0].Return)
}

func TestOperationsAreInTheOrderOfTheirCallsAndCounted(t *testing.T) {
	h := &History{}
	a := h.Call(1, &kv.Request{Op: kv.Put, Key: "a", Value: "1"}, 1)
	b := h.Call(2, &kv.Request{Op: kv.CAS, Key: "b", Value: "1", Expect: "0"}, 2)
	c := h.Call(3, &kv.Request{Op: kv.Delete, Key: "c"}, 3)
	require.Equal(t, []int{0, 1, 2}, []int{a, b, c})
	h.Return(c, kv.Result{}, 4)
	h.Discard(a)
	require.Equal(t, []Operation{
		{Client: 2, Key: "b", Op: kv.CAS, Value: "1", Expect: "0", Call: 2, Unknown: true},
		{Client: 3, Key: "c", Op: kv.Delete, Call: 3, Return: 4},
	}, h.Operations())
	operations, unknown := h.Len()
	require.Equal(t, []int{2, 1}, []int{operations, unknown})
}

func TestWhatWasDiscardedIsNotChecked(t *testing.T) {
	h := historyOf(put("a").by(1, 1, 0), get("").by(2, 2, 3))
	h.Return(h.Call(3, &kv.Request{Op: kv.Get, Key: "x"}, 4), kv.Result{Value: "a"}, 5)
	require.Equal(t, VerdictLinearizable, Linearizable(h, 0).Verdict)

	h = &History{}
	h.Discard(h.Call(1, &kv.Request{Op: kv.Put, Key: "x", Value: "a"}, 1))
	h.Return(h.Call(3, &kv.Request{Op: kv.Get, Key: "x"}, 4), kv.Result{Value: "a"}, 5)
	require.Equal(t, VerdictNotLinearizable, Linearizable(h, 0).Verdict)
}

func TestTheLowestOrderCounts(t *testing.T) {
	h := historyOf(put("a").by(1, 1, 2))
	for _, index := range []uint64{7, 5, 9} {
		h.SetOrder(0, index)
	}
	require.Equal(t, uint64(5), h.records[0].order)
}

func TestRecordingAllocatesNothingOfItsOwn(t *testing.T) {
	h := &History{records: make([]record, 0, 10_000)}
	r := &kv.Request{Op: kv.Put, Key: "x", Value: "a"}
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		handle := h.Call(1, r, 1)
		h.SetOrder(handle, 1)
		h.Return(handle, kv.Result{}, 2)
	}))
}
