package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// asCommand makes the test binary be raftd, for tests of what only a process has: signals, and being killed.
const asCommand = "RAFTD_TEST_IS_RAFTD"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Unsetenv(asCommand)
		main()
	}
	os.Exit(m.Run())
}

// process returns raftd as a process to be started.
func process(t *testing.T, args ...string) *exec.Cmd {
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	return cmd
}

// said is what a command line came to.
type said struct {
	code     int
	out, err string
}

// raftd runs a command line.
func raftd(t *testing.T, args ...string) said {
	t.Helper()
	return raftdIn(t, nil, args...)
}

// raftdIn runs a command line in an environment.
func raftdIn(t *testing.T, env []string, args ...string) said {
	t.Helper()
	var out, err bytes.Buffer
	code := execute(t.Context(), args, streams{out: &out, err: &err, env: env})
	return said{code, out.String(), err.String()}
}

// write makes a file of that text in a folder of the test's own, and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	return path
}
