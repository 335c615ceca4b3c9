package fuzz

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
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

func TestTheSetOfStatesHasABound(t *testing.T) {
	var s states
	for v := uint64(1); v <= mostStates; v++ {
		s.add(v * 0x9e3779b97f4a7c15)
	}
	require.True(t, s.full())
	require.Equal(t, mostStates*3/4, s.count)
	require.False(t, s.add(0xdead<<48|1), "what is new is taken for known")
	require.Len(t, s.table, mostStates)
}
