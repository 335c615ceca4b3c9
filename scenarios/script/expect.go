package script

import (
	"math"
	"slices"

	"raftsim/checker"
	"raftsim/raft"
)

var (
	wantKeys = slices.Concat(
		[]string{"always", "history", "leader", "liveness", "members", "replicas"}, metricNames, []string{"sometimes", "violates"})
	deadlineKeys = []string{"leader", "members", "replicas"}
	expectKeys   = slices.Concat([]string{"by", "during"}, wantKeys, []string{"within", "of"})
)

func (r *reader) expect(n, root *node) {
	var items []*node
	switch {
	case n == nil:
	case n.kind == mapping:
		items = []*node{n}
	default:
		items, _ = r.list(n, "expectations")
	}
	for _, item := range items {
		if e, ok := r.expectation(item); ok {
			r.to.Expect = append(r.to.Expect, e)
		}
	}
	r.agree(root)
}

// agree fills in what is always expected, and refuses to expect both a property and its violation.
func (r *reader) agree(root *node) {
	broken := ""
	var brokenAt Position
	for _, e := range r.to.Expect {
		if v, ok := e.Want.(Violates); ok {
			if broken != "" {
				r.at(e.Position, "a run has one violation, and %s is expected at %d:%d", broken, brokenAt.Line, brokenAt.Column)
			}
			broken, brokenAt = v.Property, e.Position
		}
	}
	always := false
	for _, e := range r.to.Expect {
		if a, ok := e.Want.(Always); ok {
			always = true
			names := a.Properties
			if len(names) == 0 {
				names = checker.Properties()
			}
			if slices.Contains(names, broken) {
				r.at(e.Position, "%s is always to hold here, and to be violated at %d:%d", broken, brokenAt.Line, brokenAt.Column)
			}
		}
	}
	if !always && broken == "" {
		at := root.pos
		for _, p := range root.pairs {
			if p.key == "expect" {
				at = p.pos
			}
		}
		r.to.Expect = slices.Insert(r.to.Expect, 0, Expectation{at, Always{}})
	}
}

func (r *reader) expectation(n *node) (Expectation, bool) {
	e := Expectation{Position: n.pos}
	f, ok := r.mapping(n, "an expectation", expectKeys)
	if !ok {
		return e, false
	}
	wants := f.among(wantKeys)
	if len(wants) == 0 {
		if !f.odd {
			r.at(n.pos, "nothing is expected: it needs one of %s", join(wantKeys))
		}
		return e, false
	}
	counts := f.among(metricNames)
	if len(wants) > 1 && len(wants) != len(counts) {
		r.at(wants[1].pos, "%s and %s are two expectations; make them two items", wants[0].key, wants[1].key)
		return e, false
	}
	want := wants[0]
	if !r.fitting(f, want.key) {
		return e, false
	}
	switch want.key {
	case "always":
		e.Want, ok = r.always(want.value)
	case "history":
		ok = r.only(want.value, "linearizable")
		e.Want = Linearizable{}
	case "leader":
		e.Want, ok = r.leader(f, want.value)
	case "liveness":
		e.Want, ok = r.liveness(want.value)
	case "members":
		e.Want, ok = r.members(f, want.value)
	case "replicas":
		e.Want, ok = r.replicas(f, want.value)
	case "sometimes":
		names, sound := r.names(want.value, "state", "states", stateNames())
		e.Want, ok = Sometimes{names}, sound
	case "violates":
		name, sound := r.word(want.value, "property", Properties())
		e.Want, ok = Violates{name}, sound
	default:
		e.Want, ok = r.counts(f, counts)
	}
	return e, ok
}

// fitting checks that what goes along with an expectation belongs to it.
func (r *reader) fitting(f fields, want string) bool {
	ok := true
	for _, p := range f.among([]string{"by", "during", "within", "of"}) {
		whose := ""
		switch {
		case p.key == "by" && !slices.Contains(deadlineKeys, want):
			whose = join(deadlineKeys)
		case p.key == "during" && !slices.Contains(metricNames, want):
			whose = join(metricNames)
		case (p.key == "within" || p.key == "of") && want != "leader":
			whose = "leader"
		default:
			continue
		}
		r.at(p.pos, "%s does not go with %s; it goes with %s", p.key, want, whose)
		ok = false
	}
	return ok
}

func (r *reader) always(n *node) (Want, bool) {
	known := checker.Properties()
	if n.kind != list {
		s, ok := r.scalar(n, "safety, or a list of properties")
		switch {
		case !ok:
			return nil, false
		case s == "safety":
			return Always{}, true
		case slices.Contains(known, s):
			return Always{[]string{s}}, true
		}
		r.on(n, "unknown property %s; %s", quote(s), instead(s, append([]string{"safety"}, known...)))
		return nil, false
	}
	names, ok := r.names(n, "property", "properties", known)
	return Always{names}, ok
}

// names reads one of the known words, or a list of them.
func (r *reader) names(n *node, what, whats string, known []string) ([]string, bool) {
	items := []*node{n}
	ok := n.kind != 0
	if n.kind == list {
		items, ok = r.list(n, whats)
	}
	var names []string
	for _, item := range items {
		s, sound := r.word(item, what, known)
		if sound && slices.Contains(names, s) {
			r.on(item, "%s is named twice", s)
			sound = false
		}
		ok = ok && sound
		names = append(names, s)
	}
	return names, ok
}

// by reads the deadline, the end when there is none.
func (r *reader) by(f fields) (Deadline, bool) {
	n := f.get("by")
	if n == nil {
		return Deadline{End: true}, true
	}
	if n.kind == scalar && n.text == "end" {
		return Deadline{End: true}, true
	}
	t, ok := r.time(n, "s", 0)
	if ok && t > r.to.Duration {
		r.on(n, "%v is after the scenario's duration of %v; write end for after it", t, r.to.Duration)
		return Deadline{}, false
	}
	return Deadline{At: t}, ok
}

func (r *reader) leader(f fields, n *node) (Want, bool) {
	ok := r.only(n, "elected")
	within, of := f.among([]string{"within"}), f.among([]string{"of"})
	switch {
	case len(within) == 0 && len(of) == 0:
		by, sound := r.by(f)
		return LeaderElected{by}, ok && sound
	case len(within) == 0:
		r.at(of[0].pos, "of goes with within: {terms: 10}")
		return nil, false
	case len(of) == 0:
		r.at(within[0].pos, "within needs of: the action to count from, like timeout")
		return nil, false
	case f.get("by") != nil:
		r.on(f.get("by"), "by and within exclude each other; make it two items")
		return nil, false
	}
	w := LeaderWithin{}
	g, sound := r.mapping(within[0].value, "within", []string{"terms"})
	if terms := g.get("terms"); terms != nil {
		v, good := r.integer(terms, 1, math.MaxInt32)
		w.Terms, sound = uint64(v), sound && good
	} else if sound {
		if !g.odd {
			r.on(within[0].value, "terms is missing; write {terms: 10}")
		}
		sound = false
	}
	w.Of, ok = r.word(of[0].value, "action", verbKeys)
	if ok && !r.verbs[w.Of] {
		r.on(of[0].value, "the timeline has no %s to count from", w.Of)
		ok = false
	}
	return w, ok && sound
}

// liveness reads a bound, or the word that leaves it to the run.
func (r *reader) liveness(n *node) (Want, bool) {
	if n.kind != mapping {
		s, ok := r.scalar(n, "core, or a bound like {within: 5s}")
		if ok && s != "core" {
			r.on(n, "want core, or a bound like {within: 5s}, not %s", quote(s))
		}
		return Liveness{}, ok && s == "core"
	}
	f, ok := r.mapping(n, "liveness", []string{"within"})
	within := f.get("within")
	if !ok || within == nil {
		if ok && !f.odd {
			r.on(n, "within is missing; write {within: 5s}, or core for a bound that goes by the timeouts")
		}
		return nil, false
	}
	t, ok := r.time(within, "s", 1)
	return Liveness{t}, ok
}

func (r *reader) members(f fields, n *node) (Want, bool) {
	by, sound := r.by(f)
	items, ok := r.list(n, "nodes")
	m := Members{By: by}
	for _, item := range items {
		s, read := r.scalar(item, "a node like n1")
		if !read {
			ok = false
			continue
		}
		id, known, isNode := r.node(item, s)
		switch {
		case !isNode:
			r.on(item, "%s is not a node like n1", quote(s))
		case known && slices.Contains(m.Nodes, id):
			r.on(item, "%v is named twice", id)
			known = false
		}
		ok = ok && known
		m.Nodes = append(m.Nodes, id)
	}
	slices.Sort[[]raft.NodeID](m.Nodes)
	return m, ok && sound
}

func (r *reader) replicas(f fields, n *node) (Want, bool) {
	ok := r.only(n, "identical")
	if by := f.get("by"); by != nil && (by.kind != scalar || by.text != "end") {
		r.on(by, "replicas are compared when the run has settled; write by: end")
		return nil, false
	}
	return ReplicasIdentical{}, ok
}

func (r *reader) counts(f fields, pairs []pair) (Want, bool) {
	var c Counts
	ok := true
	if n := f.get("during"); n != nil {
		w, sound := r.window(n)
		if sound && w.Max > r.to.Duration {
			r.on(n, "%v..%v ends after the scenario's duration of %v", w.Min, w.Max, r.to.Duration)
			sound = false
		}
		c.From, c.To, ok = w.Min, w.Max, sound
	}
	for _, p := range pairs {
		one, sound := r.comparison(p)
		ok = ok && sound
		c.Comparisons = append(c.Comparisons, one)
	}
	return c, ok
}
