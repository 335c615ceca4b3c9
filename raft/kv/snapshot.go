package kv

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"raftsim/raft"
)

// A snapshot is all that a store holds:
//
//	1 byte    version
//	uvarint   index of the last command
//	the rest  what Bytes returns, without its version:
//	uvarint     time
//	1 byte      1 when some session has ever expired, 0 otherwise
//	uvarint     number of keys, then for each, in the order of hash(key), and of key where hashes are the same:
//	  uvarint     length of the key, then the key
//	  uvarint     length of the value, then the value
//	uvarint     number of sessions, then for each, in the order they were last used in:
//	  uvarint     session, as in a command
//	  uvarint     how much the index of its last command is above that of the session before
//	  uvarint     how much the time then was above that of the session before
//	  uvarint     seq of its last operation, 0 when there was none since it was opened
//	  1 byte      1 when that was a cas that wrote, 2 when it was an append that was refused, 0 otherwise
//	  uvarint     length of the value it saw, then the value
//
// Everything has exactly one encoding, as in a command. The order of hashes is as good as any other, and a
// store of a million keys is brought into it in a fraction of the time that comparing them would take.
const snapshotVersion = 1

// Snapshot returns all that the store holds, for [Store.Restore]: what [Store.Bytes] returns, and the index of
// the last command. Stores that hold the same at the same index have the same snapshot. It is the caller's, and never empty.
func (s *Store) Snapshot() []byte {
	out := make([]byte, 0, 1+binary.MaxVarintLen64+s.size())
	out = binary.AppendUvarint(append(out, snapshotVersion), uint64(s.applied))
	return s.appendTo(out)
}

// Bytes returns all that the store holds in one fixed form: the time, the keys with their values, and the sessions in the
// order they were last used in, with the last seq and its result. Two stores hold the same exactly when their
// Bytes are equal. The index of the last command is not part of it.
func (s *Store) Bytes() []byte {
	return s.appendTo(append(make([]byte, 0, 1+s.size()), snapshotVersion))
}

// size is how many bytes appendTo writes at most.
func (s *Store) size() int { return binary.MaxVarintLen64 + 1 + s.keysSize() + s.sessionsSize() }

func (s *Store) appendTo(out []byte) []byte {
	out = binary.AppendUvarint(out, uint64(s.time))
	out = appendBool(out, s.expired)
	return s.appendSessions(s.appendKeys(out))
}

// keysSize is how many bytes the keys take in a snapshot at most.
func (s *Store) keysSize() int {
	size := binary.MaxVarintLen64
	for _, v := range s.keys {
		size += v.size()
	}
	return size
}

// size is how many bytes a key takes in a snapshot.
func (v *value) size() int {
	return uvarintLen(len(v.key)) + len(v.key) + uvarintLen(len(v.text.bytes)) + len(v.text.bytes)
}

func uvarintLen(n int) int { return (bits.Len64(uint64(n)|1) + 6) / 7 }

// spot is where a key stands in a snapshot that is not yet in order.
type spot struct {
	hash    uint64
	at, end int
}

// appendKeys writes the keys in order. What is far apart in memory is slow to go to, and a large store is larger than any
// cache: so the keys are written as they lie in memory, only dealt out into parts by the first bits of their hashes,
// and then each part, which is small, is put in order.
func (s *Store) appendKeys(out []byte) []byte {
	const partBits = 8
	const parts, shift = 1 << partBits, 64 - partBits
	out = binary.AppendUvarint(out, uint64(len(s.keys)))

	// Where each part is to begin, in bytes and in keys.
	var at, first [parts + 1]int
	for _, v := range s.keys {
		p := v.keyHash >> shift
		at[p+1] += v.size()
		first[p+1]++
	}
	at[0] = len(out)
	for p := range parts {
		at[p+1] += at[p]
		first[p+1] += first[p]
	}
	out = slices.Grow(out, at[parts]-at[0])[:at[parts]]

	spots := make([]spot, len(s.keys))
	end, next := at, first
	for _, v := range s.keys {
		p := v.keyHash >> shift
		e := appendText(appendText(out[:end[p]], v.key), v.text.bytes)
		spots[next[p]] = spot{v.keyHash, end[p], len(e)}
		end[p] = len(e)
		next[p]++
	}

	var scratch []byte
	for p := range parts {
		part := spots[first[p]:first[p+1]]
		slices.SortFunc(part, func(a, b spot) int {
			if a.hash != b.hash {
				return cmp.Compare(a.hash, b.hash)
			}
			x, _, _ := bytesAt(out, a.at, MaxKey)
			y, _, _ := bytesAt(out, b.at, MaxKey)
			return bytes.Compare(x, y)
		})
		scratch = append(scratch[:0], out[at[p]:at[p+1]]...)
		to := out[:at[p]]
		for _, k := range part {
			to = append(to, scratch[k.at-at[p]:k.end-at[p]]...)
		}
	}
	return out
}

// sessionsSize is how many bytes the sessions take in a snapshot at most.
func (s *Store) sessionsSize() int {
	size := binary.MaxVarintLen64
	for c := s.oldest; c != nil; c = c.newer {
		size += 4*binary.MaxVarintLen64 + 1 + uvarintLen(len(c.result.Value)) + len(c.result.Value)
	}
	return size
}

func (s *Store) appendSessions(out []byte) []byte {
	out = binary.AppendUvarint(out, uint64(len(s.sessions)))
	before := &session{}
	for c := s.oldest; c != nil; c = c.newer {
		out = binary.AppendUvarint(out, bits.RotateLeft64(uint64(c.id), 1))
		out = binary.AppendUvarint(out, uint64(c.index-before.index))
		out = binary.AppendUvarint(out, uint64(c.used-before.used))
		out = binary.AppendUvarint(out, c.seq)
		out = append(out, outcome(c.result))
		out = appendText(out, c.result.Value)
		before = c
	}
	return out
}

// outcome is what a snapshot has of a result beside its value.
func outcome(r Result) byte {
	switch {
	case r.Swapped:
		return 1
	case r.Refused:
		return 2
	}
	return 0
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func appendText[T string | []byte](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// Restore puts what a snapshot says in the place of all that the store holds. It takes any bytes: what [Store.Snapshot] would not
// write is an error that says where, and changes nothing. It keeps nothing of data.
func (s *Store) Restore(data []byte) error {
	// All of it is checked before anything is made of it, numbers of things that are not there among it.
	r := reader{data: data}
	if err := r.check(); err != nil {
		return err
	}
	r = reader{data: data, at: 1}
	next := Store{applied: raft.Index(r.number()), time: Time(r.number()), expired: r.byte() == 1}
	next.restoreKeys(&r)
	if err := next.restoreSessions(&r); err != nil {
		return err
	}
	*s = next
	return nil
}

func (s *Store) restoreKeys(r *reader) {
	n := int(r.number())
	s.values, s.keys = make(map[string]*value, n), make([]*value, 0, n)
	for range n {
		key := string(r.bytes())
		v := s.add(key, hash(key))
		v.text.set(r.bytes())
		s.written(v)
	}
}

func (s *Store) restoreSessions(r *reader) error {
	n := int(r.number())
	s.sessions = make(map[SessionID]*session, n)
	applied, now := s.applied, s.time
	s.applied, s.time = 0, 0
	for range n {
		c := s.admit(r.session())
		// Each is used at the index and the time that were then, and so comes into its place.
		s.applied += raft.Index(r.number())
		s.time += Time(r.number())
		s.use(c)
		c.seq = r.number()
		came := r.byte()
		c.result.Swapped, c.result.Refused = came == 1, came == 2
		saw := r.bytes()
		c.result.Value, c.seen = string(saw), hash(saw)
		s.note(c)
	}
	s.applied, s.time = applied, now
	if len(s.sessions) < n {
		return errors.New("kv: snapshot has a session twice")
	}
	return nil
}

// reader reads a snapshot. What it cannot read is a fault, after which all reads as nothing.
type reader struct {
	data  []byte
	at    int
	fault error
}

// refuse notes what is wrong with the snapshot at a byte, unless something was before.
func (r *reader) refuse(at int, what string) {
	if r.fault == nil {
		r.fault = fmt.Errorf("kv: snapshot has %s at byte %d", what, at)
		r.at = len(r.data)
	}
}

func (r *reader) byte() byte {
	if r.at == len(r.data) {
		r.refuse(r.at, "no more")
		return 0
	}
	r.at++
	return r.data[r.at-1]
}

func (r *reader) number() uint64 {
	v, next, ok := uvarint(r.data, r.at)
	if !ok {
		r.refuse(r.at, "no valid number")
		return 0
	}
	r.at = next
	return v
}

func (r *reader) bytes() []byte {
	b, next, ok := bytesAt(r.data, r.at, len(r.data))
	if !ok {
		r.refuse(r.at, "no whole string")
		return nil
	}
	r.at = next
	return b
}

func (r *reader) session() SessionID { return SessionID(bits.RotateLeft64(r.number(), -1)) }

// bool checks a byte that says yes or no.
func (r *reader) bool() {
	if at := r.at; r.byte() > 1 {
		r.refuse(at, "neither yes nor no")
	}
}

// check tells why no store would write the snapshot, but for a session that is there twice.
func (r *reader) check() error {
	if len(r.data) == 0 {
		return errors.New("kv: snapshot is empty")
	}
	if v := r.byte(); v != snapshotVersion {
		return fmt.Errorf("kv: snapshot has version %d, want %d", v, snapshotVersion)
	}
	at := r.at
	applied, now := raft.Index(r.number()), Time(r.number())
	if applied >= raft.Index(FirstOpened) {
		r.refuse(at, "an index beyond all")
	}
	r.bool()
	r.checkKeys()
	r.checkSessions(applied, now)
	if r.fault == nil && r.at < len(r.data) {
		return fmt.Errorf("kv: snapshot has %d bytes too many, from byte %d", len(r.data)-r.at, r.at)
	}
	return r.fault
}

func (r *reader) checkKeys() {
	var last []byte
	var lastHash uint64
	n := r.number()
	for k := uint64(0); k < n && r.fault == nil; k++ {
		at := r.at
		key := r.bytes()
		h := hash(key)
		switch {
		case len(key) == 0:
			r.refuse(at, "an empty key")
		case len(key) > MaxKey:
			r.refuse(at, "a key that is too long")
		case k > 0 && (h < lastHash || h == lastHash && bytes.Compare(key, last) <= 0):
			r.refuse(at, "a key out of order")
		}
		last, lastHash = key, h
		at = r.at
		if text := r.bytes(); len(text) == 0 {
			r.refuse(at, "an empty value")
		}
	}
}

func (r *reader) checkSessions(applied raft.Index, now Time) {
	var index raft.Index
	var used Time
	n := r.number()
	for k := uint64(0); k < n && r.fault == nil; k++ {
		idAt := r.at
		id := r.session()
		at := r.at
		later := raft.Index(r.number())
		if later == 0 || later > applied-index {
			r.refuse(at, "a session used at no index that was applied")
		}
		index += later
		if id == 0 || id == FirstOpened || id > FirstOpened|SessionID(index) {
			r.refuse(idAt, "a session that there cannot have been")
		}
		at = r.at
		if passed := Time(r.number()); passed > now-used {
			r.refuse(at, "a session used in the future")
		} else {
			used += passed
		}
		at = r.at
		seq := r.number()
		if (seq == 0) != (id == FirstOpened|SessionID(index)) {
			r.refuse(at, "a seq that is not of this session")
		}
		at = r.at
		came := r.byte()
		if came > 2 {
			r.refuse(at, "an unknown outcome")
		}
		switch saw := r.bytes(); {
		case seq == 0 && (len(saw) > 0 || came != 0):
			r.refuse(at, "a result of no operation")
		case came == 2 && len(saw) > 0:
			r.refuse(at, "a refused append that saw a value")
		}
	}
}
