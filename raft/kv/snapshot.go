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
//	uvarint     number of keys, then for each, in the order of hash(key), and of key where hashes are the same:
//	  uvarint     length of the key, then the key
//	  uvarint     length of the value, then the value
//	uvarint     number of sessions, then for each, in order:
//	  uvarint     session
//	  uvarint     seq of its last operation
//	  1 byte      1 when that was a cas that wrote, 0 otherwise
//	  uvarint     length of the value it saw, then the value
//
// Everything has exactly one encoding, as in a command. The order of hashes is as good as any other, and a
// store of a million keys is brought into it in a fraction of the time that comparing them would take.
const snapshotVersion = 1

// Snapshot returns all that the store holds, for [Store.Restore]: what [Store.Bytes] returns, and the index of
// the last command. Stores that hold the same at the same index have the same snapshot. It is the caller's, and never empty.
func (s *Store) Snapshot() []byte {
	size := s.keysSize() + s.sessionsSize()
	out := make([]byte, 0, 1+binary.MaxVarintLen64+size)
	out = append(out, snapshotVersion)
	out = binary.AppendUvarint(out, uint64(s.applied))
	return s.appendSessions(s.appendKeys(out))
}

// Bytes returns all that the store holds in one fixed form: keys with their values, and sessions with the last seq
// and its result. Two stores hold the same exactly when their Bytes are equal. The
// index of the last command is not part of it.
func (s *Store) Bytes() []byte {
	out := make([]byte, 0, 1+s.keysSize()+s.sessionsSize())
	return s.appendSessions(s.appendKeys(append(out, snapshotVersion)))
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
	return uvarintLen(len(v.key)) + len(v.key) + uvarintLen(len(v.text)) + len(v.text)
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
		e := appendString(appendString(out[:end[p]], v.key), v.text)
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
	// determinism: addition does not care for the order
	for _, client := range s.sessions {
		size += 2*binary.MaxVarintLen64 + 1 + uvarintLen(len(client.result.Value)) + len(client.result.Value)
	}
	return size
}

func (s *Store) appendSessions(out []byte) []byte {
	ids := make([]SessionID, 0, len(s.sessions))
	for id := range s.sessions {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	out = binary.AppendUvarint(out, uint64(len(ids)))
	for _, id := range ids {
		client := s.sessions[id]
		out = binary.AppendUvarint(out, uint64(id))
		out = binary.AppendUvarint(out, client.seq)
		swapped := byte(0)
		if client.result.Swapped {
			swapped = 1
		}
		out = append(out, swapped)
		out = appendString(out, client.result.Value)
	}
	return out
}

func appendString(dst []byte, s string) []byte {
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
	next := Store{applied: raft.Index(r.number())}
	keys := int(r.number())
	next.values, next.keys = make(map[string]*value, keys), make([]*value, 0, keys)
	for range keys {
		key := string(r.bytes())
		next.write(next.add(key, hash(key)), string(r.bytes()))
	}
	clients := int(r.number())
	next.sessions = make(map[SessionID]*session, clients)
	for range clients {
		id, client := SessionID(r.number()), &session{seq: r.number()}
		client.result.Swapped = r.byte() == 1
		saw := r.bytes()
		client.result.Value = string(saw)
		client.mark = sessionMark(id, client.seq, client.result.Swapped, hash(saw))
		next.sessions[id] = client
		next.sum += client.mark
	}
	*s = next
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

// check tells why no store would write the snapshot.
func (r *reader) check() error {
	if len(r.data) == 0 {
		return errors.New("kv: snapshot is empty")
	}
	if v := r.byte(); v != snapshotVersion {
		return fmt.Errorf("kv: snapshot has version %d, want %d", v, snapshotVersion)
	}
	r.number()
	r.checkKeys()
	r.checkSessions()
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

func (r *reader) checkSessions() {
	last := uint64(0)
	n := r.number()
	for k := uint64(0); k < n && r.fault == nil; k++ {
		at := r.at
		id := r.number()
		if id <= last {
			r.refuse(at, "a session out of order")
		}
		last = id
		at = r.at
		if seq := r.number(); seq == 0 {
			r.refuse(at, "a seq of 0")
		}
		at = r.at
		if swapped := r.byte(); swapped > 1 {
			r.refuse(at, "no valid mark of a cas")
		}
		r.bytes()
	}
}
