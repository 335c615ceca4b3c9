package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A trace holds all that it takes to play its run again: neither the scenario's file nor the seed is needed any more.
func TestATraceIsPlayedAgainAndShrunk(t *testing.T) {
	inFolder(t, map[string]string{"impatient.yaml": impatient})
	asFile := raftsim(t, "replay", "impatient.yaml", "--seed", "3")
	shrunk := raftsim(t, "shrink", "impatient.yaml", "--seed", "3")
	for name, more := range map[string][]string{"whole": nil, "logged": {"--log"}, "stopped": {"--at", "100ms"}, "at its end": {"--event", "27"}} {
		t.Run(name, func(t *testing.T) {
			trace := raftsim(t, append([]string{"replay", "impatient.yaml", "--seed", "3", "--trace"}, more...)...).out
			t.Chdir(t.TempDir())
			require.NoError(t, os.WriteFile("trace.txt", []byte(trace), 0o666))
			require.Equal(t, asFile, raftsim(t, "replay", "trace.txt"))
			require.Equal(t, asFile, raftsim(t, "replay", "trace.txt", "--seed", "3"))
			got := raftsim(t, "shrink", "trace.txt")
			require.Zero(t, got.code)
			require.Equal(t, strings.Replace(shrunk.out, "from impatient.yaml with", "from trace.txt with", 1), got.out)
		})
	}
}

// What a run was played with is what its trace is played with: a world drawn from the seed, a faulty process.
func TestATraceOfWhatIsNoFile(t *testing.T) {
	inFolder(t, nil)
	for _, name := range []string{"fuzz", "fuzz-timeouts:0301640501020a", "leader-failure"} {
		trace := raftsim(t, "replay", name, "--seed", "2", "--trace").out
		require.NoError(t, os.WriteFile("trace.txt", []byte(trace), 0o666))
		require.Equal(t, raftsim(t, "replay", name, "--seed", "2"), raftsim(t, "replay", "trace.txt"), name)
	}
	f := replayFlags{options: panicking(), trace: true}
	trace := running(t.Context(), replays(f, 1, "fuzz-timeouts:0301640501020a")).out
	require.NoError(t, os.WriteFile("trace.txt", []byte(trace), 0o666))
	got := running(t.Context(), func(ctx context.Context, s streams) error {
		return shrinkRun(ctx, s, "trace.txt", shrinkFlags{options: panicking()})
	})
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.out, "- violates: no-panic")
}

func TestWhatIsWrongWithATraceIsSaid(t *testing.T) {
	inFolder(t, map[string]string{"impatient.yaml": impatient, "calm.yaml": calm})
	trace := raftsim(t, "replay", "impatient.yaml", "--seed", "3", "--trace").out
	stopped := raftsim(t, "replay", "impatient.yaml", "--seed", "3", "--trace", "--event", "20").out
	events := trace[strings.Index(trace, "#1 "):]
	replaced := func(old, with string) string {
		require.Contains(t, trace, old)
		return strings.Replace(trace, old, with, 1)
	}
	for name, c := range map[string]struct{ text, says string }{
		"cut between lines":    {trace[:strings.Index(trace, "\n#20 ")+1], "the trace is cut short; write it again: raftsim replay impatient.yaml --seed 3 --trace > FILE"},
		"cut within a line":    {trace[:strings.Index(trace, "\n#20 ")+9], "the trace is cut short"},
		"without its end":      {trace[:strings.Index(trace, "end of trace")], "the trace is cut short"},
		"cut in its end":       {trace[:strings.Index(trace, "fingerprint")], "the trace is cut short"},
		"cut in its head":      {trace[:strings.Index(trace, "| duration")], "ends in its head"},
		"without a seed":       {replaced("seed: 3\n", ""), "ends in its head, or that is damaged"},
		"of no seed":           {replaced("seed: 3\n", "seed: three\n"), "ends in its head, or that is damaged"},
		"without a head":       {events, "this is a trace without its head"},
		"of another form":      {replaced("raftsim trace 1\n", "raftsim trace 2\n"), `this is "raftsim trace 2", written by another version of raftsim, and this one reads "raftsim trace 1"`},
		"of another scenario":  {replaced("duration: 2s", "duration: 2w"), "impatient.yaml in trace.txt:3:11: "},
		"of another seed":      {replaced("seed: 3\n", "seed: 4\n"), "the run is not the same any more; the source of raftsim has changed since, or the file was edited\n  then: #"},
		"of another version":   {strings.Replace(replaced("seed: 3\n", "seed: 4\n"), "by: ", "by: v9 ", 1), "any more; it was written by raftsim v9 " + source() + ", and this is " + source() + "\n"},
		"another event":        {replaced("#20 ", "#20 1"), "\n  then: #20 1"},
		"one event less":       {replaced(events[strings.Index(events, "#20 "):strings.Index(events, "#21 ")], ""), "\n  then: #21 "},
		"one event more":       {replaced("end of trace", "#99 9s n1 boots\nend of trace"), "then: #99 9s n1 boots\n  now:  (the run had ended)"},
		"ended before":         {strings.Replace(stopped, "end of trace: stopped", "end of trace: violation", 1), "then: (the run had ended)\n  now:  #21 "},
		"another fingerprint":  {replaced(", fingerprint ", ", fingerprint 0"), "all events are the same, and something within them is not: their fingerprint was 0"},
		"another one, stopped": {strings.Replace(stopped, ", fingerprint ", ", fingerprint 0", 1), "all events are the same, and something within them is not"},
	} {
		require.NoError(t, os.WriteFile("trace.txt", []byte(c.text), 0o666))
		for _, command := range []string{"replay", "shrink"} {
			got := raftsim(t, command, "trace.txt")
			require.Equal(t, 2, got.code, name)
			require.Empty(t, got.out, name)
			require.Contains(t, got.err, c.says, name)
			require.True(t, strings.HasPrefix(got.err, "raftsim: "), got.err)
		}
	}

	require.NoError(t, os.WriteFile("trace.txt", []byte(trace), 0o666))
	for line, says := range map[string]string{
		"replay trace.txt --seed 4":                  "trace.txt is the trace of seed 3, and not of 4",
		"run trace.txt":                              "trace.txt: this is the trace of a run, and not a scenario: raftsim replay and raftsim shrink take it",
		"replay trace.txt --trace --json":            "--json prints one object",
		"shrink " + filepath.Join("no", "trace.txt"): "no such file",
	} {
		got := raftsim(t, strings.Fields(line)...)
		require.Equal(t, 2, got.code, line)
		require.Contains(t, got.err, says, line)
	}

	passing := raftsim(t, "replay", "calm.yaml", "--seed", "1", "--trace").out
	require.NoError(t, os.WriteFile("trace.txt", []byte(passing), 0o666))
	got := raftsim(t, "shrink", "trace.txt")
	require.Equal(t, 4, got.code)
	require.Equal(t, "trace.txt with seed 1: it passes, so that there is nothing to shrink\n", got.err)
}

// A trace says which core it is of, and is played with no other.
func TestATraceIsPlayedWithItsMutant(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm})
	sound := raftsim(t, "replay", "calm.yaml", "--seed", "1", "--trace").out
	defer func() { mutated = "" }()
	mutated = "figure-8" // which does not show in this run
	faulty := raftsim(t, "replay", "calm.yaml", "--seed", "1", "--trace").out
	require.Equal(t, sound, strings.Replace(faulty, "mutant: figure-8\n", "", 1))
	require.NoError(t, os.WriteFile("sound.txt", []byte(sound), 0o666))
	require.NoError(t, os.WriteFile("faulty.txt", []byte(faulty), 0o666))

	require.Zero(t, raftsim(t, "replay", "faulty.txt").code)
	got := raftsim(t, "replay", "sound.txt")
	require.Equal(t, 2, got.code)
	require.Equal(t, "raftsim: sound.txt is a trace of the core without a fault, and not of mutant figure-8\n", got.err)
	got = raftsim(t, "replay", "faulty.txt", "--mutant", "quorum-third")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.err, "this raftsim has the fault figure-8 in it: quorum-third needs one without")
}
