package seen

// Memory is of the states of late, and does not grow beyond twice a [Set]'s bound: what was long ago is new again, so that a hunt of any
// length goes on telling what is new. The zero value remembers nothing.
type Memory struct {
	// known, once it is full, becomes earlier, and those of earlier are forgotten.
	known, earlier Set
	forgetful      bool
}

// Add adds a state, and returns whether it is new.
func (m *Memory) Add(state uint64) bool {
	if m.known.Full() {
		m.known, m.earlier = Set{}, m.known
		m.forgetful = true
	}
	return !m.earlier.Has(state) && m.known.Add(state)
}

// Len is how many states there have been, as long as that many can be told apart.
func (m *Memory) Len() int {
	if m.forgetful {
		return m.earlier.Len()
	}
	return m.known.Len()
}

// Full says that there have been as many states as can be counted, or more.
func (m *Memory) Full() bool { return m.forgetful || m.known.Full() }
