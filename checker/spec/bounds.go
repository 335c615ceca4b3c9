package spec

// Bounds keep a search finite. A step that leads beyond them is not taken.
type Bounds struct {
	// Servers is how many there are, 1 to MaxServers; Voters are those the cluster begins with, all when empty.
	Servers int
	Voters  Set
	// Terms, Entries and Messages bound the highest term, the entries of a log, and the different messages ever sent.
	Terms    Term
	Entries  Index
	Messages int
	// Restarts bounds how often servers restart, all told.
	Restarts int
	// Prompt has everything on the disk at once, as in raft.tla.
	Prompt bool
	// StepDowns has servers give up by themselves.
	StepDowns bool
	// Snapshots has them taken.
	Snapshots bool
	// Reads is how many are asked for, and for how many a leader may find an index in its term, up to MaxReads.
	Reads int
	// Leases has who hears from a leader promise to elect no other for a while.
	Leases bool
	// Configurations are those that leaders may change to.
	Configurations []Set
}

// nodes are the servers there are.
func (b *Bounds) nodes() []Node { return allNodes[:b.Servers] }

var allNodes = [MaxServers]Node{1, 2, 3, 4}

// allow says whether a state is within the bounds.
func (b *Bounds) allow(s *State) bool {
	if int(s.Messages) > b.Messages || int(s.Restarts) > b.Restarts {
		return false
	}
	for k := range s.Servers {
		if v := &s.Servers[k]; v.Term > b.Terms || v.Log.Len > b.Entries {
			return false
		}
	}
	return true
}

// Init is the state a search begins in.
func Init(b *Bounds) State {
	var s State
	s.Initial.Voters = b.Voters
	if b.Voters == 0 {
		s.Initial.Voters = SetOf(b.nodes()...)
	}
	return s
}
