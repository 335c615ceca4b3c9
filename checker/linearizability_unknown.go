package checker

import (
	"slices"
	"strings"

	"raftsim/raft/kv"
)

// An operation without a known outcome stays under way to the end, and each one doubles what a search may have to try.
// Most of them matter little:
//
//   - A get constrains nothing.
//   - A write whose value nobody can have noticed may be left out. Take any order that explains the history with
//     such writes in it. From each of them to the next put, delete or cas that swaps, no operation with a known
//     outcome saw the value. Without it the operations of that stretch that wrote still may,
//     nobody saw what they left, and those that did nothing and have no known outcome may go
//     to the very end. What remains explains the rest of the history.
//   - A write whose value somebody saw, and no other operation can have made, took effect
//     before that observer's return: it has an end like any other. Every order that explains the history
//     already has it there.

// settleUnknown drops and bounds operations without a known outcome. What it returns, in place of
// items and in the order of calls, is linearizable exactly when items is.
func settleUnknown(items []item) []item {
	unknown, appends := false, false
	for i := range items {
		unknown = unknown || items[i].op.Unknown
		appends = appends || items[i].op.Op == kv.Append
	}
	if !unknown {
		return items
	}
	items = dropUnnoticed(items, appends)
	if !appends {
		boundNoticed(items)
	}
	return items
}

// dropUnnoticed removes operations without a known outcome that nobody can have noticed.
func dropUnnoticed(items []item, appends bool) []item {
	// noticed are the values that operations saw, or would need to see to have any effect. An operation
	// of unknown outcome counts among these only once its own value is noticed, hence the loop.
	noticed := make(map[string]bool)
	var values []string // those of noticed, for looking into
	notice := func(v string) {
		if !noticed[v] {
			noticed[v] = true
			values = append(values, v)
		}
	}
	for i := range items {
		if op := items[i].op; !op.Unknown && (op.Op == kv.Get || op.Op == kv.CAS) {
			notice(op.Result.Value)
		}
	}
	matters := func(op *Operation) bool {
		switch {
		case op.Op == kv.Get:
			return false
		case !appends:
			return noticed[op.Value]
		case op.Op == kv.Append:
			return slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, op.Value) })
		}
		return slices.ContainsFunc(values, func(v string) bool { return strings.HasPrefix(v, op.Value) })
	}
	keep := make([]bool, len(items))
	for again := true; again; {
		again = false
		for i := range items {
			if op := items[i].op; !keep[i] && (!op.Unknown || matters(op)) {
				keep[i] = true
				if op.Unknown && op.Op == kv.CAS {
					notice(op.Expect)
					again = true
				}
			}
		}
	}
	kept := items[:0]
	for i := range items {
		if keep[i] {
			kept = append(kept, items[i])
		}
	}
	return kept
}

// boundNoticed gives an end to operations of unknown outcome whose value was seen and is theirs alone. It
// holds only where nothing is appended, so that a value is what one operation wrote.
func boundNoticed(items []item) {
	type maker struct{ makers, seen int }
	values := make(map[string]maker)
	for i := range items {
		if op := items[i].op; writes(op) {
			m := values[op.Value]
			m.makers++
			values[op.Value] = m
		}
	}
	for i := range items {
		op := items[i].op
		if op.Unknown || op.Op != kv.Get && op.Op != kv.CAS {
			continue
		}
		if m, ok := values[op.Result.Value]; ok && (m.seen == 0 || items[i].ret < items[m.seen-1].ret) {
			m.seen = i + 1
			values[op.Result.Value] = m
		}
	}
	for i := range items {
		it := &items[i]
		if !it.op.Unknown || it.op.Value == "" {
			continue // "" is also what a key has before anything
		}
		if m := values[it.op.Value]; m.makers == 1 && m.seen > 0 {
			if seen := items[m.seen-1].ret; seen >= it.call {
				it.ret = seen
			}
		}
	}
}
