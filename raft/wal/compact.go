package wal

import (
	"fmt"
	"slices"

	"raftsim/raft"
)

// base is the last entry that is no longer in a log, because a snapshot stands for it; the zero value when all are there.
type base struct {
	index raft.Index
	term  raft.Term
}

// segmentEntries is a segment, and the highest index that those before it, and with it, were ever given.
type segmentEntries struct {
	number          uint64
	before, highest raft.Index
}

func segmentAfter(n uint64, before raft.Index) segmentEntries {
	return segmentEntries{number: n, before: before, highest: before}
}

// headRoom is more than what begins a segment takes.
const headRoom = 1 << 20

// Compact tells that a durable snapshot stands for the entries up to index, which is of that term, and drops them
// (Raft paper §7). The entries after it stay. Segments that hold nothing else are removed once the disk knows. An index that
// Compact has seen, or passed, changes nothing.
func (l *Log) Compact(index raft.Index, term raft.Term) error {
	if l.err != nil || index <= l.base.index {
		return l.err
	}
	to := base{index, term}
	why := checkBase(l.base, to, l.hard.Term)
	if index > l.lastIndex {
		why = fmt.Sprintf("the log ends at entry %d, before entry %d", l.lastIndex, index)
	}
	if why != "" {
		return l.fail(fmt.Errorf("wal: compaction refused: %s", why))
	}
	l.rebase(to, baseKeeps)
	if l.idle() {
		l.flush()
	}
	return l.err
}

// Rebase puts a durable snapshot, which ends in the entry at index of that term, in the place of the whole log: the
// next entry to be saved follows it. It becomes durable with the next Save, which has to be made.
func (l *Log) Rebase(index raft.Index, term raft.Term) error {
	if l.err != nil {
		return l.err
	}
	to := base{index, term}
	if why := checkBase(l.base, to, l.hard.Term); why != "" {
		return l.fail(fmt.Errorf("wal: snapshot refused: %s", why))
	}
	l.rebase(to, baseReplaces)
	l.lastIndex, l.lastTerm = index, term
	s := &l.segments[len(l.segments)-1]
	s.highest = max(s.highest, index)
	return nil
}

func (l *Log) rebase(to base, stays uint8) {
	if len(l.buf) == 0 {
		l.begin()
	}
	l.base = to
	l.writeBase(stays)
}

// removable says whether there is a segment that nobody needs any more: what is in it the base stands for, which is durable.
func (l *Log) removable() bool {
	return l.flyingBase > 0 && len(l.segments) > 1 && l.segments[0].number < l.flyingSegment() && l.segments[0].highest <= l.flyingBase
}

// remove removes those segments. A crash may bring back the names of any of them: Open does without them.
func (l *Log) remove() {
	n := 0
	for ; l.segments[n].number < l.flyingSegment() && l.segments[n].highest <= l.flyingBase; n++ {
		name := segmentName(l.segments[n].number)
		if err := l.fs.Remove(name); err != nil {
			l.fail(fmt.Errorf("wal: %s is not needed any more and could not be removed: check the disk, then start the node again: %w", name, err))
			break
		}
	}
	l.segments = slices.Delete(l.segments, 0, n)
}
