package sim

// slab keeps what events in flight are about, at places that are used again.
type slab[T any] struct {
	items []T
	free  []uint32
}

// take returns a free place, which holds whatever it held last.
func (s *slab[T]) take() uint32 {
	n := len(s.free)
	if n == 0 {
		return s.more()
	}
	i := s.free[n-1]
	s.free = s.free[:n-1]
	return i
}

func (s *slab[T]) more() uint32 {
	var zero T
	s.items = append(s.items, zero)
	return uint32(len(s.items) - 1)
}

// put returns the place it has put v at.
func (s *slab[T]) put(v T) uint32 {
	i := s.take()
	s.items[i] = v
	return i
}

// at returns what is at a place. The pointer holds until the next take.
func (s *slab[T]) at(i uint32) *T { return &s.items[i] }

// drop frees a place. What is there stays readable until the next take.
func (s *slab[T]) drop(i uint32) { s.free = append(s.free, i) }
