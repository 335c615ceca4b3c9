package kv

import (
	"errors"
	"fmt"

	"raftsim/raft"
)

// ErrStale says that a command's session has gone on to a later one: the operation
// takes no effect now, and its result, if it ever had one, is forgotten. Nobody waits for it any more.
var ErrStale = errors.New("kv: session has gone on to a later operation")

// Store is the replicated state machine: keys with values, and the sessions that
// make a repeated operation take effect once (Raft dissertation §6.3). What it holds follows from the
// commands applied and their order alone, so that replicas of one log agree byte for byte.
//
// A key that is not there and a key whose value is "" are the same: a put of ""
// is a delete, and a cas that expects "" holds for a key that is not there.
//
// A Store is for one goroutine.
type Store struct {
	// values holds no empty value. Pointers let a put to a known key look it up once.
	values map[string]*value
	// keys are all of values, in no order, to go through faster than a map lets one.
	keys []*value
	// sessions are in a list too, in the order they were last used in.
	sessions       map[SessionID]*session
	oldest, newest *session
	applied        raft.Index
	time           Time
	// expired says that some session ever has.
	expired bool
	// sum is the sum of the marks of all keys and sessions, kept up to date by every change.
	sum uint64
}

type value struct {
	key  string
	text content
	// place is where the key is among the store's keys.
	place   int
	keyHash uint64
	// textHash is hash of text, kept for the sessions that remember the text.
	textHash uint64
	// mark is this key's part of the digest.
	mark uint64
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{values: make(map[string]*value), sessions: make(map[SessionID]*session)}
}

// Effect is what a command came to.
type Effect struct {
	// Session and Seq name the operation. They are 0 when the command is of no session that the store knows.
	Session SessionID
	Seq     uint64
	// Result is what the operation saw when it took effect.
	Result Result
	// Repeat says that it had taken effect before, and did not again.
	Repeat bool
	// Opened is the session that an [Open] opened.
	Opened SessionID
	// Expired is how many sessions an [Expire] dropped.
	Expired int
}

// Apply takes in the command at index of the log and returns what it came to. The command that a session applied last
// returns the remembered result and takes no effect again; one before it is answered with [ErrStale], and an Effect
// without a result. Gaps in a session's seq are allowed: a client may give up an operation. A session comes to be when it
// is opened; one that its client chose, with its first command, as long as no session has expired yet. A command
// of another session is answered with [ErrExpired].
//
// Indexes grow from call to call; one that does not, and data that [Decode] would not take,
// are errors. An error changes no key, and is the same on every replica.
// Apply keeps nothing of data.
func (s *Store) Apply(index raft.Index, data []byte) (Effect, error) {
	var took Effect
	err := s.ApplyTo(&took, index, data)
	return took, err
}

// ApplyTo is [Store.Apply] with the Effect put into took, which is zero, without a copy.
func (s *Store) ApplyTo(took *Effect, index raft.Index, data []byte) error {
	if index <= s.applied {
		return fmt.Errorf("kv: index %d is applied already, the store is at %d", index, s.applied)
	}
	s.applied = index
	var c command
	if err := c.parse(data); err != nil {
		return fmt.Errorf("index %d: %w", index, err)
	}
	s.time = max(s.time, c.time)
	switch c.op {
	case Open:
		took.Opened = s.open()
		return nil
	case Expire:
		took.Expired = s.expire(c.expiry)
		return nil
	}
	client := s.known(c.session)
	if client == nil {
		return ErrExpired
	}
	s.use(client)
	took.Session, took.Seq = c.session, c.seq
	var err error
	switch {
	case c.seq > client.seq:
		client.seq = c.seq
		res, seen := s.execute(&c)
		client.result, client.seen = res, seen
		took.Result = res
	case c.seq == client.seq:
		took.Repeat, took.Result = true, client.result
	default:
		took.Repeat, err = true, ErrStale
	}
	s.note(client)
	return err
}

// execute does what the command asks. It returns what the operation saw, and the hash of its value.
func (s *Store) execute(c *command) (res Result, seen uint64) {
	v := s.values[string(c.key)]
	seen = emptyHash
	switch c.op {
	case Get:
		if v != nil {
			res.Value, seen = v.text.String(), v.textHash
		}
	case Put:
		s.set(v, c.key, c.value)
	case Append:
		switch {
		case v == nil:
			s.set(v, c.key, c.value)
		case len(c.value) == 0:
		case len(v.text.bytes)+len(c.value) > MaxAppended:
			res.Refused = true
		default:
			v.text.add(c.value)
			s.written(v)
		}
	case CAS:
		if v != nil {
			res.Value, seen = v.text.String(), v.textHash
		}
		if res.Value == string(c.expect) {
			res.Swapped = true
			s.set(v, c.key, c.value)
		}
	case Delete:
		s.set(v, c.key, nil)
	}
	return res, seen
}

// set gives key the value text, where v is what the key has now, nil for nothing.
func (s *Store) set(v *value, key, text []byte) {
	switch {
	case len(text) > 0:
		if v == nil {
			v = s.add(string(key), hash(key))
		}
		v.text.set(text)
		s.written(v)
	case v != nil:
		s.sum -= v.mark
		s.remove(v)
	}
}

// add puts in a key, whose value is to be written next.
func (s *Store) add(key string, keyHash uint64) *value {
	v := &value{key: key, keyHash: keyHash, place: len(s.keys)}
	s.values[key] = v
	s.keys = append(s.keys, v)
	return v
}

func (s *Store) remove(v *value) {
	last := s.keys[len(s.keys)-1]
	last.place = v.place
	s.keys[v.place] = last
	s.keys[len(s.keys)-1] = nil
	s.keys = s.keys[:len(s.keys)-1]
	delete(s.values, v.key)
}

// written brings the digest up to date with a key's new value.
func (s *Store) written(v *value) {
	v.textHash = hash(v.text.bytes)
	mark := mix(v.keyHash^keySalt, v.textHash)
	s.sum += mark - v.mark
	v.mark = mark
}

// Get returns the value of a key, "" when there is none, outside of the log: it is of no session and leaves no trace.
func (s *Store) Get(key string) string {
	if v := s.values[key]; v != nil {
		return v.text.String()
	}
	return ""
}

// Lookup returns the result of an operation that was the last its session applied, and false for any
// other: one not applied yet, or one that the session has gone on from.
func (s *Store) Lookup(id SessionID, seq uint64) (Result, bool) {
	if client := s.session(id); client != nil && client.seq == seq {
		return client.result, true
	}
	return Result{}, false
}

// Digest is a checksum of what [Store.Bytes] returns, kept up to date at no cost that grows with
// the store. Stores that differ in it hold different things; stores that agree
// hold the same unless 64 bits met by chance, which Bytes can tell.
func (s *Store) Digest() uint64 {
	expired := uint64(0)
	if s.expired {
		expired = 1
	}
	return s.sum + mix(uint64(s.time)^timeSalt, expired)
}
