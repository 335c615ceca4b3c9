package checker

import (
	"fmt"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"raftsim/raft/kv"
)

// Linearizability (Herlihy and Wing, Linearizability: A Correctness Condition for Concurrent Objects, TOPLAS 12(3), 1990): every
// operation seems to take effect at one moment between its call and its return, on one store. It is local: a history is
// linearizable when that of every key is, so keys are checked one by one, in order.
//
// A key is settled by the first of three tiers that can. None is ever wrong; the first two may pass.
//   - A witness, an order that is said to explain the history, such as that of the log, is verified. If it holds, it is
//     proof, whoever made it up. Gets that did not go through the log need no place in it (linearizability_witness.go).
//   - Where it is known which write each operation saw, the zone check of Gibbons and Korach (1997) decides in O(n log n)
//     (linearizability_zones.go).
//   - porcupine searches what is left.
//
// What the zone check calls a violation is cut down to a few operations (linearizability_conflict.go), which porcupine then has to
// call one too. If it does not, the checker itself is at fault, and says so: the verdict is inconclusive.
//
// The zone check and the search find their work made small, in ways that keep the answer as it is:
//   - operations without a known outcome that nobody noticed are left out (linearizability_unknown.go);
//   - the history is cut where nothing is under way and the value is known (linearizability_segments.go);
//   - before a segment is searched, the obvious order of it is tried (linearizability_witness.go).
//
// An operation without a known outcome may have taken effect at any time after its call, or never; all tiers take it so.
//
// What is not checked: anything across keys, and the order of operations of one client beyond
// what their times say. Times are believed.

// DefaultBudget is the number of steps per key that is enough for the histories of the shipped scenarios
// many times over. Spending it on one key takes seconds.
const DefaultBudget = 1_000_000

// Verdict is what a check of a history comes to.
type Verdict uint8

// Verdicts on a history.
const (
	VerdictLinearizable Verdict = iota + 1
	VerdictNotLinearizable
	// VerdictInconclusive: the budget was spent before an answer was found, or the checker contradicts itself (see [Outcome.Fault]).
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

// Tier is one of the ways in which a verdict is found.
type Tier uint8

// Tiers, from the cheapest to the dearest.
const (
	// TierWitness: an order that explains the history was verified.
	TierWitness Tier = iota + 1
	// TierZones: the zone check. What it finds to be no linearizable history, porcupine has confirmed.
	TierZones
	// TierSearch: porcupine.
	TierSearch
)

// String returns the tier in lower case.
func (t Tier) String() string {
	switch t {
	case TierWitness:
		return "witness"
	case TierZones:
		return "zones"
	case TierSearch:
		return "search"
	}
	return "tier?"
}

// Outcome is a verdict and what it rests on. The same history and budget give the same outcome on every machine.
type Outcome struct {
	Verdict Verdict
	// Tier is what decided, or gave up. Of a linearizable history it is the dearest one that any part of it took.
	Tier Tier
	// Key is the first key, in order, that the verdict is about; "" when linearizable.
	Key string
	// Steps is how many steps of the model porcupine took, over all keys. It is 0 when it was not asked.
	Steps int
	// Operations is how many operations of Key, between From and To, no order explains, or made
	// the search give up. To includes the last operation's return.
	Operations int
	From, To   time.Duration
	// Fault says what is wrong with the checker itself: porcupine does not confirm what the zone check found. It is "" but
	// for a bug, which makes the verdict inconclusive. [Outcome.String] tells it.
	Fault string

	view view
}

// String says in one line what was found.
func (o Outcome) String() string {
	switch {
	case o.Fault != "":
		return fmt.Sprintf("key %q: %s, in %s; please report this with the history", o.Key, o.Fault, o.where())
	case o.Verdict == VerdictNotLinearizable:
		return fmt.Sprintf("key %q: no order explains what clients saw in %s", o.Key, o.where())
	case o.Verdict == VerdictInconclusive:
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
	out := Outcome{Verdict: VerdictLinearizable, Tier: TierWitness}
	var w work
	for _, k := range splitKeys(h, order) {
		found := w.key(k.items, budget)
		found.Key = k.name
		found.Steps += out.Steps
		switch {
		case found.Verdict == VerdictLinearizable && out.Verdict == VerdictLinearizable:
			out.Tier = max(out.Tier, found.Tier)
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
	// told is for an item that is not shown as it was recorded, else nil.
	told *told
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
	zones  zoneCheck
	inputs []input
	search []porcupine.Operation
	// doubt is for tests: it makes porcupine disagree with the zone check.
	doubt bool
}

// key checks one key's operations, which are in the order of calls.
func (w *work) key(items []item, budget int) Outcome {
	out := Outcome{Verdict: VerdictLinearizable, Tier: TierWitness}
	if w.witnessed(items) {
		return out
	}
	items = settleUnknown(items)
	segments := cut(items)
	for i, seg := range segments {
		found := w.segment(seg, budget-out.Steps)
		found.Tier = max(found.Tier, out.Tier)
		found.Steps += out.Steps
		out = found
		if out.Verdict == VerdictLinearizable {
			continue
		}
		shown, before := withContext(segments[:i+1])
		switch {
		case out.Tier != TierZones || shown <= 2*viewContext:
			out.view = newView(segments[before : i+1])
		case w.zones.check(items[:through(segments[:i+1])], "") == violated:
			// The segment says too little without what came before, which is too much to show: the conflict is of both.
			again := w.confirm(segment{items: w.zones.conflict.items})
			again.Steps += out.Steps
			out = again
		}
		return out
	}
	return out
}

// through is how many operations the segments have.
func through(segments []segment) (n int) {
	for _, s := range segments {
		n += len(s.items)
	}
	return n
}

// segment checks one segment.
func (w *work) segment(seg segment, budget int) Outcome {
	switch w.zones.check(seg.items, seg.start) {
	case explained:
		return Outcome{Verdict: VerdictLinearizable, Tier: TierZones}
	case violated:
		return w.confirm(segment{w.zones.conflict.items, seg.start})
	}
	if w.obvious(seg.items, seg.start) {
		return Outcome{Verdict: VerdictLinearizable, Tier: TierWitness}
	}
	s := search{start: seg.start, budget: budget}
	out := Outcome{Verdict: VerdictLinearizable, Tier: TierSearch}
	if !w.run(&s, seg.items) {
		out.Verdict = VerdictNotLinearizable
		out.Operations = len(seg.items)
		out.From, out.To = seg.bounds()
		if s.spent {
			out.Verdict = VerdictInconclusive
		}
	}
	out.Steps = s.steps
	return out
}

// confirm asks porcupine about what the zone check found. The budget is not the caller's: conflicts are small.
func (w *work) confirm(c segment) Outcome {
	byCall(c.items)
	s := search{start: c.start, budget: 100_000 + 100*len(c.items)}
	explained := w.run(&s, c.items) != w.doubt
	out := Outcome{Verdict: VerdictNotLinearizable, Tier: TierZones, Steps: s.steps, Operations: len(c.items), view: newView([]segment{c})}
	out.From, out.To = c.bounds()
	switch {
	case explained:
		out.Fault = "fault of the checker: the zone check found a violation, and porcupine finds an order that explains it"
	case s.spent:
		out.Fault = "fault of the checker: the zone check found a violation, which porcupine could not confirm within its steps"
	}
	if out.Fault != "" {
		out.Verdict = VerdictInconclusive
	}
	return out
}

// run asks porcupine whether some order explains the items.
func (w *work) run(s *search, items []item) bool {
	w.inputs, w.search = w.inputs[:0], w.search[:0]
	for i := range items {
		w.inputs = append(w.inputs, newInput(&items[i]))
	}
	for i := range items {
		w.search = append(w.search, porcupine.Operation{
			Input: &w.inputs[i], Call: int64(items[i].call), Return: int64(items[i].ret),
		})
	}
	return porcupine.CheckOperations(s.model(), w.search)
}

func newInput(it *item) input {
	in := input{op: it.op}
	switch it.op.Op {
	case kv.Put, kv.CAS:
		in.writes = it.op.Value
	case kv.Delete:
		in.writes = ""
	}
	if it.told != nil {
		in.text = it.told.text
	}
	return in
}
