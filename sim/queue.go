package sim

import (
	"math"
	"math/bits"
	"time"
)

// queued is an event to come: when, in which order among those of the same
// time, and what. It holds no pointer, so that the collector never looks at the
// queue, and whole words only, so that it travels in registers.
type queued struct {
	at   time.Duration
	seq  uint64
	what queuedWhat
}

// queuedWhat packs a kind, a node's or a client's id (16 bits), and a place in the
// slab of its kind or a timer (32 bits).
type queuedWhat uint64

func (k queuedKind) of(id uint16, ref uint32) queuedWhat {
	return queuedWhat(k) | queuedWhat(id)<<16 | queuedWhat(ref)<<32
}

func (e queued) kind() queuedKind { return queuedKind(e.what) }
func (e queued) id() uint16       { return uint16(e.what >> 16) }
func (e queued) ref() uint32      { return uint32(e.what >> 32) }

type queuedKind uint8

const (
	queuedMessage queuedKind = iota
	// queuedArrived is a message that waited for its paused node.
	queuedArrived
	queuedTimer
	queuedForce
	queuedSync
	queuedRequest
	queuedAnswer
	queuedWake
	queuedBoot
	queuedScript
	queuedOrder
)

const (
	// nearSize is how many events near holds. A small cluster fits.
	nearSize = 32
	// fewEvents is at how few all fit into near again, with some to spare.
	fewEvents = 16

	// A slot is for events of the same half millisecond, 1<<slotBits nanoseconds, and a ring of them for some 30 ms.
	slotBits = 19
	slots    = 64
)

// queue orders events by time, then by the order in which they were pushed. The zero value is empty.
//
// Those to come next are kept sorted; a new one is rarely more than a few places from the end. When there are too many for that, those
// that are not due before until go into the slot for their time, in any order, and are sorted when it has come. What is too far off for
// a slot, as are the timers of elections, waits in a heap.
//
// The order is by construction: near is sorted, all in it are before until, and none of the others is.
type queue struct {
	// seq is that of the event pushed last, again that of the one that was pushed last by pushAgain.
	seq, again uint64

	n     int
	near  [nearSize]queued // the next event last
	until queued           // only when, and in which order

	// later is how many events are in slots and in far.
	later int
	// slot has, by the time modulo slots, the first cell of each list and 1, 0 for none; filled a bit for each that has any. They are for
	// the slots times from base on.
	slot   [slots]uint32
	filled uint64
	base   uint64
	// cells have the events in slots; free is the first unused one and 1.
	cells []cell
	free  uint32
	// far is a 4-ary heap.
	far []queued
}

// cell is an event in a slot. next is the cell after it and 1.
type cell struct {
	queued
	next uint32
}

func (a *queued) before(b *queued) bool {
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

// slotTime is the time in units of slots.
func (a *queued) slotTime() uint64 { return uint64(a.at) >> slotBits }

// push adds an event and returns its seq, which no other event ever has.
func (q *queue) push(at time.Duration, what queuedWhat) uint64 {
	q.seq++
	e := queued{at, q.seq, what}
	if at >= q.until.at || q.n == nearSize {
		q.place(e)
		return e.seq
	}
	// e comes after all that have its time: its seq is the greatest.
	i := q.n
	for i > 0 && q.near[i-1].at <= at {
		q.near[i] = q.near[i-1]
		i--
	}
	q.near[i] = e
	q.n++
	return e.seq
}

// firstSeq is where seqs begin in a world: those below are for what comes up again.
const firstSeq = 1 << 40

// pushAgain adds an event that has waited for its time to come: it comes before all others of that time that have not come up yet, but
// those that were added so before. It returns its seq.
func (q *queue) pushAgain(at time.Duration, what queuedWhat) uint64 {
	q.again++
	q.pushAs(q.again, at, what)
	return q.again
}

// reserve returns a seq for an event that is pushed later, by pushAs, as if it were pushed now.
func (q *queue) reserve() uint64 {
	q.seq++
	return q.seq
}

// pushAs adds an event with a seq that was reserved for it.
func (q *queue) pushAs(seq uint64, at time.Duration, what queuedWhat) {
	q.place(queued{at, seq, what})
}

// next is when the first event is due, and false when there is none.
func (q *queue) next() (time.Duration, bool) {
	if q.n == 0 && !q.refill() {
		return math.MaxInt64, false
	}
	return q.near[q.n-1].at, true
}

// pop takes the next event if it is due at or before limit.
func (q *queue) pop(limit time.Duration) (queued, bool) {
	if q.n == 0 && !q.refill() {
		return queued{}, false
	}
	i := q.n - 1
	if q.near[i].at > limit {
		return queued{}, false
	}
	q.n = i
	return q.near[i], true
}

// place puts an event where it belongs.
func (q *queue) place(e queued) {
	if q.n == nearSize && e.before(&q.until) {
		q.makeRoom()
	}
	if !e.before(&q.until) {
		q.postpone(e)
		return
	}
	i := q.n
	for i > 0 && q.near[i-1].before(&e) {
		q.near[i] = q.near[i-1]
		i--
	}
	q.near[i] = e
	q.n++
}

// makeRoom postpones the later half of near.
func (q *queue) makeRoom() {
	const half = nearSize / 2
	q.until = q.near[half-1]
	if q.filled == 0 {
		q.base = q.until.slotTime()
	}
	for k := range half {
		q.postpone(q.near[k])
	}
	q.n = copy(q.near[:], q.near[half:q.n])
}

// postpone puts an event into its slot, or into far.
func (q *queue) postpone(e queued) {
	q.later++
	t := e.slotTime()
	if t-q.base >= slots { // also when it is before base
		q.pushFar(e)
		return
	}
	if q.free == 0 {
		q.cells = append(q.cells, cell{})
		q.free = uint32(len(q.cells))
	}
	at := q.free
	c, first := &q.cells[at-1], &q.slot[t%slots]
	q.free = c.next
	c.queued, c.next = e, *first
	*first = at
	q.filled |= 1 << (t % slots)
}

// refill fills near, which is empty, with what is due next: all that is due in the same slot, or all there is when that is
// little. It returns false when there is nothing.
func (q *queue) refill() bool {
	q.until = queued{at: math.MaxInt64, seq: math.MaxUint64}
	if q.later <= fewEvents {
		for q.filled != 0 {
			q.empty(uint64(bits.TrailingZeros64(q.filled)))
		}
		for len(q.far) > 0 {
			q.later--
			q.place(q.takeFar())
		}
		return q.n > 0
	}
	t := uint64(math.MaxUint64)
	if q.filled != 0 {
		t = q.base + uint64(bits.TrailingZeros64(bits.RotateLeft64(q.filled, -int(q.base%slots))))
	}
	if len(q.far) > 0 {
		t = min(t, q.far[0].slotTime())
	}
	if end := (t + 1) << slotBits; end <= math.MaxInt64 {
		q.until = queued{at: time.Duration(end)}
	}
	inSlot := t >= q.base // what is before base is in far
	q.base = max(q.base, t+1)
	if inSlot && q.filled>>(t%slots)&1 != 0 {
		q.empty(t % slots)
	}
	for len(q.far) > 0 && q.far[0].before(&q.until) {
		if q.n >= nearSize/2 && q.near[0].before(&q.far[0]) {
			q.until = q.far[0] // there are many at once
			break
		}
		q.later--
		q.place(q.takeFar())
	}
	return true
}

// empty places what is in a slot.
func (q *queue) empty(slot uint64) {
	at := q.slot[slot]
	q.slot[slot] = 0
	q.filled &^= 1 << slot
	for at != 0 {
		c := &q.cells[at-1]
		e, next := c.queued, c.next
		c.next = q.free
		q.free = at
		at = next
		q.later--
		q.place(e)
	}
}

func (q *queue) pushFar(e queued) {
	q.far = append(q.far, e)
	h := q.far
	i := len(h) - 1
	for i > 0 {
		p := (i - 1) / 4
		if !e.before(&h[p]) {
			break
		}
		h[i] = h[p]
		i = p
	}
	h[i] = e
}

func (q *queue) takeFar() queued {
	top := q.far[0]
	last := len(q.far) - 1
	e := q.far[last]
	q.far = q.far[:last]
	h := q.far
	if last == 0 {
		return top
	}
	i := 0
	for {
		c := 4*i + 1
		if c >= last {
			break
		}
		least := c
		for k := c + 1; k < min(c+4, last); k++ {
			if h[k].before(&h[least]) {
				least = k
			}
		}
		if !h[least].before(&e) {
			break
		}
		h[i] = h[least]
		i = least
	}
	h[i] = e
	return top
}
