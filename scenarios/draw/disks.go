package draw

import (
	"time"

	"raftsim/scenarios/script"
)

// slowDisk has syncs take longer, up to longer than a heartbeat and an election timeout.
func (w *world) slowDisk(d dice) {
	sync := one(d, span(2*time.Millisecond, 30*time.Millisecond), span(time.Millisecond, 5*time.Millisecond),
		span(50*time.Millisecond, 100*time.Millisecond), span(0, 0), span(100*time.Microsecond, 400*time.Millisecond))
	w.add(d.window(w.s.Duration, 2*time.Second), script.SetDisk{Sync: &sync}, w.some(d))
}

// fullDisk and failingSync end nodes until there is room again, or the disk writes.
func (w *world) fullDisk(d dice) {
	w.add(d.window(w.s.Duration, time.Second), script.SetDisk{Full: true}, w.some(d))
}

func (w *world) failingSync(d dice) {
	fail := script.SetDisk{FailSyncs: true, Unsynced: one(d, script.FateDrawn, script.FateKept, script.FateLost, script.FateTorn)}
	w.add(d.window(w.s.Duration, time.Second), fail, w.some(d))
}

// unsynced says what becomes at crashes of what was not synced, and has one come while that holds.
func (w *world) unsynced(d dice) {
	fate := one(d, script.FateLost, script.FateTorn, script.FateKept)
	t := d.window(w.s.Duration, 2*time.Second)
	w.add(t, script.SetDisk{Unsynced: fate}, script.Selector{Kind: script.SelAll})
	t.From = d.time(t.From, t.To-time.Millisecond)
	t.To = min(t.From+d.time(time.Millisecond, 500*time.Millisecond), w.s.Duration)
	w.add(t, script.Crash{Nodes: w.some(d)})
}
