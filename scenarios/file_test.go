package scenarios_test

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// Shipped files are found by path and by name, those of the top level first. Each has its file's name, in a folder
// with what tells its source before it.
func TestShipped(t *testing.T) {
	t.Chdir(t.TempDir()) // where none of them is
	files, err := scenarios.Shipped()
	require.NoError(t, err)
	var top, foldered []string
	names := map[string]bool{}
	for _, f := range files {
		dir, base := path.Split(f.Short())
		switch dir {
		case "":
			require.Empty(t, foldered, f.Path)
			require.Equal(t, f.Scenario.Name, base)
			top = append(top, f.Short())
		case "mit-6.5840/":
			require.Equal(t, "mit-"+base, f.Scenario.Name)
			foldered = append(foldered, f.Short())
		case "regressions/":
			require.Equal(t, base, f.Scenario.Name)
			foldered = append(foldered, f.Short())
		default:
			require.Fail(t, "a folder nobody knows", f.Path)
		}
		require.False(t, names[f.Scenario.Name], "%s: two are called %s", f.Path, f.Scenario.Name)
		names[f.Scenario.Name] = true
		require.Equal(t, "scenarios/"+f.Short()+".yaml", f.Path)
		require.EqualValues(t, 200, f.Scenario.Seeds.Len(), f.Path)
		for _, name := range []string{f.Path, f.Short(), f.Short() + ".yaml", "./" + f.Path, base, base + ".yaml"} {
			g, err := scenarios.Load(name)
			require.NoError(t, err)
			require.Equal(t, f.Path, g.Path)
			require.Equal(t, f.Source, g.Source)
		}
	}
	require.True(t, slices.IsSorted(top))
	require.True(t, slices.IsSorted(foldered))
	require.Subset(t, top, []string{
		"basic-election", "leader-failure", "rapid-timeouts", "simultaneous-timeouts", "log-inconsistency", "heavy-load",
	})
	require.Len(t, foldered, 61)
}

// Every file of a folder names the schema, from where it stands, and its source.
func TestShippedFolders(t *testing.T) {
	files, err := scenarios.Shipped()
	require.NoError(t, err)
	for _, f := range files {
		if strings.Contains(f.Short(), "/") {
			require.True(t, strings.HasPrefix(string(f.Source),
				"# yaml-language-server: $schema=../schema.json\n#\n# Source: "), f.Path)
		}
	}
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
	require.ErrorContains(t, err, "nowhere.yaml: no such file, and no shipped scenario of that name; there are\n  basic-election, ")
	require.ErrorContains(t, err, " wiped-node,\nand those of mit-6.5840/ and regressions/")
	for name, meant := range map[string]string{"leader-failur": "leader-failure", "leader-faliure.yaml": "leader-failure", "3b-bakcup": "3b-backup"} {
		_, err = scenarios.Load(name)
		require.ErrorContains(t, err, name+": no such file, and no shipped scenario of that name: did you mean "+meant+"?")
	}
	_, err = scenarios.Load("mit-6.5840")
	require.ErrorContains(t, err, "mit-6.5840: no such file, and no shipped scenario of that name")
	_, err = scenarios.Load("elsewhere/3b-backup")
	require.ErrorContains(t, err, "no such file")
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
