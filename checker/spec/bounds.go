package spec

import (
	"fmt"
	"strings"
)

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

// String tells the bounds in words.
func (b *Bounds) String() string {
	count := func(n int, one string) string {
		if n == 1 {
			return "1 " + one
		}
		if one == "entry" {
			return fmt.Sprintf("%d entries", n)
		}
		return fmt.Sprintf("%d %ss", n, one)
	}
	parts := []string{count(b.Servers, "server")}
	if b.Voters != 0 {
		parts = append(parts, "at first "+count(b.Voters.Len(), "voter"))
	}
	parts = append(parts, count(int(b.Terms), "term"), count(int(b.Entries), "entry"), count(b.Messages, "message"))
	for _, more := range []struct {
		there bool
		words string
	}{
		{b.Restarts > 0, count(b.Restarts, "restart")},
		{!b.Prompt, "disks that write later"},
		{b.StepDowns, "giving up"},
		{b.Snapshots, "snapshots"},
		{b.Reads > 0, count(b.Reads, "read")},
		{b.Leases, "leases"},
		{len(b.Configurations) > 0, count(len(b.Configurations), "other configuration")},
	} {
		if more.there {
			parts = append(parts, more.words)
		}
	}
	return strings.Join(parts, ", ")
}
