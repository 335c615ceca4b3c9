package scenarios_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

const writers = "\nclients: {count: 4, rate: 25/s, timeout: 100ms, mix: {put: 100%}}"

// reached returns the states that a scenario's runs came through, and in how many of 40.
func reached(t *testing.T, text string) map[string]int {
	t.Helper()
	var names []string
	for _, s := range script.States() {
		names = append(names, s.Name)
	}
	f := parse(t, text+fmt.Sprintf("\nexpect: {sometimes: [%s]}\n", strings.Join(names, ", ")))
	counts := map[string]int{}
	for seed := range uint64(40) {
		r := f.Run(seed, scenarios.Options{})
		require.Equal(t, scenarios.Pass, r.Verdict, "seed %d: %s", seed, r.Line())
		for _, name := range r.Reached {
			counts[name]++
		}
	}
	return counts
}

// Each state is noticed where it is sure to come, and not where it cannot.
func TestStates(t *testing.T) {
	const apart = "[[n1], [n2], [n3]]"
	for name, c := range map[string]struct {
		text string
		// always are reached by every run, often by some, and what is in neither by none.
		always, often []string
	}{
		"a calm cluster": {
			text:   "duration: 2s" + writers,
			always: []string{"leader-elected", "replicas-in-step"},
			often:  []string{"election-single", "election-disputed", "split-vote"},
		},
		"nobody hears anybody": {
			text:   "duration: 2s\ntimeline: [{at: 0s, partition: " + apart + "}]",
			always: []string{"split-vote"},
		},
		"a crash without load": {
			text:   "duration: 3s\ntimeline: [{during: 1s..2s, crash: leader}]",
			always: []string{"leader-elected", "replicas-in-step", "leader-crashed", "crash-when-idle", "restart-catches-up"}, // it misses the next leader's first entry
			often:  []string{"election-single", "election-disputed", "split-vote"},
		},
		"a follower crashes and misses nothing": {
			text:   "duration: 3s\nclients: {count: 1, rate: 0/s}\ntimeline: [{during: 1s..2s, crash: follower}, {at: 2500ms, burst: 5}]",
			always: []string{"leader-elected", "replicas-in-step", "crash-when-idle"},
			often:  []string{"election-single", "election-disputed", "split-vote", "read-through-log"},
		},
		"a leader is parted from the others, with writers": {
			text: "duration: 4s\ntimeline: [{during: 1s..3s, partition: [[leader], rest]}]" + writers,
			always: []string{
				"leader-elected", "replicas-in-step", "minority-leader-steps-down", "term-changes", "partition-with-writes",
				"logs-diverge", "conflict-truncated",
			},
			often: []string{"election-single", "election-disputed", "split-vote", "retry-deduplicated", "earlier-term-committed", "logs-diverge-over-terms", "repaired-at-once"},
		},
		"a leader sleeps while another is elected": {
			text:   "duration: 4s\ntimeline: [{during: 1s..3s, pause: leader}]",
			always: []string{"leader-elected", "replicas-in-step", "term-changes"},
			often:  []string{"election-single", "election-disputed", "split-vote"},
		},
		"requests arrive twice": {
			text:   "duration: 2s\nnetwork: {duplicate: 50%}" + writers,
			always: []string{"leader-elected", "replicas-in-step", "retry-deduplicated"},
			often:  []string{"election-single", "election-disputed", "split-vote"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			counts := reached(t, c.text)
			for _, s := range script.States() {
				switch n := counts[s.Name]; {
				case slices.Contains(c.always, s.Name):
					require.Equal(t, 40, n, s.Name)
				case !slices.Contains(c.often, s.Name):
					require.Zero(t, n, s.Name)
				}
			}
		})
	}
}

// Entries of an earlier term that a crashed leader left behind are committed by the next leader; with more such
// leaders, logs come to disagree about several terms.
func TestStatesOfDivergedLogs(t *testing.T) {
	counts := reached(t, `
duration: 8s
cluster: {nodes: 5}
clients: {count: 8, rate: 25/s, timeout: 300ms, mix: {put: 100%}}
timeline:
  - {during: 1s..5s, partition: [[leader], rest]}
  - {during: 2s..5s, partition: [[leader], rest]}
  - {during: 3s..5s, partition: [[leader], rest]}
`)
	require.Equal(t, 40, counts["logs-diverge"])
	require.Greater(t, counts["logs-diverge-over-terms"], 20)
	require.Greater(t, counts["earlier-term-committed"], 10)
	require.Zero(t, counts["leader-crashed"])
	require.Zero(t, counts["restart-catches-up"])
}
