package spec

// Action is one of the relation's.
type Action struct {
	// Name is that of raft.tla, where there is one.
	Name string
	// Each makes next every state in turn that the action leads to from s, and calls yield, with the server whose
	// action it is and the other one that is concerned, if any. Whether next is within bounds is not asked here, only
	// that a log has room.
	Each func(s, next *State, b *Bounds, yield Yield)
}

// Yield is told whose action has led to the next state.
type Yield func(i, j Node)

// Actions are all there are. The caller owns the slice.
func Actions() []Action {
	return []Action{
		{"Restart", perServer(Restart)},
		{"Persist", perServer(Persist)},
		{"Timeout", perServer(Timeout)},
		{"StepDown", perServer(StepDown)},
		{"UpdateTerm", eachTerm},
		{"RequestVote", perPair(RequestVote)},
		{"HandleRequestVoteRequest", perMessage(HandleRequestVoteRequest)},
		{"HandleRequestVoteResponse", perMessage(HandleRequestVoteResponse)},
		{"BecomeLeader", perServer(BecomeLeader)},
		{"ClientRequest", perServer(ClientRequest)},
		{"AppendEntries", eachPlace},
		{"HandleAppendEntriesRequest", perMessage(HandleAppendEntriesRequest)},
		{"HandleAppendEntriesResponse", perMessage(HandleAppendEntriesResponse)},
		{"AdvanceCommitIndex", perServer(AdvanceCommitIndex)},
		{"DropStaleResponse", perMessage(DropStaleResponse)},
		{"TakeSnapshot", perServer(TakeSnapshot)},
		{"InstallSnapshot", perPair(InstallSnapshot)},
		{"HandleInstallSnapshotRequest", perMessage(HandleInstallSnapshotRequest)},
		{"ChangeConfiguration", eachConfiguration},
		{"LeaveJoint", perServer(LeaveJoint)},
		{"ReadRequest", perServer(ReadRequest)},
		{"ReadIndex", perServer(ReadIndex)},
		{"RequestReadIndex", perPair(RequestReadIndex)},
		{"HandleReadIndexRequest", perMessage(HandleReadIndexRequest)},
		{"ConfirmLeader", eachRound},
		{"HandleConfirmLeaderResponse", perMessage(HandleConfirmLeaderResponse)},
		{"ConfirmRead", perServer(ConfirmRead)},
		{"HandleReadIndexResponse", perMessage(HandleReadIndexResponse)},
		{"Apply", perServer(Apply)},
		{"ServeRead", perServer(ServeRead)},
		{"LeaseRead", perServer(LeaseRead)},
		{"EndPromise", perServer(EndPromise)},
	}
}

// The forms of an action: what it does to a state in place, saying whether it was enabled. One that was not may have
// left the state half changed.
type (
	ofServer  func(s *State, b *Bounds, i Node) bool
	ofPair    func(s *State, b *Bounds, i, j Node) bool
	ofMessage func(s *State, b *Bounds, m Message) bool
)

func perServer(do ofServer) func(s, next *State, b *Bounds, yield Yield) {
	return func(s, next *State, b *Bounds, yield Yield) {
		for _, i := range b.nodes() {
			if *next = *s; do(next, b, i) {
				yield(i, Nobody)
			}
		}
	}
}

func perPair(do ofPair) func(s, next *State, b *Bounds, yield Yield) {
	return func(s, next *State, b *Bounds, yield Yield) {
		for _, i := range b.nodes() {
			for _, j := range b.nodes() {
				if i == j {
					continue
				}
				if *next = *s; do(next, b, i, j) {
					yield(i, j)
				}
			}
		}
	}
}

// perMessage is for what a server does with a message it receives (Receive of raft.tla).
func perMessage(do ofMessage) func(s, next *State, b *Bounds, yield Yield) {
	return func(s, next *State, b *Bounds, yield Yield) {
		for k := range s.Messages {
			m := s.Sent[k]
			if *next = *s; do(next, b, m) {
				yield(m.To, m.From)
			}
		}
	}
}

// Restart has a server start again from its disk. What it promised a leader it keeps.
func Restart(s *State, b *Bounds, i Node) bool {
	if b.Restarts == 0 {
		return false
	}
	v := s.At(i)
	d := v.Disk
	*v = Server{Term: d.Term, Vote: d.Vote, Log: d.Log, Base: d.Base, Commit: d.Base, Disk: d, Promise: v.Promise}
	s.Restarts++
	return true
}

// Persist writes all a server has.
func Persist(s *State, _ *Bounds, i Node) bool {
	v := s.At(i)
	was := v.Disk
	v.Disk = Disk{Term: v.Term, Vote: v.Vote, Log: v.Log, Base: v.Base}
	return v.Disk != was
}

// wrote is for the end of an action that changed what has to be on the disk.
func wrote(s *State, b *Bounds, i Node) {
	if b.Prompt {
		Persist(s, b, i)
	}
}

// follow has a server be a follower.
func follow(v *Server) {
	v.Role, v.Granted, v.Match = Follower, 0, [MaxServers]Index{}
	v.Noted, v.Round, v.Confirmed = Inquiry{}, 0, [MaxServers]Round{}
}

// Timeout has a server that may decide something stand for election in a new term.
func Timeout(s *State, b *Bounds, i Node) bool {
	v := s.At(i)
	c := s.Configuration(i)
	if v.Role == Leader || !(c.Voters | c.Outgoing).Has(i) || v.Term >= b.Terms || !MayElect(v.Promise) {
		return false
	}
	follow(v)
	v.Role, v.Term, v.Vote = Candidate, v.Term+1, i
	wrote(s, b, i)
	return true
}

// StepDown has a server give up what it is in its term.
func StepDown(s *State, b *Bounds, i Node) bool {
	v := s.At(i)
	if !b.StepDowns || v.Role == Follower {
		return false
	}
	follow(v)
	return true
}

// UpdateTerm has a server enter a later term, which another is in or a message is of.
func UpdateTerm(s *State, b *Bounds, i Node, term Term) bool {
	v := s.At(i)
	if term <= v.Term {
		return false
	}
	follow(v)
	v.Term, v.Vote = term, Nobody
	wrote(s, b, i)
	return true
}

func eachTerm(s, next *State, b *Bounds, yield Yield) {
	var known [MaxTerm + 1]bool
	for _, j := range b.nodes() {
		known[s.At(j).Term] = true
	}
	for k := range s.Messages {
		known[s.Sent[k].Term] = true
	}
	for _, i := range b.nodes() {
		for term, is := range known {
			if !is {
				continue
			}
			if *next = *s; UpdateTerm(next, b, i, Term(term)) {
				yield(i, Nobody)
			}
		}
	}
}

// DropStaleResponse is to receive an answer of an earlier term: nothing happens.
func DropStaleResponse(s *State, _ *Bounds, m Message) bool {
	return (m.Kind == RequestVoteResponse || m.Kind == AppendEntriesResponse) && m.Term < s.At(m.To).Term
}
