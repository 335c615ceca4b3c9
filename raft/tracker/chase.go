package tracker

import (
	"time"

	"raftsim/raft/quorum"
)

// Chase tells whether a learner has caught up: in rounds, each of which brings it to what was committed
// when the round began. It has once a round took less than an election timeout, since then
// to wait for it can hold up nobody for longer (Raft dissertation §4.2.1).
type Chase struct {
	// target is the commit index as of since, when the round began; 0 before the first.
	target quorum.Index
	since  time.Duration
	// quick says that the last round took no longer than it may.
	quick bool
}

// CaughtUp notes how far the learner is, and says whether it has caught up.
func (c *Chase) CaughtUp(now time.Duration, match, commit quorum.Index, within time.Duration) bool {
	if c.target == 0 {
		c.target, c.since = commit, now
		return false
	}
	if match < c.target {
		return false
	}
	c.quick = now-c.since < within && now >= c.since
	c.target, c.since = commit, now
	return c.quick
}

// Keeps says whether a learner that has caught up keeps up while others are waited for: its last round was quick enough, and the one under
// way has not taken longer than it may, either.
func (c *Chase) Keeps(now time.Duration, within time.Duration) bool {
	return c.quick && now-c.since < within && now >= c.since
}
