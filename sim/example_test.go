package sim_test

import (
	"fmt"
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/wal"
	"raftsim/sim"
)

// claim says who the sender thinks leads.
type claim struct{ leader raft.NodeID }

func (claim) Name() string { return "Claim" }
func (claim) Size() int    { return 8 }
func (claim) Release()     {}

// bully is a process of another make: the node with the highest id that can be heard leads.
type bully struct {
	env    sim.Env
	id     raft.NodeID
	leader raft.NodeID
	heard  time.Duration
}

func (b *bully) Timer(sim.TimerID) {
	now := b.env.Now()
	if now-b.heard > 50*time.Millisecond {
		b.leader = b.id
	}
	for to := raft.NodeID(1); to <= 3; to++ {
		if b.leader == b.id && to != b.id {
			b.env.Send(to, claim{b.id})
		}
	}
	b.env.SetTimer(0, now+20*time.Millisecond)
}

func (b *bully) Receive(from raft.NodeID, m sim.Message) {
	if leader := m.(claim).leader; leader >= b.id {
		b.leader, b.heard = leader, b.env.Now()
	}
}

func (b *bully) Synced(wal.SyncTicket, error)      {}
func (b *bully) Request(sim.ClientID, *kv.Request) {}

// Any process can be put into a world: here three bullies, the strongest of which crashes.
func ExampleWorld() {
	w := sim.New(sim.Config{
		Seed: 7,
		Link: sim.Link{Latency: sim.Range{Min: time.Millisecond, Max: 5 * time.Millisecond}, Loss: 50_000},
	})
	for range 3 {
		w.AddNode(func(id raft.NodeID, env sim.Env) (sim.Process, error) {
			env.SetTimer(0, env.Now())
			return &bully{env: env, id: id, heard: env.Now()}, nil
		})
	}
	w.At(time.Second, func() { w.Crash(3) })
	for _, t := range []time.Duration{900 * time.Millisecond, 2 * time.Second} {
		w.RunUntil(t)
		fmt.Printf("at %v n1 follows %v\n", t, w.Process(1).(*bully).leader)
	}
	// Output:
	// at 900ms n1 follows n3
	// at 2s n1 follows n2
}
