package checker_test

import (
	"fmt"
	"time"

	"raftsim/checker"
	"raftsim/raft"
)

// Three nodes boot; n1 is elected in term 1 and n3, who should know better, in the same one.
func ExampleChecker() {
	c, err := checker.New(3, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	at := checker.Moment{}
	see := func(o checker.Observation) {
		at.Event++
		at.At += 5 * time.Millisecond
		if v := c.Observe(at, &o); v != nil {
			fmt.Printf("%v (t=%v, event %d)\n", v, v.At, v.Event)
		}
	}
	for id := raft.NodeID(1); id <= 3; id++ {
		see(checker.Observation{Node: id, Boot: 1, Changed: 1})
	}
	for _, id := range []raft.NodeID{1, 3} {
		see(checker.Observation{
			Node: id, Boot: 1, Role: raft.Leader, Term: 1, Vote: id, DurableTerm: 1, DurableVote: id,
		})
	}
	fmt.Println("terms with a leader:", c.Elections())
	// Output:
	// election-safety: n1 and n3 both lead term 1 (t=25ms, event 5)
	// terms with a leader: 1
}
