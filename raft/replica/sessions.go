package replica

import (
	"fmt"
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
)

// tenure is what a leader needs to know of its time in office, for the clients' sessions (Raft dissertation §6.3).
type tenure struct {
	// term is the one that all else is of.
	term raft.Term
	// now was the leader's clock when the node's own clock showed own.
	now kv.Time
	own time.Duration
	// expiry is the last expiry of sessions that was proposed, 0 for none.
	expiry raft.Index
}

// clock reads the leader's clock, which stamps what it proposes. It goes on from the time that the log tells, by as much as passes
// on the node's own clock: what that shows is of no matter, since nodes need not agree about it, and one that is set back holds
// the leader's up no longer than that moment. The time between two leaders is not counted, so
// that a session is rather kept too long.
func (r *Replica) clock() kv.Time {
	t, own := &r.tenure, r.env.Now()
	if term := r.core.Term(); t.term != term {
		*t = tenure{term: term, own: own}
	}
	t.own = min(t.own, own)
	passed := (own - t.own) / time.Millisecond
	t.own += passed * time.Millisecond
	t.now = max(t.now+kv.Time(passed), r.store.Time())
	return t.now
}

// expireSessions has a leader propose that sessions expire, when there are some and no such entry is on its way.
// Replicas drop them when they apply it, whatever they are configured to themselves.
func (r *Replica) expireSessions() {
	if r.opts.SessionTTL == 0 && r.opts.MaxSessions == 0 || r.core.Role() != raft.Leader {
		return
	}
	now := r.clock()
	if r.tenure.expiry > r.core.Applied() {
		return
	}
	e := r.expiryDue(now)
	if e == (kv.Expiry{}) {
		return
	}
	if i, _, err := r.core.Propose(r.commands.expiry(e, now)); err == nil { // otherwise there will be another time
		r.tenure.expiry = i
	}
}

// expiryDue returns what is to expire. It waits until it is worth an entry: some more time has passed than
// a session may be idle for, or some more sessions go than are too many.
func (r *Replica) expiryDue(now kv.Time) (e kv.Expiry) {
	if ttl := kv.Time((r.opts.SessionTTL + time.Millisecond - 1) / time.Millisecond); ttl > 0 {
		if since, ok := r.store.IdleSince(); ok && now-since > ttl+ttl/16 {
			e.Horizon = now - ttl
		}
	}
	if most := r.opts.MaxSessions; most > 0 && r.store.Sessions() > most {
		e.Keep = uint64(most - most/8)
	}
	return e
}

// validateSessions tells what is wrong with the options that are about sessions.
func (o *Options) validateSessions() error {
	switch {
	case o.SessionTTL < 0:
		return fmt.Errorf("replica: sessions expire after %v, want 0 for never or more", o.SessionTTL)
	case o.MaxSessions < 0:
		return fmt.Errorf("replica: at most %d sessions, want 0 for any number or more", o.MaxSessions)
	}
	return nil
}
