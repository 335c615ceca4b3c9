package checker

import (
	"fmt"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"raftsim/raft/kv"
)

// Linearizability (Herlihy and Wing, 1990): every operation seems to take effect at one moment between its
// call and its return, on one store. It is local: a history is linearizable when that of every key is, so
// keys are checked one by one, in order.
//
// Only porcupine says that a history is not linearizable. Before it is asked, cheaper steps make
// its work small; each keeps the answer as it is:
//   - a witness, an order that is known to explain the history, is verified (linearizability_witness.go);
//   - operations without a known outcome that nobody noticed are left out (linearizability_unknown.go);
//   - the history is cut where nothing is under way and the value is known (linearizability_segments.go);
//   - of each segment the obvious order is tried (linearizability_witness.go).
//
// What is not checked: anything across keys, and the order of operations of one client beyond
// what their times say.

// DefaultBudget is the number of steps per key that is enough for the histories of the shipped scenarios
// many times over. Spending it on one key takes seconds.
const DefaultBudget = 1_000_000

// Verdict is what a check of a history comes to.
type Verdict uint8

// Verdicts on a history.
const (
	VerdictLinearizable Verdict = iota + 1
	VerdictNotLinearizable
	// VerdictInconclusive: the budget was spent before an answer was found.
	VerdictInconclusive
)

// String returns the verdict in lower case.
func (v Verdict) String() string {
	switch v {
	case VerdictLinearizable:
		return "linearizable"
	case VerdictNotLinearizable:
		return "not linearizable"
	case VerdictInconclusive:
		return "inconclusive"
	}
	return "verdict?"
}

// Outcome is a verdict and what it rests on. The same history and budget give the same outcome on every machine.
type Outcome struct {
	Verdict Verdict
	// Key is the first key, in order, that the verdict is about; "" when linearizable.
	Key string
	// Steps is how many steps of the model the search took, over all keys. It is 0 when no search was needed.
	Steps int
	// Operations is how many operations of Key, between From and To, no order explains, or made
	// the search give up. To includes the last operation's return.
	Operations int
	From, To   time.Duration

	view view
}

// String says in one line what was found.
func (o Outcome) String() string {
	switch o.Verdict {
	case VerdictNotLinearizable:
		return fmt.Sprintf("key %q: no order explains what clients saw in %s", o.Key, o.where())
	case VerdictInconclusive:
		return fmt.Sprintf("key %q: the search spent its budget of steps in %s; try a larger one", o.Key, o.where())
	}
	return o.Verdict.String()
}

func (o Outcome) where() string {
	if o.Operations == 1 {
		return fmt.Sprintf("1 operation from %v to %v", o.From, o.To)
	}
	return fmt.Sprintf("%d operations from %v to %v", o.Operations, o.From, o.To)
}

// Linearizable checks a history, helped by the order that [History.SetOrder] recorded, if any. The budget is how
// many steps the search may take on one key; 0 or less is [DefaultBudget]. A key on which the
// budget is spent does not keep the others from being checked: if one of them is not
// linearizable, that is the verdict. It keeps strings of h, and h as such only until it returns.
func Linearizable(h *History, budget int) Outcome {
	return linearizable(h, budget, func(i int) uint64 { return h.records[i].order })
}

// LinearizableWith is [Linearizable] helped by another witness: witness[handle] is the place of an
// operation in the order in which they took effect, 0 for one that has none. Handles beyond its end have
// none, so that nil leaves all to the search. A wrong witness costs time and nothing else.
func LinearizableWith(h *History, witness []uint64, budget int) Outcome {
	return linearizable(h, budget, func(i int) uint64 {
		if i < len(witness) {
			return witness[i]
		}
		return 0
	})
}

func linearizable(h *History, budget int, order func(handle int) uint64) Outcome {
	if budget <= 0 {
		budget = DefaultBudget
	}
	out := Outcome{Verdict: VerdictLinearizable}
	var w work
	for _, k := range splitKeys(h, order) {
		found := w.key(k.items, budget)
		found.Key = k.name
		found.Steps += out.Steps
		switch {
		case found.Verdict == VerdictNotLinearizable:
			return found
		case found.Verdict == VerdictInconclusive && out.Verdict == VerdictLinearizable:
			out = found
		}
		out.Steps = found.Steps
	}
	return out
}

// item is an operation as the check sees it.
type item struct {
	op        *Operation
	call, ret time.Duration
	order     uint64
}

// optional says that the operation need not have taken effect.
func (it *item) optional() bool { return it.op.Unknown && it.ret == forever }

// keyItems is the history of one key, in the order of calls.
type keyItems struct {
	name  string
	items []item
}

// splitKeys returns the keys of the history, sorted, each with its operations.
func splitKeys(h *History, order func(handle int) uint64) []keyItems {
	places := make(map[string]int32)
	var keys []keyItems
	var counts []int
	place := make([]int32, len(h.records))
	total := 0
	for i := range h.records {
		r := &h.records[i]
		if r.fate == discarded {
			continue
		}
		p, ok := places[r.Key]
		if !ok {
			p = int32(len(keys))
			places[r.Key] = p
			keys = append(keys, keyItems{name: r.Key})
			counts = append(counts, 0)
		}
		place[i] = p
		counts[p]++
		total++
	}
	all := make([]item, total)
	for p := range keys {
		keys[p].items, all = all[:0:counts[p]], all[counts[p]:]
	}
	for i := range h.records {
		r := &h.records[i]
		if r.fate == discarded {
			continue
		}
		ret := r.Return
		if r.Unknown {
			ret = forever
		}
		k := &keys[place[i]]
		k.items = append(k.items, item{op: &r.Operation, call: r.Call, ret: ret, order: order(i)})
	}
	for p := range keys {
		byCall(keys[p].items)
	}
	slices.SortFunc(keys, func(a, b keyItems) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return keys
}

// byCall sorts by the time of the call; a history that was recorded as it happened is sorted already.
func byCall(items []item) {
	cmp := func(a, b item) int { return compare(a.call, b.call) }
	if !slices.IsSortedFunc(items, cmp) {
		slices.SortStableFunc(items, cmp)
	}
}

func compare[T uint64 | time.Duration](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// work holds what one key after the other is checked in.
type work struct {
	order  []item
	active []*item
	inputs []input
	search []porcupine.Operation
}

// key checks one key's operations, which are in the order of calls.
func (w *work) key(items []item, budget int) Outcome {
	if w.witnessed(items) {
		return Outcome{Verdict: VerdictLinearizable}
	}
	items = settleUnknown(items)
	segments := cut(items)
	steps := 0
	for i, seg := range segments {
		if w.obvious(seg.items, seg.start) {
			continue
		}
		s := search{start: seg.start, budget: budget - steps}
		ok := w.run(&s, seg.items)
		steps += s.steps
		if ok {
			continue
		}
		out := Outcome{Verdict: VerdictNotLinearizable, Steps: steps, Operations: len(seg.items), view: newView(segments[:i+1])}
		if s.spent {
			out.Verdict = VerdictInconclusive
		}
		out.From, out.To = seg.bounds()
		return out
	}
	return Outcome{Verdict: VerdictLinearizable, Steps: steps}
}

// run asks porcupine whether some order explains the items.
func (w *work) run(s *search, items []item) bool {
	w.inputs, w.search = w.inputs[:0], w.search[:0]
	for i := range items {
		w.inputs = append(w.inputs, newInput(items[i].op))
	}
	for i := range items {
		w.search = append(w.search, porcupine.Operation{
			Input: &w.inputs[i], Call: int64(items[i].call), Return: int64(items[i].ret),
		})
	}
	return porcupine.CheckOperations(s.model(), w.search)
}

func newInput(op *Operation) input {
	in := input{op: op}
	switch op.Op {
	case kv.Put, kv.CAS:
		in.writes = op.Value
	case kv.Delete:
		in.writes = ""
	}
	return in
}
