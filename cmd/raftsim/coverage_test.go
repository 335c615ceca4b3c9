package main

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios/script"
)

// A sweep ends with what its runs did not come to, by name and group, so that a pass is not taken for more than it is.
func TestASweepTellsWhatItDidNotReach(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm, "crash.yaml": `
name: crash
duration: 2s
network: {loss: 5%}
timeline: [{at: 1s, crash: leader}, {at: 1500ms, join: n4}, {at: 1600ms, restart: candidate}]
`})
	got := raftsim(t, "run", "calm.yaml", "crash.yaml", "--seeds", "1..50")
	require.Zero(t, got.code, got.err)
	require.Regexp(t, `(?m)^faults that came to do something: crash 50 of 50, join 50 of 50, restart 0 of 50, message lost \d+$`, got.err)
	require.Contains(t, got.err, "\nstates reached by the runs together, of those known:\n")
	_, told, _ := strings.Cut(got.err, "of those known:\n")
	lines := strings.Split(strings.TrimSuffix(told, "\n"), "\n")
	require.Len(t, lines, len(script.StateGroups()), "a line for each group, and nothing after")
	for i, group := range script.StateGroups() {
		require.Regexp(t, `^  `+group+` +\d+/\d+(  never [a-z, -]+)?$`, lines[i])
		reached, known := 0, 0
		for _, s := range script.States() {
			if s.Group != group {
				continue
			}
			known++
			if !regexp.MustCompile(`[ ]` + s.Name + `(,|$)`).MatchString(lines[i]) {
				reached++
			}
		}
		require.Regexp(t, ` `+strconv.Itoa(reached)+`/`+strconv.Itoa(known)+`\b`, lines[i], "who is not named was reached")
	}
	require.NotContains(t, lines[0], " leader-elected")
	require.Contains(t, lines[0], " election-by-transfer")
	require.NotContains(t, lines[4], " leader-crashed,")

	got = raftsim(t, "run", "calm.yaml", "--seeds", "1..3", "--json")
	require.NotContains(t, got.out, "elections  ")
	require.NotContains(t, got.out, "leader-elected")
	require.Regexp(t, `(?m)^states reached by the runs together, of those known: elections \d+/\d+, .*\d+/\d+$`, got.err)
	require.NotContains(t, got.err, "never", "three runs do not say much")
	require.NotContains(t, got.err, "faults that", "there were none")
}
