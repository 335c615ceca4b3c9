package seen

// Set is a set of abstract states that does not grow beyond its bound. The zero value is empty.
type Set struct {
	table []uint64
	count int
}

// MostStates bounds the places of a set, three quarters of which are filled; a place has eight bytes.
const MostStates = 1 << 22

// Add adds a state, and returns whether it is new. In a set that is full none is.
func (s *Set) Add(state uint64) bool {
	v := max(state, 1) // 0 is an empty place
	if s.table == nil {
		s.table = make([]uint64, 1<<12)
	}
	if s.count*4 >= len(s.table)*3 {
		if len(s.table) >= MostStates {
			return false
		}
		old := s.table
		s.table, s.count = make([]uint64, 2*len(old)), 0
		for _, v := range old {
			if v != 0 {
				s.Add(v)
			}
		}
	}
	for i := v; ; i++ {
		switch at := &s.table[i%uint64(len(s.table))]; *at {
		case v:
			return false
		case 0:
			*at = v
			s.count++
			return true
		}
	}
}

// Has says whether a state is in it.
func (s *Set) Has(state uint64) bool {
	if s.table == nil {
		return false
	}
	v := max(state, 1)
	for i := v; ; i++ {
		switch s.table[i%uint64(len(s.table))] {
		case v:
			return true
		case 0:
			return false
		}
	}
}

// Len is how many states there are.
func (s *Set) Len() int { return s.count }

// Full says that new states are not told from known ones any more.
func (s *Set) Full() bool { return len(s.table) >= MostStates && s.count*4 >= len(s.table)*3 }
