package mutants_test

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/mutants"
)

const regressions = "regressions"

// unmended are the mutants that undo mends of faults that were found in this project.
func unmended(t *testing.T, c *mutants.Checkout) []*mutants.Mutant {
	t.Helper()
	all, err := mutants.Dir(filepath.Join(c.Root, "scenarios", regressions))
	require.NoError(t, err)
	return all
}

// every plays all regressions. They are built one by one, for minutes; that they still apply and compile is seen without.
var every = flag.Bool("every", false, "build and play the core with each mend undone")

// Every file in scenarios/regressions has beside it the mutant that undoes the mend, and fails with it.
func TestEveryRegressionFailsWithItsMendUndone(t *testing.T) {
	c := open(t)
	files, err := filepath.Glob(filepath.Join(c.Root, "scenarios", regressions, "*.yaml"))
	require.NoError(t, err)
	all := unmended(t, c)
	require.Len(t, files, len(all))
	for k, m := range all {
		require.Equal(t, m.Name+".yaml", filepath.Base(files[k]))
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			if !*every {
				t.Skip("builds a raftsim: go test ./scenarios/mutants -every")
			}
			file, err := scenarios.Load(regressions + "/" + m.Name)
			require.NoError(t, err)
			h := mutants.Hunter{Checkout: c, Worlds: []scenarios.File{file}, Hunts: 1, Seeds: 5}
			score, err := h.Hunt(t.Context(), m)
			require.NoError(t, err)
			require.Empty(t, score.Alarms, "runs that the shipped core fails")
			require.True(t, score.Caught)
			require.Equal(t, m.Property, score.Property)
		})
	}
}
