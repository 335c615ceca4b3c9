package tracker

import (
	"time"

	"raftsim/raft/quorum"
)

// Chase tells whether a learner has caught up: in rounds, each of which brings it to where the log ended
// when the round began. It has once a round took less than an election timeout, since then
// to wait for it can hold up nobody for longer (Raft dissertation §4.2.1).
type Chase struct {
	// target is the log's end as of since, when the round began; 0 before the first.
	target quorum.Index
	since  time.Duration
}

// CaughtUp notes how far the learner is, and says whether it has caught up.
func (c *Chase) CaughtUp(now time.Duration, match, last quorum.Index, within time.Duration) bool {
	if c.target == 0 {
		c.target, c.since = last, now
		return false
	}
	if match < c.target {
		return false
	}
	quick := now-c.since < within && now >= c.since
	c.target, c.since = last, now
	return quick
}
