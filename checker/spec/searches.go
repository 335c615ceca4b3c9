package spec

// Bounded is a search that is made again and again: the tests know how many states it finds.
type Bounded struct {
	Name   string
	Bounds Bounds
	// Begin are the steps to where it begins, for [Follow]; "" is [Init].
	Begin string
}

// oneRead is how n1 comes to lead term 1, commits an entry with n2, and begins a round for a read, which n2 answers.
const oneRead = "Timeout(n1) RequestVote(n1,n2) UpdateTerm(n2) HandleRequestVoteRequest(n2,n1) HandleRequestVoteResponse(n1,n2) BecomeLeader(n1) " +
	"ClientRequest(n1) AppendEntries(n1,n2) HandleAppendEntriesRequest(n2,n1) HandleAppendEntriesResponse(n1,n2) AdvanceCommitIndex(n1) " +
	"ReadRequest(n1) ReadIndex(n1) ConfirmLeader(n2,n1) "

// Searches are those that take seconds, each of which visits all there is. Together they take every action. The caller owns the slice.
func Searches() []Bounded {
	return []Bounded{
		{"elections-and-logs", Bounds{Servers: 3, Terms: 2, Entries: 1, Messages: 5, Prompt: true}, ""},
		{"restarts", Bounds{Servers: 3, Terms: 1, Entries: 1, Messages: 5, Restarts: 1}, ""},
		{"giving-up", Bounds{Servers: 2, Terms: 2, Entries: 1, Messages: 7, Prompt: true, StepDowns: true}, ""},
		{"snapshots", Bounds{Servers: 2, Terms: 2, Entries: 2, Messages: 8, Prompt: true, Snapshots: true}, ""},
		{"one-voter-more", Bounds{Servers: 3, Voters: SetOf(1, 2), Terms: 1, Entries: 2, Messages: 7, Prompt: true,
			Configurations: []Set{SetOf(1, 2, 3)}}, ""},
		{"joint-consensus", Bounds{Servers: 2, Voters: SetOf(1), Terms: 2, Entries: 3, Messages: 5, Prompt: true,
			Configurations: []Set{SetOf(2)}}, ""},
		{"two-reads", Bounds{Servers: 2, Terms: 1, Entries: 1, Messages: 8, Prompt: true, Reads: 2}, ""},
		{"a-read-over-two-terms", Bounds{Servers: 2, Terms: 2, Entries: 1, Messages: 7, Prompt: true, Reads: 1}, ""},
		{"a-read-where-another-is-elected", Bounds{Servers: 3, Terms: 2, Entries: 1, Messages: 7, Prompt: true, Reads: 1}, oneRead},
		{"a-read-by-lease", Bounds{Servers: 3, Terms: 2, Entries: 1, Messages: 7, Prompt: true, Reads: 1, Leases: true}, oneRead},
	}
}

// LargeSearches look farther, which takes half a minute or so and a gigabyte. The caller owns the slice.
func LargeSearches() []Bounded {
	return []Bounded{
		{"many-restarts", Bounds{Servers: 3, Terms: 2, Entries: 1, Messages: 4, Restarts: 1}, ""},
		{"many-elections", Bounds{Servers: 3, Terms: 2, Entries: 1, Messages: 8, Prompt: true}, ""},
	}
}

// Search makes the search.
func (s *Bounded) Search() (Found, error) {
	from, err := Follow(&s.Bounds, Actions(), s.Begin)
	if err != nil {
		return Found{}, err
	}
	return Search(from, &s.Bounds, Actions()), nil
}
