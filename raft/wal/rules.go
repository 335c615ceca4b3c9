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

// checkEntry holds an entry to follow the one at last, which is of lastTerm, not to be of a term
// that the node had not reached, and to be of a kind there is.
func checkEntry(last raft.Index, lastTerm, current raft.Term, e *raft.Entry) string {
	switch {
	case e.Index == 0 || e.Index != last+1:
		return fmt.Sprintf("entry %d does not follow entry %d", e.Index, last)
	case e.Term < lastTerm:
		return fmt.Sprintf("entry %d is of term %d, the one before it of term %d", e.Index, e.Term, lastTerm)
	case e.Term > current:
		return fmt.Sprintf("entry %d is of term %d, above the hard state's term %d", e.Index, e.Term, current)
	case e.Kind > raft.EntryConfiguration:
		return fmt.Sprintf("entry %d is of kind %d, which this version does not know", e.Index, e.Kind)
	}
	return ""
}

// checkBase holds a base to be beyond the one there is, and not of a term that the node had not reached.
func checkBase(from, to base, current raft.Term) string {
	switch {
	case to.index < from.index || to.index == 0:
		return fmt.Sprintf("the base goes back from entry %d to entry %d", from.index, to.index)
	case to.term < from.term || to.index == from.index && to.term != from.term:
		return fmt.Sprintf("the base goes from entry %d of term %d to entry %d of term %d", from.index, from.term, to.index, to.term)
	case to.term == 0 || to.term > current:
		return fmt.Sprintf("the base, entry %d, is of term %d, and the hard state of term %d", to.index, to.term, current)
	}
	return ""
}
