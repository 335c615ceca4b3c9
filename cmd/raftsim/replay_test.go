package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

func TestReplay(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm, "impatient.yaml": impatient})
	got := raftsim(t, "replay", "calm.yaml", "--seed", "2")
	require.Zero(t, got.code)
	require.Empty(t, got.err)
	require.Regexp(t, `^calm  seed 2  pass
  1\.\d+s of virtual time, \d+ events, \d+ commits, 1 election, term 1
  \d+ operations, 0 with unknown outcome, fingerprint [0-9a-f]{16}
$`, got.out)

	got = raftsim(t, "replay", "impatient.yaml", "--seed", "3")
	require.Equal(t, 1, got.code)
	require.Regexp(t, `^impatient  seed 3  violation
leader-elected: no leader was ever elected \(t=0\.300s, event \d+\)
`, got.out)

	again := records(t, raftsim(t, "replay", "impatient.yaml", "--seed", "3", "--json").out)
	swept := records(t, raftsim(t, "run", "impatient.yaml", "--seed", "3", "--json").out)
	require.Len(t, again, 1)
	again[0].WallS, swept[0].WallS = 0, 0
	require.Equal(t, swept, again, "a replay is the run that was swept")
}

// Of a file that expects a violation the run to look into is the first that shows it, and need not be looked for.
func TestAFileThatExpectsAViolationIsReplayedWithASeedThatShowsIt(t *testing.T) {
	expecting := func(seeds string) string { return impatient + "  - violates: leader-elected\nseeds: " + seeds + "\n" }
	inFolder(t, map[string]string{"third.yaml": expecting("1..5"), "never.yaml": expecting("5,1..2"), "only.yaml": expecting("4")})

	given := raftsim(t, "replay", "third.yaml", "--seed", "3")
	require.Zero(t, given.code, given.err)
	require.Contains(t, given.out, "as expected, leader-elected: no leader was ever elected")
	given.err = "third.yaml: seed 3 is the first of 1..5 that violates leader-elected\n"
	require.Equal(t, given, raftsim(t, "replay", "third.yaml"))
	shrunk := raftsim(t, "shrink", "third.yaml")
	require.Zero(t, shrunk.code)
	require.Contains(t, shrunk.out, "Shrunk from third.yaml with seed 3.")
	require.Contains(t, shrunk.err, given.err)

	given = raftsim(t, "replay", "never.yaml", "--seed", "5")
	require.Equal(t, 1, given.code)
	given.err = "never.yaml: no seed of 5,1..2 violates leader-elected; this is seed 5\n"
	require.Equal(t, given, raftsim(t, "replay", "never.yaml"))

	require.Equal(t, raftsim(t, "replay", "only.yaml", "--seed", "4"), raftsim(t, "replay", "only.yaml"))
}

var logged = regexp.MustCompile(`^ +\d+\.\d{6}s  (.*)\n$`)

// --log prints the nodes' lines to the letter, and what the scenario did as lines of its own.
func TestReplayLog(t *testing.T) {
	got := raftsim(t, "replay", "leader-failure", "--seed", "7", "--log")
	require.Zero(t, got.code)
	var nodes, own []string
	for line := range strings.Lines(got.out) {
		m := logged.FindStringSubmatch(line)
		if m == nil {
			require.Regexp(t, `^(leader-failure  seed 7  pass|  )`, line, "what follows the log")
			continue
		}
		if rest, is := strings.CutPrefix(m[1], "scenario: "); is {
			own = append(own, rest)
			continue
		}
		require.Regexp(t, `^Node n[1-5] `, m[1])
		nodes = append(nodes, m[1])
	}
	for _, form := range []string{
		`^Node n\d timed out, starting election$`,
		`^Node n\d sends RPC RequestVote to Node n\d$`,
		`^Node n\d sends RPC AppendEntries to Node n\d$`,
		`^Node n\d becomes leader$`,
	} {
		require.NotEmpty(t, matching(nodes, form), form)
	}
	require.Len(t, matching(own, `^line \d+: crash \[n\d\]$`), 2)
	require.Len(t, matching(own, `^line \d+: \[n\d\] restart$`), 2)
}

func matching(lines []string, form string) (found []string) {
	for _, l := range lines {
		if regexp.MustCompile(form).MatchString(l) {
			found = append(found, l)
		}
	}
	return found
}

func TestLogLine(t *testing.T) {
	require.Equal(t, "Node n1 becomes leader", logLine(1, "Node n1 becomes leader"))
	require.Equal(t, "scenario: line 3: heal", logLine(raft.None, "line 3: heal"))
}

// --trace prints what is played, every event, and which one caused it.
func TestReplayTrace(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm})
	got := raftsim(t, "replay", "calm.yaml", "--seed", "1", "--trace")
	require.Zero(t, got.code)
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	head := 4 + strings.Count(calm, "\n")
	require.Equal(t, []string{"raftsim trace 1", "source: calm.yaml", "seed: 1", "by: " + source(), "| ", "| name: calm"}, lines[:6])
	events, end, summary := lines[head:len(lines)-4], lines[len(lines)-4], lines[len(lines)-2]
	require.Regexp(t, `^end of trace: pass, fingerprint [0-9a-f]{16}$`, end)
	for _, l := range events {
		require.Regexp(t, `^#\d+ \S+ \S`, l)
	}
	require.Contains(t, summary, " "+count(uint64(len(events)), "event")+",")
	require.Regexp(t, `(?m)^#\d+ \S+ n\d receives AppendEntries from n\d \(by #\d+\)$`, got.out)
}

// --at and --event stop there and show every node; a place that the run does not come to is said not to be there.
func TestReplayStops(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm, "impatient.yaml": impatient})
	for _, c := range []struct {
		args  []string
		file  string
		code  int
		shows string
		says  string
	}{
		{args: []string{"--at", "500ms"}, shows: `^at 500ms, after event \d+\nn1  (follower|leader)  term 1 `},
		{args: []string{"--at", "0.5s"}, shows: `^at 500ms, after event \d+\n`},
		{args: []string{"--at", "0"}, shows: `^at 1ns, after event [3-9]\nn1  follower  term 0  vote none  leader none  boot 1\n`},
		{args: []string{"--event", "3"}, shows: `^at 0s, after event 3\nn1  follower  term 0 `},
		{args: []string{"--event", "#20"}, shows: `^at \S+ms, after event 20\n`},
		{args: []string{"--at", "1h"}, shows: `^at 1\.\d+s, after event \d+\n`, says: `^the run ended there, before it came to 1h0m0s\n$`},
		{args: []string{"--event", "99999999"}, shows: `^at 1\.\d+s, after event \d+\n`, says: `^the run ended there, before it came to event 99999999\n$`},
		{args: []string{"--at", "1s"}, file: "impatient.yaml", code: 1, shows: `^at 300ms, after event \d+\n`, says: `^the run ended there, before it came to 1s\n$`},
	} {
		file, seed := "calm.yaml", "1"
		if c.file != "" {
			file, seed = c.file, "3"
		}
		got := raftsim(t, append([]string{"replay", file, "--seed", seed}, c.args...)...)
		require.Equal(t, c.code, got.code, c.args)
		require.Regexp(t, c.shows, got.out, c.args)
		require.Len(t, matching(strings.Split(got.out, "\n"), `^n\d  `), 3, "every node is shown: %v", c.args)
		if c.says == "" {
			require.Contains(t, got.out, "seed 1  stopped\n", c.args)
			require.Empty(t, got.err, c.args)
		} else {
			require.NotContains(t, got.out, "stopped", c.args)
			require.Regexp(t, c.says, got.err, c.args)
		}
	}
}

func TestReplayPanic(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm})
	got := running(t.Context(), replays(replayFlags{options: panicking()}, 1, "calm.yaml"))
	require.Equal(t, 1, got.code)
	require.Regexp(t, `(?m)^no-panic: n\d panicked: out of patience \(t=0\.\d{3}s, event \d+\)$`, got.out)
	require.Contains(t, got.out, "panics.Timer")
}

// Where the history is what was wrong, replay says how to get a picture of it, and writes it; what the
// clients saw can be had of any run, and `raftsim check` comes to the same verdict.
func TestReplayHistory(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm, "impatient.yaml": impatient})
	got := running(t.Context(), replays(replayFlags{options: lying()}, 1, "calm.yaml"))
	require.Equal(t, 1, got.code)
	require.Regexp(t, `(?m)^linearizability: key "k\d": no order explains what clients saw in `, got.out)
	require.Equal(t, "  --picture FILE draws it\n", got.err)

	f := replayFlags{options: lying()}
	f.picture.value, f.picture.given = "p.html", true
	f.history.value, f.history.given = "h.jsonl", true
	got = running(t.Context(), replays(f, 1, "calm.yaml"))
	require.Equal(t, 1, got.code)
	require.Empty(t, got.err)
	picture, err := os.ReadFile("p.html")
	require.NoError(t, err)
	require.Contains(t, string(picture), "<html")
	require.Contains(t, string(picture), " or so")
	require.Equal(t, 1, raftsim(t, "check", "h.jsonl").code)

	got = raftsim(t, "replay", "calm.yaml", "--seed", "1", "--history", "good.jsonl", "--picture", "good.html")
	require.Zero(t, got.code)
	require.Equal(t, "no picture was written: there is nothing in the history that cannot be explained\n", got.err)
	require.NoFileExists(t, "good.html")
	require.Zero(t, raftsim(t, "check", "good.jsonl").code)

	got = raftsim(t, "replay", "impatient.yaml", "--seed", "3", "--picture", "p.html")
	require.Equal(t, 1, got.code)
	require.Equal(t, "no picture was written: the clients' history was not checked\n", got.err)

	got = raftsim(t, "replay", "calm.yaml", "--seed", "1", "--history", "nowhere/h.jsonl")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.err, "nowhere/h.jsonl: no such file or directory")
}
