package seen_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// pairs are how many times go test fuzzes with the switch and without it, in turns.
	pairs = 5
	// budget is the time of processors that each run may take, all its processes together.
	budget = 30 * time.Second
)

// BenchmarkGuidance has go test fuzz with the switch and without it, five times each in turns, on one worker and for half a minute of CPU time,
// and tells how many abstract states either has reached. It counts CPU time, so that what else the machine does matters little; it
// asks Linux for it.
//
//	go test ./scenarios/fuzz/seen -run '^$' -bench Guidance -benchtime 1x -timeout 6h
func BenchmarkGuidance(b *testing.B) {
	if _, err := os.Stat("/proc/self/task"); err != nil {
		b.Skip("the CPU time of processes is not to be had here")
	}
	test := filepath.Join(b.TempDir(), "fuzz.test")
	build := exec.Command("go", "test", "-c", "-fuzz=.", "-o", test, "raftsim/scenarios")
	out, err := build.CombinedOutput()
	require.NoError(b, err, "%s", out)
	for _, target := range []string{"FuzzTimeouts", "FuzzFaults"} {
		for pair := range pairs {
			for _, way := range []struct {
				name  string
				flags []string
			}{{"with", nil}, {"without", []string{"-unguided"}}} {
				b.Run(fmt.Sprintf("%s/%d/%s", target, pair+1, way.name), func(b *testing.B) {
					states, spent := 0, time.Duration(0)
					for b.Loop() {
						n, cpu := reached(b, test, target, way.flags)
						states, spent = states+n, spent+cpu
					}
					b.ReportMetric(float64(states)/spent.Minutes(), "states/cpu-min")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}

// reached fuzzes until the budget is spent, and returns how many abstract states that reached and what it cost.
func reached(b *testing.B, test, target string, flags []string) (states int, cpu time.Duration) {
	dir := b.TempDir()
	run := exec.Command(test, append([]string{
		"-test.run=^$", "-test.fuzz=^" + target + "$", "-test.parallel=1", "-test.fuzzcachedir=" + b.TempDir(), "-tally", dir,
	}, flags...)...)
	run.Dir = b.TempDir()
	log, err := os.Create(filepath.Join(b.TempDir(), "log"))
	require.NoError(b, err)
	defer log.Close()
	run.Stdout, run.Stderr = log, log
	require.NoError(b, run.Start())
	ended := make(chan error, 1)
	go func() { ended <- run.Wait() }()
	for cpu < budget {
		select {
		case err := <-ended:
			text, _ := os.ReadFile(log.Name())
			b.Fatalf("it ended by itself: %v\n%s", err, text)
		case <-time.After(50 * time.Millisecond):
			cpu = max(cpu, cpuOf(run.Process.Pid))
		}
	}
	require.NoError(b, run.Process.Signal(os.Interrupt))
	<-ended
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
	return len(known), cpu
}

// cpuOf is the CPU time that a process and all that it has started have taken, to a hundredth of a second.
func cpuOf(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0 // it has ended
	}
	sum := time.Duration(0)
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	for _, field := range fields[11:15] { // its own in user mode and in the kernel, and those of children that have ended
		ticks, _ := strconv.Atoi(field)
		sum += time.Duration(ticks) * 10 * time.Millisecond
	}
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, child := range strings.Fields(string(text)) {
			n, _ := strconv.Atoi(child)
			sum += cpuOf(n)
		}
	}
	return sum
}
