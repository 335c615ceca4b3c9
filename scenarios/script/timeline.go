package script

import (
	"slices"
	"time"
)

var (
	triggerKeys = []string{"at", "during", "when"}
	verbKeys    = []string{
		"crash", "restart", "pause", "wipe", "partition", "cut", "hold", "heal", "network", "timeouts", "timeout", "timers", "clock", "disk",
		"join", "remove", "transfer", "snapshot", "burst",
	}
	entryKeys = slices.Concat(triggerKeys, verbKeys, []string{"on", "repeat"})
)

// placed is an entry with what messages about it point at.
type placed struct {
	Entry
	trigger *node
}

func (r *reader) timeline(n *node) {
	if n == nil {
		return
	}
	if n.kind == list && len(n.items) == 0 {
		return
	}
	items, ok := r.list(n, "entries")
	if !ok {
		return
	}
	r.verbs = map[string]bool{}
	entries := r.entries(items, 0)
	r.within(entries)
	// Milestones come after what has a time: their place among it is not known.
	slices.SortStableFunc(entries, func(a, b placed) int {
		if aw, bw := a.Trigger.Kind == When, b.Trigger.Kind == When; aw || bw {
			return order(aw) - order(bw)
		}
		return int(min(max(a.Trigger.From-b.Trigger.From, -1), 1))
	})
	for _, e := range entries {
		r.to.Timeline = append(r.to.Timeline, e.Entry)
	}
}

func order(when bool) int {
	if when {
		return 1
	}
	return 0
}

// within checks that entries lie within the duration; of a repeated one, the first that does not.
func (r *reader) within(entries []placed) {
	told := map[Position]bool{}
	for _, e := range entries {
		t := e.Trigger
		end := max(t.From, t.To)
		if b, ok := e.Action.(Burst); ok && t.Kind == At {
			end += b.Within
		}
		if t.Kind == When || end <= r.to.Duration || told[e.Position] {
			continue
		}
		told[e.Position] = true
		switch {
		case e.Round > 0:
			r.on(e.trigger, "round %d of the repeat ends at %v, after the scenario's duration of %v",
				e.Round+1, end, r.to.Duration)
		case t.From <= r.to.Duration && t.Kind == At:
			r.on(e.trigger, "the burst ends at %v, after the scenario's duration of %v", end, r.to.Duration)
		case t.Kind == During:
			r.on(e.trigger, "%v..%v ends after the scenario's duration of %v", t.From, t.To, r.to.Duration)
		default:
			r.on(e.trigger, "%v is after the scenario's duration of %v", end, r.to.Duration)
		}
	}
}

// entries reads timeline entries, with repeats unrolled.
func (r *reader) entries(items []*node, depth int) []placed {
	var all []placed
	for _, n := range items {
		if r.full {
			return nil
		}
		if n.kind == mapping && has(n, "repeat") {
			all = append(all, r.repeat(n, depth)...)
		} else if e, ok := r.entry(n, depth); ok {
			all = append(all, e)
		}
		if len(all) > mostEntries {
			r.at(n.pos, "up to here the timeline has %d entries, repeats written out; at most %d", len(all), mostEntries)
			r.full = true
		}
	}
	return all
}

func (r *reader) entry(n *node, depth int) (placed, bool) {
	f, ok := r.mapping(n, "a timeline entry", entryKeys)
	if !ok {
		return placed{}, false
	}
	e := placed{Entry: Entry{Position: n.pos, On: Selector{Kind: SelAll}}}
	sound := true

	triggers := f.among(triggerKeys)
	switch {
	case len(triggers) == 0 && !f.odd:
		r.at(n.pos, "the entry does not say when: it needs at, during or when")
		sound = false
	case len(triggers) > 1:
		r.at(triggers[1].pos, "%s and %s exclude each other; make it two entries", triggers[0].key, triggers[1].key)
		sound = false
	case len(triggers) == 1:
		e.trigger = triggers[0].value
		e.Trigger, ok = r.trigger(triggers[0], depth)
		sound = sound && ok
	default:
		sound = false
	}

	actions := f.among(verbKeys)
	switch {
	case len(actions) == 0 && !f.odd:
		r.at(n.pos, "the entry does nothing: it needs one of %s", join(verbKeys))
		return e, false
	case len(actions) > 1:
		r.at(actions[1].pos, "%s and %s are two actions; make it two entries", actions[0].key, actions[1].key)
		return e, false
	case len(actions) == 0:
		return e, false
	}
	verb := actions[0]
	r.verbs[verb.key] = true
	if len(triggers) == 1 && triggers[0].key == "during" && !slices.Contains(undoable, verb.key) {
		r.at(triggers[0].pos, "%s cannot be undone, so it has no end; use at", verb.key)
		sound = false
	}
	if e.Action, ok = r.action(verb); !ok {
		sound = false
	}
	if verb.key == "hold" && len(triggers) == 1 && triggers[0].key != "during" {
		r.at(triggers[0].pos, "what is held arrives when the hold ends; use during")
		sound = false
	}
	if _, rot := e.Action.(RotDisk); rot && e.Trigger.Kind == During {
		r.at(triggers[0].pos, "a bit that has flipped stays so; use at")
		sound = false
	}
	if on := f.among([]string{"on"}); len(on) == 1 {
		if !slices.Contains(onVerbs, verb.key) {
			r.at(on[0].pos, "%s says itself whom it is for; on goes with network, timeouts, timers, clock and disk", verb.key)
			sound = false
		} else if e.On, ok = r.selector(on[0].value); !ok {
			sound = false
		}
	}
	return e, sound
}

// undoable are the actions that `during` can take back at its end.
var undoable = []string{"crash", "pause", "wipe", "partition", "cut", "hold", "network", "timeouts", "timers", "clock", "disk"}

// onVerbs are the actions that `on` says whom they are for.
var onVerbs = []string{"network", "timeouts", "timers", "clock", "disk"}

func (r *reader) trigger(p pair, depth int) (Trigger, bool) {
	switch p.key {
	case "at":
		t, ok := r.time(p.value, "s", 0)
		return Trigger{Kind: At, From: t}, ok
	case "during":
		w, ok := r.window(p.value)
		return Trigger{Kind: During, From: w.Min, To: w.Max}, ok
	}
	if depth > 0 {
		r.at(p.pos, "a milestone is reached once, so it cannot be repeated; take the entry out of the repeat")
		return Trigger{}, false
	}
	c, ok := r.milestone(p.value)
	return Trigger{Kind: When, Milestone: c}, ok
}

// action reads what an entry does.
func (r *reader) action(verb pair) (Action, bool) {
	n := verb.value
	switch verb.key {
	case "crash":
		s, ok := r.selector(n)
		return Crash{s}, ok
	case "restart":
		s, ok := r.selector(n)
		return Restart{s}, ok
	case "pause":
		s, ok := r.selector(n)
		return Pause{s}, ok
	case "timeout":
		s, ok := r.selector(n)
		return FireTimeout{s}, ok
	case "wipe":
		s, ok := r.selector(n)
		return Wipe{s}, ok
	case "snapshot":
		s, ok := r.selector(n)
		return Snapshot{s}, ok
	case "remove":
		s, ok := r.selector(n)
		return Remove{s}, ok
	case "join":
		return r.join(n)
	case "clock":
		return r.clock(n)
	case "disk":
		return r.disk(n)
	case "transfer":
		s, ok := r.selector(n)
		if one := s.Kind == SelFollower || s.Kind == SelNode || s.Kind == SelRandom && s.Count == 1; ok && !one {
			r.on(n, "leadership goes to one node: follower, random(1) or a name")
			return nil, false
		}
		return Transfer{s}, ok
	case "partition":
		return r.partition(n)
	case "cut":
		from, to, ok := r.ends(n, "cut")
		return Cut{from, to}, ok
	case "hold":
		from, to, ok := r.ends(n, "hold")
		return Hold{from, to}, ok
	case "timers":
		return r.timers(n)
	case "heal":
		return Heal{}, r.only(n, "all")
	case "network":
		change := r.networkChange(n)
		if n.kind == mapping && len(n.pairs) == 0 {
			r.on(n, "nothing is changed; give one of %s", join(networkKeys))
		}
		return SetNetwork{change}, true
	case "timeouts":
		return r.timeouts(n)
	}
	return r.burst(n)
}

func (r *reader) partition(n *node) (Action, bool) {
	items, ok := r.list(n, "groups, like [[leader, follower], rest]")
	if !ok {
		return nil, false
	}
	if len(items) < 2 {
		r.on(n, "a partition has two groups or more, like [[leader, follower], rest]")
		return nil, false
	}
	var p Partition
	var picked []pick
	for _, item := range items {
		group, picks, sound := r.picks(item)
		ok = ok && sound
		p.Groups = append(p.Groups, group)
		picked = append(picked, picks...)
	}
	return p, ok && r.distinct(picked)
}

var cutKeys = []string{"from", "to"}

// ends reads which links an action is about.
func (r *reader) ends(n *node, verb string) (from, to Selector, ok bool) {
	f, ok := r.mapping(n, verb, cutKeys)
	if !ok {
		return from, to, false
	}
	for _, key := range cutKeys {
		if f.get(key) == nil && !f.odd {
			r.on(n, "%s is missing; a %s is {from: leader, to: followers}", key, verb)
		}
	}
	if f.get("from") == nil || f.get("to") == nil {
		return from, to, false
	}
	from, fromPicks, fromOK := r.picks(f.get("from"))
	to, toPicks, toOK := r.picks(f.get("to"))
	if !fromOK || !toOK || !r.distinct(fromPicks) {
		return from, to, false
	}
	// The ends may share nodes, as in all the links into n1, unless rest is who `from` leaves.
	if slices.ContainsFunc(toPicks, func(p pick) bool { return p.Kind == SelRest }) {
		return from, to, r.distinct(slices.Concat(fromPicks, toPicks))
	}
	if !r.distinct(toPicks) {
		return from, to, false
	}
	a, b := fromPicks[0], toPicks[0]
	if len(fromPicks) == 1 && len(toPicks) == 1 && a.String() == b.String() && (a.Kind == SelNode || a.Kind == SelLeader) {
		r.on(b.at, "%s has no link to itself", b.String())
		return from, to, false
	}
	return from, to, true
}

var timeoutsKeys = []string{"election", "heartbeat"}

func (r *reader) timeouts(n *node) (Action, bool) {
	f, ok := r.mapping(n, "timeouts", timeoutsKeys)
	if !ok {
		return nil, false
	}
	if len(n.pairs) == 0 {
		r.on(n, "nothing is changed; give one of %s", join(timeoutsKeys))
		return nil, false
	}
	var t SetTimeouts
	if n := f.get("election"); n != nil {
		v, sound := r.times(n, lowestTimeout)
		t.Election, ok = &v, ok && sound
	}
	if n := f.get("heartbeat"); n != nil {
		v, sound := r.time(n, "ms", lowestTimeout)
		t.Heartbeat, ok = v, ok && sound
	}
	return t, ok
}

var timersKeys = []string{"late", "early"}

func (r *reader) timers(n *node) (Action, bool) {
	f, ok := r.mapping(n, "timers", timersKeys)
	if !ok {
		return nil, false
	}
	if len(n.pairs) == 0 {
		r.on(n, "nothing is changed; give one of %s", join(timersKeys))
		return nil, false
	}
	var t SetTimers
	for _, by := range []struct {
		key string
		to  **DurationRange
	}{{"late", &t.Late}, {"early", &t.Early}} {
		if n := f.get(by.key); n != nil {
			v, sound := r.times(n, 0)
			*by.to, ok = &v, ok && sound
		}
	}
	return t, ok
}

var burstKeys = []string{"requests", "within"}

func (r *reader) burst(n *node) (Action, bool) {
	var b Burst
	sound := true
	if n.kind == mapping {
		f, _ := r.mapping(n, "burst", burstKeys)
		sound = !f.odd
		if f.get("requests") == nil && !f.odd {
			r.on(n, "requests is missing; write {requests: 500, within: 500ms}")
			sound = false
		}
		if n := f.get("requests"); n != nil {
			v, ok := r.integer(n, 1, mostRequests)
			b.Requests, sound = v, sound && ok
		}
		if n := f.get("within"); n != nil {
			v, ok := r.time(n, "ms", time.Microsecond)
			b.Within, sound = v, sound && ok
		}
	} else {
		b.Requests, sound = r.integer(n, 1, mostRequests)
	}
	if r.to.Clients.Count == 0 {
		r.on(n, "there are no clients to send it; give clients a count")
		sound = false
	}
	return b, sound
}
