// Package quorum knows majorities and nothing else: how many make one, and up to
// which index one of them agrees.
package quorum

import "cmp"

// Index is the place of an entry in the log; package raft calls it raft.Index.
type Index uint64

// Majority is the smallest number of n voters that overlaps with every other
// such number of them (Raft paper §5.2): n/2 + 1.
func Majority(n int) int { return n/2 + 1 }

// Reached returns the highest value that a majority has reached, given how far each voter has; none when
// there are no voters. It reorders values.
func Reached[T cmp.Ordered](values []T, none T) T {
	// Insertion sort, falling: clusters are small and nearly always nearly sorted.
	for i := 1; i < len(values); i++ {
		v, k := values[i], i
		for ; k > 0 && values[k-1] < v; k-- {
			values[k] = values[k-1]
		}
		values[k] = v
	}
	if len(values) == 0 {
		return none
	}
	return values[Majority(len(values))-1]
}

// Committed returns the highest index that a majority has reached, given how far each
// voter has (Raft paper §5.3). No voters have reached 0. It reorders match.
func Committed(match []Index) Index { return Reached(match, 0) }
