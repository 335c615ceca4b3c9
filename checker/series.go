package checker

import (
	"slices"

	"raftsim/raft"
)

// pageSize is how many items series adds at a time; a power of two, so that finding one needs no division.
const pageSize = 256

// dropAtOnce is how many pages are dropped at a time, so that each item is moved past seldom.
const dropAtOnce = 8

// series is a sequence by index, from base on. It grows by pages instead of moving, so that a long run copies
// nothing, and pages that are dropped are filled again.
type series[T any] struct {
	pages []*[pageSize]T
	// gone is how many pages there were before the first.
	gone raft.Index
	// base is the lowest index there is an item of, n what comes after the highest.
	base, n raft.Index
	// free are pages that were dropped.
	free []*[pageSize]T
}

// at returns the item at an index, base <= i < n. It stays where it is until it is cut off or dropped.
func (s *series[T]) at(i raft.Index) *T { return &s.pages[i/pageSize-s.gone][i%pageSize] }

// has says whether there is an item at an index.
func (s *series[T]) has(i raft.Index) bool { return i >= s.base && i < s.n }

// last returns the highest index; there must be an item.
func (s *series[T]) last() raft.Index { return s.n - 1 }

// add adds a place at the end and returns it, to be filled: it may hold what was there before.
func (s *series[T]) add() *T {
	i := s.n
	if i/pageSize-s.gone == raft.Index(len(s.pages)) {
		s.grow()
	}
	s.n = i + 1
	return s.at(i)
}

func (s *series[T]) grow() {
	page := (*[pageSize]T)(nil)
	if k := len(s.free) - 1; k >= 0 {
		page, s.free = s.free[k], s.free[:k]
	} else {
		page = new([pageSize]T)
	}
	s.pages = append(s.pages, page)
}

// cut leaves the items below an index, which is above base.
func (s *series[T]) cut(i raft.Index) { s.n = i }

// drop forgets the items below an index that there is an item of, and says whether that gave back any memory.
func (s *series[T]) drop(i raft.Index) bool {
	s.base = max(s.base, i)
	k := s.base/pageSize - s.gone
	if k < dropAtOnce {
		return false
	}
	s.free = append(s.free, s.pages[:min(k, 2*dropAtOnce)]...)
	if most := 2 * dropAtOnce; len(s.free) > most {
		clear(s.free[most:])
		s.free = s.free[:most]
	}
	s.pages = slices.Delete(s.pages, 0, int(k))
	s.gone += k
	return true
}

// reset forgets everything; the next item is that of index i.
func (s *series[T]) reset(i raft.Index) {
	if k := min(len(s.pages), max(0, 2*dropAtOnce-len(s.free))); k > 0 {
		s.free = append(s.free, s.pages[:k]...)
	}
	clear(s.pages)
	s.pages = s.pages[:0]
	s.gone, s.base, s.n = i/pageSize, i, i
}
