package checker

import (
	"math"
	"time"

	"raftsim/raft/kv"
)

// segment is a run of one key's operations that can be judged by itself: all before it had
// returned when its first was called, and they left the value start, whatever their order was.
type segment struct {
	items []item
	start string
}

// bounds are the first call and the last return, or the last call if that is later than any known return.
func (s segment) bounds() (from, to time.Duration) {
	from = s.items[0].call
	to = from
	for i := range s.items {
		to = max(to, s.items[i].call)
		if s.items[i].ret != forever {
			to = max(to, s.items[i].ret)
		}
	}
	return from, to
}

// cut parts one key's operations, which are in the order of calls, into segments. The operations are
// linearizable exactly when every segment is.
//
// A cut needs a moment when nothing is under way, and a value that is the same in
// every order of what came before. It is the same when the last write overlaps no other write and does not
// build on a value that is not known; or when somebody saw the value after all writes had returned.
func cut(items []item) []segment {
	var segments []segment
	start, begin := "", 0
	v := valueTracker{known: true, lastReturn: math.MinInt64}
	for i := 0; i < len(items); {
		end, quiet := i, items[i].ret
		for end < len(items) && items[end].call <= quiet {
			quiet = max(quiet, items[end].ret)
			end++
		}
		v.cluster(items[i:end])
		if v.known {
			segments = append(segments, segment{items: items[begin:end], start: start})
			start, begin = v.value, end
		}
		i = end
	}
	if begin < len(items) {
		segments = append(segments, segment{items: items[begin:], start: start})
	}
	return segments
}

// valueTracker follows what value a key has in every order.
type valueTracker struct {
	value string
	// known says that every order leaves value.
	known bool
	// lastReturn is the latest return of a write.
	lastReturn time.Duration
}

// cluster takes in operations that together fill a time without a gap.
func (v *valueTracker) cluster(items []item) {
	for i := range items {
		it := &items[i]
		if !writes(it.op) {
			continue
		}
		alone := it.call > v.lastReturn
		v.lastReturn = max(v.lastReturn, it.ret)
		switch {
		case !alone:
			v.known = false
		case it.op.Op == kv.Append:
			if v.known {
				v.value += it.op.Value
			}
		case it.op.Op == kv.Delete:
			v.value, v.known = "", true
		default:
			v.value, v.known = it.op.Value, true
		}
	}
	if v.known {
		return
	}
	for i := range items {
		op := items[i].op
		if items[i].call > v.lastReturn && !op.Unknown && (op.Op == kv.Get || op.Op == kv.CAS) {
			v.value, v.known = op.Result.Value, true
			return
		}
	}
}

// writes says whether the operation may change the value. A cas without a known outcome may; one that is
// not optional surely did (see settleUnknown).
func writes(op *Operation) bool {
	switch op.Op {
	case kv.Get:
		return false
	case kv.CAS:
		return op.Unknown || op.Result.Swapped
	}
	return true
}
