package kv

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"

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
	const most = 1 + 3*binary.MaxVarintLen64
	keys, size := s.inOrder()
	out := make([]byte, 0, most+size)
	out = append(out, snapshotVersion)
	out = binary.AppendUvarint(out, uint64(s.applied))
	return s.appendContents(out, keys)
}

// Bytes returns all that the store holds in one fixed form: keys with their values, and sessions with the last seq
// and its result. Two stores hold the same exactly when their Bytes are equal. The
// index of the last command is not part of it.
func (s *Store) Bytes() []byte {
	keys, size := s.inOrder()
	out := make([]byte, 0, 1+2*binary.MaxVarintLen64+size)
	return s.appendContents(append(out, snapshotVersion), keys)
}

// keyed is a key on its way into order.
type keyed struct {
	hash uint64
	key  string
	*value
}

// compare is the order of keys in a snapshot.
func (a keyed) compare(b keyed) int {
	if a.hash != b.hash {
		return cmp.Compare(a.hash, b.hash)
	}
	return strings.Compare(a.key, b.key)
}

// inOrder returns the keys in the order of a snapshot, and about how many bytes keys and sessions take in one. Hashes are
// spread evenly, so that by their high bits each key is dealt out to a place of about its own.
func (s *Store) inOrder() (keys []keyed, size int) {
	n := len(s.values)
	shift := 64 - bits.Len(uint(n))
	places := make([]int, 1<<bits.Len(uint(n))+1) // where in keys each place begins
	loose := make([]keyed, 0, n)
	// determinism: they are put in order right below
	for key, v := range s.values {
		loose = append(loose, keyed{v.keyHash, key, v})
		places[v.keyHash>>shift+1]++
		size += uvarintLen(len(key)) + len(key) + uvarintLen(len(v.text)) + len(v.text)
	}
	for p := range places[1:] {
		places[p+1] += places[p]
	}
	keys = make([]keyed, n)
	next := places[:len(places)-1]
	for _, k := range loose {
		p := k.hash >> shift
		keys[next[p]] = k
		next[p]++
	}
	// Each place now begins where the one before it was to end.
	begin := 0
	for _, end := range next {
		if end-begin > 1 {
			slices.SortFunc(keys[begin:end], keyed.compare)
		}
		begin = end
	}
	// determinism: addition does not care for the order
	for _, client := range s.sessions {
		size += 2*binary.MaxVarintLen64 + 1 + uvarintLen(len(client.result.Value)) + len(client.result.Value)
	}
	return keys, size
}

func uvarintLen(n int) int { return (bits.Len64(uint64(n)|1) + 6) / 7 }

func (s *Store) appendContents(out []byte, keys []keyed) []byte {
	out = binary.AppendUvarint(out, uint64(len(keys)))
	for _, k := range keys {
		out = appendString(out, k.key)
		out = appendString(out, k.text)
	}
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
	next.values = make(map[string]*value, keys)
	for range keys {
		key, text := r.bytes(), r.bytes()
		v := &value{keyHash: hash(key)}
		next.values[string(key)] = v
		next.write(v, string(text))
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
