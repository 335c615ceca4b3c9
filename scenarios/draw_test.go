package scenarios_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// A scenario that is drawn from the seed is played, replayed and named like one from a file.
func TestDrawnScenariosAreFilesToo(t *testing.T) {
	f, err := scenarios.Load(scenarios.Fuzz)
	require.NoError(t, err)
	require.Equal(t, "fuzz", f.Short())
	require.NotEqual(t, script.Format(f.With(1)), script.Format(f.With(2)))
	require.Nil(t, f.CheckDeterminism(2, scenarios.Options{}))

	r := f.Run(2, scenarios.Options{})
	require.Equal(t, "fuzz-2", r.Scenario)
	require.Equal(t, "raftsim replay fuzz --seed 2", r.Replay())

	written, err := scenarios.Parse("written.yaml", script.Format(f.With(2)))
	require.NoError(t, err)
	same := written.Run(2, scenarios.Options{})
	require.Equal(t, r.Fingerprint, same.Fingerprint)
	require.Equal(t, r.NotExercised, same.NotExercised)
}

// The shipped core survives what is drawn. A few seeds here; raftsim fuzz goes on from there.
func TestDrawnScenariosHold(t *testing.T) {
	f, err := scenarios.Load(scenarios.Fuzz)
	require.NoError(t, err)
	seeds := script.Seeds{{First: 1, Last: 100}}
	if testing.Short() {
		seeds = seeds.First(shortSeeds)
	}
	sum := scenarios.Sweep(t.Context(), []scenarios.Job{{File: f, Seeds: seeds}}, scenarios.SweepOptions{}, func(r scenarios.Result) {
		if r.Verdict != scenarios.Pass && r.Verdict != scenarios.Inconclusive {
			report(t, f, &r)
		}
	})
	require.Equal(t, seeds.Len(), sum.Runs)
	require.Less(t, sum.Verdicts[scenarios.Inconclusive], sum.Runs/10)
}

func TestPriorityHasANameOfItsOwn(t *testing.T) {
	f, err := scenarios.Load(scenarios.FuzzPriority)
	require.NoError(t, err)
	r := f.Run(1, scenarios.Options{})
	require.Equal(t, "raftsim replay fuzz-priority --seed 1", r.Replay())
}
