package raft

import (
	"fmt"
	"slices"
	"time"

	"raftsim/raft/quorum"
	"raftsim/raft/tracker"
)

// kind says what a member is.
type kind uint8

const (
	voter kind = 1 << iota
	outgoing
	learner
)

// members is the latest configuration of the log, laid out by place: in the order of the IDs. A node uses the
// latest in its log, whether committed or not (Raft paper §6).
type members struct {
	config *Configuration
	// index is of the entry that config came with, or of the snapshot.
	index Index
	ids   []NodeID
	kinds []kind
	// incarnations are which node of each name is the member, 0 where that is not known.
	incarnations []Incarnation
	// self is the node's own place, -1 when it is no member.
	self int
	// votes says that the node itself is a voter, plain that all are, and that the configuration is not joint.
	votes, plain bool
	// known says that the configuration names somebody, and nobody else by the node's name.
	known bool
	// earlier are those that may come back into force when the log is cut, and that a snapshot may be about: the
	// oldest is as of the log's base or later.
	earlier []configured
}

// configured is a configuration and the index of its entry.
type configured struct {
	config *Configuration
	index  Index
}

// place returns where a node stands among the members, -1 for a stranger.
func (m *members) place(id NodeID) int {
	if k := id - 1; k < NodeID(len(m.ids)) && m.ids[k] == id { // as long as all who were ever members are
		return int(k)
	}
	for k, v := range m.ids {
		if v == id {
			return k
		}
	}
	return -1
}

// lay lays out a configuration for the node of that name and incarnation.
func (m *members) lay(config *Configuration, index Index, id NodeID, own Incarnation) {
	m.config, m.index = config, index
	m.ids = config.IDs(m.ids[:0])
	m.kinds, m.incarnations = m.kinds[:0], m.incarnations[:0]
	m.plain = !config.Joint() && len(config.Learners) == 0
	for _, v := range m.ids {
		var is kind
		var which Incarnation
		for _, list := range [...]struct {
			kind
			members []Member
		}{{learner, config.Learners}, {outgoing, config.Outgoing}, {voter, config.Voters}} {
			if found := find(list.members, v); found != nil {
				is |= list.kind
				which = found.Incarnation
			}
		}
		m.kinds, m.incarnations = append(m.kinds, is), append(m.incarnations, which)
	}
	m.self = m.place(id)
	m.known = config.Known()
	if m.self >= 0 && m.incarnations[m.self] != 0 && m.incarnations[m.self] != own {
		m.self, m.known = -1, false // an earlier node of our name, whose promises we do not know
	}
	m.votes = m.self >= 0 && m.kinds[m.self]&(voter|outgoing) != 0
}

// peer is a leader's view of a member.
type peer struct {
	tracker.Progress
	// incarnation is which node of that name has answered, 0 before one has.
	incarnation Incarnation
	// snapshot is the one that is on its way to it, and sum its checksum.
	snapshot *Snapshot
	sum      uint64
}

// installed notes that the member has what a snapshot stands for.
func (p *peer) installed(index Index) {
	p.Installed(index)
	p.snapshot = nil
}

func startPeer(last Index, now time.Duration) peer {
	p := peer{Progress: tracker.Start(last)}
	p.Heard = now // they just voted or were added, and get a timeout's time to be heard of
	return p
}

// configure brings a configuration into force.
func (c *Core) configure(now time.Duration, config *Configuration, index Index) {
	m := &c.members
	ids, incarnations, peers := slices.Clone(m.ids), slices.Clone(m.incarnations), c.peers
	m.lay(config, index, c.id, c.birth.Incarnation)
	c.peers = make([]peer, len(m.ids))
	c.granted = make([]bool, len(m.ids))
	c.indexes = make([]Index, len(m.ids))
	for k, id := range m.ids {
		c.peers[k] = startPeer(c.log.last, now)
		j := slices.Index(ids, id)
		if j < 0 {
			continue
		}
		// The same node goes on; another of its name starts anew.
		if which := m.incarnations[k]; which == incarnations[j] || which != 0 && which == peers[j].incarnation {
			c.peers[k] = peers[j]
		}
	}
}

// stands says whether the node may stand for election. A voter may, and one that was until an entry which may not
// be committed: without it nobody may be able to commit that entry. It does not vote for itself then (Raft dissertation §4.2.2).
func (c *Core) stands() bool {
	m := &c.members
	if m.votes || m.index <= c.log.commit || !m.known {
		return m.votes
	}
	for k := len(m.earlier) - 2; k >= 0; k-- {
		before := m.earlier[k]
		for _, list := range [...][]Member{before.config.Voters, before.config.Outgoing} {
			if v := find(list, c.id); v != nil && v.Incarnation == c.birth.Incarnation {
				return true
			}
		}
		if before.index <= c.log.commit {
			break
		}
	}
	return false
}

// adopt brings the configuration of an entry that was just appended into force (Raft dissertation §4.1).
func (c *Core) adopt(now time.Duration, e *Entry) {
	config, err := DecodeConfiguration(e.Data)
	if err != nil {
		panic(fmt.Sprintf("raft: entry %d of %v holds no configuration, though it was looked at: %v", e.Index, c.id, err))
	}
	c.members.earlier = append(c.members.earlier, configured{&config, e.Index})
	c.configure(now, &config, e.Index)
}

// rollBack goes back to the configuration there was before entry i (Raft dissertation §4.1).
func (c *Core) rollBack(now time.Duration, i Index) {
	list := c.members.earlier
	n := len(list)
	for list[n-1].index >= i {
		n--
	}
	if n == len(list) {
		return
	}
	c.members.earlier = list[:n]
	c.configure(now, list[n-1].config, list[n-1].index)
}

// configurationAt is the latest configuration as of entry i, which is at least the log's base.
func (c *Core) configurationAt(i Index) *Configuration {
	list := c.members.earlier
	n := len(list)
	for n > 1 && list[n-1].index > i {
		n--
	}
	return list[n-1].config
}

// forgetConfigurations drops those that only a shorter log than this could go back to.
func (c *Core) forgetConfigurations() {
	list := c.members.earlier
	n := 0
	for n+1 < len(list) && list[n+1].index <= c.log.base {
		n++
	}
	c.members.earlier = slices.Delete(list, 0, n)
}

// reached returns the highest value that a majority has reached, and of both majorities while the
// configuration is joint (Raft paper §6); none when nobody votes.
func reached[T uint64 | Index | time.Duration](c *Core, scratch *[]T, value func(p *peer) T) T {
	in := tally(c, scratch, voter, value)
	if c.members.plain || !c.members.config.Joint() {
		return in
	}
	return min(in, tally(c, scratch, outgoing, value))
}

func tally[T uint64 | Index | time.Duration](c *Core, scratch *[]T, which kind, value func(p *peer) T) T {
	s := (*scratch)[:0]
	for k := range c.peers {
		if c.members.kinds[k]&which != 0 {
			s = append(s, value(&c.peers[k]))
		}
	}
	*scratch = s
	return quorum.Reached(s, 0)
}

// won says whether those who granted are a majority, and one of both while the configuration is joint.
func (c *Core) won() bool {
	return c.wonAmong(voter) && (!c.members.config.Joint() || c.wonAmong(outgoing))
}

func (c *Core) wonAmong(which kind) bool {
	n, yes := 0, 0
	for k, is := range c.members.kinds {
		if is&which == 0 {
			continue
		}
		n++
		if c.granted[k] {
			yes++
		}
	}
	return yes >= quorum.Majority(n)
}
