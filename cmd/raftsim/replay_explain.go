package main

import "raftsim/scenarios"

// explain tells what led to the violation of a run, if there was one.
func explain(s streams, file scenarios.File, seed uint64, o scenarios.Options) {
	x := file.Explain(seed, o)
	if len(x.Lines) == 0 {
		return
	}
	s.printf("what led to it:\n")
	for _, line := range x.Lines {
		s.printf("%s  #%-6d %s\n", clock(line.At), line.Event, line.Text)
	}
	s.printf("%s left out; --trace prints every one, --step goes through them\n", left(x.LeftOut))
}

func left(n uint64) string {
	if n == 1 {
		return "1 other event is"
	}
	return count(n, "other event") + " are"
}
