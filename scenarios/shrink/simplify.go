package shrink

import (
	"slices"
	"time"

	"raftsim/scenarios/script"
)

// simplify takes away everything but the timeline that the failure does not need: expectations, clients, options of the cluster, what the
// network does to messages.
func (s *shrinker) simplify() {
	before := s.spare
	s.spare = 1
	s.dropExpectations()
	s.plainClients()
	s.plainCluster()
	s.plainNetwork()
	for i := 0; i < len(s.now.Scenario.Timeline); i++ {
		s.plainEntry(i)
	}
	s.spare = before
}

// edit tries a change.
func (s *shrinker) edit(change func(*script.Scenario)) bool {
	c := s.changed()
	change(c)
	return s.try(c)
}

func (s *shrinker) dropExpectations() {
	for k := len(s.now.Scenario.Expect) - 1; k >= 0; k-- {
		if _, ok := s.now.Scenario.Expect[k].Want.(script.Violates); ok {
			continue
		}
		s.edit(func(c *script.Scenario) { c.Expect = slices.Delete(c.Expect, k, k+1) })
	}
}

// mixes are the workloads from the simplest on.
var mixes = []script.Mix{{Put: 1_000_000}, {Append: 1_000_000}, {Get: 1_000_000}, {Get: 500_000, Put: 500_000}}

func (s *shrinker) plainClients() {
	now := func() *script.Clients { return &s.now.Scenario.Clients }
	if now().Count == 0 {
		return
	}
	bursts := slices.ContainsFunc(s.now.Scenario.Timeline, func(e script.Entry) bool { return e.Action.Verb() == script.Burst{}.Verb() })
	if !bursts && s.edit(func(c *script.Scenario) { c.Clients = script.Clients{} }) {
		return
	}
	if bursts && now().Every != 0 {
		s.edit(func(c *script.Scenario) { c.Clients.Every, c.Clients.Count = 0, 1 })
	}
	for n := 1; n < now().Count && !s.edit(func(c *script.Scenario) { c.Clients.Count = n }); n *= 2 {
	}
	for n := 1; n < now().Keys && !s.edit(func(c *script.Scenario) { c.Clients.Keys = n }); n *= 2 {
	}
	for _, m := range mixes {
		if now().Mix == m || s.edit(func(c *script.Scenario) { c.Clients.Mix = m }) {
			break
		}
	}
	if now().ValueSize != 0 {
		s.edit(func(c *script.Scenario) { c.Clients.ValueSize = 0 })
	}
	const usualTimeout = 500 * time.Millisecond
	if now().Timeout != usualTimeout {
		s.edit(func(c *script.Scenario) { c.Clients.Timeout = usualTimeout })
	}
}

// plainCluster brings options back to what they are where a file does not give them.
func (s *shrinker) plainCluster() {
	for _, change := range []func(*script.Cluster){
		func(c *script.Cluster) {
			*c = script.Cluster{Nodes: c.Nodes, ElectionTimeout: s.usualElection(), Heartbeat: usualHeartbeat}
		},
		func(c *script.Cluster) {
			*c = script.Cluster{Nodes: c.Nodes, ElectionTimeout: c.ElectionTimeout, Heartbeat: c.Heartbeat}
		},
		func(c *script.Cluster) { c.ElectionTimeout, c.Heartbeat = s.usualElection(), usualHeartbeat },
		func(c *script.Cluster) { c.PreVote = false },
		func(c *script.Cluster) { c.CheckQuorum = false },
		func(c *script.Cluster) { c.Reads, c.Lease, c.ClockDrift = script.ReadsLog, 0, 0 },
		func(c *script.Cluster) {
			if c.Reads == script.ReadsLease {
				c.Reads, c.Lease, c.ClockDrift = script.ReadsIndex, 0, 0
			}
		},
		func(c *script.Cluster) { c.SnapshotEvery, c.SnapshotKeep, c.SnapshotChunk = 0, 0, 0 },
		func(c *script.Cluster) { c.SnapshotKeep = 0 },
		func(c *script.Cluster) { c.SnapshotChunk = 0 },
		func(c *script.Cluster) { c.MaxInflight = 0 },
		func(c *script.Cluster) { c.MaxInflightBytes = 0 },
		func(c *script.Cluster) { c.MaxUncommittedBytes = 0 },
		func(c *script.Cluster) { c.SessionTTL = 0 },
		func(c *script.Cluster) { c.SegmentBytes = 0 },
	} {
		c := s.changed()
		was := c.Cluster
		if change(&c.Cluster); c.Cluster != was {
			s.try(c)
		}
	}
}

// usualHeartbeat is what a cluster has unless its file says otherwise.
const usualHeartbeat = 50 * time.Millisecond

// usualElection is likewise, unless election timers are fixed already.
func (s *shrinker) usualElection() script.DurationRange {
	if now := s.now.Scenario.Cluster.ElectionTimeout; now.Min == now.Max {
		return now
	}
	return script.DurationRange{Min: 150 * time.Millisecond, Max: 300 * time.Millisecond}
}

func (s *shrinker) plainNetwork() {
	now := func() *script.Network { return &s.now.Scenario.Network }
	none := script.Network{Latency: now().Latency}
	if *now() != none && !s.edit(func(c *script.Scenario) { c.Network = none }) {
		for _, change := range []func(*script.Network){
			func(n *script.Network) { n.Reorder = 0 },
			func(n *script.Network) { n.Duplicate = 0 },
			func(n *script.Network) { n.Loss = 0 },
			// What happens to every message is drawn for none.
			func(n *script.Network) { n.Reorder = certainly(n.Reorder) },
			func(n *script.Network) { n.Duplicate = certainly(n.Duplicate) },
		} {
			c := s.changed()
			was := c.Network
			if change(&c.Network); c.Network != was {
				s.try(c)
			}
		}
	}
	s.oneLatency()
}

// certainly is what happens at all as what happens always.
func certainly(p script.PPM) script.PPM {
	if p == 0 {
		return 0
	}
	return 1_000_000
}

// oneLatency has every message take the same time.
func (s *shrinker) oneLatency() {
	l := s.now.Scenario.Network.Latency
	if l.Min == l.Max {
		return
	}
	for _, t := range []time.Duration{5 * time.Millisecond, roundUp((l.Min+l.Max)/2, time.Millisecond), l.Min, l.Max, time.Millisecond, 10 * time.Millisecond} {
		if t >= l.Min && t <= l.Max && s.edit(func(c *script.Scenario) { c.Network.Latency = script.DurationRange{Min: t, Max: t} }) {
			return
		}
	}
}

// plainEntry makes an entry say less.
func (s *shrinker) plainEntry(i int) {
	change := func(edit func(*script.Entry)) bool {
		c := s.changed()
		edit(&c.Timeline[i])
		return s.try(c)
	}
	entry := func() *script.Entry { return &s.now.Scenario.Timeline[i] }
	if entry().Trigger.Kind == script.During {
		change(func(e *script.Entry) { e.Trigger = script.Trigger{Kind: script.At, From: e.Trigger.From} })
	}
	switch a := entry().Action.(type) {
	case script.Burst:
		if a.Within != 0 {
			change(func(e *script.Entry) { e.Action = script.Burst{Requests: a.Requests} })
		}
		for n := 1; n < entry().Action.(script.Burst).Requests; n *= 2 {
			within := entry().Action.(script.Burst).Within
			if change(func(e *script.Entry) { e.Action = script.Burst{Requests: n, Within: within} }) {
				break
			}
		}
	case script.SetNetwork:
		for _, drop := range []func(*script.NetworkChange){
			func(n *script.NetworkChange) { n.Reorder = nil },
			func(n *script.NetworkChange) { n.Duplicate = nil },
			func(n *script.NetworkChange) { n.Loss = nil },
			func(n *script.NetworkChange) { n.Latency = nil },
		} {
			change(func(e *script.Entry) {
				less := e.Action.(script.SetNetwork)
				drop(&less.Change)
				e.Action = less
			})
		}
		if now := entry().Action.(script.SetNetwork).Change; now.Latency != nil && now.Latency.Min != now.Latency.Max {
			for _, t := range []time.Duration{now.Latency.Max, now.Latency.Min} {
				if change(func(e *script.Entry) {
					one := e.Action.(script.SetNetwork)
					one.Change.Latency = &script.DurationRange{Min: t, Max: t}
					e.Action = one
				}) {
					break
				}
			}
		}
	case script.SetDisk:
		for _, less := range []script.SetDisk{
			{Sync: a.Sync}, {Full: a.Full}, {FailSyncs: a.FailSyncs}, {Unsynced: a.Unsynced}, {Sync: a.Sync, Unsynced: a.Unsynced},
		} {
			if change(func(e *script.Entry) { e.Action = less }) {
				break
			}
		}
		if now := entry().Action.(script.SetDisk); now.Sync != nil && now.Sync.Min != now.Sync.Max {
			now.Sync = &script.DurationRange{Min: now.Sync.Max, Max: now.Sync.Max}
			change(func(e *script.Entry) { e.Action = now })
		}
	case script.SetTimeouts:
		if a.Heartbeat != 0 && a.Election != nil {
			_ = change(func(e *script.Entry) { e.Action = script.SetTimeouts{Election: a.Election} }) ||
				change(func(e *script.Entry) { e.Action = script.SetTimeouts{Heartbeat: a.Heartbeat} })
		}
	case script.SetTimers:
		s.plainTimers(i, a)
	case script.SetClock:
		if a.Drift != nil && (a.Jump != 0 || a.Offset != nil) {
			_ = change(func(e *script.Entry) { e.Action = script.SetClock{Drift: a.Drift} }) ||
				change(func(e *script.Entry) { e.Action = script.SetClock{Jump: a.Jump, Offset: a.Offset} })
		}
	case script.Join:
		if a.InsteadOf != nil && change(func(e *script.Entry) { e.Action = script.Join{Nodes: a.Nodes} }) {
			a.InsteadOf = nil
		}
		if !a.Learner && a.InsteadOf == nil {
			change(func(e *script.Entry) { e.Action = script.Join{Nodes: a.Nodes, Learner: true} })
		}
	}
}

// plainTimers has timers miss their time one way only, and always by the same.
func (s *shrinker) plainTimers(i int, a script.SetTimers) {
	change := func(less script.SetTimers) bool {
		return s.edit(func(c *script.Scenario) { c.Timeline[i].Action = less })
	}
	now := func() script.SetTimers { return s.now.Scenario.Timeline[i].Action.(script.SetTimers) }
	if a.Late != nil && a.Early != nil {
		_ = change(script.SetTimers{Late: a.Late}) || change(script.SetTimers{Early: a.Early})
	}
	always := func(r *script.DurationRange, with func(*script.DurationRange) script.SetTimers) {
		if r == nil || r.Min == r.Max {
			return
		}
		for _, t := range []time.Duration{r.Max, r.Min, roundUp((r.Min+r.Max)/2, time.Millisecond)} {
			if t <= r.Max && change(with(&script.DurationRange{Min: t, Max: t})) {
				return
			}
		}
	}
	always(now().Late, func(r *script.DurationRange) script.SetTimers { return script.SetTimers{Late: r, Early: now().Early} })
	always(now().Early, func(r *script.DurationRange) script.SetTimers { return script.SetTimers{Late: now().Late, Early: r} })
}
