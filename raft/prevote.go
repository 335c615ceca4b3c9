package raft

import "time"

// preCampaign asks whether an election could be won, in the term that is. Nothing is promised and nobody
// disturbed (Raft dissertation §9.6).
func (c *Core) preCampaign(now time.Duration) {
	c.role = PreCandidate
	c.leader = None
	clear(c.granted)
	c.resetElection(now)
	for k, v := range c.members.ids {
		if k == c.members.self || c.members.kinds[k]&(voter|outgoing) == 0 {
			continue
		}
		m := c.message(MsgRequestPreVote, v)
		m.PreVote = PreVote{Campaign: c.hard.Term + 1, Asked: now, LastIndex: c.log.last, LastTerm: c.log.lastTerm()}
		c.send(m)
	}
	if c.members.self >= 0 {
		c.countVote(now, c.members.self)
	}
}

// handleRequestPreVote says whether the sender would get our vote, had it stood for election:
// not while there is a leader, and only with a log at least as up-to-date as ours.
func (c *Core) handleRequestPreVote(now time.Duration, m *Message) {
	req := &m.PreVote
	r := c.message(MsgPreVoteReply, m.From)
	r.PreVoteReply.Asked = req.Asked
	r.PreVoteReply.Granted = req.Campaign > c.hard.Term && c.members.known &&
		!c.hasLeader(now) &&
		!c.log.newerThan(req.LastIndex, req.LastTerm)
	c.send(r) // our term in it tells a sender of the past how far it is behind
}

// hasLeader says whether a leader was heard of within the shortest election timeout; if we lead, whether a majority
// was. A clock that was set back cannot tell, and must not keep others from voting until it has caught up.
func (c *Core) hasLeader(now time.Duration) bool {
	if c.leased(now) {
		return true
	}
	if c.leader == None {
		return false
	}
	heard := c.heardAt
	if c.role == Leader {
		heard = c.quorumHeard(now)
	}
	return heard <= now && now-heard < c.cfg.ElectionMin
}
