package mutants_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/mutants"
)

// weighed hunts the canary in one world, then without the check that saw it, and shrinks what was caught.
func weighed(t *testing.T, expect string) mutants.Score {
	t.Helper()
	c := open(t)
	m, err := c.Find(canary)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "five.yaml")
	text := []byte("name: five\nduration: 2s\ncluster: {nodes: 5, election_timeout: 20ms..30ms, heartbeat: 10ms}\nnetwork: {latency: 1ms..10ms}\nexpect:\n" + expect)
	require.NoError(t, os.WriteFile(path, text, 0o666))
	world, err := scenarios.Parse(path, text)
	require.NoError(t, err)
	h := mutants.Hunter{Checkout: c, Worlds: []scenarios.File{world}, Hunts: 2, Weigh: true, Minimal: filepath.Join(t.TempDir(), "minimal")}
	score, err := h.Hunt(t.Context(), m)
	require.NoError(t, err)
	require.True(t, score.Caught)
	require.Equal(t, score.Property, score.Without.Property)
	return score
}

// A mutant that was caught is hunted once more without the check that saw it, and its first catch becomes a minimal file.
func TestACatchIsWeighedAndShrunk(t *testing.T) {
	score := weighed(t, "  - always: safety\n")
	both := []string{"election-safety", "refinement"}
	require.Subset(t, both, []string{score.Without.Property, score.Without.Next})
	require.NotEqual(t, score.Without.Property, score.Without.Next)
	require.LessOrEqual(t, score.Without.Seeds, uint64(20))

	s := score.Shrunk
	require.Equal(t, canary+".yaml", filepath.Base(s.File))
	f, err := scenarios.Load(s.File)
	require.NoError(t, err)
	require.Equal(t, canary, f.Scenario.Mutant)
	require.Len(t, f.Scenario.Timeline, s.Entries)
	require.LessOrEqual(t, s.Entries, 2)
	require.Equal(t, f.Scenario.Cluster.Nodes, s.Nodes)
	require.Positive(t, s.CPU)
	require.Positive(t, s.Wall)
}

// Where nothing else sees it, it would have been missed.
func TestAMutantThatOneCheckAloneSees(t *testing.T) {
	score := weighed(t, "  - always: [refinement, client-once]\n")
	require.Equal(t, "refinement", score.Without.Property)
	require.Empty(t, score.Without.Next)
	require.EqualValues(t, 20, score.Without.Seeds, "more than a hunt needs")
}
