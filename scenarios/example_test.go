package scenarios_test

import (
	"context"
	"fmt"

	"raftsim/scenarios"
)

// One run of a scenario that is written in the program, and a sweep over some of its seeds.
func Example() {
	f, err := scenarios.Parse("split.yaml", []byte(`
name: split
duration: 4s
seeds: 1..10
cluster: {nodes: 5}
clients: {count: 2, rate: 50/s}
timeline:
  - during: 1s..3s
    partition: [[leader, follower], rest]
expect:
  - history: linearizable
  - {by: 2s, leader: elected}
  - {during: 2s..3s, commits: ">= 20"}
  - {by: end, replicas: identical}
  - sometimes: minority-leader-steps-down
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	r := f.Run(7, scenarios.Options{})
	fmt.Println(r.Line())

	s := scenarios.Sweep(context.Background(), []scenarios.Job{{File: f}}, scenarios.SweepOptions{}, func(r scenarios.Result) {
		if r.Verdict != scenarios.Pass {
			fmt.Printf("%s\n  replay: %s\n", r.Line(), r.Replay())
		}
	})
	fmt.Println(s.Runs, "runs,", s.Verdicts[scenarios.Pass], "passed, states not reached:", len(s.Unreached))
	// Output:
	// pass
	// 10 runs, 10 passed, states not reached: 0
}
