package sim_test

import (
	"testing"
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/wal"
	"raftsim/sim"
)

// beat is a pooled message, as a process that wants no garbage sends them.
type beat struct {
	reply bool
	pool  *[]*beat
}

func (b *beat) Name() string { return "Beat" }
func (b *beat) Size() int    { return 40 }
func (b *beat) Release()     { *b.pool = append(*b.pool, b) }

// beater is about the least that a cluster with a leader does: n1 sends heartbeats to all, who
// put off their election timers and reply.
type beater struct {
	env   sim.Env
	id    raft.NodeID
	nodes raft.NodeID
	pool  []*beat
}

func (p *beater) send(to raft.NodeID, reply bool) {
	var b *beat
	if n := len(p.pool); n > 0 {
		b = p.pool[n-1]
		p.pool = p.pool[:n-1]
	} else {
		b = &beat{pool: &p.pool}
	}
	b.reply = reply
	p.env.Send(to, b)
}

func (p *beater) Receive(from raft.NodeID, m sim.Message) {
	if m.(*beat).reply {
		return
	}
	now := p.env.Now()
	p.env.SetTimer(0, now+100*time.Millisecond+time.Duration(p.env.Draw("election", uint64(100*time.Millisecond))))
	p.send(from, true)
}

func (p *beater) Timer(t sim.TimerID) {
	if t != 1 {
		return
	}
	for to := raft.NodeID(1); to <= p.nodes; to++ {
		if to != p.id {
			p.send(to, false)
		}
	}
	p.env.SetTimer(1, p.env.Now()+10*time.Millisecond)
}

func (p *beater) Synced(wal.SyncTicket, error)      {}
func (p *beater) Request(sim.ClientID, *kv.Request) {}

func beaters(c sim.Config, nodes int) *sim.World {
	w := sim.New(c)
	for range nodes {
		w.AddNode(func(id raft.NodeID, env sim.Env) (sim.Process, error) {
			p := &beater{env: env, id: id, nodes: raft.NodeID(nodes)}
			if id == 1 {
				env.SetTimer(1, 0)
			}
			return p, nil
		})
	}
	return w
}

func benchmarkIdle(b *testing.B, nodes int) {
	w := beaters(sim.Config{Seed: 1, Link: sim.Link{Latency: sim.Range{Min: time.Millisecond, Max: 10 * time.Millisecond}}}, nodes)
	w.RunUntil(time.Second)
	b.ReportAllocs()
	start := w.Event()
	for b.Loop() {
		w.RunUntil(w.Now() + time.Second)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(w.Event()-start), "ns/event")
}

func BenchmarkIdle3(b *testing.B)  { benchmarkIdle(b, 3) }
func BenchmarkIdle5(b *testing.B)  { benchmarkIdle(b, 5) }
func BenchmarkIdle99(b *testing.B) { benchmarkIdle(b, 99) }
