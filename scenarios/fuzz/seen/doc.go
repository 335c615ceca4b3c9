// Package seen makes abstract states visible to the coverage that Go's own fuzzer is guided by: a run that was worth it, for the states
// that it was the first to reach, covers a case of a switch that none before had covered, so that its input is kept and mutated.
//
// # How
//
// Go's fuzzer keeps each input that covers a new branch, or one a new number of times, and gives all that it keeps the same share. A case for
// each state would have it keep nearly every input, since nearly every run reaches states that none had. So a [Judge] tells runs that reached
// more of them than others for what they cost, and the first of its new states decides which case of the switch, in switch.go, [Show] covers and
// how often. The switch is generated: each case is empty and a block of its own. Two states may share a case. Outside of
// `go test -fuzz` the compiler leaves nothing of it.
//
// The judge is in a process of its own, beside each worker of go test, and plays there (see scenarios/fuzz_player_test.go): the branches
// of a world count as covered in the process where it is played, each a number of times that is all but random, and would have go test keep
// every fourth input for no reason. It follows that go test is guided by states, and no more by code. The flag -unguided of package scenarios' tests has it
// guided by code alone.
//
// Go's fuzzer makes each input that it keeps shorter first, byte by byte and for up to a minute, in which time it tries no other. The
// fuzz tests of package scenarios switch that off where -fuzzminimizetime is not given, and pass over inputs with bytes that nothing depends on.
//
// # What it is worth
//
// BenchmarkGuidance measures it: abstract states that either way has reached in half a minute of CPU time, on one worker, for each CPU minute. With the
// switch it was ahead in each of five pairs for either test, on a machine that was busy with other things:
//
//	               with the switch             without it (-unguided)
//	FuzzFaults     211,000 to 406,000          142,000 to 253,000
//	FuzzTimeouts   63,000 to 107,000           38,000 to 57,000
//
// Neither made inputs shorter. Where go test does so, as it would by itself, FuzzFaults came to some 31,000 without the switch.
package seen

//go:generate go run ./generate
