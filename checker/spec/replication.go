package spec

// ClientRequest has a leader append an entry.
func ClientRequest(s *State, b *Bounds, i Node) bool { return appendOwn(s, b, i, Configuration{}) }

// appendOwn appends an entry of a leader's own term.
func appendOwn(s *State, b *Bounds, i Node, c Configuration) bool {
	v := s.At(i)
	if v.Role != Leader || v.Log.Len >= b.Entries {
		return false
	}
	v.Log.Append(Entry{v.Term, c})
	wrote(s, b, i)
	return true
}

// AppendEntries has a leader send the entry after an index, or none when there is none. It need not be on its own disk
// (dissertation §10.2.1).
func AppendEntries(s *State, _ *Bounds, i, j Node, prev Index) bool {
	v := s.At(i)
	if v.Role != Leader || prev < v.Base || prev > v.Log.Len {
		return false
	}
	m := Message{Kind: AppendEntriesRequest, From: i, To: j, Term: v.Term, Index: prev, LogTerm: v.Log.At(prev).Term}
	last := prev
	if prev < v.Log.Len {
		last++
		m.Entry = v.Log.At(last)
	}
	m.Commit = min(v.Commit, last)
	return s.send(m)
}

func eachPlace(s, next *State, b *Bounds, yield Yield) {
	for _, i := range b.nodes() {
		for _, j := range b.nodes() {
			for prev := Index(0); i != j && prev <= s.At(i).Log.Len; prev++ {
				if *next = *s; AppendEntries(next, b, i, j, prev) {
					yield(i, j)
				}
			}
		}
	}
}

// HandleAppendEntriesRequest takes an entry of the term's leader into the log, if what comes before it is there, and
// acknowledges it once that is on the disk.
func HandleAppendEntriesRequest(s *State, b *Bounds, m Message) bool {
	v := s.At(m.To)
	if m.Kind != AppendEntriesRequest || m.Term != v.Term || v.Role == Leader {
		return false
	}
	follow(v)
	if m.Index >= v.Base && (m.Index > v.Log.Len || v.Log.At(m.Index).Term != m.LogTerm) {
		return true // refused
	}
	match := m.Index
	if m.Entry.Term != 0 {
		match++
		if match > v.Base && v.Log.At(match).Term != m.Entry.Term { // it is a conflict, or not there
			if match > b.Entries {
				return false
			}
			v.Log = v.Log.Prefix(match - 1)
			v.Log.Append(m.Entry)
			wrote(s, b, m.To)
		}
	}
	v.Commit = max(v.Commit, min(m.Commit, match))
	s.record(v)
	return acknowledge(s, m.To, m.From, match)
}

// acknowledge answers that the log up to an index is the leader's and on the disk, when it is.
func acknowledge(s *State, j, leader Node, match Index) bool {
	v := s.At(j)
	if v.Disk.Term != v.Term || !v.Disk.Log.Holds(&v.Log, match) {
		return true
	}
	return s.send(Message{Kind: AppendEntriesResponse, From: j, To: leader, Term: v.Term, Index: match})
}

// HandleAppendEntriesResponse learns how far another log is the leader's.
func HandleAppendEntriesResponse(s *State, _ *Bounds, m Message) bool {
	v := s.At(m.To)
	if m.Kind != AppendEntriesResponse || m.Term != v.Term || v.Role != Leader {
		return false
	}
	match := &v.Match[m.From-1]
	*match = max(*match, m.Index)
	return true
}

// AdvanceCommitIndex has a leader commit what a majority has on its disks, itself included, by way of an entry of its own
// term.
func AdvanceCommitIndex(s *State, b *Bounds, i Node) bool {
	v := s.At(i)
	if v.Role != Leader {
		return false
	}
	to := agreed(s, b, i)
	if to <= v.Commit || !CommitsByCounting(v.Log.At(to).Term, v.Term) {
		return false
	}
	v.Commit = to
	s.record(v)
	return true
}

// agreed is up to where a majority has a leader's log.
func agreed(s *State, b *Bounds, i Node) Index {
	v, c := s.At(i), s.Configuration(i)
	for to := v.Log.Len; to > v.Commit; to-- {
		var have Set
		for _, j := range b.nodes() {
			if j != i && v.Match[j-1] >= to || j == i && v.Disk.Term == v.Term && v.Disk.Log.Holds(&v.Log, to) {
				have |= SetOf(j)
			}
		}
		if c.Agree(have) {
			return to
		}
	}
	return 0
}

// record puts what a server's commit index covers first into the history.
func (s *State) record(v *Server) {
	for i := s.Committed.Len + 1; i <= v.Commit; i++ {
		s.Committed.Append(v.Log.At(i))
		s.CommittedIn[i-1] = v.Term
	}
}
