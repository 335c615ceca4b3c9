package checker

import (
	"fmt"
	"slices"

	"raftsim/raft/kv"
)

// What the zone check finds is handed on as a conflict: a few operations, on a key that holds the same value at the start, that no order
// explains. Whatever order explains the segment would explain the conflict too, so that porcupine's no to the conflict is one
// to the segment, whether or not the zone check was right. It is made of the segment in four ways, none of
// which takes the explanation away. Let there be an order that explains the segment.
//
//   - An operation is left out. The rest of the order holds as long as no reader stays without its write, and no other write of that
//     value is there or all see theirs still: values in a conflict are uniquely written.
//   - An operation of unknown outcome that counts becomes one that was answered what it must have seen. It still has
//     no return.
//   - The cas that a piece of a chain begins with becomes a put of its value: that needs nothing, and leaves the same.
//   - Of a long piece of a chain only the last cas stays, and it expects what the first write of the piece wrote. No other write is
//     between them in the order, so where all between are left out it finds just that.
//
// So a conflict has at most the operations of two short pieces of chains, unless it is a circle.

// conflict is a finding of the zone check.
type conflict struct{ items []item }

// told is what a picture says of an operation that is not shown as it was recorded.
type told struct {
	// text describes it, and note says what is special; "" for nothing.
	text, note string
	// unanswered says that no answer came.
	unanswered bool
}

// longest is how many swaps of a chain a conflict shows one by one.
const longest = 24

// piece adds what a chain wrote from one of its links to a later one.
func (z *zoneCheck) piece(from, to int32) {
	value := z.start
	if from != z.begin() {
		op := z.certain(from)
		value = left(&op)
		t := z.tell(from)
		if op.Op == kv.CAS {
			t.text = describe(&op)
			op = Operation{Client: op.Client, Key: op.Key, Op: kv.Put, Value: op.Value, Call: op.Call, Return: op.Return}
			t.note = join(t.note, "here for what it wrote, whatever it saw")
		}
		z.add(from, op, t)
	}
	swaps := 0
	for at := from; at != to; at = z.links[at].next {
		swaps++
	}
	if swaps > longest {
		op, t := z.certain(to), z.tell(to)
		op.Expect, op.Result.Value = value, value
		t.note = join(t.note, fmt.Sprintf("the last of %d swaps that followed each other, all of which stand here as one", swaps))
		z.add(to, op, t)
		return
	}
	for at := from; at != to; {
		at = z.links[at].next
		z.whole(at)
	}
}

// whole adds operations, but for those that are there already.
func (z *zoneCheck) whole(ops ...int32) {
	for _, i := range ops {
		z.add(i, z.certain(i), z.tell(i))
	}
}

// add adds an operation, in the given form, unless it is there already.
func (z *zoneCheck) add(i int32, op Operation, t told) {
	if !slices.ContainsFunc(z.conflict.items, func(it item) bool { return it.order == uint64(i) }) {
		z.put(i, op, t)
	}
}

func (z *zoneCheck) put(i int32, op Operation, t told) {
	z.conflict.items = append(z.conflict.items, item{op: &op, call: z.items[i].call, ret: z.items[i].ret, order: uint64(i), told: &t})
}

// certain is an operation as it must have been.
func (z *zoneCheck) certain(i int32) Operation {
	op := *z.items[i].op
	if op.Unknown {
		op.Unknown, op.Return = false, z.items[i].ret
		if op.Op == kv.CAS {
			op.Result = kv.Result{Value: op.Expect, Swapped: true}
		}
	}
	return op
}

func (z *zoneCheck) tell(i int32) told {
	if z.items[i].op.Unknown {
		return told{note: "no answer, but what it wrote was seen", unanswered: true}
	}
	return told{}
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// left is what a write leaves.
func left(op *Operation) string {
	if op.Op == kv.Delete {
		return ""
	}
	return op.Value
}

// impossible is an operation that no store answers so, whatever it holds; or that saw what nobody wrote.
func (z *zoneCheck) impossible(i int32) { z.whole(i) }

// twice are two swaps of one value.
func (z *zoneCheck) twice(of, a, b int32) {
	z.piece(of, of)
	z.whole(a, b)
}

// circle is a chain that nobody can have begun.
func (z *zoneCheck) circle(i int32) {
	for at := i; ; {
		z.put(at, z.certain(at), z.tell(at))
		if at = z.links[at].next; at == i {
			return
		}
	}
}

// against are two operations of one chain: the later one of the chain returned before the earlier one was called.
func (z *zoneCheck) against(earlier, later extreme) {
	z.piece(earlier.link, later.link)
	z.whole(earlier.op, later.op)
}

// late is another chain that comes before an operation of the start's.
func (z *zoneCheck) late(first, other *zone) {
	z.piece(z.begin(), first.calls.link)
	z.piece(other.returns.link, other.returns.link)
	z.whole(first.calls.op, other.returns.op)
}

// both are two chains each of which must come before the other.
func (z *zoneCheck) both(chains ...*zone) {
	for _, c := range chains {
		from, to := c.returns, c.calls
		if from.place > to.place {
			from, to = to, from
		}
		z.piece(from.link, to.link)
	}
	for _, c := range chains {
		z.whole(c.returns.op, c.calls.op)
	}
}
