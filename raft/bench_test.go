package raft_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// lockstep is three cores whose messages are delivered in the order of sending and whose disks take no time.
type lockstep struct {
	cores   [4]*raft.Core // by id
	net     []*raft.Message
	applied [4]int // commands
	slab    []byte
	next    uint64
}

// newLockstep makes n1 the leader.
func newLockstep(t testing.TB) *lockstep {
	l := &lockstep{}
	for id := raft.NodeID(1); id <= 3; id++ {
		core, err := raft.New(raft.Config{
			ID:       id,
			Voters:   []raft.NodeID{1, 2, 3},
			Timeouts: raft.Timeouts{ElectionMin: electionMin, ElectionMax: electionMax, Heartbeat: heartbeat},
			Draw:     func(uint64) uint64 { return 0 },
		}, raft.Restored{}, 0)
		require.NoError(t, err)
		l.cores[id] = core
	}
	l.cores[1].ElectionTimeout(time.Second)
	l.act(1)
	l.pump()
	require.Equal(t, raft.Leader, l.cores[1].Role())
	return l
}

// commit proposes commands of 16 bytes, in one batch, and delivers until all is quiet.
func (l *lockstep) commit(batch int) {
	for range batch {
		if len(l.slab) < 16 {
			l.slab = make([]byte, 16*256)
		}
		data := l.slab[:16:16]
		l.slab = l.slab[16:]
		l.next++
		binary.LittleEndian.PutUint64(data, l.next)
		if _, _, err := l.cores[1].Propose(data); err != nil {
			panic(err)
		}
	}
	l.act(1)
	l.pump()
}

// pump delivers, in order, until all is quiet.
func (l *lockstep) pump() {
	for k := 0; k < len(l.net); k++ {
		m := l.net[k]
		l.cores[m.To].Step(time.Second, m)
		l.act(m.To)
		m.Release()
	}
	l.net = l.net[:0]
}

// act does what a core wants done.
func (l *lockstep) act(id raft.NodeID) {
	core := l.cores[id]
	for more := true; more; {
		out := core.Output()
		l.net = append(l.net, out.Messages...)
		for k := range out.Committed {
			if out.Committed[k].Kind == raft.EntryCommand {
				l.applied[id]++
			}
		}
		more = out.More
		if out.Ticket != 0 {
			core.Persisted(time.Second, out.Ticket)
			more = true
		}
	}
}

// heard makes everyone know and apply what is committed.
func (l *lockstep) heard() {
	l.cores[1].HeartbeatTimeout(time.Second)
	l.act(1)
	l.pump()
}

// BenchmarkLockstep is the core alone: three of them, every message delivered at once. An operation is a commit.
func BenchmarkLockstep(b *testing.B) {
	for _, batch := range []struct {
		name string
		size int
	}{{"batch1", 1}, {"batch64", 64}} {
		b.Run(batch.name, func(b *testing.B) {
			l := newLockstep(b)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if n%batch.size == 0 {
					l.commit(batch.size)
				}
				n++
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "commits/s")
			b.StopTimer()
			l.heard()
			for id := 1; id <= 3; id++ {
				require.Equal(b, (n+batch.size-1)/batch.size*batch.size, l.applied[id])
			}
		})
	}
}

// BenchmarkHeartbeat is what an idle cluster does: a leader makes itself heard by two others, and they answer. An operation is
// all of that.
func BenchmarkHeartbeat(b *testing.B) {
	l := newLockstep(b)
	b.ReportAllocs()
	for b.Loop() {
		l.heard()
	}
}

// In steady state nothing is allocated but the log itself: a chunk of 512 entries now and then on each node.
// The commands' own memory is not the core's.
func TestSteadyStateAllocatesOnlyTheLog(t *testing.T) {
	const chunk, chunks = 512, 8
	l := newLockstep(t)
	l.slab = make([]byte, 16*chunk*(2+chunks)*10)
	l.commit(3) // not at the start of a chunk
	for range chunk {
		l.commit(1) // the pools fill
	}
	l.heard()
	allocs := testing.AllocsPerRun(4, func() {
		for range chunk * chunks {
			l.commit(1)
		}
	})
	// Each chunk is one allocation, and the list of them grows now and then.
	require.LessOrEqual(t, allocs, float64(3*(chunks+2)), "for %d entries on 3 nodes", chunk*chunks)
	require.GreaterOrEqual(t, allocs, float64(3*chunks), "or nothing was measured")

	require.Zero(t, testing.AllocsPerRun(100, l.heard), "a heartbeat")
}
