package raft

import "time"

// ElectionTimeout tells that the election timer has fired: nobody was heard of for too long.
// A follower or candidate starts an election in a new term (Raft paper §5.2), or asks first whether it
// could win; a leader looks whether it still has a majority.
func (c *Core) ElectionTimeout(now time.Duration) {
	switch {
	case c.role == Leader:
		c.checkQuorum(now)
	case !c.stands(): // it has nothing to win
	case c.leased(now):
		c.resetElection(now) // the timer is ahead of its time, and a leader counts on it
	case c.cfg.PreVote:
		c.preCampaign(now)
	default:
		c.campaign(now, false)
	}
}

// campaign stands for election in a new term. Transfer says that the leader of this term asked for it.
func (c *Core) campaign(now time.Duration, transfer bool) {
	c.role = Candidate
	c.leader = None
	c.hard = HardState{Term: c.hard.Term + 1, Vote: c.id}
	c.dropHeld()
	clear(c.granted)
	c.resetElection(now)
	for k, v := range c.members.ids {
		if k == c.members.self || c.members.kinds[k]&(voter|outgoing) == 0 {
			continue
		}
		m := c.message(MsgRequestVote, v)
		m.RequestVote = RequestVote{LastIndex: c.log.last, LastTerm: c.log.lastTerm(), Transfer: transfer}
		c.send(m)
	}
	// Our own vote counts once it is on the disk: see persistedVote.
}

// resetElection starts the election timer anew with a timeout of its own, so that
// split votes are rare and end soon (Raft paper §5.2).
func (c *Core) resetElection(now time.Duration) {
	c.heardAt = now
	c.drawElection()
}

func (c *Core) drawElection() {
	span := uint64(c.cfg.ElectionMax - c.cfg.ElectionMin)
	c.election = c.cfg.ElectionMin + time.Duration(c.cfg.Draw(span+1))
}

// handleRequestVote grants a vote to the first who asks in a term, if its log is at least as
// up-to-date as ours (Raft paper §5.2, §5.4.1; HandleRequestVoteRequest in raft.tla). The candidate may have a configuration
// that counts us although ours does not (Raft dissertation §4.2.2), but none counts a node whose disk is new before that
// has heard of being added.
func (c *Core) handleRequestVote(now time.Duration, m *Message) {
	req := &m.RequestVote
	grant := m.Term == c.hard.Term && c.members.known &&
		(c.hard.Vote == None || c.hard.Vote == m.From) &&
		(req.Transfer || !c.leased(now)) &&
		!c.log.newerThan(req.LastIndex, req.LastTerm)
	if grant {
		if c.role == PreCandidate {
			c.role = Follower // somebody else was faster
		}
		c.hard.Vote = m.From
		c.resetElection(now)
	}
	r := c.message(MsgVoteReply, m.From)
	r.VoteReply = VoteReply{Granted: grant, Candidate: m.Incarnation}
	c.send(r)
}

// countVote notes the vote, or the promise of one, of the voter at that place. A majority of them wins.
func (c *Core) countVote(now time.Duration, voter int) {
	c.granted[voter] = true
	if !c.won() {
		return
	}
	if c.role == PreCandidate {
		c.campaign(now, false)
	} else {
		c.lead(now)
	}
}

// persistedVote counts a candidate's vote for itself, now that it is on the disk.
func (c *Core) persistedVote(now time.Duration) {
	if self := c.members.self; c.role == Candidate && self >= 0 && c.durable.hard == c.hard && !c.granted[self] {
		c.countVote(now, self)
	}
}
