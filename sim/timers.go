package sim

import (
	"fmt"
	"time"

	"raftsim/raft"
)

// Timers says how a node's timers miss their time. By how much is drawn whenever one is armed.
type Timers struct {
	// Late is how much later than armed for a timer fires, Early how much earlier; it still waits for half of the time at least.
	Late, Early Range
}

// String says it as traces do.
func (t Timers) String() string {
	return fmt.Sprintf("late by %v..%v, early by %v..%v", t.Late.Min, t.Late.Max, t.Early.Min, t.Early.Max)
}

// SetTimers changes how the timers of a node that are armed from now on miss their time. It returns false when there is no such node.
func (w *World) SetTimers(id raft.NodeID, t Timers) bool {
	n := w.node(id)
	if n == nil {
		return false
	}
	w.mark(Event{Kind: EventTimers, Node: id, Timers: t})
	for _, d := range [...]time.Duration{t.Late.Min, t.Late.Max, t.Early.Min, t.Early.Max} {
		w.Mix(uint64(d))
	}
	n.skews, n.skewed = t, t != Timers{}
	return true
}

// skew is when a timer that is armed for a time of the node's clock fires.
func (n *node) skew(at time.Duration) time.Duration {
	now, late := n.Now(), n.drawTime("timer late", n.skews.Late)
	n.holdUp(late)
	at += late
	return at - min(n.drawTime("timer early", n.skews.Early), max(at-now, 0)/2)
}

func (n *node) drawTime(purpose string, r Range) time.Duration {
	least := max(r.Min, 0)
	if r.Max <= least {
		return least
	}
	return least + time.Duration(n.Draw(purpose, uint64(r.Max-least)+1))
}
