package checker

import "testing"

func TestElectionSafety(t *testing.T) {
	scripts{
		{"a leader in each term", func(n []*fake) {
			n[1].leads(1)
			n[2].leads(2)
			n[1].leads(3)
		}, ""},
		{"a leader that goes on", func(n []*fake) {
			n[1].leads(1)
			n[1].writes(1, 1)
			n[1].writes(2, 1)
		}, ""},
		{"a slow candidate wins an earlier term later", func(n []*fake) {
			n[1].leads(5)
			n[2].leads(4)
		}, ""},
		{"two leaders at once", func(n []*fake) {
			n[4].leads(7)
			n[2].leads(7)
		}, "n2 and n4 both lead term 7"},
		{"two leaders one after the other", func(n []*fake) {
			n[2].leads(7)
			n[2].follows(8)
			n[4].leads(7)
		}, "n2 and n4 both lead term 7"},
		{"a leader that crashed counts", func(n []*fake) {
			n[2].leads(7)
			n[2].crashes()
			n[4].leads(7)
		}, "n2 and n4 both lead term 7"},
		{"elected again after a restart", func(n []*fake) {
			n[2].leads(7)
			n[2].crashes()
			n[2].boots()
			n[2].leads(7)
		}, "n2 was elected twice in term 7"},
		{"a leader that boots as one", func(n []*fake) {
			n[2].leads(7)
			n[2].crashes()
			n[2].of.event++
			n[2].o.Boot++
			n[2].show(1)
		}, "n2 was elected twice in term 7"},
	}.run(t, "election-safety")
}
