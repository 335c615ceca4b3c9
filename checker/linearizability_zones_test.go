package checker

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft/kv"
)

// The seeds of TestTheTiersAgreeWithPorcupine are 0 up to this. A million takes some minutes:
//
//	go test ./checker -run TestTheTiersAgreeWithPorcupine -histories 1000000 -timeout 1h
var histories = flag.Uint64("histories", 30_000, "how many random histories to compare the tiers on")

// tierHistory is a small history of any kind: legal or not, with pending operations or not, most of them uniquely written.
func tierHistory(seed uint64) (h *History, witness []uint64) {
	src := rand.New(rand.NewPCG(seed, 7))
	p := plan{
		clients: 2 + src.IntN(4), ops: 3 + src.IntN(10), keys: 1, unknown: src.IntN(3) * 20, lies: src.IntN(3) * 10, pause: 1 + src.IntN(3)*4,
	}
	switch src.IntN(8) {
	case 0:
		p.values = 1 + src.IntN(3)
	case 1:
		p.values, p.appends = 2, true
	case 2:
		p.keys = 2
	}
	h, witness = randomHistory(seed, p)
	if src.IntN(3) > 0 {
		return h, witness
	}
	ops := h.Operations()
	for n := 1 + src.IntN(3); n > 0; n-- { // a clock that went wrong
		o, by := &ops[src.IntN(len(ops))], time.Duration(src.IntN(31)-15)
		o.Call, o.Return = o.Call+by, o.Return+by
	}
	return historyOf(ops...), witness
}

// once says whether each value has at most one writer, and nobody ever deletes or appends. On such a key the zone check must not pass.
func once(items []item) bool {
	writers := map[string]int{"": 1}
	for _, it := range items {
		switch it.op.Op {
		case kv.Put, kv.CAS:
			writers[it.op.Value]++
		case kv.Delete:
			writers[""]++
		case kv.Append:
			return false
		}
	}
	for _, n := range writers {
		if n > 1 {
			return false
		}
	}
	return true
}

// Each tier by itself, and all together, must agree with porcupine.
func TestTheTiersAgreeWithPorcupine(t *testing.T) {
	n := *histories
	if testing.Short() {
		n = min(n, 5000)
	}
	count := map[string]int{}
	var w, alone work
	for seed := range n {
		h, truth := tierHistory(seed)
		random := randomWitness(seed, len(truth))
		want := VerdictLinearizable
		for _, k := range splitKeys(h, func(int) uint64 { return 0 }) {
			legal := alone.run(&search{budget: 1 << 40}, k.items)
			if !legal {
				want = VerdictNotLinearizable
			}
			found := w.zones.check(k.items, "")
			switch found {
			case explained:
				count["keys explained by zones"]++
				require.True(t, legal, "seed %d, key %s: porcupine finds no order", seed, k.name)
			case violated:
				count["keys violated by zones"]++
				require.False(t, legal, "seed %d, key %s: porcupine finds an order", seed, k.name)
				require.False(t, alone.run(&search{budget: 1 << 40}, w.zones.conflict.items), "seed %d, key %s: the conflict can be explained", seed, k.name)
			case passed:
				count["keys passed by zones"]++
				require.False(t, once(k.items), "seed %d, key %s: every value has one writer", seed, k.name)
			}
		}
		count[want.String()]++
		if _, unknown := h.Len(); unknown > 0 {
			count["pending"]++
		}
		for name, order := range map[string][]uint64{"true": truth, "random": random} {
			if passes(h, order) {
				count[name+" witness"]++
				require.Equal(t, VerdictLinearizable, want, "seed %d: a %s witness", seed, name)
			}
			require.Equal(t, want, LinearizableWith(h, order, 0).Verdict, "seed %d: helped by a %s witness", seed, name)
		}
		out := LinearizableWith(h, nil, 0)
		require.Equal(t, want, out.Verdict, "seed %d: %v", seed, out)
		count["by "+out.Tier.String()]++
	}
	t.Log(count)
	for _, kind := range []string{"linearizable", "not linearizable", "pending", "keys explained by zones", "keys violated by zones",
		"keys passed by zones", "true witness", "by zones", "by search"} {
		require.Greater(t, count[kind], int(n/50), "few histories were %s", kind)
	}
}

func TestZonesDecideWhatIsUniquelyWritten(t *testing.T) {
	for _, c := range []struct {
		name string
		want finding
		// of is how many operations the conflict has.
		of  int
		ops []Operation
	}{
		{"nothing", explained, 0, nil},
		{"a value that nobody wrote", violated, 1, []Operation{get("a").by(1, 1, 2)}},
		{"a cas that saw what nobody wrote", violated, 1, []Operation{cas("b", "c", "a", false).by(1, 1, 2)}},
		{"a read before the write", violated, 2, []Operation{get("a").by(1, 1, 2), put("a").by(2, 3, 4)}},
		{"a read as the write begins", explained, 0, []Operation{get("a").by(1, 1, 3), put("a").by(2, 3, 4)}},
		{"two values, each seen before the other", violated, 6, []Operation{put("a").by(1, 1, 9), put("b").by(2, 1, 9), get("a").by(3, 2, 3), get("b").by(4, 2, 3), get("a").by(3, 4, 5), get("b").by(4, 4, 5)}},
		{"a value within the time of another", violated, 3, []Operation{put("a").by(1, 1, 2), put("b").by(2, 3, 4), get("a").by(1, 5, 6)}},
		{"a value within the time of another, but for a moment", explained, 0, []Operation{put("a").by(1, 1, 2), put("b").by(2, 2, 5), get("a").by(1, 5, 6)}},
		{"nothing, after something", violated, 2, []Operation{put("a").by(1, 1, 2), get("").by(1, 3, 4)}},
		{"nothing, beside something", explained, 0, []Operation{put("a").by(1, 1, 3), get("").by(1, 3, 4)}},
		{"one value swapped twice", violated, 3, []Operation{put("a").by(1, 1, 2), cas("a", "b", "a", true).by(1, 3, 6), cas("a", "c", "a", true).by(2, 3, 6)}},
		{"nothing swapped twice", violated, 2, []Operation{cas("", "b", "", true).by(1, 3, 6), cas("", "c", "", true).by(2, 3, 6)}},
		{"a write between a value and its swap", violated, 3, []Operation{put("a").by(1, 1, 2), put("b").by(2, 3, 4), cas("a", "c", "a", true).by(1, 5, 6)}},
		{"a write between two swaps", violated, 5, []Operation{
			put("a").by(1, 1, 2), cas("a", "b", "a", true).by(1, 3, 4), put("x").by(2, 5, 6), cas("b", "c", "b", true).by(1, 7, 8), get("c").by(1, 9, 10)}},
		{"a swap before what it swaps", violated, 2, []Operation{cas("a", "b", "a", true).by(1, 1, 2), put("a").by(1, 3, 4)}},
		{"a read after the swap", violated, 3, []Operation{put("a").by(1, 1, 2), cas("a", "b", "a", true).by(1, 3, 4), get("a").by(1, 5, 6)}},
		{"swaps in a circle", violated, 2, []Operation{cas("a", "b", "a", true).by(1, 1, 9), cas("b", "a", "b", true).by(2, 1, 9)}},
		{"pending swaps in a circle that somebody saw", violated, 2, []Operation{cas("a", "b", "", false).by(1, 1, 0), cas("b", "a", "", false).by(2, 1, 0), get("a").by(3, 4, 5)}},
		{"pending swaps in a circle that nobody saw", explained, 0, []Operation{cas("a", "b", "", false).by(1, 1, 0), cas("b", "a", "", false).by(2, 1, 0), get("").by(3, 4, 5)}},
		{"a pending swap that was seen, of a value within another", violated, 5, []Operation{
			put("a").by(1, 1, 2), cas("a", "c", "", false).by(3, 1, 0), put("b").by(2, 3, 4), get("c").by(1, 5, 6), get("c").by(1, 7, 8), get("b").by(2, 9, 10)}},
		{"a pending put seen by a pending swap that was seen", explained, 0, []Operation{put("a").by(1, 1, 0), cas("a", "b", "", false).by(2, 1, 0), get("b").by(3, 4, 5)}},
		{"a pending put nobody saw", explained, 0, []Operation{put("a").by(1, 1, 0), get("").by(2, 4, 5)}},
		{"a pending put, away again", violated, 3, []Operation{put("a").by(1, 1, 0), get("a").by(2, 2, 3), get("").by(2, 4, 5)}},
		{"a swap of a value for itself is a read", explained, 0, []Operation{put("a").by(1, 1, 2), cas("a", "a", "a", true).by(1, 3, 4), cas("a", "a", "a", true).by(1, 5, 6)}},
		{"a pending swap of a value for itself", explained, 0, []Operation{put("a").by(1, 1, 2), cas("a", "a", "", false).by(2, 1, 0), get("a").by(1, 3, 4)}},
		{"a chain within the time of a value, which swaps what was called last", violated, 4, []Operation{
			put("x").by(1, 1, 2), cas("a", "b", "a", true).by(2, 2, 6), put("a").by(3, 4, 20), get("x").by(1, 9, 10)}},
		{"a swap that cannot be", violated, 1, []Operation{put("a").by(1, 1, 2), cas("a", "b", "a", false).by(1, 3, 4)}},
		{"an operation that does not exist", violated, 1, []Operation{Operation{Op: 9}.by(1, 1, 2)}},
		{"one that does not exist, and had no answer", explained, 0, []Operation{Operation{Op: 9}.by(1, 1, 0)}},
		{"deletes nobody saw", explained, 0, []Operation{get("").by(1, 1, 2), del().by(1, 3, 4), put("a").by(1, 5, 6), put("").by(1, 7, 8)}},
		{"a key seen deleted", passed, 0, []Operation{put("a").by(1, 1, 2), del().by(1, 3, 4), get("").by(1, 5, 6)}},
		{"a violation beside deletes", violated, 3, []Operation{del().by(1, 1, 2), get("").by(1, 3, 4), put("a").by(1, 5, 6), put("b").by(1, 7, 8), get("a").by(1, 9, 10)}},
		{"a deleted value comes back", violated, 3, []Operation{put("a").by(1, 1, 2), put("").by(1, 3, 4), get("a").by(2, 5, 6)}},
		{"a value written twice", passed, 0, []Operation{put("a").by(1, 1, 2), put("a").by(2, 3, 4), get("a").by(1, 5, 6)}},
		{"a value written twice that nobody saw", explained, 0, []Operation{put("a").by(1, 1, 2), put("a").by(2, 3, 4), get("").by(1, 1, 1)}},
		{"appends", passed, 0, []Operation{add("a").by(1, 1, 2), get("b").by(1, 3, 4)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var items []item
			if len(c.ops) > 0 {
				items = splitKeys(historyOf(c.ops...), func(int) uint64 { return 0 })[0].items
			}
			var z zoneCheck
			require.Equal(t, c.want, z.check(items, ""))
			require.Len(t, z.conflict.items, c.of)
			if c.want != passed {
				require.Equal(t, c.want == explained, explainable(historyOf(c.ops...).Operations()), "every order tried")
			}
		})
	}
}

// crowd are clients who call again as soon as they have an answer, on one store.
func crowd(seed uint64, clients, ops, keys int) *History {
	src := rand.New(rand.NewPCG(seed, 1))
	type running struct {
		o    Operation
		done bool
	}
	h := &History{}
	store := map[string]string{}
	handles, now := make([]int, clients), make([]running, clients)
	values := 0
	for i := range clients + ops {
		c := src.IntN(clients)
		at := time.Duration(i) * time.Microsecond
		r := &now[c]
		if r.o.Op != 0 {
			h.Return(handles[c], take(store, &r.o), at)
		}
		if i >= ops {
			r.o.Op = 0
			continue
		}
		r.o = Operation{Client: uint64(c), Key: fmt.Sprint("k", src.IntN(keys)), Op: kv.Get}
		switch n := src.IntN(100); {
		case n < 30:
			values++
			r.o.Op, r.o.Value = kv.Put, fmt.Sprint("v", values)
		case n < 50:
			values++
			r.o.Op, r.o.Value, r.o.Expect = kv.CAS, fmt.Sprint("v", values), store[r.o.Key]
		}
		handles[c] = h.Call(uint64(c), &kv.Request{Op: r.o.Op, Key: r.o.Key, Value: r.o.Value, Expect: r.o.Expect}, at+1)
		r.done = src.IntN(2) == 0
		if r.done { // it takes effect at its call, else as it returns
			r.o.Result = effect(store, &r.o)
			r.o.Unknown = true
		}
	}
	return h
}

// take is the answer to an operation that may have taken effect already, which Unknown says here.
func take(store map[string]string, o *Operation) kv.Result {
	if o.Unknown {
		return o.Result
	}
	return effect(store, o)
}

func effect(store map[string]string, o *Operation) (seen kv.Result) {
	seen.Value = store[o.Key]
	switch {
	case o.Op == kv.Put:
		store[o.Key] = o.Value
	case o.Op == kv.CAS && seen.Value == o.Expect:
		seen.Swapped = true
		store[o.Key] = o.Value
	}
	return seen
}

// stale makes one read of a crowd, three quarters through its history, one of a value from long before.
func stale(h *History) {
	n := len(h.records) * 3 / 4
	for ; h.records[n].Op != kv.Get || h.records[n].Unknown; n++ {
	}
	for i := n / 2; ; i++ {
		if r := &h.records[i]; r.Op == kv.Put && !r.Unknown && r.Key == h.records[n].Key {
			h.records[n].Result.Value = r.Value
			return
		}
	}
}

func TestACrowdIsDecidedByZones(t *testing.T) {
	for _, clients := range []int{1, 2, 10, 50} {
		h := crowd(1, clients, 5000, 1)
		out := LinearizableWith(h, nil, 1)
		require.Equal(t, Outcome{Verdict: VerdictLinearizable, Tier: TierZones}, out)
		stale(h)
		out = LinearizableWith(h, nil, 1)
		require.Equal(t, VerdictNotLinearizable, out.Verdict)
		require.Equal(t, TierZones, out.Tier)
		require.LessOrEqual(t, out.Operations, 4+2*longest)
		require.Less(t, out.Steps, 1000)
		var page bytes.Buffer
		require.NoError(t, out.WritePicture(&page))
		require.Less(t, page.Len(), 200_000)
	}
}

// A chain of swaps is one piece, however long, and what is shown of it is short.
func TestALongChainIsShownByItsEnds(t *testing.T) {
	for _, fromStart := range []bool{false, true} {
		ops := []Operation{put("v0").by(1, 1, 2)}
		if fromStart {
			ops[0] = cas("", "v0", "", true).by(1, 1, 2)
		}
		for i := 1; i < 2000; i++ {
			at := time.Duration(10 * i)
			ops = append(ops, cas(fmt.Sprint("v", i-1), fmt.Sprint("v", i), fmt.Sprint("v", i-1), true).by(1, at, at+12))
		}
		require.Equal(t, VerdictLinearizable, Linearizable(historyOf(ops...), 1).Verdict)
		// What stands for the chain is one: it is only where the rest is that cannot be.
		check := func(ops []Operation) (c []item) {
			var z zoneCheck
			require.Equal(t, violated, z.check(splitKeys(historyOf(ops...), func(int) uint64 { return 0 })[0].items, ""))
			return z.conflict.items
		}
		anyTime := check(append(slices.Clone(ops), put("between").by(2, 1001, 1100), get("between").by(2, 1101, 1102)))
		for i := range anyTime {
			anyTime[i].call, anyTime[i].ret = 0, forever
		}
		require.LessOrEqual(t, len(anyTime), 5)
		var w work
		require.True(t, w.run(&search{budget: 1000}, anyTime))

		ops = append(ops, put("between").by(2, 1001, 1100), get("v1999").by(1, 30_000, 30_001))
		out := Linearizable(historyOf(ops...), 1)
		require.Equal(t, VerdictNotLinearizable, out.Verdict)
		require.Equal(t, TierZones, out.Tier)
		require.LessOrEqual(t, out.Operations, 5)
		var page bytes.Buffer
		require.NoError(t, out.WritePicture(&page))
		require.Contains(t, page.String(), "swaps that followed each other, all of which stand here as one")
	}
}

// Whatever the zone check says, porcupine has the last word; and if the two do not agree, nobody is told a verdict.
func TestADisagreementIsAFaultOfTheChecker(t *testing.T) {
	h := historyOf(put("a").by(1, 1, 2), put("b").by(2, 3, 4), get("a").by(1, 5, 6))
	w := work{doubt: true}
	out := w.key(splitKeys(h, func(int) uint64 { return 0 })[0].items, 1)
	require.Equal(t, VerdictInconclusive, out.Verdict)
	require.Contains(t, out.String(), "fault of the checker: the zone check found a violation, and porcupine finds an order that explains it, in 1 operation from 5ns to 6ns; please report this with the history")
	require.NoError(t, out.WritePicture(&bytes.Buffer{}))
}

func TestTheOutcomeSaysWhichTierDecided(t *testing.T) {
	sound, bad := hardOps(true), hardOps(false)
	require.Equal(t, TierWitness, Linearizable(&History{}, 0).Tier)
	require.Equal(t, TierZones, Linearizable(historyOf(put("a").by(1, 1, 2)), 0).Tier)
	require.Equal(t, TierZones, Linearizable(historyOf(get("a").by(1, 1, 2)), 0).Tier)
	require.Equal(t, TierSearch, Linearizable(historyOf(sound...), 0).Tier)
	require.Equal(t, TierSearch, Linearizable(historyOf(bad...), 0).Tier)
	require.Equal(t, TierSearch, Linearizable(historyOf(bad...), 1).Tier, "the one that gave up")
	mixed := append(sound, put("a").on("z").by(1, 1, 2))
	require.Equal(t, TierSearch, Linearizable(historyOf(mixed...), 0).Tier, "the dearest of all keys")
	require.Equal(t, "witness zones search tier?", fmt.Sprint(TierWitness, TierZones, TierSearch, Tier(0)))
}

func hardOps(sound bool) []Operation {
	h, _ := hard(sound)
	return h.Operations()
}

func TestZonesDoNotDependOnTheProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	h := crowd(3, 20, 3000, 3)
	stale(h)
	runtime.GOMAXPROCS(2)
	want := LinearizableWith(h, nil, 0)
	runtime.GOMAXPROCS(1)
	require.Equal(t, want, LinearizableWith(h, nil, 0))
}

// What a broken process reports: values nobody wrote, times in no order, negative ones, operations that do not exist.
func brokenHistory(data []byte) *History {
	times := []time.Duration{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, 2, 3, 5, 8, 13, math.MaxInt64 - 1, math.MaxInt64}
	texts := []string{"", "a", "b", "c", "d", "ab", "\xff", "thin air"}
	h := &History{}
	for ; len(data) >= 8 && len(h.records) < 7; data = data[8:] {
		bits := binary.LittleEndian.Uint64(data)
		draw := func(n int) int {
			v := int(bits % uint64(n))
			bits /= uint64(n)
			return v
		}
		r := kv.Request{Op: kv.Op(draw(7)), Key: texts[draw(2)], Value: texts[draw(len(texts))], Expect: texts[draw(len(texts))]}
		handle := h.Call(uint64(draw(3)), &r, times[draw(len(times))])
		switch draw(5) {
		case 0:
			h.Lost(handle)
		default:
			h.Return(handle, kv.Result{Value: texts[draw(len(texts))], Swapped: draw(2) == 0}, times[draw(len(times))])
		}
		h.SetOrder(handle, uint64(draw(5)))
	}
	return h
}

func FuzzLinearizable(f *testing.F) {
	src := rand.New(rand.NewPCG(5, 0))
	for range 20 {
		data := make([]byte, 8*(1+src.IntN(7)))
		for i := range data {
			data[i] = byte(src.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h := brokenHistory(data)
		out := Linearizable(h, 0)
		require.Equal(t, explainable(h.Operations()), out.Verdict == VerdictLinearizable, "%v of %+v", out, h.Operations())
		require.NotEqual(t, VerdictInconclusive, out.Verdict)
		require.NotEmpty(t, out.String())
		if out.Verdict != VerdictLinearizable {
			require.NoError(t, out.WritePicture(&bytes.Buffer{}))
		}
	})
}

func TestNoHistoryIsTooBrokenToCheck(t *testing.T) {
	src := rand.New(rand.NewPCG(6, 0))
	verdicts := map[Verdict]int{}
	for range 20_000 {
		data := make([]byte, 8*(1+src.IntN(7)))
		for i := range data {
			data[i] = byte(src.Uint32())
		}
		h := brokenHistory(data)
		out := Linearizable(h, 0)
		require.Equal(t, explainable(h.Operations()), out.Verdict == VerdictLinearizable, "%v of %+v", out, h.Operations())
		verdicts[out.Verdict]++
	}
	require.Greater(t, verdicts[VerdictLinearizable], 500)
	require.Zero(t, verdicts[VerdictInconclusive])
}
