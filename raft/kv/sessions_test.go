package kv

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// Raft dissertation §6.3: sessions, and how they expire.

func (m *machine) expire(e Expiry) Effect {
	took, err := m.take(EncodeExpiry(nil, e, m.now))
	require.NoError(m.t, err)
	require.Zero(m.t, took.Session, "a leader's command is of no session")
	return took
}

func (m *machine) open() SessionID {
	took, err := m.take(Encode(nil, &Request{Op: Open, Seq: 1}, m.now))
	require.NoError(m.t, err)
	require.Zero(m.t, took.Session)
	require.GreaterOrEqual(m.t, took.Opened, FirstOpened)
	return took.Opened
}

// use has a session do something, at a time.
func (m *machine) use(id SessionID, seq uint64, now Time) error {
	m.now = now
	_, err := m.apply(Request{Session: id, Seq: seq, Op: Append, Key: "x", Value: "a"})
	return err
}

// ids are the sessions there are, those not used for longest first.
func (s *Store) ids() (list []SessionID) {
	for c := s.oldest; c != nil; c = c.newer {
		list = append(list, c.id)
	}
	return list
}

func TestTheTimeIsTheLatestThatTheLogTells(t *testing.T) {
	m := newMachine(t)
	for _, c := range []struct{ leader, want Time }{{5, 5}, {9, 9}, {3, 9}, {0, 9}, {10, 10}} {
		require.NoError(t, m.use(1, uint64(m.index)+1, c.leader))
		require.Equal(t, c.want, m.store.Time())
	}
	m.now = 20
	m.open()
	require.Equal(t, Time(20), m.store.Time(), "every command carries it")
	m.now = 30
	m.expire(Expiry{})
	require.Equal(t, Time(30), m.store.Time())
	m.now = 40
	_, err := m.take([]byte("?"))
	require.Error(t, err)
	require.Equal(t, Time(30), m.store.Time())
}

func TestSessionsLastUsedBeforeTheHorizonExpire(t *testing.T) {
	m := newMachine(t)
	for id, at := range []Time{10, 20, 30, 30, 40} {
		require.NoError(t, m.use(SessionID(id+1), 1, at))
	}
	require.NoError(t, m.use(1, 2, 50))
	m.now = 60
	require.Equal(t, 0, m.expire(Expiry{Horizon: 20}).Expired, "one that was used at the horizon stays")
	require.Equal(t, []SessionID{2, 3, 4, 5, 1}, m.store.ids())
	require.Equal(t, 3, m.expire(Expiry{Horizon: 31}).Expired)
	require.Equal(t, []SessionID{5, 1}, m.store.ids())
	require.Equal(t, 2, m.store.Sessions())
	at, ok := m.store.IdleSince()
	require.True(t, ok)
	require.Equal(t, Time(40), at)
	require.Equal(t, 2, m.expire(Expiry{Horizon: 60}).Expired)
	require.Empty(t, m.store.ids())
	_, ok = m.store.IdleSince()
	require.False(t, ok)
}

func TestOfTooManySessionsThoseNotUsedForLongestGo(t *testing.T) {
	m := newMachine(t)
	for id := range SessionID(5) {
		require.NoError(t, m.use(id+1, 1, 10))
	}
	require.NoError(t, m.use(1, 2, 10))
	require.Equal(t, 0, m.expire(Expiry{Keep: 5}).Expired)
	require.Equal(t, 2, m.expire(Expiry{Keep: 3}).Expired)
	require.Equal(t, []SessionID{4, 5, 1}, m.store.ids(), "at one and the same time, the order of the log decides")
}

// Whatever a client asks shows that it is there, also what takes no effect.
func TestEveryCommandOfASessionUsesIt(t *testing.T) {
	for what, r := range map[string]Request{
		"a new one": {Seq: 6, Op: Get, Key: "x"},
		"a retry":   {Seq: 5, Op: Get, Key: "x"},
		"a stale":   {Seq: 4, Op: Get, Key: "x"},
	} {
		t.Run(what, func(t *testing.T) {
			m := newMachine(t)
			require.NoError(t, m.use(1, 5, 10))
			require.NoError(t, m.use(2, 5, 10))
			m.now, r.Session = 20, 1
			_, _ = m.apply(r)
			m.expire(Expiry{Horizon: 15})
			require.Equal(t, []SessionID{1}, m.store.ids())
		})
	}
}

func TestOnceASessionHasExpiredAnUnknownOneIsRefused(t *testing.T) {
	m := newMachine(t)
	require.NoError(t, m.use(1, 1, 10))
	require.NoError(t, m.use(2, 1, 20))
	m.expire(Expiry{})
	require.NoError(t, m.use(3, 1, 20), "nothing has expired yet")
	m.expire(Expiry{Horizon: 20})
	bytes := m.store.Bytes()
	require.ErrorIs(t, m.use(1, 1, 20), ErrExpired, "a retry")
	require.ErrorIs(t, m.use(1, 2, 20), ErrExpired)
	require.ErrorIs(t, m.use(4, 1, 20), ErrExpired, "it might have been one")
	require.Equal(t, bytes, m.store.Bytes(), "and nothing comes of it")
	require.Equal(t, "aaa", m.store.Get("x"))
	require.NoError(t, m.use(2, 2, 20), "who is there stays")
}

// The sessions that clients choose are theirs to number; one that the store gives out is never guessed.
func TestASessionThatWasNeverGivenOutIsRefusedEvenBefore(t *testing.T) {
	m := newMachine(t)
	require.ErrorIs(t, m.use(FirstOpened, 1, 10), ErrExpired)
	require.ErrorIs(t, m.use(FirstOpened+5, 1, 10), ErrExpired)
	require.NoError(t, m.use(FirstOpened-1, 1, 10))
}

func TestASessionCanAlwaysBeOpenedAndIsOneThereHasNeverBeen(t *testing.T) {
	m := newMachine(t)
	seen := map[SessionID]bool{}
	for range 10 {
		for range 2 {
			id := m.open()
			require.False(t, seen[id])
			seen[id] = true
			require.NoError(t, m.use(id, 1, m.now))
			require.NoError(t, m.use(id, 1, m.now))
		}
		m.now += 10
		require.Equal(t, 2, m.expire(Expiry{Horizon: m.now}).Expired)
	}
	require.Len(t, m.store.Get("x"), 20)
}

// Were an identifier given out again, or taken from a client that asks twice, messages that come late would find a session that
// knows nothing of them.
func TestNothingThatComesLateTakesEffectAgain(t *testing.T) {
	m := newMachine(t)
	open := Encode(nil, &Request{Op: Open, Seq: 1}, 10)
	took, err := m.take(open)
	require.NoError(t, err)
	first := Encode(nil, &Request{Session: took.Opened, Seq: 1, Op: Append, Key: "x", Value: "a"}, 10)
	chosen := Encode(nil, &Request{Session: 3, Seq: 1, Op: Append, Key: "x", Value: "b"}, 10)
	for _, data := range [][]byte{first, chosen, first, chosen} {
		_, err = m.take(data)
		require.NoError(t, err)
	}
	m.now = 20
	require.Equal(t, 2, m.expire(Expiry{Horizon: 20}).Expired)
	again, err := m.take(open)
	require.NoError(t, err)
	require.NotEqual(t, took.Opened, again.Opened)
	for _, data := range [][]byte{first, chosen} {
		_, err = m.take(data)
		require.ErrorIs(t, err, ErrExpired)
	}
	require.Equal(t, "ab", m.store.Get("x"))
}

func TestAnOpenedSessionExpiresLikeAnyOther(t *testing.T) {
	m := newMachine(t)
	m.now = 10
	id := m.open()
	_, ok := m.store.Lookup(id, 1)
	require.False(t, ok)
	m.now = 20
	require.Equal(t, 0, m.expire(Expiry{Horizon: 10}).Expired)
	require.Equal(t, 1, m.expire(Expiry{Horizon: 11}).Expired)
	require.ErrorIs(t, m.use(id, 1, 20), ErrExpired)
}

// Leaders may be configured apart, and have clocks that are. Their replicas are not asked.
func TestReplicasAgreeAboutExpiryWhateverTheClocksOfTheLeadersDo(t *testing.T) {
	for seed := range uint64(100) {
		log := randomLog(seed, 400)
		a, b := NewStore(), NewStore()
		expired := 0
		for i, data := range log {
			if i%50 == 49 { // one of them from snapshots
				next := NewStore()
				require.NoError(t, next.Restore(b.Snapshot()))
				b = next
			}
			before := a.Time()
			took1, err1 := a.Apply(raft.Index(i+1), data)
			took2, err2 := b.Apply(raft.Index(i+1), data)
			require.Equal(t, []any{took1, err1}, []any{took2, err2})
			require.Equal(t, a.ids(), b.ids())
			require.GreaterOrEqual(t, a.Time(), before)
			require.Len(t, a.ids(), a.Sessions())
			expired += took1.Expired
		}
		require.NotZero(t, expired)
		require.Equal(t, a.Bytes(), b.Bytes())
		require.Equal(t, a.Digest(), b.Digest())
		require.Equal(t, a.recount(), a.Digest())
	}
}

// Whatever is repeated and wherever: nothing takes effect twice.
func TestNoLogHasAnOperationTakeEffectTwice(t *testing.T) {
	for seed := range uint64(100) {
		s := NewStore()
		type operation struct {
			SessionID
			seq uint64
		}
		seen := map[operation]bool{}
		for i, data := range randomLog(seed, 600) {
			took, err := s.Apply(raft.Index(i+1), data)
			if err != nil || took.Repeat || took.Session == 0 {
				continue
			}
			require.False(t, seen[operation{took.Session, took.Seq}])
			seen[operation{took.Session, took.Seq}] = true
			if i%100 == 0 {
				require.NoError(t, s.Restore(s.Snapshot()))
			}
		}
	}
}

func TestExpiryCostsNothingForThoseWhoStay(t *testing.T) {
	s := NewStore()
	var data []byte
	const n = 100_000
	for id := range SessionID(n) {
		data = Encode(data[:0], &Request{Session: id + 1, Seq: 1, Op: Get, Key: "k"}, Time(id))
		_, err := s.Apply(s.applied+1, data)
		require.NoError(t, err)
	}
	looked := 0
	for c := s.oldest; c != nil && c.used < 3; c = c.newer {
		looked++
	}
	require.Equal(t, 3, looked, "they are in the order they were used in")
	require.Equal(t, 3, s.expire(Expiry{Horizon: 3}))
	require.Zero(t, testing.AllocsPerRun(100, func() { s.expire(Expiry{Horizon: 3}) }))
	require.Equal(t, n-3, s.Sessions())
}
