package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the specification was searched for is shown, and the same everywhere.
func TestSpecTellsHowManyStatesThereAre(t *testing.T) {
	got := raftsim(t, "spec", "giving-up", "one-voter-more")
	require.Equal(t, said{0, `search          states  steps   depth  within
giving-up       5405    22882   21     2 servers, 2 terms, 1 entry, 7 messages, giving up
one-voter-more  14087   103120  19     3 servers, at first 2 voters, 1 term, 2 entries, 7 messages, 1 other configuration
in every state and step of these hold ElectionSafety, LeaderAppendOnly, LogMatching, LeaderCompleteness, StateMachineSafety, ` +
		`CommittedNeverChanges, VoteNeverChanges, ReadsSeeWhatWasCommitted, LeasesExcludeElections
`, ""}, got)
	var row searched
	require.NoError(t, json.Unmarshal([]byte(raftsim(t, "spec", "giving-up", "--json").out), &row))
	require.Equal(t, []any{"giving-up", 5405, 9, ""}, []any{row.Search, row.States, len(row.Invariants), row.Violated})
}
