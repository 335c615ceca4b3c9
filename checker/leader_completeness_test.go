package checker

import "testing"

// committed has n1, leader of term 1, commit two entries with n2 and n3.
func committed(n []*fake) {
	n[1].leads(1)
	n[1].stores(1, 1, 1)
	for i := 2; i <= 3; i++ {
		n[i].follows(1)
		n[i].stores(1, 1, 1)
	}
	n[1].commits(2)
}

func TestLeaderCompleteness(t *testing.T) {
	scripts{
		{"a leader with what was committed", func(n []*fake) {
			committed(n)
			n[2].leads(2)
			n[2].writes(3, 2)
		}, ""},
		{"a leader of an earlier term may lack it", func(n []*fake) {
			n[1].leads(3)
			n[1].stores(1, 3)
			n[2].follows(3)
			n[2].stores(1, 3)
			n[3].follows(3)
			n[3].stores(1, 3)
			n[1].commits(1)
			n[4].leads(2)
		}, ""},
		{"a leader of an earlier term holds what was committed before it", func(n []*fake) {
			committed(n)
			n[2].leads(3)
			n[2].stores(3, 3)
			n[1].follows(3)
			n[1].stores(3, 3)
			n[3].follows(3)
			n[3].stores(3, 3)
			n[2].commits(3)
			n[4].follows(1)
			n[4].writes(1, 1, 1)
			n[4].leads(2)
		}, ""},
		{"a leader that was replaced commits what its successor holds", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			for i := 2; i <= 3; i++ {
				n[i].follows(1)
				n[i].stores(1, 1)
			}
			n[2].leads(2)
			n[1].commits(1)
		}, ""},
		{"a leader with a shorter log", func(n []*fake) {
			committed(n)
			n[4].follows(1)
			n[4].writes(1, 1)
			n[4].leads(2)
		}, "n4 leads term 2 without the entry of term 1 at index 2, which was committed before"},
		{"a leader with another log", func(n []*fake) {
			committed(n)
			n[4].follows(3)
			n[4].writes(1, 2, 2, 2, 2)
			n[4].leads(4)
		}, "n4 leads term 4 without the entry of term 1 at index 1, which was committed before"},
		{"a leader of a term between two commitments", func(n []*fake) {
			committed(n)
			n[2].leads(3)
			n[2].stores(3, 3)
			n[1].follows(3)
			n[1].stores(3, 3)
			n[3].follows(3)
			n[3].stores(3, 3)
			n[2].commits(3)
			n[4].leads(2)
		}, "n4 leads term 2 without the entry of term 1 at index 1, which was committed before"},
		{"a leader that was replaced commits what its successor lacks", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			for i := 2; i <= 3; i++ {
				n[i].follows(1)
				n[i].stores(1, 1)
			}
			n[4].leads(2)
			n[1].commits(1)
		}, "n4 leads term 2 without the entry of term 1 at index 1, which was committed before"},
		{"a leader whose log begins after what was committed", func(n []*fake) {
			committed(n)
			n[2].applies(2)
			n[2].compacts(2)
			n[2].leads(2)
			n[2].writes(3, 2)
		}, ""},
		{"a leader whose snapshot falls short of what was committed", func(n []*fake) {
			committed(n)
			n[4].follows(1)
			n[4].installs(1, 1)
			n[4].leads(2)
		}, "n4 leads term 2 without the entry of term 1 at index 2, which was committed before"},
	}.run(t, "leader-completeness")
}
