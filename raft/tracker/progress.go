// Package tracker is a leader's view of its followers: how far each one's log is
// known to agree, and what may be sent to it next.
package tracker

import (
	"time"

	"raftsim/raft/quorum"
)

// State says how a leader sends entries to a follower.
type State uint8

const (
	// Probe: where the logs agree is a guess. One message at a time.
	Probe State = iota
	// Replicate: the logs agree up to Match. Messages follow each other without waiting
	// (Raft dissertation §10.2.1).
	Replicate
)

// String returns the state in lower case.
func (s State) String() string {
	if s == Replicate {
		return "replicate"
	}
	return "probe"
}

// Progress is what a leader knows of one follower. Match < Next, always.
type Progress struct {
	// Match is the highest index known to be on the follower's disk and equal to the leader's
	// (matchIndex, Raft paper Figure 2).
	Match quorum.Index
	// Next is the index of the next entry to send (nextIndex, Raft paper Figure 2).
	Next  quorum.Index
	State State
	// Heard is when the follower was last heard of, by the leader's clock.
	Heard time.Duration
	// Round is the latest of the leader's confirmations that the follower has answered.
	Round uint64
	// waiting says that a probe is on its way.
	waiting bool
}

// Start is the view at the start of a term: nothing is known, and the guess is that the
// follower's log is as long as the leader's (Raft paper §5.3).
func Start(last quorum.Index) Progress { return Progress{Next: last + 1} }

// Limit is up to which index entries from Next on may leave now, when last is the leader's last index and
// window how many entries may be unacknowledged at a time. None may when it is below Next.
func (p *Progress) Limit(last, window quorum.Index) quorum.Index {
	if p.State == Replicate {
		return min(last, p.Match+window)
	}
	if p.waiting {
		return 0
	}
	return min(last, p.Next-1+window)
}

// Sent notes that entries from Next up to last are on their way.
func (p *Progress) Sent(last quorum.Index) {
	if p.State == Probe {
		p.waiting = true // Next stays: the guess is still to be confirmed
		return
	}
	p.Next = last + 1
}

// Unblock lets another probe leave, in case the last one was lost.
func (p *Progress) Unblock() { p.waiting = false }

// Accepted notes that the follower has entries up to match on its disk. It says whether that is news.
func (p *Progress) Accepted(match quorum.Index) bool {
	news := match > p.Match
	if news {
		p.Match = match
	}
	if p.State == Probe {
		// Whatever was a guess is known now.
		p.State, p.waiting = Replicate, false
		p.Next = p.Match + 1
		return true
	}
	p.Next = max(p.Next, p.Match+1)
	return news
}

// Rejected notes that the follower does not have the leader's entry at prev, and that the
// logs can agree at next-1 at best. It says whether that is news: replies of the past are not.
func (p *Progress) Rejected(prev, next quorum.Index) bool {
	if prev <= p.Match || p.State == Probe && prev != p.Next-1 {
		return false
	}
	p.State, p.waiting = Probe, false
	p.Next = max(p.Match+1, min(next, prev))
	return true
}
