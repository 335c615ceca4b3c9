package raft

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Incarnation tells a node from an earlier one of the same name whose disk is gone: what that one
// promised this one does not know. A node draws it when its disk is empty and keeps it there. 0 is not known yet.
type Incarnation uint64

// FirstIncarnation is that of the nodes a cluster begins with.
const FirstIncarnation Incarnation = 1

// Member is a node of a configuration.
type Member struct {
	ID NodeID
	// Incarnation is which node of that name. It is 0 for a learner that has not been heard of.
	Incarnation Incarnation
	// Promote is for learners: to be made a voter as soon as the log has caught up (Raft dissertation §4.2.1).
	Promote bool
	// Swap is for those who come and go together: learners that are to be promoted only once all such learners have caught
	// up, and voters that leave in that same step, and are voters like any until then.
	Swap bool
}

// same says whether it is the same node, whatever is to become of it.
func (m *Member) same(o *Member) bool { return m.ID == o.ID && m.Incarnation == o.Incarnation }

// Configuration is who takes part in the cluster (Raft paper §6, dissertation chapter 4). Each list is in the order
// of the IDs and names nobody twice. A Configuration is never altered once made.
//
// What holds: there is a voter, unless it is the configuration of a node that does not know its cluster yet; of each voter
// the incarnation is known; no voter is a learner, but one that Outgoing alone still counts among the voters may be a learner already;
// nobody is to leave in a swap unless somebody is to come in it, nor the other way round.
type Configuration struct {
	// Voters decide; while the configuration is joint, those to be.
	Voters []Member
	// Outgoing are, while the configuration is joint, those who were voters before and must agree as well; otherwise
	// there are none.
	Outgoing []Member
	// Learners are sent what is committed and decide nothing.
	Learners []Member
}

// NewConfiguration returns that of the voters a cluster begins with, in any order. The error says what is wrong.
func NewConfiguration(voters []NodeID) (Configuration, error) {
	c := Configuration{Voters: make([]Member, len(voters))}
	for k, id := range voters {
		c.Voters[k] = Member{ID: id, Incarnation: FirstIncarnation}
	}
	byID(c.Voters)
	return c, c.validate()
}

// ErrNoVoters says that a configuration names no voter: nobody could ever decide anything again.
var ErrNoVoters = errors.New("raft: a configuration needs a voter")

// Known says whether the configuration names anybody.
func (c *Configuration) Known() bool { return len(c.Voters) > 0 }

// Joint says whether two majorities have to agree (Raft paper §6).
func (c *Configuration) Joint() bool { return len(c.Outgoing) > 0 }

// Voter says whether a node of that name is among the voters, or was before a change that is under way.
func (c *Configuration) Voter(id NodeID) bool {
	return find(c.Voters, id) != nil || find(c.Outgoing, id) != nil
}

// Member says whether a node of that name is a member, of any kind.
func (c *Configuration) Member(id NodeID) bool { return c.Voter(id) || find(c.Learners, id) != nil }

// IDs appends the names of all members to dst, each once, in order.
func (c *Configuration) IDs(dst []NodeID) []NodeID {
	from := len(dst)
	for _, list := range [...][]Member{c.Voters, c.Outgoing, c.Learners} {
		for k := range list {
			dst = append(dst, list[k].ID)
		}
	}
	slices.Sort(dst[from:])
	return append(dst[:from], slices.Compact(dst[from:])...)
}

// Equal says whether two configurations are the same.
func (c *Configuration) Equal(d *Configuration) bool {
	return slices.Equal(c.Voters, d.Voters) && slices.Equal(c.Outgoing, d.Outgoing) && slices.Equal(c.Learners, d.Learners)
}

// Swapping says whether there are voters that are to leave once others have come in their place.
func (c *Configuration) Swapping() bool { return slices.ContainsFunc(c.Voters, swapped) }

func swapped(m Member) bool { return m.Swap }

// String returns something like "n1 n2 n3", "n1 n2 n4 (from n1 n2 n3)", "n1 n2 n3, learners n4" or, while n4 is to take the
// place of n1, "n1 n2 n3, learners n4, to swap n4 for n1".
func (c *Configuration) String() string {
	var b strings.Builder
	writeIDs(&b, "", c.Voters, "")
	if c.Joint() {
		writeIDs(&b, " (from ", c.Outgoing, ")")
	}
	if len(c.Learners) > 0 {
		writeIDs(&b, ", learners ", c.Learners, "")
	}
	if c.Swapping() {
		writeIDs(&b, ", to swap ", only(c.Learners, swapped), "")
		writeIDs(&b, " for ", only(c.Voters, swapped), "")
	}
	if b.Len() == 0 {
		return "nobody"
	}
	return b.String()
}

func writeIDs(b *strings.Builder, before string, list []Member, after string) {
	for k := range list {
		b.WriteString(before)
		b.WriteString(list[k].ID.String())
		before = " "
	}
	b.WriteString(after)
}

// validate says what is wrong with a configuration.
func (c *Configuration) validate() error {
	if len(c.Voters) == 0 {
		return ErrNoVoters
	}
	for _, list := range [...][]Member{c.Voters, c.Outgoing, c.Learners} {
		for k := range list {
			if list[k].ID == None || k > 0 && list[k].ID <= list[k-1].ID {
				return fmt.Errorf("raft: configuration %v names a node twice, nobody, or out of order", c)
			}
		}
	}
	for k := range c.Learners {
		if id := c.Learners[k].ID; find(c.Voters, id) != nil {
			return fmt.Errorf("raft: configuration %v has %v for a voter and for a learner", c, id)
		}
	}
	for _, list := range [...][]Member{c.Voters, c.Outgoing} {
		for k := range list {
			if m := &list[k]; m.Incarnation == 0 || m.Promote {
				return fmt.Errorf("raft: configuration %v has %v for a voter without saying which node that is, or to be made one", c, m.ID)
			}
		}
	}
	for k := range c.Outgoing {
		if v := find(c.Voters, c.Outgoing[k].ID); v != nil && !v.same(&c.Outgoing[k]) {
			return fmt.Errorf("raft: configuration %v has two nodes called %v for voters", c, v.ID)
		}
	}
	return c.validateSwap()
}

// validateSwap says what is wrong with who is to come and go together.
func (c *Configuration) validateSwap() error {
	for k := range c.Learners {
		if l := &c.Learners[k]; l.Swap && !l.Promote {
			return fmt.Errorf("raft: configuration %v has %v come in a swap and stay a learner", c, l.ID)
		}
	}
	if slices.ContainsFunc(c.Outgoing, swapped) {
		return fmt.Errorf("raft: configuration %v says of voters before that they are to leave", c)
	}
	if c.Swapping() != slices.ContainsFunc(c.Learners, swapped) {
		return fmt.Errorf("raft: configuration %v has a swap in which nobody comes, or nobody goes", c)
	}
	return nil
}

// configurationVersion is the first byte of an encoded configuration.
const configurationVersion = 1

// What is to become of a member, as encoded.
const (
	markPromote = 1 << iota
	markSwap
)

// Encode appends the configuration to dst in the one form it has:
//
//	1 byte    version: 1
//	3 lists   voters, outgoing, learners: uvarint how many, then of each
//	          uvarint ID, uvarint incarnation, and 1 byte: the sum of 1 to be promoted and 2 to come or go in a swap
func (c *Configuration) Encode(dst []byte) []byte {
	dst = append(dst, configurationVersion)
	for _, list := range [...][]Member{c.Voters, c.Outgoing, c.Learners} {
		dst = binary.AppendUvarint(dst, uint64(len(list)))
		for k := range list {
			m := &list[k]
			dst = binary.AppendUvarint(dst, uint64(m.ID))
			dst = binary.AppendUvarint(dst, uint64(m.Incarnation))
			marks := byte(0)
			if m.Promote {
				marks |= markPromote
			}
			if m.Swap {
				marks |= markSwap
			}
			dst = append(dst, marks)
		}
	}
	return dst
}

// DecodeConfiguration reads back what Encode made. It takes any bytes: what is no configuration is an error that
// says why. A configuration without anybody, that of a node which has not joined yet, is [ErrNoVoters], too.
func DecodeConfiguration(data []byte) (Configuration, error) {
	if len(data) == 0 || data[0] != configurationVersion {
		return Configuration{}, fmt.Errorf("raft: configuration is not of version %d", configurationVersion)
	}
	var c Configuration
	rest := data[1:]
	for _, list := range [...]*[]Member{&c.Voters, &c.Outgoing, &c.Learners} {
		n, ok := takeUvarint(&rest)
		if !ok || n > uint64(len(rest)) { // a member takes more than a byte
			return Configuration{}, errTruncated
		}
		for range n {
			id, ok1 := takeUvarint(&rest)
			incarnation, ok2 := takeUvarint(&rest)
			if !ok1 || !ok2 || len(rest) == 0 || rest[0] > markPromote|markSwap {
				return Configuration{}, errTruncated
			}
			*list = append(*list, Member{
				ID: NodeID(id), Incarnation: Incarnation(incarnation), Promote: rest[0]&markPromote != 0, Swap: rest[0]&markSwap != 0,
			})
			rest = rest[1:]
		}
	}
	if len(rest) > 0 {
		return Configuration{}, fmt.Errorf("raft: configuration has %d bytes too many", len(rest))
	}
	return c, c.validate()
}

var errTruncated = errors.New("raft: configuration is cut short")

// takeUvarint takes a number of the shortest form off the front of b.
func takeUvarint(b *[]byte) (uint64, bool) {
	v, n := binary.Uvarint(*b)
	if n <= 0 || n > 1 && (*b)[n-1] == 0 {
		return 0, false
	}
	*b = (*b)[n:]
	return v, true
}

// find returns the member of that name, nil when there is none.
func find(list []Member, id NodeID) *Member {
	for k := range list {
		if list[k].ID == id {
			return &list[k]
		}
	}
	return nil
}

// only returns those of a list of whom is is true.
func only(list []Member, is func(Member) bool) []Member {
	return slices.DeleteFunc(slices.Clone(list), func(m Member) bool { return !is(m) })
}

// byID sorts a list that is nobody else's yet.
func byID(list []Member) {
	slices.SortFunc(list, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
}
