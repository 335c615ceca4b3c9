package raft

import (
	"errors"
	"fmt"
	"time"
)

// Why a message is refused. Nothing has changed then, but that the node may have noticed who is there.
var (
	// ErrMalformed: the message is of no kind or no term there can be, or for somebody else.
	ErrMalformed = errors.New("raft: the message is none that a node sends to this one")
	// ErrOtherCluster: the sender belongs to another cluster.
	ErrOtherCluster = errors.New("raft: the sender belongs to another cluster")
	// ErrNotMember: the sender is not, or no longer, a member, and what it says takes one; or it would stand for
	// election with a log that is behind this node's.
	ErrNotMember = errors.New("raft: the sender is no member of the configuration; it may have been removed")
	// ErrOtherIncarnation: the sender goes by a member's name, but its disk is not the member's: what that one promised
	// it does not know. It has to be added again.
	ErrOtherIncarnation = errors.New("raft: the sender has lost the disk it had as a member, and has to be added again")
)

// ProtocolError is a message that only a node which broke the protocol can have sent: to obey it would be to lose what
// was committed, or to follow two leaders. It is refused, and nothing has changed.
type ProtocolError struct {
	From NodeID
	Kind MessageKind
	Term Term
	What string
}

// Error says who claimed what.
func (e *ProtocolError) Error() string {
	return fmt.Sprintf("raft: refused %v of %v in term %d: %s", e.Kind, e.From, e.Term, e.What)
}

func (c *Core) breach(m *Message, format string, args ...any) error {
	return &ProtocolError{From: m.From, Kind: m.Kind, Term: m.Term, What: fmt.Sprintf(format, args...)}
}

// Step takes a message from another node. It keeps the data of its entries and of a snapshot, not the message.
// The error says why it was refused: one of those above, [ErrChunk] or a [*ProtocolError]. A refused message
// is as good as lost.
func (c *Core) Step(now time.Duration, m *Message) error {
	if m.To != c.id || m.From == None || m.From == c.id || m.Kind < MsgRequestVote || m.Kind > MsgInstallReply {
		return ErrMalformed
	}
	if m.Cluster != c.birth.Cluster {
		return ErrOtherCluster
	}
	if m.Term == 0 && m.Kind != MsgRequestPreVote && m.Kind != MsgPreVoteReply {
		return ErrMalformed // only who asks before the first election is of no term
	}
	from := c.members.place(m.From)
	if from < 0 || c.members.incarnations[from] != m.Incarnation { // otherwise it is the very member
		if err := c.admit(m, from); err != nil {
			return err
		}
	}
	if m.Kind == MsgInstallSnapshot || m.Kind == MsgAppendEntries && len(m.Append.Entries) > 0 {
		if err := c.sound(m); err != nil {
			return err
		}
	}
	if m.Term > c.hard.Term {
		if c.deafTo(now, m) {
			return nil
		}
		c.enterTerm(now, m.Term)
	}
	stale := m.Term < c.hard.Term
	switch m.Kind {
	case MsgRequestVote:
		c.handleRequestVote(now, m)
	case MsgVoteReply:
		if !stale && c.role == Candidate && m.VoteReply.Granted && m.VoteReply.Candidate == c.birth.Incarnation {
			c.countVote(now, from)
		}
	case MsgAppendEntries:
		return c.handleAppend(now, m, stale)
	case MsgAppendReply:
		if !stale && c.role == Leader {
			return c.handleAppendReply(now, from, m)
		}
	case MsgRequestPreVote:
		c.handleRequestPreVote(now, m)
	case MsgPreVoteReply:
		// The term alone does not tell this attempt from an earlier one, before a leader was heard of again.
		if !stale && c.role == PreCandidate && m.PreVoteReply.Granted && m.PreVoteReply.Asked == c.heardAt {
			c.countVote(now, from)
		}
	case MsgReadIndex:
		c.handleReadIndex(now, m)
	case MsgReadIndexReply:
		c.handleReadIndexReply(m)
	case MsgTimeoutNow:
		if !stale && c.role == Follower && c.members.votes {
			c.campaign(now, true)
		}
	case MsgInstallSnapshot:
		return c.handleInstall(now, m, stale)
	case MsgInstallReply:
		if !stale && c.role == Leader {
			return c.handleInstallReply(now, from, m)
		}
	}
	return nil
}

// sound says what is wrong with what a leader sends, before anything is made of it.
func (c *Core) sound(m *Message) error {
	if m.Kind == MsgAppendEntries {
		return c.soundAppend(m)
	}
	return c.soundInstall(m)
}

// admit says whether the sender, at that place, may say such a thing at all.
//
// Who leads, or stands for election, need not be a member of a configuration that may be an old one (Raft dissertation
// §4.2.2). But whose log is behind ours can win nothing here, so that a node that was removed and does not know it disturbs
// nobody. An answer counts only from the very node that is the member: it vouches for what is on its disk.
func (c *Core) admit(m *Message, from int) error {
	switch m.Kind {
	case MsgAppendEntries, MsgInstallSnapshot:
		return nil
	case MsgRequestVote:
		if from < 0 && c.log.newerThan(m.RequestVote.LastIndex, m.RequestVote.LastTerm) {
			return ErrNotMember
		}
		return nil
	case MsgRequestPreVote:
		if from < 0 && c.log.newerThan(m.PreVote.LastIndex, m.PreVote.LastTerm) {
			return ErrNotMember
		}
		return nil
	case MsgTimeoutNow:
		if from < 0 && m.From != c.leader {
			return ErrNotMember
		}
		return nil
	}
	if from < 0 {
		return ErrNotMember
	}
	if c.members.incarnations[from] != 0 {
		c.notice(m)
		return ErrOtherIncarnation
	}
	if m.Incarnation == 0 {
		return ErrMalformed
	}
	c.meet(from, m)
	return nil
}

// notice remembers who goes by a member's name.
func (c *Core) notice(m *Message) {
	stranger := Member{ID: m.From, Incarnation: m.Incarnation}
	if known := find(c.noticed, m.From); known != nil {
		*known = stranger
		return
	}
	c.noticed = append(c.noticed, stranger)
}

// Noticed returns how many nodes have been noticed to go by a member's name without being that member.
func (c *Core) Noticed() int { return len(c.noticed) }

// meet takes in which node a learner is that was added by name alone. Should it come back with an empty disk it is
// another one, of which nothing is known.
func (c *Core) meet(place int, m *Message) {
	p := &c.peers[place]
	if c.role != Leader || p.incarnation == m.Incarnation {
		return
	}
	if p.incarnation != 0 {
		*p = startPeer(c.log.last, p.Heard)
	}
	p.incarnation = m.Incarnation
}
