package seen_test

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkGuidance has go test fuzz for a minute with the switch and for a minute without it, on one worker, and tells how many
// abstract states either has reached for each minute of CPU time. It wants the machine for itself:
//
//	go test ./scenarios/fuzz/seen -run '^$' -bench Guidance -benchtime 1x -timeout 20m
func BenchmarkGuidance(b *testing.B) {
	test := filepath.Join(b.TempDir(), "fuzz.test")
	build := exec.Command("go", "test", "-c", "-fuzz=.", "-o", test, "raftsim/scenarios")
	out, err := build.CombinedOutput()
	require.NoError(b, err, "%s", out)
	for _, target := range []string{"FuzzTimeouts", "FuzzFaults"} {
		for name, flags := range map[string][]string{"with": nil, "without": {"-unguided"}} {
			b.Run(target+"/"+name, func(b *testing.B) {
				states, spent := 0, time.Duration(0)
				for b.Loop() {
					n, cpu := reached(b, test, target, flags)
					states, spent = states+n, spent+cpu
				}
				b.ReportMetric(float64(states)/spent.Minutes(), "states/cpu-min")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// reached fuzzes for a minute, and returns how many abstract states that reached and what it cost.
func reached(b *testing.B, test, target string, flags []string) (states int, cpu time.Duration) {
	dir := b.TempDir()
	run := exec.Command(test, append([]string{
		"-test.run=^$", "-test.fuzz=^" + target + "$", "-test.fuzztime=1m", "-test.parallel=1", "-test.fuzzcachedir=" + b.TempDir(), "-tally", dir,
	}, flags...)...)
	run.Dir = b.TempDir()
	out, err := run.CombinedOutput()
	require.NoError(b, err, "%s", out)
	known := map[uint64]bool{}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(b, err)
	for _, name := range files {
		data, err := os.ReadFile(name)
		require.NoError(b, err)
		for ; len(data) >= 8; data = data[8:] {
			known[binary.LittleEndian.Uint64(data)] = true
		}
	}
	require.NotEmpty(b, known)
	return len(known), run.ProcessState.UserTime() + run.ProcessState.SystemTime()
}
