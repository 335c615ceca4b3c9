package checker

import (
	"testing"

	"raftsim/raft"
)

func TestDurableState(t *testing.T) {
	scripts{
		{"terms and votes go on", func(n []*fake) {
			n[1].follows(1)
			n[1].votes(n[2])
			n[1].follows(2)
			n[1].votes(n[3])
			n[1].crashes()
			n[1].boots()
		}, ""},
		{"a term and a vote that were not on disk go with a crash", func(n []*fake) {
			n[1].follows(1)
			n[1].hears(2)
			n[1].shows(func(o *Observation) { o.Vote = 3 })
			n[1].crashes()
			n[1].boots()
			n[1].hears(2)
			n[1].shows(func(o *Observation) { o.Vote = 4 })
		}, ""},
		{"a vote that was not on disk goes with a crash, its term is", func(n []*fake) {
			n[1].follows(5)
			n[1].shows(func(o *Observation) { o.Vote = 2 })
			n[1].crashes()
			n[1].boots()
			n[1].shows(func(o *Observation) { o.Vote = 3 })
		}, ""},
		{"what was not known to be on disk was", func(n []*fake) {
			n[1].follows(1)
			n[1].crashes()
			n[1].bootsWith(func(o *Observation) { o.DurableTerm, o.DurableVote = 2, 3 })
		}, ""},
		{"the term on disk goes back", func(n []*fake) {
			n[1].follows(5)
			n[1].shows(func(o *Observation) { o.DurableTerm = 4 })
		}, "n1 had term 5 on its disk, and now has term 4"},
		{"the term on disk goes back in a restart", func(n []*fake) {
			n[1].follows(5)
			n[1].crashes()
			n[1].bootsWith(func(o *Observation) { o.DurableTerm = 4 })
		}, "n1 had term 5 on its disk, and now has term 4"},
		{"the vote on disk is taken back", func(n []*fake) {
			n[1].follows(5)
			n[1].votes(n[2])
			n[1].crashes()
			n[1].bootsWith(func(o *Observation) { o.DurableVote = raft.None })
		}, "n1 had a vote for n2 in term 5 on its disk, and now has term 5 and no vote there"},
		{"the vote on disk changes", func(n []*fake) {
			n[1].follows(5)
			n[1].votes(n[2])
			n[1].votes(n[3])
		}, "n1 had a vote for n2 in term 5 on its disk, and now has term 5 and a vote for n3 there"},
		{"the vote in memory changes", func(n []*fake) {
			n[1].hears(5)
			n[1].shows(func(o *Observation) { o.Vote = 2 })
			n[1].shows(func(o *Observation) { o.Vote = 3 })
		}, "n1 changed its vote in term 5 from n2 to n3"},
		{"the disk is ahead", func(n []*fake) {
			n[1].shows(func(o *Observation) { o.DurableTerm = 5 })
		}, "n1 is in term 0, but its disk holds term 5"},
		{"the disk holds another vote", func(n []*fake) {
			n[1].hears(5)
			n[1].shows(func(o *Observation) { o.Vote, o.DurableTerm, o.DurableVote = 2, 5, 3 })
		}, "n1 goes by a vote for n2 in term 5, but its disk holds one for n3"},
		{"a wiped disk begins anew", func(n []*fake) {
			n[1].follows(5)
			n[1].votes(n[2])
			n[1].wiped()
			n[1].joins(77)
			n[1].follows(5)
			n[1].votes(n[3])
		}, ""},
	}.run(t, "durable-state")
}
