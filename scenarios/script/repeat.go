package script

import (
	"strings"
	"time"
)

const (
	// mostEntries bounds a timeline with its repeats unrolled.
	mostEntries = 10_000
	// mostNested bounds repeats within repeats.
	mostNested = 3
)

var repeatKeys = []string{"repeat", "every", "timeline"}

// repeat reads entries that recur, and writes them out: the times in round k are k times `every`
// later than they stand in the file.
func (r *reader) repeat(n *node, depth int) []placed {
	f, _ := r.mapping(n, "a repeat", repeatKeys)
	if depth == mostNested {
		r.at(n.pos, "repeats are nested deeper than %d", mostNested)
		return nil
	}
	rounds, every, sound := 0, time.Duration(0), true
	if n := f.get("repeat"); n != nil {
		rounds, sound = r.integer(n, 1, mostEntries)
	}
	if n := f.get("every"); n != nil {
		v, ok := r.time(n, "ms", time.Microsecond)
		every, sound = v, sound && ok
	}
	body := f.get("timeline")
	if body == nil {
		if !f.odd {
			r.at(n.pos, "timeline is missing: the entries to repeat")
		}
		return nil
	}
	items, ok := r.list(body, "entries")
	if !ok {
		return nil
	}
	before := len(r.errs) + r.more
	entries := r.entries(items, depth+1)
	if !sound || rounds == 0 || len(r.errs)+r.more > before {
		return nil
	}
	if len(entries)*rounds > mostEntries {
		r.on(f.get("repeat"), "%d rounds of %d entries; a timeline has at most %d", rounds, len(entries), mostEntries)
		r.full = true
		return nil
	}
	if every == 0 {
		every = span(entries)
	}
	if every == 0 && rounds > 1 {
		r.on(f.get("repeat"), "all entries are at the same time, so the rounds would be too; say how far apart with every")
		return nil
	}
	// An entry of a repeat within this one recurs several times in each round.
	perRound := map[Position]int{}
	for _, e := range entries {
		perRound[e.Position]++
	}
	all := make([]placed, 0, len(entries)*rounds)
	for k := range rounds {
		shift := time.Duration(k) * every
		for _, e := range entries {
			e.Trigger.From += shift
			if e.Trigger.Kind == During {
				e.Trigger.To += shift
			}
			e.Round += k * perRound[e.Position]
			all = append(all, e)
		}
	}
	return all
}

// span is the time from the start of the first entry to the end of the last.
func span(entries []placed) time.Duration {
	var first, last time.Duration
	for i, e := range entries {
		if i == 0 || e.Trigger.From < first {
			first = e.Trigger.From
		}
		last = max(last, e.Trigger.From, e.Trigger.To)
	}
	return last - first
}

func join(words []string) string { return strings.Join(words, ", ") }
