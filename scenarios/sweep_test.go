package scenarios_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

const chaotic = `
duration: 3s
seeds: 1..40
cluster: {nodes: 5}
network: {loss: 5%, duplicate: 2%, reorder: 5%}
clients: {count: 3, rate: 50/s, mix: {get: 50%, put: 20%, append: 10%, cas: 10%, delete: 10%}}
timeline:
  - {during: 1s..2s, crash: leader}
  - {during: 1500ms..2500ms, partition: [[leader], rest]}
  - {when: {commits: 100}, crash: random(1)}
  - {at: 2s, burst: 20}
expect:
  - history: linearizable
  - sometimes: [leader-crashed]
`

// The results of a sweep come in the order of its seeds, and are the same with any number of workers.
func TestSweepOrder(t *testing.T) {
	f := parse(t, chaotic)
	var prints [2][]uint64
	for i, workers := range []int{1, 7} {
		next := uint64(1)
		s := scenarios.Sweep(t.Context(), []scenarios.Job{{File: f}}, scenarios.SweepOptions{Workers: workers}, func(r scenarios.Result) {
			require.Equal(t, next, r.Seed)
			next++
			require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
			prints[i] = append(prints[i], r.Fingerprint)
		})
		require.EqualValues(t, 40, s.Runs)
		require.Equal(t, map[scenarios.Verdict]uint64{scenarios.Pass: 40}, s.Verdicts)
		require.Empty(t, s.Unreached)
		require.False(t, s.Interrupted)
	}
	require.Equal(t, prints[0], prints[1])
	different := map[uint64]bool{}
	for _, p := range prints[0] {
		different[p] = true
	}
	require.Len(t, different, 40, "seeds are different runs")
}

// States that no seed reached are judged when the file was played with its own seeds, and only then.
func TestSometimes(t *testing.T) {
	f := parse(t, "duration: 1s\nseeds: 1..3\nexpect: {sometimes: [leader-elected, leader-crashed]}")
	s := scenarios.Sweep(t.Context(), []scenarios.Job{{File: f}}, scenarios.SweepOptions{}, nil)
	require.Len(t, s.Unreached, 1)
	require.Equal(t, "leader-crashed", s.Unreached[0].State)
	require.EqualValues(t, 3, s.Reached["test.yaml"]["leader-elected"])

	s = scenarios.Sweep(t.Context(), []scenarios.Job{{File: f, Seeds: script.Seeds{{First: 1, Last: 2}}}}, scenarios.SweepOptions{}, nil)
	require.Empty(t, s.Unreached)
	require.EqualValues(t, 2, s.Reached["test.yaml"]["leader-elected"])
}

// An interrupted sweep says so, and has delivered a gapless beginning.
func TestSweepInterrupted(t *testing.T) {
	f := parse(t, "duration: 1s\nseeds: 1..1000000")
	ctx, cancel := context.WithCancel(t.Context())
	var seeds []uint64
	s := scenarios.Sweep(ctx, []scenarios.Job{{File: f}}, scenarios.SweepOptions{Workers: 3}, func(r scenarios.Result) {
		if seeds = append(seeds, r.Seed); len(seeds) == 5 {
			cancel()
		}
	})
	require.True(t, s.Interrupted)
	require.GreaterOrEqual(t, len(seeds), 5)
	require.Less(t, len(seeds), 300, "three workers are 64 runs ahead of the slowest at most")
	for i, seed := range seeds {
		require.EqualValues(t, i+1, seed)
	}
	require.EqualValues(t, len(seeds), s.Runs)
}

// Two runs with one seed are the same to the last event, watched or not.
func TestDeterminism(t *testing.T) {
	f := parse(t, chaotic)
	require.Nil(t, f.CheckDeterminism(3, scenarios.Options{}))
	plain := f.Run(3, scenarios.Options{})
	watched := f.Run(3, scenarios.Options{
		Observe: func(r *scenarios.Run) { r.Nodes() },
		Log:     func(time.Duration, raft.NodeID, string) {},
	})
	require.Equal(t, plain.Fingerprint, watched.Fingerprint)
	require.Equal(t, plain.Events, watched.Events)
}

// A process that lets in anything but its Env is found out, at the first event that shows it.
func TestNotDeterministic(t *testing.T) {
	boots := 0
	o := scenarios.Options{Boot: func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
		if boots++; boots > 3 {
			o.Timeouts.Heartbeat = 40 * time.Millisecond
		}
		return replica.New(o)(id, env)
	}}
	d := parse(t, "duration: 1s").CheckDeterminism(1, o)
	require.NotNil(t, d)
	require.Greater(t, d.Event, uint64(3))
	require.NotEqual(t, d.First, d.Second)
	require.Contains(t, d.String(), "second run: #")
}

// What a failure leaves behind is a trace, a history that can be read again, and a picture where it helps.
func TestArtifacts(t *testing.T) {
	lying := breaking(broken{request: func(b *broken, c replica.ClientID, q *kv.Request) bool {
		if q.Op == kv.Get {
			b.env.Answer(c, &replica.Response{Session: q.Session, Seq: q.Seq, Status: kv.OK, Result: kv.Result{Value: "made up"}})
		}
		return q.Op == kv.Get
	}})
	f := parse(t, "duration: 1s\nexpect: [{always: [election-safety]}, {history: linearizable}]"+clients)
	folder := t.TempDir()
	paths, err := f.WriteArtifacts(folder, 1, lying)
	require.NoError(t, err)
	require.Len(t, paths, 3)
	trace, err := os.ReadFile(filepath.Join(folder, scenarios.TraceFile))
	require.NoError(t, err)
	require.Contains(t, string(trace), "becomes leader")
	require.Contains(t, string(trace), "linearizability: ")
	read, err := scenarios.OpenTrace(filepath.Join(folder, scenarios.TraceFile))
	require.NoError(t, err)
	require.NoError(t, read.Verify(lying, "go test"))
	read.Close()
	page, err := os.ReadFile(filepath.Join(folder, scenarios.PictureFile))
	require.NoError(t, err)
	require.Contains(t, string(page), "<html")

	paths, err = f.WriteArtifacts(folder, 1, scenarios.Options{})
	require.NoError(t, err)
	require.Len(t, paths, 2, "nothing to draw")
}
