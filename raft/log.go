package raft

import (
	"fmt"
	"slices"
	"sort"
)

// log is the entries a node holds, in memory, after those a snapshot stands for.
//
// What holds between any two calls:
//  1. the log has the entries base+1 to last, without a gap, and knows the term of base; entry i sits at place i-1,
//     counted from the first chunk there ever was, of which gone are gone;
//  2. terms never fall from one entry to the next; runs lists where they rise, from the one base is in;
//  3. base <= applied <= commit <= last, and nothing at or below commit is ever cut off;
//  4. unsaved is the lowest index that no Output has handed out yet, last+1 when there is none.
//
// Entries live in chunks that are filled once: a slice handed out (to a message, an Output) stays as it was even after the log
// has been cut or compacted. The first chunk begins small, as does one that was cut, and is copied as it fills: most logs of short runs
// end in it. Growing a long log copies nothing.
type log struct {
	chunks  [][]Entry
	gone    Index
	base    Index
	last    Index
	runs    []termRun
	commit  Index
	applied Index
	unsaved Index
	// changed is the lowest index written or cut since somebody last asked, 0 for none.
	changed Index
}

// termRun is a stretch of entries of one term: from first up to the next run.
type termRun struct {
	first Index
	term  Term
}

const (
	chunkBits = 9
	chunkSize = 1 << chunkBits
	chunkMask = chunkSize - 1

	// firstRoom is how many entries a chunk that begins small has room for at first, beside those that it begins with.
	firstRoom = 32
)

func (l *log) lastTerm() Term {
	if n := len(l.runs); n > 0 {
		return l.runs[n-1].term
	}
	return 0
}

// term returns the term of entry i, which is 0 for index 0; base <= i <= last.
func (l *log) term(i Index) Term {
	if i == 0 {
		return 0
	}
	// Nearly every question is about the newest run.
	if n := len(l.runs); n > 0 && i >= l.runs[n-1].first {
		return l.runs[n-1].term
	}
	return l.runs[l.runOf(i)].term
}

// runOf returns the position of the run that holds entry i, max(base, 1) <= i <= last.
func (l *log) runOf(i Index) int {
	return sort.Search(len(l.runs), func(k int) bool { return l.runs[k].first > i }) - 1
}

// holds says whether the log has an entry at i and of that term, or knows that it had: i is at least base.
func (l *log) holds(i Index, t Term) bool { return i <= l.last && l.term(i) == t }

// append adds entries at the end. Their indexes follow last; their terms are at least 1 and do not fall.
func (l *log) append(es []Entry) {
	if len(es) == 0 {
		return
	}
	if e := &es[0]; e.Index != l.last+1 || e.Term < max(l.lastTerm(), 1) {
		panic(fmt.Sprintf("raft: entry %d of term %d cannot follow entry %d of term %d", e.Index, e.Term, l.last, l.lastTerm()))
	}
	l.touch(l.last + 1)
	if len(l.chunks) == 0 {
		l.makeRoom(len(es))
	}
	for k := range es {
		l.push(&es[k])
	}
}

// push puts one entry at the end.
func (l *log) push(e *Entry) { *l.grow(e.Term) = *e }

// grow makes a place for an entry of a term at the end, which is to be filled.
func (l *log) grow(t Term) *Entry {
	n := len(l.chunks)
	if n == 0 || len(l.chunks[n-1]) == cap(l.chunks[n-1]) {
		l.makeRoom(1)
		n = len(l.chunks)
	}
	c := &l.chunks[n-1]
	k := len(*c)
	*c = (*c)[:k+1]
	l.last++
	if n := len(l.runs); n == 0 || l.runs[n-1].term != t {
		l.runs = append(l.runs, termRun{first: l.last, term: t})
	}
	return &(*c)[k]
}

// makeRoom is for a log whose last chunk is full, or which has none: more is how many entries are known to come to that.
func (l *log) makeRoom(more int) {
	switch n := len(l.chunks); {
	case n == 0:
		// What of the first chunk lies at or below the base stays empty.
		l.chunks = append(l.chunks, newChunk(int(l.last&chunkMask), more))
	case len(l.chunks[n-1]) < chunkSize:
		old := l.chunks[n-1]
		l.chunks[n-1] = newChunk(len(old), 2*len(old))
		copy(l.chunks[n-1], old)
	default:
		l.chunks = append(l.chunks, make([]Entry, 0, chunkSize))
	}
}

// newChunk returns a chunk for n entries, and for so many more and a few.
func newChunk(n, more int) []Entry { return make([]Entry, n, min(n+more+firstRoom, chunkSize)) }

// cut takes away entry i and all after it. Cutting what is committed would lose it: a panic.
func (l *log) cut(i Index) {
	if i <= l.commit {
		panic(fmt.Sprintf("raft: asked to cut the log at %d, but it is committed up to %d", i, l.commit))
	}
	l.touch(i)
	at := i - 1
	chunk := at>>chunkBits - l.gone
	keep := l.chunks[chunk][:at&chunkMask]
	// A new array: the old one may be in messages on their way.
	fresh := newChunk(len(keep), 0)
	copy(fresh, keep)
	l.chunks = l.chunks[:chunk]
	if len(fresh) > 0 {
		l.chunks = append(l.chunks, fresh)
	}
	l.last = at
	for n := len(l.runs); n > 0 && l.runs[n-1].first > at; n-- {
		l.runs = l.runs[:n-1]
	}
	l.unsaved = min(l.unsaved, i)
}

// compact drops the entries up to i, base <= i <= applied, which a snapshot stands for.
func (l *log) compact(i Index) {
	if i <= l.base {
		return
	}
	run := l.runOf(i)
	l.runs = slices.Delete(l.runs, 0, run)
	l.runs[0].first = i
	l.base = i
	if whole := i>>chunkBits - l.gone; whole > 0 {
		l.chunks = slices.Delete(l.chunks, 0, int(whole))
		l.gone += whole
	}
}

// reset puts a snapshot in the place of the log: it ends at i now, an entry of term t that is applied.
func (l *log) reset(i Index, t Term) {
	*l = log{
		gone: i >> chunkBits, base: i, last: i, commit: i, applied: i, unsaved: i + 1, changed: i + 1,
		runs: []termRun{{first: i, term: t}},
	}
}

func (l *log) touch(i Index) {
	if l.changed == 0 || i < l.changed {
		l.changed = i
	}
}

// at returns entry i, base < i <= last.
func (l *log) at(i Index) *Entry { return &l.chunks[(i-1)>>chunkBits-l.gone][(i-1)&chunkMask] }

// slice returns entries from lo, above base, up to hi or up to the end of lo's chunk, whichever
// comes first; it is empty when lo > hi.
func (l *log) slice(lo, hi Index) []Entry {
	if lo > hi {
		return nil
	}
	c := l.chunks[(lo-1)>>chunkBits-l.gone]
	from := (lo - 1) & chunkMask
	to := min(Index(len(c)), from+hi-lo+1)
	return c[from:to:to]
}

// agreement returns the largest index at or below i, and its term, at which the log's term is
// at most t: all that could agree with a log whose entry i has term t, since
// terms never fall along a log.
func (l *log) agreement(i Index, t Term) (Index, Term) {
	i = min(i, l.last)
	if i == 0 {
		return 0, 0
	}
	k := l.runOf(i)
	for ; k >= 0 && l.runs[k].term > t; k-- {
		i = l.runs[k].first - 1
	}
	if k < 0 {
		return max(l.base, 1) - 1, 0
	}
	return i, l.runs[k].term
}

// newerThan says whether the log is more up-to-date than one that ends in that entry (Raft paper §5.4.1).
func (l *log) newerThan(index Index, term Term) bool {
	if mine := l.lastTerm(); mine != term {
		return mine > term
	}
	return l.last > index
}
