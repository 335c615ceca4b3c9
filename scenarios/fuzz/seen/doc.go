// Package seen makes abstract states visible to the coverage that Go's own fuzzer is guided by: each of them is a branch of a
// switch, so that an input which brings a cluster into a state that none before had been in has covered code that none before
// had, and is kept and mutated.
//
// The switch, in switch.go, is generated: thousands of cases, each empty and a block of its own, among which states are spread by their
// hash. Two states may share a case. Outside of `go test -fuzz` the compiler leaves nothing of it.
//
// # What it is worth
//
// BenchmarkGuidance measures it. In one minute on a busy machine it came to 16,146 states a CPU minute with the switch and 19,493 without
// for FuzzTimeouts, 33,936 and 42,742 for FuzzFaults: so early nearly every schedule reaches states that none had, so that to tell them
// selects nothing, and each input that is kept costs go test some runs. In four minutes with -fuzzminimizetime=1x a schedule reached 3.3 new states
// with the switch and 1.8 without, and cost 2.7 times as much. The flag -unguided of package scenarios' tests switches it off.
package seen

//go:generate go run ./generate
