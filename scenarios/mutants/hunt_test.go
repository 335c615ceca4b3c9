package mutants_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/mutants"
)

// hunted hunts the canary in a world of three nodes, where a third and one more is a majority like any other, so that
// only what the file expects beside safety can fail.
func hunted(t *testing.T, hunts int, expect string) (mutants.Score, []mutants.Catch) {
	t.Helper()
	c := open(t)
	m, err := c.Find(canary)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "world.yaml")
	text := []byte("name: world\nduration: 1s\nexpect:\n  - always: safety\n" + expect)
	require.NoError(t, os.WriteFile(path, text, 0o666))
	world, err := scenarios.Parse(path, text)
	require.NoError(t, err)
	var catches []mutants.Catch
	h := mutants.Hunter{Checkout: c, Worlds: []scenarios.File{world}, Hunts: hunts, Seeds: 5,
		Each: func(_ *mutants.Mutant, _ int, c *mutants.Catch) { catches = append(catches, *c) }}
	score, err := h.Hunt(t.Context(), m)
	require.NoError(t, err)
	return score, catches
}

func TestAMutantThatDoesNothingWrongSurvives(t *testing.T) {
	score, catches := hunted(t, 2, "")
	require.False(t, score.Caught)
	require.Equal(t, 2, score.Missed)
	require.Empty(t, score.Property)
	require.Equal(t, []mutants.Catch{{Seeds: 5, Runs: 5}, {Seeds: 5, Runs: 5}}, catches)
}

func TestWhatTheShippedCoreFailsIsNoCatch(t *testing.T) {
	score, catches := hunted(t, 2, "  - commits: \">= 1000000\"\n")
	require.False(t, score.Caught)
	require.Len(t, score.Alarms, 10)
	require.True(t, strings.HasSuffix(catches[1].Alarms[0], "--seed 1001"), "the second hunt has seeds of its own: %s", catches[1].Alarms[0])
	require.NotContains(t, catches[0].Alarms[0], "--mutant")
}

func TestACatchIsPlayedAgainByItsReplayLine(t *testing.T) {
	c := open(t)
	m, err := c.Find(canary)
	require.NoError(t, err)
	chaos, err := scenarios.Load(scenarios.Chaos)
	require.NoError(t, err)
	h := mutants.Hunter{Checkout: c, Worlds: []scenarios.File{chaos}, Hunts: 1}
	score, err := h.Hunt(t.Context(), m)
	require.NoError(t, err)
	require.True(t, score.Caught)
	require.Regexp(t, `^raftsim replay scenarios/bench/chaos-5\.yaml --seed \d+ --mutant quorum-third$`, score.Replay)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = h.Hunt(ctx, m)
	require.ErrorIs(t, err, context.Canceled)
}

func TestScoresSumUpHunts(t *testing.T) {
	caught := func(seeds uint64, property string) mutants.Catch {
		return mutants.Catch{Caught: true, Seeds: seeds, Runs: 2 * seeds, Property: property, Replay: property}
	}
	for _, c := range []struct {
		catches []mutants.Catch
		want    mutants.Score
	}{
		{nil, mutants.Score{Properties: map[string]int{}}},
		{[]mutants.Catch{caught(9, "b"), caught(1, "a"), caught(4, "b"), caught(7, "a")}, mutants.Score{
			Caught: true, Hunts: 4, Property: "a", SeedsMedian: 4, SeedsMin: 1, SeedsMax: 9, RunsMedian: 8,
			Properties: map[string]int{"a": 2, "b": 2}, Replay: "a",
		}},
		{[]mutants.Catch{caught(3, "b"), {Seeds: 1000, Errors: 2, Alarms: []string{"x"}}, caught(5, "b")}, mutants.Score{
			Hunts: 3, Missed: 1, Property: "b", SeedsMedian: 3, SeedsMin: 3, SeedsMax: 5, RunsMedian: 6,
			Properties: map[string]int{"b": 2}, Replay: "b", Errors: 2, Alarms: []string{"x"},
		}},
	} {
		require.Equal(t, c.want, mutants.Sum(c.catches))
	}
}
