package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios/fuzz"
)

// A hunt ends with the code of the worst that it met: 0 says that every world passed.
func TestTheExitCodeOfAHunt(t *testing.T) {
	for _, c := range []struct {
		met  fuzz.Totals
		code exit
	}{
		{fuzz.Totals{}, exitNothingRan},
		{fuzz.Totals{Runs: 9}, exitPass},
		{fuzz.Totals{Runs: 9, Inconclusive: 1}, exitInconclusive},
		{fuzz.Totals{Runs: 9, Inconclusive: 1, Errors: 1}, exitUsage},
		{fuzz.Totals{Runs: 9, Inconclusive: 1, Errors: 1, Violations: 1}, exitViolation},
	} {
		require.Equal(t, c.code, codeForTotals(&c.met), "%+v", c.met)
	}
}
