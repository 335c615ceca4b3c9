package checker

import "raftsim/raft"

// pageSize is how many items series adds at a time; a power of two, so that finding one needs no division.
const pageSize = 256

// series is a sequence by index, from 0. It grows by pages instead of moving, so that a long run copies
// nothing.
type series[T any] struct {
	pages []*[pageSize]T
	// n is the number of items: the last index is n-1.
	n raft.Index
}

// at returns the item at an index below n. It stays where it is until it is cut off.
func (s *series[T]) at(i raft.Index) *T { return &s.pages[i/pageSize][i%pageSize] }

// last returns the highest index; there must be an item.
func (s *series[T]) last() raft.Index { return s.n - 1 }

// add adds a place at the end and returns it, to be filled: it may hold what was cut off there.
func (s *series[T]) add() *T {
	i := s.n
	if i == raft.Index(len(s.pages))*pageSize {
		s.pages = append(s.pages, new([pageSize]T))
	}
	s.n = i + 1
	return s.at(i)
}

// cut leaves the items below an index.
func (s *series[T]) cut(i raft.Index) { s.n = i }
