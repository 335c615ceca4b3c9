package bench

import "testing"

// BenchmarkWorkloads is `raftsim bench` under the Go tool, for its profiles: one iteration
// is one workload, so run it with -benchtime=1x.
func BenchmarkWorkloads(b *testing.B) {
	for _, w := range Workloads() {
		b.Run(w.Name, func(b *testing.B) {
			for range b.N {
				f, err := w.Run()
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(f.NsPerEvent, "ns/event")
				b.ReportMetric(f.VirtualSPerCPUS, "virtual-s/cpu-s")
				b.ReportMetric(f.CommitsPerS, "commits/s")
				b.ReportMetric(f.SeedsPerCPUS, "seeds/cpu-s")
			}
		})
	}
}
