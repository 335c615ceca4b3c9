package server

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkPuts has writers put 100-byte values to three nodes, with real files and connections, all in this process: to be profiled. The
// processor time it reports is that of the nodes and the writers together; it is less than that of nodes in processes of their own.
func BenchmarkPuts(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			c := clientOf(b, runCluster(b, 3, func(cfg *Config) {
				cfg.Timeouts.ElectionMin, cfg.Timeouts.ElectionMax, cfg.Timeouts.Heartbeat = time.Second, 2*time.Second, 100*time.Millisecond
			})...)
			require.NoError(b, c.Session().Put(within(b), "ready", "yes"))
			value := strings.Repeat("v", 100)
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ResetTimer()
			before := processorTime(b)
			var wg sync.WaitGroup
			for range writers {
				s := c.Session()
				wg.Go(func() {
					for n := left.Add(-1); n >= 0; n = left.Add(-1) {
						if err := s.Put(b.Context(), fmt.Sprintf("key%04d", n%1000), value); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// processorTime is what this process has used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
