package checker

import "testing"

func TestMonotonic(t *testing.T) {
	scripts{
		{"commit and applied start over in a restart, a term not on disk too", func(n []*fake) {
			committed(n)
			n[1].applies(2)
			n[1].hears(5)
			n[1].crashes()
			n[1].boots()
			n[1].applies(1)
		}, ""},
		{"the term goes back", func(n []*fake) {
			n[1].hears(5)
			n[1].hears(4)
		}, "n1 went back from term 5 to term 4"},
		{"the term goes back behind the disk's in a restart", func(n []*fake) {
			n[1].follows(5)
			n[1].crashes()
			n[1].bootsWith(func(o *Observation) { o.DurableTerm = 4 })
		}, "n1 had term 5 on its disk and came back in term 4"},
		{"the commit index goes back", func(n []*fake) {
			committed(n)
			n[1].commits(1)
		}, "n1 went back from commit index 2 to 1"},
		{"the applied index goes back", func(n []*fake) {
			committed(n)
			n[1].applies(2)
			n[1].shows(func(o *Observation) { o.Applied = 1 })
		}, "n1 went back from applied index 2 to 1"},
		{"applied before committed", func(n []*fake) {
			committed(n)
			n[2].shows(func(o *Observation) { o.Commit, o.Applied = 1, 2 })
		}, "n2 applied index 2, but its commit index is 1"},
		{"committed beyond the log", func(n []*fake) {
			n[2].commits(1)
		}, "n2 has commit index 1, but its log ends at 0"},
		{"terms along a log go back", func(n []*fake) {
			n[2].follows(3)
			n[2].writes(1, 1, 3)
			n[2].writes(3, 2, 3)
		}, "n2 has an entry of term 2 at index 3 after one of term 3"},
		{"an entry of a term to come", func(n []*fake) {
			n[2].follows(3)
			n[2].writes(1, 3, 4)
		}, "n2 is in term 3 with an entry of term 4 at index 2"},
	}.run(t, "monotonic")
}
