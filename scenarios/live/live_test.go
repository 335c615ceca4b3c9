package live_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/live"
	"raftsim/scenarios/mutants"
	"raftsim/scenarios/script"
)

var (
	seed    = flag.Uint64("seed", 1, "what the world and the clients draw")
	compose = flag.Bool("compose", false, "play with containers, too; it wants Docker and the image of make image")
)

// build builds the program of a node.
func build(t *testing.T, flags ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "raftd")
	args := append([]string{"build", "-o", path}, flags...)
	out, err := exec.Command("go", append(args, "raftsim/cmd/raftd")...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// raftd is the program of a node, built once.
var raftd = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "raftsim-live-test-")
	if err != nil {
		return "", err
	}
	folder = dir
	path := filepath.Join(dir, "raftd")
	out, err := exec.Command("go", "build", "-o", path, "raftsim/cmd/raftd").CombinedOutput()
	if err != nil {
		return "", &exec.ExitError{Stderr: out}
	}
	return path, nil
})

// folder is where it lies, once it was built.
var folder string

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// load reads a shipped scenario.
func load(t *testing.T, name string) scenarios.File {
	t.Helper()
	f, err := scenarios.Load(name)
	require.NoError(t, err)
	return f
}

// parse reads a scenario from its text.
func parse(t *testing.T, text string) scenarios.File {
	t.Helper()
	f, err := scenarios.Parse("test.yaml", []byte(text))
	require.NoError(t, err)
	return f
}

// play plays a scenario. A run that a busy machine was too slow for is tried again with more time, and where that is not enough the
// test says so and is skipped.
func play(t *testing.T, f scenarios.File, o live.Options) live.Result {
	t.Helper()
	require.NoError(t, live.Check(f, *seed))
	if o.Raftd == "" && !o.Compose {
		path, err := raftd()
		require.NoError(t, err)
		o.Raftd = path
	}
	var r live.Result
	for _, o.Slow = range []int{1, 4} {
		o.Dir = filepath.Join(t.ArtifactDir(), t.Name())
		require.NoError(t, os.RemoveAll(o.Dir))
		var err error
		r, err = live.Play(t.Context(), f, *seed, o)
		require.NoError(t, err, o.Dir)
		t.Logf("%s: %d events, %d commits, %d elections, term %d, %d operations, %d of unknown outcome", r.Line(), r.Events, r.Commits, r.Elections, r.Term, r.Ops, r.OpsUnknown)
		if r.Verdict != scenarios.Inconclusive {
			return r
		}
	}
	t.Skipf("SKIPPED: the machine has no time for it: %s", r.Line())
	return r
}

// passed requires that a run passed, and not because nothing happened.
func passed(t *testing.T, r *live.Result) {
	t.Helper()
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	require.NotZero(t, r.Commits)
	for _, f := range r.Faults {
		require.True(t, f.Asked == 0 || f.Fired > 0, "%s came to nothing", f.Kind)
	}
}

// two is how many clusters are there at once.
var two = make(chan struct{}, 2)

// The scenarios that the product began with, and the one of a node that joins late, pass with real nodes as they do in the
// simulator.
func TestScenariosPassWithRealNodes(t *testing.T) {
	names := []string{"late-joiner", "log-inconsistency", "leader-failure", "simultaneous-timeouts", "heavy-load", "rapid-timeouts", "basic-election"}
	if testing.Short() {
		names = []string{"leader-failure", "basic-election"}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			two <- struct{}{}
			defer func() { <-two }()
			r := play(t, load(t, name), live.Options{})
			passed(t, &r)
		})
	}
}

// The same in containers.
func TestScenariosPassInContainers(t *testing.T) {
	if !*compose {
		t.Skip("not asked for: -compose starts containers")
	}
	for _, name := range []string{"basic-election", "leader-failure"} {
		t.Run(name, func(t *testing.T) {
			r := play(t, load(t, name), live.Options{Compose: true})
			passed(t, &r)
		})
	}
}

// calm is a scenario in which nothing happens.
const calm = `
name: calm
duration: 2s
cluster: {nodes: 3, election_timeout: 300ms..600ms, heartbeat: 50ms}
clients: {count: 2, rate: 50/s, keys: 2}
`

// A fault of the core is found in real nodes by the invariants that they are held to: here one that acknowledges what is not on
// the disk yet.
func TestFaultOfTheCoreIsFound(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds another raftd")
	}
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, mutants.Folder, "ack-before-fsync"+mutants.Extension))
	require.NoError(t, err)
	m, err := mutants.Parse("ack-before-fsync"+mutants.Extension, text)
	require.NoError(t, err)
	changed, err := m.Apply(root)
	require.NoError(t, err)
	replace := make(map[string]string)
	for name, text := range changed {
		path := filepath.Join(t.TempDir(), "file.go")
		require.NoError(t, os.WriteFile(path, text, 0o666))
		replace[filepath.Join(root, name)] = path
	}
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	text, err = json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, text, 0o666))

	r := play(t, parse(t, calm), live.Options{Raftd: build(t, "-overlay", overlay)})
	require.Equal(t, scenarios.Violation, r.Verdict)
	require.Equal(t, "durable-promises", r.Property, r.Line())
}

// A node that ends by itself is a finding, with what it said last.
func TestNodeThatEndsIsFound(t *testing.T) {
	dir := t.TempDir()
	path, err := raftd()
	require.NoError(t, err)
	// It boots as n2 does, and is another program from then on.
	script := "#!/bin/sh\ncase \"$*\" in\n*'--id n2 '*) " + path + " \"$@\" & sleep 1; kill -9 $!; echo 'it is broken' >&2; exit 1;;\nesac\nexec " + path + " \"$@\"\n"
	wrapped := filepath.Join(dir, "raftd.sh")
	require.NoError(t, os.WriteFile(wrapped, []byte(script), 0o777))
	r := play(t, parse(t, calm), live.Options{Raftd: wrapped})
	require.Equal(t, scenarios.Violation, r.Verdict)
	require.Equal(t, "no-panic", r.Property)
	require.Contains(t, r.Detail, "n2 halted: ")
	require.Contains(t, r.Detail, "it is broken")
}

// A run ends when it is told to, and nothing is left of it.
func TestInterrupted(t *testing.T) {
	path, err := raftd()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	// Nothing is expected of it by a time that a busy machine may miss.
	r, err := live.Play(ctx, parse(t, "name: endless\nduration: 1m\nexpect:\n  - always: safety\n"), 1, live.Options{Raftd: path, Dir: t.TempDir()})
	if err != nil { // before it began
		require.ErrorIs(t, err, context.DeadlineExceeded)
		return
	}
	require.True(t, r.Interrupted, r.Line())
	require.Less(t, r.Virtual, 30*time.Second)
}

// What cannot be started is said before anything is.
func TestCannotBeStarted(t *testing.T) {
	f := load(t, "basic-election")
	_, err := live.Play(t.Context(), f, 1, live.Options{Raftd: filepath.Join(t.TempDir(), "nope"), Dir: t.TempDir()})
	require.ErrorContains(t, err, "n1 cannot be started: ")
	_, err = live.Play(t.Context(), f, 1, live.Options{Raftd: "/bin/false", Dir: t.TempDir()})
	require.ErrorContains(t, err, "n1 cannot be started: it ended at once, without a word")

	t.Setenv("PATH", t.TempDir())
	_, err = live.Play(t.Context(), f, 1, live.Options{Compose: true, Dir: t.TempDir()})
	require.ErrorContains(t, err, "--compose wants Docker, which cannot be reached: start it, or leave --compose out and have processes")
}

// What cannot be done to real nodes is named with its place, all at once.
func TestCheck(t *testing.T) {
	f := parse(t, `name: refused
duration: 9s
mutant: figure-8
cluster: {nodes: 3}
timeline:
  - at: 1s
    clock: {drift: 1%}
    on: n1
  - during: 2s..3s
    timers: {late: 10ms}
  - during: 3s..4s
    disk: full
    on: n2
  - during: 4s..5s
    disk: {sync: 10ms..20ms}
    on: n2
  - repeat: 3
    every: 100ms
    timeline:
      - at: 5s
        disk: {rot: log}
        on: n1
  - at: 6s
    wipe: n1
  - during: 7s..8s
    hold: {from: n1, to: n2}
expect:
  - violates: refinement
`)
	err := live.Check(f, 1)
	var errs script.Errors
	require.ErrorAs(t, err, &errs)
	var said []string
	for _, e := range errs {
		said = append(said, strings.Split(e.Error(), "\n")[0])
	}
	require.Equal(t, []string{
		"test.yaml: mutant: figure-8 is a core for the simulator, and real nodes have the shipped one",
		"test.yaml:6:5: clock: real nodes share the machine's clock, which is left alone",
		"test.yaml:9:5: timers: when the timers of a real node fire is up to the machine",
		"test.yaml:11:5: disk: a real disk cannot be made full by this program",
		"test.yaml:14:5: disk: a real disk cannot be made slow by this program",
		"test.yaml:20:9: disk: bits do not rot on a real disk on demand",
		"test.yaml:28:5: violates: what is sure to go wrong in the simulator may go well with real nodes",
	}, said)

	f = parse(t, "name: unseen\nduration: 1s\nexpect:\n  - always: [refinement]\n")
	require.ErrorContains(t, live.Check(f, 1), "always: refinement cannot be seen of real nodes")
}
