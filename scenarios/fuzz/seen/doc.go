// Package seen makes abstract states visible to the coverage that Go's own fuzzer is guided by: each of them is a branch of a
// switch, so that an input which brings a cluster into a state that none before had been in has covered code that none before
// had, and is kept and mutated.
//
// The switch, in switch.go, is generated: thousands of cases, each empty and a block of its own, among which states are spread by their
// hash. Two states may share a case. Outside of `go test -fuzz` the compiler leaves nothing of it.
package seen

//go:generate go run ./generate
