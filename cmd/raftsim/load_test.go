package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
)

// What is wrong with scenario files is told all at once, with file, line and column, and nothing is run.
func TestBadScenarios(t *testing.T) {
	huge := strings.Repeat("# nothing\n", 1<<20) // 10 MB
	inFolder(t, map[string]string{
		"good.yaml":   calm,
		"empty.yaml":  "",
		"binary.yaml": "\x7fELF\x02\x01\x01\x00\xff\xfe",
		"huge.yaml":   huge,
		"folder/x":    "",
		"many.yaml": `name: many
durration: 5s
duration: 5
cluster: {nodes: 3}
timeline:
  - during: 4s..2s
    crash: n1
  - at: 1s
    crash: n9
`,
		"more.yaml": "name: more\nduration: 5s\ncluster: {nodes: 300}\n",
	})
	for path, says := range map[string][]string{
		"empty.yaml":  {"empty.yaml:1:1: the file is empty"},
		"binary.yaml": {"binary.yaml:1:", "a scenario is a text file"},
		"huge.yaml":   {"huge.yaml:1:1: the file has 10485760 bytes; a scenario has at most 1048576"},
		"folder":      {"raftsim: folder is a folder, and no file in it ends in .yaml"},
		"nope.yaml":   {"raftsim: nope.yaml: no such file, and no shipped scenario of that name; there are\n  basic-election"},
		"good.yaml/x": {"raftsim: open good.yaml/x: not a directory"},
		"many.yaml": {
			`many.yaml:2:1: unknown key "durration" in a scenario; did you mean "duration"?` + "\n    durration: 5s\n    ^\n",
			"many.yaml:3:11: duration: 5 has no unit; write 5s\n    duration: 5\n              ^\n",
			"many.yaml:6:13: during: 4s..2s ends before it starts\n",
			`many.yaml:9:12: crash: there is no node "n9"; the cluster has 3 nodes, n1 to n3` + "\n",
		},
		"": {"raftsim: the name of a scenario file is empty"},
	} {
		for _, args := range [][]string{{"run", path}, {"run", path, "--json"}, {"run", path, "--check-determinism"}, {"replay", path, "--seed", "1"}} {
			got := raftsim(t, args...)
			require.Equal(t, 2, got.code, args)
			require.Empty(t, got.out, args)
			for _, line := range says {
				require.Contains(t, got.err, line, args)
			}
		}
	}

	got := raftsim(t, "run", "many.yaml", "good.yaml", "more.yaml", "nope.yaml")
	require.Equal(t, 2, got.code)
	require.Empty(t, got.out, "the good one is not run")
	require.Contains(t, got.err, "many.yaml:9:12:")
	require.Contains(t, got.err, "more.yaml:3:18: nodes: 300 is not from 1 to 99")
	require.Contains(t, got.err, "nope.yaml: no such file")
}

func TestUnreadableScenario(t *testing.T) {
	inFolder(t, map[string]string{"secret.yaml": calm})
	require.NoError(t, os.Chmod("secret.yaml", 0))
	if _, err := os.ReadFile("secret.yaml"); err == nil {
		t.Skip("this user may read everything")
	}
	got := raftsim(t, "run", "secret.yaml")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.err, "secret.yaml: permission denied")
}

// A file named twice is played once; one that is there goes before a shipped one of its name.
func TestWhichScenarios(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm, "basic-election": calm})
	got := raftsim(t, "run", "calm.yaml", "./calm.yaml", "calm.yaml", "--json")
	require.Len(t, records(t, got.out), 4)

	got = raftsim(t, "run", "basic-election", "--json", "--seed", "1")
	require.Equal(t, "calm", records(t, got.out)[0].Scenario)

	got = raftsim(t, "run", "leader-failure", "scenarios/leader-failure.yaml", "--json", "--seed", "1")
	all := records(t, got.out)
	require.Len(t, all, 1)
	require.Equal(t, "raftsim replay scenarios/leader-failure.yaml --seed 1", all[0].Replay)
}

// A folder is the scenarios in it, in order, and what is wrong with any is said with its place.
func TestAFolderOfScenarios(t *testing.T) {
	still := strings.Replace(calm, "name: calm", "name: still", 1)
	inFolder(t, map[string]string{
		"some/b.yaml": calm, "some/a.yaml": still, "some/notes.txt": "", "some/.a.yaml": "", "some/more.yaml/x": "",
		"other/bad.yaml": "name: bad\n", "other/worse.yaml": "", "fuzz/a.yaml": calm, "fuzz/b.yaml": still, "-dash.yaml": calm,
	})
	play := func(paths ...string) []record {
		t.Helper()
		got := raftsim(t, append(append([]string{"run"}, paths...), "--seed", "2", "--json")...)
		require.Equal(t, exitPass, got.code, got.err)
		return records(t, got.out)
	}
	refuses := func(says string, args ...string) {
		t.Helper()
		got := raftsim(t, args...)
		require.Equal(t, exitUsage, got.code)
		require.Empty(t, got.out)
		require.Contains(t, got.err, says)
	}
	all := play("some", "some/b.yaml")
	require.Len(t, all, 2)
	require.Equal(t, []string{"still", "calm"}, []string{all[0].Scenario, all[1].Scenario})
	require.Equal(t, "raftsim replay "+filepath.Join("some", "a.yaml")+" --seed 2", all[0].Replay)
	require.Equal(t, "fuzz-2", play("fuzz")[0].Scenario, "a name that means something goes before a folder")
	require.Len(t, play("fuzz/"), 2)
	require.Contains(t, play(".")[0].Replay, "."+string(filepath.Separator)+"-dash.yaml")

	refuses(filepath.Join("other", "bad.yaml")+":1:1: duration is missing", "run", "some", "other")
	refuses(filepath.Join("other", "worse.yaml")+":1:1: the file is empty", "run", "some", "other")
	refuses("some is a folder of 2 scenarios: name one, such as "+filepath.Join("some", "a.yaml")+"\n", "replay", "some", "--seed", "1")

	// What a folder names is never looked for among the shipped ones.
	if err := os.Symlink("nowhere", filepath.Join("some", "leader-failure.yaml")); err == nil {
		refuses("leader-failure.yaml: no such file", "run", "some")
		require.NoError(t, os.Chdir("some"))
		refuses("leader-failure.yaml: no such file", "run", ".")
	}
}

// A shipped folder is all that is in it where several files can be meant, and none where one is.
func TestAFolderOfShippedScenarios(t *testing.T) {
	inFolder(t, nil)
	all := scenarios.ShippedIn("mit-6.5840")
	require.NotEmpty(t, all)
	files, err := load(streams{}, []string{"mit-6.5840", "mit-3a-initial-election"})
	require.NoError(t, err)
	require.Len(t, files, len(all))
	c := raftsim(t, "replay", "mit-6.5840", "--seed", "1")
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.err, "mit-6.5840 is a folder of")
}
