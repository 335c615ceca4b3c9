package wal

import (
	"fmt"

	"raftsim/raft"
)

// What a log may hold. Save refuses what breaks these, so a log that does was not written by Save, and Open
// takes it for damage. Each returns what is wrong, or "".

// checkHardState holds one hard state to be what a node may go to from another (Raft paper Figure 2: the term
// never decreases, and there is one vote in a term).
func checkHardState(from, to raft.HardState) string {
	switch {
	case to.Term < from.Term:
		return fmt.Sprintf("the term goes back from %d to %d", from.Term, to.Term)
	case to.Term == from.Term && from.Vote != raft.None && to.Vote != from.Vote:
		return fmt.Sprintf("the vote in term %d changes from %s to %s", to.Term, from.Vote, to.Vote)
	}
	return ""
}

// checkEntry holds an entry to follow the one at last, which is of lastTerm, and not to be of a term
// that the node had not reached.
func checkEntry(last raft.Index, lastTerm, current raft.Term, index raft.Index, term raft.Term) string {
	switch {
	case index == 0 || index != last+1:
		return fmt.Sprintf("entry %d does not follow entry %d", index, last)
	case term < lastTerm:
		return fmt.Sprintf("entry %d is of term %d, the one before it of term %d", index, term, lastTerm)
	case term > current:
		return fmt.Sprintf("entry %d is of term %d, above the hard state's term %d", index, term, current)
	}
	return ""
}
