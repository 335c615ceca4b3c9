package scenarios_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

var (
	oneSeed   = flag.String("seed", "", "play the scenarios with this seed only, such as 173")
	someSeeds = flag.String("seeds", "", "play the scenarios with these seeds, such as 1..500 or 3,9, instead of their own")
)

// shortSeeds is how many of its seeds a scenario is played with under -short.
const shortSeeds = 20

// mostReported is how many failing seeds of a scenario get a report of their own.
const mostReported = 5

// Every shipped scenario holds what it promises, with each of its seeds.
func TestScenarios(t *testing.T) {
	files, err := scenarios.Shipped()
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		t.Run(f.Short(), func(t *testing.T) {
			var failing []scenarios.Result
			summary := scenarios.Sweep(t.Context(), []scenarios.Job{{File: f, Seeds: seeds(t, f)}}, scenarios.SweepOptions{},
				func(r scenarios.Result) {
					if r.Verdict != scenarios.Pass {
						failing = append(failing, r)
					}
				})
			require.NotZero(t, summary.Runs)
			for i := range failing[:min(len(failing), mostReported)] {
				t.Run(fmt.Sprintf("seed=%d", failing[i].Seed), func(t *testing.T) { report(t, f, &failing[i]) })
			}
			if more := len(failing) - mostReported; more > 0 {
				t.Errorf("%d more seeds fail, of %d", more, summary.Runs)
			}
			for _, u := range summary.Unreached {
				t.Errorf("%s: no seed reached the state %s", u.File.Path, u.State)
			}
		})
	}
}

// seeds are those asked for, nil for the file's own.
func seeds(t *testing.T, f scenarios.File) script.Seeds {
	text := *someSeeds
	if *oneSeed != "" {
		text = *oneSeed
	}
	if text != "" {
		s, err := script.ParseSeeds(text)
		require.NoError(t, err)
		return s
	}
	if testing.Short() {
		return f.Scenario.Seeds.First(shortSeeds)
	}
	return nil
}

// report fails the test with what a person needs: what was wrong, how to play it again, and where the trace is.
func report(t *testing.T, f scenarios.File, r *scenarios.Result) {
	commands := "  replay: " + r.Replay()
	if shrink := r.Shrink(); shrink != "" {
		commands += "\n  shrink: " + shrink
	}
	t.Errorf("%s\n%s", r.Line(), commands)
	if r.Stack != "" {
		t.Log(r.Stack)
	}
	paths, err := f.WriteArtifacts(t.ArtifactDir(), r.Seed, scenarios.Options{})
	require.NoError(t, err)
	t.Logf("artifacts (kept with -artifacts): %v", paths)
}
