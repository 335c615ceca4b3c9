package checker_test

import (
	"fmt"
	"time"

	"raftsim/checker"
	"raftsim/raft/kv"
)

// A client reads a value after another client was told that it had been replaced.
func ExampleLinearizable() {
	var h checker.History
	const ms = time.Millisecond

	first := h.Call(1, &kv.Request{Op: kv.Put, Key: "x", Value: "old"}, 0)
	h.Return(first, kv.Result{}, 2*ms)
	second := h.Call(1, &kv.Request{Op: kv.Put, Key: "x", Value: "new"}, 3*ms)
	h.Return(second, kv.Result{}, 5*ms)

	beside := h.Call(2, &kv.Request{Op: kv.Get, Key: "x"}, 4*ms)
	h.Return(beside, kv.Result{Value: "old"}, 6*ms)
	fmt.Println(checker.Linearizable(&h, checker.DefaultBudget))

	after := h.Call(2, &kv.Request{Op: kv.Get, Key: "x"}, 7*ms)
	h.Return(after, kv.Result{Value: "old"}, 8*ms)
	fmt.Println(checker.Linearizable(&h, checker.DefaultBudget))

	// Output:
	// linearizable
	// key "x": no order explains what clients saw in 1 operation from 7ms to 8ms
}
