package live

import (
	"fmt"
	"slices"
	"strings"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// Unwatched are the invariants that are not checked of real nodes.
func Unwatched() []string { return []string{"refinement"} }

// Check says what of a scenario, as it is played with a seed, cannot be done to real nodes, each with its place. The error is a
// [script.Errors].
func Check(f scenarios.File, seed uint64) error {
	lines := strings.Split(string(f.Source), "\n")
	var errs script.Errors
	say := func(at script.Position, what string) {
		e := &script.Error{File: f.Path, Line: at.Line, Column: at.Column, What: what}
		if at.Line > 0 && at.Line <= len(lines) {
			e.Text = strings.TrimSuffix(lines[at.Line-1], "\r")
		}
		if !slices.ContainsFunc(errs, func(o *script.Error) bool { return *o == *e }) { // rounds of a repeat
			errs = append(errs, e)
		}
	}
	sc := f.With(seed)
	if sc.Mutant != "" {
		say(script.Position{}, fmt.Sprintf("mutant: %s is a core for the simulator, and real nodes have the shipped one", sc.Mutant))
	}
	for i := range sc.Timeline {
		if why := impossible(sc.Timeline[i].Action); why != "" {
			say(sc.Timeline[i].Position, why)
		}
	}
	for _, x := range sc.Expect {
		switch want := x.Want.(type) {
		case script.Violates:
			say(x.Position, "violates: what is sure to go wrong in the simulator may go well with real nodes")
		case script.Always:
			unseen := func(p string) bool { return slices.Contains(Unwatched(), p) }
			if len(want.Properties) > 0 && !slices.ContainsFunc(want.Properties, func(p string) bool { return !unseen(p) }) {
				say(x.Position, fmt.Sprintf("always: %s cannot be seen of real nodes", strings.Join(want.Properties, ", ")))
			}
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return errs
}

// impossible says why an action cannot be done to a real node, "" when it can.
func impossible(a script.Action) string {
	switch a := a.(type) {
	case script.SetClock:
		return "clock: real nodes share the machine's clock, which is left alone"
	case script.SetTimers:
		return "timers: when the timers of a real node fire is up to the machine"
	case script.SetDisk:
		what := "slow"
		switch {
		case a.Full:
			what = "full"
		case a.FailSyncs:
			what = "failing"
		case a.Unsynced != script.FateDrawn:
			what = "lossy"
		}
		return "disk: a real disk cannot be made " + what + " by this program"
	case script.RotDisk:
		return "disk: bits do not rot on a real disk on demand"
	}
	return ""
}
