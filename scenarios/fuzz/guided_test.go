package fuzz

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/draw"
	"raftsim/scenarios/fuzz/seen"
)

// reached returns how many abstract states a hunt reaches.
func reached(t testing.TB, o Options) (n uint64) {
	t.Helper()
	require.NoError(t, Run(t.Context(), o, func(p *Played) bool { n = p.States; return true }))
	return n
}

// Worlds that are mutated from those that reached something new reach more than as many that are drawn.
func TestGuidedIsAheadOfSwarm(t *testing.T) {
	if testing.Short() {
		t.Skip("takes hundreds of worlds")
	}
	o := Options{From: 1, Count: 200, Nodes: 3, States: true}
	swarm := reached(t, o)
	o.Strategy = Guided
	guided := reached(t, o)
	t.Logf("guided %d, swarm %d abstract states in %d worlds", guided, swarm, o.Count)
	require.Greater(t, guided, swarm)
}

// BenchmarkGuidedAgainstSwarm plays ten pairs of hunts, each of 10,000 worlds of three nodes from a first seed of its own, and tells how many
// abstract states either has reached. Both are counted by the same table, which takes no more than three quarters of [seen.MostStates]: a
// hunt that has filled it ends there, and has reached that many or more. Ahead is 1 where guided has reached more. A world that does not
// pass is told, and is a fault.
//
//	go test ./scenarios/fuzz -run '^$' -bench GuidedAgainstSwarm -benchtime 1x -timeout 6h
func BenchmarkGuidedAgainstSwarm(b *testing.B) {
	for pair := range uint64(10) {
		o := Options{From: 1 + pair*1_000_000, Count: 10_000, Nodes: 3, States: true}
		b.Run(fmt.Sprintf("from=%d", o.From), func(b *testing.B) {
			for b.Loop() {
				swarm, _ := reachedUntilFull(b, o)
				o.Strategy = Guided
				guided, worlds := reachedUntilFull(b, o)
				b.ReportMetric(float64(swarm), "swarm-states")
				b.ReportMetric(float64(guided), "guided-states")
				b.ReportMetric(float64(worlds), "guided-worlds")
				b.ReportMetric(map[bool]float64{true: 1}[guided > swarm], "ahead")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// reachedUntilFull returns how many abstract states a hunt reaches, and in how many worlds, until it ends or no more can be counted.
func reachedUntilFull(tb testing.TB, o Options) (states, worlds uint64) {
	tb.Helper()
	require.NoError(tb, Run(tb.Context(), o, func(p *Played) bool {
		states, worlds = p.States, p.Place+1
		if p.Result.Verdict != scenarios.Pass {
			tb.Errorf("%s\n  replay: %s", p.Result.Line(), p.Result.Replay())
		}
		return !p.Full
	}))
	return states, worlds
}

// A hunt goes on learning when it has come to more states than can be counted.
func TestGuidedLearnsForAsLongAsItPlays(t *testing.T) {
	o := Options{Strategy: Guided, From: 1}
	g, err := newGuided(&o)
	require.NoError(t, err)
	e := engine{o: o, strategy: g}
	next := uint64(0)
	play := func(states int) *Played {
		d := done{world: world{file: g.file(draw.WorldOf(1, 3), 1)}}
		for range states {
			next++
			d.states = append(d.states, next*0x9e3779b97f4a7c15)
		}
		return e.judge(&d)
	}
	p := play(seen.MostStates/4*3 - 1)
	require.False(t, p.Full)
	require.Len(t, g.corpus, 1)
	p = play(1)
	require.True(t, p.Full)
	require.Len(t, g.corpus, 2)
	require.EqualValues(t, seen.MostStates/4*3, p.States)
	p = play(1)
	require.True(t, p.Full)
	require.Len(t, g.corpus, 3)
	require.EqualValues(t, seen.MostStates/4*3, p.States)
	next--
	play(1)
	require.Len(t, g.corpus, 3, "it is known of late")
}

// A corpus is gone on from, and what cannot be read in it is told.
func TestACorpusIsGoneOnFrom(t *testing.T) {
	o := Options{Strategy: Guided, From: 1, Count: 10, Corpus: filepath.Join(t.TempDir(), "corpus")}
	reached(t, o)
	files, err := filepath.Glob(filepath.Join(o.Corpus, "kept-*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	g, err := newGuided(&o)
	require.NoError(t, err)
	require.Len(t, g.corpus, len(files))

	require.NoError(t, os.WriteFile(files[0], []byte("name: x\nnope: 1\n"), 0o666))
	require.ErrorContains(t, Run(t.Context(), o, nil), "the corpus cannot be read; take this file away")
	o.Corpus = files[0]
	require.ErrorContains(t, Run(t.Context(), o, nil), "the corpus cannot be read")
}
