package sim

import "time"

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
	queuedTimeouts
)

const (
	// nearSize is how many events the sorted front holds. A small idle cluster fits.
	nearSize = 24
	// nearSpill is how many of them move to the heap when it is full, and back when it is empty.
	nearSpill = 8
)

// queue orders events by time, then by the order in which they were pushed. The
// next few are kept in a small sorted array, where a new event is rarely more than a few places
// from the end; all others wait in a 4-ary heap.
type queue struct {
	seq uint64
	n   int
	// near is sorted, the next event last. None in it is after any in far.
	near [nearSize]queued
	far  []queued
}

func (a *queued) before(b *queued) bool {
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

// push adds an event and returns its seq, which no other event ever has.
func (q *queue) push(at time.Duration, what queuedWhat) uint64 {
	q.seq++
	e := queued{at, q.seq, what}
	// e comes after all that have its time: its seq is the greatest.
	if len(q.far) != 0 && e.at >= q.far[0].at {
		q.pushFar(e)
		return e.seq
	}
	if q.n == nearSize {
		q.spill()
		if e.at >= q.far[0].at {
			q.pushFar(e)
			return e.seq
		}
	}
	i := q.n
	for i > 0 && q.near[i-1].at <= e.at {
		q.near[i] = q.near[i-1]
		i--
	}
	q.near[i] = e
	q.n++
	return e.seq
}

// pop takes the next event if it is due at or before limit.
func (q *queue) pop(limit time.Duration) (queued, bool) {
	if q.n == 0 {
		q.refill()
		if q.n == 0 {
			return queued{}, false
		}
	}
	i := q.n - 1
	if q.near[i].at > limit {
		return queued{}, false
	}
	q.n = i
	return q.near[i], true
}

// spill moves the latest events from near to far.
func (q *queue) spill() {
	for i := range nearSpill {
		q.pushFar(q.near[i])
	}
	copy(q.near[:], q.near[nearSpill:q.n])
	q.n -= nearSpill
}

// refill moves the next events from far to near, which is empty.
func (q *queue) refill() {
	n := min(nearSpill, len(q.far))
	for i := n - 1; i >= 0; i-- {
		q.near[i] = q.popFar()
	}
	q.n = n
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

func (q *queue) popFar() queued {
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
