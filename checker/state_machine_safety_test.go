package checker

import "testing"

func TestStateMachineSafety(t *testing.T) {
	scripts{
		{"nodes apply what is committed", func(n []*fake) {
			committed(n)
			n[1].applies(2)
			n[2].applies(1)
			n[2].applies(2)
		}, ""},
		{"state machines are handed the same entries, again after a restart", func(n []*fake) {
			committed(n)
			n[1].takes(1, 0, 0, false)
			n[1].takes(2, 5, 1, true)
			n[2].takes(2, 5, 1, true)
			n[1].crashes()
			n[1].boots()
			n[1].takes(1, 0, 0, false)
			n[1].takes(2, 5, 1, true)
		}, ""},
		{"applied before it is committed", func(n []*fake) {
			committed(n)
			n[2].shows(func(o *Observation) { o.Applied = 3 })
		}, "n2 applied index 3, but only index 2 is committed"},
		{"applied beyond the log", func(n []*fake) {
			committed(n)
			n[4].shows(func(o *Observation) { o.Applied = 1 })
		}, "n4 applied index 1, but its log ends at 0"},
		{"applied another entry", func(n []*fake) {
			committed(n)
			n[4].follows(3)
			n[4].writes(1, 1, 2)
			n[4].applies(2)
		}, "n4 applied index 2 with an entry of term 2 at index 2; the one committed there is another, of term 1"},
		{"state machines are handed different entries", func(n []*fake) {
			n[1].writesData(1, 1, "x")
			n[2].writesData(1, 1, "y")
			n[1].takes(1, 0, 0, false)
			n[2].takes(1, 0, 0, false)
		}, "n1 and n2 applied different entries at index 1, of terms 1 and 1"},
		{"the first that applied an entry is named", func(n []*fake) {
			for _, i := range []int{1, 2} {
				n[i].writesData(1, 1, "x")
				n[i].takes(1, 0, 0, false)
			}
			n[4].writesData(1, 2, "x")
			n[4].takes(1, 0, 0, false)
		}, "n1 and n4 applied different entries at index 1, of terms 1 and 2"},
		{"a state machine is handed an entry twice", func(n []*fake) {
			committed(n)
			n[1].takes(2, 0, 0, false)
			n[1].takes(2, 0, 0, false)
		}, "n1 applied index 2 after index 2"},
		{"a snapshot beyond what is committed", func(n []*fake) {
			committed(n)
			n[4].follows(1)
			n[4].installs(3, 1)
		}, "n4 applied index 3, but only index 2 is committed"},
	}.run(t, "state-machine-safety")
}
