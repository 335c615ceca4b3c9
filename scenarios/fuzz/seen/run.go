package seen

// Run shows the states of one run, each once: that a cluster is in one again and again is nothing to go on from. The zero value is
// ready; it is used for one run after the other by way of [Run.Begin].
type Run struct{ known [Cases / 64]uint64 }

// Begin begins another run.
func (r *Run) Begin() { clear(r.known[:]) }

// State shows that the run has come to an abstract state, which is a hash.
func (r *Run) State(state uint64) {
	k := state % Cases
	if bit := uint64(1) << (k % 64); r.known[k/64]&bit == 0 {
		r.known[k/64] |= bit
		show(uint(k))
	}
}
