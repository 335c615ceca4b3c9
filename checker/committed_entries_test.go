package checker

import "testing"

func TestCommittedEntries(t *testing.T) {
	scripts{
		{"a majority with a node that is down", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			for i := 2; i <= 3; i++ {
				n[i].follows(1)
				n[i].stores(1, 1)
			}
			n[3].crashes()
			n[1].commits(1)
			n[2].commits(1)
		}, ""},
		{"a majority without the leader's own disk", func(n []*fake) {
			n[1].leads(1)
			n[1].writes(1, 1)
			for i := 2; i <= 4; i++ {
				n[i].follows(1)
				n[i].stores(1, 1)
			}
			n[1].commits(1)
		}, ""},
		{"an entry of the leader's term commits those before", func(n []*fake) {
			for i := 1; i <= 3; i++ {
				n[i].follows(1)
				n[i].stores(1, 1)
				n[i].follows(2)
				n[i].stores(2, 2)
			}
			n[1].leads(3)
			n[1].stores(3, 3)
			for i := 2; i <= 3; i++ {
				n[i].follows(3)
				n[i].stores(3, 3)
			}
			n[1].commits(3)
		}, ""},
		{"a follower loses a committed entry it had not synced", func(n []*fake) {
			committed(n)
			n[4].follows(1)
			n[4].writes(1, 1, 1)
			n[4].commits(2)
			n[4].crashes()
			n[4].boots()
		}, ""},
		{"a late message of an earlier leader overwrites a minority (Figure 8)", func(n []*fake) {
			for _, i := range []int{1, 2, 3, 4} {
				n[i].follows(2)
				n[i].stores(1, 2)
			}
			n[5].leads(3)
			n[5].stores(1, 3)
			n[1].leads(4)
			n[1].stores(2, 4)
			for i := 2; i <= 3; i++ {
				n[i].follows(4)
				n[i].stores(2, 4)
			}
			n[1].commits(2)
			n[4].follows(3)
			n[4].stores(1, 3)
		}, ""},
		{"no majority has it", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			n[2].follows(1)
			n[2].stores(1, 1)
			n[1].commits(1)
		}, "n1 committed index 1 of term 1, which 2 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n1 n2]"},
		{"a majority has it, but not on disk", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			for i := 2; i <= 5; i++ {
				n[i].follows(1)
				n[i].writes(1, 1)
			}
			n[1].commits(1)
		}, "n1 committed index 1 of term 1, which 1 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n1]"},
		{"the leader counts itself before its disk is done", func(n []*fake) {
			n[1].leads(1)
			n[1].writes(1, 1)
			for i := 2; i <= 3; i++ {
				n[i].follows(1)
				n[i].stores(1, 1)
			}
			n[1].commits(1)
		}, "n1 committed index 1 of term 1, which 2 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n2 n3]"},
		{"a majority has another entry there", func(n []*fake) {
			n[1].leads(2)
			n[1].stores(1, 2)
			for i := 2; i <= 5; i++ {
				n[i].follows(2)
				n[i].stores(1, 1)
			}
			n[1].commits(1)
		}, "n1 committed index 1 of term 2, which 1 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n1]"},
		{"what was on a disk before a restart does not count after it", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			for i := 2; i <= 3; i++ {
				n[i].follows(1)
				n[i].stores(1, 1)
			}
			n[3].crashes()
			n[3].log = nil
			n[3].boots()
			n[1].commits(1)
		}, "n1 committed index 1 of term 1, which 2 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n1 n2]"},
		{"copies of an entry of an earlier term are counted (Figure 8)", func(n []*fake) {
			for i := 1; i <= 3; i++ {
				n[i].follows(2)
				n[i].stores(1, 2)
			}
			n[1].leads(4)
			n[1].commits(1)
		}, "n1, leader of term 4, committed index 1, whose entry is of term 2, without one of its own term"},
		{"a follower commits what nobody did", func(n []*fake) {
			committed(n)
			n[2].stores(3, 1)
			n[2].commits(3)
		}, "n2 committed index 3 of term 1, which 1 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n2]"},
		{"a follower commits another entry", func(n []*fake) {
			committed(n)
			n[4].follows(2)
			n[4].stores(1, 1, 2, 2)
			n[4].commits(2)
		}, "n4 committed an entry of term 2 at index 2, where another, of term 1, was committed before"},
		{"a node commits further on another log", func(n []*fake) {
			committed(n)
			n[4].follows(2)
			n[4].stores(1, 1, 2, 2)
			n[4].commits(3)
		}, "n4 committed an entry of term 2 at index 2, where another, of term 1, was committed before"},
		{"a node commits beyond its log", func(n []*fake) {
			committed(n)
			n[4].follows(1)
			n[4].commits(1)
		}, "n4 committed index 1, but its log ends at 0"},
		{"a node drops a committed entry", func(n []*fake) {
			committed(n)
			n[3].follows(2)
			n[3].cuts(2)
		}, "n3 dropped the committed entry of term 1 at index 2 in term 2"},
		{"a node overwrites a committed entry it had not yet synced", func(n []*fake) {
			committed(n)
			n[4].follows(1)
			n[4].writes(1, 1, 1)
			n[4].follows(2)
			n[4].writes(1, 1, 2)
		}, "n4 dropped the committed entry of term 1 at index 2 in term 2"},
		{"a disk loses a committed entry", func(n []*fake) {
			committed(n)
			n[2].crashes()
			n[2].log = n[2].log[:1]
			n[2].boots()
		}, "n2 lost the committed entry of term 1 at index 2, which was on its disk, in a restart"},
	}.run(t, "committed-entries")
}
