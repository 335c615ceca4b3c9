//go:build unix

package checker

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkCrowd is what the check costs without a witness for clients without think time: gets, puts and swaps, each value written
// once. It is to be read on one processor (-cpu 1).
func BenchmarkCrowd(b *testing.B) {
	for _, c := range []struct{ clients, ops, keys int }{{10, 10_000, 1}, {20, 10_000, 1}, {50, 1_000_000, 100}} {
		for _, verdict := range []Verdict{VerdictLinearizable, VerdictNotLinearizable} {
			name := fmt.Sprintf("%v/%d-operations/%d-clients/%d-keys", verdict, c.ops, c.clients, c.keys)
			b.Run(name, func(b *testing.B) {
				h := crowd(1, c.clients, c.ops, c.keys)
				if verdict == VerdictNotLinearizable {
					stale(h)
				}
				b.ReportAllocs()
				before := cpu(b)
				for b.Loop() {
					out := LinearizableWith(h, nil, 0)
					require.Equal(b, verdict, out.Verdict)
					require.Equal(b, TierZones, out.Tier)
				}
				spent := (cpu(b) - before).Seconds() / float64(b.N)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(spent*1e3, "cpu-ms/history")
				b.ReportMetric(spent*1e9/float64(c.ops), "cpu-ns/operation")
			})
		}
	}
}

// BenchmarkReadHistory is a crowd's history read from its file.
func BenchmarkReadHistory(b *testing.B) {
	const ops = 100_000
	var file bytes.Buffer
	require.NoError(b, WriteHistory(&file, crowd(1, 50, ops, 100)))
	b.ReportAllocs()
	before := cpu(b)
	for b.Loop() {
		_, err := ReadHistory(bytes.NewReader(file.Bytes()))
		require.NoError(b, err)
	}
	b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/float64(b.N)/ops, "cpu-ns/operation")
	b.ReportMetric(0, "ns/op")
}

// cpu is the time that processors have spent on this process.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
