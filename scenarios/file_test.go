package scenarios_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// Shipped files are found by path and by name, each under its own name.
func TestShipped(t *testing.T) {
	files, err := scenarios.Shipped()
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		names = append(names, f.Scenario.Name)
		require.Equal(t, "scenarios/"+f.Scenario.Name+".yaml", f.Path)
		require.EqualValues(t, 200, f.Scenario.Seeds.Len(), f.Path)
		for _, path := range []string{f.Path, f.Scenario.Name, f.Scenario.Name + ".yaml", "./" + f.Path} {
			g, err := scenarios.Load(path)
			require.NoError(t, err)
			require.Equal(t, f.Source, g.Source)
		}
	}
	require.True(t, slices.IsSorted(names))
	require.Subset(t, names, []string{
		"basic-election", "leader-failure", "rapid-timeouts", "simultaneous-timeouts", "log-inconsistency", "heavy-load",
	})
}

// A file on the disk goes before a shipped one, and is called as it was typed.
func TestLoad(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("basic-election.yaml", []byte("name: mine\nduration: 1s"), 0o600))
	f, err := scenarios.Load("basic-election.yaml")
	require.NoError(t, err)
	require.Equal(t, "mine", f.Scenario.Name)
	require.Equal(t, "basic-election.yaml", f.Path)

	_, err = scenarios.Load("nowhere.yaml")
	require.ErrorContains(t, err, "nowhere.yaml: no such file, and no shipped scenario of that name: basic-election, ")
	_, err = scenarios.Load(".")
	require.Error(t, err)

	require.NoError(t, os.WriteFile("bad.yaml", []byte("name: bad\nduration: soon"), 0o600))
	_, err = scenarios.Load("bad.yaml")
	var all script.Errors
	require.True(t, errors.As(err, &all))
	require.Equal(t, 2, all[0].Line)

	big := filepath.Join(t.TempDir(), "big.yaml")
	require.NoError(t, os.WriteFile(big, make([]byte, 20<<20), 0o600))
	_, err = scenarios.Load(big)
	require.True(t, errors.As(err, &all))
}

// A replay command can be pasted, whatever the path.
func TestReplayCommand(t *testing.T) {
	for path, want := range map[string]string{
		"scenarios/x.yaml": "raftsim replay scenarios/x.yaml --seed 7",
		"my file.yaml":     "raftsim replay 'my file.yaml' --seed 7",
		"it's.yaml":        `raftsim replay 'it'\''s.yaml' --seed 7`,
		"$(rm).yaml":       "raftsim replay '$(rm).yaml' --seed 7",
	} {
		r := scenarios.Result{File: path, Seed: 7}
		require.Equal(t, want, r.Replay())
	}
}
