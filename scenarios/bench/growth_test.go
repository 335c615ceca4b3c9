package bench

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"raftsim/raft/kv"
	"raftsim/raft/replica"
	"raftsim/scenarios"
	"raftsim/sim"
)

// grown plays load-3's million proposals in a cluster with these options, has more happen, and looks at the end.
func grown(b *testing.B, cluster, timeline string, more time.Duration, p *proposer, o scenarios.Options) {
	b.Helper()
	f, err := scenarios.Parse("growth.yaml", fmt.Appendf(nil, `
name: growth
duration: %v
cluster: {nodes: 3, election_timeout: 100ms..200ms, heartbeat: 10ms%s}
network: {latency: 1ms..10ms}
timeline: [%s]
expect:
  - always: safety
`, loaded+more, cluster, timeline))
	if err != nil {
		b.Fatal(err)
	}
	p.request = kv.Request{Session: 1, Op: kv.Put, Key: "k", Value: strings.Repeat("v", 16)}
	if r := f.Run(1, o); r.Verdict != scenarios.Pass || r.Commits < loadProposals {
		b.Fatalf("%s, %d commits", r.Line(), r.Commits)
	}
}

// loaded is when all proposals are committed.
const loaded = loadProposals*time.Millisecond + 2*time.Second

// live is how many MiB are in use.
func live() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// BenchmarkMemory holds 1,000,000 entries a node on three nodes, with the checks and the disks; and the same
// with compaction on.
func BenchmarkMemory(b *testing.B) {
	for _, c := range []struct{ name, cluster string }{
		{"whole", ""},
		{"compacted", ", snapshot_every: 10000, snapshot_keep: 1000"},
	} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				before, after := live(), 0.0
				p := &proposer{}
				grown(b, c.cluster, "", 0, p, scenarios.Options{Start: p.start, AtEnd: func(*scenarios.Run) { after = live() }})
				b.ReportMetric(after-before, "MiB")
			}
		})
	}
}

// BenchmarkJoiner has a node join a cluster that is 1,000,000 entries ahead, a key each, and has compacted its log. It says how
// many of them the joiner is caught up by in a CPU second; load-3 says how many are committed in one.
func BenchmarkJoiner(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	for range b.N {
		began, took := time.Duration(0), time.Duration(0)
		p := &proposer{distinct: true}
		start := func(w *sim.World) {
			p.start(w)
			w.At(loaded-time.Nanosecond, func() { began = cpuTime() })
			var look func()
			look = func() {
				if n, ok := w.Process(4).(*replica.Replica); ok && n.Core().Applied() >= loadProposals {
					took = cpuTime() - began
					return
				}
				w.At(w.Now()+time.Millisecond, look)
			}
			w.At(loaded, look)
		}
		grown(b, ", snapshot_every: 100000, snapshot_keep: 1000", fmt.Sprintf("{at: %v, join: n4}", loaded), 20*time.Second, p, scenarios.Options{Start: start})
		if took == 0 {
			b.Fatal("the joiner was not caught up in 20 seconds")
		}
		b.ReportMetric(loadProposals/took.Seconds(), "entries/cpu-s")
	}
}
