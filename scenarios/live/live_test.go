package live_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/live"
)

var seed = flag.Uint64("seed", 1, "what the world and the clients draw")

// build builds the program of a node.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "raftd")
	out, err := exec.Command("go", "build", "-o", path, "raftsim/cmd/raftd").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// The scenarios that the product began with pass with real nodes as they do in the simulator.
func TestScenariosWithRealNodes(t *testing.T) {
	raftd := build(t)
	for _, name := range []string{
		"basic-election", "leader-failure", "rapid-timeouts", "simultaneous-timeouts", "log-inconsistency", "heavy-load", "late-joiner",
	} {
		t.Run(name, func(t *testing.T) {
			f, err := scenarios.Load(name)
			require.NoError(t, err)
			require.NoError(t, live.Check(f, *seed))
			dir, err := os.MkdirTemp("/tmp/live-work", name)
			require.NoError(t, err)
			r, err := live.Play(t.Context(), f, *seed, live.Options{Raftd: raftd, Dir: dir})
			require.NoError(t, err)
			t.Logf("%s\nbusy: %q, %d events, %d commits, %d elections, term %d, %d ops (%d unknown), virtual %v wall %v\nnot exercised: %q\nreached: %q\nfaults: %v\n%s", r.Line(), r.Busy, r.Events, r.Commits, r.Elections, r.Term, r.Ops, r.OpsUnknown, r.Virtual, r.Wall, r.NotExercised, r.Reached, r.Faults, dir)
			require.Equal(t, scenarios.Pass, r.Verdict)
		})
	}
}
