package raft

import (
	"errors"
	"fmt"
	"time"
)

// ErrTransferring says that the leader is handing over, so that it takes no proposals for the moment.
var ErrTransferring = errors.New("raft: leadership is being handed over; ask again")

// LeadsAlreadyError says that leadership was to be handed to Node, which has it.
type LeadsAlreadyError struct{ Node NodeID }

func (e *LeadsAlreadyError) Error() string { return "raft: " + e.Node.String() + " leads already" }

// TransferLeadership hands leadership to another voter (Raft dissertation §3.10): from now on
// proposals are refused, what is accepted is replicated, and then the other is told to stand for
// election at once. If it has not won within an election timeout the leader goes on. The error
// says why it cannot be done: [ErrNotLeader], [ErrNotVoter], [ErrTransferring] or a [*LeadsAlreadyError]; nothing has changed then.
func (c *Core) TransferLeadership(now time.Duration, to NodeID) error {
	k := c.members.place(to)
	switch {
	case c.role != Leader:
		return ErrNotLeader
	case k < 0:
		return fmt.Errorf("raft: cannot hand leadership to %v, which is not a member of %v: %w", to, c.members.config, ErrNotVoter)
	case c.members.kinds[k]&voter == 0:
		return fmt.Errorf("raft: cannot hand leadership to %v: %w", to, ErrNotVoter)
	case k == c.members.self:
		return &LeadsAlreadyError{to}
	case c.successor != None:
		return fmt.Errorf("raft: cannot hand leadership to %v while it is being handed to %v: %w", to, c.successor, ErrTransferring)
	}
	c.successor = to
	c.transferEnds = after(now, c.cfg.ElectionMax)
	c.hurry(k)
	return nil
}

// hurry tells the successor at place k to stand for election, once it has all there is.
func (c *Core) hurry(k int) {
	if c.peers[k].Match == c.log.last {
		c.endLease() // the other may win although nobody's promise has run out, now or when the message comes at last
		c.send(c.message(MsgTimeoutNow, c.members.ids[k]))
	}
}
