package draw

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"raftsim/scenarios/script"
)

// The times of a world: most are short, so that seeds are cheap.
const (
	shortest = 2 * time.Second
	usual    = 6 * time.Second
	longest  = 20 * time.Second
)

// World draws the scenario of a seed.
func World(seed uint64) *script.Scenario { return WorldOf(seed, 0) }

// WorldOf draws the scenario of a seed with so many nodes at first, 0 for as many as are drawn.
func WorldOf(seed uint64, nodes int) *script.Scenario {
	w := begin(seed, "fuzz")
	d := w.roll("duration")
	w.s.Duration = d.time(shortest, one(d, usual, usual, usual, usual, usual, usual/2, usual/2, longest))
	w.cluster()
	if nodes > 0 {
		w.s.Cluster.Nodes = nodes
	}
	w.network()
	w.clients()
	w.loss = (w.s.Cluster.Nodes - 1) / 2
	w.members()
	noise := one(w.roll("noise"), 0, 50, 100, 100, 100, 100, 100, 100, 100, 100)
	for _, f := range faults {
		if d := w.roll(f.name); d.chance(f.share * noise / 100) {
			for range d.between(1, f.most) {
				f.add(w, d)
			}
		}
	}
	return finish(w.s)
}

// begin is a world of which nothing is drawn yet. Its streams are its own by kind.
func begin(seed uint64, kind string) *world {
	return &world{seed: seed, kind: kind, s: &script.Scenario{
		Name:  fmt.Sprintf("%s-%d", kind, seed),
		About: "Drawn from the seed of its name.", Seeds: script.Seeds{{First: seed, Last: seed}},
		Expect: []script.Expectation{
			{Want: script.Always{}}, {Want: script.Linearizable{}}, {Want: script.ReplicasIdentical{}}, {Want: script.Liveness{}},
		},
	}}
}

// All is what can be said of every world of a kind: a name, and the seeds that a sweep of them covers unless it is told others.
func All(name string) *script.Scenario {
	return &script.Scenario{
		Name: name, About: "Worlds drawn from the seed.", Duration: longest, Seeds: script.Seeds{{First: 1, Last: 200}},
	}
}

// world is a scenario while it is drawn.
type world struct {
	seed uint64
	kind string
	s    *script.Scenario
	// loss is how many nodes may yet lose their disks, leave or stay down.
	loss int
}

func (w *world) roll(purpose string) dice { return roll(w.seed, w.kind+": "+purpose) }

// add puts an entry into the timeline. On is all where it is not given.
func (w *world) add(t script.Trigger, a script.Action, on ...script.Selector) {
	e := script.Entry{Trigger: t, Action: a, On: script.Selector{Kind: script.SelAll}}
	if len(on) > 0 {
		e.On = on[0]
	}
	w.s.Timeline = append(w.s.Timeline, e)
}

// finish puts the timeline into order, and tells all that has a place where it stands in the file that [script.Format] makes.
func finish(s *script.Scenario) *script.Scenario {
	slices.SortStableFunc(s.Timeline, byTime)
	s.Cluster.Names = names(s)
	var places []*script.Position
	for i := range s.Timeline {
		places = append(places, &s.Timeline[i].Position)
	}
	for i := range s.Expect {
		places = append(places, &s.Expect[i].Position)
	}
	line := 0
	for text := range bytes.Lines(script.Format(s)) {
		line++
		if bytes.HasPrefix(text, []byte("  - ")) { // which only timeline and expect have
			*places[0] = script.Position{Line: line, Column: 5}
			places = places[1:]
		}
	}
	return s
}

func byTime(a, b script.Entry) int { return cmp.Compare(a.Trigger.From, b.Trigger.From) }

// names is the highest number of a node, of those that join, too.
func names(s *script.Scenario) int {
	most := s.Cluster.Nodes
	for i := range s.Timeline {
		if j, ok := s.Timeline[i].Action.(script.Join); ok {
			for _, n := range append([]script.Selector{j.Nodes}, j.Nodes.List...) {
				most = max(most, int(n.Node))
			}
		}
	}
	return most
}

// cluster draws size, timing, features and limits.
func (w *world) cluster() {
	d, c := w.roll("cluster"), &w.s.Cluster
	c.Nodes = one(d, 3, 3, 3, 3, 3, 3, 5, 5, 5, 5, 4, 7, 2, 6, 1)
	timing := one(d,
		timing{150, 300, 50}, timing{150, 300, 50}, timing{100, 200, 10}, timing{150, 160, 40}, timing{300, 600, 100})
	c.ElectionTimeout = script.DurationRange{Min: timing.min * time.Millisecond, Max: timing.max * time.Millisecond}
	c.Heartbeat = timing.heartbeat * time.Millisecond

	d = w.roll("features")
	c.PreVote, c.CheckQuorum = d.chance(50), d.chance(50)
	c.Reads = one(d, script.ReadsLog, script.ReadsLog, script.ReadsIndex, script.ReadsLease)
	if c.Reads == script.ReadsLease {
		c.CheckQuorum, c.Lease = true, c.ElectionTimeout.Min
		c.ClockDrift = one(d, script.PPM(1000), script.PPM(1000), percent(2), percent(10))
	}

	d = w.roll("snapshots")
	if d.chance(50) {
		c.SnapshotEvery = one(d, 100, 50, 20, 5)
		c.SnapshotKeep = one(d, 10, 1, 0)
		c.SnapshotChunk = one(d, 0, 4096, 1024, 256)
	}
	d = w.roll("limits")
	if d.chance(30) {
		c.MaxInflight = one(d, 0, 8, 2, 1)
		c.MaxInflightBytes = one(d, 0, 4096, 256)
		c.MaxUncommittedBytes = one(d, 0, 16384, 1024)
	}
	d = w.roll("log files")
	if d.chance(40) {
		c.SegmentBytes = one(d, 16384, 2048, 512)
	}
	d = w.roll("sessions")
	if d.chance(20) {
		c.SessionTTL = one(d, 5*time.Second, 2*time.Second, time.Second)
	}
}

// timing is a cluster's election timeout and heartbeat in milliseconds.
type timing struct{ min, max, heartbeat time.Duration }

// network draws what every link does all the time. It leaves room for elections to succeed.
func (w *world) network() {
	d, n := w.roll("network"), &w.s.Network
	n.Latency = one(d,
		span(1*time.Millisecond, 10*time.Millisecond), span(1*time.Millisecond, 10*time.Millisecond),
		span(time.Millisecond, time.Millisecond), span(20*time.Microsecond, 200*time.Microsecond),
		span(5*time.Millisecond, 20*time.Millisecond), span(time.Millisecond, 30*time.Millisecond))
	timers := &w.s.Cluster.ElectionTimeout
	timers.Max = max(timers.Max, timers.Min+leastSpread(w.s))
	d = w.roll("lossy network")
	if d.chance(50) {
		n.Loss = one(d, percent(1), percent(3), percent(8))
	}
	if d.chance(40) {
		n.Duplicate = one(d, percent(1), percent(5), percent(20))
	}
	if d.chance(40) {
		n.Reorder = one(d, percent(1), percent(5), percent(15))
	}
}

// leastSpread is by how much election timers have to differ: where the votes of all that are left are needed, who stands has to
// be heard by all of them before another one does.
func leastSpread(s *script.Scenario) time.Duration { return 2 * s.Network.Latency.Max }

func span(low, high time.Duration) script.DurationRange {
	return script.DurationRange{Min: low, Max: high}
}

// clients draws the workload. There is always one, since a world without a history shows less.
func (w *world) clients() {
	d := w.roll("clients")
	w.s.Clients = script.Clients{
		Count: d.between(1, 6), Every: time.Second / time.Duration(one(d, 20, 40, 10, 60)), Keys: one(d, 4, 8, 2, 1),
		Mix: one(d,
			script.Mix{Get: percent(40), Put: percent(30), Append: percent(10), CAS: percent(15), Delete: percent(5)},
			script.Mix{Get: percent(50), Put: percent(50)}, script.Mix{Get: percent(80), Put: percent(20)},
			script.Mix{Append: percent(30), Get: percent(70)}, script.Mix{CAS: percent(40), Put: percent(10), Get: percent(50)}),
		Timeout: one(d, 500*time.Millisecond, 200*time.Millisecond, 100*time.Millisecond, time.Second),
	}
	// What is appended to grows, and snapshots of it cost more than they show.
	if size := one(d, 0, 0, 0, 0, 0, 0, 200, 1000); w.s.Clients.Mix.Append == 0 {
		w.s.Clients.ValueSize = size
	}
}
