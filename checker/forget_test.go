package checker

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
)

// load is three nodes that replicate, commit and apply entries, one at a time.
type load struct {
	w     *cluster
	at    Moment
	entry []raft.Entry
}

func newLoad(t testing.TB) *load {
	w := newCluster(t, 3)
	w.nodes[1].leads(1)
	w.nodes[2].follows(1)
	w.nodes[3].follows(1)
	return &load{w, w.moment(), []raft.Entry{{Term: 1, Kind: raft.EntryCommand, Data: []byte("a session, a key and 16 bytes of value")}}}
}

// step puts one more entry into the logs of the first nodes.
func (l *load) step(nodes int) {
	i := l.w.nodes[1].o.LastIndex + 1
	l.entry[0].Index = i
	for k := 1; k <= nodes; k++ {
		o := &l.w.nodes[k].o
		o.LastIndex, o.Changed, o.Suffix, o.DurableIndex = i, i, l.entry, i
		l.show(o)
		o.Changed, o.Suffix = 0, nil
	}
	for k := 1; k <= nodes; k++ {
		o := &l.w.nodes[k].o
		l.w.c.Applied(l.at, o.Node, &l.entry[0], kv.SessionID(1+i%4), uint64(i/4), true)
		o.Commit, o.Applied = i, i
		l.show(o)
	}
}

func (l *load) show(o *Observation) {
	l.at.Event++
	l.w.c.Observe(l.at, o)
}

// compact drops the logs of some nodes but for the last entries.
func (l *load) compact(keep raft.Index, nodes ...int) {
	for _, k := range nodes {
		o := &l.w.nodes[k].o
		o.Base, o.BaseTerm = o.LastIndex-keep, 1
		l.show(o)
	}
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestMemoryDoesNotGrowWithARunWhoseLogsAreCompacted(t *testing.T) {
	l := newLoad(t)
	before := inUse()
	const entries = 300_000
	for k := range entries {
		l.step(3)
		if k%1000 == 999 {
			l.compact(100, 1, 2, 3)
		}
	}
	require.Nil(t, l.w.c.Violation())
	require.EqualValues(t, entries, l.w.c.Committed())
	require.Less(t, inUse()-before, uint64(2<<20), "a bit for each request, and what lies between two snapshots")
	runtime.KeepAlive(l)
}

func TestALogThatIsNotCompactedTakesWhatItSays(t *testing.T) {
	l := newLoad(t)
	before := inUse()
	const entries = 100_000
	for range entries {
		l.step(3)
	}
	require.Nil(t, l.w.c.Violation())
	require.Less(t, (inUse()-before)/entries, uint64(3*16+72+8), "see the package comment")
	runtime.KeepAlive(l)
}

func TestANodeThatIsBehindIsJudgedByAllItLacks(t *testing.T) {
	l := newLoad(t)
	for range 3000 {
		l.step(3)
	}
	l.compact(0, 1, 2)
	require.Equal(t, raft.Term(1), l.w.c.CommittedTerm(1), "n3 may still need it")
	l.compact(0, 3)
	l.compact(0, 1, 2)
	require.Equal(t, raft.Term(1), l.w.c.CommittedTerm(1), "a crash may undo the first compaction")
	for range 3000 {
		l.step(3)
	}
	l.compact(0, 1, 2, 3)
	require.Zero(t, l.w.c.CommittedTerm(1))
	require.Equal(t, raft.Term(1), l.w.c.CommittedTerm(6000))
	require.Nil(t, l.w.c.Violation())
}

// A snapshot of long ago, or a disk that lost more than one compaction, brings back what is forgotten.
func TestWhatComesBackFromLongAgoIsJudgedOnceItReachesWhatIsKnown(t *testing.T) {
	for _, c := range []struct {
		name string
		term raft.Term // of the entry at 6001
		want string
	}{
		{"as it was", 1, ""},
		{"as another", 2, "n3 committed an entry of term 2 at index 6001, where another, of term 1, was committed before"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLoad(t)
			l.w.c.Down(l.at, 3)
			for range 6 {
				for range 1000 {
					l.step(2)
				}
				l.compact(0, 1, 2)
			}
			for range 10 {
				l.step(2)
			}
			require.Zero(t, l.w.c.CommittedTerm(10))
			n := l.w.nodes[3]
			n.o.Boot++
			n.o.Base, n.o.BaseTerm, n.o.Commit, n.o.Applied, n.o.LastIndex, n.o.DurableIndex = 10, 1, 10, 10, 10, 10
			n.o.Changed = 11
			l.show(&n.o)
			require.Nil(t, l.w.c.Violation())
			n.o.Term, n.o.DurableTerm = 2, 2
			n.o.Changed, n.o.LastIndex = 11, 6010
			for i := raft.Index(11); i <= n.o.LastIndex; i++ {
				e := l.entry[0]
				e.Index = i
				if i >= 6001 {
					e.Term = c.term
				}
				n.o.Suffix = append(n.o.Suffix, e)
			}
			l.show(&n.o)
			require.Nil(t, l.w.c.Violation())
			n.o.Changed, n.o.Suffix, n.o.DurableIndex, n.o.Commit = 0, nil, 6010, 6010
			l.show(&n.o)
			if c.want == "" {
				require.Nil(t, l.w.c.Violation())
				return
			}
			require.NotNil(t, l.w.c.Violation())
			require.Equal(t, c.want, l.w.c.Violation().Detail)
		})
	}
}

func TestAPageIsUsedAgainAsANewOne(t *testing.T) {
	l := newLoad(t)
	for k := range 20_000 {
		l.step(3)
		if k%500 == 499 {
			l.compact(10, 1, 2, 3)
		}
	}
	require.Nil(t, l.w.c.Violation())
}

func TestARequestOfLongAgoIsKnownToHaveTakenEffect(t *testing.T) {
	s := sessions{}
	const n = 5 * recent
	for seq := range uint64(n) {
		if seq%3 != 0 {
			s.took(1, seq, raft.Index(seq+1))
		}
	}
	for seq := range uint64(n) {
		took, at := s.effect(1, seq)
		require.Equal(t, seq%3 != 0, took, seq)
		if at != 0 {
			require.EqualValues(t, seq+1, at)
		}
	}
	took, at := s.effect(1, 1)
	require.True(t, took)
	require.Zero(t, at, "where is forgotten")
	s.took(1, 3, 70_000)
	took, _ = s.effect(1, 3)
	require.True(t, took, "out of its turn")
}
