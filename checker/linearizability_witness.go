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

// witnessed says whether the order the items carry explains them: every write with a known outcome has a place, in that
// order the model allows what each saw, and none comes before one that had returned when it was called. Gets that have no place,
// since they did not go through the log, are put where they fit. Any order that passes proves that the items are linearizable,
// whoever made it up.
func (w *work) witnessed(items []item) bool {
	w.order, w.active = w.order[:0], w.active[:0]
	for i := range items {
		switch it := &items[i]; {
		case it.order != 0:
			w.order = append(w.order, *it)
		case it.op.Unknown:
		case it.op.Op == kv.Get:
			w.active = append(w.active, it)
		default:
			return false
		}
	}
	slices.SortStableFunc(w.order, func(a, b item) int { return compare(a.order, b.order) })
	reads := newReads(w.active, w.order)
	value := ""
	lastCall := time.Duration(math.MinInt64)
	for i := range w.order {
		var ok bool
		if lastCall, ok = reads.place(i, value, lastCall); !ok {
			return false
		}
		it := &w.order[i]
		if it.op.Unknown && it.op.Op == kv.Append && len(value)+len(it.op.Value) > kv.MaxAppended {
			continue // the store refused it, and its client never heard: it is one that never takes effect
		}
		if lastCall = max(lastCall, it.call); it.ret < lastCall || reads.due() < lastCall {
			return false
		}
		if value, ok = it.op.apply(value); !ok {
			return false
		}
	}
	_, ok := reads.place(len(w.order), value, lastCall)
	return ok && reads.none()
}

// reads are gets without a place in an order of the others. Each is put as early as it can be, which leaves the most room to those
// after it: where the value is what it saw, and whatever had returned when it was called has its place.
type reads struct {
	// later are those called after something that has no place yet had returned, in the order of calls; open are the others.
	later, open []*item
	// returns has for each place of the order when the first of those from there on returns.
	returns []time.Duration
}

// newReads takes the gets in the order of calls. It keeps and alters what it is given of them.
func newReads(gets []*item, order []item) *reads {
	r := &reads{later: gets}
	if len(gets) == 0 {
		return r
	}
	r.returns = make([]time.Duration, len(order)+1)
	r.returns[len(order)] = forever
	for i := len(order) - 1; i >= 0; i-- {
		r.returns[i] = min(order[i].ret, r.returns[i+1])
	}
	return r
}

// place puts what fits before the i-th of the order, where the value is this one, and returns the latest call so far. It returns
// false if one of them had returned by then.
func (r *reads) place(i int, value string, lastCall time.Duration) (time.Duration, bool) {
	for len(r.open)+len(r.later) > 0 {
		r.admit(r.returns[i])
		k := slices.IndexFunc(r.open, func(it *item) bool { return it.op.Result.Value == value })
		if k < 0 {
			break
		}
		if lastCall = max(lastCall, r.open[k].call); r.open[k].ret < lastCall {
			return lastCall, false
		}
		r.open = slices.Delete(r.open, k, k+1)
	}
	return lastCall, true
}

// admit opens the gets before whose call nothing has returned that has no place, given when the first of the order does.
func (r *reads) admit(first time.Duration) {
	first = min(first, r.due())
	for len(r.later) > 0 && r.later[0].call <= first {
		first = min(first, r.later[0].ret)
		r.open = append(r.open, r.later[0])
		r.later = r.later[1:]
	}
}

// due is when the first of those that are open returns.
func (r *reads) due() time.Duration {
	first := forever
	for _, it := range r.open {
		first = min(first, it.ret)
	}
	return first
}

func (r *reads) none() bool { return len(r.open)+len(r.later) == 0 }

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
