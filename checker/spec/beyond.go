package spec

// TakeSnapshot has a server drop the log it has committed, for a snapshot (Raft paper §7). That is on the disk first.
func TakeSnapshot(s *State, b *Bounds, i Node) bool {
	v := s.At(i)
	if !b.Snapshots || v.Commit <= v.Base || v.Commit > v.Disk.Log.Len || !v.Disk.Log.Holds(&v.Log, v.Commit) {
		return false
	}
	v.Base = v.Commit
	v.Disk.Base = v.Commit
	return true
}

// InstallSnapshot has a leader send its snapshot.
func InstallSnapshot(s *State, b *Bounds, i, j Node) bool {
	v := s.At(i)
	if !b.Snapshots || v.Role != Leader || v.Base == 0 {
		return false
	}
	return s.send(Message{Kind: InstallSnapshotRequest, From: i, To: j, Term: v.Term, Index: v.Base, LogTerm: v.Log.At(v.Base).Term})
}

// HandleInstallSnapshotRequest commits what a snapshot stands for. It takes the place of the log, unless that holds its last entry
// (Raft paper Figure 13).
func HandleInstallSnapshotRequest(s *State, b *Bounds, m Message) bool {
	v := s.At(m.To)
	if m.Kind != InstallSnapshotRequest || m.Term != v.Term || v.Role == Leader {
		return false
	}
	follow(v)
	if m.Index > v.Commit {
		if v.Log.At(m.Index).Term != m.LogTerm {
			v.Log, v.Base = s.Committed.Prefix(m.Index), m.Index
		}
		v.Commit = m.Index
		wrote(s, b, m.To)
	}
	return acknowledge(s, m.To, m.From, m.Index)
}

// ChangeConfiguration has a leader append a configuration: the one before is committed and not joint, and an entry of its
// own term is (Ongaro, "bug in single-server membership changes", 2015). More than one voter at a time come and go by way
// of a joint one (Raft paper §6).
func ChangeConfiguration(s *State, b *Bounds, i Node, voters Set) bool {
	v := s.At(i)
	c, at := s.latest(&v.Log, v.Log.Len)
	if v.Role != Leader || voters == 0 || voters == c.Voters || c.Outgoing != 0 || at > v.Commit || !committedOwn(v) {
		return false
	}
	next := Configuration{Voters: voters}
	if (voters ^ c.Voters).Len() > 1 {
		next.Outgoing = c.Voters
	}
	return appendOwn(s, b, i, next)
}

// committedOwn says whether a leader has committed an entry of its term.
func committedOwn(v *Server) bool { return KnowsCommitted(v.Log.At(v.Commit).Term, v.Term) }

func eachConfiguration(s, next *State, b *Bounds, yield Yield) {
	for _, i := range b.nodes() {
		for _, voters := range b.Configurations {
			if *next = *s; ChangeConfiguration(next, b, i, voters) {
				yield(i, Nobody)
			}
		}
	}
}

// LeaveJoint has a leader append the configuration that a joint one leads to, once that is committed.
func LeaveJoint(s *State, b *Bounds, i Node) bool {
	v := s.At(i)
	c, at := s.latest(&v.Log, v.Log.Len)
	return c.Outgoing != 0 && at <= v.Commit && appendOwn(s, b, i, Configuration{Voters: c.Voters})
}
