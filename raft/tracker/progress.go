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
	// Install: the follower is so far behind that it is sent a snapshot (Raft paper §7).
	Install
)

// String returns the state in lower case.
func (s State) String() string {
	switch s {
	case Replicate:
		return "replicate"
	case Install:
		return "install"
	}
	return "probe"
}

// Window bounds what is on its way to one follower without an acknowledgement.
type Window struct {
	// Messages and Bytes are at least 1; one message always fits.
	Messages, Bytes int
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
	flights flights
	// Shipment is how far a snapshot has come, in Install.
	Shipment Shipment
	// Chase says whether a learner has caught up.
	Chase Chase
}

// Start is the view at the start of a term: nothing is known, and the guess is that the
// follower's log is as long as the leader's (Raft paper §5.3).
func Start(last quorum.Index) Progress { return Progress{Next: last + 1} }

// Ready says whether entries may leave now.
func (p *Progress) Ready(w *Window) bool {
	switch p.State {
	case Replicate:
		return p.flights.n < w.Messages && p.flights.bytes < w.Bytes
	case Probe:
		return !p.waiting
	}
	return false
}

// Sent notes that entries from Next up to last, of so many bytes, are on their way.
func (p *Progress) Sent(last quorum.Index, bytes int) {
	if p.State == Probe {
		p.waiting = true // Next stays: the guess is still to be confirmed
		return
	}
	p.Next = last + 1
	p.flights.push(flight{last, bytes})
}

// Unblock lets another probe leave, in case the last one was lost.
func (p *Progress) Unblock() { p.waiting = false }

// Accepted notes that the follower has entries up to match on its disk. It says whether that is news.
func (p *Progress) Accepted(match quorum.Index) bool {
	news := match > p.Match
	if news {
		p.Match = match
		p.flights.landed(match)
	}
	if p.State == Probe {
		// Whatever was a guess is known now.
		p.become(Replicate)
		p.Next = p.Match + 1
		return true
	}
	p.Next = max(p.Next, p.Match+1)
	return news
}

// Rejected notes that the follower does not have the leader's entry at prev, and that the
// logs can agree at next-1 at best. It says whether that is news: replies of the past are not.
func (p *Progress) Rejected(prev, next quorum.Index) bool {
	if prev <= p.Match || p.State == Install || p.State == Probe && prev != p.Next-1 {
		return false
	}
	p.become(Probe)
	p.Next = max(p.Match+1, min(next, prev))
	return true
}

// Installing notes that the follower is to be sent a snapshot of that index, from its first byte on.
func (p *Progress) Installing(index quorum.Index) {
	p.become(Install)
	p.Shipment = Shipment{Index: index}
}

// Installed notes that the follower has what a snapshot up to index stands for on its disk.
func (p *Progress) Installed(index quorum.Index) {
	p.Match = max(p.Match, index)
	p.become(Replicate)
	p.Next = p.Match + 1
}

func (p *Progress) become(s State) {
	p.State, p.waiting = s, false
	p.flights.clear()
	p.Shipment = Shipment{}
}
