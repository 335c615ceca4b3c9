package raft

import (
	"errors"
	"slices"
	"strings"
	"time"
)

var (
	// ErrChangeInFlight says that one change of the configuration has to be committed before the next.
	ErrChangeInFlight = errors.New("raft: another change of the configuration is under way; ask again when it is committed")
	// ErrTooEarly says that a leader has to commit an entry of its term before it changes the configuration: until then it
	// cannot know whether another change is under way (Ongaro, "bug in single-server membership changes", 2015).
	ErrTooEarly = errors.New("raft: the leader has not committed anything in its term yet; ask again")
)

// ChangeError is a [Change] that means nothing: it has Node be two of voter, learner and gone at once, or names nobody, and then Node is
// [None].
type ChangeError struct{ Node NodeID }

// Error says which of the two.
func (e *ChangeError) Error() string {
	if e.Node == None {
		return "raft: a change of the configuration names nobody"
	}
	return "raft: a change of the configuration has " + e.Node.String() + " be two of voter, learner and gone at once"
}

// Change is who is to come and to go, asked for all at once.
//
// Voters that leave while others join are swapped for them: they stay voters until all those others have caught up, and one
// joint step takes the ones in and the others out. So there is at no time a vote less than before or after. Until
// then the swap can be changed: who is to leave and is asked to join stays, who is to leave and is asked to leave
// without anybody joining leaves at once, and who is to join and is asked to leave does not join. When nobody
// is left to come, those who were to leave for them stay; when nobody is left to go, the others join as if nobody had been. What is asked
// for while a swap is under way, and is a swap, becomes one with it: all who are to come are waited for, until they are asked to leave. Who is not a voter leaves, and who is
// to be a learner becomes one, with the first entry.
type Change struct {
	// Join are to become voters. They start as learners, and are promoted by the leader of the day once they have
	// caught up. Who goes by a voter's name and is not that voter, because its disk is gone, takes its
	// place so, and the vote is lost meanwhile.
	Join []NodeID
	// Learn are to become learners for good, voters among them included.
	Learn []NodeID
	// Remove are to leave: at once when nobody joins.
	Remove []NodeID
}

// String returns something like "have n4 join and n1 leave".
func (c *Change) String() string {
	var parts []string
	for _, part := range [...]struct {
		ids  []NodeID
		what string
	}{{c.Join, "join"}, {c.Learn, "learn"}, {c.Remove, "leave"}} {
		if len(part.ids) == 0 {
			continue
		}
		names := make([]string, len(part.ids))
		for k, id := range part.ids {
			names[k] = id.String()
		}
		parts = append(parts, strings.Join(names, " ")+" "+part.what)
	}
	if len(parts) == 0 {
		return "have nobody come or go"
	}
	return "have " + strings.Join(parts, " and ")
}

// Reconfigure appends a new configuration to the leader's log, in force at once (Raft dissertation chapter 4): in one
// step when one voter comes or goes, otherwise by way of joint consensus, which the leader leaves by itself. Who joins is
// a learner first, and when others leave for it (see [Change]) they do not before it is a voter. What is so
// already, or under way, is passed over, and if nothing is left to do the index is 0. The error
// says why it cannot be done; nothing has changed then: [ErrNotLeader], [ErrTransferring], [ErrTooEarly],
// [ErrChangeInFlight], [ErrNoVoters] or a [*ChangeError]. It keeps nothing of change.
func (c *Core) Reconfigure(now time.Duration, change *Change) (Index, error) {
	if c.role != Leader {
		return 0, ErrNotLeader
	}
	next, err := c.changed(change)
	if err != nil || next.Equal(c.members.config) {
		return 0, err
	}
	switch {
	case c.successor != None:
		return 0, ErrTransferring
	case c.members.index > c.log.commit || c.members.config.Joint():
		return 0, ErrChangeInFlight
	case c.readableIndex() == 0:
		return 0, ErrTooEarly
	}
	if err := next.validate(); err != nil {
		return 0, err
	}
	return c.moveTo(now, next), nil
}

// changed is the configuration a change leads to.
func (c *Core) changed(change *Change) (*Configuration, error) {
	was := c.members.config
	next := &Configuration{Voters: slices.Clone(was.Voters), Outgoing: was.Outgoing, Learners: slices.Clone(was.Learners)}
	for _, ids := range [...][]NodeID{change.Join, change.Learn, change.Remove} {
		if slices.Contains(ids, None) {
			return nil, &ChangeError{None}
		}
	}
	for _, id := range change.Join {
		if slices.Contains(change.Remove, id) || slices.Contains(change.Learn, id) {
			return nil, &ChangeError{id}
		}
		if v := find(next.Voters, id); v != nil && !c.replaced(v) {
			v.Swap = false
			continue
		}
		next.without(id, &next.Voters)
		if l := find(next.Learners, id); l != nil {
			c.keepOn(l, true)
			continue
		}
		next.Learners = append(next.Learners, Member{ID: id, Promote: true})
	}
	for _, id := range change.Learn {
		if slices.Contains(change.Remove, id) {
			return nil, &ChangeError{id}
		}
		next.without(id, &next.Voters)
		if l := find(next.Learners, id); l != nil {
			c.keepOn(l, false)
			continue
		}
		learner := Member{ID: id}
		if v := find(was.Voters, id); v != nil && !c.replaced(v) {
			learner.Incarnation = v.Incarnation
		}
		next.Learners = append(next.Learners, learner)
	}
	swap := next.swap(change)
	for _, id := range change.Remove {
		if !swap {
			next.without(id, &next.Voters)
		}
		next.without(id, &next.Learners)
	}
	next.endSwap()
	byID(next.Learners)
	return next, nil
}

// swap has those who join, and are no voters yet, come in the same step as the voters go who leave. It says whether anybody is to come.
func (c *Configuration) swap(change *Change) bool {
	var come []*Member
	for _, id := range change.Join {
		if l := find(c.Learners, id); l != nil {
			come = append(come, l)
		}
	}
	if len(come) == 0 {
		return false
	}
	for _, id := range change.Remove {
		if v := find(c.Voters, id); v != nil {
			v.Swap = true
			for _, l := range come {
				l.Swap = true
			}
		}
	}
	return true
}

// endSwap makes an end of a swap in which nobody comes any more, or nobody goes.
func (c *Configuration) endSwap() {
	if c.Swapping() && slices.ContainsFunc(c.Learners, swapped) {
		return
	}
	for _, list := range [...][]Member{c.Voters, c.Learners} {
		for k := range list {
			list[k].Swap = false
		}
	}
}

func (c *Configuration) without(id NodeID, list *[]Member) {
	*list = slices.DeleteFunc(*list, func(m Member) bool { return m.ID == id })
}

// keepOn has a learner stay one, or be promoted in time. If its disk is gone it starts anew.
func (c *Core) keepOn(l *Member, promote bool) {
	l.Promote, l.Swap = promote, l.Swap && promote
	if l.Incarnation != 0 && c.replaced(l) {
		l.Incarnation = 0
	}
}

// replaced says whether another node has been noticed under a member's name, since the member itself was last heard
// of: a message of an earlier one of that name may have been long on its way.
func (c *Core) replaced(m *Member) bool {
	for k := range c.noticed {
		if s := &c.noticed[k]; s.ID == m.ID {
			return s.Incarnation != m.Incarnation && s.heard >= c.peers[c.members.place(m.ID)].Heard
		}
	}
	return false
}

// moveTo appends the first, or only, step towards a configuration that is not joint.
func (c *Core) moveTo(now time.Duration, next *Configuration) Index {
	if was := c.members.config; distance(was.Voters, next.Voters) > 1 {
		next.Outgoing = slices.Clone(was.Voters)
		for k := range next.Outgoing {
			next.Outgoing[k].Swap = false // it is for those to be to say
		}
	}
	return c.appendConfiguration(now, next)
}

// distance is how many voters come and go from one list to another. Majorities of lists one apart overlap
// (Raft dissertation §4.1).
func distance(from, to []Member) int {
	n := 0
	for _, lists := range [...][2][]Member{{from, to}, {to, from}} {
		for k := range lists[0] {
			if m := find(lists[1], lists[0][k].ID); m == nil || !m.same(&lists[0][k]) {
				n++
			}
		}
	}
	return n
}

func (c *Core) appendConfiguration(now time.Duration, config *Configuration) Index {
	i := c.appendOwn(EntryConfiguration, config.Encode(nil))
	c.members.earlier = append(c.members.earlier, configured{config, i})
	c.configure(now, config, i)
	return i
}

// tendMembers takes the leader's next step by itself, once the configuration is committed: out of a joint one, out of
// office when it is no voter any more, or to make voters of learners that have caught up.
func (c *Core) tendMembers(now time.Duration) {
	m := &c.members
	if m.index > c.log.commit || c.readableIndex() == 0 {
		return
	}
	if m.config.Joint() {
		c.appendConfiguration(now, &Configuration{Voters: m.config.Voters, Learners: m.config.Learners})
		return
	}
	if !m.votes {
		c.follow(now) // Raft dissertation §4.2.2
		return
	}
	if len(m.config.Learners) > 0 && c.successor == None {
		c.promote(now)
	}
}

// promote makes voters of the learners that are to be and have caught up. Those of a swap wait for each other, and those who are
// to leave go in the same step.
func (c *Core) promote(now time.Duration) {
	was := c.members.config
	var ready, swap []Member
	whole := true
	for _, l := range was.Learners {
		p := &c.peers[c.members.place(l.ID)]
		which := l.Incarnation // known of one that was a voter before
		if which == 0 {
			which = p.incarnation
		}
		// Who is silent has as much as ever when nothing is written, and is to be waited for.
		heard := p.Heard <= now && now-p.Heard < c.cfg.ElectionMin
		caughtUp := l.Promote && which != 0 && heard && p.Chase.CaughtUp(now, p.Match, c.log.commit, c.cfg.ElectionMin)
		switch m := (Member{ID: l.ID, Incarnation: which}); {
		case l.Swap:
			swap = append(swap, m)
			whole = whole && which != 0 && heard && p.Chase.Keeps(now, c.cfg.ElectionMin)
		case caughtUp:
			ready = append(ready, m)
		}
	}
	next := &Configuration{Voters: slices.Clone(was.Voters), Learners: slices.Clone(was.Learners)}
	if whole && len(swap) > 0 {
		next.Voters = slices.DeleteFunc(next.Voters, swapped)
		ready = append(ready, swap...)
	}
	if len(ready) == 0 {
		return
	}
	next.Voters = append(next.Voters, ready...)
	for _, v := range ready {
		next.without(v.ID, &next.Learners)
	}
	byID(next.Voters)
	c.moveTo(now, next)
}
