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
	// ErrNotVoter: the node decides nothing, so that it cannot lead: it is a learner, about to leave, or no member. Also what
	// [Core.TransferLeadership] says of such a one.
	ErrNotVoter = errors.New("raft: the node is no voter")
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

// lastTerm is beyond what elections can come to; to follow somebody there would leave no term for the next.
const lastTerm Term = 1 << 63

// Step takes a message from another node. It keeps the data of its entries and of a snapshot, not the message.
// The error says why it was refused: one of those above, [ErrChunk] or a [*ProtocolError]. A refused message
// is as good as lost.
func (c *Core) Step(now time.Duration, m *Message) error {
	if m.To != c.id || m.From == None || m.From == c.id || m.Kind < MsgRequestVote || m.Kind > MsgInstallReply || m.Incarnation == 0 {
		return ErrMalformed
	}
	if m.Cluster != c.birth.Cluster {
		return ErrOtherCluster
	}
	if m.Term-1 >= lastTerm && (m.Term != 0 || m.Kind != MsgRequestPreVote && m.Kind != MsgPreVoteReply) {
		return ErrMalformed // only who asks before the first election is of no term
	}
	from := c.members.place(m.From)
	if from < 0 || c.members.incarnations[from] != m.Incarnation { // otherwise it is the very member
		if err := c.admit(now, m, from); err != nil {
			return err
		}
	}
	if m.Kind == MsgAppendEntries { // nothing is made of what a leader sends before all of it is looked at
		if len(m.Append.Entries) > 0 {
			if err := c.soundAppend(m); err != nil {
				return err
			}
		}
	} else if m.Kind == MsgInstallSnapshot {
		if err := c.soundInstall(m); err != nil {
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
		if !c.stands() {
			return ErrNotVoter
		}
		if !stale && c.role == Follower {
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

// admit says whether the sender, who is not the member at that place as far as is known, may say such a thing at all.
//
// Who leads, or stands for election, need not be a member of a configuration that may be an old one (Raft dissertation
// §4.2.2). But whose log is behind ours can win nothing here, so that a node that was removed and does not know it disturbs
// nobody. An answer counts only from the very node that is the member: it vouches for what is on its disk.
func (c *Core) admit(now time.Duration, m *Message, from int) error {
	known := from >= 0 && c.members.incarnations[from] != 0
	behind := false
	switch m.Kind {
	case MsgAppendEntries, MsgInstallSnapshot:
		return nil
	case MsgRequestVote:
		behind = c.log.newerThan(m.RequestVote.LastIndex, m.RequestVote.LastTerm)
	case MsgRequestPreVote:
		behind = c.log.newerThan(m.PreVote.LastIndex, m.PreVote.LastTerm)
	case MsgTimeoutNow, MsgReadIndexReply:
		behind = m.From != c.leader // whom we obey, whatever our configuration knows
	default:
		behind = true
		if from >= 0 && !known {
			c.meet(from, m)
			return nil
		}
		if known {
			c.notice(now, m)
		}
	}
	switch {
	case !behind:
		return nil
	case known:
		return ErrOtherIncarnation
	}
	return ErrNotMember
}

// stranger is a node that goes by a member's name, and when it was last heard of.
type stranger struct {
	Member
	heard time.Duration
}

// notice remembers who goes by a member's name.
func (c *Core) notice(now time.Duration, m *Message) {
	s := stranger{Member{ID: m.From, Incarnation: m.Incarnation}, now}
	for k := range c.noticed {
		if c.noticed[k].ID == m.From {
			c.noticed[k] = s
			return
		}
	}
	c.noticed = append(c.noticed, s)
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
