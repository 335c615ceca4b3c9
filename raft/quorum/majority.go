// Package quorum knows majorities and nothing else: how many make one, and up to
// which index one of them agrees.
package quorum

// Index is the place of an entry in the log; package raft calls it raft.Index.
type Index uint64

// Majority is the smallest number of n voters that overlaps with every other
// such number of them (Raft paper §5.2): n/2 + 1.
func Majority(n int) int { return n/2 + 1 }

// Committed returns the highest index that a majority has reached, given how far each
// voter has (Raft paper §5.3). No voters have reached 0. It reorders match.
func Committed(match []Index) Index {
	// Insertion sort, falling: clusters are small and nearly always nearly sorted.
	for i := 1; i < len(match); i++ {
		m, k := match[i], i
		for ; k > 0 && match[k-1] < m; k-- {
			match[k] = match[k-1]
		}
		match[k] = m
	}
	if len(match) == 0 {
		return 0
	}
	return match[Majority(len(match))-1]
}
