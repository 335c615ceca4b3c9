// Package mutants proves the checks: it builds raftsim around cores with one deliberate fault each and hunts them
// with the shipped scenarios and the chaos-5 world. A fault that no run finds is a hole in the checks.
//
// # Use
//
// A [Mutant] is a small text file; those that ship lie beside this one. [Find] reads one, a [Checkout] builds it, a
// [Hunter] hunts it:
//
//	c, err := mutants.Open(".")
//	m, err := c.Find("quorum-third")
//	worlds, err := mutants.Worlds()
//	score, err := (&mutants.Hunter{Checkout: c, Worlds: worlds, Hunts: 10}).Hunt(ctx, m)
//
// # The file
//
// NAME.mutant says what is broken, where the fault comes from, and which property should see it; then, like a
// patch without line numbers, what is altered:
//
//	about: A third of the voters counts as a majority.
//	source: Raft paper §5.2
//	property: election-safety
//
//	--- raft/quorum/majority.go
//	-func Majority(n int) int { return n/2 + 1 }
//	+func Majority(n int) int { return n/3 + 1 }
//
// Values go on in lines that begin with a blank, comments begin with #. Lines of an edit begin with a blank (stays), a
// minus (goes) or a plus (comes); an empty line is one that stays. The lines that stay or go must stand in the file
// exactly once, together. A line @@ begins another edit of the same file, a line --- one of another.
//
// # Policy
//
// A run counts when it is a violation, and the same run of the shipped core is none. The fault is put in with the Go tool's -overlay: the source tree is not touched, and the shipped core has no
// place in it where a fault could be switched on. Where an altered package shows the same to those that import it, it is the only one
// that is compiled. What is built is kept in the user's cache folder under a hash of all that went into it. Building needs the Go tool and a checkout.
package mutants
