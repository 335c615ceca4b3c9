package raft

import "time"

// ppm is a million: how many parts there are.
const ppm = 1_000_000

// lease is what makes a leader sure that nobody else leads, and a follower keep others from leading.
type lease struct {
	// kept is until when this node elects nobody else, and does not stand for election, by its own clock.
	kept time.Duration
	// since is when the round began that a majority has answered last, Never when there is none to count on.
	since time.Duration
	// void says that others may be elected in spite of a promise: leadership was to be handed over.
	void bool
	// begun are the rounds that no majority has answered yet.
	begun []round
}

// round is a confirmation of leadership, and when it began.
type round struct {
	number uint64
	at     time.Duration
}

// promiseLease has the node elect nobody else for as long as a lease lasts: it has heard of a leader.
func (c *Core) promiseLease(now time.Duration) {
	if c.cfg.Lease > 0 {
		c.lease.kept = after(now, c.cfg.Lease)
	}
}

// leased says whether the node has promised to elect nobody else now. A clock that was set back would have it
// wait longer than the promise was for.
func (c *Core) leased(now time.Duration) bool {
	if c.cfg.Lease == 0 {
		return false
	}
	c.lease.kept = min(c.lease.kept, after(now, c.cfg.Lease))
	return now < c.lease.kept
}

// startLease is for a leader's first moment: nobody has answered it yet.
func (c *Core) startLease() {
	c.lease.since, c.lease.void, c.lease.begun = Never, false, c.lease.begun[:0]
}

// endLease has the leader ask for every read, for as long as it leads.
func (c *Core) endLease() { c.lease.void = true }

// noteRound remembers when a round began.
func (c *Core) noteRound(now time.Duration) {
	const most = 1024 // of a leader that nobody answers
	if l := &c.lease; c.cfg.Lease > 0 {
		if len(l.begun) == most {
			l.begun = l.begun[:copy(l.begun, l.begun[most/2:])]
		}
		l.begun = append(l.begun, round{c.reads.round, now})
	}
}

// extendLease takes in that a majority has answered a round: each promised something after the round began.
func (c *Core) extendLease(confirmed uint64) {
	l, n := &c.lease, 0
	for n < len(l.begun) && l.begun[n].number <= confirmed {
		l.since = l.begun[n].at
		n++
	}
	if n > 0 {
		l.begun = l.begun[:copy(l.begun, l.begun[n:])]
	}
}

// leaseHolds says whether no other can have been elected yet. The followers' clocks may be as fast as the bound
// allows, and this one as slow.
func (c *Core) leaseHolds(now time.Duration) bool {
	l := &c.lease
	if c.cfg.Lease == 0 || l.void || l.since > now {
		return false
	}
	return now-l.since < c.safeLease()
}

// safeLease is how long the leader may count on a lease, by its own clock: true time is at least Lease/(1+drift) for
// a follower, and at most what the leader counts/(1-drift).
func (c *Core) safeLease() time.Duration {
	drift := time.Duration(c.cfg.ClockDriftPPM)
	whole, rest := c.cfg.Lease/(ppm+drift), c.cfg.Lease%(ppm+drift)
	return whole*(ppm-drift) + rest*(ppm-drift)/(ppm+drift)
}
