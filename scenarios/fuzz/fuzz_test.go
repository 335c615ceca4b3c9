package fuzz_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"raftsim/scenarios"
	"raftsim/scenarios/fuzz"
)

// play returns the seeds and fingerprints that a hunt comes to, in order.
func play(t *testing.T, o fuzz.Options) (seeds, prints []uint64) {
	t.Helper()
	require.NoError(t, fuzz.Run(t.Context(), o, func(p *fuzz.Played) bool {
		seeds, prints = append(seeds, p.Result.Seed), append(prints, p.Result.Fingerprint)
		require.Equal(t, o.Start+uint64(len(seeds))-1, p.Place)
		return true
	}))
	return seeds, prints
}

func TestTheNumberOfWorkersDecidesNothing(t *testing.T) {
	for _, strategy := range fuzz.Strategies() {
		o := fuzz.Options{Strategy: strategy, From: 1, Count: 20, Workers: 1}
		seeds, one := play(t, o)
		require.Len(t, seeds, 20)
		o.Workers = 7
		_, seven := play(t, o)
		require.Equal(t, one, seven, strategy)
	}
}

// Shards share the seeds between them: each is played once.
func TestShardsShareTheSeeds(t *testing.T) {
	var all []uint64
	for i := range uint64(3) {
		seeds, _ := play(t, fuzz.Options{From: 5, Count: 2, Shard: fuzz.Shard{Index: i, Total: 3}})
		all = append(all, seeds...)
	}
	require.ElementsMatch(t, []uint64{5, 6, 7, 8, 9, 10}, all)

	last, _ := play(t, fuzz.Options{From: 1<<64 - 3, Count: 9})
	require.Equal(t, []uint64{1<<64 - 3, 1<<64 - 2, 1<<64 - 1}, last)
}

func TestAHuntEndsWhenToldTo(t *testing.T) {
	played := 0
	require.NoError(t, fuzz.Run(t.Context(), fuzz.Options{From: 1}, func(*fuzz.Played) bool { played++; return played < 3 }))
	require.Equal(t, 3, played)

	ctx, stop := context.WithCancel(t.Context())
	stop()
	require.NoError(t, fuzz.Run(ctx, fuzz.Options{From: 1}, func(*fuzz.Played) bool { played++; return true }))
	require.Equal(t, 3, played)

	require.ErrorContains(t, fuzz.Run(t.Context(), fuzz.Options{Strategy: "magic"}, nil), `there is no strategy "magic"; there are swarm, priority, guided`)
}

func TestShardsFromTheEnvironment(t *testing.T) {
	for _, c := range []struct {
		env   string
		total uint64
		want  string // as people count, from 1
		err   string
	}{
		{"", 0, "1/1", ""},
		{"JOB_COMPLETION_INDEX=0 JOB_COMPLETIONS=8", 0, "1/8", ""},
		{"JOB_COMPLETION_INDEX=7", 8, "8/8", ""},
		{"JOB_COMPLETION_INDEX=8", 8, "", "JOB_COMPLETION_INDEX=8: shard 8 is past the last of 8, which is 7"},
		{"JOB_COMPLETION_INDEX=3", 0, "", "say by --shard-total or JOB_COMPLETIONS of how many"},
		{"TEST_SHARD_INDEX=1 TEST_TOTAL_SHARDS=2", 0, "2/2", ""},
		{"TEST_SHARD_INDEX=2 TEST_TOTAL_SHARDS=2", 0, "", "past the last"},
		{"CI_NODE_INDEX=1 CI_NODE_TOTAL=4", 0, "1/4", ""},
		{"CI_NODE_INDEX=4 CI_NODE_TOTAL=4", 0, "4/4", ""},
		{"CI_NODE_INDEX=0 CI_NODE_TOTAL=4", 0, "", "the first shard is 1"},
		{"CI_NODE_INDEX=5 CI_NODE_TOTAL=4", 0, "", "shard 5 is past the last of 4, which is 4"},
		{"BUILDKITE_PARALLEL_JOB=0 BUILDKITE_PARALLEL_JOB_COUNT=2", 0, "1/2", ""},
		{"BUILDKITE_PARALLEL_JOB=x BUILDKITE_PARALLEL_JOB_COUNT=2", 0, "", "BUILDKITE_PARALLEL_JOB=x: Buildkite gives each process a number"},
		{"TEST_SHARD_INDEX=0 TEST_TOTAL_SHARDS=many", 0, "", "TEST_TOTAL_SHARDS=many: want how many"},
		{"", 8, "", "nothing says which of them this is"},
	} {
		env := map[string]string{}
		for _, pair := range strings.Fields(c.env) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		got, err := fuzz.ShardFrom(func(name string) string { return env[name] }, c.total)
		if c.err != "" {
			require.ErrorContains(t, err, c.err, c.env)
			continue
		}
		require.NoError(t, err, c.env)
		require.Equal(t, c.want, got.String(), c.env)
	}
	for text, want := range map[string]string{
		"0/8": "the first shard is 1", "9/8": "shard 9 is past the last of 8, which is 8", "8": "like 2/8", "a/b": "like 2/8", "1/0": "not 0",
	} {
		_, err := fuzz.ParseShard(text)
		require.ErrorContains(t, err, want, text)
	}
}

func header() fuzz.Header {
	return fuzz.Header{Format: fuzz.Format, Strategy: "swarm", From: 1, Shard: "1/1", Source: "abc"}
}

func played(place uint64, v scenarios.Verdict, events uint64) *fuzz.Played {
	return &fuzz.Played{Place: place, Result: scenarios.Result{
		File: "fuzz", Seed: place + 1, Verdict: v, Property: map[bool]string{true: "", false: "p"}[v == scenarios.Pass], Events: events,
	}}
}

// A kill loses what came after the last totals and no more: half a line is cut off, and what is found again counts once.
func TestResumeGoesOnAfterAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	l, err := fuzz.Resume(path, header())
	require.NoError(t, err)
	_, err = l.Add(played(0, scenarios.Pass, 10), "", "")
	require.NoError(t, err)
	_, err = l.Add(played(1, scenarios.Violation, 20), "replay", "shrink")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	kept, err := os.ReadFile(path)
	require.NoError(t, err)

	for _, lost := range []string{"", `{"fail`, `{"failure":{"place":2,"verdict":"violation","property":"p"}}` + "\n"} {
		require.NoError(t, os.WriteFile(path, append(append([]byte{}, kept...), lost...), 0o666))
		l, err = fuzz.Resume(path, header())
		require.NoError(t, err)
		require.Equal(t, uint64(2), l.Totals().Next)
		_, err = l.Add(played(2, scenarios.Violation, 5), "replay", "shrink")
		require.NoError(t, err)
		require.NoError(t, l.Close())

		r, err := fuzz.Merge([]string{path})
		require.NoError(t, err)
		require.Equal(t, uint64(3), r.Runs)
		require.Equal(t, uint64(2), r.Violations)
		require.Len(t, r.Groups, 1)
		require.Equal(t, uint64(2), r.Groups[0].Count)
		require.Equal(t, uint64(5), r.Groups[0].Failures[0].Events)
	}
}

func TestResumeRefusesWhatIsNotItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	l, err := fuzz.Create(path, header())
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = fuzz.Create(path, header())
	require.ErrorContains(t, err, "--resume goes on after what is in it")
	for want, change := range map[string]func(*fuzz.Header){
		"the strategy": func(h *fuzz.Header) { h.Strategy = "priority" }, "the mutant": func(h *fuzz.Header) { h.Mutant = "m" },
		"the shard": func(h *fuzz.Header) { h.Shard = "1/2" }, "the first seed": func(h *fuzz.Header) { h.From = 2 },
		"the source": func(h *fuzz.Header) { h.Source = "def" }, "the number of nodes": func(h *fuzz.Header) { h.Nodes = 5 },
	} {
		h := header()
		change(&h)
		_, err := fuzz.Resume(path, h)
		require.ErrorContains(t, err, want)
	}
	for text, want := range map[string]string{
		"name: x\n":                                              "no results of raftsim fuzz",
		"my only notes":                                          "no results of raftsim fuzz",
		`{"raftsim_fuzz":1,"stra`:                                "it ends within its first lines",
		`{"raftsim_fuzz":9,"source":"z"}` + "\n":                 "its format is 9, and this raftsim reads 1: use the raftsim that wrote it (z)",
		`{"raftsim_fuzz":1}` + "\n":                              "it ends within its first lines",
		`{"raftsim_fuzz":1}` + "\n" + `{"tot` + "\n{}\n":         ":2: this line is damaged",
		`{"raftsim_fuzz":1}` + "\n" + `{"totals":{}}` + "\n{}\n": ":3: this line is damaged",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		_, err := fuzz.Resume(path, header())
		require.ErrorContains(t, err, want)
	}
}

// Failures of one property and roles are one group, whatever the order of the nodes; the fastest come first, what was not settled last.
func TestMergeGroupsFailures(t *testing.T) {
	var r fuzz.Report
	for _, f := range []fuzz.Failure{
		{Verdict: "inconclusive", Property: "linearizability", Events: 1},
		{Verdict: "violation", Property: "election-safety", Roles: []string{"leader", "follower"}, Events: 90},
		{Verdict: "violation", Property: "progress", Events: 50},
		{Verdict: "violation", Property: "election-safety", Roles: []string{"follower", "leader"}, Events: 40},
		{Verdict: "violation", Property: "election-safety", Roles: []string{"leader", "leader"}, Events: 60},
	} {
		r.Add(&f)
	}
	var titles []string
	for _, g := range r.Groups {
		titles = append(titles, g.Title())
	}
	require.Equal(t, []string{
		"election-safety of follower and leader", "progress", "election-safety of leader and leader", "linearizability, inconclusive",
	}, titles)
	require.Equal(t, uint64(2), r.Groups[0].Count)
}

func TestMergeRefusesTheSameWorkTwice(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, path := range []string{a, b} {
		l, err := fuzz.Create(path, header())
		require.NoError(t, err)
		require.NoError(t, l.Close())
	}
	_, err := fuzz.Merge([]string{a, b})
	require.ErrorContains(t, err, "are of the same work")
}

// Parts of the same hunt that were cut in different ways may have runs in common, and a part may have been forgotten.
func TestMergeOfParts(t *testing.T) {
	merge := func(parts ...fuzz.Header) (*fuzz.Report, error) {
		dir := t.TempDir()
		var paths []string
		for k, h := range parts {
			path := filepath.Join(dir, strconv.Itoa(k))
			l, err := fuzz.Create(path, h)
			require.NoError(t, err)
			for place := range uint64(4) {
				_, err := l.Add(played(place, scenarios.Pass, 1), "", "")
				require.NoError(t, err)
			}
			require.NoError(t, l.Close())
			paths = append(paths, path)
		}
		return fuzz.Merge(paths)
	}
	of := func(from uint64, shard, strategy string) fuzz.Header {
		h := header()
		h.From, h.Shard, h.Strategy = from, shard, strategy
		return h
	}
	for seed, parts := range map[int][]fuzz.Header{
		3:  {of(1, "1/1", "swarm"), of(1, "3/8", "swarm")},       // 1 2 3 4 and 3 11 19 27
		11: {of(1, "3/8", "swarm"), of(5, "1/3", "swarm")},       // 3 11 19 27 and 5 8 11 14
		4:  {of(4, "1/1", "priority"), of(1, "1/1", "priority")}, // 4 5 6 7 and 1 2 3 4
	} {
		_, err := merge(parts...)
		require.ErrorContains(t, err, fmt.Sprintf("have both played seed %d:", seed))
		_, err = merge(parts[1], parts[0])
		require.ErrorContains(t, err, fmt.Sprintf("have both played seed %d:", seed))
	}
	for _, parts := range [][]fuzz.Header{
		{of(1, "1/1", "swarm"), of(5, "1/1", "swarm")},
		{of(1, "1/1", "swarm"), of(1, "1/1", "priority")},
		{of(1, "1/1", "guided"), of(3, "1/1", "guided")},
		{of(1, "1/3", "swarm"), of(1, "2/3", "swarm"), of(1, "3/3", "swarm")},
	} {
		r, err := merge(parts...)
		require.NoError(t, err)
		require.Empty(t, r.Missing)
	}
	r, err := merge(of(1, "1/3", "swarm"), of(1, "3/3", "swarm"), of(100, "2/9", "swarm"))
	require.NoError(t, err)
	require.Equal(t, []string{"2/3", "1/9, 3/9, 4/9, 5/9, 6/9, others"}, r.Missing)
}

// What is other work is not taken for the same because it reads alike.
func TestMergeTellsWorkApart(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for k, change := range []func(*fuzz.Header){
		func(h *fuzz.Header) { h.From, h.Shard = 1, "11/12" }, func(h *fuzz.Header) { h.From, h.Shard = 11, "1/12" },
		func(h *fuzz.Header) { h.Nodes = 3 }, func(h *fuzz.Header) { h.Nodes = 5 },
		func(h *fuzz.Header) { h.Mutant = "ab" }, func(h *fuzz.Header) { h.Mutant, h.Source = "a", "babc" },
	} {
		h := header()
		change(&h)
		path := filepath.Join(dir, strconv.Itoa(k))
		l, err := fuzz.Create(path, h)
		require.NoError(t, err)
		require.NoError(t, l.Close())
		paths = append(paths, path)
	}
	r, err := fuzz.Merge(paths)
	require.NoError(t, err)
	require.Equal(t, len(paths), r.Files)
}

// The manifest is what its documentation says: a violation fails its own index alone, and as many are told of as there are.
func TestTheManifestStopsOnlyItsOwnIndex(t *testing.T) {
	text, err := os.ReadFile("k8s-job.yml")
	require.NoError(t, err)
	var job struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Spec       struct {
			CompletionMode       string `yaml:"completionMode"`
			Completions          int
			MaxFailedIndexes     int  `yaml:"maxFailedIndexes"`
			BackoffLimitPerIndex *int `yaml:"backoffLimitPerIndex"`
			PodFailurePolicy     struct {
				Rules []struct {
					Action      string
					OnExitCodes struct {
						ContainerName string `yaml:"containerName"`
						Operator      string
						Values        []int
					} `yaml:"onExitCodes"`
				}
			} `yaml:"podFailurePolicy"`
			Template struct {
				Spec struct {
					RestartPolicy string `yaml:"restartPolicy"`
					Containers    []struct {
						Name string
						Args []string
						Env  []struct{ Name, Value string }
					}
				}
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &job))
	s := job.Spec
	require.Equal(t, "batch/v1 Job", job.APIVersion+" "+job.Kind)
	require.Equal(t, "Indexed", s.CompletionMode)
	require.Equal(t, s.Completions, s.MaxFailedIndexes)
	require.NotNil(t, s.BackoffLimitPerIndex)
	require.Equal(t, "Never", s.Template.Spec.RestartPolicy, "podFailurePolicy asks for it")
	container := s.Template.Spec.Containers[0]
	require.Equal(t, "JOB_COMPLETIONS", container.Env[0].Name)
	require.Equal(t, "16", container.Env[0].Value)
	require.Equal(t, 16, s.Completions)
	require.Equal(t, "fuzz", container.Args[0])
	rule := s.PodFailurePolicy.Rules[0]
	require.Equal(t, "FailIndex", rule.Action)
	require.Equal(t, container.Name, rule.OnExitCodes.ContainerName)
	require.Equal(t, []int{1, 3}, rule.OnExitCodes.Values)
}
