package scenarios

import (
	"fmt"
	"time"

	"raftsim/raft"
	"raftsim/scenarios/script"
)

// leaderElected judges whether a majority follows a leader. A leader lost no longer ago than one election timeout counts:
// on a lossy network there is now and then an election under way at any given moment.
func (x *expectations) leaderElected() {
	r := x.r
	lately := r.scenario.Cluster.ElectionTimeout.Max
	if r.led || r.everLed && r.world.Now()-r.ledUntil <= lately {
		return
	}
	switch leader := r.leader(); {
	case leader != raft.None:
		r.violated(script.LeaderPresent, fmt.Sprintf("%v leads term %d, but no majority follows it", leader, r.nodes[leader].seen.Term), leader)
	case r.everLed:
		r.violated(script.LeaderPresent, fmt.Sprintf("there is no leader, since %v", r.ledUntil))
	default:
		r.violated(script.LeaderPresent, "no leader was ever elected")
	}
}

// leaderWithin counts the terms from an action until a majority follows a leader.
type leaderWithin struct {
	script.LeaderWithin
	// happened says that the action has happened: the last time at `at`, when the highest term was base.
	happened bool
	at       time.Duration
	base     raft.Term
	// met says that there was such a leader since.
	met bool
}

// happened is told of every action that takes place.
func (x *expectations) happened(verb string) {
	for _, l := range x.within {
		if l.Of == verb {
			l.happened, l.met = true, false
			l.at, l.base = x.r.world.Now(), x.r.term
		}
	}
}

// led is told whenever a majority comes to follow a leader.
func (x *expectations) led() {
	for _, l := range x.within {
		l.met = l.met || l.within(x.r)
	}
}

// within says whether the leader's term is near enough.
func (l *leaderWithin) within(r *Run) bool {
	leader := r.leader()
	return leader != raft.None && uint64(r.nodes[leader].seen.Term-min(l.base, r.nodes[leader].seen.Term)) <= l.Terms
}

// leaderWithin judges the terms that were needed. Where the leader never lost its majority, none were.
func (x *expectations) leaderWithin(l *leaderWithin) {
	r := x.r
	if !l.happened || l.met || r.led && l.within(r) {
		return
	}
	r.violated(script.LeaderPresent, fmt.Sprintf(
		"no leader within %d terms of the last %s at %v, when the term was %d; now it is %d",
		l.Terms, l.Of, l.at, l.base, r.term))
}
