package draw

import (
	"slices"
	"time"

	"raftsim/scenarios/script"
	"raftsim/sim"
)

// Mutate makes a scenario that differs from one in a few things: an entry moved, added, dropped or repeated, some taken over from
// other, or options of the cluster changed. It alters neither, and gives the same for the same stream. What it makes is within the
// limits of [World].
func Mutate(stream *sim.Stream, name string, of, other *script.Scenario) *script.Scenario {
	d := dice{stream}
	for range mostTries {
		w := &world{s: clone(of)}
		w.s.Name, w.s.About = name, "Mutated from "+of.Name+"."
		w.loss = max((w.s.Cluster.Nodes-1)/2-losses(w.s), 0)
		for range d.between(1, 4) {
			w.mutate(d, other)
		}
		finish(w.s)
		if !withinLimits(w.s) {
			continue
		}
		if _, err := script.Read(name, script.Format(w.s)); err == nil {
			return w.s
		}
	}
	return finish(clone(of))
}

// mostTries is how often something within the limits is looked for.
const mostTries = 8

// mostEntries bounds how long timelines grow.
const mostEntries = 40

func clone(s *script.Scenario) *script.Scenario {
	c := *s
	c.Timeline, c.Expect = slices.Clone(s.Timeline), slices.Clone(s.Expect)
	return &c
}

// mutate does one thing.
func (w *world) mutate(d dice, other *script.Scenario) {
	s := w.s
	n := len(s.Timeline)
	switch k := d.below(8); {
	case k == 0 || n == 0 || k == 1 && n < mostEntries: // one more fault
		f := faults[d.below(len(faults))]
		f.add(w, d)
	case k == 2: // moved a little
		e := &s.Timeline[d.below(n)]
		e.Trigger = moved(d, e.Trigger, s.Duration, 50*time.Millisecond)
	case k == 3: // moved anywhere
		e := &s.Timeline[d.below(n)]
		e.Trigger = moved(d, e.Trigger, s.Duration, s.Duration)
	case k == 4: // longer or shorter
		e := &s.Timeline[d.below(n)]
		if e.Trigger.Kind == script.During {
			e.Trigger.To = d.time(e.Trigger.From+time.Millisecond, s.Duration)
		}
	case k == 5 && n < mostEntries: // again
		e := s.Timeline[d.below(n)]
		e.Trigger = moved(d, e.Trigger, s.Duration, 500*time.Millisecond)
		s.Timeline = append(s.Timeline, e)
	case k == 6 && len(other.Timeline) > 0 && n < mostEntries: // a part of the other
		from := d.below(len(other.Timeline))
		for _, e := range other.Timeline[from:min(from+d.between(1, 4), len(other.Timeline))] {
			e.Trigger = moved(d, e.Trigger, s.Duration, 0)
			s.Timeline = append(s.Timeline, e)
		}
	case k == 7: // the other's options
		nodes, names := s.Cluster.Nodes, s.Cluster.Names
		s.Cluster = other.Cluster
		s.Cluster.Nodes, s.Cluster.Names = nodes, names
	default:
		k := d.below(n)
		s.Timeline = slices.Delete(s.Timeline, k, k+1)
	}
}

// moved moves a trigger by up to some time either way, and back into the duration.
func moved(d dice, t script.Trigger, end, by time.Duration) script.Trigger {
	length := min(t.To-t.From, end)
	by = d.time(0, by)
	if d.chance(50) {
		by = -by
	}
	if t.Kind != script.During {
		t.From = min(max(t.From+by, 0), end)
		return t
	}
	t.From = min(max(t.From+by, 0), end-length)
	t.To = t.From + length
	return t
}

// losses counts the nodes that lose their disks, leave or stay down.
func losses(s *script.Scenario) int {
	lost := 0
	for i := range s.Timeline {
		switch e := &s.Timeline[i]; a := e.Action.(type) {
		case script.Wipe, script.Remove:
			lost++
		case script.Join:
			if a.InsteadOf != nil {
				lost++
			}
		case script.Crash:
			if e.Trigger.Kind != script.During && !comesBack(s, i, a) {
				lost++
			}
		}
	}
	return lost
}

// comesBack says whether all are restarted after a crash that comes at once: one of a node by its name.
func comesBack(s *script.Scenario, i int, a script.Crash) bool {
	if a.Nodes.Kind != script.SelNode {
		return false
	}
	return slices.ContainsFunc(s.Timeline[i+1:], func(e script.Entry) bool {
		r, ok := e.Action.(script.Restart)
		return ok && r.Nodes.Kind == script.SelAll
	})
}

// withinLimits says whether a scenario, in order, asks no more than Raft promises.
func withinLimits(s *script.Scenario) bool {
	if losses(s) > (s.Cluster.Nodes-1)/2 {
		return false
	}
	for i := range s.Timeline {
		switch a := s.Timeline[i].Action.(type) {
		case script.Remove:
			if !s.Cluster.CheckQuorum {
				return false
			}
		case script.Join:
			if a.InsteadOf != nil && !s.Cluster.CheckQuorum {
				return false
			}
		case script.SetClock:
			lease := s.Cluster.Reads == script.ReadsLease
			if lease && (a.Jump != 0 || a.Offset != nil || a.Drift != nil && max(*a.Drift, -*a.Drift) > int64(s.Cluster.ClockDrift)) {
				return false
			}
		}
	}
	longest, heartbeat, timers := s.Network.Latency.Max, s.Cluster.Heartbeat, s.Cluster.ElectionTimeout
	return heartbeat+2*longest+10*time.Millisecond < timers.Min && timers.Min+leastSpread(s) <= timers.Max
}
