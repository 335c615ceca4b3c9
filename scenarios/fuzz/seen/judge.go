package seen

// Judge says which runs are worth going on from, by the abstract states that they were the first to reach: about one in twenty. The zero
// value is ready.
type Judge struct {
	memory Memory
	// mark is what a run has to be above: how many new states there are for each event, in units of 1/unit.
	mark uint64
	// first is the first state of this run that was new, fresh how many were.
	first, fresh uint64
}

const (
	unit = 1 << 24
	// The mark rises by a share of itself, 1/rise, and a little, with every run that is above it, and falls by so much less with every other
	// that one in oneIn comes to be above it, or about that.
	rise   = 16
	little = unit / 1000 / rise
	oneIn  = 20
)

// State takes a state that the run under way came to.
func (j *Judge) State(state uint64) {
	if j.memory.Add(state) {
		if j.fresh == 0 {
			j.first = state
		}
		j.fresh++
	}
}

// End ends a run that had so many events, and says whether it is worth going on from. [Show] of the state then makes it so for go test. An
// event costs about the same time everywhere, so that what counts is how many new states there were for each.
func (j *Judge) End(events uint64) (state uint64, ok bool) {
	got := j.fresh * unit / max(events, 1)
	state, ok = j.first, got > j.mark
	if ok {
		j.mark += j.mark/rise + little
	} else {
		j.mark -= j.mark / rise / oneIn
	}
	j.first, j.fresh = 0, 0
	return state, ok
}
