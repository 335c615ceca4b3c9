package checker

import (
	"math"
	"slices"
	"strings"
	"time"

	"raftsim/raft/kv"
)

// forever is after every time of a history.
const forever time.Duration = math.MaxInt64

// witnessed says whether the order the items carry explains them: every operation with a
// known outcome has a place, in that order the model allows what each saw, and none comes before one that had returned
// when it was called. Any order that passes proves that the items are linearizable, whoever made it up.
func (w *work) witnessed(items []item) bool {
	w.order = w.order[:0]
	for i := range items {
		if items[i].order != 0 {
			w.order = append(w.order, items[i])
		} else if !items[i].op.Unknown {
			return false
		}
	}
	slices.SortStableFunc(w.order, func(a, b item) int { return compare(a.order, b.order) })
	value := ""
	lastCall := time.Duration(math.MinInt64)
	for i := range w.order {
		it := &w.order[i]
		lastCall = max(lastCall, it.call)
		if it.ret < lastCall {
			return false
		}
		var ok bool
		if value, ok = it.op.apply(value); !ok {
			return false
		}
	}
	return true
}

// obvious builds an order that explains the items, which are in the order of calls, the way a
// reader would: whatever fits the value as it stands goes first, then the write that is
// due, or the one that the read that is due needs. It never goes back, so a false means nothing;
// a true is proof, since each operation is taken while no other had returned before its call.
func (w *work) obvious(items []item, value string) bool {
	w.active = w.active[:0]
	next := 0
	for {
		due := admit(&w.active, items, &next)
		if due < 0 {
			return true
		}
		take := w.fitting(value)
		if take < 0 {
			take = w.write(due, value)
		}
		if take < 0 {
			return false
		}
		value, _ = w.active[take].op.apply(value)
		last := len(w.active) - 1
		w.active[take] = w.active[last]
		w.active = w.active[:last]
	}
}

// admit adds to active the items that may come next, those called before any of active has
// returned. It returns which of them returns first, or -1 when none is left that must take effect.
func admit(active *[]*item, items []item, next *int) (due int) {
	due = -1
	first := forever
	note := func(i int, it *item) {
		if !it.optional() && (due < 0 || it.ret < first) {
			due, first = i, it.ret
		}
	}
	for i, it := range *active {
		note(i, it)
	}
	for *next < len(items) && items[*next].call <= first {
		it := &items[*next]
		*active = append(*active, it)
		note(len(*active)-1, it)
		*next++
	}
	return due
}

// fitting returns an active operation that saw the value and leaves it as it is, or -1.
func (w *work) fitting(value string) int {
	for i, it := range w.active {
		if it.op.Unknown || it.op.Op != kv.Get && it.op.Op != kv.CAS {
			continue
		}
		if after, ok := it.op.apply(value); ok && after == value {
			return i
		}
	}
	return -1
}

// write returns the active operation to take when none fits: the one that is due if it can be taken, else
// the first to return of those that write what it saw, or -1.
func (w *work) write(due int, value string) int {
	op := w.active[due].op
	saw := op.Result.Value
	if op.Unknown || op.Op != kv.Get && op.Op != kv.CAS || op.Op == kv.CAS && saw == value {
		if _, ok := op.apply(value); ok {
			return due
		}
		return -1
	}
	best := -1
	for i, it := range w.active {
		if (best < 0 || it.ret < w.active[best].ret) && leaves(it.op, value, saw) {
			best = i
		}
	}
	return best
}

// leaves says whether op can be taken at before and leaves after, which is another value.
func leaves(op *Operation, before, after string) bool {
	if op.Op == kv.Append { // without building the value
		return len(before)+len(op.Value) == len(after) && strings.HasPrefix(after, before) && strings.HasSuffix(after, op.Value)
	}
	got, ok := op.apply(before)
	return ok && got == after
}
