package sim

// slab keeps what events in flight are about, at places that are used again.
type slab[T any] struct {
	items []T
	free  []uint32
}

// put returns the place it has put v at.
func (s *slab[T]) put(v T) uint32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		s.items[i] = v
		return i
	}
	s.items = append(s.items, v)
	return uint32(len(s.items) - 1)
}

// at returns what is at a place. The pointer holds until the next put.
func (s *slab[T]) at(i uint32) *T { return &s.items[i] }

// drop frees a place. What is there stays readable until the next put.
func (s *slab[T]) drop(i uint32) { s.free = append(s.free, i) }
