package scenarios

import (
	"fmt"
	"slices"
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/scenarios/script"
	"raftsim/sim"
)

// probe is a client that asks the core for one write and then for what it wrote, on a key of its own. It is no part of the
// history: it never gives up, and sees for itself whether what it reads is what it wrote.
type probe struct {
	l    *liveness
	host sim.ClientID
	// target is whom it asks, by place in the core.
	target  int
	request kv.Request
	// openings counts the sessions asked for.
	openings uint64
	done     bool
}

// What the probe writes, and where no client does.
const (
	probeKey   = "probe"
	probeValue = "alive"
)

// newProbe has a probe begin. Where the world has no room for another client there is nothing to wait for.
func newProbe(l *liveness) *probe {
	p := &probe{l: l}
	w := l.r.world
	if p.host = w.AddHost(p); p.host == 0 {
		p.done = true
		return p
	}
	p.target = int(w.HostDraw(p.host, "first node", uint64(len(l.core))))
	p.begin(l.r.clients.newSession())
	w.WakeAt(p.host, w.Now())
	return p
}

// begin has it write, in a session that it opens first when there is none to choose.
func (p *probe) begin(session kv.SessionID) {
	if session == 0 {
		p.openings++
		p.request = kv.Request{Op: kv.Open, Seq: p.openings}
		return
	}
	p.request = kv.Request{Op: kv.Put, Session: session, Seq: 1, Key: probeKey, Value: probeValue}
}

// Wake implements [sim.Host]: it asks, again or for the first time.
func (p *probe) Wake() {
	if p.done {
		return
	}
	r := p.l.r
	r.world.Request(p.host, p.l.core[p.target], &p.request)
	p.target = (p.target + 1) % len(p.l.core)
	r.world.WakeAt(p.host, r.world.Now()+r.scenario.Cluster.ElectionTimeout.Min)
}

// Answered implements [sim.Host].
func (p *probe) Answered(_ raft.NodeID, a *sim.Response) {
	if p.done || a.Session != p.request.Session || a.Seq != p.request.Seq {
		return // an answer to what is over
	}
	r := p.l.r
	again := r.world.Now()
	switch a.Status {
	case kv.OK:
		switch p.request.Op {
		case kv.Open:
			p.begin(a.Opened)
		case kv.Put:
			p.request = kv.Request{Op: kv.Get, Session: a.Session, Seq: a.Seq + 1, Key: probeKey}
		default:
			p.done = true
			if a.Result.Value != probeValue {
				r.violated(script.Linearizability, fmt.Sprintf("key %q: %q was written and acknowledged, and then %q was read", probeKey, probeValue, a.Result.Value))
			}
			return
		}
	case kv.Expired:
		p.begin(0)
	case kv.Invalid:
		r.fault("a node calls a request invalid: " + p.request.Op.String() + " " + p.request.Key)
		return
	default: // it does not lead, or has too much to do
		if k := slices.Index(p.l.core, a.Leader); k >= 0 {
			p.target = k
		}
		again += max(r.scenario.Cluster.Heartbeat, time.Millisecond)
	}
	r.world.WakeAt(p.host, again)
}

// waits says what it waits for.
func (p *probe) waits() string {
	switch p.request.Op {
	case kv.Open:
		return "it wants a session"
	case kv.Put:
		return "it wants to write"
	}
	return "it wants to read what it wrote"
}
