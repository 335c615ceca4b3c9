package checker

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
)

// Operations on key x; client and times are given by by.
func get(saw string) Operation { return Operation{Op: kv.Get, Result: kv.Result{Value: saw}} }
func put(v string) Operation   { return Operation{Op: kv.Put, Value: v} }
func add(v string) Operation   { return Operation{Op: kv.Append, Value: v} }
func del() Operation           { return Operation{Op: kv.Delete} }
func cas(expect, v, saw string, swapped bool) Operation {
	return Operation{Op: kv.CAS, Expect: expect, Value: v, Result: kv.Result{Value: saw, Swapped: swapped}}
}

// by makes the operation one of client, from call to ret; ret 0 is an unknown outcome.
func (o Operation) by(client uint64, call, ret time.Duration) Operation {
	o.Client, o.Call, o.Return = client, call, ret
	if o.Key == "" {
		o.Key = "x"
	}
	if ret == 0 {
		o.Unknown, o.Result = true, kv.Result{}
	}
	return o
}

func (o Operation) on(key string) Operation { o.Key = key; return o }

// historyOf records operations the way clients do.
func historyOf(ops ...Operation) *History {
	h := &History{}
	for i, o := range ops {
		handle := h.Call(o.Client, &kv.Request{Op: o.Op, Key: o.Key, Value: o.Value, Expect: o.Expect}, o.Call)
		if handle != i {
			panic("handles count up from 0")
		}
		if o.Unknown {
			h.Lost(handle)
		} else {
			h.Return(handle, o.Result, o.Return)
		}
	}
	return h
}

func TestKnownHistories(t *testing.T) {
	const yes, no = VerdictLinearizable, VerdictNotLinearizable
	for _, c := range []struct {
		name string
		want Verdict
		ops  []Operation
	}{
		{"nothing", yes, nil},
		{"a read of a key nobody wrote", yes, []Operation{get("").by(1, 1, 2)}},
		{"a read out of thin air", no, []Operation{get("a").by(1, 1, 2)}},
		{"a read after a write", yes, []Operation{put("a").by(1, 1, 2), get("a").by(2, 3, 4)}},
		{"a stale read", no, []Operation{put("a").by(1, 1, 2), put("b").by(1, 3, 4), get("a").by(2, 5, 6)}},
		{"a read beside a write sees the old value", yes, []Operation{put("a").by(1, 1, 2), put("b").by(1, 3, 9), get("a").by(2, 5, 6)}},
		{"a read beside a write sees the new value", yes, []Operation{put("a").by(1, 1, 2), put("b").by(1, 3, 9), get("b").by(2, 5, 6)}},
		{"reads beside a write go back", no, []Operation{put("a").by(1, 1, 2), put("b").by(1, 3, 9), get("b").by(2, 4, 5), get("a").by(2, 6, 7)}},
		{"a read that ends as a write begins is beside it", yes, []Operation{get("a").by(1, 1, 2), put("a").by(2, 2, 3)}},
		{"a read that ends before a write begins", no, []Operation{get("a").by(1, 1, 2), put("a").by(2, 3, 4)}},
		{"two writes side by side, seen in one order", yes, []Operation{put("a").by(1, 1, 5), put("b").by(2, 1, 5), get("a").by(3, 6, 7), get("a").by(3, 8, 9)}},
		{"two writes side by side, seen in both orders", no, []Operation{put("a").by(1, 1, 5), put("b").by(2, 1, 5), get("a").by(3, 6, 7), get("b").by(3, 8, 9)}},
		{"a lost update", no, []Operation{add("a").by(1, 1, 2), add("b").by(2, 3, 4), get("b").by(3, 5, 6)}},
		{"appends in either order", yes, []Operation{add("a").by(1, 1, 5), add("b").by(2, 1, 5), get("ba").by(3, 6, 7)}},
		{"an append applied twice", no, []Operation{add("a").by(1, 1, 2), get("aa").by(2, 3, 4)}},
		{"an append of unknown outcome applied twice", no, []Operation{add("a").by(1, 1, 0), get("aa").by(2, 3, 4)}},
		{"a cas that swaps", yes, []Operation{put("a").by(1, 1, 2), cas("a", "b", "a", true).by(2, 3, 4), get("b").by(1, 5, 6)}},
		{"two cas from one value both swap", no, []Operation{put("a").by(1, 1, 2), cas("a", "b", "a", true).by(1, 3, 6), cas("a", "c", "a", true).by(2, 3, 6)}},
		{"one of two cas swaps", yes, []Operation{put("a").by(1, 1, 2), cas("a", "b", "a", true).by(1, 3, 6), cas("a", "c", "b", false).by(2, 3, 6)}},
		{"a cas that swaps what it did not expect", no, []Operation{put("a").by(1, 1, 2), cas("b", "c", "a", true).by(1, 3, 4)}},
		{"a cas that does not swap what it expected", no, []Operation{put("a").by(1, 1, 2), cas("a", "c", "a", false).by(1, 3, 4)}},
		{"a cas that expects no key", yes, []Operation{cas("", "a", "", true).by(1, 1, 2), get("a").by(2, 3, 4)}},
		{"a put of nothing is a delete", yes, []Operation{put("a").by(1, 1, 2), put("").by(1, 3, 4), cas("", "b", "", true).by(2, 5, 6)}},
		{"a deleted value comes back", no, []Operation{put("a").by(1, 1, 2), del().by(1, 3, 4), get("a").by(2, 5, 6)}},
		{"an unknown put shows up later", yes, []Operation{put("a").by(1, 1, 0), get("").by(2, 2, 3), get("").by(2, 4, 5), get("a").by(2, 6, 7)}},
		{"an unknown put never shows up", yes, []Operation{put("a").by(1, 1, 0), get("").by(2, 2, 3), get("").by(2, 4, 5)}},
		{"an unknown put shows up and goes away again", no, []Operation{put("a").by(1, 1, 0), get("a").by(2, 2, 3), get("").by(2, 4, 5)}},
		{"an unknown put shows up before it was asked for", no, []Operation{get("a").by(2, 1, 2), put("a").by(1, 3, 0)}},
		{"an unknown delete explains an empty key", yes, []Operation{put("a").by(1, 1, 2), del().by(1, 3, 0), get("a").by(2, 4, 5), get("").by(2, 6, 7)}},
		{"an unknown cas explains a value", yes, []Operation{put("a").by(1, 1, 2), cas("a", "b", "", false).by(1, 3, 0), get("b").by(2, 4, 5)}},
		{"an unknown cas that could not hold", no, []Operation{put("a").by(1, 1, 2), cas("c", "b", "", false).by(1, 3, 0), get("b").by(2, 4, 5)}},
		{"an unknown put makes an unknown cas hold", yes, []Operation{put("a").by(1, 1, 0), cas("a", "b", "", false).by(2, 1, 0), get("b").by(3, 4, 5)}},
		{"an unknown put nobody saw under an append that was seen", yes, []Operation{put("a").by(1, 1, 0), add("b").by(2, 3, 4), get("ab").by(3, 5, 6)}},
		{"what appends built is not what an unknown put wrote", yes, []Operation{put("ab").by(1, 1, 0), add("a").by(2, 2, 3), add("b").by(2, 4, 5), get("ab").by(3, 6, 7), del().by(2, 8, 9), get("").by(3, 10, 11), get("ab").by(3, 12, 13)}},
		{"either of two unknown puts was seen first", yes, []Operation{put("a").by(1, 1, 0), put("a").by(2, 1, 0), get("a").by(3, 2, 3), del().by(3, 4, 5), get("").by(3, 6, 7), get("a").by(3, 8, 9)}},
		{"an unknown get", yes, []Operation{get("").by(1, 1, 0), put("a").by(2, 2, 3), get("a").by(2, 4, 5)}},
		{"an operation that does not exist", no, []Operation{{Op: 9, Key: "x", Call: 1, Return: 2}}},
		{"keys do not meet", yes, []Operation{put("a").on("x").by(1, 1, 2), get("").on("y").by(1, 3, 4), get("a").on("x").by(1, 5, 6)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := historyOf(c.ops...)
			require.Equal(t, c.want, LinearizableWith(h, nil, 0).Verdict)
			require.Equal(t, c.want, wholeByPorcupine(h), "porcupine alone")
			if len(c.ops) <= 5 {
				require.Equal(t, c.want == yes, explainable(h.Operations()), "every order tried")
			}
		})
	}
}

// wholeByPorcupine is porcupine without any help.
func wholeByPorcupine(h *History) Verdict {
	var w work
	for _, k := range splitKeys(h, func(int) uint64 { return 0 }) {
		if !w.run(&search{budget: 1 << 40}, k.items) {
			return VerdictNotLinearizable
		}
	}
	return VerdictLinearizable
}

// explainable tries every order of every key, the plainest way there is. It shares no code with what it checks.
func explainable(ops []Operation) bool {
	keys := map[string][]Operation{}
	for _, o := range ops {
		keys[o.Key] = append(keys[o.Key], o)
	}
	for _, ops := range keys {
		if !explainFrom("", ops) {
			return false
		}
	}
	return true
}

func explainFrom(value string, left []Operation) bool {
	if !slices.ContainsFunc(left, func(o Operation) bool { return !o.Unknown }) {
		return true
	}
	for i, o := range left {
		if slices.ContainsFunc(left, func(p Operation) bool { return !p.Unknown && p.Return < o.Call }) {
			continue
		}
		saw, after := kv.Result{}, value
		switch o.Op {
		case kv.Get:
			saw.Value = value
		case kv.Put:
			after = o.Value
		case kv.Append:
			after = value + o.Value
		case kv.Delete:
			after = ""
		case kv.CAS:
			saw.Value = value
			if value == o.Expect {
				saw.Swapped, after = true, o.Value
			}
		default:
			continue
		}
		if (o.Unknown || saw == o.Result) && explainFrom(after, slices.Delete(slices.Clone(left), i, i+1)) {
			return true
		}
	}
	return false
}

// plan says what random history to make.
type plan struct {
	clients, ops, keys int
	// values is how many different values are written; 0 makes each its own.
	values int
	// unknown and lies are percentages: of operations without a known outcome, and of results made up.
	unknown, lies int
	appends       bool
	// hurry makes operations overlap less the higher it is.
	pause int
}

// randomHistory plays clients against a store that is linearizable but for the plan's lies. The witness
// is the order in which the operations took effect.
func randomHistory(seed uint64, p plan) (h *History, witness []uint64) {
	src := rand.New(rand.NewPCG(seed*2654435761+1, 0))
	value := func() string {
		if p.values == 0 {
			return fmt.Sprint("v", src.IntN(1_000_000_000))
		}
		if n := src.IntN(p.values + 1); n > 0 {
			return string(rune('a' + n - 1))
		}
		return ""
	}
	type draft struct {
		Operation
		point time.Duration // 0: it never takes effect
	}
	ops := make([]draft, p.ops)
	free := make([]time.Duration, p.clients)
	written := []string{""}
	for i := range ops {
		client := i % p.clients
		o := &ops[i]
		*o = draft{Operation: Operation{Client: uint64(client + 1), Key: fmt.Sprint("k", src.IntN(p.keys))}}
		o.Call = free[client] + 1 + time.Duration(src.IntN(p.pause))
		o.Return = o.Call + time.Duration(src.IntN(10))
		o.point = o.Call + time.Duration(src.IntN(int(o.Return-o.Call)+1))
		free[client] = o.Return
		if src.IntN(100) < p.unknown {
			o.Unknown = true
			switch src.IntN(3) {
			case 0:
				o.point = 0
			case 1:
				o.point += time.Duration(src.IntN(40))
			}
		}
		switch n := src.IntN(100); {
		case n < 40:
			o.Op = kv.Get
		case n < 65:
			o.Op, o.Value = kv.Put, value()
		case n < 85:
			o.Op, o.Value = kv.CAS, value()
			o.Expect = written[max(0, len(written)-1-src.IntN(4))]
		case n < 95 && p.appends:
			o.Op, o.Value = kv.Append, value()
		default:
			o.Op = kv.Delete
		}
		if o.Value != "" {
			written = append(written, o.Value)
		}
	}
	order := make([]int, 0, len(ops))
	for i := range ops {
		if ops[i].point > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(ops[a].point, ops[b].point) })
	witness = make([]uint64, len(ops))
	store := map[string]string{}
	for place, i := range order {
		witness[i] = uint64(place + 1)
		o := &ops[i]
		before := store[o.Key]
		switch o.Op {
		case kv.Get:
			o.Result.Value = before
		case kv.Put:
			store[o.Key] = o.Value
		case kv.Append:
			store[o.Key] += o.Value
		case kv.Delete:
			store[o.Key] = ""
		case kv.CAS:
			o.Result.Value = before
			if before == o.Expect {
				o.Result.Swapped = true
				store[o.Key] = o.Value
			}
		}
	}
	plain := make([]Operation, len(ops))
	for i := range ops {
		plain[i] = ops[i].Operation
		if src.IntN(100) < p.lies {
			plain[i].Result.Value = written[src.IntN(len(written))]
			if plain[i].Op == kv.CAS && src.IntN(5) > 0 {
				plain[i].Result.Swapped = plain[i].Result.Value == plain[i].Expect
			}
		}
	}
	// Calls are recorded as they happen.
	at := make([]int, len(ops))
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(a, b int) int { return cmp.Compare(plain[a].Call, plain[b].Call) })
	sorted, places := make([]Operation, len(ops)), make([]uint64, len(ops))
	for to, from := range at {
		sorted[to], places[to] = plain[from], witness[from]
	}
	return historyOf(sorted...), places
}

// smallPlan varies all there is to vary in histories small enough to try every order.
func smallPlan(seed uint64) plan {
	return plan{
		clients: 2 + int(seed%3), ops: 3 + int(seed/3%5), keys: 1 + int(seed/15%2), values: int(seed / 30 % 3),
		unknown: int(seed / 90 % 3 * 25), lies: int(seed / 270 % 3 * 25), appends: seed/810%2 == 1, pause: 1 + int(seed/1620%3*6),
	}
}

// Every path must agree with trying every order: the search with all its preparations, porcupine alone,
// a true witness, a random one.
func TestEveryPathAgreesWithTryingEveryOrder(t *testing.T) {
	n := uint64(60_000)
	if testing.Short() {
		n = 10_000
	}
	verdicts := map[bool]int{}
	var searched, unknown, witnessed, misled, fitted int
	for seed := range n {
		h, truth := randomHistory(seed, smallPlan(seed))
		want := explainable(h.Operations())
		verdicts[want]++
		verdict := VerdictLinearizable
		if !want {
			verdict = VerdictNotLinearizable
		}
		out := LinearizableWith(h, nil, 0)
		require.Equal(t, verdict, out.Verdict, "seed %d", seed)
		require.Equal(t, verdict, LinearizableWith(h, truth, 0).Verdict, "seed %d: with a witness", seed)
		random := randomWitness(seed, len(truth))
		require.Equal(t, verdict, LinearizableWith(h, random, 0).Verdict, "seed %d: with a random witness", seed)
		if seed%10 == 0 {
			require.Equal(t, verdict, wholeByPorcupine(h), "seed %d: porcupine alone", seed)
		}
		if out.Steps > 0 {
			searched++
		}
		if _, lost := h.Len(); lost > 0 {
			unknown++
		}
		if passes(h, truth) {
			witnessed++
			require.True(t, want)
		}
		if passes(h, random) {
			misled++
			require.True(t, want, "seed %d: an order that passes is proof, whoever made it", seed)
		}
		if writes := withoutGets(h, truth); passes(h, truth) {
			fitted++
			require.True(t, passes(h, writes), "seed %d: there is room for every get", seed)
		} else if passes(h, writes) {
			require.True(t, want, "seed %d: gets that fit are proof", seed)
		}
		if passes(h, withoutGets(h, random)) {
			require.True(t, want, "seed %d: gets that fit are proof, whoever ordered the rest", seed)
		}
	}
	t.Logf("%d explainable, %d not; %d searched, %d with unknown outcomes, %d passed by witness, %d by a random one",
		verdicts[true], verdicts[false], searched, unknown, witnessed, misled)
	for what, count := range map[string]int{"explainable": verdicts[true], "not explainable": verdicts[false],
		"searched": searched, "with unknown outcomes": unknown, "passed by witness": witnessed,
		"passed by the order of its writes": fitted} {
		require.Greater(t, count, int(n/20), "few histories were %s", what)
	}
}

// passes says whether the witness explains every key.
func passes(h *History, witness []uint64) bool {
	var w work
	for _, k := range splitKeys(h, func(i int) uint64 { return witness[i] }) {
		if !w.witnessed(k.items) {
			return false
		}
	}
	return true
}

// withoutGets is a witness that places only what writes, as where gets do not go through the log.
func withoutGets(h *History, witness []uint64) []uint64 {
	writes := slices.Clone(witness)
	for i := range h.records {
		if h.records[i].Op == kv.Get {
			writes[i] = 0
		}
	}
	return writes
}

func randomWitness(seed uint64, n int) []uint64 {
	src := rand.New(rand.NewPCG(seed, 0))
	w := make([]uint64, n)
	for i := range w {
		w[i] = uint64(src.IntN(n + 1))
	}
	return w
}

// Larger histories, against porcupine alone, so that cuts and unknown outcomes of long ago matter.
func TestThePreparationsKeepPorcupinesVerdict(t *testing.T) {
	verdicts := map[Verdict]int{}
	for seed := range uint64(1500) {
		p := smallPlan(seed)
		p.ops, p.unknown, p.lies = 40, int(seed%3)*4, int(seed/3%2)*3
		h, _ := randomHistory(seed, p)
		want := wholeByPorcupine(h)
		verdicts[want]++
		require.Equal(t, want, LinearizableWith(h, nil, 0).Verdict, "seed %d", seed)
	}
	require.Greater(t, verdicts[VerdictLinearizable], 200)
	require.Greater(t, verdicts[VerdictNotLinearizable], 200)
}

func TestALyingWitnessNeverPassesABadHistory(t *testing.T) {
	stale := historyOf(put("a").by(1, 1, 2), put("b").by(1, 3, 4), get("a").by(2, 5, 6))
	for _, order := range [][]uint64{
		{1, 3, 2},          // explains the values, against time
		{1, 2, 3},          // fits the times, not the values
		{2, 1, 3},          // explains the values, against time
		{1, 0, 2},          // leaves an answered write out
		{1, 2, 0},          // leaves the read out
		{5, 5, 5}, nil, {}, // says nothing
	} {
		require.Equal(t, VerdictNotLinearizable, LinearizableWith(stale, order, 0).Verdict, "%v", order)
		for i, index := range order {
			stale.SetOrder(i, index)
		}
	}
	require.Equal(t, VerdictNotLinearizable, Linearizable(stale, 0).Verdict)
}

// The order of the writes saves the search, too, where gets did not go through the log.
func TestTheOrderOfTheWritesSavesTheSearch(t *testing.T) {
	h, witness := hard(true)
	for i, index := range withoutGets(h, witness) {
		if index != 0 {
			h.SetOrder(i, index)
		}
	}
	require.Zero(t, Linearizable(h, 1).Steps)

	ops := []Operation{put("a").by(1, 1, 2), put("b").by(1, 3, 10), get("b").by(2, 4, 5), get("a").by(2, 6, 7), get("a").by(3, 3, 9)}
	writes := []uint64{1, 2}
	require.False(t, passes(historyOf(ops...), append(writes, 0, 0, 0)), "what was read once is not unread")
	ops[3] = get("b").by(2, 6, 7)
	require.True(t, passes(historyOf(ops...), append(writes, 0, 0, 0)), "the third client's get goes before, though it is called first and returns last")
	ops[4] = get("a").by(3, 6, 9)
	require.False(t, passes(historyOf(ops...), append(writes, 0, 0, 0)), "it was called after another had seen the later value")
}

func TestAWitnessSavesTheSearch(t *testing.T) {
	h, witness := hard(true)
	searched := LinearizableWith(h, nil, 0)
	require.Equal(t, VerdictLinearizable, searched.Verdict)
	require.Positive(t, searched.Steps)
	for i, index := range witness {
		h.SetOrder(i, index)
	}
	out := Linearizable(h, 1)
	require.Equal(t, VerdictLinearizable, out.Verdict)
	require.Zero(t, out.Steps)

	touching := historyOf(put("a").by(1, 1, 1), get("").by(2, 1, 2), put("b").by(1, 2, 2))
	require.True(t, passes(touching, []uint64{2, 1, 3}), "times that touch are side by side")
	require.False(t, passes(touching, []uint64{2, 3, 1}))
}

func TestAWitnessOfSomeKeysHelpsThose(t *testing.T) {
	h := historyOf(put("a").on("x").by(1, 1, 2), put("b").on("y").by(1, 3, 4), get("c").on("y").by(1, 5, 6))
	h.SetOrder(0, 1)
	out := Linearizable(h, 0)
	require.Equal(t, VerdictNotLinearizable, out.Verdict)
	require.Equal(t, "y", out.Key)
}

// hard is a history whose appends all overlap and whose one read, after them, shows an order that is not the obvious one, so
// that the search has to try many. Unless sound, the read shows an order that cannot be.
func hard(sound bool) (*History, []uint64) {
	shown := []int{4, 1, 5, 0, 2, 3}
	ops := make([]Operation, len(shown))
	witness := make([]uint64, len(shown)+1)
	text := ""
	for place, i := range shown {
		ops[i] = add(fmt.Sprint(i)).by(uint64(i+1), 1, 100-time.Duration(i))
		witness[i] = uint64(place + 1)
		text += fmt.Sprint(i)
	}
	if !sound {
		text = strings.Repeat("4", len(shown))
	}
	witness[len(shown)] = uint64(len(shown) + 1)
	return historyOf(append(ops, get(text).by(20, 110, 120))...), witness
}

// A store refuses an append past the bound, and its client may never hear of it. The log has it all the same.
func TestARefusedAppendThatNobodyHeardOfHasNoPlaceInTheOrder(t *testing.T) {
	full := strings.Repeat("v", kv.MaxAppended)
	h := historyOf(put(full).by(1, 1, 2), add("w").by(2, 3, 0), get(full).by(1, 5, 6))
	require.True(t, passes(h, []uint64{1, 2, 0}))
	h = historyOf(put(full[1:]).by(1, 1, 2), add("w").by(2, 3, 0), get(full[1:]).by(1, 5, 6))
	require.False(t, passes(h, []uint64{1, 2, 3}), "one that fits was not refused")
}

func TestABudgetTooSmallIsInconclusive(t *testing.T) {
	h, _ := hard(false)
	enough := LinearizableWith(h, nil, 0)
	require.Equal(t, VerdictNotLinearizable, enough.Verdict)
	require.Greater(t, enough.Steps, 20)
	for budget := 1; budget < enough.Steps; budget += 1 + enough.Steps/50 {
		out := LinearizableWith(h, nil, budget)
		require.Equal(t, VerdictInconclusive, out.Verdict, "budget %d", budget)
		require.Equal(t, budget, out.Steps, "the budget is spent, and no more")
		require.Equal(t, "x", out.Key)
	}
	require.Equal(t, enough.Steps, LinearizableWith(h, nil, enough.Steps).Steps)
	require.Equal(t, VerdictNotLinearizable, LinearizableWith(h, nil, enough.Steps).Verdict)

	sound, _ := hard(true)
	need := LinearizableWith(sound, nil, 0)
	require.Equal(t, VerdictLinearizable, LinearizableWith(sound, nil, need.Steps).Verdict)
	require.Equal(t, VerdictInconclusive, LinearizableWith(sound, nil, need.Steps-1).Verdict)
}

func TestTheBudgetIsForAllSegmentsOfAKey(t *testing.T) {
	one, _ := hard(true)
	need := LinearizableWith(one, nil, 0).Steps
	ops := append(one.Operations(), del().by(1, 200, 201))
	for _, o := range one.Operations() {
		ops = append(ops, o.by(o.Client, o.Call+300, o.Return+300))
	}
	twice := historyOf(ops...)
	require.Equal(t, Outcome{Verdict: VerdictLinearizable, Tier: TierSearch, Steps: 2 * need}, LinearizableWith(twice, nil, 2*need))
	require.Equal(t, VerdictInconclusive, LinearizableWith(twice, nil, 2*need-1).Verdict)
}

func TestEveryKeyHasTheBudgetToItself(t *testing.T) {
	one, _ := hard(true)
	need := LinearizableWith(one, nil, 0).Steps
	var ops []Operation
	for _, key := range []string{"b", "a", "c"} {
		for _, o := range one.Operations() {
			ops = append(ops, o.on(key))
		}
	}
	out := LinearizableWith(historyOf(ops...), nil, need)
	require.Equal(t, VerdictLinearizable, out.Verdict)
	require.Equal(t, 3*need, out.Steps)

	out = LinearizableWith(historyOf(ops...), nil, need-1)
	require.Equal(t, VerdictInconclusive, out.Verdict)
	require.Equal(t, "a", out.Key, "keys are checked in order")

	ops = append(ops, get("thin air").on("d").by(1, 2000, 2001))
	out = LinearizableWith(historyOf(ops...), nil, need-1)
	require.Equal(t, VerdictNotLinearizable, out.Verdict, "a violation elsewhere outweighs a budget that was spent")
	require.Equal(t, "d", out.Key)
}

func TestTheOutcomeIsReproducible(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for seed := range uint64(30) {
		h, _ := randomHistory(seed, plan{clients: 6, ops: 300, keys: 3, values: 3, unknown: 3, lies: int(seed % 2), appends: true, pause: 3})
		runtime.GOMAXPROCS(2)
		want := LinearizableWith(h, nil, 20_000)
		for _, procs := range []int{1, 2} {
			runtime.GOMAXPROCS(procs)
			require.Equal(t, want, LinearizableWith(h, nil, 20_000), "seed %d", seed)
		}
	}
}

func TestTheOutcomeSaysWhereItLooked(t *testing.T) {
	h := historyOf(put("a").by(1, 10, 20), put("b").by(1, 30, 40), get("a").by(2, 50, 60), get("b").by(2, 70, 80))
	out := Linearizable(h, 0)
	require.Equal(t, `key "x": no order explains what clients saw in 1 operation from 50ns to 60ns`, out.String())
	require.Equal(t, 1, out.Operations)
	require.Equal(t, time.Duration(50), out.From)
	require.Equal(t, time.Duration(60), out.To)
}

func TestThePictureShowsTheKeyAndWhatCameBefore(t *testing.T) {
	h := historyOf(
		put("a").by(900, 10, 20), put("another key").on("w").by(900, 21, 22), put("b").by(900, 30, 40),
		put("c").by(7, 41, 0), get("a").by(1<<60, 50, 60), get("c").by(7, 70, 80))
	out := Linearizable(h, 0)
	require.Equal(t, VerdictNotLinearizable, out.Verdict)
	var page bytes.Buffer
	require.NoError(t, out.WritePicture(&page))
	for _, want := range []string{`put \"b\"`, `put \"c\" → ?`, `get → \"a\"`, "client 1152921504606846976, 50ns to 60ns", "client 7, from 41ns, no answer", "not linearizable"} {
		require.Contains(t, page.String(), want)
	}
	require.NotContains(t, page.String(), `another key`)
	require.Regexp(t, `"ClientId":3,[^{}]*put \\"c\\" → \?`, page.String(), "an unknown outcome has a row of its own, after those of the three clients")
	require.NotRegexp(t, `"ClientId":[4-9]`, page.String(), "rows are counted, not named")

	require.Error(t, Outcome{Verdict: VerdictLinearizable}.WritePicture(&page))
}

// The page puts states into its markup as they are.
func TestAValueIsNoMarkupInThePicture(t *testing.T) {
	h := historyOf(put("<img src=x onerror=alert(1)>").by(1, 1, 2), get("<b>").by(1, 3, 4))
	var page bytes.Buffer
	require.NoError(t, Linearizable(h, 0).WritePicture(&page))
	states := regexp.MustCompile(`"StateDescription":"[^}]*`).FindAllString(page.String(), -1)
	require.NotEmpty(t, states)
	for _, s := range states {
		require.NotContains(t, s, `\u003c`)
		require.NotContains(t, s, "<")
	}
}

func TestThePictureOfAnythingCanBeDrawn(t *testing.T) {
	drawn := 0
	for seed := range uint64(3000) {
		h, _ := randomHistory(seed, smallPlan(seed))
		if out := LinearizableWith(h, nil, 0); out.Verdict != VerdictLinearizable {
			require.NoError(t, out.WritePicture(&bytes.Buffer{}))
			drawn++
		}
	}
	require.Greater(t, drawn, 100)
	h, _ := hard(false)
	out := LinearizableWith(h, nil, 30)
	require.Equal(t, VerdictInconclusive, out.Verdict)
	require.NoError(t, out.WritePicture(&bytes.Buffer{}))
}

// The model of one key and the store must be the same thing.
func TestTheModelIsTheStore(t *testing.T) {
	src := rand.New(rand.NewPCG(4, 0))
	store, value := kv.NewStore(), ""
	texts := []string{"", "a", "b", "ab"}
	for i := range 20_000 {
		r := kv.Request{Session: 1, Seq: uint64(i + 1), Op: kv.Op(1 + src.IntN(5)), Key: "x"}
		if r.Op == kv.Put || r.Op == kv.Append || r.Op == kv.CAS {
			r.Value = texts[src.IntN(len(texts))]
		}
		if r.Op == kv.CAS {
			r.Expect = texts[src.IntN(len(texts))]
		}
		if len(value) > 20 {
			r = kv.Request{Session: 1, Seq: uint64(i + 1), Op: kv.Delete, Key: "x"}
		}
		took, err := store.Apply(raft.Index(i+1), kv.Encode(nil, &r, 0))
		require.NoError(t, err)
		op := Operation{Op: r.Op, Value: r.Value, Expect: r.Expect, Result: took.Result}
		after, ok := op.apply(value)
		require.True(t, ok)
		ok, state := modelStep(any(value), ptr(newInput(&item{op: &op})))
		require.True(t, ok)
		require.Equal(t, after, state)

		if op.Op == kv.Get || op.Op == kv.CAS {
			op.Result.Value += "!"
			_, ok = op.apply(value)
			require.False(t, ok, "a result that the store did not give")
			ok, _ = modelStep(any(value), ptr(newInput(&item{op: &op})))
			require.False(t, ok)
		}
		value = after
	}
}

func TestUnknownOutcomesThatNobodyNoticedAreLeftOut(t *testing.T) {
	settled := func(ops ...Operation) []item {
		return settleUnknown(splitKeys(historyOf(ops...), func(int) uint64 { return 0 })[0].items)
	}
	require.Len(t, settled(get("").by(1, 1, 0), put("a").by(1, 2, 0), del().by(1, 3, 0), put("b").by(2, 5, 6)), 1)
	seen := settled(put("a").by(1, 1, 0), get("a").by(2, 2, 9), get("a").by(2, 3, 5))
	require.Len(t, seen, 3)
	require.Equal(t, time.Duration(5), seen[0].ret, "it took effect before the first that saw it returned")
	twice := settled(put("a").by(1, 1, 0), put("a").by(1, 2, 0), get("a").by(2, 3, 9))
	require.Equal(t, forever, twice[0].ret, "either may have been seen")
	built := settled(put("a").by(1, 1, 0), add("b").by(1, 2, 0), add("c").by(1, 3, 0), get("ab").by(2, 4, 9))
	require.Len(t, built, 3)
	require.Equal(t, forever, built[0].ret)
}

func TestCutsAreWhereTheValueIsKnown(t *testing.T) {
	cuts := func(ops ...Operation) (out []string) {
		for _, s := range cut(splitKeys(historyOf(ops...), func(int) uint64 { return 0 })[0].items) {
			out = append(out, fmt.Sprintf("%s:%d", s.start, len(s.items)))
		}
		return out
	}
	require.Equal(t, []string{":1", "a:1", "a:2"}, cuts(put("a").by(1, 1, 2), get("a").by(1, 3, 4), put("b").by(1, 5, 6), put("c").by(2, 6, 7)),
		"writes that overlap leave one of two values")
	require.Equal(t, []string{":3", "c:1"}, cuts(put("b").by(1, 5, 6), put("c").by(2, 6, 7), get("c").by(1, 8, 9), get("c").by(1, 10, 11)),
		"a read after them tells which")
	require.Equal(t, []string{":3", "c:1"}, cuts(put("b").by(1, 1, 4), put("d").by(2, 1, 4), put("c").by(1, 5, 6), get("c").by(1, 7, 8)),
		"a write after them settles it")
	require.Equal(t, []string{":1", "a:1", "ab:1"}, cuts(add("a").by(1, 1, 2), add("b").by(1, 3, 4), get("ab").by(1, 5, 6)),
		"an append builds on what is known")
	require.Equal(t, []string{":3", "c:1"}, cuts(put("a").by(1, 1, 9), put("c").by(2, 10, 12), get("a").by(3, 8, 11), get("c").by(1, 20, 21)),
		"a read across both writes keeps them together")
}

func ptr[T any](v T) *T { return &v }

func BenchmarkLinearizable(b *testing.B) {
	busy := plan{clients: 4, ops: 4000, keys: 8, pause: 10}
	faults := busy
	faults.unknown = 3
	shared := faults
	shared.values, shared.unknown = 5, 0
	appends := busy
	appends.appends = true
	for _, c := range []struct {
		name string
		plan plan
	}{{"answered", busy}, {"unknown", faults}, {"few-values", shared}, {"appends", appends}} {
		h, witness := randomHistory(1, c.plan)
		b.Run(c.name+"/witness", func(b *testing.B) { benchmarkCheck(b, h, witness) })
		b.Run(c.name+"/search", func(b *testing.B) { benchmarkCheck(b, h, nil) })
	}
	h, _ := randomHistory(1, busy)
	b.Run("answered/porcupine", func(b *testing.B) {
		for b.Loop() {
			require.Equal(b, VerdictLinearizable, wholeByPorcupine(h))
		}
	})
}

func benchmarkCheck(b *testing.B, h *History, witness []uint64) {
	b.ReportAllocs()
	steps := 0
	for b.Loop() {
		out := LinearizableWith(h, witness, 0)
		if out.Verdict != VerdictLinearizable {
			b.Fatal(out)
		}
		steps = out.Steps
	}
	b.ReportMetric(float64(steps), "steps")
}
