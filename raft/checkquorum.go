package raft

import (
	"slices"
	"time"

	"raftsim/raft/quorum"
)

// checkQuorum makes a leader step down that a majority has not answered for an election timeout: clients
// had better ask somebody else (Raft dissertation §6.2).
func (c *Core) checkQuorum(now time.Duration) {
	if !c.cfg.CheckQuorum {
		return
	}
	heard := c.quorumHeard(now)
	if now-heard >= c.cfg.ElectionMin {
		c.follow(now)
		return
	}
	c.heardAt = heard
	c.drawElection()
}

// quorumHeard is since when a majority, the leader among it, has been heard of.
func (c *Core) quorumHeard(now time.Duration) time.Duration {
	c.peers[c.self].Heard = now
	c.heard = c.heard[:0]
	for k := range c.peers {
		c.heard = append(c.heard, c.peers[k].Heard)
	}
	slices.Sort(c.heard)
	return c.heard[len(c.heard)-quorum.Majority(len(c.heard))]
}

// deafTo says whether a candidate of a later term is not to be listened to, because a leader is at work
// (Raft dissertation §4.2.3). It cannot lead to a standstill: the leader answers, and
// learns of the later term from what it is answered.
func (c *Core) deafTo(now time.Duration, m *Message) bool {
	return c.cfg.CheckQuorum && m.Kind == MsgRequestVote && !m.RequestVote.Transfer && c.hasLeader(now)
}
