package kv

import (
	"errors"

	"raftsim/raft"
)

// Time is the time that a log tells, in milliseconds (Raft dissertation §6.3). Each command carries the clock of the
// leader that proposed it, and the time of a [Store] is the latest that it has applied: all replicas agree on it, and it never
// goes back, whatever the clocks of the leaders do.
type Time uint64

// ErrExpired says that the store does not know a command's session: it has expired, or never was one. The operation
// takes no effect now; whether it did before is forgotten.
var ErrExpired = errors.New("kv: session has expired, or never was; open another one")

// Expiry says which sessions are to go. It is a leader's command, so that replicas agree whatever each of them
// is configured to, and it is the only thing that a session ends by.
type Expiry struct {
	// Horizon drops the sessions last used before it.
	Horizon Time
	// Keep is how many sessions stay at most: those not used for longest go. 0 is for any number.
	Keep uint64
}

// session is the last operation of a session and what it saw.
type session struct {
	id     SessionID
	seq    uint64 // 0 when it was opened and has seen no operation
	result Result
	// seen is hash(result.Value).
	seen uint64
	// index is of the last command of the session, whatever came of it, and used is the store's time then.
	index raft.Index
	used  Time
	// mark is this session's part of the digest.
	mark uint64
	// older was used before this one, newer after; with nothing in between.
	older, newer *session
}

// use notes that a session is used now.
func (s *Store) use(client *session) {
	client.index, client.used = s.applied, s.time
	if s.newest == client {
		return
	}
	if client.newer != nil { // it is in the list already
		s.unlink(client)
	}
	client.older, client.newer = s.newest, nil
	if s.newest != nil {
		s.newest.newer = client
	} else {
		s.oldest = client
	}
	s.newest = client
}

func (s *Store) unlink(client *session) {
	if client.older != nil {
		client.older.newer = client.newer
	} else {
		s.oldest = client.newer
	}
	if client.newer != nil {
		client.newer.older = client.older
	} else {
		s.newest = client.older
	}
}

// note brings the digest up to date with a session.
func (s *Store) note(client *session) {
	mark := client.digest()
	s.sum += mark - client.mark
	client.mark = mark
}

// admit makes a session, to be used next.
func (s *Store) admit(id SessionID) *session {
	client := &session{id: id, seen: emptyHash}
	s.sessions[id] = client
	return client
}

// known returns the session of a command, nil when it has expired or never was. One that its client chose comes to be with its
// first command for as long as no session has ever expired. After that nobody can tell a new session from
// one that is gone, whose operations would take effect again.
func (s *Store) known(id SessionID) *session {
	client := s.session(id)
	if client == nil && !s.expired && id < FirstOpened {
		client = s.admit(id)
	}
	return client
}

// session returns the session of that name, nil when there is none. Often it is the one used last.
func (s *Store) session(id SessionID) *session {
	if s.newest != nil && s.newest.id == id {
		return s.newest
	}
	return s.sessions[id]
}

// open gives out a session that there has never been.
func (s *Store) open() SessionID {
	client := s.admit(FirstOpened | SessionID(s.applied))
	s.use(client)
	s.note(client)
	return client.id
}

// expire drops sessions and returns how many, at a cost that does not depend on how many stay.
func (s *Store) expire(e Expiry) (dropped int) {
	for s.oldest != nil && (s.oldest.used < e.Horizon || e.Keep > 0 && uint64(len(s.sessions)) > e.Keep) {
		client := s.oldest
		s.unlink(client)
		s.sum -= client.mark
		delete(s.sessions, client.id)
		dropped++
	}
	s.expired = s.expired || dropped > 0
	return dropped
}

// Time is the latest that was applied.
func (s *Store) Time() Time { return s.time }

// Sessions is how many sessions there are.
func (s *Store) Sessions() int { return len(s.sessions) }

// IdleSince is when the session was used that has not been used for longest. It is not ok when there is none.
func (s *Store) IdleSince() (at Time, ok bool) {
	if s.oldest == nil {
		return 0, false
	}
	return s.oldest.used, true
}
