package main

import (
	"fmt"
	"strings"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// printCoverage says what a sweep did to its clusters and which of the known states its runs came through, a line for each
// group, those never reached by name: what was not tested at all.
func printCoverage(s streams, sum *scenarios.Summary) {
	if sum.Runs == 0 {
		return
	}
	if faults := faultList(sum.Faults); faults != "" {
		s.sayf("faults that came to do something: %s\n", faults)
	}
	s.sayf("states reached by the runs together, of those known:\n")
	groups := script.StateGroups()
	left := toTheLeft(groups)
	for _, group := range groups {
		known, reached, never := 0, 0, []string(nil)
		for _, state := range script.States() {
			switch {
			case state.Group != group:
				continue
			case sum.States[state.Name] > 0:
				reached++
			default:
				never = append(never, state.Name)
			}
			known++
		}
		line := fmt.Sprintf("  %s  %2d/%d", left(group), reached, known)
		if len(never) > 0 {
			line += "  never " + strings.Join(never, ", ")
		}
		s.sayf("%s\n", line)
	}
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
