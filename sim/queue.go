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
	queuedOrder
)

const (
	// nearSize is how many events the sorted array holds. A small cluster fits.
	nearSize = 24
	// nearAgain is at how few events the heap gives way to the array again.
	nearAgain = nearSize / 2
)

// queue orders events by time, then by the order in which they were pushed. A few are kept in a
// sorted array, where a new one is rarely more than a few places from the end; as soon as they are too many for
// it, all are kept in a 4-ary heap. At 8 events the array takes two thirds of the heap's time; it breaks even at about 25.
type queue struct {
	// seq is that of the event pushed last, again that of the one that was pushed last by pushAgain.
	seq, again uint64
	n          int
	// near is sorted, the next event last. It is empty when far is not.
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
	if len(q.far) != 0 || q.n == nearSize {
		q.spill()
		q.pushFar(e)
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
	e := queued{at, seq, what}
	if len(q.far) != 0 || q.n == nearSize {
		q.spill()
		q.pushFar(e)
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

// pop takes the next event if it is due at or before limit.
func (q *queue) pop(limit time.Duration) (queued, bool) {
	if len(q.far) != 0 {
		return q.popFar(limit)
	}
	i := q.n - 1
	if i < 0 || q.near[i].at > limit {
		return queued{}, false
	}
	q.n = i
	return q.near[i], true
}

// spill moves all events from near to far.
func (q *queue) spill() {
	for q.n > 0 {
		q.n--
		q.pushFar(q.near[q.n])
	}
}

// popFar pops when near is empty, and makes use of near again when few events are left.
func (q *queue) popFar(limit time.Duration) (queued, bool) {
	if q.far[0].at > limit {
		return queued{}, false
	}
	e := q.takeFar()
	if len(q.far) == nearAgain {
		for i := nearAgain - 1; i >= 0; i-- {
			q.near[i] = q.takeFar()
		}
		q.n = nearAgain
	}
	return e, true
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
