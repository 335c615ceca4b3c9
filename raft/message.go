package raft

import (
	"strconv"
	"time"
)

// MessageKind says which of its bodies a [Message] carries.
type MessageKind uint8

// Kinds of message. Each has one body of its own in [Message]; a field never
// means two things.
const (
	MsgRequestVote MessageKind = iota + 1
	MsgVoteReply
	MsgAppendEntries
	MsgAppendReply
	MsgRequestPreVote
	MsgPreVoteReply
	MsgReadIndex
	MsgReadIndexReply
	MsgTimeoutNow
	MsgInstallSnapshot
	MsgInstallReply
)

// String returns the name log lines use for the RPC.
func (k MessageKind) String() string {
	switch k {
	case MsgRequestVote:
		return "RequestVote"
	case MsgVoteReply:
		return "RequestVoteReply"
	case MsgAppendEntries:
		return "AppendEntries"
	case MsgAppendReply:
		return "AppendEntriesReply"
	case MsgRequestPreVote:
		return "RequestPreVote"
	case MsgPreVoteReply:
		return "RequestPreVoteReply"
	case MsgReadIndex:
		return "ReadIndex"
	case MsgReadIndexReply:
		return "ReadIndexReply"
	case MsgTimeoutNow:
		return "TimeoutNow"
	case MsgInstallSnapshot:
		return "InstallSnapshot"
	case MsgInstallReply:
		return "InstallSnapshotReply"
	}
	return "message(" + strconv.Itoa(int(k)) + ")"
}

// Reply says whether messages of the kind answer another, so that a log of calls leaves them out.
func (k MessageKind) Reply() bool {
	switch k {
	case MsgVoteReply, MsgAppendReply, MsgPreVoteReply, MsgReadIndexReply, MsgInstallReply:
		return true
	}
	return false
}

// Message is what nodes say to each other. Kind says which one of the bodies
// holds; the others are zero. A message is not altered after it has been sent,
// and whoever receives it keeps the data of its entries but not the message.
type Message struct {
	Kind MessageKind
	From NodeID
	To   NodeID
	// Term is the sender's term when it made the message.
	Term Term
	// Cluster is that of the sender, and Incarnation which node of the sender's name it is.
	Cluster     uint64
	Incarnation Incarnation

	pool *messagePool // among what is looked at of every message, and the bodies that nearly all have come next

	AppendReply AppendReply
	Append      AppendEntries

	RequestVote RequestVote
	VoteReply   VoteReply
	// PreVote and PreVoteReply are of RequestPreVote and its reply.
	PreVote      PreVote
	PreVoteReply PreVoteReply
	// Read is of ReadIndex and ReadIndexReply.
	Read ReadIndex
	// Install and InstallReply are of InstallSnapshot and its reply.
	Install      InstallSnapshot
	InstallReply InstallReply
}

// RequestVote asks for a vote (Raft paper §5.2, §5.4.1).
type RequestVote struct {
	// LastIndex and LastTerm are of the last entry in the candidate's log.
	LastIndex Index
	LastTerm  Term
	// Transfer says that the leader itself wants the sender to follow it, so that nobody
	// need protect that leader (Raft dissertation §3.10, §4.2.3).
	Transfer bool
}

// PreVote asks for the promise that a vote would be given (Raft dissertation §9.6). The
// message's Term is the sender's own, as ever.
type PreVote struct {
	// Campaign is the term the sender would stand in.
	Campaign Term
	// Asked is the sender's clock when it asked. A reply repeats it.
	Asked time.Duration
	// LastIndex and LastTerm are of the last entry in its log.
	LastIndex Index
	LastTerm  Term
}

// ReadIndex asks a leader for an index that a read may be served at, and answers it (Raft dissertation §6.4).
type ReadIndex struct {
	// ID is the asking node's name for the read.
	ID uint64
	// Index, in a reply, is what must be applied before the read; 0 is a refusal: the node does not lead.
	Index Index
}

// VoteReply answers a RequestVote.
type VoteReply struct {
	Granted bool
	// Candidate is the incarnation of who asked: a vote for one is not for another of the same name.
	Candidate Incarnation
}

// PreVoteReply answers a RequestPreVote.
type PreVoteReply struct {
	Granted bool
	// Asked is that of the request: a promise is good for the attempt it was asked for in, and not for a later one.
	Asked time.Duration
}

// AppendEntries replicates entries and, with none, is a heartbeat (Raft paper §5.3).
type AppendEntries struct {
	// PrevIndex and PrevTerm are of the entry just before Entries.
	PrevIndex Index
	PrevTerm  Term
	// Commit is the leader's commit index.
	Commit Index
	// Round counts the leader's confirmations of its leadership; a reply repeats it (Raft dissertation §6.4).
	Round uint64
	// Entries follow PrevIndex without a gap.
	Entries []Entry
}

// AppendReply answers an AppendEntries.
type AppendReply struct {
	// Success says that the follower's log held the entry at PrevIndex.
	Success bool
	// PrevIndex is that of the request this answers.
	PrevIndex Index
	// Match, when Success, is the last index up to which the follower's log is
	// known to be the leader's, and durable.
	Match Index
	// HintTerm and HintIndex, when not Success, let the leader skip a whole
	// term at once (Raft paper §5.3, end): the largest term and index at or
	// below PrevIndex at which the logs can still agree.
	HintTerm  Term
	HintIndex Index
	// Round is that of the latest request this answers.
	Round uint64
}

// InstallSnapshot carries a part of a snapshot (Raft paper §7, Figure 13).
type InstallSnapshot struct {
	// Index and Term are of the last entry that the snapshot stands for.
	Index Index
	Term  Term
	// Configuration is the latest as of Index. It is never altered.
	Configuration *Configuration
	// Size is how many bytes the snapshot's data has, at least 1, and Sum their [Checksum].
	Size uint64
	Sum  uint64
	// Offset is where in them Data belongs.
	Offset uint64
	Data   []byte
}

// InstallReply answers an InstallSnapshot.
type InstallReply struct {
	// Index is that of the snapshot.
	Index Index
	// Offset is up to where the follower has its bytes: what it waits for next.
	Offset uint64
	// Done says that what the snapshot stands for is on the follower's disk.
	Done bool
}

// Name is Kind's name.
func (m *Message) Name() string { return m.Kind.String() }

// Size is the number of bytes the message would take on a wire, about.
func (m *Message) Size() int {
	n := messageOverhead
	switch m.Kind { // most are small: look at nothing else of them
	case MsgAppendEntries:
		for i := range m.Append.Entries {
			n += m.Append.Entries[i].Size()
		}
	case MsgInstallSnapshot:
		n += len(m.Install.Data)
	}
	return n
}

const messageOverhead = 48

// Release hands the message back to the core that made it, to be used for
// another. Call it at most once, on the goroutine of that core, when nobody
// will look at the message again. Not calling it costs an allocation.
func (m *Message) Release() {
	if p := m.pool; p != nil {
		p.put(m)
	}
}

// messagePool is a core's store of messages that came back.
type messagePool struct {
	free []*Message
	// blank is a message of the core's that says nothing.
	blank Message
}

func (p *messagePool) get() *Message {
	if n := len(p.free); n > 0 {
		m := p.free[n-1]
		p.free = p.free[:n-1]
		return m
	}
	m := new(Message)
	*m = p.blank
	return m
}

// put empties the message, so that a message from get says nothing but whose it is.
func (p *messagePool) put(m *Message) {
	switch m.Kind { // only its own body was ever filled
	case MsgAppendEntries:
		a := &m.Append
		a.PrevIndex, a.PrevTerm, a.Commit, a.Round = 0, 0, 0, 0
		if a.Entries != nil {
			a.Entries = nil
		}
		m.Kind = 0
	case MsgAppendReply:
		m.AppendReply = AppendReply{}
		m.Kind = 0
	default:
		*m = p.blank
	}
	p.free = append(p.free, m)
}
