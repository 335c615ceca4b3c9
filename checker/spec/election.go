package spec

// RequestVote has a candidate ask another server for its vote. Its own is on its disk: one that forgot it could ask again in
// the same term with a shorter log.
func RequestVote(s *State, _ *Bounds, i, j Node) bool {
	v := s.At(i)
	c := s.Configuration(i)
	if v.Role != Candidate || !votedOnDisk(v, i) || !(c.Voters | c.Outgoing).Has(j) {
		return false
	}
	return s.send(Message{Kind: RequestVoteRequest, From: i, To: j, Term: v.Term, Index: v.Log.Len, LogTerm: v.Log.LastTerm()})
}

// votedOnDisk says whether a server's vote in its term is on its disk.
func votedOnDisk(v *Server, whom Node) bool { return v.Disk.Term == v.Term && v.Disk.Vote == whom }

// HandleRequestVoteRequest gives the vote, if it can be given, and answers once it is on the disk.
func HandleRequestVoteRequest(s *State, b *Bounds, m Message) bool {
	v := s.At(m.To)
	if m.Kind != RequestVoteRequest || !MayVote(m.Term, v.Term, v.Vote, Nobody, m.From) ||
		!UpToDate(m.LogTerm, m.Index, v.Log.LastTerm(), v.Log.Len) || !MayElect(v.Promise) {
		return false
	}
	v.Vote = m.From
	wrote(s, b, m.To)
	return !votedOnDisk(v, m.From) || s.send(Message{Kind: RequestVoteResponse, From: m.To, To: m.From, Term: m.Term})
}

// HandleRequestVoteResponse counts a vote.
func HandleRequestVoteResponse(s *State, _ *Bounds, m Message) bool {
	v := s.At(m.To)
	if m.Kind != RequestVoteResponse || m.Term != v.Term || v.Role != Candidate {
		return false
	}
	v.Granted |= SetOf(m.From)
	return true
}

// BecomeLeader has a candidate lead that a majority voted for, itself included once that is on its disk.
func BecomeLeader(s *State, _ *Bounds, i Node) bool {
	v := s.At(i)
	votes := v.Granted
	if votedOnDisk(v, i) {
		votes |= SetOf(i)
	}
	return v.Role == Candidate && s.Configuration(i).Agree(votes) && lead(s, i)
}

func lead(s *State, i Node) bool {
	v := s.At(i)
	follow(v)
	v.Role = Leader
	s.Leaders[v.Term] |= SetOf(i)
	return true
}
