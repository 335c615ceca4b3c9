package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/replica"
	"raftsim/scenarios"
	"raftsim/scenarios/fuzz"
)

func TestFuzzPlaysSoManyWorlds(t *testing.T) {
	inFolder(t, nil)
	got := raftsim(t, "fuzz", "--count", "6", "--out", "r.jsonl")
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.err, "6 worlds, ")
	require.Empty(t, got.out)

	got = raftsim(t, "fuzz", "--count", "9", "--resume", "r.jsonl")
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.err, "9 worlds, ")

	got = raftsim(t, "merge", "r.jsonl")
	require.Zero(t, got.code)
	require.Contains(t, got.err, "1 file: 9 worlds, ")
}

// --print shows the scenario that run and replay play with that seed.
func TestFuzzPrintsAWorld(t *testing.T) {
	inFolder(t, nil)
	got := raftsim(t, "fuzz", "--seed", "7", "--print")
	require.Zero(t, got.code)
	require.NoError(t, os.WriteFile("seven.yaml", []byte(got.out), 0o666))
	written := records(t, raftsim(t, "run", "seven.yaml", "--seed", "7", "--json").out)
	drawn := records(t, raftsim(t, "run", "fuzz", "--seed", "7", "--json").out)
	require.Equal(t, written[0].Fingerprint, drawn[0].Fingerprint)
}

// What fails is grouped, and each failure has the commands that replay and shrink it.
func TestFuzzTellsFailuresByKind(t *testing.T) {
	inFolder(t, nil)
	refuse := func(raft.NodeID, replica.Env, replica.Options) (replica.Process, error) { return nil, errors.New("no") }
	f := fuzzFlags{strategy: fuzz.Swarm, now: time.Now, options: scenarios.Options{Boot: refuse}}
	f.count.value, f.out.value, f.out.given = 8, "r.jsonl", true
	got := running(t.Context(), func(ctx context.Context, s streams) error { return fuzzWorlds(ctx, s, f) })
	require.Equal(t, 1, got.code)
	require.Equal(t, 1, strings.Count(got.out, ": 8 worlds\n"), got.out)
	require.Contains(t, got.out, "    replay: raftsim replay fuzz --seed ")
	require.Contains(t, got.out, "    shrink: raftsim shrink fuzz --seed ")
	require.Equal(t, 5, strings.Count(got.out, "replay: "), "a few of a kind are enough")
	require.Equal(t, got.out, raftsim(t, "merge", "r.jsonl").out)

	f.first, f.out.given = true, false
	got = running(t.Context(), func(ctx context.Context, s streams) error { return fuzzWorlds(ctx, s, f) })
	require.Contains(t, got.err, "1 world, ")
}

// With --nodes it is the scenario with so many nodes that is printed: the one that is played.
func TestFuzzPrintsAWorldOfSoManyNodes(t *testing.T) {
	inFolder(t, nil)
	got := raftsim(t, "fuzz", "--seed", "7", "--nodes", "7", "--print")
	require.Zero(t, got.code)
	require.Contains(t, got.out, "\n  nodes: 7\n")
	got = raftsim(t, "fuzz", "--strategy", "priority", "--seed", "7", "--nodes", "7", "--print")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.err, "--nodes goes with swarm and guided")
}

// A command line that is wrong leaves no file in the way of the one that is right.
func TestFuzzBeginsNoFileForNothing(t *testing.T) {
	inFolder(t, nil)
	require.Equal(t, 2, raftsim(t, "fuzz", "--strategy", "magic", "--out", "r.jsonl").code)
	got := raftsim(t, "fuzz", "--count", "1", "--out", "r.jsonl")
	require.Zero(t, got.code, got.err)
}

// What was found is told even where the hunt cannot go on.
func TestFuzzTellsWhatItFoundBeforeItFailed(t *testing.T) {
	inFolder(t, map[string]string{"corpus/kept-0003.yaml.part/x": ""}) // a folder where a file is to be
	twice := func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
		if names, err := env.FS().List(); err != nil || len(names) > 0 {
			return nil, errors.New("once is enough")
		}
		return replica.New(o)(id, env)
	}
	f := fuzzFlags{strategy: fuzz.Guided, now: time.Now, options: scenarios.Options{Boot: twice}}
	f.count.value, f.corpus.value, f.corpus.given = 40, "corpus", true
	var failure error
	got := running(t.Context(), func(ctx context.Context, s streams) error {
		failure = fuzzWorlds(ctx, s, f)
		return failure
	})
	require.ErrorContains(t, failure, "kept-0003.yaml.part")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.out, "once is enough")
}
