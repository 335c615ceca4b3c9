package spec

import (
	"fmt"
	"math/bits"
)

// What a State has room for. Searches are far smaller yet.
const (
	MaxServers  = 4
	MaxEntries  = 4
	MaxMessages = 16
	MaxTerm     = 7
	MaxReads    = 15
)

// Term numbers elections, from 1; servers begin in term 0.
type Term uint8

// Index is the place of an entry in a log, from 1.
type Index uint8

// Node is a server, from 1.
type Node uint8

// Nobody is the Node of a vote that was not given.
const Nobody Node = 0

// Set is a set of servers.
type Set uint8

// SetOf returns the set of these servers.
func SetOf(nodes ...Node) Set {
	var s Set
	for _, n := range nodes {
		s |= 1 << (n - 1)
	}
	return s
}

// Has says whether a server is in the set.
func (s Set) Has(n Node) bool { return s>>(n-1)&1 != 0 }

// Len is how many there are in the set.
func (s Set) Len() int { return bits.OnesCount8(uint8(s)) }

// Role is what a server is in its term.
type Role uint8

// The roles of raft.tla.
const (
	Follower Role = iota
	Candidate
	Leader
)

// Configuration is who decides: a majority of Voters, and while it is joint one of Outgoing too.
type Configuration struct{ Voters, Outgoing Set }

// Agree says whether those are a majority, and one of both while the configuration is joint.
func (c Configuration) Agree(yes Set) bool {
	return Majority((yes&c.Voters).Len(), c.Voters.Len()) &&
		(c.Outgoing == 0 || Majority((yes&c.Outgoing).Len(), c.Outgoing.Len()))
}

// Entry is one of a log.
type Entry struct {
	Term Term
	// Configuration is zero in a client's entry. What value that holds does not matter: an entry that is written in a
	// term at an index is written by the one leader of the term.
	Configuration Configuration
}

// Log has Len entries; those beyond are zero, so that logs that are == are equal.
type Log struct {
	Len     Index
	Entries [MaxEntries]Entry
}

// At returns the entry at an index, the zero entry where there is none.
func (l *Log) At(i Index) Entry {
	if i == 0 || i > l.Len {
		return Entry{}
	}
	return l.Entries[i-1]
}

// LastTerm is the term of the last entry, 0 when there is none.
func (l *Log) LastTerm() Term { return l.At(l.Len).Term }

// Append adds an entry; there must be room.
func (l *Log) Append(e Entry) {
	l.Entries[l.Len] = e
	l.Len++
}

// Prefix returns the log up to an index, at most all of it.
func (l *Log) Prefix(i Index) Log {
	p := Log{Len: min(i, l.Len)}
	copy(p.Entries[:p.Len], l.Entries[:p.Len])
	return p
}

// Holds says whether the log has all that another has up to an index.
func (l *Log) Holds(other *Log, i Index) bool {
	return l.Len >= i && other.Len >= i && l.Prefix(i) == other.Prefix(i)
}

// Disk is what a server has when it starts again.
type Disk struct {
	Term Term
	Vote Node
	Log  Log
	Base Index
}

// ReadID numbers reads, from 1.
type ReadID uint8

// Round numbers a leader's rounds of heartbeats that are to show that it is still followed, from 1.
type Round uint8

// Read is a read that a client has asked a server for; there is one at a time.
type Read struct {
	// ID is 0 when there is none.
	ID ReadID
	// Known says that the server knows at which Index it may be made.
	Known bool
	Index Index
	// Floor is the last index that was committed anywhere when it was asked for. It is history.
	Floor Index
}

// Inquiry is a read that a leader finds an index for; there is one at a time.
type Inquiry struct {
	// From is who was asked for the read, Nobody when there is none.
	From Node
	ID   ReadID
	// Index is the leader's commit index when it took note, Round what it began then.
	Index Index
	Round Round
}

// Missed is a read that did not see what it had to.
type Missed struct {
	// Server is who served it, Nobody for none.
	Server Node
	// Applied is what it saw, Committed what was committed when it was asked for.
	Applied, Committed Index
}

// Server is what one server has, named as in raft.tla but for the article "current".
type Server struct {
	Term   Term
	Role   Role
	Vote   Node
	Commit Index
	// Base is up to where only a snapshot has the log.
	Base Index
	Log  Log
	Disk Disk
	// Granted is votesGranted of a candidate, its own vote left out, and Match is matchIndex of a leader, by server. They
	// are zero in other roles.
	Granted Set
	Match   [MaxServers]Index

	// Applied is up to where the state machine has taken in the log, what only a snapshot has apart.
	Applied Index
	Read    Read
	// Noted is a leader's, and so are Round, the last it began, and Confirmed, by server the last it was answered.
	Noted     Inquiry
	Round     Round
	Confirmed [MaxServers]Round
	// Promise is the term whose leader the server has promised to elect no other, 0 for none or when that is over.
	Promise Term
}

// Kind is what a message is.
type Kind uint8

// Kinds of message. Refusals are not sent.
const (
	RequestVoteRequest Kind = iota + 1
	RequestVoteResponse
	AppendEntriesRequest
	// AppendEntriesResponse answers InstallSnapshotRequest, too.
	AppendEntriesResponse
	InstallSnapshotRequest
	ReadIndexRequest
	ReadIndexResponse
	// ConfirmLeaderResponse is what the answer to a heartbeat, whether its entries are taken or refused, says of the leader.
	ConfirmLeaderResponse
)

// Message is one that was sent. Each is there once, however often it was sent.
type Message struct {
	Kind     Kind
	From, To Node
	Term     Term
	// Index and LogTerm are of the last entry of the candidate's log, of the entry before Entry, or of the last one of the
	// snapshot. Of an AppendEntriesResponse, Index is up to where the log is the leader's, of a ReadIndexResponse where the
	// read may be made.
	Index   Index
	LogTerm Term
	// Entry is zero when there is none.
	Entry  Entry
	Commit Index
	// Read is what ReadIndexRequest and ReadIndexResponse are about, and Round that of a ConfirmLeaderResponse.
	Read  ReadID
	Round Round
}

// key orders messages.
func (m *Message) key() uint64 {
	return uint64(m.Round)<<48 | uint64(m.Read)<<44 | uint64(m.Kind)<<40 | uint64(m.From)<<36 | uint64(m.To)<<32 | uint64(m.Term)<<28 | uint64(m.Index)<<24 |
		uint64(m.LogTerm)<<20 | m.Entry.key()<<4 | uint64(m.Commit)
}

// key is less than 1<<12.
func (e Entry) key() uint64 {
	return uint64(e.Term)<<8 | uint64(e.Configuration.Voters)<<4 | uint64(e.Configuration.Outgoing)
}

// State is all there is of a cluster. States that are == are the same.
type State struct {
	Servers [MaxServers]Server
	// Sent are the messages, by key, of which there are Messages.
	Messages uint8
	Sent     [MaxMessages]Message
	// Initial is the configuration before any entry changes it.
	Initial Configuration
	// Restarts and Reads count them.
	Restarts, Reads uint8

	// Leaders, by term, are those who were elected in it; Committed is what any commit index has covered, and CommittedIn, by
	// index from 1, the term of the first server whose did. Missed is the first read that did. They are history: no action looks
	// at them, but that a snapshot's content is taken from Committed, and a read's Floor.
	Leaders     [MaxTerm + 1]Set
	Committed   Log
	CommittedIn [MaxEntries]Term
	Missed      Missed
}

// At returns a server.
func (s *State) At(n Node) *Server { return &s.Servers[n-1] }

// Configuration is the one in force on a server: the latest in its log (dissertation §4.1).
func (s *State) Configuration(n Node) Configuration {
	log := &s.At(n).Log
	c, _ := s.latest(log, log.Len)
	return c
}

// latest is the last configuration of a log up to an index, and its own index.
func (s *State) latest(log *Log, end Index) (Configuration, Index) {
	for i := end; i > 0; i-- {
		if c := log.At(i).Configuration; c.Voters != 0 {
			return c, i
		}
	}
	return s.Initial, 0
}

// send adds a message, and says whether there is room.
func (s *State) send(m Message) bool {
	n, key := int(s.Messages), m.key()
	at := 0
	for at < n && s.Sent[at].key() < key {
		at++
	}
	if at < n && s.Sent[at] == m {
		return true
	}
	if n == MaxMessages {
		return false
	}
	copy(s.Sent[at+1:n+1], s.Sent[at:n])
	s.Sent[at] = m
	s.Messages++
	return true
}

// hash is for finding a state among others.
func (s *State) hash() uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	mix := func(v uint64) {
		hi, lo := bits.Mul64(h^v, 0xbf58476d1ce4e5b9)
		h = hi ^ lo ^ v<<1
	}
	log := func(l *Log) {
		v := uint64(l.Len)
		for k := range l.Len {
			v = v<<12 | l.Entries[k].key()
		}
		mix(v)
	}
	for k := range s.Servers {
		v := &s.Servers[k]
		mix(uint64(v.Term) | uint64(v.Role)<<8 | uint64(v.Vote)<<12 | uint64(v.Commit)<<16 | uint64(v.Base)<<20 |
			uint64(v.Granted)<<24 | uint64(v.Disk.Term)<<32 | uint64(v.Disk.Vote)<<36 | uint64(v.Disk.Base)<<40)
		var match uint64
		for _, i := range v.Match {
			match = match<<8 | uint64(i)
		}
		mix(match)
		log(&v.Log)
		log(&v.Disk.Log)
		if s.Reads > 0 || v.Promise != 0 {
			mix(v.reading())
		}
	}
	for k := range s.Messages {
		mix(s.Sent[k].key())
	}
	log(&s.Committed)
	for _, l := range s.Leaders {
		h = h*31 + uint64(l)
	}
	mix(uint64(s.Restarts) | uint64(s.Reads)<<8)
	return h
}

// reading is what a server has of reads, for the hash.
func (v *Server) reading() uint64 {
	r, q := &v.Read, &v.Noted
	h := uint64(v.Applied) | uint64(v.Promise)<<4 | uint64(v.Round)<<8 | uint64(r.ID)<<12 | uint64(r.Index)<<16 | uint64(r.Floor)<<20 |
		uint64(q.From)<<24 | uint64(q.ID)<<28 | uint64(q.Index)<<32 | uint64(q.Round)<<36
	if r.Known {
		h |= 1 << 40
	}
	for k, c := range v.Confirmed {
		h |= uint64(c) << (44 + 4*k)
	}
	return h
}

// String returns "n1".
func (n Node) String() string {
	if n == Nobody {
		return "nobody"
	}
	return fmt.Sprintf("n%d", uint8(n))
}
