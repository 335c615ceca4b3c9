package checker

import (
	"testing"

	"raftsim/raft"
)

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
		{"a majority of votes, some given twice", func(n []*fake) {
			n[1].elected(2, n[2], n[3], n[2])
		}, ""},
		{"votes given by voters that have gone on", func(n []*fake) {
			n[1].happens(0, func(o *Observation) {
				o.Role, o.Term, o.Vote, o.DurableTerm, o.DurableVote = raft.Candidate, 2, 1, 2, 1
				n[1].promises(VotePromise, n[1], 2, 0)
			})
			for _, i := range []int{2, 3} {
				for term := raft.Term(2); term < 12; term++ {
					n[i].follows(term)
					n[i].votes(n[1])
				}
			}
			n[1].shows(func(o *Observation) { o.Role = raft.Leader })
		}, ""},
		{"a majority of both while the configuration is joint", func(n []*fake) {
			n[1].follows(1)
			n[1].configures(joint(members(1, 4, 5), members(1, 2, 3)))
			n[1].elected(2, n[2], n[4])
		}, ""},
		{"a third of the votes", func(n []*fake) {
			n[1].elected(2, n[2])
		}, "n1 leads term 2 with the votes of 2 of the 5 voters [n1 n2 n3 n4 n5]: [n1 n2]"},
		{"votes of another term", func(n []*fake) {
			n[2].follows(1)
			n[2].votes(n[1])
			n[3].follows(3)
			n[3].votes(n[1])
			n[1].elected(2)
		}, "n1 leads term 2 with the votes of 1 of the 5 voters [n1 n2 n3 n4 n5]: [n1]"},
		{"votes for another", func(n []*fake) {
			n[2].follows(2)
			n[2].votes(n[3])
			n[1].elected(2, n[4])
		}, "n1 leads term 2 with the votes of 2 of the 5 voters [n1 n2 n3 n4 n5]: [n1 n4]"},
		{"a majority of the voters to be alone", func(n []*fake) {
			n[1].follows(1)
			n[1].configures(joint(members(1, 4, 5), members(1, 2, 3)))
			n[1].elected(2, n[4], n[5])
		}, "n1 leads term 2 with the votes of 1 of the 3 voters [n1 n2 n3]: [n1]"},
		{"a learner's vote is counted", func(n []*fake) {
			n[1].follows(1)
			g := configuration(1, 2, 3)
			g.Learners = members(4)
			n[1].configures(g)
			n[1].elected(2, n[4])
		}, "n1 leads term 2 with the votes of 1 of the 3 voters [n1 n2 n3]: [n1]"},
		{"a node with an empty disk votes under a voter's name", func(n []*fake) {
			n[3].wiped()
			n[3].joins(77)
			n[1].elected(2, n[2], n[3])
		}, "n1 leads term 2 with the votes of 2 of the 5 voters [n1 n2 n3 n4 n5]: [n1 n2]"},
	}.run(t, "election-safety")
}
