package main

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is shrunk is a file on which `raftsim run` passes, since it expects the violation, and which replay plays.
func TestShrink(t *testing.T) {
	inFolder(t, map[string]string{"impatient.yaml": impatient, "calm.yaml": calm})
	got := raftsim(t, "shrink", "impatient.yaml", "--seed", "3", "-o", "minimal.yaml")
	require.Zero(t, got.code, got.err)
	require.Empty(t, got.out)
	require.Regexp(t, `^2 entries, 2 nodes, after \d+ runs: leader-elected: no leader was ever elected \(t=\d\.\d{3}s, event \d+\)
  replay: raftsim replay minimal.yaml --seed 1
$`, got.err)
	require.Zero(t, raftsim(t, "run", "minimal.yaml").code)

	text, err := os.ReadFile("minimal.yaml")
	require.NoError(t, err)
	require.Equal(t, string(text), raftsim(t, "shrink", "impatient.yaml", "--seed", "3").out)

	got = raftsim(t, "shrink", "calm.yaml", "--seed", "1")
	require.Equal(t, 4, got.code)
	require.Empty(t, got.out)
	require.Equal(t, "calm.yaml with seed 1: it passes, so that there is nothing to shrink\n", got.err)

	got = raftsim(t, "shrink", "impatient.yaml", "--seed", "3", "-o", "nowhere/minimal.yaml")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.err, "nowhere/minimal.yaml: no such file or directory")
	require.Equal(t, string(text), got.out, "what took so long is not lost")
}

// What somebody wrote by hand is not lost to a slip of the keyboard, and no more is an earlier minimum, which may have been edited.
func TestShrinkWritesOverNothing(t *testing.T) {
	inFolder(t, map[string]string{"impatient.yaml": impatient, "mine.yaml": calm, "empty.yaml": ""})
	line := []string{"shrink", "impatient.yaml", "--seed", "3", "-o"}
	read := func(name string) string {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		return string(text)
	}
	require.Zero(t, raftsim(t, append(line, "minimal.yaml")...).code)
	minimal := read("minimal.yaml")
	edited := minimal + "# and what I found out about it\n"
	require.NoError(t, os.WriteFile("minimal.yaml", []byte(edited), 0o666))
	for name, was := range map[string]string{"mine.yaml": calm, "minimal.yaml": edited} {
		require.Equal(t, said{2, "", "raftsim: " + name + " exists; --force writes over it\n"}, raftsim(t, append(line, name)...))
		require.Equal(t, was, read(name))
	}
	for _, more := range [][]string{{"empty.yaml"}, {"mine.yaml", "--force"}, {"minimal.yaml", "--force"}} {
		got := raftsim(t, append(line, more...)...)
		require.Zero(t, got.code, got.err)
		require.Equal(t, minimal, read(more[0]))
	}
}

// What a Go fuzz test has found is replayed and shrunk by the name it prints, and by the file that go test has written.
func TestTheInputOfAGoFuzzTestIsShrunk(t *testing.T) {
	folder := "scenarios/testdata/fuzz/FuzzTimeouts/"
	inFolder(t, nil)
	require.NoError(t, os.MkdirAll(folder, 0o777))
	require.NoError(t, os.WriteFile(folder+"2d0f", []byte("go test fuzz v1\n[]byte(\"\\x03\\x01d\\x05\\x01\\x02\\n\")\n"), 0o666))
	for _, name := range []string{"fuzz-timeouts:0301640501020a", folder + "2d0f"} {
		got := running(t.Context(), replays(replayFlags{options: panicking()}, 1, name))
		require.Equal(t, 1, got.code)
		require.Contains(t, got.out, "fuzz-timeouts  seed 1  violation\nno-panic: n3 panicked: out of patience (t=0.110s, ")

		f := shrinkFlags{options: panicking()}
		f.seed.value, f.seed.given = 1, true
		got = running(t.Context(), func(ctx context.Context, s streams) error { return shrinkRun(ctx, s, name, f) })
		require.Zero(t, got.code, got.err)
		require.Contains(t, got.out, "# Shrunk from "+name+" with seed 1.")
		require.Contains(t, got.out, "- violates: no-panic")
		require.Contains(t, got.err, "1 node, ")

		got = raftsim(t, "run", name, "--seed", "1")
		require.Zero(t, got.code, got.err)

		// go test plays with seed 1.
		require.Equal(t, raftsim(t, "replay", name, "--seed", "1"), raftsim(t, "replay", name))
		got = raftsim(t, "shrink", name)
		require.Equal(t, 4, got.code)
		require.Equal(t, name+" with seed 1: it passes, so that there is nothing to shrink\n", got.err)
	}
	got := raftsim(t, "replay", "fuzz-timeouts:xy", "--seed", "1")
	require.Equal(t, 2, got.code)
	require.Equal(t, "raftsim: fuzz-timeouts:xy: want the bytes of a schedule, two hexadecimal digits each\n", got.err)
}
