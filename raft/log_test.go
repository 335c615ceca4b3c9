package raft

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// logOf makes a log with entries of these terms.
func logOf(terms ...Term) *log {
	l := &log{unsaved: 1}
	for _, t := range terms {
		l.push(&Entry{Index: l.last + 1, Term: t})
	}
	return l
}

// all is what the log holds, asked for piece by piece.
func (l *log) all() []Entry {
	var es []Entry
	for Index(len(es)) < l.last {
		es = append(es, l.slice(Index(len(es)+1), l.last)...)
	}
	return es
}

// randomTerms are n terms that rise now and then.
func randomTerms(r *rand.Rand, n int) []Term {
	ts, t := make([]Term, n), Term(1)
	for k := range ts {
		if r.IntN(4) == 0 {
			t += Term(r.IntN(3))
		}
		ts[k] = t
	}
	return ts
}

// A log and a plain slice, written and cut alike, stay alike, in whole and in every piece.
func TestALogIsASliceOfEntries(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		l, model := logOf(), []Entry(nil)
		for range 30 {
			if len(model) > 0 && r.IntN(3) == 0 {
				i := 1 + Index(r.IntN(len(model)))
				if r.IntN(3) == 0 {
					i = max(1, i&^chunkMask+Index(r.IntN(3))) // at or beside a boundary of chunks
				}
				l.cut(i)
				model = slices.Clone(model[:i-1])
			}
			t0 := l.lastTerm() + Term(r.IntN(2))
			var es []Entry
			for k := range r.IntN(400) {
				es = append(es, Entry{Index: l.last + 1 + Index(k), Term: max(t0, 1), Data: []byte{byte(r.Uint32())}})
			}
			l.append(es)
			model = append(model, es...)
		}
		require.Equal(t, Index(len(model)), l.last)
		require.Equal(t, model, l.all())
		for range 50 {
			lo, hi := 1+Index(r.IntN(len(model))), Index(r.IntN(len(model)+1))
			got := l.slice(lo, hi)
			if lo > hi {
				require.Empty(t, got)
				continue
			}
			require.NotEmpty(t, got)
			end := lo - 1 + Index(len(got))
			require.Equal(t, model[lo-1:end], got)
			require.True(t, end == hi || end%chunkSize == 0, "from %d to %d it ends at %d, which is neither", lo, hi, end)
		}
		for i := range l.last + 1 {
			require.Equal(t, termAt(model, i), l.term(i))
		}
	}
}

func termAt(es []Entry, i Index) Term {
	if i == 0 {
		return 0
	}
	return es[i-1].Term
}

func TestSlicesEndAtChunkBoundaries(t *testing.T) {
	l := logOf(make([]Term, 2*chunkSize+1)...)
	for _, r := range []struct{ lo, hi, end Index }{
		{1, chunkSize - 1, chunkSize - 1},
		{1, chunkSize, chunkSize},
		{1, chunkSize + 1, chunkSize},
		{chunkSize, chunkSize + 1, chunkSize},
		{chunkSize + 1, chunkSize + 1, chunkSize + 1},
		{chunkSize + 1, 2*chunkSize + 1, 2 * chunkSize},
		{2*chunkSize + 1, 2*chunkSize + 1, 2*chunkSize + 1},
	} {
		es := l.slice(r.lo, r.hi)
		require.Equal(t, r.lo, es[0].Index)
		require.Equal(t, r.end, es[len(es)-1].Index)
	}
}

// A slice that was handed out is somebody else's: whatever is cut and written later, it stays as it was.
func TestSlicesHandedOutNeverChange(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 2))
		l := logOf(make([]Term, 1+r.IntN(3*chunkSize))...)
		type handed struct{ got, was []Entry }
		var out []handed
		for term := Term(1); term < 40; term++ {
			lo := 1 + Index(r.Uint64N(uint64(l.last)))
			es := l.slice(lo, min(l.last, lo+Index(r.IntN(600))))
			require.Equal(t, len(es), cap(es), "whoever appends to it gets a copy")
			out = append(out, handed{es, slices.Clone(es)})
			if r.IntN(2) == 0 {
				l.cut(1 + Index(r.Uint64N(uint64(l.last))))
			}
			for range 1 + r.IntN(700) {
				l.push(&Entry{Index: l.last + 1, Term: term})
			}
		}
		for _, h := range out {
			require.Equal(t, h.was, h.got)
		}
	}
}

// agreement by its definition: the largest index not above i whose term is at most t.
func TestAgreementByItsDefinition(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		l := logOf(randomTerms(r, r.IntN(30))...)
		for i := range l.last + 3 {
			for term := Term(0); term <= l.lastTerm()+1; term++ {
				want := min(i, l.last)
				for want > 0 && l.term(want) > term {
					want--
				}
				index, got := l.agreement(i, term)
				require.Equal(t, want, index, "at %d of term %d", i, term)
				require.Equal(t, l.term(want), got)
			}
		}
	}
}

func TestHoldsByItsDefinition(t *testing.T) {
	l := logOf(1, 1, 3)
	require.True(t, l.holds(0, 0), "all logs agree before the first entry")
	require.True(t, l.holds(2, 1))
	require.True(t, l.holds(3, 3))
	require.False(t, l.holds(3, 1))
	require.False(t, l.holds(4, 3))
}

// §5.4.1: the later last term is the more up-to-date; with the same, the longer log.
func TestWhichLogIsNewer(t *testing.T) {
	l := logOf(1, 2, 2)
	for _, r := range []struct {
		index Index
		term  Term
		newer bool
	}{
		{0, 0, true}, {9, 1, true}, {2, 2, true}, {3, 2, false}, {4, 2, false}, {1, 3, false},
	} {
		require.Equal(t, r.newer, l.newerThan(r.index, r.term), "than one that ends in %d of term %d", r.index, r.term)
	}
	require.False(t, logOf().newerThan(0, 0))
}

func TestWhatIsCommittedIsNotCut(t *testing.T) {
	l := logOf(1, 1, 1)
	l.commit = 2
	l.cut(3)
	require.Equal(t, Index(2), l.last)
	require.PanicsWithValue(t, "raft: asked to cut the log at 2, but it is committed up to 2", func() { l.cut(2) })
}

func TestEntriesHaveToFollow(t *testing.T) {
	l := logOf(1, 2)
	require.PanicsWithValue(t, "raft: entry 4 of term 2 cannot follow entry 2 of term 2", func() { l.append([]Entry{{Index: 4, Term: 2}}) })
	require.PanicsWithValue(t, "raft: entry 3 of term 1 cannot follow entry 2 of term 2", func() { l.append([]Entry{{Index: 3, Term: 1}}) })
	l.append(nil)
	require.Equal(t, Index(2), l.last)
}

// Who watches the log is told the lowest index that changed, and then that nothing did.
func TestChangesAreNotedFromTheLowestOn(t *testing.T) {
	l := logOf(1, 1, 1, 1)
	l.changed = 0
	l.append([]Entry{{Index: 5, Term: 1}})
	require.Equal(t, Index(5), l.changed)
	l.cut(3)
	require.Equal(t, Index(3), l.changed)
	l.append([]Entry{{Index: 3, Term: 2}})
	require.Equal(t, Index(3), l.changed)
	require.Equal(t, Index(1), l.unsaved, "nothing has been written yet")
	l.unsaved = 4
	l.cut(2)
	require.Equal(t, Index(2), l.unsaved, "what is cut has to be written anew")
}
