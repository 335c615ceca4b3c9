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
