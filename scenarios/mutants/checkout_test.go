package mutants_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios/mutants"
)

// A mutant whose lines the core no longer has tells nobody anything.
func TestShippedMutantsApply(t *testing.T) {
	c := open(t)
	all, err := c.Shipped()
	require.NoError(t, err)
	var stale []error
	for _, m := range all {
		_, err := m.Apply(c.Root)
		stale = append(stale, err)
		require.Equal(t, m.Name, m.Argument)
	}
	require.NoError(t, errors.Join(stale...))
	require.True(t, slices.ContainsFunc(all, func(m *mutants.Mutant) bool { return m.Name == canary }))
}

func TestShippedMutantsCompile(t *testing.T) {
	c := open(t)
	all, err := c.Shipped()
	require.NoError(t, err)
	k, err := c.Compiler(t.Context())
	require.NoError(t, err)
	for _, m := range append(all, unmended(t, c)...) {
		require.NoError(t, k.Check(m))
	}
}

func TestAMutantThatDoesNotCompile(t *testing.T) {
	c := open(t)
	m, err := mutants.Parse("nonsense.mutant", []byte(head+"--- raft/quorum/majority.go\n-func Majority(n int) int { return n/2 + 1 }\n+func Majority(n int) int { return none }\n"))
	require.NoError(t, err)
	const says = "mutant nonsense does not compile"
	k, err := c.Compiler(t.Context())
	require.NoError(t, err)
	err = k.Check(m)
	require.ErrorContains(t, err, says)
	require.ErrorContains(t, err, "raft/quorum/majority.go:")
	require.ErrorContains(t, err, "undefined: none")
	c.Cache = t.TempDir()
	_, err = c.Build(t.Context(), m)
	require.ErrorContains(t, err, says)
	left, err := os.ReadDir(c.Cache)
	require.NoError(t, err)
	require.Empty(t, left, "nothing half-made is left behind")
}

func TestFindingAMutant(t *testing.T) {
	c := open(t)
	m, err := c.Find(canary)
	require.NoError(t, err)
	require.Equal(t, canary, m.Argument)

	path := filepath.Join(t.TempDir(), "my-fault.mutant")
	require.NoError(t, os.WriteFile(path, []byte(head+"--- raft/log.go\n-x\n"), 0o666))
	m, err = c.Find(path)
	require.NoError(t, err)
	require.Equal(t, "my-fault", m.Name)
	require.Equal(t, path, m.Argument)
	all, err := mutants.Dir(filepath.Dir(path))
	require.NoError(t, err)
	require.Equal(t, []*mutants.Mutant{m}, all)

	for _, no := range []string{"quorum-fourth", "../mutants/" + canary, ""} {
		_, err = c.Find(no)
		require.ErrorContains(t, err, "there is no mutant", no)
		require.ErrorContains(t, err, canary, "it says which there are")
	}
	_, err = c.Find(filepath.Join(t.TempDir(), "absent.mutant"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = mutants.Dir(t.TempDir())
	require.ErrorContains(t, err, "no file in it ends in .mutant")
}

func TestThereIsNothingToBuildFrom(t *testing.T) {
	_, err := mutants.Open(t.TempDir())
	require.ErrorIs(t, err, mutants.ErrNoSources)

	other := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(other, "go.mod"), []byte("module example.com/raftsim\n"), 0o666))
	_, err = mutants.Open(other)
	require.ErrorIs(t, err, mutants.ErrNoSources)

	t.Setenv("PATH", t.TempDir())
	_, err = mutants.Open(".")
	require.ErrorIs(t, err, mutants.ErrNoGo)
}
