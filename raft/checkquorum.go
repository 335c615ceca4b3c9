package raft

import "time"

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
	c.heardAt = min(heard, now) // a clock that was set back has heard of others in its future
	c.drawElection()
}

// quorumHeard is since when a majority, the leader among it, has been heard of.
func (c *Core) quorumHeard(now time.Duration) time.Duration {
	if c.members.self >= 0 {
		c.peers[c.members.self].Heard = now
	}
	return reached(c, &c.times, func(p *peer) time.Duration { return p.Heard })
}

// deafTo says whether a candidate of a later term is not to be listened to, because a leader is at work
// (Raft dissertation §4.2.3). Who only asks whether it could win is never to disturb one (§9.6). It cannot lead to a
// standstill: the leader speaks to the other too, and learns of the later term from what it is answered.
func (c *Core) deafTo(now time.Duration, m *Message) bool {
	switch m.Kind {
	case MsgRequestVote:
		return c.cfg.CheckQuorum && !m.RequestVote.Transfer && c.hasLeader(now)
	case MsgRequestPreVote:
		return c.hasLeader(now)
	}
	return false
}
