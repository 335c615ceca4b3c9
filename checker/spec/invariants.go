package spec

import "fmt"

// Invariant is what has to hold in every state, or of every step.
type Invariant struct {
	Name string
	// State says what is wrong with a state, "" for nothing; nil when the invariant is about steps.
	State func(s *State) string
	// Step says what is wrong with a step.
	Step func(was, is *State) string
}

// Invariants are those of Figure 3 of the Raft paper first. The caller owns the slice.
func Invariants() []Invariant {
	return []Invariant{
		{Name: "ElectionSafety", State: electionSafety},
		{Name: "LeaderAppendOnly", Step: leaderAppendOnly},
		{Name: "LogMatching", State: logMatching},
		{Name: "LeaderCompleteness", State: leaderCompleteness},
		{Name: "StateMachineSafety", State: stateMachineSafety},
		{Name: "CommittedNeverChanges", Step: committedNeverChanges},
		{Name: "VoteNeverChanges", Step: voteNeverChanges},
		{Name: "ReadsSeeWhatWasCommitted", State: readsSeeCommitted},
		{Name: "LeasesExcludeElections", State: leasesExcludeElections},
	}
}

// electionSafety is: at most one leader is elected in a term.
func electionSafety(s *State) string {
	for term, leaders := range s.Leaders {
		if leaders.Len() > 1 {
			return fmt.Sprintf("%d servers led term %d", leaders.Len(), term)
		}
	}
	return ""
}

// leaderAppendOnly is: a leader only adds to its log.
func leaderAppendOnly(was, is *State) string {
	for k := range was.Servers {
		a, b := &was.Servers[k], &is.Servers[k]
		if a.Role == Leader && b.Role == Leader && a.Term == b.Term && !b.Log.Holds(&a.Log, a.Log.Len) {
			return fmt.Sprintf("%v, leader of term %d, lost an entry", Node(k+1), a.Term)
		}
	}
	return ""
}

// logMatching is: logs that hold an entry of the same index and term are the same up to there.
func logMatching(s *State) string {
	for k := range s.Servers {
		for j := range k {
			a, b := &s.Servers[k].Log, &s.Servers[j].Log
			same := true
			for i := Index(1); i <= min(a.Len, b.Len); i++ {
				same = same && a.At(i) == b.At(i)
				if !same && a.At(i).Term == b.At(i).Term {
					return fmt.Sprintf("%v and %v hold an entry of term %d at index %d, and other logs", Node(j+1), Node(k+1), a.At(i).Term, i)
				}
			}
		}
	}
	return ""
}

// leaderCompleteness is: what was committed in a term is in the log of the leader of every later one.
func leaderCompleteness(s *State) string {
	for k := range s.Servers {
		v := &s.Servers[k]
		for i := Index(1); v.Role == Leader && i <= s.Committed.Len; i++ {
			if s.CommittedIn[i-1] < v.Term && v.Log.At(i) != s.Committed.At(i) {
				return fmt.Sprintf("%v leads term %d without the entry at index %d, committed in term %d", Node(k+1), v.Term, i, s.CommittedIn[i-1])
			}
		}
	}
	return ""
}

// stateMachineSafety is: what commit indexes cover is the same everywhere.
func stateMachineSafety(s *State) string {
	for k := range s.Servers {
		if v := &s.Servers[k]; v.Commit > v.Log.Len || !s.Committed.Holds(&v.Log, v.Commit) {
			return fmt.Sprintf("%v committed another log up to index %d than the one that was", Node(k+1), v.Commit)
		}
	}
	return ""
}

// committedNeverChanges is: what a server's commit index covers stays as it is, and so does the index, but for a restart.
func committedNeverChanges(was, is *State) string {
	if !is.Committed.Holds(&was.Committed, was.Committed.Len) {
		return "the committed log changed"
	}
	if was.Restarts != is.Restarts {
		return ""
	}
	for k := range was.Servers {
		a, b := &was.Servers[k], &is.Servers[k]
		if b.Commit < a.Commit || !b.Log.Holds(&a.Log, a.Commit) {
			return fmt.Sprintf("%v lost what it had committed up to index %d", Node(k+1), a.Commit)
		}
	}
	return ""
}

// voteNeverChanges is: a vote on the disk is for one server in a term, and terms there only grow.
func voteNeverChanges(was, is *State) string {
	for k := range was.Servers {
		a, b := &was.Servers[k].Disk, &is.Servers[k].Disk
		if b.Term < a.Term || b.Term == a.Term && a.Vote != Nobody && a.Vote != b.Vote {
			return fmt.Sprintf("%v took back its vote for %v in term %d", Node(k+1), a.Vote, a.Term)
		}
	}
	return ""
}

// readsSeeCommitted is: a read sees all that was committed when it was asked for.
func readsSeeCommitted(s *State) string {
	if m := s.Missed; m.Server != Nobody {
		return fmt.Sprintf("%v served a read with what it had applied up to index %d, and index %d was committed before it was asked for", m.Server, m.Applied, m.Committed)
	}
	return ""
}

// leasesExcludeElections is: while a majority keeps what it promised a leader, nobody leads a later term.
func leasesExcludeElections(s *State) string {
	for k := range s.Servers {
		v, who := &s.Servers[k], promised(s, Node(k+1))
		if v.Role != Leader || who == SetOf(Node(k+1)) || !s.Configuration(Node(k+1)).Agree(who) {
			continue
		}
		for term := int(v.Term) + 1; term < len(s.Leaders); term++ {
			if s.Leaders[term] != 0 {
				return fmt.Sprintf("term %d was led while a majority keeps to %v, leader of term %d", term, Node(k+1), v.Term)
			}
		}
	}
	return ""
}
