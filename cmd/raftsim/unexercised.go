package main

import (
	"slices"
	"strings"

	"raftsim/scenarios"
)

// unexercised counts, for one file, what runs that passed did not try although the scenario wanted to. A pass of a
// whole sweep is vacuous in what no run tried, or hardly any.
type unexercised struct {
	runs uint64
	// topics are in the order in which they came up.
	topics []*topic
}

// topic is one thing the scenario wanted to try.
type topic struct {
	name string
	// why is what the first run that did not try it said.
	why    string
	missed uint64
	last   uint64 // the run that missed it last, so that a run counts once
}

const (
	// mostTopics is how many things are told of one file.
	mostTopics = 5
	// rarely is the share of runs, one in so many, below which what was tried was hardly tried.
	rarely = 20
)

// add takes in a run.
func (u *unexercised) add(r *scenarios.Result) {
	if r.Verdict != scenarios.Pass {
		return
	}
	u.runs++
	for _, line := range r.NotExercised {
		name, why := splitTopic(line)
		i := slices.IndexFunc(u.topics, func(t *topic) bool { return t.name == name })
		if i < 0 {
			i = len(u.topics)
			u.topics = append(u.topics, &topic{name: name, why: why})
		}
		if t := u.topics[i]; t.last != u.runs {
			t.missed++
			t.last = u.runs
		}
	}
}

// splitTopic parts what was to be tried from why it was not, which differs between runs: "line 5: crash" and
// "there was nobody for it".
func splitTopic(line string) (name, why string) {
	parts := strings.SplitN(line, ": ", 3)
	if len(parts) == 1 {
		return line, ""
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ": "), parts[last]
}

// print says what was tried in no run, or hardly any.
func (u *unexercised) print(s streams, name string) {
	var told, more int
	for _, t := range u.topics {
		tried := u.runs - t.missed
		if tried*rarely > u.runs {
			continue
		}
		if told == mostTopics {
			more++
			continue
		}
		told++
		what := t.name
		if t.why != "" {
			what += ": " + t.why
		}
		switch {
		case u.runs == 1:
			s.sayf("%s: not exercised: %s\n", name, what)
		case tried == 0:
			s.sayf("%s: not exercised in any of the %d runs that passed: %s\n", name, u.runs, what)
		default:
			s.sayf("%s: exercised in only %d of the %d runs that passed: %s\n", name, tried, u.runs, what)
		}
	}
	if more > 0 {
		s.sayf("%s: %d more things were hardly exercised; raftsim replay says which\n", name, more)
	}
}
