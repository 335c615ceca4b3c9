package sim

import "time"

const never time.Duration = -1

// alarm is a timer. It is armed lazily: most timers are put off again and again
// and rarely fire, so that putting one off only stores the new time, and the event that is
// queued for the old one is queued again when it comes up.
type alarm struct {
	// armed is when the alarm shall go off, queued the time of its event; both may be never.
	armed, queued time.Duration
	// seq tells its event from those it has left behind.
	seq   uint64
	cause EventID
}

// arm sets an alarm, whose event is to be what.
func (w *World) arm(a *alarm, at time.Duration, what queuedWhat) {
	at = max(at, w.now)
	a.armed = at
	a.cause = w.cause
	if a.queued != never && a.queued <= at {
		return
	}
	a.queued = at
	a.seq = w.queue.push(at, what)
}

// due says whether the alarm goes off with event e, and disarms it then. What comes
// up for nothing is no event of the world.
func (w *World) due(a *alarm, e queued) bool {
	if e.seq != a.seq {
		return false
	}
	if a.armed == never {
		a.queued = never
		return false
	}
	if a.armed > e.at {
		a.queued = a.armed
		a.seq = w.queue.push(a.armed, e.what)
		return false
	}
	a.armed, a.queued = never, never
	return true
}
