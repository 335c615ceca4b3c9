package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/sim"
)

// A sweep prints a table on stdout; on stderr what failed with the command that replays it, and how long it took.
func TestRun(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm, "impatient.yaml": impatient})
	got := raftsim(t, "run", "calm.yaml", "impatient.yaml", "--seeds", "1..5")
	require.Equal(t, 1, got.code)
	require.Regexp(t, `^  scenario   seeds  pass  violation  inconclusive  error  virtual time  events  commits
  calm           5     5          0             0      0 +\d+s +\d+ +\d+
  impatient      5     3          2             0      0 +\d+s +\d+ +\d+
$`, got.out)
	require.Regexp(t, `^leader-elected: no leader was ever elected \(t=0\.300s, event \d+\)
  replay: raftsim replay impatient\.yaml --seed 3
  shrink: raftsim shrink impatient\.yaml --seed 3
leader-elected: no leader was ever elected \(t=0\.300s, event \d+\)
  replay: raftsim replay impatient\.yaml --seed 4
  shrink: raftsim shrink impatient\.yaml --seed 4
10 runs in \d+\.\ds, \d+ runs/s
states reached `, got.err)

	got = raftsim(t, "run", "calm.yaml")
	require.Zero(t, got.code)
	require.Regexp(t, `(?m)^  calm +4 +4 +0 `, got.out, "the file's own seeds")
	require.Regexp(t, `^4 runs in `, got.err)
}

// Files whose scenarios share a name can be told apart.
func TestRunSameName(t *testing.T) {
	inFolder(t, map[string]string{"one.yaml": calm, "two.yaml": calm})
	got := raftsim(t, "run", "one.yaml", "two.yaml", "--seed", "1")
	require.Regexp(t, `(?m)^  calm \(one\.yaml\) +1 +1 `, got.out)
	require.Regexp(t, `(?m)^  calm \(two\.yaml\) +1 +1 `, got.out)
}

// Failures are many when there are many; the first few are told, and how many more there were.
func TestRunTellsFew(t *testing.T) {
	inFolder(t, map[string]string{"never.yaml": "name: never\nduration: 1s\nexpect: {by: 10ms, leader: elected}\n"})
	got := raftsim(t, "run", "never.yaml", "--seeds", "1..40")
	require.Equal(t, 1, got.code)
	require.Equal(t, tellMost, strings.Count(got.err, "  replay: "))
	require.Contains(t, got.err, "never: 35 more runs did not pass\n")
}

// --json prints one object a run on stdout, in the order of seeds, and nothing else, whatever the runs do.
func TestRunJSON(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm, "impatient.yaml": impatient})
	got := raftsim(t, "run", "impatient.yaml", "calm.yaml", "--seeds", "5,1..4", "--json")
	require.Equal(t, 1, got.code)
	all := records(t, got.out)
	require.Len(t, all, 10)
	for i, r := range all {
		require.EqualValues(t, []uint64{5, 1, 2, 3, 4}[i%5], r.Seed)
		require.Len(t, r.Fingerprint, 16)
		require.Positive(t, r.Events)
		require.Positive(t, r.VirtualS)
	}
	failed := all[3]
	require.Equal(t, "impatient", failed.Scenario)
	require.Equal(t, "violation", failed.Verdict)
	require.Equal(t, "leader-elected", failed.Property)
	require.Equal(t, "no leader was ever elected", failed.Detail)
	require.Equal(t, "raftsim replay impatient.yaml --seed 3", failed.Replay)
	calm := all[5]
	require.Equal(t, "pass", calm.Verdict)
	require.Empty(t, calm.Property+calm.Detail)
	require.Positive(t, calm.Ops)
	require.Positive(t, calm.Commits)
	require.EqualValues(t, 1, calm.Elections)
	require.Positive(t, calm.Term)
	require.Regexp(t, `^10 runs in `, got.err, "failures are in the objects")
}

// The number of workers changes nothing but the time.
func TestRunWorkers(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm})
	one := records(t, raftsim(t, "run", "calm.yaml", "--json", "--workers", "1").out)
	many := records(t, raftsim(t, "run", "calm.yaml", "--json", "--workers", "9").out)
	for i := range one {
		one[i].WallS, many[i].WallS = 0, 0
	}
	require.Equal(t, one, many)
}

// So many runs go on at once as there are workers.
func TestRunWorkersAtOnce(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm})
	const workers = 5
	var begun atomic.Int32
	all := make(chan struct{})
	f := runFlags{seeds: seedsOf(workers), options: scenarios.Options{Start: func(*sim.World) {
		if begun.Add(1) == workers {
			close(all)
		}
		select {
		case <-all:
		case <-time.After(time.Minute):
			panic("the others do not begin")
		}
	}}}
	f.workers.value = workers
	got := running(t.Context(), runs(f, "calm.yaml"))
	require.Zero(t, got.code, got.err)
}

// A panic of a process under test is a violation of that run, told with its event, its stack and its replay command,
// and the sweep goes on.
func TestRunPanic(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm})
	got := running(t.Context(), runs(runFlags{options: panicking(), seeds: seedsOf(3)}, "calm.yaml"))
	require.Equal(t, 1, got.code)
	require.Regexp(t, `(?m)^  calm +3 +0 +3 +0 +0 `, got.out)
	require.Regexp(t, `(?m)^no-panic: n\d panicked: out of patience \(t=0\.\d{3}s, event \d+\)$`, got.err)
	require.Regexp(t, `(?s)goroutine.*panics\.Timer.*faulty_test\.go`, got.err)
	require.Equal(t, 3, strings.Count(got.err, "  replay: raftsim replay calm.yaml --seed "))
	require.Equal(t, 1, strings.Count(got.err, "panics.Timer"), "one stack is enough")

	got = running(t.Context(), runs(runFlags{options: panicking(), seeds: seedsOf(3), json: true}, "calm.yaml"))
	require.Equal(t, 1, got.code)
	for _, r := range records(t, got.out) {
		require.Equal(t, "no-panic", r.Property)
		require.Contains(t, r.Detail, "panicked: out of patience")
	}
}

// When it is interrupted, a sweep says so, prints what it has, and ends with the code of what was found.
func TestRunInterrupted(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm, "impatient.yaml": impatient})
	for file, code := range map[string]int{"calm.yaml": 3, "impatient.yaml": 1} {
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		var ended atomic.Int32
		f := runFlags{seeds: seedsOf(1_000_000), options: scenarios.Options{AtEnd: func(*scenarios.Run) {
			if ended.Add(1) == 10 {
				interrupt()
			}
		}}}
		got := running(ctx, runs(f, file, "basic-election"))
		require.Equal(t, code, got.code, file)
		require.NotContains(t, got.out, "basic-election", "which was not begun")
		require.Contains(t, got.err, "1 scenario of 2 came too late to be played\n")
		require.Regexp(t, `(?m)^interrupted after \d+ of 2000000 runs in `, got.err)
		require.Regexp(t, `(?m)^  (calm|impatient) +[1-9]\d* +[1-9]`, got.out, "the table is there, and not empty")
	}

	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	got := running(ctx, runs(runFlags{}, "calm.yaml"))
	require.Equal(t, 4, got.code, "nothing ran")
	require.Contains(t, got.err, "interrupted after 0 of 4 runs")
}

// --first ends with the first violation, which is not an interruption.
func TestRunFirst(t *testing.T) {
	inFolder(t, map[string]string{"impatient.yaml": impatient})
	got := raftsim(t, "run", "impatient.yaml", "--first", "--json", "--seeds", "1..1000000")
	require.Equal(t, 1, got.code)
	require.Len(t, records(t, got.out), 3)
	require.Regexp(t, `^3 of 1000000 runs in `, got.err)
}

// What no run tried, or hardly any, is said at the end of a sweep: a vacuous pass is shown as one.
func TestRunSaysWhatWasNotExercised(t *testing.T) {
	inFolder(t, map[string]string{"vain.yaml": `
name: vain
duration: 1s
seeds: 1..30
cluster: {nodes: 3}
timeline:
  - at: 900ms
    crash: candidate
expect:
  - always: safety
`})
	got := raftsim(t, "run", "vain.yaml")
	require.Zero(t, got.code)
	require.Contains(t, got.err, "vain: not exercised in any of the 30 runs that passed: line 7: crash: there was nobody for it\n")

	got = raftsim(t, "run", "vain.yaml", "--seed", "1", "--json")
	require.Contains(t, got.err, "vain: not exercised: line 7: crash: there was nobody for it\n")
	require.Len(t, records(t, got.out), 1)
}

func TestUnexercised(t *testing.T) {
	passed := func(lines ...string) *scenarios.Result {
		return &scenarios.Result{Verdict: scenarios.Pass, NotExercised: lines}
	}
	say := func(results ...*scenarios.Result) string {
		var u unexercised
		for _, r := range results {
			u.add(r)
		}
		var err bytes.Buffer
		u.print(streams{err: &err}, "x")
		return err.String()
	}
	many := func(n int, r *scenarios.Result) (all []*scenarios.Result) {
		for range n {
			all = append(all, r)
		}
		return all
	}
	require.Empty(t, say())
	require.Empty(t, say(many(10, passed())...))
	require.Equal(t, "x: not exercised in any of the 4 runs that passed: line 5: crash: there was nobody for it\n",
		say(append(many(3, passed("line 5: crash: there was nobody for it")), passed("line 5: crash: it did not come to it"))...),
		"for whatever reasons")
	require.Equal(t, "x: exercised in only 1 of the 20 runs that passed: loss\n",
		say(append(many(19, passed("loss")), passed())...))
	require.Empty(t, say(append(many(18, passed("loss")), passed(), passed())...), "one in ten is not hardly any")
	require.Empty(t, say(append(many(9, passed("network: loss: none")), many(9, passed("network: reorder: none"))...)...),
		"these are two things")
	require.Empty(t, say(&scenarios.Result{Verdict: scenarios.Violation, NotExercised: []string{"loss"}}),
		"a run that was cut short tried what it could")
	require.Empty(t, say(passed("a: b: c", "a: b: d"), passed()), "a run counts once")
	require.Contains(t, say(passed("a", "b", "c", "d", "e", "f", "g")), "x: 2 more things were hardly exercised")
}

// A state that the file says happens sometimes, and that no seed of the file's own reached, is a violation of the sweep.
func TestRunUnreachedState(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm + "  - sometimes: [leader-crashed]\n"})
	got := raftsim(t, "run", "calm.yaml")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, `calm.yaml: no seed reached "leader-crashed", which the file says happens sometimes`)
	require.Zero(t, raftsim(t, "run", "calm.yaml", "--seeds", "1..3").code, "only its own seeds judge that")
}

// fullDisk is a stdout that takes so many bytes.
type fullDisk struct{ room int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.room -= len(p); d.room < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

// Results that cannot be written are no results, and no more of them are made.
func TestResultsCannotBeWritten(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm})
	for _, args := range [][]string{
		{"run", "calm.yaml"}, {"run", "calm.yaml", "--json", "--seeds", "1..1000000"}, {"run", "calm.yaml", "--check-determinism"},
		{"replay", "calm.yaml", "--seed", "1"}, {"replay", "calm.yaml", "--seed", "1", "--json"}, {"replay", "calm.yaml", "--seed", "1", "--log"},
		{"schema"}, {"completion", "zsh"}, {"run", "--help"},
	} {
		var err bytes.Buffer
		require.Equal(t, 2, execute(t.Context(), args, streams{out: &fullDisk{room: 30}, err: &err}), args)
		require.Contains(t, err.String(), "raftsim: cannot write results: no space left on device\n", args)
	}
}

// --check-determinism plays every run twice, and finds the first event that is not the same.
func TestCheckDeterminism(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm})
	got := raftsim(t, "run", "calm.yaml", "--check-determinism", "--seeds", "1..9")
	require.Zero(t, got.code, got.err)
	require.Equal(t, "9 runs, each the same twice, event by event\n", got.out)
	require.Regexp(t, `^9 runs in `, got.err)

	f := runFlags{options: fickle(), determinism: true, seeds: seedsOf(9)}
	f.workers.value = 1
	got = running(t.Context(), runs(f, "calm.yaml"))
	require.Equal(t, 1, got.code)
	require.Empty(t, got.out)
	require.Regexp(t, `^determinism: calm\.yaml with seed 1 did not do the same twice: event \d+ differs
  first run:  #\d+ .*
  second run: #\d+ .*
0 of 9 runs in `, got.err)
}

func TestCheckDeterminismInterrupted(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm})
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	f := runFlags{determinism: true, seeds: seedsOf(1_000_000)}
	f.workers.value = 2
	got := running(ctx, runs(f, "calm.yaml"))
	require.Equal(t, 3, got.code)
	require.Equal(t, "2 runs, each the same twice, event by event\n", got.out)
	require.Contains(t, got.err, "interrupted after 2 of 1000000 runs")
}
