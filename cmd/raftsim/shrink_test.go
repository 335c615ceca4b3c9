package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is shrunk is a file on which `raftsim run` passes, since it expects the violation, and which replay plays.
func TestShrink(t *testing.T) {
	inFolder(t, map[string]string{"impatient.yaml": impatient, "calm.yaml": calm})
	got := raftsim(t, "shrink", "impatient.yaml", "--seed", "3", "-o", "minimal.yaml")
	require.Zero(t, got.code, got.err)
	require.Empty(t, got.out)
	require.Regexp(t, `^2 entries, 2 nodes, after \d+ runs: leader-elected: no leader was ever elected \(t=\d\.\d{3}s, event \d+\)
  replay: raftsim replay minimal.yaml --seed 1
$`, got.err)
	require.Zero(t, raftsim(t, "run", "minimal.yaml").code)

	text, err := os.ReadFile("minimal.yaml")
	require.NoError(t, err)
	require.Equal(t, string(text), raftsim(t, "shrink", "impatient.yaml", "--seed", "3").out)

	got = raftsim(t, "shrink", "calm.yaml", "--seed", "1")
	require.Equal(t, 4, got.code)
	require.Empty(t, got.out)
	require.Equal(t, "calm.yaml with seed 1: it passes, so that there is nothing to shrink\n", got.err)

	got = raftsim(t, "shrink", "impatient.yaml", "--seed", "3", "-o", "nowhere/minimal.yaml")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.err, "nowhere/minimal.yaml: no such file or directory")
}
