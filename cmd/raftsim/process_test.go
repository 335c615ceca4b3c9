package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Ctrl-C ends a sweep with a partial table and the code of what was found. So does a service manager's SIGTERM.
func TestSignalEndsSweep(t *testing.T) {
	inFolder(t, map[string]string{"impatient.yaml": impatient, "calm.yaml": calm})
	for _, c := range []struct {
		file   string
		signal os.Signal
		code   int
	}{{"impatient.yaml", os.Interrupt, 1}, {"calm.yaml", syscall.SIGTERM, 3}} {
		cmd := process(t, "run", c.file, "--seeds", "1..1000000", "--json")
		var err bytes.Buffer
		cmd.Stderr = &err
		out, e := cmd.StdoutPipe()
		require.NoError(t, e)
		require.NoError(t, cmd.Start())
		lines := bufio.NewReader(out)
		seen := ""
		for range 5 { // two of five seeds fail
			line, e := lines.ReadString('\n')
			require.NoError(t, e)
			seen += line
		}
		require.NoError(t, cmd.Process.Signal(c.signal))
		rest, e := io.ReadAll(lines)
		require.NoError(t, e)
		_ = cmd.Wait()
		require.Equal(t, c.code, cmd.ProcessState.ExitCode(), err.String())
		printed := len(records(t, seen+string(rest)))
		require.Contains(t, err.String(), fmt.Sprintf("interrupted after %d of 1000000 runs in ", printed))
	}
}

// Ctrl-C ends what has nothing to show halfway as it ends any program.
func TestSignalEndsReplay(t *testing.T) {
	inFolder(t, map[string]string{"long.yaml": "name: long\nduration: 1h\n"})
	cmd := process(t, "replay", "long.yaml", "--seed", "1", "--trace")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait()
	require.Equal(t, syscall.SIGINT, cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
}

// A reader that has seen enough ends the program, without a word.
func TestReaderGone(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm})
	for _, args := range [][]string{
		{"run", "calm.yaml", "--seeds", "1..1000000", "--json"},
		{"replay", "leader-failure", "--seed", "7", "--trace"},
	} {
		cmd := process(t, args...)
		var err bytes.Buffer
		cmd.Stderr = &err
		out, e := cmd.StdoutPipe()
		require.NoError(t, e)
		require.NoError(t, cmd.Start())
		_, e = bufio.NewReader(out).ReadString('\n')
		require.NoError(t, e)
		require.NoError(t, out.Close())
		_ = cmd.Wait()
		require.Equal(t, syscall.SIGPIPE, cmd.ProcessState.Sys().(syscall.WaitStatus).Signal(), args)
		require.Empty(t, err.String())
	}
}

// The process ends with the code that the commands come to.
func TestExitCodes(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm, "impatient.yaml": impatient, "empty.jsonl": ""})
	for _, c := range []struct {
		code int
		args []string
	}{
		{0, []string{"run", "calm.yaml"}},
		{1, []string{"run", "impatient.yaml", "--seeds", "1..5"}},
		{1, []string{"run", "calm.yaml", "impatient.yaml", "--seed", "3"}},
		{2, []string{"run", "nope.yaml"}},
		{2, nil},
		{4, []string{"check", "empty.jsonl"}},
	} {
		out, err := process(t, c.args...).Output()
		if c.code == 0 {
			require.NoError(t, err)
			continue
		}
		var ended *exec.ExitError
		require.ErrorAs(t, err, &ended)
		require.Equal(t, c.code, ended.ExitCode(), "%v: %s%s", c.args, out, ended.Stderr)
	}
}
