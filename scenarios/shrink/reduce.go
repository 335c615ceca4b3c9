package shrink

import (
	"slices"
	"time"

	"raftsim/raft"
	"raftsim/scenarios/script"
)

// without takes away as much as it can of n things, in ever smaller parts, the last first (delta debugging: Zeller and Hildebrandt,
// "Simplifying and isolating failure-inducing input", 2002). count says how many there are now, drop makes a scenario without
// those from..to.
func (s *shrinker) without(count func() int, drop func(from, to int) *script.Scenario) {
	for part := max(count()/2, 1); ; part /= 2 {
		for end := count(); end > 0 && !s.spent(); {
			from := max(end-part, 0)
			if c := drop(from, end); c != nil {
				s.try(c)
			}
			end = min(from, count())
		}
		if part <= 1 {
			return
		}
	}
}

// dropEntries takes entries out of the timeline, and nodes out of those that are left.
func (s *shrinker) dropEntries() {
	before := s.spare
	s.spare = s.others
	s.without(func() int { return len(s.now.Scenario.Timeline) }, func(from, to int) *script.Scenario {
		c := s.changed()
		c.Timeline = slices.Delete(c.Timeline, from, to)
		return c
	})
	s.spare = before
	for i := 0; i < len(s.now.Scenario.Timeline); i++ {
		s.dropPicked(i)
	}
}

// How many seeds more an entry is tried to do without, and how many where more than [mostEntries] are left.
const (
	fewOthers  = 2
	manyOthers = 30
)

// searchWider tries harder where much is left: a failure that takes luck, such as which bit of a log rots, goes away with nearly every
// change of what comes before, and is there again with another seed. Half of what is left of the budget is for what follows.
func (s *shrinker) searchWider() {
	if len(s.now.Scenario.Timeline) <= mostEntries || s.spent() {
		return
	}
	whole := s.o
	s.o.Runs, s.o.Events = (s.runs+whole.Runs)/2, (s.events+whole.Events)/2
	clear(s.tried)
	s.others = manyOthers
	s.whileBetter(s.cutOff, s.dropEntries, s.simplify, s.dropNodes)
	s.others = fewOthers
	s.o.Runs, s.o.Events = whole.Runs, whole.Events
}

// dropPicked takes nodes out of what one entry is for.
func (s *shrinker) dropPicked(i int) {
	entry := func() *script.Entry { return &s.now.Scenario.Timeline[i] }
	change := func(edit func(*script.Entry)) {
		c := s.changed()
		edit(&c.Timeline[i])
		s.try(c)
	}
	for k := len(nodesOf(entry().Action)) - 1; k >= 0; k-- {
		if ids := nodesOf(entry().Action); len(ids) > 1 && k < len(ids) {
			change(func(e *script.Entry) { e.Action = withNodes(e.Action, slices.Delete(slices.Clone(ids), k, k+1)) })
		}
	}
	if !script.GoesWithOn(entry().Action) {
		s.dropEnds(i)
		return
	}
	on := func() []raft.NodeID { ids, _ := named(entry().On); return ids }
	for k := len(on()) - 1; k >= 0; k-- {
		if ids := on(); len(ids) > 1 && k < len(ids) {
			change(func(e *script.Entry) { e.On = nodes(slices.Delete(slices.Clone(ids), k, k+1)) })
		}
	}
}

// dropEnds takes nodes out of the ends of a cut or hold, if the entry is one.
func (s *shrinker) dropEnds(i int) {
	ends := func() (ids [2][]raft.NodeID) {
		from, to, _ := endsOf(s.now.Scenario.Timeline[i].Action)
		ids[0], _ = named(from)
		ids[1], _ = named(to)
		return ids
	}
	for end := range 2 {
		for k := len(ends()[end]) - 1; k >= 0; k-- {
			ids := ends()
			if len(ids[end]) < 2 || k >= len(ids[end]) {
				continue
			}
			ids[end] = slices.Delete(slices.Clone(ids[end]), k, k+1)
			c := s.changed()
			e := &c.Timeline[i]
			e.Action = withEnds(e.Action, nodes(ids[0]), nodes(ids[1]))
			s.try(c)
		}
	}
}

// cutOff ends the scenario where the failure shows, and takes away what starts only then.
func (s *shrinker) cutOff() {
	at := s.result.At
	if s.atEnd {
		s.halveDuration()
		return
	}
	unit := 100 * time.Millisecond
	if at < unit {
		unit = 10 * time.Millisecond
	}
	if end := max(roundUp(at, unit), unit); end < s.now.Scenario.Duration {
		s.try(s.endingAt(end))
	}
}

// halveDuration ends the scenario earlier as long as that can be done.
func (s *shrinker) halveDuration() {
	for d := s.now.Scenario.Duration; d > 20*time.Millisecond && !s.spent(); {
		next := roundUp(d/2, 10*time.Millisecond)
		if next >= d || !s.try(s.endingAt(next)) {
			return
		}
		d = next
	}
}

// endingAt is the scenario so far with another end, to which all it has is cut off.
func (s *shrinker) endingAt(end time.Duration) *script.Scenario {
	c := s.changed()
	c.Duration = end
	c.Timeline = c.Timeline[:0]
	for _, e := range s.now.Scenario.Timeline {
		if e.Trigger.Kind != script.When && e.Trigger.From >= end {
			continue
		}
		if e.Trigger.Kind == script.During {
			e.Trigger.To = min(e.Trigger.To, end)
		}
		if b, ok := e.Action.(script.Burst); ok && e.Trigger.Kind == script.At && b.Within > end-e.Trigger.From {
			b.Within = end - e.Trigger.From
			e.Action = b
		}
		c.Timeline = append(c.Timeline, e)
	}
	c.Expect = c.Expect[:0]
	for _, e := range s.now.Scenario.Expect {
		switch want := e.Want.(type) {
		case script.LeaderElected:
			want.By.At = min(want.By.At, end)
			e.Want = want
		case script.Members:
			want.By.At = min(want.By.At, end)
			e.Want = want
		case script.Counts:
			if want.To > end {
				continue
			}
		}
		c.Expect = append(c.Expect, e)
	}
	return c
}

func roundUp(t, unit time.Duration) time.Duration { return (t + unit - 1) / unit * unit }
