package seen

// levels are how many numbers of times a case can be covered that Go's fuzzer tells apart: powers of two up to what a byte holds.
const levels = 8

// Show covers the case of a state, as often as tells it from others that share the case. In a run of go test -fuzz it is called once for
// each input at most.
func Show(state uint64) {
	k := uint(state % Cases)
	for range 1 << (state / Cases % levels) {
		show(k)
	}
}
