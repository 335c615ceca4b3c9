package bench

import (
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/scenarios"
	"raftsim/sim"
)

// The timings of all workloads, as in the scenarios below.
const (
	heartbeat   = 10 * time.Millisecond
	electionMin = 100 * time.Millisecond
	electionMax = 200 * time.Millisecond
)

// world is a scenario with those timings and nothing else.
func world(nodes int, duration time.Duration, more string) (scenarios.File, error) {
	return scenarios.Parse("bench.yaml", fmt.Appendf(nil, `
name: bench
duration: %v
cluster: {nodes: %d, election_timeout: 100ms..200ms, heartbeat: 10ms}
network: {latency: 1ms..10ms}
timeline: []
expect:
  - always: safety
%s`, duration, nodes, more))
}

// play runs a scenario as it is and wants it to pass.
func play(m *meter, f scenarios.File, seed uint64, o scenarios.Options) error {
	m.start()
	r := f.Run(seed, o)
	m.stop()
	if r.Verdict != scenarios.Pass {
		return errors.New(r.Line())
	}
	m.virtual, m.events, m.commits = r.Virtual, r.Events, r.Commits
	return nil
}

const idleHours = 5

func runIdle(nodes int) func(*meter) error {
	return func(m *meter) error {
		f, err := world(nodes, idleHours*time.Hour, "")
		if err != nil {
			return err
		}
		if err := play(m, f, 1, scenarios.Options{}); err != nil {
			return err
		}
		m.commits = 0 // a no-op is not what is measured
		return nil
	}
}

const loadProposals = 1_000_000

// runLoad has a client of its own send one request a millisecond, without waiting for answers.
func runLoad(nodes int) func(*meter) error {
	return func(m *meter) error {
		f, err := world(nodes, loadProposals*time.Millisecond+2*time.Second, "  - by: 1s\n    leader: elected\n")
		if err != nil {
			return err
		}
		p := &proposer{request: kv.Request{Session: 1, Op: kv.Put, Key: "k", Value: strings.Repeat("v", 16)}}
		err = play(m, f, 1, scenarios.Options{Start: p.start})
		if err == nil && p.answered < loadProposals {
			err = fmt.Errorf("%d of %d proposals were answered", p.answered, loadProposals)
		}
		return err
	}
}

// proposer is a client that does not wait.
type proposer struct {
	world    *sim.World
	id       sim.ClientID
	leader   raft.NodeID
	request  kv.Request
	answered uint64
	refused  uint64
	// distinct has every request write a key of its own.
	distinct bool
}

func (p *proposer) start(w *sim.World) {
	p.world, p.leader = w, 1
	p.id = w.AddHost(p)
	w.SetClientLink(sim.Link{})
	w.WakeAt(p.id, time.Second)
}

// Wake implements sim.Host.
func (p *proposer) Wake() {
	p.request.Seq++
	if p.distinct {
		p.request.Key = strconv.FormatUint(p.request.Seq, 36)
	}
	p.world.Request(p.id, p.leader, &p.request)
	if p.request.Seq-p.refused == loadProposals {
		return
	}
	p.world.WakeAt(p.id, p.world.Now()+time.Millisecond)
}

// Answered implements sim.Host.
func (p *proposer) Answered(from raft.NodeID, a *sim.Response) {
	if a.Status == kv.OK {
		p.answered++
		return
	}
	p.refused++
	if a.Leader != raft.None {
		p.leader = a.Leader
	}
}

//go:embed chaos-5.yaml
var chaos5 []byte

const chaosSeeds = 100

// runChaos hunts with the standard world.
func runChaos(m *meter) error {
	f, err := scenarios.Parse("chaos-5.yaml", chaos5)
	if err != nil {
		return err
	}
	m.start()
	for seed := uint64(1); seed <= chaosSeeds; seed++ {
		r := f.Run(seed, scenarios.Options{})
		if r.Verdict != scenarios.Pass {
			return fmt.Errorf("seed %d: %s", seed, r.Line())
		}
		m.virtual += r.Virtual
		m.events += r.Events
		m.commits += r.Commits
		m.seeds++
	}
	m.stop()
	return nil
}
