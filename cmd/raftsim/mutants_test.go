package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/mutants"
)

// Mutants are built from source; where there is none, that is what is said.
func TestMutantsNeedACheckout(t *testing.T) {
	inFolder(t, nil)
	for _, line := range []string{"mutants", "run --mutant quorum-third", "replay chaos-5 --seed 1 --mutant quorum-third"} {
		got := raftsim(t, strings.Fields(line)...)
		require.Equal(t, said{2, "", "raftsim: mutants are built from source: run this within a checkout of raftsim\n"}, got, line)
	}
}

func TestMutantsNeedGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	got := raftsim(t, "mutants")
	require.Equal(t, said{2, "", "raftsim: mutants are built with the Go tool, which is not in PATH: install Go and try again\n"}, got)
}

func TestMutantsThatAreNone(t *testing.T) {
	dir := t.TempDir()
	const about = "about: a\nsource: b\nproperty: monotonic\n"
	write := func(name, edit string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+mutants.Extension), []byte(about+edit), 0o666))
	}
	write("one", "--- raft/core.go\n-never there\n")
	write("two", "--- raft/nothing.go\n-x\n")
	for line, says := range map[string][]string{
		"mutants quorum-fourth":      {`there is no mutant "quorum-fourth"; there are` + "\n  ack-before-fsync, ", " quorum-third,", "\nand any file whose name ends in .mutant"},
		"mutants quorum-thrid":       {`there is no mutant "quorum-thrid": did you mean quorum-third?`},
		"run --mutant quorum-fourth": {`there is no mutant "quorum-fourth"`},
		"mutants --hunts 0":          {"--hunts 0: want a whole number from 1 to 1000"},
		"mutants --most-seeds 1001":  {"--most-seeds 1001: want a whole number from 1 to 1000"},
		"mutants --dir nowhere":      {"nowhere: no such file"},
		"mutants --json --markdown":  {"--json prints objects and no table; give one of it and --markdown"},
		"run --without tidiness":     {"--without tidiness: unknown property; known are election-safety, "},
		"mutants three --dir " + dir: {`there is no mutant "three" in ` + dir},
		// All that no longer apply are told at once.
		"mutants --dir " + dir: {"mutant one no longer applies: raft/core.go, by the edit at ", "mutant two no longer applies: raft/nothing.go"},
	} {
		got := raftsim(t, strings.Fields(line)...)
		require.Equal(t, 2, got.code, line)
		require.Empty(t, got.out, line)
		for _, part := range says {
			require.Contains(t, got.err, part, line)
		}
	}
}

// A mutant that was caught is played again by the line that came with it, and its own lines carry it.
func TestMutantFlag(t *testing.T) {
	run := func(args ...string) (record, int) {
		cmd := process(t, args...)
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, os.Stderr
		_ = cmd.Run()
		found := records(t, out.String())
		require.Len(t, found, 1)
		return found[0], cmd.ProcessState.ExitCode()
	}
	sound, code := run("replay", "chaos-5", "--seed", "1", "--json")
	require.Zero(t, code)
	require.Equal(t, "pass", sound.Verdict)

	broken, code := run("run", "chaos-5", "--seed", "1", "--json", "--mutant", "quorum-third")
	require.Equal(t, 1, code)
	require.Equal(t, "violation", broken.Verdict)
	require.Equal(t, "raftsim replay scenarios/bench/chaos-5.yaml --seed 1 --mutant quorum-third", broken.Replay)
	again, code := run(append(strings.Fields(broken.Replay)[1:], "--json")...)
	require.Equal(t, 1, code)
	require.Equal(t, broken.Fingerprint, again.Fingerprint)
	require.Equal(t, broken.Detail, again.Detail)
}

func TestReplayLinesCarryTheMutant(t *testing.T) {
	r := &scenarios.Result{File: "x.yaml", Seed: 7}
	for argument, want := range map[string]string{
		"":                 "raftsim replay x.yaml --seed 7",
		"quorum-third":     "raftsim replay x.yaml --seed 7 --mutant quorum-third",
		"../my/own.mutant": "raftsim replay x.yaml --seed 7 --mutant ../my/own.mutant",
		"my own.mutant":    "raftsim replay x.yaml --seed 7 --mutant 'my own.mutant'",
		"it's.mutant":      `raftsim replay x.yaml --seed 7 --mutant 'it'\''s.mutant'`,
	} {
		f := mutantFlag{argument: argument}
		require.Equal(t, want, f.replay(r))
	}
}

// Hunts that were interrupted have not seen every mutant caught.
func TestInterruptedHuntsAreInconclusive(t *testing.T) {
	caught, survived := mutants.Score{Hunts: 1, Caught: true}, mutants.Score{Hunts: 1, Missed: 1}
	for _, c := range []struct {
		scores []mutants.Score
		wanted int
		code   int
	}{
		{nil, 2, exitNothingRan},
		{[]mutants.Score{caught}, 2, exitInconclusive},
		{[]mutants.Score{survived}, 2, exitViolation},
		{[]mutants.Score{caught, caught}, 2, exitPass},
	} {
		got := running(t.Context(), func(_ context.Context, s streams) error { return (&hunt{s: s, scores: c.scores}).conclude(c.wanted) })
		require.Equal(t, c.code, got.code)
	}
}

// The README's scoreboard has every mutant that ships, caught by every hunt.
func TestScoreboardOfTheREADME(t *testing.T) {
	c, err := mutants.Open(".")
	require.NoError(t, err)
	all, err := c.Shipped()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(c.Root, "README.md"))
	require.NoError(t, err)
	board := regexp.MustCompile(`(?m)^\| ([a-z0-9-]+) \| (\d+ of \d+) \|`).FindAllStringSubmatch(string(text), -1)
	require.Len(t, board, len(all), "hunt those that are new, and put them into the README")
	for k, m := range all {
		require.Equal(t, m.Name, board[k][1])
		require.Equal(t, "10 of 10", board[k][2], m.Name)
	}
}

// The scoreboard is a table for people and an object a mutant for programs, and a survivor is exit code 1.
func TestMutantsScoreboard(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a raftsim for every mutant")
	}
	t.Setenv(asCommand, "1") // what is shrunk asks this program
	dir := t.TempDir()
	harmless := filepath.Join(dir, "harmless"+mutants.Extension)
	require.NoError(t, os.WriteFile(harmless, []byte("about: Nothing is broken.\nsource: a test\nproperty: monotonic\n"+
		"--- raft/quorum/majority.go\n-func Majority(n int) int { return n/2 + 1 }\n+func Majority(n int) int { return 1 + n/2 }\n"), 0o666))

	got := raftsim(t, "mutants", "quorum-third", harmless, "--hunts", "2", "--most-seeds", "3")
	require.Equal(t, 1, got.code)
	require.Equal(t, "survived: harmless\n", got.err)
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	require.Len(t, lines, 3)
	require.Regexp(t, `^mutant +caught +by +meant for +seeds \(median, range\) +without that check$`, lines[0])
	require.Regexp(t, `^quorum-third +2 of 2 +\S.* +election-safety +1, 1\.\.\d +[a-z-]+, \d+$`, lines[1])
	require.Regexp(t, `^harmless +0 of 2 +- +monotonic +- +-$`, lines[2])

	got = raftsim(t, "mutants", "quorum-third", "--hunts", "1", "--markdown", "--shrink", filepath.Join(dir, "minimal"))
	require.Zero(t, got.code, got.err)
	require.Regexp(t, `^\| mutant \| caught \| .* \| shrunk to \| CPU time \|\n\| ---( \| ---)+ \|\n`+
		`\| quorum-third \| 1 of 1 \| [a-z-]+ \| election-safety \| 1, 1\.\.1 \| [a-z-]+, \d+ \| \d entr(y|ies), \d nodes? \| \d\.\ds \|\n$`, got.out)

	got = raftsim(t, "mutants", "--json", "--hunts", "2", "quorum-third", "--alone")
	require.Zero(t, got.code, got.err)
	require.Regexp(t, `^\{"mutant":"quorum-third","caught":true,"property":"election-safety","hunts":2,"seeds_median":\d+,"seeds_min":\d+,"seeds_max":\d+,`, got.out)

	got = raftsim(t, "mutants", "--json", "--dir", dir, "--hunts", "1", "--most-seeds", "1", "--shrink", filepath.Join(dir, "minimal"))
	require.Equal(t, 1, got.code)
	require.Regexp(t, `^\{"mutant":"harmless","caught":false,"property":"","hunts":1,"seeds_median":0,`, got.out)
}
