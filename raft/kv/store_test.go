package kv

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// machine applies requests one after the other, as a log would.
type machine struct {
	t     *testing.T
	store *Store
	index raft.Index
	now   Time // of the leader
}

func newMachine(t *testing.T) *machine { return &machine{t: t, store: NewStore()} }

func (m *machine) apply(r Request) (Result, error) {
	took, err := m.take(Encode(nil, &r, m.now))
	if err != ErrExpired {
		require.Equal(m.t, r.Session, took.Session)
		require.Equal(m.t, r.Seq, took.Seq)
	}
	return took.Result, err
}

// take applies a command.
func (m *machine) take(data []byte) (Effect, error) {
	m.index++
	took, err := m.store.Apply(m.index, data)
	require.Equal(m.t, m.store.recount(), m.store.Digest(), "the digest is kept up to date")
	return took, err
}

// do applies r as a new operation of session 1.
func (m *machine) do(r Request) Result {
	r.Session, r.Seq = 1, uint64(m.index)+1
	res, err := m.apply(r)
	require.NoError(m.t, err)
	return res
}

func (m *machine) get(key string) string { return m.do(Request{Op: Get, Key: key}).Value }

// recount is the digest from scratch.
func (s *Store) recount() uint64 {
	var sum uint64
	for key, v := range s.values {
		sum += mix(hash(key)^keySalt, hash(v.text.bytes))
	}
	for id, c := range s.sessions {
		again := session{id: id, seq: c.seq, result: c.result, seen: hash(c.result.Value), index: c.index, used: c.used}
		sum += again.digest()
	}
	return (&Store{sum: sum, time: s.time, expired: s.expired}).Digest()
}

func TestOperations(t *testing.T) {
	for _, c := range []struct {
		name   string
		before string
		op     Request
		want   Result
		after  string
	}{
		{"get sees the value", "a", Request{Op: Get}, Result{Value: "a"}, "a"},
		{"get of no key sees nothing", "", Request{Op: Get}, Result{}, ""},
		{"put writes", "", Request{Op: Put, Value: "b"}, Result{}, "b"},
		{"put writes over", "a", Request{Op: Put, Value: "b"}, Result{}, "b"},
		{"put of nothing deletes", "a", Request{Op: Put}, Result{}, ""},
		{"put of nothing on no key", "", Request{Op: Put}, Result{}, ""},
		{"append adds", "a", Request{Op: Append, Value: "b"}, Result{}, "ab"},
		{"append makes the key", "", Request{Op: Append, Value: "b"}, Result{}, "b"},
		{"append of nothing", "a", Request{Op: Append}, Result{}, "a"},
		{"append of nothing makes no key", "", Request{Op: Append}, Result{}, ""},
		{"cas that holds writes", "a", Request{Op: CAS, Expect: "a", Value: "b"}, Result{Value: "a", Swapped: true}, "b"},
		{"cas that fails shows why", "a", Request{Op: CAS, Expect: "c", Value: "b"}, Result{Value: "a"}, "a"},
		{"cas on no key", "", Request{Op: CAS, Value: "b"}, Result{Swapped: true}, "b"},
		{"cas on no key fails when there is one", "a", Request{Op: CAS, Value: "b"}, Result{Value: "a"}, "a"},
		{"cas on a key fails when there is none", "", Request{Op: CAS, Expect: "a", Value: "b"}, Result{}, ""},
		{"cas to nothing deletes", "a", Request{Op: CAS, Expect: "a"}, Result{Value: "a", Swapped: true}, ""},
		{"delete", "a", Request{Op: Delete}, Result{}, ""},
		{"delete of no key", "", Request{Op: Delete}, Result{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMachine(t)
			m.do(Request{Op: Put, Key: "x", Value: c.before})
			m.do(Request{Op: Put, Key: "y", Value: "other"})
			c.op.Key = "x"
			require.Equal(t, c.want, m.do(c.op))
			require.Equal(t, c.after, m.get("x"))
			require.Equal(t, "other", m.get("y"))
			if c.after == "" {
				require.NotContains(t, m.store.values, "x", "an absent key takes no room")
			}
		})
	}
}

func TestARepeatedOperationTakesEffectOnce(t *testing.T) {
	m := newMachine(t)
	add := Request{Session: 7, Seq: 1, Op: Append, Key: "x", Value: "a"}
	_, err := m.apply(add)
	require.NoError(t, err)
	_, err = m.apply(add)
	require.NoError(t, err)
	require.Equal(t, "a", m.get("x"))
}

func TestARepeatedOperationSeesWhatItSawFirst(t *testing.T) {
	m := newMachine(t)
	m.do(Request{Op: Put, Key: "x", Value: "a"})
	get := Request{Session: 7, Seq: 1, Op: Get, Key: "x"}
	swap := Request{Session: 8, Seq: 1, Op: CAS, Key: "x", Expect: "a", Value: "b"}
	for range 3 {
		res, err := m.apply(get)
		require.NoError(t, err)
		require.Equal(t, Result{Value: "a"}, res)
		res, err = m.apply(swap)
		require.NoError(t, err)
		require.Equal(t, Result{Value: "a", Swapped: true}, res)
	}
	require.Equal(t, "b", m.get("x"))
}

func TestAnOperationTheSessionHasGoneOnFromIsStale(t *testing.T) {
	m := newMachine(t)
	add := func(seq uint64) Request {
		return Request{Session: 7, Seq: seq, Op: Append, Key: "x", Value: "a"}
	}
	_, err := m.apply(add(5)) // a session may begin anywhere and leave gaps
	require.NoError(t, err)
	_, err = m.apply(add(9))
	require.NoError(t, err)
	for _, seq := range []uint64{1, 5, 8} {
		_, err = m.apply(add(seq))
		require.ErrorIs(t, err, ErrStale)
	}
	require.Equal(t, "aa", m.get("x"))
	_, ok := m.store.Lookup(7, 9)
	require.True(t, ok)
}

func TestSessionsDoNotMeet(t *testing.T) {
	m := newMachine(t)
	for session := range SessionID(3) {
		_, err := m.apply(Request{Session: session + 1, Seq: 1, Op: Append, Key: "x", Value: "a"})
		require.NoError(t, err)
	}
	res, err := m.apply(Request{Session: 9, Seq: 1, Op: Get, Key: "x"})
	require.NoError(t, err)
	require.Equal(t, "aaa", res.Value)
}

func TestLookupKnowsTheLastOperationOfASession(t *testing.T) {
	m := newMachine(t)
	_, err := m.apply(Request{Session: 7, Seq: 3, Op: CAS, Key: "x", Value: "a"})
	require.NoError(t, err)
	res, ok := m.store.Lookup(7, 3)
	require.True(t, ok)
	require.Equal(t, Result{Swapped: true}, res)
	for _, other := range []struct {
		session SessionID
		seq     uint64
	}{{7, 2}, {7, 4}, {7, 0}, {8, 3}, {8, 0}} {
		_, ok = m.store.Lookup(other.session, other.seq)
		require.False(t, ok)
	}
}

func TestApplyRefusesWhatItMustNotTake(t *testing.T) {
	s := NewStore()
	put := Encode(nil, &Request{Session: 1, Seq: 1, Op: Put, Key: "x", Value: "a"}, 9)
	_, err := s.Apply(5, put)
	require.NoError(t, err)
	before, digest := s.Bytes(), s.Digest()

	again := Encode(nil, &Request{Session: 1, Seq: 2, Op: Put, Key: "x", Value: "b"}, 9)
	for _, index := range []raft.Index{0, 4, 5} {
		_, err = s.Apply(index, again)
		require.ErrorContains(t, err, fmt.Sprintf("index %d is applied already, the store is at 5", index))
	}
	_, err = s.Apply(6, put[:2])
	require.ErrorContains(t, err, "index 6: kv: command has no valid session at byte 2")
	require.Equal(t, before, s.Bytes())
	require.Equal(t, digest, s.Digest())
}

func TestApplyKeepsNothingOfTheCommand(t *testing.T) {
	s := NewStore()
	data := Encode(nil, &Request{Session: 1, Seq: 1, Op: Put, Key: "key", Value: "value"}, 9)
	_, err := s.Apply(1, data)
	require.NoError(t, err)
	before := s.Bytes()
	clear(data)
	require.Equal(t, before, s.Bytes())
}

// randomLog is n commands of few sessions on few keys: repeated and stale ones are among them, sessions that are
// opened and that expire, and leaders with clocks of their own.
func randomLog(seed uint64, n int) [][]byte {
	src := rand.New(rand.NewPCG(seed, 0))
	sessions := []SessionID{1, 2, 3, 4, 5}
	last := map[SessionID]uint64{}
	log := make([][]byte, n)
	clock := Time(0)
	for i := range log {
		clock += Time(src.IntN(10))
		now := clock - min(clock, Time(src.IntN(3)*src.IntN(50)))
		switch src.IntN(40) {
		case 0:
			log[i] = Encode(nil, &Request{Op: Open, Seq: 1}, now)
			sessions = append(sessions, FirstOpened+SessionID(i+1))
			continue
		case 1:
			log[i] = EncodeExpiry(nil, Expiry{Horizon: now - min(now, 60), Keep: uint64(src.IntN(8))}, now)
			continue
		}
		session := sessions[src.IntN(len(sessions))]
		last[session] += uint64(src.IntN(3))
		r := Request{
			Session: session, Seq: max(last[session], 1) - uint64(src.IntN(2)),
			Op: Op(1 + src.IntN(5)), Key: fmt.Sprint("k", src.IntN(6)),
		}
		r.Seq = max(r.Seq, 1)
		if r.Op.hasValue() {
			r.Value = fmt.Sprint(src.IntN(3))
		}
		if r.Op == CAS {
			r.Expect = fmt.Sprint(src.IntN(3))
		}
		log[i] = Encode(nil, &r, now)
	}
	return log
}

func TestReplicasOfOneLogAgreeByteForByte(t *testing.T) {
	for seed := range uint64(50) {
		log := randomLog(seed, 300)
		a, b := NewStore(), NewStore()
		for i, data := range log {
			took1, err1 := a.Apply(raft.Index(i+1), data)
			took2, err2 := b.Apply(raft.Index(i+1), data)
			require.Equal(t, []any{took1, err1}, []any{took2, err2})
			require.Equal(t, a.recount(), a.Digest())
		}
		require.Equal(t, a.Bytes(), b.Bytes())
		require.Equal(t, a.Digest(), b.Digest())
	}
}

// What stores hold decides, not how they came to it; and whatever differs shows.
func TestBytesAndDigestTellStoresApartByWhatTheyHold(t *testing.T) {
	build := func(order []int, change func(s *Store)) *Store {
		s := NewStore()
		for i, k := range order {
			r := Request{Session: 9, Seq: uint64(i + 1), Op: Put, Key: fmt.Sprint("k", k), Value: fmt.Sprint("v", k)}
			_, err := s.Apply(raft.Index(i+1), Encode(nil, &r, 9))
			require.NoError(t, err)
		}
		for session := range SessionID(4) {
			r := Request{Session: session + 1, Seq: 1, Op: Get, Key: "none"}
			_, err := s.Apply(s.applied+1, Encode(nil, &r, 9))
			require.NoError(t, err)
		}
		change(s)
		return s
	}
	apply := func(s *Store, i raft.Index, r Request, now Time) {
		_, err := s.Apply(i, Encode(nil, &r, now))
		require.NoError(t, err)
	}
	do := func(r Request) func(*Store) {
		return func(s *Store) { apply(s, 100, r, 9) }
	}
	get := Request{Session: 1, Seq: 3, Op: Get, Key: "k0"}
	one := build([]int{0, 1, 2, 3}, func(*Store) {})
	other := build([]int{3, 1, 0, 2}, func(*Store) {})
	require.Equal(t, one.Bytes(), other.Bytes())
	require.Equal(t, one.Digest(), other.Digest())

	seen := map[string]bool{string(one.Bytes()): true}
	digests := map[uint64]bool{one.Digest(): true}
	for name, change := range map[string]func(*Store){
		"a value":           do(Request{Session: 1, Seq: 2, Op: Put, Key: "k0", Value: "v1"}),
		"a key less":        do(Request{Session: 1, Seq: 2, Op: Delete, Key: "k0"}),
		"a key more":        do(Request{Session: 1, Seq: 2, Op: Put, Key: "k9", Value: "v0"}),
		"a seq":             do(Request{Session: 1, Seq: 3, Op: Put, Key: "k0", Value: "v0"}),
		"whose seq":         do(Request{Session: 2, Seq: 3, Op: Put, Key: "k0", Value: "v0"}),
		"a result":          do(get),
		"another result":    do(Request{Session: 1, Seq: 3, Op: Get, Key: "k1"}),
		"what cas did":      do(Request{Session: 1, Seq: 3, Op: CAS, Key: "k0", Expect: "v0", Value: "v0"}),
		"a session more":    do(Request{Session: 11, Seq: 1, Op: Put, Key: "k0", Value: "v0"}),
		"a repeat":          do(Request{Session: 1, Seq: 1, Op: Get, Key: "none"}),
		"an opened session": do(Request{Seq: 1, Op: Open}),
		"when it was used":  func(s *Store) { apply(s, 100, get, 10) },
		"where it was used": func(s *Store) { apply(s, 101, get, 9) },
		"the time alone":    func(s *Store) { s.time++ },
		"that some expired": func(s *Store) { s.expired = true },
		"that one expired": func(s *Store) {
			_, err := s.Apply(100, EncodeExpiry(nil, Expiry{Keep: 4}, 9))
			require.NoError(t, err)
		},
	} {
		s := build([]int{0, 1, 2, 3}, change)
		require.Equal(t, s.recount(), s.Digest(), name)
		require.False(t, seen[string(s.Bytes())], name)
		require.False(t, digests[s.Digest()], name)
		seen[string(s.Bytes())], digests[s.Digest()] = true, true
	}
}

func TestAPutOnAKnownKeyAllocatesItsValueAlone(t *testing.T) {
	s := NewStore()
	var data []byte
	r := Request{Session: 1, Op: Put, Key: "key-1", Value: "sixteen bytes ok"}
	step := func() {
		r.Seq++
		data = Encode(data[:0], &r, Time(r.Seq))
		_, err := s.Apply(raft.Index(r.Seq), data)
		if err != nil {
			t.Fatal(err)
		}
	}
	step()
	require.LessOrEqual(t, testing.AllocsPerRun(1000, step), 1.0)
	r.Op, r.Value = Get, ""
	require.Zero(t, testing.AllocsPerRun(1000, step))
}

func BenchmarkApplyPut(b *testing.B) { benchmarkApply(b, Put, "sixteen bytes ok") }
func BenchmarkApplyGet(b *testing.B) { benchmarkApply(b, Get, "") }

func benchmarkApply(b *testing.B, op Op, text string) {
	s := NewStore()
	var data []byte
	r := Request{Session: 1, Op: Put, Key: "key-1", Value: "sixteen bytes ok"}
	b.ReportAllocs()
	for b.Loop() {
		r.Seq++
		data = Encode(data[:0], &r, Time(r.Seq))
		if _, err := s.Apply(raft.Index(r.Seq), data); err != nil {
			b.Fatal(err)
		}
		r.Op, r.Value = op, text
	}
}

// What could not be read any more is never made: the append is refused, by every replica alike, and its session remembers that.
func TestAnAppendPastWhatAnAnswerHoldsIsRefused(t *testing.T) {
	m := newMachine(t)
	part := strings.Repeat("v", MaxValue)
	for range 7 {
		require.Equal(t, Result{}, m.do(Request{Op: Append, Key: "x", Value: part}))
	}
	fits := part[:MaxAppended-7*MaxValue]
	over := Request{Session: 1, Seq: 100, Op: Append, Key: "x", Value: fits + "v"}
	res, err := m.apply(over)
	require.NoError(t, err)
	require.Equal(t, Result{Refused: true}, res)
	require.Equal(t, Refused, res.Status())
	require.Len(t, m.store.Get("x"), 7*MaxValue, "nothing was written")

	// A retry is told the same, by a replica that has it from a snapshot too, even when it would fit by now.
	digest := m.store.Digest()
	next := NewStore()
	data := m.store.Snapshot()
	require.NoError(t, next.Restore(data))
	require.Equal(t, data, next.Snapshot())
	require.Equal(t, digest, next.Digest())
	remembered, ok := next.Lookup(1, 100)
	require.True(t, ok)
	require.Equal(t, Result{Refused: true}, remembered)
	_, err = m.apply(Request{Session: 2, Seq: 1, Op: Delete, Key: "x"})
	require.NoError(t, err)
	res, err = m.apply(over)
	require.NoError(t, err)
	require.Equal(t, Result{Refused: true}, res)
	require.Empty(t, m.store.Get("x"))

	m.store = next
	other := Request{Session: 3, Seq: 1, Op: Append, Key: "x", Value: fits}
	res, err = m.apply(other)
	require.NoError(t, err)
	require.Equal(t, Result{}, res, "what fits to the byte is written")
	require.Len(t, next.Get("x"), MaxAppended)
	res, err = m.apply(Request{Session: 3, Seq: 2, Op: Append, Key: "x"})
	require.NoError(t, err)
	require.Equal(t, Result{}, res, "nothing always fits")
	was := NewStore()
	require.NoError(t, was.Restore(data))
	accepted := *was.sessions[1]
	accepted.result.Refused = false
	require.NotEqual(t, was.sessions[1].digest(), accepted.digest(), "replicas that remember another outcome differ")
}
