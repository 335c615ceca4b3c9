package server

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"raftsim/raft"
	"raftsim/raft/kv"
)

// metrics are what the node tells Prometheus. The loop alone counts messages and requests.
type metrics struct {
	registry *prometheus.Registry

	in, out  [raft.MsgInstallReply + 1]prometheus.Counter
	dropped  prometheus.Counter
	requests [numOps][numStatuses]prometheus.Counter
	took     prometheus.Histogram
	sync     prometheus.Histogram
}

const (
	numOps      = 16
	numStatuses = 16
)

// buckets are of times in seconds: from 50 µs, each twice the one before.
var buckets = prometheus.ExponentialBuckets(50e-6, 2, 18)

func newMetrics(s *Server) *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	messages := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "raftd_messages_total", Help: "Raft messages, by direction and RPC.",
	}, []string{"direction", "rpc"})
	for k := raft.MsgRequestVote; k <= raft.MsgInstallReply; k++ {
		m.in[k] = messages.WithLabelValues("in", k.String())
		m.out[k] = messages.WithLabelValues("out", k.String())
	}
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "raftd_requests_total", Help: "Clients' requests that were answered, by operation and status.",
	}, []string{"op", "status"})
	for op := range m.requests {
		for st := range m.requests[op] {
			name, ending := kv.Op(op).String(), kv.Status(st).String()
			if name != "unknown" && !strings.Contains(ending, "?") {
				m.requests[op][st] = requests.WithLabelValues(name, ending)
			}
		}
	}
	m.dropped = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "raftd_messages_dropped_total", Help: "Raft messages dropped because too many waited for their node.",
	})
	m.took = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "raftd_request_seconds", Help: "From when the node took a request to its answer, of those that came to be.", Buckets: buckets,
	})
	m.sync = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "raftd_sync_seconds", Help: "How long the disk took to make a part of the log durable.", Buckets: buckets,
	})
	m.registry.MustRegister(messages, requests, m.dropped, m.took, m.sync,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, g := range []struct {
		name, help string
		value      func(v *state) float64
	}{
		{"term", "The node's term.", func(v *state) float64 { return float64(v.Term) }},
		{"role", "0 follower, 1 pre-candidate, 2 candidate, 3 leader.", func(v *state) float64 { return float64(v.Role) }},
		{"leader", "Whom the node believes to lead, 0 for nobody.", func(v *state) float64 { return float64(v.Leader) }},
		{"commit_index", "The highest entry known to be committed.", func(v *state) float64 { return float64(v.Commit) }},
		{"applied_index", "The highest entry that was applied.", func(v *state) float64 { return float64(v.Applied) }},
		{"last_index", "The last entry of the log.", func(v *state) float64 { return float64(v.LastIndex) }},
		{"snapshot_index", "The last entry that the newest snapshot stands for.", func(v *state) float64 { return float64(v.snapshot) }},
		{"log_bytes", "Log and snapshots on the disk.", func(*state) float64 { return float64(s.disk.bytes.Load()) }},
		{"peers_connected", "Nodes to which a stream is open.", func(*state) float64 { return float64(s.connected()) }},
	} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "raftd_" + g.name, Help: g.help,
		}, func() float64 {
			v := s.view.get()
			return g.value(&v)
		}))
	}
	return m
}

func (m *metrics) received(msg *raft.Message) { m.in[msg.Kind].Inc() }

func (m *metrics) answered(c *call, s kv.Status, now time.Duration) {
	if op := int(c.req.Op); op < numOps && int(s) < numStatuses && m.requests[op][s] != nil {
		m.requests[op][s].Inc()
	}
	if s == kv.OK {
		m.took.Observe((now - c.began).Seconds())
	}
}

func (m *metrics) synced(d time.Duration) { m.sync.Observe(d.Seconds()) }

// connected is to how many nodes a stream is open.
func (s *Server) connected() int {
	s.peersMu.Lock()
	defer s.peersMu.Unlock()
	n := 0
	for _, p := range s.peers {
		if p.connected.Load() {
			n++
		}
	}
	return n
}
