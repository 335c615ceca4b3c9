package scenarios_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// Each way in which something can happen has a world in which it does, in every run or in some, and one that lacks just that in
// which it never does.
func TestStatesAreToldApart(t *testing.T) {
	const (
		readers   = "\nclients: {count: 4, rate: 50/s, mix: {get: 100%}}"
		protected = "\ncluster: {pre_vote: true, check_quorum: true}"
		changes   = "\nduration: 4s\ntimeline: "
	)
	for name, c := range map[string]struct {
		text string
		// always are reached by every run, some by some, never by none.
		always, some, never []string
	}{
		"timers fired together": {
			text:   "duration: 3s\ncluster: {nodes: 5}\ntimeline: [{at: 1s, timeout: followers}]",
			some:   []string{"election-disputed", "split-vote"},
			never:  []string{"election-by-pre-vote", "election-by-transfer", "pre-vote-in-vain"},
			always: []string{"leader-elected"},
		},
		"one timer fired": {
			text:   "duration: 2s\ntimeline: [{at: 1s, timeout: follower}]",
			always: []string{"election-single"},
			some:   []string{"election-forced"},
			never:  []string{"election-by-pre-vote", "quorum-lost"},
		},
		"no timer fired": {
			text:  "duration: 2s\ntimeline: [{at: 1s, pause: leader}]",
			never: []string{"election-forced", "quorum-lost", "transfer-in-vain"},
		},
		"who asks first": {
			text:   "duration: 3s\ntimeline: [{at: 1s, timeout: follower}]" + protected,
			always: []string{"election-by-pre-vote", "pre-vote-in-vain"},
			never:  []string{"election-forced", "quorum-lost"},
		},
		"a leader alone that looks": {
			text:   "duration: 3s\ntimeline: [{during: 1s..2s, partition: [[leader], rest]}]" + protected,
			always: []string{"quorum-lost"},
		},
		"a leader alone that does not": {
			text:  "duration: 3s\ntimeline: [{during: 1s..2s, partition: [[leader], rest]}]",
			never: []string{"quorum-lost"},
		},
		"a transfer": {
			text:   "duration: 2s\ntimeline: [{at: 1s, transfer: follower}]",
			always: []string{"election-by-transfer"},
			never:  []string{"transfer-in-vain", "election-forced"},
		},
		"a transfer on a bad network": {
			text:  "duration: 6s\nnetwork: {loss: 40%}\ntimeline: [{repeat: 10, every: 500ms, timeline: [{at: 500ms, transfer: follower}]}]",
			some:  []string{"election-by-transfer", "transfer-in-vain"},
			never: []string{"election-by-pre-vote"},
		},
		"a follower that missed writes": {
			text:  "duration: 4s\ntimeline: [{during: 1s..2s, crash: follower}, {during: 1500ms..2500ms, crash: leader}]\ncluster: {nodes: 5}" + writers,
			some:  []string{"repaired-at-once"},
			never: []string{"window-full", "crash-amid-snapshot", "snapshot-installed"},
		},
		"a window of one message": {
			text: "duration: 2s\ncluster: {max_inflight: 1}\ntimeline: [{at: 1s, pause: follower}]" + writers,
			some: []string{"window-full"},
		},
		"a window as large as it is wanted": {
			text:  "duration: 2s\nnetwork: {loss: 5%, reorder: 10%}\ntimeline: [{at: 1s, crash: follower}]" + writers,
			never: []string{"window-full"},
		},
		"a learner": {
			text:   changes + "[{at: 1s, join: {nodes: n4, as: learner}}, {at: 2s, remove: n4}]",
			always: []string{"learner-added", "member-removed"},
			never:  []string{"learner-promoted", "single-change", "joint-configuration", "joint-left"},
		},
		"one joins": {
			text:   changes + "[{at: 1s, join: n4}]",
			always: []string{"learner-added", "learner-promoted", "single-change"},
			never:  []string{"joint-configuration", "joint-left", "member-removed"},
		},
		"two leave": {
			text:   changes + "[{at: 1s, remove: [n1, n2]}]\ncluster: {nodes: 5}",
			always: []string{"joint-configuration", "joint-left", "member-removed"},
			never:  []string{"single-change", "learner-added"},
		},
		"reads through the log": {
			text:   "duration: 2s\ntimeline: []" + readers,
			always: []string{"read-through-log"},
			never:  []string{"read-at-leader", "read-at-follower", "read-by-lease", "read-refused"},
		},
		"reads at an index": {
			text:   "duration: 2s\ncluster: {reads: index}\ntimeline: [{at: 1s, crash: leader}]" + readers,
			always: []string{"read-at-follower", "read-refused"},
			some:   []string{"read-at-leader"},
			never:  []string{"read-through-log", "read-by-lease"},
		},
		"reads by lease": {
			text:  "duration: 3s\ncluster: {reads: lease, check_quorum: true}\nnetwork: {latency: 4ms..6ms}" + readers,
			some:  []string{"read-by-lease"},
			never: []string{"read-through-log", "read-at-leader"},
		},
		"all crash at once": {
			text:   "duration: 2s\ntimeline: [{during: 1s..1500ms, crash: all}]",
			always: []string{"crash-when-idle", "quorum-down", "all-down", "leader-crashed"},
			never:  []string{"crash-with-unsynced", "crash-before-vote-synced", "leader-crashed-uncommitted", "candidate-crashed", "crash-amid-snapshot"},
		},
		"a majority crashes": {
			text:   "duration: 2s\ntimeline: [{during: 1s..1500ms, crash: random(2)}]",
			always: []string{"quorum-down"},
			never:  []string{"all-down"},
		},
		"a leader crashes that nobody hears": {
			text:  "duration: 3s\ntimeline: [{during: 1s..2500ms, cut: {from: all, to: leader}}, {at: 1300ms, crash: leader}]" + writers,
			some:  []string{"leader-crashed-uncommitted"},
			never: []string{"quorum-down", "all-down"},
		},
		"crashes under load": {
			text: "duration: 6s\nclients: {count: 50, rate: 100/s, mix: {put: 100%}}\ntimeline: [{repeat: 8, every: 700ms, timeline: [{during: 300ms..600ms, crash: random(2)}]}]",
			some: []string{"crash-with-unsynced"},
		},
		"crashes amid an election": {
			text: "duration: 5s\ntimeline: [{repeat: 8, every: 500ms, timeline: [{at: 300ms, timeout: all}, {during: 300.4ms..400ms, crash: random(2)}]}]",
			some: []string{"crash-before-vote-synced", "candidate-crashed"},
		},
		"crashes amid a snapshot": {
			text: "duration: 4s\ncluster: {snapshot_every: 20, snapshot_chunk: 16B}\nclients: {count: 4, rate: 100/s, keys: 100, mix: {put: 100%}}\n" +
				"timeline: [{during: 500ms..2500ms, partition: [[n1], rest]}, {repeat: 4, every: 100ms, timeline: [{during: 2600ms..2610ms, crash: n1}]}]",
			some: []string{"crash-amid-snapshot"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			counts := reached(t, c.text)
			for _, name := range c.always {
				require.Equal(t, 40, counts[name], name)
			}
			for _, name := range c.some {
				require.Positive(t, counts[name], name)
			}
			for _, name := range c.never {
				require.Zero(t, counts[name], name)
			}
		})
	}
}

// A leader that has answered and leads no more when its answer arrives was one when it answered.
func TestAReadIsOfWhatTheNodeWasWhenItAnswered(t *testing.T) {
	f := parse(t, `
duration: 6s
cluster: {reads: index}
network: {latency: 20ms..40ms}
clients: {count: 6, rate: 50/s, mix: {get: 100%}}
timeline: [{repeat: 10, every: 500ms, timeline: [{at: 700ms, timeout: followers}]}]`)
	leadersOnly := breaking(broken{request: func(b *broken, _ replica.ClientID, q *kv.Request) bool {
		return q.Op == kv.Get && b.Core().Role() != raft.Leader
	}})
	leaders := 0
	for seed := range uint64(20) {
		r := f.Run(seed, leadersOnly)
		require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
		require.NotContains(t, r.States.Names(), "read-at-follower", "seed %d", seed)
		if r.States.Has("read-at-leader") {
			leaders++
		}
	}
	require.Equal(t, 20, leaders)
}

// What is known is told in groups, without a gap, and every state can be kept in a set.
func TestEveryStateIsInAGroup(t *testing.T) {
	var all scenarios.StateSet
	for i := range all {
		all[i] = ^uint64(0)
	}
	known := all.Names()
	require.Len(t, known, len(script.States()))
	for _, s := range script.States() {
		require.Contains(t, known, s.Name)
		require.Contains(t, script.StateGroups(), s.Group, s.Name)
		require.True(t, all.Has(s.Name))
		require.False(t, scenarios.StateSet{}.Has(s.Name))
	}
	require.False(t, all.Has("no-such-state"))
}

// A sweep adds up what its runs reached, named by the file or not, and what was done to them.
func TestASweepCountsStatesAndFaults(t *testing.T) {
	f := parse(t, `
duration: 2s
network: {loss: 5%}
timeline: [{during: 1s..1500ms, crash: leader}, {at: 1600ms, crash: n1}, {at: 1700ms, crash: n1}, {at: 1800ms, restart: candidate}]
expect: {sometimes: term-changes}`+writers)
	var runs []scenarios.Result
	sum := scenarios.Sweep(context.Background(), []scenarios.Job{{File: f, Seeds: script.Seeds{{First: 1, Last: 5}}}},
		scenarios.SweepOptions{Workers: 2}, func(r scenarios.Result) { runs = append(runs, r) })
	require.EqualValues(t, 5, sum.Runs)
	require.EqualValues(t, 5, sum.States["leader-crashed"])
	require.Zero(t, sum.States["wiped-node-returns"])
	want, lost := map[string]uint64{}, uint64(0)
	for _, r := range runs {
		for _, name := range r.States.Names() {
			want[name]++
		}
		i := slices.IndexFunc(r.Faults, func(f scenarios.Fault) bool { return f.Kind == "message lost" })
		lost += r.Faults[i].Fired
	}
	require.Equal(t, want, sum.States)
	require.Equal(t, []scenarios.Fault{{Kind: "crash", Asked: 15, Fired: 10}, {Kind: "restart", Asked: 5, Fired: 0}, {Kind: "message lost", Fired: lost}}, sum.Faults)
}
