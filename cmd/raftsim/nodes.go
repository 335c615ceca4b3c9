package main

import "raftsim/scenarios"

// printNodes prints every node's state where a replay stopped.
func printNodes(s streams, r *scenarios.Run) {
	s.printf("at %v, after event %d\n", r.Now(), r.Event())
	for _, v := range r.Nodes() {
		s.printf("%v\n", v)
	}
}
