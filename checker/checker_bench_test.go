package checker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// BenchmarkObserveUnchanged is an observation that shows nothing new.
func BenchmarkObserveUnchanged(b *testing.B) {
	w := newCluster(b, 5)
	committed(w.nodes)
	o, at := w.nodes[2].o, w.moment()
	for b.Loop() {
		w.c.Observe(at, &o)
	}
	require.Nil(b, w.c.Violation())
}

// BenchmarkObserveHeartbeat is a follower that acknowledges a heartbeat and shows nothing new.
func BenchmarkObserveHeartbeat(b *testing.B) {
	w := newCluster(b, 5)
	committed(w.nodes)
	o, at := w.nodes[2].o, w.moment()
	for b.Loop() {
		at.Event++
		w.c.Promised(at, Promise{Kind: EntryPromise, Node: 2, To: 1, Term: 1, Index: 2})
		w.c.Observe(at, &o)
	}
	require.Nil(b, w.c.Violation())
}

// BenchmarkObserveAppend is an observation of one new entry; every node of five shows it in turn.
func BenchmarkObserveAppend(b *testing.B) {
	w := newCluster(b, 5)
	at, entry := w.moment(), []raft.Entry{{Term: 1, Kind: raft.EntryCommand, Data: []byte("a session, a key and 16 bytes of value")}}
	var os [5]Observation
	for k := range os {
		w.nodes[k+1].follows(1)
		os[k] = w.nodes[k+1].o
		os[k].Suffix = entry
	}
	b.ReportAllocs()
	k := 0
	for b.Loop() {
		o := &os[k]
		o.LastIndex++
		o.Changed = o.LastIndex
		entry[0].Index = o.LastIndex
		w.c.Observe(at, o)
		if k++; k == len(os) {
			k = 0
		}
	}
	require.Nil(b, w.c.Violation())
}

// BenchmarkObserveCommit is what a leader's and two followers' entry takes until all three have committed it: nine observations
// and two promises.
func BenchmarkObserveCommit(b *testing.B) {
	w := newCluster(b, 3)
	committed(w.nodes)
	at, entry := w.moment(), []raft.Entry{{Term: 1, Kind: raft.EntryCommand, Data: []byte("a session, a key and 16 bytes of value")}}
	b.ReportAllocs()
	for b.Loop() {
		i := w.nodes[1].o.LastIndex + 1
		entry[0].Index = i
		for k := 1; k <= 3; k++ {
			o := &w.nodes[k].o
			at.Event++
			o.LastIndex, o.Changed, o.Suffix = i, i, entry
			w.c.Observe(at, o)
			at.Event++
			o.Changed, o.Suffix, o.DurableIndex = 0, nil, i
			if k > 1 {
				w.c.Promised(at, Promise{Kind: EntryPromise, Node: o.Node, To: 1, Term: 1, Index: i})
			}
			w.c.Observe(at, o)
		}
		for k := 1; k <= 3; k++ {
			at.Event++
			o := &w.nodes[k].o
			o.Commit, o.Applied = i, i
			w.c.Observe(at, o)
		}
	}
	require.Nil(b, w.c.Violation())
}

// BenchmarkApplied is a command that three nodes apply.
func BenchmarkApplied(b *testing.B) {
	w := newCluster(b, 3)
	at, e := w.moment(), raft.Entry{Term: 1, Kind: raft.EntryCommand, Data: []byte("a session, a key and 16 bytes of value")}
	seq := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		seq++
		e.Index++
		for id := raft.NodeID(1); id <= 3; id++ {
			w.c.Applied(at, id, &e, 1, seq, true)
		}
	}
	require.Nil(b, w.c.Violation())
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	w := newCluster(t, 3)
	committed(w.nodes)
	o, at := w.nodes[2].o, w.moment()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		at.Event++
		w.c.Promised(at, Promise{Kind: EntryPromise, Node: 2, To: 1, Term: 1, Index: 2})
		w.c.Observe(at, &o)
		o.Role ^= raft.Candidate
		w.c.Observe(at, &o)
	}))
	require.Nil(t, w.c.Violation())
}
