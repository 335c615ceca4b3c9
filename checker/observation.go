package checker

import (
	"time"

	"raftsim/raft"
)

// Moment says when something was seen: which event of the run, and its time.
type Moment struct {
	// Event is the id of the event just handled.
	Event uint64
	// At is virtual time since the run began.
	At time.Duration
}

// Observation is what a node shows of itself after an event that touched it.
// The checker keeps none of what it points at.
type Observation struct {
	Node raft.NodeID
	// Boot counts the node's boots, from 1; it tells a node that came back from one that went on.
	Boot uint32
	// Incarnation is which node of its name it is, 0 when it does not tell.
	Incarnation raft.Incarnation
	Role        raft.Role
	Term        raft.Term
	// Vote is whom the node voted for in Term, or raft.None.
	Vote raft.NodeID

	// Base and BaseTerm are the last index, and its term, that a snapshot stands for in the node's log and that is
	// no longer in it; 0 when the log is whole. The snapshot is on the disk.
	Base     raft.Index
	BaseTerm raft.Term
	// LastIndex is the index of the last entry of the node's log, Base when there is none.
	LastIndex raft.Index
	// Changed is the lowest index that was written, rewritten or cut off since the node's last
	// observation, 0 when the log is as it was, Base apart: to drop a prefix is no change. On a boot, and when
	// a snapshot took the place of the log, it is Base+1: the log is as read from disk, or new.
	Changed raft.Index
	// Suffix holds the entries from Changed to LastIndex; it is empty when Changed is 0 or beyond LastIndex.
	Suffix []raft.Entry

	// DurableIndex is the last index up to which the node's log, as it stands, is on its disk. It may be below Base: what
	// a snapshot stands for is on the disk by way of that.
	DurableIndex raft.Index
	// DurableTerm and DurableVote are the hard state on its disk.
	DurableTerm raft.Term
	DurableVote raft.NodeID

	// Commit and Applied are the node's commit index and the last index its state machine took in.
	Commit  raft.Index
	Applied raft.Index

	// Configuration is the latest in the node's log, committed or not, or what it was born with: of nobody for a node that
	// waits to be added. It is nil when the node does not tell, and is not altered once shown.
	// ConfigurationIndex is the index of its entry, or that of the snapshot it came with; 0 for what it was born with.
	Configuration      *raft.Configuration
	ConfigurationIndex raft.Index
}

// PromiseKind says what a message that leaves a node promises.
type PromiseKind uint8

// Promises of durability (Raft paper Figure 2, "updated on stable storage before responding to RPCs").
const (
	// VotePromise: a vote for To in Term.
	VotePromise PromiseKind = iota + 1
	// EntryPromise: an acknowledgement to To, the leader of Term, that the log up to Index is as the leader's, or that
	// there is a snapshot in its place.
	EntryPromise
)

// Promise is what a message promises on behalf of the node that sends it.
type Promise struct {
	Kind PromiseKind
	Node raft.NodeID
	To   raft.NodeID
	Term raft.Term
	// Incarnation is which node of its name the sender is, 0 when that is not told.
	Incarnation raft.Incarnation
	// Index is for EntryPromise.
	Index raft.Index
}

// Violation is a property that did not hold.
type Violation struct {
	// Property is the property's name, as scenario files write it: "election-safety".
	Property string
	// Detail says in one line what was seen: "n2 and n4 both lead term 7".
	Detail string
	// Nodes are those concerned.
	Nodes []raft.NodeID
	Moment
}

// Error puts property and detail in one line.
func (v *Violation) Error() string { return v.Property + ": " + v.Detail }
