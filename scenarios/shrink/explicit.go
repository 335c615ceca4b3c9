package shrink

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"raftsim/raft"
	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// mostEntries is how long a timeline may get by replacing draws with events, and beyond how many entries more seeds are tried.
const mostEntries = 10

// goodSeeds is how many seeds, from 1 on, have to fail before a file is said to fail with any; firstSeeds are those that
// changes are tried with from then on.
const (
	goodSeeds  = 10
	firstSeeds = 4
)

// makeExplicit replaces draws by events, and sees whether the failure depends on a seed any more. Each kind of draw is
// replaced only where the timeline stays readable.
func (s *shrinker) makeExplicit() {
	s.readably(s.explicitTimers)
	if s.now.Scenario.Network.Loss > 0 {
		s.readably(s.explicitLosses)
	}
	s.plainNetwork()
	s.anySeed()
	if len(s.every) > 0 {
		return
	}
	s.readably(s.explicitRequests)
	if s.anySeed(); len(s.every) == 0 && len(s.now.Scenario.Timeline) < mostEntries {
		s.explicitSyncs()
	}
}

// explicitSyncs has every sync of a disk take the same time, where that is what the failure depended on its seed for.
func (s *shrinker) explicitSyncs() {
	now, seed, result := s.now, s.seed, s.result
	for _, t := range []time.Duration{500 * time.Microsecond, 100 * time.Microsecond, time.Millisecond} {
		c := s.changed()
		c.Timeline = slices.Insert(c.Timeline, 0, script.Entry{
			Trigger: script.Trigger{Kind: script.At}, On: script.Selector{Kind: script.SelAll},
			Action: script.SetDisk{Sync: &script.DurationRange{Min: t, Max: t}},
		})
		if !s.try(c) {
			continue
		}
		if s.anySeed(); len(s.every) > 0 {
			return
		}
		s.now, s.seed, s.result = now, seed, result
	}
}

// readably does a pass that makes the timeline longer, and undoes it where too much of that is left.
func (s *shrinker) readably(pass func()) {
	most := max(mostEntries, len(s.now.Scenario.Timeline))
	now, seed, result := s.now, s.seed, s.result
	pass()
	s.cutOff()
	s.dropEntries()
	if len(s.now.Scenario.Timeline) > most {
		s.now, s.seed, s.result = now, seed, result
	}
}

// explicitTimers has no election timer fire by itself: those that did are fired.
func (s *shrinker) explicitTimers() {
	if s.atEnd || s.o.Sound != nil {
		return // what is expected then is expected of nodes whose timers fire
	}
	w := s.watch()
	c := s.changed()
	far := max(10*time.Second, roundUp(4*c.Duration, time.Second))
	c.Cluster.ElectionTimeout = script.DurationRange{Min: far, Max: far}
	c.Timeline = c.Timeline[:0]
	for _, e := range s.now.Scenario.Timeline {
		if a, ok := e.Action.(script.SetTimeouts); ok {
			if a.Election = nil; a.Heartbeat == 0 {
				continue
			}
			e.Action = a
		}
		c.Timeline = append(c.Timeline, e)
	}
	for i := 0; i < len(w.timers); {
		at := w.timers[i].at
		var ids []raft.NodeID
		for ; i < len(w.timers) && w.timers[i].at == at; i++ {
			if !slices.Contains(ids, w.timers[i].node) {
				ids = append(ids, w.timers[i].node)
			}
		}
		if at <= c.Duration {
			c.Timeline = append(c.Timeline, script.Entry{
				Trigger: script.Trigger{Kind: script.At, From: at}, Action: script.FireTimeout{Nodes: nodes(ids)},
			})
		}
	}
	sortTimeline(c.Timeline)
	s.try(c)
}

// explicitLosses has the network lose nothing: the links that lost something are cut while it was sent.
func (s *shrinker) explicitLosses() {
	w := s.watch()
	c := s.changed()
	c.Network.Loss = 0
	const moment = 10 * time.Microsecond
	for _, l := range w.lost {
		if l.from == raft.None || l.to == raft.None || l.at+moment > c.Duration {
			continue
		}
		c.Timeline = append(c.Timeline, script.Entry{
			Trigger: script.Trigger{Kind: script.During, From: l.at, To: l.at + moment},
			Action:  script.Cut{From: nodes([]raft.NodeID{l.from}), To: nodes([]raft.NodeID{l.to})},
		})
	}
	sortTimeline(c.Timeline)
	s.try(c)
}

// mostRequests is how many requests may be replaced by bursts.
const mostRequests = 200

// explicitRequests has clients ask only when the timeline says so.
func (s *shrinker) explicitRequests() {
	if s.now.Scenario.Clients.Every == 0 || s.now.Scenario.Clients.Count == 0 {
		return
	}
	w := s.watch()
	var calls []time.Duration
	for _, op := range w.result.History.Operations() {
		calls = append(calls, op.Call)
	}
	slices.SortFunc(calls, cmp.Compare[time.Duration])
	c := s.changed()
	if len(calls) > mostRequests || len(calls) == 0 || calls[len(calls)-1] > c.Duration {
		return
	}
	c.Clients.Every, c.Clients.Count = 0, 1
	for _, at := range calls {
		c.Timeline = append(c.Timeline, script.Entry{
			Trigger: script.Trigger{Kind: script.At, From: at}, Action: script.Burst{Requests: 1},
		})
	}
	sortTimeline(c.Timeline)
	before := s.spare
	s.spare = 3
	s.try(c)
	s.spare = before
}

// anySeed sees whether the scenario fails with every seed of the first few, which are then what changes are tried with.
func (s *shrinker) anySeed() {
	for seed := uint64(1); seed <= goodSeeds; seed++ {
		if _, ok := s.fails(s.now, seed); !ok {
			return
		}
	}
	s.seed = 1
	for seed := uint64(1); seed <= firstSeeds; seed++ {
		s.every = append(s.every, seed)
	}
	s.result, _ = s.fails(s.now, s.seed)
}

// passes says whether a run showed nothing wrong: neither the failure nor another one.
func passes(r *scenarios.Result) bool {
	return r.Property == scenarios.ExpectedViolation && strings.HasSuffix(r.Detail, "but the run passed")
}
