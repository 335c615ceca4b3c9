package shrink

import (
	"slices"
	"time"

	"raftsim/scenarios/script"
)

// points are the times at which something of the timeline starts or ends, in order.
func (s *shrinker) points() []time.Duration {
	var at []time.Duration
	for _, e := range s.now.Scenario.Timeline {
		switch e.Trigger.Kind {
		case script.At:
			at = append(at, e.Trigger.From)
		case script.During:
			at = append(at, e.Trigger.From, e.Trigger.To)
		}
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// moved is the scenario so far with its times altered.
func (s *shrinker) moved(move func(time.Duration) time.Duration) *script.Scenario {
	c := s.changed()
	for i := range c.Timeline {
		t := &c.Timeline[i].Trigger
		switch t.Kind {
		case script.At:
			t.From = move(t.From)
		case script.During:
			t.From, t.To = move(t.From), move(t.To)
		}
	}
	sortTimeline(c.Timeline)
	return c
}

// shorten closes gaps between what happens.
func (s *shrinker) shorten() {
	for i := 0; i < len(s.points()) && !s.spent(); i++ {
		points := s.points()
		before := time.Duration(0)
		if i > 0 {
			before = points[i-1]
		}
		gap := points[i] - before
		for _, less := range []time.Duration{
			10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond,
			500 * time.Millisecond, time.Second, roundUp(gap/2, 10*time.Millisecond),
		} {
			if less >= gap {
				continue
			}
			from, by := points[i], gap-less
			c := s.moved(func(t time.Duration) time.Duration {
				if t >= from {
					return t - by
				}
				return t
			})
			if c.Duration > by+time.Millisecond {
				c.Duration -= by
			}
			if s.try(c) {
				break
			}
		}
	}
}

// round brings times to round numbers, the roundest that can be had.
func (s *shrinker) round() {
	const unit = 10 * time.Millisecond
	if d := s.now.Scenario.Duration; d%unit != 0 {
		s.edit(func(c *script.Scenario) { c.Duration = roundUp(d, unit) })
	}
	for i := 0; i < len(s.points()) && !s.spent(); i++ {
		at := s.points()[i]
		for _, unit := range []time.Duration{
			time.Second, 500 * time.Millisecond, 100 * time.Millisecond, 50 * time.Millisecond, 10 * time.Millisecond, 5 * time.Millisecond,
			time.Millisecond, 100 * time.Microsecond, 10 * time.Microsecond, time.Microsecond,
		} {
			if at%unit == 0 || s.roundTo(i, at, unit) {
				break
			}
		}
	}
}

// roundTo moves one point to a multiple of a unit, without passing another one.
func (s *shrinker) roundTo(i int, at, unit time.Duration) bool {
	points := s.points()
	for _, to := range []time.Duration{(at + unit/2) / unit * unit, at / unit * unit, roundUp(at, unit)} {
		if i > 0 && to <= points[i-1] || i+1 < len(points) && to >= points[i+1] || to > s.now.Scenario.Duration {
			continue
		}
		if s.try(s.moved(func(t time.Duration) time.Duration {
			if t == at {
				return to
			}
			return t
		})) {
			return true
		}
	}
	return false
}
