package spec

// The guards that actions rest on. They are generic so that package checker, whose terms are wide, goes by the very same
// ones that the search has tried.

// number is a term or an index.
type number interface {
	~uint8 | ~uint64
}

// Majority says whether so many of so many are one: any two share a member.
func Majority(have, of int) bool { return 2*have > of }

// UpToDate says whether a log that ends in an entry of that index and term is at least as up-to-date as one that ends in
// the other entry (Raft paper §5.4.1; logOk of HandleRequestVoteRequest).
func UpToDate[T, I number](term T, index I, otherTerm T, otherIndex I) bool {
	return term > otherTerm || term == otherTerm && index >= otherIndex
}

// MayVote says whether a vote can be given: it is for the term the voter is in, whose vote there is still free or given to the same
// (HandleRequestVoteRequest).
func MayVote[T number, N comparable](asked, current T, vote, nobody, candidate N) bool {
	return asked == current && (vote == nobody || vote == candidate)
}

// CommitsByCounting says whether a leader may commit an entry because a majority has it: those of earlier terms are
// committed only along with one of its own (Raft paper §5.4.2; AdvanceCommitIndex).
func CommitsByCounting[T number](entry, current T) bool { return entry == current }

// KnowsCommitted says whether a leader knows of all that earlier ones have committed: once the entry at its commit index is of its
// own term (dissertation §6.4).
func KnowsCommitted[T number](committed, current T) bool { return committed == current && current != 0 }

// ConfirmsRead says whether the answer to a round of heartbeats shows that the leader was still followed after a read was noted: the
// round was begun for it, or later (dissertation §6.4).
func ConfirmsRead[R number](answered, noted R) bool { return answered >= noted }

// MayServe says whether a state machine has taken in what a read has to see (dissertation §6.4).
func MayServe[I number](applied, index I) bool { return applied >= index }

// MayElect says whether a server is free to vote for another than the leader it has promised to keep to, or to stand itself
// (dissertation §6.4.1): the promise is over.
func MayElect[T number](promise T) bool { return promise == 0 }
