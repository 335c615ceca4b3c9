package script_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios/script"
)

func TestParseSeeds(t *testing.T) {
	for in, want := range map[string][]uint64{
		"7":                    {7},
		"0":                    {0},
		"3,9":                  {3, 9},
		"9, 3":                 {9, 3},
		"1..4":                 {1, 2, 3, 4},
		"5..5":                 {5},
		"8..9,1..2":            {8, 9, 1, 2},
		"18446744073709551615": {1<<64 - 1},
		"18446744073709551614..18446744073709551615": {1<<64 - 2, 1<<64 - 1},
	} {
		seeds, err := script.ParseSeeds(in)
		require.NoError(t, err, in)
		require.Equal(t, want, slices.Collect(seeds.All()), in)
		require.Equal(t, uint64(len(want)), seeds.Len(), in)
	}
	all, err := script.ParseSeeds("0..999999999")
	require.NoError(t, err)
	require.Equal(t, uint64(1_000_000_000), all.Len())
}

func TestParseSeedsRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                                    "no seeds; write 7, 3,9 or 1..200",
		" ":                                   "no seeds; write 7, 3,9 or 1..200",
		",":                                   `"" is no seed; write 7, 3,9 or 1..200`,
		"1..":                                 `"" is no seed; write 7, 3,9 or 1..200`,
		"..":                                  `"" is no seed; write 7, 3,9 or 1..200`,
		"1...3":                               `".3" is no seed; write 7, 3,9 or 1..200`,
		"007":                                 `"007" is no seed; write 7, 3,9 or 1..200`,
		"+7":                                  `"+7" is no seed; write 7, 3,9 or 1..200`,
		"1_000":                               `"1_000" is no seed; write 7, 3,9 or 1..200`,
		"9..1":                                "9..1 ends before it starts; write 1..9",
		"1..9,9":                              "seed 9 is given twice",
		"5,1..9":                              "seed 5 is given twice",
		"7,7":                                 "seed 7 is given twice",
		"1..1000000001":                       "more than 1000000000 seeds",
		"1..999999999,2000000000..2000000001": "more than 1000000000 seeds",
		"18446744073709551616":                `seed "18446744073709551616" is over 18446744073709551615`,
	} {
		_, err := script.ParseSeeds(in)
		require.EqualError(t, err, want, "%q", in)
	}
}

func TestFirstSeeds(t *testing.T) {
	seeds, err := script.ParseSeeds("5..7,1,10..12")
	require.NoError(t, err)
	for n, want := range []string{"", "5", "5..6", "5..7", "5..7,1", "5..7,1,10", "5..7,1,10..11", "5..7,1,10..12", "5..7,1,10..12"} {
		require.Equal(t, want, seeds.First(uint64(n)).String())
		require.Equal(t, min(uint64(n), 7), seeds.First(uint64(n)).Len())
	}
	require.Equal(t, "5..7,1,10..12", seeds.String(), "as before")
	for range seeds.All() {
		break
	}
}
