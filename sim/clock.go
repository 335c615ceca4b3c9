package sim

import (
	"fmt"
	"math"
	"math/bits"
	"time"

	"raftsim/raft"
	"raftsim/raft/replica"
)

// Clock says how a node's clock differs from the world's.
type Clock struct {
	// Drift is how much faster than the world's it runs, in parts per million: 100 gains 100 µs a second. It is above -1,000,000,
	// and below 1,000,000.
	Drift int64
	// Jump is how far it is set forward now, or back when negative.
	Jump time.Duration
}

// String says it as traces do.
func (c Clock) String() string {
	return fmt.Sprintf("set by %v, runs %+d ppm", c.Jump, c.Drift)
}

// clock turns the world's time into a node's and back. At the world's time since the node's was base.
type clock struct {
	// plain says that the node's time is the world's.
	plain       bool
	since, base time.Duration
	drift       int64
	// armed are the times, by the node's clock, that its timers were last armed for.
	armed [replica.Timers]time.Duration
}

const million = 1_000_000

func (c *clock) read(now time.Duration) time.Duration {
	if c.plain {
		return now
	}
	return c.base + scaled(now-c.since, uint64(million+c.drift), million, false)
}

// when returns the world's time at which the clock has reached a time of the node's.
func (c *clock) when(at time.Duration) time.Duration {
	if c.plain {
		return at
	}
	if at <= c.base {
		return c.since
	}
	return c.since + scaled(at-c.base, million, uint64(million+c.drift), true)
}

// scaled is d*num/den, rounded down or up, for d of at least 0; what is too much for a clock is the most that it shows.
func scaled(d time.Duration, num, den uint64, up bool) time.Duration {
	hi, lo := bits.Mul64(uint64(max(d, 0)), num)
	if up {
		var carry uint64
		lo, carry = bits.Add64(lo, den-1, 0)
		hi += carry
	}
	const most = math.MaxInt64 / 4
	if hi >= den {
		return most
	}
	q, _ := bits.Div64(hi, lo, den)
	return time.Duration(min(q, most))
}

// SetClock has a node's clock jump, and drift from now on, whether the node is up or not. Timers that are armed go by the clock:
// those that it jumps past fire now. It returns false when there is no such node, or the drift is out of range.
func (w *World) SetClock(id raft.NodeID, c Clock) bool {
	n := w.node(id)
	if n == nil || c.Drift <= -million || c.Drift >= million {
		return false
	}
	w.mark(Event{Kind: EventClock, Node: id, Clock: c})
	w.Mix(uint64(c.Drift))
	w.Mix(uint64(c.Jump))
	w.counters.ClockChanges++
	k := &n.clock
	if k.plain {
		for t := range n.timers {
			k.armed[t] = n.timers[t].armed
		}
		k.plain = false
	}
	left := n.heldUpBy() + max(-c.Jump, 0)
	k.base, k.since, k.drift = k.read(w.now)+c.Jump, w.now, c.Drift
	n.holdUp(left)
	for t := range n.timers {
		if n.timers[t].armed != never {
			w.arm(&n.timers[t], k.when(k.armed[t]), queuedTimer.of(uint16(id), uint32(t)))
		}
	}
	return true
}

// Clock returns a node's own time, 0 when there is no such node.
func (w *World) Clock(id raft.NodeID) time.Duration {
	if n := w.node(id); n != nil {
		return n.Now()
	}
	return 0
}
