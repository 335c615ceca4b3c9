package checker

import "testing"

func TestLogMatching(t *testing.T) {
	scripts{
		{"the same entries", func(n []*fake) {
			n[1].leads(2)
			n[1].writes(1, 2, 2)
			n[2].follows(2)
			n[2].writes(1, 2)
			n[2].writes(2, 2)
		}, ""},
		{"logs that diverge and meet again", func(n []*fake) {
			for i := 1; i <= 3; i++ {
				n[i].follows(9)
			}
			n[1].writes(1, 1, 3, 3)
			n[2].writes(1, 1, 2, 2, 2)
			n[3].writes(1, 1, 2)
			n[3].writes(2, 3, 3)
			n[2].writes(2, 3)
			n[2].writes(3, 3)
			n[3].writes(2, 2, 2)
		}, ""},
		{"other data in one place", func(n []*fake) {
			n[1].follows(1)
			n[2].follows(1)
			n[1].writes(1, 1)
			n[2].writes(1, 1)
			n[1].writesData(2, 1, "x")
			n[2].writesData(2, 1, "y")
		}, "n1 and n2 hold an entry of term 1 at index 2, but their logs differ at index 2"},
		{"another entry before", func(n []*fake) {
			n[1].follows(3)
			n[4].follows(3)
			n[4].writes(1, 1, 1, 3)
			n[1].writes(1, 1, 2, 3)
		}, "n1 and n4 hold an entry of term 3 at index 3, but their logs differ at index 2"},
		{"other data than somebody had once", func(n []*fake) {
			n[1].follows(2)
			n[1].writesData(1, 1, "x")
			n[1].writesData(1, 2, "x")
			n[2].follows(2)
			n[2].writesData(1, 1, "y")
		}, "n2 holds an entry of term 1 at index 1, but its log up to there is not the one seen with that entry before"},
		{"a later term seen earlier than an earlier one, then again with other data", func(n []*fake) {
			n[1].follows(2)
			n[1].writesData(1, 2, "x")
			n[1].writesData(1, 1, "x")
			n[1].writesData(1, 1, "y")
		}, "n1 holds an entry of term 1 at index 1, but its log up to there is not the one seen with that entry before"},
		{"data that changed on the disk", func(n []*fake) {
			n[1].follows(1)
			n[1].stores(1, 1, 1)
			n[1].crashes()
			n[1].log[1].Data = []byte("rotten")
			n[1].boots()
		}, "n1 holds an entry of term 1 at index 2, but its log up to there is not the one seen with that entry before"},
		{"other data after a snapshot", func(n []*fake) {
			committed(n)
			n[1].writesData(3, 1, "x")
			n[4].follows(1)
			n[4].installs(2, 1)
			n[4].writesData(3, 1, "y")
		}, "n1 and n4 hold an entry of term 1 at index 3, but their logs differ at index 3"},
		{"other data before an entry that follows a snapshot", func(n []*fake) {
			committed(n)
			n[2].applies(2)
			n[2].compacts(2)
			n[2].writes(3, 1)
			n[4].follows(1)
			n[4].writesData(1, 1, "x")
			n[4].writes(2, 1, 1)
		}, "n1 and n4 hold an entry of term 1 at index 1, but their logs differ at index 1"},
	}.run(t, "log-matching")
}
