package tracker

import "raftsim/raft/quorum"

// flight is a message with entries that has not been acknowledged.
type flight struct {
	last  quorum.Index
	bytes int
}

// flights are those of one follower, oldest first, in a ring that grows as needed.
type flights struct {
	ring  []flight // of a power of two
	head  int
	n     int
	bytes int
}

func (f *flights) push(x flight) {
	if f.n == len(f.ring) {
		f.grow()
	}
	f.ring[(f.head+f.n)&(len(f.ring)-1)] = x
	f.n++
	f.bytes += x.bytes
}

// landed forgets all up to an acknowledged index.
func (f *flights) landed(match quorum.Index) {
	for f.n > 0 && f.ring[f.head].last <= match {
		f.bytes -= f.ring[f.head].bytes
		f.head = (f.head + 1) & (len(f.ring) - 1)
		f.n--
	}
}

func (f *flights) clear() { f.head, f.n, f.bytes = 0, 0, 0 }

func (f *flights) grow() {
	ring := make([]flight, max(16, 2*len(f.ring)))
	for k := range f.n {
		ring[k] = f.ring[(f.head+k)&(len(f.ring)-1)]
	}
	f.ring, f.head = ring, 0
}
