package checker

import "testing"

func TestLeaderAppendOnly(t *testing.T) {
	scripts{
		{"a leader appends", func(n []*fake) {
			n[1].leads(1)
			n[1].writes(1, 1)
			n[1].writes(2, 1, 1)
		}, ""},
		{"a leader writes an entry again as it was", func(n []*fake) {
			n[1].leads(1)
			n[1].writes(1, 1, 1)
			n[1].writes(2, 1, 1)
		}, ""},
		{"a deposed leader is overwritten", func(n []*fake) {
			n[1].leads(1)
			n[1].writes(1, 1, 1)
			n[1].follows(2)
			n[1].writes(2, 2)
		}, ""},
		{"a leader loses unsynced entries with a crash", func(n []*fake) {
			n[1].leads(1)
			n[1].writes(1, 1, 1)
			n[1].crashes()
			n[1].boots()
		}, ""},
		{"a leader deletes", func(n []*fake) {
			n[1].leads(1)
			n[1].writes(1, 1, 1)
			n[1].cuts(2)
		}, "n1, leader of term 1, deleted its entry of term 1 at index 2"},
		{"a leader overwrites what it found when it was elected", func(n []*fake) {
			n[1].follows(1)
			n[1].writes(1, 1, 1)
			n[1].leads(2)
			n[1].writes(1, 2, 2)
		}, "n1, leader of term 2, overwrote its entry of term 1 at index 1"},
		{"a leader steps down within its term and is overwritten", func(n []*fake) {
			n[1].leads(2)
			n[1].writes(1, 2)
			n[1].shows(func(o *Observation) { o.Role = 0 })
			n[1].cuts(1)
		}, "n1, leader of term 2, deleted its entry of term 2 at index 1"},
		{"a follower's log makes room for a snapshot", func(n []*fake) {
			committed(n)
			n[4].follows(2)
			n[4].stores(1, 2, 2, 2)
			n[4].follows(3)
			n[4].installs(2, 1)
		}, ""},
		{"a leader's log makes room for a snapshot", func(n []*fake) {
			committed(n)
			n[4].leads(2)
			n[4].stores(1, 2)
			n[4].installs(2, 1)
		}, "n4, leader of term 2, overwrote its entry of term 2 at index 1"},
	}.run(t, "leader-append-only")
}
