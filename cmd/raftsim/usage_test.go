package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A wrong command line is told in one line that says what to do, on stderr, with exit code 2, and nothing is done.
func TestWrongCommandLines(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm, "bad.yaml": "name: bad\n"})
	for line, says := range map[string]string{
		"rnu":                  `there is no command "raftsim rnu"; did you mean raftsim run?`,
		"frobnicate":           `there is no command "raftsim frobnicate"; see raftsim --help`,
		"--nope":               "there is no flag --nope; see raftsim --help",
		"-x":                   "there is no flag -x; see raftsim --help",
		"help frobnicate":      `there is no command "raftsim frobnicate"; see raftsim --help`,
		"help completion frob": `there is no command "raftsim completion frob"; see raftsim completion --help`,
		"completion zhs":       `there is no command "raftsim completion zhs"; did you mean raftsim completion zsh?`,
		"schema x":             `raftsim schema takes no argument, and was given "x"`,

		"run calm.yaml --nope":                      "there is no flag --nope; see raftsim run --help",
		"run calm.yaml --worker 3":                  "there is no flag --worker; did you mean --workers?",
		"run calm.yaml --json=maybe":                "--json maybe: want true or false; see raftsim run --help",
		"run calm.yaml --workers":                   "--workers wants a value; see raftsim run --help",
		"run calm.yaml --workers 0":                 "--workers 0: want a whole number from 1 to 1024",
		"run calm.yaml --workers -3":                "--workers -3: want a whole number from 1 to 1024",
		"run calm.yaml --workers 1000000":           "--workers 1000000: want a whole number from 1 to 1024",
		"run calm.yaml --workers two":               "--workers two: want a whole number from 1 to 1024",
		"run calm.yaml --seed 1 --seeds 2":          "--seed and --seeds say the same thing; give one of them",
		"run calm.yaml --seed 1 --seed 2":           "--seed 2: given twice",
		"run calm.yaml --seed 1..3":                 "--seed 1..3: these are 3 seeds; --seed takes one",
		"run calm.yaml --seed=":                     `--seed "": no seeds; write 7, 3,9 or 1..200`,
		"run calm.yaml --seeds=":                    `--seeds "": no seeds; write 7, 3,9 or 1..200`,
		"run calm.yaml --seeds 9..3":                "--seeds 9..3: 9..3 ends before it starts; write 3..9",
		"run calm.yaml --seeds 1..2..3":             `"2..3" is no seed`,
		"run calm.yaml --seeds x":                   `"x" is no seed; write 7, 3,9 or 1..200`,
		"run calm.yaml --seeds -1":                  `"-1" is no seed`,
		"run calm.yaml --seeds 1..5,3":              "seed 3 is given twice",
		"run calm.yaml --seeds 1..99999999999":      "more than 1000000000 seeds",
		"run calm.yaml --seed 18446744073709551616": "is over 18446744073709551615",
		"run calm.yaml --json --check-determinism":  "--check-determinism compares runs and prints no objects",

		"replay":                                      "replay takes one scenario file, not 0",
		"replay calm.yaml":                            "--seed is missing: which run is to be played again?",
		"replay calm.yaml bad.yaml --seed 1":          "replay takes one scenario file, not 2",
		"replay calm.yaml --seed 1..2":                "these are 2 seeds; --seed takes one",
		"replay calm.yaml --seeds 1":                  "there is no flag --seeds; did you mean --seed?",
		"replay calm.yaml --seed 1 --at 3.2":          "--at 3.2: it has no unit; write 3.2s",
		"replay calm.yaml --seed 1 --at soon":         "--at soon: want a time such as 3.2s or 150ms",
		"replay calm.yaml --seed 1 --at -1s":          "--at -1s: that is before the run begins",
		"replay calm.yaml --seed 1 --event 0":         "--event 0: want the id of an event; they count from 1",
		"replay calm.yaml --seed 1 --event -3":        "--event -3: want the id of an event",
		"replay calm.yaml --seed 1 --at 1s --event 3": "--at and --event both say where to stop; give one of them",
		"replay calm.yaml --seed 1 --json --log":      "--json prints one object and nothing else",
		"replay calm.yaml --seed 1 --json --trace":    "--json prints one object and nothing else",
		"replay calm.yaml --seed 1 --json --at 1s":    "--json prints one object and nothing else",
		"replay calm.yaml --seed 1 --json --event 4":  "--json prints one object and nothing else",
		"replay calm.yaml --seed 1 --step --log":      "--step shows one event after the other",
		"replay calm.yaml --seed 1 --history=":        `--history "": want the name of a file`,

		"live":                               "live takes one scenario file, not 0",
		"live calm.yaml bad.yaml":            "live takes one scenario file, not 2",
		"live calm.yaml --seed 1 --seeds 2":  "--seed and --seeds say the same thing; give one of them",
		"live calm.yaml --compose --raftd x": "containers have the raftd of their image",
		"live calm.yaml --slow 0":            "--slow 0: want a whole number from 1 to 1000",
		"live calm.yaml --keep=":             `--keep "": want the name of a folder`,
		"live calm.yaml --keep .":            "--keep .: there is something in that folder; give a new one",
		"live calm.yaml --raftd ./nope":      "--raftd ./nope: there is no such program",

		"shrink calm.yaml":                   "--seed is missing: which run is to be shrunk?",
		"shrink":                             "shrink takes one scenario file, not 0",
		"shrink calm.yaml --seed 1 --runs 0": "--runs 0: want a whole number from 1 to 10000000",
		"shrink calm.yaml --seed 1 --out=":   `--out "": want the name of a file`,

		"fuzz x":                           `raftsim fuzz takes no argument, and was given "x"`,
		"fuzz --strategy magic":            `there is no strategy "magic"; there are swarm, priority, guided`,
		"fuzz --print":                     "--print prints the scenario of one seed; give --seed",
		"fuzz --shard 9/8":                 "--shard 9/8: shard 9 is past the last of 8, which is 8",
		"fuzz --shard 1/8 --shard-total 8": "--shard says of how many it is one",
		"fuzz --shard-total 8":             "nothing says which of them this is",
		"fuzz --out a --resume a":          "--out begins a file and --resume goes on with one",
		"fuzz --time 20":                   "--time 20: it has no unit; write 20s",
		"fuzz --resume calm.yaml":          "calm.yaml: these are no results of raftsim fuzz",
		"merge":                            "merge takes files of results, and was given none",
		"merge calm.yaml":                  "calm.yaml: these are no results of raftsim fuzz",
		"merge nope":                       "nope: no such file",

		"check":                   "check takes one history, not 0",
		"check a b":               "check takes one history, not 2",
		"check a --budget 0":      "--budget 0: want a whole number from 1 to 1000000000",
		"bench idle-4":            `there is no workload "idle-4"; there are idle-3, idle-5,`,
		"mutants --json=perhaps":  "--json perhaps: want true or false",
		"run calm.yaml slow-dsik": "slow-dsik: no such file, and no shipped scenario of that name: did you mean slow-disk?",
		"spec nope":               `there is no search "nope"; there are elections-and-logs, restarts,`,
		"spec two-raeds":          `there is no search "two-raeds": did you mean two-reads?`,
	} {
		t.Run(line, func(t *testing.T) {
			got := raftsim(t, strings.Fields(line)...)
			require.Equal(t, 2, got.code)
			require.Empty(t, got.out)
			require.True(t, strings.HasPrefix(got.err, "raftsim: "), got.err)
			require.Contains(t, got.err, says)
			require.Equal(t, 1, strings.Count(got.err, "\n"), got.err)
		})
	}
}

// Without a command there is help, but nothing was done: it is for people, and the exit code says so.
func TestNoCommand(t *testing.T) {
	for _, args := range [][]string{{}, {"completion"}} {
		got := raftsim(t, args...)
		require.Equal(t, 2, got.code)
		require.Empty(t, got.out)
		require.Contains(t, got.err, "Usage:\n  raftsim ")
	}
}

// Help that was asked for is a result.
func TestHelp(t *testing.T) {
	for _, name := range []string{"raftsim", "run", "replay", "shrink", "fuzz", "merge", "check", "bench", "mutants", "schema", "spec", "live", "help", "completion"} {
		t.Run(name, func(t *testing.T) {
			args := []string{name}
			if name == "raftsim" {
				args = nil
			}
			got := raftsim(t, append(args, "--help")...)
			require.Zero(t, got.code)
			require.Empty(t, got.err)
			for line := range strings.Lines(got.out) {
				require.LessOrEqual(t, len([]rune(line)), 120, line)
				require.Equal(t, strings.TrimRight(line, " \n")+"\n", line)
			}
			golden(t, "help/"+name+".txt", got.out)
			if name != "help" {
				require.Equal(t, got, raftsim(t, append([]string{"help"}, args...)...))
			}
		})
	}
}

func TestVersion(t *testing.T) {
	got := raftsim(t, "--version")
	require.Zero(t, got.code)
	require.Equal(t, "raftsim version "+source()+"\n", got.out) // as a trace says it
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		got := raftsim(t, "completion", shell)
		require.Zero(t, got.code, shell)
		require.Empty(t, got.err, shell)
		require.Contains(t, got.out, "__complete", shell)
		require.Contains(t, got.out, "raftsim", shell)
	}
}

// Completion offers what can stand there: after a scenario's name also any file, and no file where none belongs.
func TestCompletion(t *testing.T) {
	const files, noFiles = ":0\n", ":4\n"
	for line, want := range map[string]struct {
		offers, not []string
		directive   string
	}{
		"":                    {offers: []string{"run", "replay", "shrink", "check", "bench", "mutants", "schema", "help", "completion"}, directive: noFiles},
		"run ":                {offers: []string{"heavy-load", "leader-failure"}, directive: files},
		"run heavy-load ":     {offers: []string{"leader-failure"}, not: []string{"heavy-load"}, directive: files},
		"run --se":            {offers: []string{"--seed", "--seeds"}, directive: noFiles},
		"run --seed ":         {not: []string{"heavy-load"}, directive: noFiles},
		"replay ":             {offers: []string{"heavy-load"}, directive: files},
		"shrink ":             {offers: []string{"heavy-load"}, directive: files},
		"shrink heavy-load ":  {not: []string{"leader-failure"}, directive: noFiles},
		"replay heavy-load ":  {not: []string{"leader-failure"}, directive: noFiles},
		"replay x --history ": {directive: files},
		"check ":              {directive: files},
		"check a ":            {directive: noFiles},
		"bench ":              {offers: []string{"idle-3", "chaos-5"}, directive: noFiles},
		"bench idle-3 ":       {offers: []string{"chaos-5"}, not: []string{"idle-3"}, directive: noFiles},
		"mutants ":            {offers: []string{"quorum-third", "figure-8"}, directive: files},
		"mutants figure-8 ":   {offers: []string{"quorum-third"}, not: []string{"figure-8"}, directive: files},
		"run --mutant ":       {offers: []string{"quorum-third"}, directive: files},
		"schema ":             {directive: noFiles},
		"help ":               {offers: []string{"run", "check"}, directive: noFiles},
		"help completion ":    {offers: []string{"bash", "fish"}, not: []string{"run"}, directive: noFiles},
	} {
		t.Run(line, func(t *testing.T) {
			got := raftsim(t, append([]string{"__complete"}, strings.Split(line, " ")...)...)
			require.Zero(t, got.code)
			var words []string
			for l := range strings.Lines(got.out) {
				word, _, _ := strings.Cut(strings.TrimSpace(l), "\t")
				words = append(words, word)
			}
			require.Subset(t, words, want.offers)
			for _, no := range want.not {
				require.NotContains(t, words, no)
			}
			require.True(t, strings.HasSuffix(got.out, want.directive), got.out)
		})
	}
}
