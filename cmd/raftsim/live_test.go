package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// buildRaftd builds the program of a node.
func buildRaftd(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "raftd")
	out, err := exec.Command("go", "build", "-o", path, "raftsim/cmd/raftd").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// gentle is a scenario that passes on a busy machine as well.
const gentle = `
name: gentle
duration: 1s
seeds: 5..9
cluster: {nodes: 3}
clients: {count: 2, rate: 20/s, keys: 2}
expect:
  - always: safety
  - history: linearizable
`

// A run with real nodes prints what any run prints, but for a fingerprint, and keeps what its nodes logged when it is to.
func TestLive(t *testing.T) {
	raftd := buildRaftd(t)
	inFolder(t, map[string]string{"gentle.yaml": gentle})
	got := raftsim(t, "live", "gentle.yaml", "--raftd", raftd, "--slow", "4", "--json", "--keep", "kept")
	require.Equal(t, 0, got.code, got.err)
	all := records(t, got.out)
	require.Len(t, all, 1)
	require.Equal(t, "gentle", all[0].Scenario)
	require.Equal(t, uint64(5), all[0].Seed, "the first of the file's")
	require.Equal(t, "pass", all[0].Verdict)
	require.Empty(t, all[0].Fingerprint)
	require.NotZero(t, all[0].Commits)
	require.Equal(t, "raftsim live gentle.yaml --seed 5 --slow 4", all[0].Replay)
	require.Contains(t, got.err, "not judged of real nodes: refinement")
	for _, name := range []string{"n1.log", "n2.log", "n3.log", "trace.txt", "history.jsonl", "n1/node.json"} {
		text, err := os.ReadFile(filepath.Join("kept/seed-5", name))
		require.NoError(t, err)
		require.NotEmpty(t, text, name)
	}
	require.Equal(t, 0, raftsim(t, "check", "kept/seed-5/history.jsonl").code)
}

// A run that does not pass says where its logs are; one that does leaves nothing.
func TestLiveFails(t *testing.T) {
	raftd := buildRaftd(t)
	inFolder(t, map[string]string{"bad.yaml": gentle + "  - commits: \"== 0\"\n", "gentle.yaml": gentle})
	t.Setenv("TMPDIR", t.TempDir())
	got := raftsim(t, "live", "gentle.yaml", "--raftd", raftd, "--slow", "4")
	require.Equal(t, 0, got.code, got.err)
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	require.Empty(t, left)
	require.Contains(t, got.out, "gentle        1     1          0             0      0            1s")

	got = raftsim(t, "live", "bad.yaml", "--raftd", raftd, "--slow", "4")
	require.Contains(t, []int{exitViolation, exitInconclusive}, got.code, "inconclusive where the machine is busy: %s", got.err)
	require.Contains(t, got.err, "counts: ")
	require.Contains(t, got.err, "  again: raftsim live bad.yaml --seed 5 --slow 4\n")
	logs, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "raftsim-live-*", "seed-5", "n1.log"))
	require.NoError(t, err)
	require.Len(t, logs, 1)
}

// Ctrl-C ends a run with real nodes, which end with it.
func TestSignalEndsLive(t *testing.T) {
	raftd := buildRaftd(t)
	inFolder(t, map[string]string{"long.yaml": "name: long\nduration: 1h\n"})
	cmd := process(t, "live", "long.yaml", "--raftd", raftd, "--keep", "kept")
	var err bytes.Buffer
	cmd.Stderr = &err
	require.NoError(t, cmd.Start())
	nodes := []string{"n1", "n2", "n3"}
	// Each has a folder by then that says whose it is.
	require.Eventually(t, func() bool {
		return !slices.ContainsFunc(nodes, func(n string) bool {
			text, _ := os.ReadFile("kept/seed-1/" + n + ".log")
			return !bytes.Contains(text, []byte("serves cluster"))
		})
	}, time.Minute, 20*time.Millisecond)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait()
	require.Equal(t, exitInconclusive, cmd.ProcessState.ExitCode(), err.String())
	require.Contains(t, err.String(), "interrupted after 0 of 1 run")
	// No node has the folder any more.
	for _, n := range nodes {
		out, e := exec.Command(raftd, "serve", "--id", n, "--data", "kept/seed-1/"+n, "--cluster", "another", "--peers", n+"=127.0.0.1:1", "--listen", "127.0.0.1:0").CombinedOutput()
		require.Error(t, e)
		require.Contains(t, string(out), `belongs to cluster "raftsim-live"`, "it is not in use")
	}
}

// A scenario that cannot be played with real nodes is refused before anything starts, with each place.
func TestLiveRefuses(t *testing.T) {
	inFolder(t, map[string]string{"bad.yaml": "name: bad\n"})
	for file, says := range map[string]string{
		"rotten-log":         "scenarios/rotten-log.yaml:32:5: disk: bits do not rot on a real disk on demand\n",
		"lease-beyond-bound": "raftsim: scenarios/lease-beyond-bound.yaml cannot be played with real nodes; raftsim run plays it\n",
		"bad.yaml":           "bad.yaml:1:1: duration is missing\n",
	} {
		got := raftsim(t, "live", file, "--keep", "kept")
		require.Equal(t, exitUsage, got.code)
		require.Empty(t, got.out)
		require.Contains(t, got.err, says)
		require.NoDirExists(t, "kept")
	}
}
