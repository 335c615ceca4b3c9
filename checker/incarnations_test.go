package checker

import (
	"testing"

	"raftsim/raft"
)

func TestIncarnations(t *testing.T) {
	// known has n2 be of the first incarnation, and n6 wait to join.
	known := func(n []*fake) {
		n[2].crashes()
		n[2].joins(raft.FirstIncarnation)
	}
	scripts{
		{"a node comes back as the one it was", func(n []*fake) {
			known(n)
			n[2].crashes()
			n[2].boots()
		}, ""},
		{"a node comes back from a wiped disk as another, twice", func(n []*fake) {
			known(n)
			n[2].wiped()
			n[2].joins(77)
			n[2].crashes()
			n[2].boots()
			n[2].wiped()
			n[2].wiped()
			n[2].joins(78)
		}, ""},
		{"a node that does not tell", func(n []*fake) {
			known(n)
			n[2].wiped()
			n[2].joins(0)
		}, ""},
		{"a disk that was not wiped has another", func(n []*fake) {
			known(n)
			n[2].crashes()
			n[2].joins(77)
		}, "n2 was incarnation 1 and came back as 77, though its disk was not wiped"},
		{"a node crashes before it is on its disk that it was born", func(n []*fake) {
			known(n)
			n[2].wiped()
			n[2].joins(77)
			n[2].crashes()
			n[2].joins(78)
		}, ""},
		{"a node that was born is another later", func(n []*fake) {
			known(n)
			n[2].wiped()
			n[2].joins(77)
			n[2].hears(5)
			n[2].syncs()
			n[2].crashes()
			n[2].joins(78)
		}, "n2 was incarnation 77 and came back as 78, though its disk was not wiped"},
		{"a wiped disk comes back as what was on it", func(n []*fake) {
			known(n)
			n[2].wiped()
			n[2].joins(raft.FirstIncarnation)
		}, "n2 came back from a wiped disk as incarnation 1, which it was before"},
		{"a wiped disk comes back as what was on it long before", func(n []*fake) {
			known(n)
			n[2].wiped()
			n[2].joins(77)
			n[2].wiped()
			n[2].joins(raft.FirstIncarnation)
		}, "n2 came back from a wiped disk as incarnation 1, which it was before"},
	}.run(t, "incarnations")
}
