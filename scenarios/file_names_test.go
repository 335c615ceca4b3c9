package scenarios

import (
	"path"
	"testing"

	"github.com/stretchr/testify/require"
)

// A name without its folder is enough where it means one file, and never hides one of the top level.
func TestNamesOfShippedFiles(t *testing.T) {
	names := []string{"backup", "lab/backup", "lab/count", "lab/figure-8", "paper/figure-8"}
	for name, want := range map[string]string{
		"backup": "backup.yaml", "lab/backup": "lab/backup.yaml",
		"count": "lab/count.yaml", "count.yaml": "lab/count.yaml", "scenarios/lab/count.yaml": "lab/count.yaml",
		"paper/figure-8": "paper/figure-8.yaml", Chaos: "bench/chaos-5.yaml", "bench/chaos-5.yaml": "bench/chaos-5.yaml",
	} {
		got, err := meant(name, names)
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
	}
	_, err := meant("figure-8", names)
	require.EqualError(t, err, "figure-8: no such file, and several shipped scenarios of that name: lab/figure-8, paper/figure-8")
	_, err = meant("figure-9", names)
	require.ErrorContains(t, err, "no shipped scenario of that name: did you mean figure-8?")
}

// What a table of verdicts shows is enough to find a scenario by, and a folder is all that is in it.
func TestShippedFilesAreFoundByWhatTheyAreCalled(t *testing.T) {
	files, err := Shipped()
	require.NoError(t, err)
	folders := map[string]int{}
	for _, f := range files {
		found, err := Load(f.Scenario.Name)
		require.NoError(t, err)
		require.Equal(t, f.Path, found.Path)
		folders[path.Dir(f.Short())]++
	}
	require.NotZero(t, folders["mit-6.5840"])
	require.NotZero(t, folders["regressions"])
	require.Len(t, ShippedIn("mit-6.5840"), folders["mit-6.5840"])
	require.Len(t, ShippedIn("scenarios/regressions/"), folders["regressions"])
	for _, none := range []string{".", "", "scenarios", "bench", "mit"} {
		require.Empty(t, ShippedIn(none), none)
	}
}
