package scenarios_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/scenarios"
	"raftsim/sim"
)

// faults plays a scenario and returns the faults in it, one line each: "1s n2 crashes".
func faults(t *testing.T, text string, kinds ...sim.EventKind) ([]string, scenarios.Result) {
	t.Helper()
	var lines []string
	r := play(t, text, scenarios.Options{Trace: func(e *sim.Event) {
		for _, k := range kinds {
			if e.Kind == k && e.At > 0 {
				what := strings.TrimPrefix(e.String(), fmt.Sprintf("#%d ", e.ID))
				what, _, _ = strings.Cut(what, " (by ")
				lines = append(lines, what)
			}
		}
	}})
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	return lines, r
}

// A window undoes at its end what it did, and `at` stays.
func TestUndo(t *testing.T) {
	lines, _ := faults(t, `
duration: 4s
timeline:
  - {during: 1s..2s, crash: n1}
  - {at: 1s, crash: n2}
  - {at: 3s, restart: n2}
`, sim.EventCrash, sim.EventBoot)
	require.Equal(t, []string{"1s n1 crashes", "1s n2 crashes", "2s n1 boots", "3s n2 boots"}, lines)

	lines, _ = faults(t, `
duration: 4s
timeline:
  - {during: 1s..2s, pause: n1}
  - {at: 1s, pause: n2}
  - {during: 3s..3500ms, cut: {from: n1, to: [n2, n3]}}
`, sim.EventPause, sim.EventResume, sim.EventCut, sim.EventMend)
	require.Equal(t, []string{
		"1s n1 pauses", "1s n2 pauses", "2s n1 resumes",
		"3s link from n1 to n2 is cut", "3s link from n1 to n3 is cut",
		"3.5s link from n1 to n2 is mended", "3.5s link from n1 to n3 is mended",
	}, lines)
}

// An offset is from true time, whatever the clock has gone through; a jump is from what it shows. A window sets the clock right.
func TestClocksAreOffTrueTime(t *testing.T) {
	lines, _ := faults(t, `
duration: 5s
timeline:
  - {at: 0s, clock: {drift: 10%}, on: n1}
  - {at: 1s, clock: {offset: 500ms, drift: 0%}, on: n1}
  - {at: 2s, clock: {jump: 500ms}, on: n1}
  - {during: 3s..4s, clock: {offset: -20ms, drift: 50%}, on: n1}
`, sim.EventClock)
	require.Equal(t, []string{
		"1s the clock of n1 is changed: set by 400ms, runs +0 ppm", // it showed 1.1s
		"2s the clock of n1 is changed: set by 500ms, runs +0 ppm",
		"3s the clock of n1 is changed: set by -1.02s, runs +500000 ppm",
		"4s the clock of n1 is changed: set by 20ms, runs +0 ppm", // for the offset of before is still in force
	}, lines)

	lines, _ = faults(t, `
duration: 3s
timeline: [{during: 1s..2s, clock: {offset: -2s, drift: 10%}, on: n2}]
`, sim.EventClock)
	require.Equal(t, []string{"1s the clock of n2 is changed: set by -2s, runs +100000 ppm", "2s the clock of n2 is changed: set by 1.9s, runs +0 ppm"}, lines)
}

// A window undoes nothing that it did not do: neither what was so before it, nor what has been done again since.
func TestUndoOnlyWhatItDid(t *testing.T) {
	lines, r := faults(t, `
duration: 6s
timeline:
  - {at: 1s, crash: n1}
  - {during: 2s..3s, crash: n1}       # it is down already, and stays down
  - {during: 2s..5s, crash: n2}
  - {at: 3s, restart: n2}
  - {at: 4s, crash: n2}               # by another entry, for good
expect: {always: safety}
`, sim.EventCrash, sim.EventBoot)
	require.Equal(t, []string{"1s n1 crashes", "2s n2 crashes", "3s n2 boots", "4s n2 crashes"}, lines)
	require.Contains(t, strings.Join(r.NotExercised, "\n"), "crash: there was nothing to do")

	lines, _ = faults(t, `
duration: 5s
timeline:
  - {during: 1s..4s, pause: n1}
  - {during: 2s..2500ms, crash: n1}
  - {at: 3s, pause: n1}               # by another entry, for good
`, sim.EventPause, sim.EventResume, sim.EventCrash, sim.EventBoot)
	require.Equal(t, []string{"1s n1 pauses", "2s n1 crashes", "2.5s n1 boots", "3s n1 pauses"}, lines)
}

// Where windows touch, the end of one comes before the start of the next, so that they do not overlap.
func TestTouchingWindows(t *testing.T) {
	lines, _ := faults(t, `
duration: 3s
timeline:
  - {during: 1500ms..2s, pause: n1}
  - {during: 1s..1500ms, pause: n1}
`, sim.EventPause, sim.EventResume)
	require.Equal(t, []string{"1s n1 pauses", "1.5s n1 resumes", "1.5s n1 pauses", "2s n1 resumes"}, lines)
}

// Overlapping changes of timeouts leave each node with the last one still in force, and a node that boots meanwhile has it too.
func TestOverlappingTimeouts(t *testing.T) {
	lines, _ := faults(t, `
duration: 5s
timeline:
  - {during: 1s..3s, timeouts: {election: 400ms..500ms}, on: n1}
  - {during: 2s..4s, timeouts: {heartbeat: 20ms}, on: n1}
`, sim.EventTimeouts)
	require.Equal(t, []string{
		"1s n1 gets timeouts election 400ms..500ms, heartbeat 50ms",
		"2s n1 gets timeouts election 400ms..500ms, heartbeat 20ms",
		"3s n1 gets timeouts election 150ms..300ms, heartbeat 20ms",
		"4s n1 gets timeouts election 150ms..300ms, heartbeat 50ms",
	}, lines)

	// With all others asleep, a node that booted with timers of 5 ms goes through many terms.
	var terms uint64
	r := play(t, `
duration: 3s
timeline:
  - {at: 500ms, timeouts: {election: 5ms..6ms, heartbeat: 1ms}, on: n1}
  - {at: 1s, pause: [n2, n3]}
  - {during: 1s..2s, crash: n1}
`, scenarios.Options{AtEnd: func(r *scenarios.Run) { terms = uint64(r.Nodes()[0].Term) }})
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	require.Greater(t, terms, uint64(100))
}

// Changes of the network concern the links of those they are for, and end.
func TestNetworkChange(t *testing.T) {
	var links []string
	look := func(at time.Duration) {
		play(t, `
duration: 3s
timeline:
  - {during: 1s..2s, network: {latency: 70ms..80ms, loss: 1%}, on: n1}
  - {during: 1s..3s, network: {loss: 2%}, on: [n1, n2]}
`, scenarios.Options{StopAt: at, Start: func(w *sim.World) {
			w.At(at, func() {
				for _, l := range [][2]raft.NodeID{{1, 2}, {2, 3}, {3, 4 - 2}} {
					k := w.Link(l[0], l[1])
					links = append(links, fmt.Sprintf("%v: n%d→n%d %v %d", at, l[0], l[1], k.Latency.Max, k.Loss))
				}
			})
		}})
	}
	look(500 * time.Millisecond)
	look(1500 * time.Millisecond)
	look(2500 * time.Millisecond)
	require.Equal(t, []string{
		"500ms: n1→n2 10ms 0", "500ms: n2→n3 10ms 0", "500ms: n3→n2 10ms 0",
		"1.5s: n1→n2 80ms 20000", "1.5s: n2→n3 10ms 20000", "1.5s: n3→n2 10ms 20000",
		"2.5s: n1→n2 10ms 20000", "2.5s: n2→n3 10ms 20000", "2.5s: n3→n2 10ms 20000",
	}, links)
}

// Partitions add up, each ends by itself, and heal ends all.
func TestPartitions(t *testing.T) {
	const text = `
duration: 4s
timeline:
  - {during: 1s..2s, partition: [[n1], rest]}
  - {during: 1s..3s, partition: [[n1, n2], [n3]]}
  - {at: 3s, cut: {from: n1, to: n2}}
  - {at: 3500ms, heal: all}
`
	var got []string
	for _, at := range []time.Duration{1500, 2500, 3200, 3600} {
		at *= time.Millisecond
		play(t, text, scenarios.Options{StopAt: at, Start: func(w *sim.World) {
			w.At(at, func() {
				got = append(got, fmt.Sprintf("%v %v %v %v", at, w.Connected(1, 2), w.Connected(2, 1), w.Connected(2, 3)))
			})
		}})
	}
	require.Equal(t, []string{
		"1.5s false false false", "2.5s true true false", "3.2s false true true", "3.6s true true true",
	}, got)
}

// A selector is bound once, when its entry starts: who is crashed as the leader comes back, whoever leads by then.
func TestBoundOnce(t *testing.T) {
	lines, r := faults(t, `
duration: 4s
cluster: {nodes: 5}
timeline: [{during: 1s..3s, crash: leader}]
expect: {elections: ">= 2"}
`, sim.EventCrash, sim.EventBoot)
	require.Len(t, lines, 2)
	crashed, _, _ := strings.Cut(strings.TrimPrefix(lines[0], "1s "), " ")
	require.Equal(t, "3s "+crashed+" boots", lines[1])
	require.Empty(t, r.NotExercised)
}

// Each selector picks whom it says.
func TestSelectors(t *testing.T) {
	for selector, want := range map[string]int{
		"leader": 1, "follower": 1, "followers": 4, "majority": 3, "minority": 2,
		"random(4)": 4, "all": 5, "n3": 1, "[n1, n4]": 2, "[leader, follower]": 2, "[leader, rest]": 5, "[follower, follower]": 2,
	} {
		lines, r := faults(t, `
duration: 2s
cluster: {nodes: 5}
timeline: [{at: 1s, pause: `+selector+`}]
expect: {always: safety}
`, sim.EventPause)
		require.Len(t, lines, want, selector)
		require.Empty(t, r.NotExercised, selector)
	}
}

// Draws differ from seed to seed, and cover everybody.
func TestRandomSelector(t *testing.T) {
	f := parse(t, "duration: 2s\ntimeline: [{at: 100ms, pause: random(1)}]")
	seen := map[raft.NodeID]int{}
	for seed := range uint64(60) {
		f.Run(seed, scenarios.Options{Trace: func(e *sim.Event) {
			if e.Kind == sim.EventPause {
				seen[e.Node]++
			}
		}})
	}
	for id := raft.NodeID(1); id <= 3; id++ {
		require.Greater(t, seen[id], 8, "%v", id)
	}
}

// A selector that matches nobody waits for one, within its window; one that waits to the end was not exercised.
func TestWaiting(t *testing.T) {
	lines, r := faults(t, `
duration: 3s
timeline: [{during: 1ms..2s, crash: leader}]
`, sim.EventCrash, sim.EventBoot)
	require.Len(t, lines, 2, "no node leads at 1ms, one does a little later")
	require.NotContains(t, lines[0], "1ms ")
	require.Contains(t, lines[1], "2s ")
	require.Empty(t, r.NotExercised)

	lines, r = faults(t, `
duration: 3s
timeline:
  - {during: 1ms..50ms, crash: leader}
  - {at: 100ms, partition: [[n1], [n2], [n3]]}
  - {at: 1s, crash: leader}
  - {at: 1s, restart: random(1)}
`, sim.EventCrash)
	require.Empty(t, lines)
	require.Equal(t, []string{
		"line 4: crash: there was nobody for it", "line 6: crash: there was nobody for it", "line 7: restart: there was nobody for it",
	}, r.NotExercised)
}

// An entry that found nobody within its window does not start after it.
func TestWaitingEnds(t *testing.T) {
	lines, r := faults(t, `
duration: 2s
timeline: [{during: 1ms..50ms, crash: leader}]
`, sim.EventCrash)
	require.Empty(t, lines)
	require.Equal(t, []string{"line 3: crash: there was nobody for it"}, r.NotExercised)
}

// A leader that is frozen leads nobody: who asks for the leader gets the next one.
func TestPausedLeader(t *testing.T) {
	lines, _ := faults(t, `
duration: 3s
cluster: {nodes: 5}
timeline: [{at: 1s, pause: leader}, {at: 1001ms, pause: leader}]
`, sim.EventPause)
	require.Len(t, lines, 2)
	require.Regexp(t, "^1s n", lines[0])
	require.Regexp(t, `^1\.[1-9]`, lines[1])
}

// A milestone starts its entry once, as soon as it is reached.
func TestMilestone(t *testing.T) {
	var commit raft.Index
	lines, r := faults(t, `
duration: 3s
timeline:
  - {when: {commits: 50}, pause: follower}
  - {when: {commits: 100000}, crash: leader}
`+clients, sim.EventPause)
	require.Len(t, lines, 1)
	require.Equal(t, []string{"line 5: crash: the milestone commits >= 100000 was not reached"}, r.NotExercised)

	play(t, "duration: 3s\ntimeline: [{when: {commits: 50}, pause: follower}]"+clients, scenarios.Options{
		Observe: func(r *scenarios.Run) {
			for _, v := range r.Nodes() {
				if commit == 0 && v.Paused {
					commit = max(r.Nodes()[0].Commit, r.Nodes()[1].Commit, r.Nodes()[2].Commit)
				}
			}
		},
	})
	require.EqualValues(t, 50, commit)
}

// A partition under which nothing was written is not worth its name.
func TestPartitionWithoutWrites(t *testing.T) {
	_, r := faults(t, `
duration: 3s
timeline: [{during: 1s..2s, partition: [[n1], [n2], [n3]]}]
`+clients)
	require.Equal(t, []string{"line 3: partition: no write was acknowledged while it stood"}, r.NotExercised)
}

// Forced timers fire together, at the same moment.
func TestForcedTimers(t *testing.T) {
	var at []time.Duration
	play(t, "duration: 2s\ntimeline: [{at: 1s, timeout: all}]", scenarios.Options{Trace: func(e *sim.Event) {
		if e.Kind == sim.EventTimer && e.Forced {
			at = append(at, e.At)
		}
	}})
	require.Equal(t, []time.Duration{time.Second, time.Second, time.Second}, at)
}

func TestMessagesAreHeldUntilTheWindowEnds(t *testing.T) {
	lines, r := faults(t, `
duration: 4s
timeline:
  - {during: 1s..2s, hold: {from: n1, to: [n2, n3]}}
  - {during: 1500ms..1501ms, hold: {from: n2, to: n3}}
  - {during: 2s..3s, timers: {late: 5ms}, on: n1}
  - {during: 2500ms..2600ms, timers: {early: 1ms..2ms}, on: n1}
`, sim.EventHold, sim.EventRelease, sim.EventTimers)
	require.Equal(t, []string{
		"1s messages from n1 to n2 are held", "1s messages from n1 to n3 are held",
		"1.5s messages from n2 to n3 are held", "1.501s messages from n2 to n3 are released",
		"2s messages from n1 to n2 are released", "2s messages from n1 to n3 are released",
		"2s the timers of n1 are changed: late by 5ms..5ms, early by 0s..0s",
		"2.5s the timers of n1 are changed: late by 5ms..5ms, early by 1ms..2ms",
		"2.6s the timers of n1 are changed: late by 5ms..5ms, early by 0s..0s",
		"3s the timers of n1 are changed: late by 0s..0s, early by 0s..0s",
	}, lines)
	require.Equal(t, []string{"line 5: hold: no message was held"}, r.NotExercised)
	require.Equal(t, scenarios.Fault{Kind: "hold", Asked: 2, Fired: 1}, r.Faults[0])
}
