// Package bench measures how fast the testbed is: the workloads of `raftsim bench`, each on
// one processor, in CPU time, with everything on.
//
// The idle, load and lockstep workloads are those of a bare event loop around another
// Raft library, so that the figures can stand beside each other; chaos-5 is the standard world of fault hunting.
package bench

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// Figures is what one workload measured. A figure that the workload has nothing to say about is 0.
type Figures struct {
	Workload   string  `json:"workload"`
	NsPerEvent float64 `json:"ns_per_event"`
	// VirtualSPerCPUS is virtual seconds per second of CPU time.
	VirtualSPerCPUS float64 `json:"virtual_s_per_cpu_s"`
	CommitsPerS     float64 `json:"commits_per_s"`
	AllocsPerEvent  float64 `json:"allocs_per_event"`
	AllocsPerCommit float64 `json:"allocs_per_commit"`
	SeedsPerCPUS    float64 `json:"seeds_per_cpu_s,omitempty"`
}

// Workload is one thing to measure.
type Workload struct {
	Name string
	// About says in a few words what it does.
	About string
	run   func(*meter) error
}

// Run measures the workload, which takes about a second or a few. It holds the process to one processor
// and GOGC=400 meanwhile, so nothing else should run beside it.
func (w Workload) Run() (Figures, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	m := &meter{}
	if err := w.run(m); err != nil {
		return Figures{}, fmt.Errorf("%s: %w", w.Name, err)
	}
	return m.figures(w.Name), nil
}

// meter collects what a workload did between start and stop.
type meter struct {
	cpu0, cpu time.Duration
	mallocs   uint64

	virtual time.Duration
	events  uint64
	commits uint64
	seeds   uint64
}

func (m *meter) start() {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	m.mallocs = s.Mallocs
	m.cpu0 = cpuTime()
}

func (m *meter) stop() {
	m.cpu = cpuTime() - m.cpu0
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	m.mallocs = s.Mallocs - m.mallocs
}

func (m *meter) figures(name string) Figures {
	f := Figures{Workload: name}
	cpu := m.cpu.Seconds()
	f.VirtualSPerCPUS = ratio(m.virtual.Seconds(), cpu)
	f.CommitsPerS = ratio(float64(m.commits), cpu)
	f.SeedsPerCPUS = ratio(float64(m.seeds), cpu)
	f.NsPerEvent = ratio(cpu*1e9, float64(m.events))
	f.AllocsPerEvent = ratio(float64(m.mallocs), float64(m.events))
	f.AllocsPerCommit = ratio(float64(m.mallocs), float64(m.commits))
	return f
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// Workloads are all there are, in the order they are shown.
func Workloads() []Workload {
	return []Workload{
		{"idle-3", "three nodes, one virtual hour, no clients", runIdle(3)},
		{"idle-5", "five nodes, one virtual hour, no clients", runIdle(5)},
		{"load-3", "three nodes, 1,000,000 proposals, one a millisecond", runLoad(3)},
		{"load-5", "five nodes, 1,000,000 proposals, one a millisecond", runLoad(5)},
		{"lockstep-3", "three cores alone, messages delivered at once, one proposal at a time", runLockstep(1)},
		{"lockstep-3-batch64", "the same, 64 proposals at a time", runLockstep(64)},
		{"chaos-5", "five nodes, four clients at 50 requests/s, 20 virtual seconds, every fault, history checked", runChaos},
	}
}
