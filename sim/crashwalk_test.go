package sim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
	"raftsim/sim"
)

// promised is what a replica has said, or may have said, to be on its disk.
type promised struct {
	status raft.Status
	// terms are those of the log's entries after its base, as far as they are durable.
	terms []raft.Term
}

func promisedBy(r *replica.Replica) promised {
	core := r.Core()
	p := promised{status: core.Status()}
	for i := p.status.Base + 1; i <= p.status.DurableIndex; {
		for _, e := range core.Entries(i, p.status.DurableIndex) {
			p.terms = append(p.terms, e.Term)
			i++
		}
	}
	return p
}

// keptBy says what of the promises a replica that has just booted does not keep, "" when it keeps all.
func (p *promised) keptBy(r *replica.Replica) string {
	core := r.Core()
	now, was := core.Status(), &p.status
	switch hard := was.DurableHard; {
	case now.Term < hard.Term:
		return "the term went back"
	case now.Term == hard.Term && hard.Vote != raft.None && now.Vote != hard.Vote:
		return "the vote is another"
	case max(now.LastIndex, now.Applied) < max(was.DurableIndex, was.Base):
		return "the log is shorter"
	}
	for k, term := range p.terms {
		i := was.Base + 1 + raft.Index(k)
		if i <= now.Applied { // which a snapshot stands for
			continue
		}
		if e := core.Entries(i, i); len(e) != 1 || e[0].Term != term {
			return "an entry is another"
		}
	}
	return ""
}

// walk is a cluster of three, one node of which is crashed after each of its events in every way.
type walk struct {
	*testing.T
	w       *sim.World
	options replica.Options
	replica *replica.Replica
	// known are states that were looked at, with what was promised.
	known map[string]bool

	moments, whole, states, all uint64
	torn, snapshots, two        int
}

// Up to mostStates a crash may leave at one moment all are looked at, of more someStates that are spread over them.
const (
	mostStates = 400
	someStates = 20
)

func (k *walk) boot(id raft.NodeID, env sim.Env) (sim.Process, error) {
	p, err := replica.New(k.options)(id, env)
	if r, ok := p.(*replica.Replica); ok && id == 1 {
		k.replica = r
	}
	return p, err
}

// touched walks what a crash would leave now.
func (k *walk) touched(id raft.NodeID) {
	if id != 1 || k.w.Process(1) == nil {
		return
	}
	states := k.w.CrashStates(1)
	if states.Len() == 1 {
		return
	}
	k.moments++
	k.all += states.Len()
	most := uint64(someStates)
	if states.Len() <= mostStates {
		most = 0
		k.whole++
	}
	p := promisedBy(k.replica)
	said := fmt.Sprintf("%d %v %v ", p.status.DurableIndex, p.status.DurableHard, p.terms)
	for state := range states.All(most) {
		key := fmt.Sprintf("%s%q", said, state)
		if k.known[key] {
			continue
		}
		k.known[key] = true
		k.states++
		k.found(state)
		after := k.reboot(state, &p)
		if k.states%8 != 0 {
			continue
		}
		for state := range after.CrashStates(1).All(3) { // booting writes as well, and may be cut short
			k.reboot(state, &p)
		}
	}
}

// found counts what there is to be seen on disks.
func (k *walk) found(state sim.DiskState) {
	snapshots := 0
	for _, f := range state {
		if strings.HasSuffix(f.Name, ".snap") {
			snapshots++
		}
	}
	if snapshots > 0 {
		k.snapshots++
	}
	if snapshots > 1 {
		k.two++
	}
}

// reboot boots a node from a disk, and holds it to what it had promised.
func (k *walk) reboot(state sim.DiskState, p *promised) *sim.World {
	var r *replica.Replica
	w := sim.New(sim.Config{Hooks: sim.Hooks{Log: func(_ raft.NodeID, line string) {
		if strings.Contains(line, "torn tail") {
			k.torn++
		}
	}}})
	w.AddAbsent(func(id raft.NodeID, env sim.Env) (sim.Process, error) {
		p, err := replica.New(k.options)(id, env)
		r, _ = p.(*replica.Replica)
		return p, err
	})
	require.True(k, w.Furnish(1, state))
	require.True(k, w.Restart(1))
	w.Step()
	if f := w.Failure(); f != nil {
		require.Fail(k, "it does not boot from what a crash may leave", "%v: %v\n%x", f.Err, f.Value, state)
	}
	if lost := p.keptBy(r); lost != "" {
		require.Fail(k, lost, "was %+v %v\nis  %+v\n%x", p.status, p.terms, r.Core().Status(), state)
	}
	return w
}

// writer sends a put to every node now and then: whoever leads takes it.
type writer struct {
	w   *sim.World
	id  sim.ClientID
	seq uint64
}

func (c *writer) Answered(raft.NodeID, *sim.Response) {}

func (c *writer) Wake() {
	c.seq++
	for to := raft.NodeID(1); to <= 3; to++ {
		c.w.Request(c.id, to, &kv.Request{Op: kv.Put, Session: 1, Seq: c.seq, Key: "k", Value: strings.Repeat("v", int(c.seq%5)*8)})
	}
	c.w.WakeAt(c.id, c.w.Now()+12*time.Millisecond)
}

// Every state that a crash may leave the disk of a replica in, at every moment of a life in which its log is written, replaced,
// begun in new files and compacted, and snapshots are taken and received, is one that it boots from, with all that was durable.
func TestAReplicaBootsFromWhateverACrashLeaves(t *testing.T) {
	for what, o := range map[string]replica.Options{
		"a log":                  {},
		"small files":            {SegmentBytes: 256},
		"snapshots":              {SnapshotEvery: 6, SnapshotKeep: 1, MaxChunkBytes: 128},
		"snapshots, small files": {SegmentBytes: 256, SnapshotEvery: 4, MaxChunkBytes: 128},
		"a file for each write":  {SegmentBytes: 1, SnapshotEvery: 7, SnapshotKeep: 3},
	} {
		t.Run(what, func(t *testing.T) {
			o.Cluster, o.Voters = 7, []raft.NodeID{1, 2, 3}
			o.Timeouts = raft.Timeouts{ElectionMin: 50 * time.Millisecond, ElectionMax: 100 * time.Millisecond, Heartbeat: 10 * time.Millisecond}
			k := &walk{T: t, options: o, known: map[string]bool{}}
			k.w = sim.New(sim.Config{
				Seed: 3, Link: sim.Link{Latency: sim.Range{Min: time.Millisecond, Max: 3 * time.Millisecond}, Loss: 20_000},
				Disk:  sim.Disk{SyncLatency: sim.Range{Min: time.Millisecond, Max: 6 * time.Millisecond}},
				Hooks: sim.Hooks{Touched: k.touched},
			})
			for range 3 {
				k.w.AddNode(k.boot)
			}
			c := &writer{w: k.w}
			c.id = k.w.AddHost(c)
			k.w.WakeAt(c.id, 100*time.Millisecond)
			k.disturb()
			k.w.RunUntil(time.Second)
			require.Nil(t, k.w.Failure())
			t.Logf("%d different ones of %d states, all of them at %d of %d moments; %d torn, %d with a snapshot, %d with two", k.states, k.all, k.whole, k.moments, k.torn, k.snapshots, k.two)
			require.Greater(t, k.moments, uint64(50))
			require.Greater(t, k.whole, k.moments/4)
			require.Positive(t, k.torn)
			if o.SnapshotEvery > 0 {
				require.Positive(t, k.snapshots)
				require.Positive(t, k.two)
			}
		})
	}
}

// disturb has leaders change, so that what is in the log is replaced, and the node that is looked at be behind and sent a snapshot.
func (k *walk) disturb() {
	at := func(ms int, do func()) { k.w.At(time.Duration(ms)*time.Millisecond, do) }
	for _, turn := range []int{150, 450, 700} {
		at(turn, func() { k.w.FireTimer(1, replica.TimerElection) })
		var parted sim.CutID
		at(turn+60, func() { parted = k.w.Partition([][]raft.NodeID{{1}}) })
		at(turn+140, func() { k.w.Undo(parted) })
		at(turn+200, func() { k.w.FireTimer(2, replica.TimerElection) })
	}
	at(400, func() { k.w.Crash(1) })
	at(430, func() { k.w.Restart(1) })
}
