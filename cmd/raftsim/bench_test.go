package main

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBench(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a second")
	}
	got := raftsim(t, "bench", "lockstep-3")
	require.Zero(t, got.code)
	require.Empty(t, got.err)
	require.Regexp(t, `^  workload    ns/event .* seeds/CPU s\n  lockstep-3 +- +- +\d+ +\d+\.\d\d +\d+\.\d\d +-\n$`, got.out)

	got = raftsim(t, "bench", "lockstep-3", "--json")
	require.Zero(t, got.code)
	var f map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.out), &f))
	require.Equal(t, "lockstep-3", f["workload"])
	require.Positive(t, f["commits_per_s"])
	for _, name := range []string{"ns_per_event", "virtual_s_per_cpu_s", "allocs_per_event", "allocs_per_commit"} {
		require.Contains(t, f, name)
	}
}

func TestBenchInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	var out, err bytes.Buffer
	require.Equal(t, 4, execute(ctx, []string{"bench", "idle-3", "load-3"}, streams{out: &out, err: &err}))
	require.Equal(t, "interrupted after 0 of 2 workloads\n", err.String())
}
