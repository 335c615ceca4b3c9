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

// What somebody wrote by hand is not lost to a slip of the keyboard; an earlier minimum is written over.
func TestShrinkWritesOverNothingButItsOwn(t *testing.T) {
	inFolder(t, map[string]string{"impatient.yaml": impatient, "mine.yaml": "# Not shrunk from anything.\n" + calm, "empty.yaml": ""})
	line := []string{"shrink", "impatient.yaml", "--seed", "3", "-o"}
	got := raftsim(t, append(line, "mine.yaml")...)
	require.Equal(t, said{2, "", "raftsim: mine.yaml exists, and is none that shrink wrote; --force writes over it\n"}, got)
	text, err := os.ReadFile("mine.yaml")
	require.NoError(t, err)
	require.Contains(t, string(text), calm)
	for _, more := range [][]string{{"empty.yaml"}, {"mine.yaml", "--force"}, {"mine.yaml"}} {
		got = raftsim(t, append(line, more...)...)
		require.Zero(t, got.code, got.err)
		text, err = os.ReadFile(more[0])
		require.NoError(t, err)
		require.Contains(t, string(text), "Shrunk from impatient.yaml")
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
