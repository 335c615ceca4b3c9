package raft

import (
	"strconv"

	"raftsim/raft/quorum"
)

// NodeID names a member of the cluster. Identifiers start at 1; [None] is nobody.
type NodeID uint64

// None is the NodeID of nobody: no vote cast, no leader known.
const None NodeID = 0

// String returns the name that scenario files and log lines use: "n1" for 1.
func (id NodeID) String() string {
	if id == None {
		return "none"
	}
	return "n" + strconv.FormatUint(uint64(id), 10)
}

// Term is a logical clock that numbers elections (Raft paper §5.1). Terms start
// at 1; 0 is the term of a node that has never heard of an election.
type Term uint64

// Index is the place of an entry in the log. Indexes start at 1; 0 is the place
// before the first entry.
type Index = quorum.Index

// Role is what a node is within its current term (Raft paper §5.1, Figure 4).
type Role uint8

// The roles of the paper.
const (
	Follower Role = iota
	// PreCandidate asks whether it could win before it disturbs anybody (Raft dissertation §9.6).
	PreCandidate
	Candidate
	Leader
)

// String returns the role in lower case.
func (r Role) String() string {
	switch r {
	case Follower:
		return "follower"
	case PreCandidate:
		return "pre-candidate"
	case Candidate:
		return "candidate"
	case Leader:
		return "leader"
	}
	return "role(" + strconv.Itoa(int(r)) + ")"
}

// EntryKind says what an entry is for.
type EntryKind uint8

// Kinds of entry.
const (
	// EntryNoop is the empty entry a leader writes at the start of its term, so
	// that it can commit what earlier terms left behind (Raft paper §8).
	EntryNoop EntryKind = iota
	// EntryCommand carries a command for the state machine.
	EntryCommand
	// EntryConfiguration carries an encoded [Configuration], in force from when it is appended (Raft
	// dissertation §4.1).
	EntryConfiguration
)

// Entry is one slot of the replicated log. Data is shared, not copied, between
// the log, messages and the state machine: nobody alters it once proposed.
type Entry struct {
	Index Index
	Term  Term
	Kind  EntryKind
	Data  []byte
}

// Size is the number of bytes the entry counts for in flow control: its data
// and a fixed overhead for what surrounds it.
func (e *Entry) Size() int { return entryOverhead + len(e.Data) }

const entryOverhead = 24

// HardState is what a node must have on its disk before it answers anyone
// (Raft paper Figure 2, "persistent state on all servers", besides the log).
type HardState struct {
	// Term is the latest term the node has seen.
	Term Term
	// Vote is whom the node voted for in Term, or None.
	Vote NodeID
}

// Birth is what a node writes to its disk before anything else.
type Birth struct {
	// Cluster names the cluster, so that a message of another one is told apart; any number.
	Cluster uint64
	// Incarnation is the node's own.
	Incarnation Incarnation
	// Configuration is that of the cluster when it began, for those it began with; nobody for a node that joins.
	Configuration Configuration
}

// Snapshot is what a state machine held once it had applied the entry at Index, in place of the log up to
// there (Raft paper §7). It is never altered once made.
type Snapshot struct {
	// Index and Term are of the last entry it stands for.
	Index Index
	Term  Term
	// Configuration is the latest as of Index.
	Configuration Configuration
	// Data is the state machine's.
	Data []byte
}

// Ticket numbers a request to make something durable. Tickets grow by one for
// each request; 0 means that nothing was asked.
type Ticket uint64
