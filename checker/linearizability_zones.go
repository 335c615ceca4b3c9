package checker

import (
	"math"
	"slices"
	"sort"
	"time"

	"raftsim/raft/kv"
)

// The zone check decides in O(n log n) whether operations on one key are linearizable, where it is known which write each
// of them saw. It follows Gibbons and Korach (Testing Shared Memories, SIAM Journal on Computing 26(4), 1997, section 4), whose
// clusters are here chains, so that a cas that swaps is one operation and not a read and a write.
//
// # What it is about
//
// A put, a delete (which writes "") and a cas that swapped write; a get and every answered cas read; the value at the start is
// as if written before everything. A cas that did not swap, or put what was there, is a get. A value is uniquely
// written when everybody who saw it must have seen the same write: when it has one writer; when nobody saw it; or when
// it is the value at the start and all who saw it had returned before the first who writes it again was called. Of a
// value that is not, all writers and readers are left out; what they read or write besides stays. An operation without
// a known outcome counts when its value has no other writer and somebody saw it, who either had an
// answer or, being a cas, counts for the same reason: then it took effect, and if it is a cas then it swapped. It
// has no return. All others are left out. With an append no value is what one operation wrote: the check passes.
//
// # Chains
//
// A cas that swapped directly follows the write that it saw and the reads of it. So a write that is no cas, or the start,
// begins a chain: the write, its reads, the cas that took its value away, the reads of that, and so on. Whatever explains the
// operations has each chain in one piece, for between a write and those that saw it, or swapped it, is no other
// write; and has it in this order, but for reads of one value among each other. Hence it is a violation
//   - if a value was seen that nobody wrote (thin air), or that was swapped away twice: it was written once;
//   - if writers saw each other's values in a circle, so that none can have been the first;
//   - if in a chain an operation returned before one of an earlier place was called.
//
// Without any of these each chain can be put in order, and what remains is to order the chains. Let f(A) be the first return of a
// chain's operations and s(A) the last call. A must come before B, A → B, exactly when one of A's returned before one
// of B's was called: f(A) < s(B). The chain of the start comes before all. Any order of the chains that obeys → gives one of the
// operations that obeys real time, and the other way round; so the operations are linearizable exactly when → has
// no circle.
//
// A circle of → has one of two chains. Of A → B and C → D follows A → D or C → B, by whether s(B) <= s(D). Take the shortest
// circle A1 → A2 → … → An → A1 and suppose n > 2. From A1 → A2 and A3 → A4 (which is A1 if n is 3) follows A3 → A2, which with A2 → A3
// is a circle of two; or A1 → A4, which makes a shorter circle unless n is 3. Then n is 3, and it says A1 → A1;
// and with A1 → A1 and A2 → A3 follows A1 → A3, a circle of two with A3 → A1, or A2 → A1, one with A1 → A2.
//
// A and B are a circle when f(A) < s(B) and f(B) < s(A). The zone of a chain is the time between f and s; it is forward if f < s, else
// backward. Two backward zones are no circle, since f(A) < s(B) <= f(B) < s(A) <= f(A) cannot be. Two forward ones are one when they
// overlap in more than a moment, a forward and a backward one when the backward lies within the forward.
//
// # What comes of it
//
// A violation is one of the whole history, even when operations were left out: take them out of any order that
// explains the history, and each of the rest still sees the write it saw. It is handed on as a few
// operations that no order explains (linearizability_conflict.go), for porcupine to confirm. If none is found and nothing was left
// out but operations without a known outcome that nobody saw, who may never have taken effect, the operations are linearizable.
// Otherwise the check passes.

// finding is what the zone check comes to.
type finding uint8

const (
	// passed: not every value is uniquely written, and the rest shows no violation.
	passed finding = iota
	explained
	violated
)

// none is no item, no value and no place; walked is what a link's prev becomes once its chain was walked.
const (
	none   = -1
	walked = -2
)

// zoneCheck holds what one segment after the other is checked in.
type zoneCheck struct {
	items []item
	start string
	ids   map[string]int32
	// values are by id; that of the start is 0.
	values []zoneValue
	// ops and links are by item, and one more link is for the value at the start.
	ops   []zoneOp
	links []chainLink
	// found are operations of unknown outcome found to count, whose reading is not yet noted.
	found []int32
	// first is the chain of the start, forward and backward are the others.
	first             zone
	forward, backward []zone
	// incomplete says that operations with a known outcome were left out.
	incomplete bool
	conflict   conflict
}

// zoneValue is what is known of a value.
type zoneValue struct {
	// writers counts those who may have written it, the start too, and readers those who surely saw it.
	writers, readers int32
	// writer is the last writer found, other than the start.
	writer int32
	// firstWrite is the first call of a writer other than the start, lastRead the last return of a reader.
	firstWrite, lastRead time.Duration
}

// zoneOp is what an operation reads and writes, as ids of values or none.
type zoneOp struct {
	reads, writes int32
	// counts says that it surely took effect so.
	counts bool
}

// chainLink is a write's place in its chain.
type chainLink struct {
	prev, next int32
	// first and last are the reads that return first and are called last, or none.
	first, last int32
}

// zone is what matters of a chain: which of its operations returns first, and which is called last.
type zone struct {
	returns, calls extreme
}

// extreme is an operation's return or call: when, which, and of which link and how far down the chain that is.
type extreme struct {
	at          time.Duration
	op          int32
	link, place int32
}

func (z *zone) forward() bool { return z.returns.at < z.calls.at }

// check judges items, which are in the order of calls, on a key that holds start before them. What it finds to be
// violated is in z.conflict.
func (z *zoneCheck) check(items []item, start string) finding {
	z.reset(items, start)
	done := z.read() && z.join() && z.walk() && z.compare()
	switch {
	case len(z.conflict.items) > 0:
		return violated
	case done && !z.incomplete:
		return explained
	}
	return passed
}

func (z *zoneCheck) reset(items []item, start string) {
	const small = 64
	if z.ids == nil || len(z.ids) > small { // to clear a large map costs as much as it ever held
		z.ids = make(map[string]int32, len(items))
	} else {
		clear(z.ids)
	}
	z.items, z.start, z.incomplete, z.conflict = items, start, false, conflict{}
	z.values = z.values[:0]
	z.ops = slices.Grow(z.ops[:0], len(items))
	z.links = slices.Grow(z.links[:0], len(items)+1)
	z.found, z.forward, z.backward = z.found[:0], z.forward[:0], z.backward[:0]
	z.values[z.id(start)].writers = 1
}

// id returns the id of a value.
func (z *zoneCheck) id(value string) int32 {
	id, ok := z.ids[value]
	if !ok {
		id = int32(len(z.values))
		z.ids[value] = id
		z.values = append(z.values, zoneValue{writer: none, firstWrite: math.MaxInt64, lastRead: math.MinInt64})
	}
	return id
}

// read finds out what each operation reads and writes, and which of unknown outcome count. It returns false when there is
// no more to do: when an operation is impossible by itself, or appends.
func (z *zoneCheck) read() bool {
	for n := range z.items {
		i := int32(n)
		reads, writes, ok := z.effect(z.items[i].op)
		if !ok {
			if z.items[i].op.Op != kv.Append {
				z.impossible(i)
			}
			return false
		}
		if writes != none {
			v := &z.values[writes]
			v.writers++
			v.writer = i
			v.firstWrite = min(v.firstWrite, z.items[i].call)
		}
		z.ops = append(z.ops, zoneOp{reads, writes, !z.items[i].op.Unknown})
	}
	for i := range z.items {
		if !z.items[i].op.Unknown {
			z.note(int32(i))
		}
		for len(z.found) > 0 {
			last := len(z.found) - 1
			i := z.found[last]
			z.found = z.found[:last]
			z.note(i)
		}
	}
	return true
}

// effect returns what an operation reads and writes if it counts. An append, or what no store answers, is not ok.
func (z *zoneCheck) effect(op *Operation) (reads, writes int32, ok bool) {
	switch op.Op {
	case kv.Get:
		if op.Unknown {
			return none, none, true
		}
		return z.id(op.Result.Value), none, true
	case kv.Put:
		return none, z.id(op.Value), true
	case kv.Delete:
		return none, z.id(""), true
	case kv.CAS:
		switch {
		case op.Unknown && op.Value == op.Expect:
			return none, none, true
		case op.Unknown:
			return z.id(op.Expect), z.id(op.Value), true
		case op.Result.Swapped != (op.Result.Value == op.Expect):
			return none, none, false
		case !op.Result.Swapped || op.Value == op.Expect:
			return z.id(op.Result.Value), none, true
		}
		return z.id(op.Expect), z.id(op.Value), true
	}
	return none, none, op.Unknown && op.Op != kv.Append
}

// note notes what an operation that counts has seen, and whose work that must have been.
func (z *zoneCheck) note(i int32) {
	id := z.ops[i].reads
	if id == none {
		return
	}
	v := &z.values[id]
	v.readers++
	v.lastRead = max(v.lastRead, z.items[i].ret)
	if id != 0 && v.readers == 1 && v.writers == 1 && !z.ops[v.writer].counts {
		z.ops[v.writer].counts = true
		z.found = append(z.found, v.writer)
	}
}

// unique says whether the value is uniquely written.
func (z *zoneCheck) unique(id int32) bool {
	v := &z.values[id]
	return v.readers == 0 || v.writers <= 1 || id == 0 && v.lastRead < v.firstWrite
}

// linked says whether the operation is a write with a place in a chain.
func (z *zoneCheck) linked(i int32) bool {
	o := &z.ops[i]
	return o.counts && o.writes != none && z.unique(o.writes)
}

// begin is the link of the value at the start.
func (z *zoneCheck) begin() int32 { return int32(len(z.items)) }

// join joins reads and swaps to the writes they saw.
func (z *zoneCheck) join() bool {
	for range len(z.items) + 1 {
		z.links = append(z.links, chainLink{none, none, none, none})
	}
	for n := range z.items {
		i := int32(n)
		id := z.ops[i].reads
		if id == none || !z.ops[i].counts {
			continue
		}
		if !z.unique(id) {
			z.incomplete = true
			continue
		}
		of := z.values[id].writer
		switch {
		case id == 0:
			of = z.begin()
		case of == none:
			z.impossible(i)
			return false
		}
		l := &z.links[of]
		if z.linked(i) {
			if l.next != none {
				z.twice(of, l.next, i)
				return false
			}
			l.next, z.links[i].prev = i, of
			continue
		}
		if l.first == none || z.items[i].ret < z.items[l.first].ret {
			l.first = i
		}
		if l.last == none || z.items[i].call > z.items[l.last].call {
			l.last = i
		}
	}
	return true
}

// walk goes along each chain and makes its zone. It returns false when a chain is a circle, or against real time.
func (z *zoneCheck) walk() bool {
	var ok bool
	if z.first, ok = z.along(z.begin()); !ok {
		return false
	}
	for n := range z.items {
		i := int32(n)
		if z.links[i].prev != none || !z.linked(i) {
			continue
		}
		c, ok := z.along(i)
		switch {
		case !ok:
			return false
		case c.forward():
			z.forward = append(z.forward, c)
		default:
			z.backward = append(z.backward, c)
		}
	}
	for n := range z.items {
		if i := int32(n); z.links[i].prev >= 0 {
			z.circle(i)
			return false
		}
	}
	return true
}

// along goes along the chain that begins with the link at.
func (z *zoneCheck) along(at int32) (c zone, ok bool) {
	c = zone{extreme{at: math.MaxInt64, op: none}, extreme{at: math.MinInt64, op: none}}
	for place := int32(0); at != none; place++ {
		l := &z.links[at]
		if at != z.begin() && !z.take(&c, at, at, at, place) || l.first != none && !z.take(&c, l.first, l.last, at, place) {
			return c, false
		}
		l.prev = walked
		at = l.next
	}
	return c, true
}

// take takes in operations that have their place in the chain after all before, given by which of them returns first and
// which is called last. It returns false if one has returned before one of those was called.
func (z *zoneCheck) take(c *zone, returns, calls, link, place int32) bool {
	ret, call := z.items[returns].ret, z.items[calls].call
	if c.calls.op != none && ret < c.calls.at {
		z.against(c.calls, extreme{ret, returns, link, place})
		return false
	}
	if c.returns.op == none || ret < c.returns.at {
		c.returns = extreme{ret, returns, link, place}
	}
	if c.calls.op == none || call > c.calls.at {
		c.calls = extreme{call, calls, link, place}
	}
	return true
}

// compare looks for two chains each of which must come before the other.
func (z *zoneCheck) compare() bool {
	for _, others := range [][]zone{z.forward, z.backward} {
		for i := range others {
			if z.first.calls.op != none && others[i].returns.at < z.first.calls.at {
				z.late(&z.first, &others[i])
				return false
			}
		}
	}
	slices.SortFunc(z.forward, func(a, b zone) int { return compare(a.returns.at, b.returns.at) })
	for i := 1; i < len(z.forward); i++ {
		if z.forward[i].returns.at < z.forward[i-1].calls.at {
			z.both(&z.forward[i-1], &z.forward[i])
			return false
		}
	}
	// No two forward zones overlap now, so that of those that begin before a moment the one that begins last ends last.
	for i := range z.backward {
		b := &z.backward[i]
		n := sort.Search(len(z.forward), func(n int) bool { return z.forward[n].returns.at >= b.calls.at })
		if n > 0 && b.returns.at < z.forward[n-1].calls.at {
			z.both(&z.forward[n-1], b)
			return false
		}
	}
	return true
}
