package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"raftsim/checker"
	"raftsim/raft"
	"raftsim/scenarios/script"
)

// expectations are what a scenario expects of every run, beside the invariants, which the
// checker watches. Those with a time are judged when it has come, the others when the run has settled.
type expectations struct {
	r *Run
	// timed are those with a time, in its order; end those without, in the order of the file.
	timed []judgement
	end   []func()
	// within are those that count from an action.
	within []*leaderWithin
	// early says that a property is to be violated that is judged after every event.
	early bool
	// history says that the clients' history is to be linearizable.
	history bool
	// replicas says that those that run are to hold the same at the end.
	replicas bool
	// liveness is what is expected of a core that alone is healed, nil for nothing.
	liveness *script.Liveness
}

// judgement is something to judge at a time, after all events at it.
type judgement struct {
	at    time.Duration
	judge func()
}

func (x *expectations) init(r *Run) {
	x.r = r
	for i := range r.scenario.Expect {
		x.add(r.scenario.Expect[i].Want)
	}
	slices.SortStableFunc(x.timed, func(a, b judgement) int { return cmp.Compare(a.at, b.at) })
}

func (x *expectations) add(want script.Want) {
	switch want := want.(type) {
	case script.Linearizable:
		x.history = true
	case script.LeaderElected:
		x.by(want.By, x.leaderElected)
	case script.LeaderWithin:
		l := &leaderWithin{LeaderWithin: want}
		x.within = append(x.within, l)
		x.end = append(x.end, func() { x.leaderWithin(l) })
	case script.Liveness:
		x.liveness = &want
	case script.Members:
		x.by(want.By, func() { x.members(want.Nodes) })
	case script.ReplicasIdentical:
		x.replicas = true
		x.end = append(x.end, x.replicasIdentical)
	case script.Counts:
		x.counts(&want)
	case script.Violates:
		// What is to be violated is judged even where the file does not list it.
		x.history = x.history || want.Property == script.Linearizability
		x.early = want.Property == script.NoPanic || slices.Contains(checker.Properties(), want.Property)
		if want.Property == script.ReplicasAgree {
			x.end = append(x.end, x.replicasIdentical)
		}
	}
}

func (x *expectations) by(d script.Deadline, judge func()) {
	if d.End {
		x.end = append(x.end, judge)
	} else {
		x.timed = append(x.timed, judgement{d.At, judge})
	}
}

// next returns the next judgement up to a time.
func (x *expectations) next(t time.Duration) (judgement, bool) {
	if len(x.timed) == 0 || x.timed[0].at > t {
		return judgement{}, false
	}
	return x.timed[0], true
}

// take removes the next judgement.
func (x *expectations) take() { x.timed = x.timed[1:] }

// invariants returns the invariants to watch; nil is all of them.
func (r *Run) invariants() []string {
	names := namedInvariants(r.scenario)
	if len(r.opts.Unwatched) == 0 && !slices.Contains(checker.Properties(), r.opts.Without) {
		return names
	}
	if names == nil {
		names = checker.Properties()
	}
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(r.opts.Unwatched, name) || !r.judges(name) })
}

// namedInvariants are those that a scenario names; nil is all of them.
func namedInvariants(sc *script.Scenario) []string {
	var names []string
	always := false
	for _, e := range sc.Expect {
		switch want := e.Want.(type) {
		case script.Always:
			if len(want.Properties) == 0 {
				return nil
			}
			always = true
			names = append(names, want.Properties...)
		case script.Violates:
			if slices.Contains(checker.Properties(), want.Property) {
				names = append(names, want.Property)
			}
		}
	}
	if !always {
		return nil
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// judgeEnd judges what is expected of a run that has come to its end.
func (r *Run) judgeEnd() {
	if r.expect.liveness == nil {
		r.judgeProgress()
	}
	for _, judge := range r.expect.end {
		if r.finding != nil {
			return
		}
		judge()
	}
	if r.finding == nil && r.expect.history && r.judges(script.Linearizability) {
		r.judgeHistory()
	}
}

// judgeHistory asks whether the clients' history is linearizable.
func (r *Run) judgeHistory() {
	out := checker.Linearizable(&r.clients.history, r.opts.HistoryBudget)
	r.history = &out
	if out.Verdict == checker.VerdictLinearizable {
		return
	}
	r.finding = &finding{
		verdict: Violation, property: script.Linearizability, detail: out.String(), moment: moment{0, r.world.Now()},
	}
	switch {
	case out.Fault != "":
		r.finding.verdict, r.finding.property = Error, ""
	case out.Verdict == checker.VerdictInconclusive:
		r.finding.verdict = Inconclusive
	}
}

// members judges whether the members are the nodes named.
func (x *expectations) members(want []raft.NodeID) {
	config := x.r.members.config
	if config.Joint() || len(config.Learners) > 0 || !slices.Equal(idsOf(config.Voters), want) {
		x.r.violated(script.MembersAgree, fmt.Sprintf("the members are %v, expected %s", config, strings.Trim(fmt.Sprint(want), "[]")))
	}
}

// counts judges comparisons over a window, from just after the events at its start to just after those at its end.
func (x *expectations) counts(want *script.Counts) {
	before := make([]uint64, len(want.Comparisons))
	judge := func() {
		for i, c := range want.Comparisons {
			count := x.r.metric(c.Metric)
			if c.Metric != script.LogEntries { // which is a height, and not counted
				count -= before[i]
			}
			if !c.Holds(count) {
				x.r.violated(script.CountsHold, fmt.Sprintf("%d %v %s, expected %v", count, c.Metric, span(want), c))
				return
			}
		}
	}
	if want.To == 0 {
		x.end = append(x.end, judge)
		return
	}
	if want.From > 0 {
		x.timed = append(x.timed, judgement{want.From, func() {
			for i, c := range want.Comparisons {
				before[i] = x.r.metric(c.Metric)
			}
		}})
	}
	x.timed = append(x.timed, judgement{want.To, judge})
}

func span(c *script.Counts) string {
	if c.To == 0 {
		return "in the run"
	}
	return fmt.Sprintf("from %v to %v", c.From, c.To)
}

// replicasIdentical judges whether the replicas that run hold the same, having applied the same. Where liveness has found no quorum that
// has its data, and indeed no leader gets on, who is behind stays behind, and only those are compared that have applied the same.
func (x *expectations) replicasIdentical() {
	nodes := x.r.running()
	if !x.r.liveness.hopeless || x.r.getsOn() {
		x.r.sameReplicas(nodes)
		return
	}
	for k, n := range nodes {
		alike := func(other *node) bool { return other.seen.Applied == n.seen.Applied }
		if before := slices.IndexFunc(nodes[:k], alike); before >= 0 {
			x.r.sameReplicas([]*node{nodes[before], n})
		}
	}
}

// sameReplicas judges whether replicas have applied and hold the same.
func (r *Run) sameReplicas(nodes []*node) {
	var first *node
	for _, n := range nodes {
		if first == nil {
			first = n
			continue
		}
		switch {
		case n.seen.Applied != first.seen.Applied:
			r.violated(script.ReplicasAgree, fmt.Sprintf("%v has applied entries up to %d, %v up to %d",
				first.id, first.seen.Applied, n.id, n.seen.Applied), first.id, n.id)
			return
		case !sameStore(first, n):
			r.violated(script.ReplicasAgree, fmt.Sprintf("%v and %v hold different things after the same %d entries",
				first.id, n.id, n.seen.Applied), first.id, n.id)
			return
		}
	}
}

// sameStore compares two replicas byte for byte, and the digests as well, which must not hide a difference; by the digests alone
// where nobody has the bytes. What does not show its store is taken to hold the same.
func sameStore(a, b *node) bool {
	if a.mirror != nil && b.mirror != nil {
		return a.mirror.Digest() == b.mirror.Digest()
	}
	if a.store == nil || b.store == nil {
		return true
	}
	return a.store.Digest() == b.store.Digest() && slices.Equal(a.store.Bytes(), b.store.Bytes())
}
