package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the files in testdata that hold what is printed")

// asCommand makes the test binary be raftsim, for tests of what only a process has: signals, pipes, its exit code.
const asCommand = "RAFTSIM_TEST_IS_RAFTSIM"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// process returns raftsim as a process to be started.
func process(t *testing.T, args ...string) *exec.Cmd {
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	return cmd
}

// said is what a command line came to.
type said struct {
	code     int
	out, err string
}

// raftsim runs a command line, without a terminal.
func raftsim(t *testing.T, args ...string) said {
	t.Helper()
	return raftsimReading(t, "", args...)
}

func raftsimReading(t *testing.T, in string, args ...string) said {
	t.Helper()
	var out, err bytes.Buffer
	code := execute(t.Context(), args, streams{in: strings.NewReader(in), out: &out, err: &err})
	return said{code, out.String(), err.String()}
}

// running runs one command's function, whose options a command line cannot give.
func running(ctx context.Context, command func(context.Context, streams) error) said {
	var out, err bytes.Buffer
	code := codeOf(command(ctx, streams{in: strings.NewReader(""), out: &out, err: &err}))
	return said{code, out.String(), err.String()}
}

// inFolder makes the test's working directory one that holds these files, name by text.
func inFolder(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o666))
	}
}

// calm is a scenario that passes, quickly.
const calm = `
name: calm
duration: 1s
seeds: 1..4
cluster: {nodes: 3}
clients: {count: 2, rate: 20/s, keys: 2}
expect:
  - always: safety
  - history: linearizable
  - {by: end, replicas: identical}
`

// impatient is one that passes with seeds 1, 2 and 5 and fails with 3 and 4.
const impatient = `
name: impatient
duration: 2s
cluster: {nodes: 3, election_timeout: 150ms..170ms, heartbeat: 50ms}
network: {latency: 5ms..15ms}
expect:
  - {by: 300ms, leader: elected}
`

// records reads what --json printed: one object on every line, with the fields that are promised and no others.
func records(t *testing.T, out string) []record {
	t.Helper()
	var all []record
	for line := range strings.Lines(out) {
		var r record
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		require.NoError(t, d.Decode(&r), line)
		require.False(t, d.More(), line)
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields))
		require.Len(t, fields, 15, line)
		all = append(all, r)
	}
	return all
}

// golden compares what was printed with a file in testdata.
func golden(t *testing.T, path, got string) {
	t.Helper()
	path = filepath.Join("testdata", path)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test ./cmd/raftsim -update writes the file anew")
}

// seedsOf are the seeds from 1 to n.
func seedsOf(n uint64) seedFlags {
	var f seedFlags
	f.many.given = true
	f.many.value = append(f.many.value, struct{ First, Last uint64 }{1, n})
	return f
}
