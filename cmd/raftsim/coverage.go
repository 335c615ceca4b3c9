package main

import (
	"fmt"
	"strings"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// runsToMiss is after how many runs it says something that a state was reached by none, so that it is named.
const runsToMiss = 100

// printCoverage says what a sweep did to its clusters and which of the known states its runs came through. After many runs there is a line
// for each group, with those never reached by name: what was not tested at all. After few most states are missing, as was to be expected.
func printCoverage(s streams, sum *scenarios.Summary) {
	if sum.Runs == 0 {
		return
	}
	if faults := faultList(sum.Faults); faults != "" {
		s.sayf("faults that came to do something: %s\n", faults)
	}
	const title = "states reached by the runs together, of those known:"
	groups := script.StateGroups()
	if sum.Runs < runsToMiss {
		var counts []string
		for _, group := range groups {
			reached, never := reachedOf(sum, group)
			counts = append(counts, fmt.Sprintf("%s %d/%d", group, reached, reached+len(never)))
		}
		s.sayf("%s %s\n", title, strings.Join(counts, ", "))
		return
	}
	s.sayf("%s\n", title)
	left := toTheLeft(groups)
	for _, group := range groups {
		reached, never := reachedOf(sum, group)
		line := fmt.Sprintf("  %s  %2d/%d", left(group), reached, reached+len(never))
		if len(never) > 0 {
			line += "  never " + strings.Join(never, ", ")
		}
		s.sayf("%s\n", line)
	}
}

// reachedOf counts the states of a group that were reached, and names the others.
func reachedOf(sum *scenarios.Summary, group string) (reached int, never []string) {
	for _, state := range script.States() {
		switch {
		case state.Group != group:
		case sum.States[state.Name] > 0:
			reached++
		default:
			never = append(never, state.Name)
		}
	}
	return reached, never
}

// faultList writes faults as "crash 12 of 12, wipe 0 of 3, message lost 815".
func faultList(faults []scenarios.Fault) string {
	var asked, drawn []string
	for _, f := range faults {
		if f.Asked == 0 {
			drawn = append(drawn, fmt.Sprintf("%s %d", f.Kind, f.Fired))
		} else {
			asked = append(asked, fmt.Sprintf("%s %d of %d", f.Kind, f.Fired, f.Asked))
		}
	}
	return strings.Join(append(asked, drawn...), ", ")
}
