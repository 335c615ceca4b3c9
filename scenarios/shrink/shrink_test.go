package shrink_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/replica"
	"raftsim/scenarios"
	"raftsim/scenarios/script"
	"raftsim/scenarios/shrink"
)

// noisy has a cluster of five lose its leader to a partition that nobody wins, amid much that has nothing to do with it.
const noisy = `
name: noisy
duration: 6s
cluster: {nodes: 5, max_inflight: 8, snapshot_every: 50}
network: {latency: 1ms..10ms, loss: 2%, duplicate: 1%, reorder: 1%}
clients: {count: 3, rate: 30/s, keys: 4, mix: {get: 30%, put: 30%, append: 20%, cas: 20%}}
timeline:
  - during: 500ms..900ms
    crash: follower
  - during: 1s..1500ms
    cut: {from: leader, to: follower}
  - when: {commits: 40}
    burst: 10
  - during: 2s..2500ms
    network: {latency: 5ms..20ms}
  - during: 3s..6s
    partition: [minority, minority, rest]
  - during: 3200ms..4s
    pause: random(1)
  - at: 4500ms
    timeout: random(2)
expect:
  - always: safety
  - history: linearizable
  - by: 5s
    leader: elected
`

func parse(t *testing.T, text string) scenarios.File {
	t.Helper()
	f, err := scenarios.Parse("test.yaml", []byte(text))
	require.NoError(t, err)
	return f
}

// certified checks what the file promises: that it fails as it says with each of its seeds, and that every entry is needed.
func certified(t *testing.T, m *shrink.Minimum, o scenarios.Options) scenarios.File {
	t.Helper()
	f, err := scenarios.Parse("minimal.yaml", m.Format())
	require.NoError(t, err, string(m.Format()))
	require.True(t, m.Minimal)
	require.Equal(t, m.Seeds, f.Scenario.Seeds)
	same := func(f scenarios.File, seed uint64) bool {
		res := f.Run(seed, o)
		return res.Verdict == scenarios.Pass && res.Property == m.Result.Property && slices.Equal(sorted(res.Roles), sorted(m.Result.Roles))
	}
	for seed := range f.Scenario.Seeds.All() {
		require.True(t, same(f, seed), "seed %d\n%s", seed, m.Format())
	}
	for i := range f.Scenario.Timeline {
		less := *f.Scenario
		less.Timeline = slices.Delete(slices.Clone(less.Timeline), i, i+1)
		g, err := scenarios.Parse("less.yaml", script.Format(&less))
		if err != nil {
			continue // what is left is no scenario
		}
		fails := 0
		for seed := range f.Scenario.Seeds.All() {
			if same(g, seed) {
				fails++
			}
		}
		require.Less(t, uint64(fails), f.Scenario.Seeds.Len(), "entry %d is not needed:\n%s", i+1, m.Format())
	}
	return f
}

func sorted(roles []raft.Role) []raft.Role {
	roles = slices.Clone(roles)
	slices.Sort(roles)
	return roles
}

func TestAFailureIsShrunkToWhatItNeeds(t *testing.T) {
	m, err := shrink.Shrink(parse(t, noisy), 3, shrink.Options{})
	require.NoError(t, err)
	f := certified(t, m, scenarios.Options{})
	sc := f.Scenario
	require.Equal(t, "noisy-shrunk", sc.Name)
	require.LessOrEqual(t, len(sc.Timeline), 2, string(m.Format()))
	require.LessOrEqual(t, sc.Cluster.Nodes, 3)
	require.Zero(t, sc.Cluster.MaxInflight)
	require.Zero(t, sc.Cluster.SnapshotEvery)
	require.Zero(t, sc.Clients)
	require.Equal(t, script.Network{Latency: sc.Network.Latency}, sc.Network)
	require.Equal(t, sc.Network.Latency.Min, sc.Network.Latency.Max)
	require.Greater(t, sc.Seeds.Len(), uint64(1), "no draw matters")
	head := string(m.Format()[:strings.Index(string(m.Format()), "name:")])
	require.Contains(t, head, "# leader-elected: ")
	require.Contains(t, head, "Shrunk from test.yaml with seed 3.")
}

func TestShrinkingIsDeterministic(t *testing.T) {
	one, err := shrink.Shrink(parse(t, noisy), 4, shrink.Options{})
	require.NoError(t, err)
	two, err := shrink.Shrink(parse(t, noisy), 4, shrink.Options{})
	require.NoError(t, err)
	require.Equal(t, string(one.Format()), string(two.Format()))
	require.Equal(t, one.Runs, two.Runs)
}

// What has been shrunk is a scenario that fails, and is shrunk to itself, head apart.
func TestTheMinimalFileOfAMinimalFileIsItself(t *testing.T) {
	one, err := shrink.Shrink(parse(t, noisy), 3, shrink.Options{})
	require.NoError(t, err)
	again, err := shrink.Shrink(parse(t, string(one.Format())), one.Seeds[0].First, shrink.Options{})
	require.NoError(t, err)
	require.LessOrEqual(t, len(again.Scenario.Timeline), len(one.Scenario.Timeline))
	require.Equal(t, one.Scenario.Name, again.Scenario.Name)
	require.Equal(t, one.Result.Property, again.Result.Property)
}

func TestARunThatPassesIsNotShrunk(t *testing.T) {
	_, err := shrink.Shrink(parse(t, "name: calm\nduration: 1s\n"), 1, shrink.Options{})
	require.ErrorIs(t, err, shrink.ErrPasses)
}

// What shows only once the run has settled is shrunk, too.
func TestAFailureOfTheEndIsShrunk(t *testing.T) {
	silent := scenarios.Options{Boot: func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
		p, err := replica.New(o)(id, env)
		r, _ := p.(*replica.Replica)
		return unhurried{r}, err
	}}
	m, err := shrink.Shrink(parse(t, "name: idle\nduration: 4s\ntimeline:\n  - during: 1s..2s\n    crash: n1\n"), 1, shrink.Options{Run: silent})
	require.NoError(t, err)
	require.Equal(t, script.Progress, m.Result.Property)
	require.Empty(t, m.Scenario.Timeline)
	require.Less(t, m.Scenario.Duration, time.Second)
	certified(t, m, silent)
}

// unhurried never stands for election.
type unhurried struct{ *replica.Replica }

func (u unhurried) Timer(t replica.TimerID) {
	if t != replica.TimerElection {
		u.Replica.Timer(t)
	}
}

func TestAFaultOfTheTestbedIsNotShrunk(t *testing.T) {
	f := parse(t, "name: calm\nduration: 1s\nmutant: quorum-third\n") // which this is not
	_, err := shrink.Shrink(f, 1, shrink.Options{})
	require.ErrorContains(t, err, "only a violation can be shrunk, and this run is: the file plays with the core of mutant quorum-third")
}

// deserter panics as it becomes a candidate of a late term.
type deserter struct{ *replica.Replica }

func (d deserter) Timer(t replica.TimerID) {
	d.Replica.Timer(t)
	switch s := d.Core().Status(); {
	case t != replica.TimerElection:
	case s.Role == raft.Candidate && s.Term >= 4:
		panic("candidate gives up")
	}
}

func deserting() scenarios.Options {
	return scenarios.Options{Boot: func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
		p, err := replica.New(o)(id, env)
		r, _ := p.(*replica.Replica)
		return deserter{r}, err
	}}
}

// The failure that is left is the one there was: the property, the roles, the words of the panic.
func TestWhatFailsStaysTheSame(t *testing.T) {
	m, err := shrink.Shrink(parse(t, strings.Replace(noisy, "minority, minority, rest", "minority, rest", 1)), 2, shrink.Options{Run: deserting()})
	require.NoError(t, err)
	require.Equal(t, script.NoPanic, m.Result.Property)
	require.Equal(t, []raft.Role{raft.Follower}, m.Result.Roles, "what it was when the event began")
	require.Contains(t, m.Result.Detail, "candidate gives up")
	require.LessOrEqual(t, len(m.Scenario.Timeline), 4, string(m.Format()))
	certified(t, m, deserting())
}

// A budget ends the search, and what has been reached is a file that fails, and says that there may be a smaller one where so.
func TestABudgetEndsTheSearch(t *testing.T) {
	for _, runs := range []uint64{1, 3, 40} {
		m, err := shrink.Shrink(parse(t, noisy), 3, shrink.Options{Runs: runs})
		if runs == 1 {
			require.Error(t, err, "there was no run left to see that it fails")
			continue
		}
		require.NoError(t, err)
		require.Less(t, m.Runs, runs+200)
		f, err := scenarios.Parse("minimal.yaml", m.Format())
		require.NoError(t, err)
		require.Equal(t, scenarios.Pass, f.Run(m.Seeds[0].First, scenarios.Options{}).Verdict)
	}
}
