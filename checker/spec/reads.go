package spec

// Reads that leave no entry in the log (dissertation §6.4), and leases (§6.4.1). raft.tla has neither.

// ReadRequest has a client ask a server for a read.
func ReadRequest(s *State, b *Bounds, i Node) bool {
	v := s.At(i)
	if int(s.Reads) >= b.Reads || v.Read.ID != 0 {
		return false
	}
	s.Reads++
	v.Read = Read{ID: ReadID(s.Reads), Floor: s.Committed.Len}
	return true
}

// ReadIndex has a leader note its commit index for a read of its own, and begin a round of heartbeats.
func ReadIndex(s *State, b *Bounds, i Node) bool {
	r := &s.At(i).Read
	return r.ID != 0 && !r.Known && note(s, b, i, i, r.ID)
}

// RequestReadIndex has a server ask another at which index a read may be made.
func RequestReadIndex(s *State, _ *Bounds, i, j Node) bool {
	v := s.At(i)
	if v.Role == Leader || v.Read.ID == 0 || v.Read.Known {
		return false
	}
	return s.send(Message{Kind: ReadIndexRequest, From: i, To: j, Read: v.Read.ID})
}

// HandleReadIndexRequest has a leader do for another server's read what ReadIndex does for its own.
func HandleReadIndexRequest(s *State, b *Bounds, m Message) bool {
	return m.Kind == ReadIndexRequest && note(s, b, m.To, m.From, m.Read)
}

// note has a leader note its commit index for a read, once that is no lower than any before its term.
func note(s *State, b *Bounds, i, from Node, id ReadID) bool {
	v := s.At(i)
	if v.Role != Leader || v.Noted.From != Nobody || !committedOwn(v) || int(v.Round) >= b.Reads {
		return false
	}
	v.Round++
	v.Noted = Inquiry{From: from, ID: id, Index: v.Commit, Round: v.Round}
	return true
}

// ConfirmLeader has a server answer a heartbeat of its term's leader, be it of the last round or of an earlier one. With leases it
// promises to elect no other.
func ConfirmLeader(s *State, b *Bounds, j, leader Node, round Round) bool {
	v, l := s.At(j), s.At(leader)
	if l.Role != Leader || l.Term != v.Term || round > l.Round {
		return false
	}
	if b.Leases {
		v.Promise = v.Term
	}
	return s.send(Message{Kind: ConfirmLeaderResponse, From: j, To: leader, Term: v.Term, Round: round})
}

func eachRound(s, next *State, b *Bounds, yield Yield) {
	for _, j := range b.nodes() {
		for _, i := range b.nodes() {
			for round := Round(1); i != j && round <= s.At(i).Round; round++ {
				if *next = *s; ConfirmLeader(next, b, j, i, round) {
					yield(j, i)
				}
			}
		}
	}
}

// HandleConfirmLeaderResponse learns that another server was in the leader's term after a round was begun.
func HandleConfirmLeaderResponse(s *State, _ *Bounds, m Message) bool {
	v := s.At(m.To)
	if m.Kind != ConfirmLeaderResponse || m.Term != v.Term || v.Role != Leader {
		return false
	}
	last := &v.Confirmed[m.From-1]
	*last = max(*last, m.Round)
	return true
}

// ConfirmRead has a leader say at which index a read may be made, now that a majority has answered the round it began for it, or a
// later one.
func ConfirmRead(s *State, b *Bounds, i Node) bool {
	v := s.At(i)
	acks := SetOf(i)
	for _, j := range b.nodes() {
		if j != i && ConfirmsRead(v.Confirmed[j-1], v.Noted.Round) {
			acks |= SetOf(j)
		}
	}
	return v.Noted.From != Nobody && s.Configuration(i).Agree(acks) && tell(s, i)
}

// LeaseRead has a leader say so although nobody was asked, while a majority keeps to its promise. It cannot see that; what tells it
// are clocks, of which there are none here: that its lease is over before any promise is that it rests on is for whoever
// reckons with them.
func LeaseRead(s *State, b *Bounds, i Node) bool {
	return b.Leases && s.At(i).Noted.From != Nobody && s.Configuration(i).Agree(promised(s, i)) && tell(s, i)
}

// promised are those who keep to a leader, itself included.
func promised(s *State, i Node) Set {
	who := SetOf(i)
	for k := range s.Servers {
		if s.Servers[k].Promise == s.At(i).Term {
			who |= SetOf(Node(k + 1))
		}
	}
	return who
}

// tell has a leader pass on the index that it noted.
func tell(s *State, i Node) bool {
	v := s.At(i)
	q := v.Noted
	v.Noted = Inquiry{}
	if q.From != i {
		return s.send(Message{Kind: ReadIndexResponse, From: i, To: q.From, Index: q.Index, Read: q.ID})
	}
	learn(v, q.ID, q.Index)
	return true
}

// HandleReadIndexResponse learns at which index a read may be made, when it is the one that the server was asked for.
func HandleReadIndexResponse(s *State, _ *Bounds, m Message) bool {
	return m.Kind == ReadIndexResponse && learn(s.At(m.To), m.Read, m.Index)
}

func learn(v *Server, id ReadID, index Index) bool {
	if v.Read.ID != id {
		return false
	}
	v.Read.Known, v.Read.Index = true, index
	return true
}

// Apply has a state machine take in an entry.
func Apply(s *State, b *Bounds, i Node) bool {
	v := s.At(i)
	if b.Reads == 0 || v.applied() >= v.Commit {
		return false
	}
	v.Applied = v.applied() + 1
	return true
}

// applied is up to where a state machine is: what a snapshot stands for it holds.
func (v *Server) applied() Index { return max(v.Applied, v.Base) }

// ServeRead has a server answer its client, with what its state machine holds.
func ServeRead(s *State, _ *Bounds, i Node) bool {
	r := &s.At(i).Read
	return r.Known && MayServe(s.At(i).applied(), r.Index) && serve(s, i)
}

func serve(s *State, i Node) bool {
	v := s.At(i)
	if seen := v.applied(); seen < v.Read.Floor && s.Missed.Server == Nobody {
		s.Missed = Missed{i, seen, v.Read.Floor}
	}
	v.Read = Read{}
	return true
}

// EndPromise has a server be free to elect another: its promise has run out, or the leader has let it go by handing over.
func EndPromise(s *State, _ *Bounds, i Node) bool {
	v := s.At(i)
	was := v.Promise
	v.Promise = 0
	return was != 0
}
