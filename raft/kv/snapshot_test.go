package kv

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// filled is a store that applied the first n commands of a random log.
func filled(t testing.TB, seed uint64, n int) *Store {
	s := NewStore()
	for i, data := range randomLog(seed, n) {
		_, _ = s.Apply(raft.Index(i+1), data) // stale ones are among them
	}
	require.Equal(t, s.recount(), s.Digest())
	return s
}

// Raft paper §7: whoever has the snapshot goes on as if it had the log that the snapshot stands for.
func TestAStoreRestoredFromASnapshotIsTheOneItIsOf(t *testing.T) {
	for seed := range uint64(50) {
		log := randomLog(seed, 300)
		a := filled(t, seed, 200)
		b := filled(t, seed+1000, 30) // all of which has to go
		data := a.Snapshot()
		require.NoError(t, b.Restore(data))
		require.Equal(t, data, b.Snapshot())
		require.Equal(t, a.Digest(), b.Digest())
		for i := 200; i < len(log); i++ {
			took1, err1 := a.Apply(raft.Index(i+1), log[i])
			took2, err2 := b.Apply(raft.Index(i+1), log[i])
			require.Equal(t, []any{took1, err1}, []any{took2, err2})
		}
		require.Equal(t, a.Bytes(), b.Bytes())
		require.Equal(t, a.Digest(), b.Digest())
		require.Equal(t, b.recount(), b.Digest())
	}
}

// Without the sessions a retry would find nothing to remember it by, and take effect again (Raft dissertation §6.3).
func TestARetryAfterASnapshotTakesEffectOnce(t *testing.T) {
	m := newMachine(t)
	add := Request{Session: 7, Seq: 1, Op: Append, Key: "x", Value: "a"}
	swap := Request{Session: 8, Seq: 1, Op: CAS, Key: "y", Value: "b"}
	for _, r := range []Request{add, swap} {
		_, err := m.apply(r)
		require.NoError(t, err)
	}
	next := NewStore()
	require.NoError(t, next.Restore(m.store.Snapshot()))
	m.store = next
	for _, r := range []Request{add, swap} {
		res, err := m.apply(r)
		require.NoError(t, err)
		require.Equal(t, Result{Swapped: r.Op == CAS}, res, "and is told what it was told first")
	}
	require.Equal(t, "a", m.get("x"))
}

func TestARestoredStoreIsAtTheIndexOfItsSnapshot(t *testing.T) {
	s := filled(t, 1, 20)
	next := NewStore()
	require.NoError(t, next.Restore(s.Snapshot()))
	_, err := next.Apply(20, randomLog(1, 20)[19])
	require.ErrorContains(t, err, "index 20 is applied already, the store is at 20")
}

func TestASnapshotIsNeverEmpty(t *testing.T) {
	s, next := NewStore(), filled(t, 1, 20)
	data := s.Snapshot()
	require.NotEmpty(t, data)
	require.NoError(t, next.Restore(data))
	require.Equal(t, s.Bytes(), next.Bytes())
	require.Equal(t, s.Digest(), next.Digest())
}

func TestSnapshotsDoNotDependOnHowTheStoreCameToHoldWhatItHolds(t *testing.T) {
	src := rand.New(rand.NewPCG(1, 0))
	keys := src.Perm(1000)
	build := func() []byte {
		s := NewStore()
		for i, k := range keys {
			_, err := s.Apply(raft.Index(i+1), Encode(nil, &Request{Session: 1, Seq: uint64(i + 1), Op: Put, Key: fmt.Sprint("k", k), Value: "v"}, 9))
			require.NoError(t, err)
		}
		return s.Snapshot()
	}
	first := build()
	slices.Reverse(keys)
	require.Equal(t, first, build())
}

func TestKeysWhoseHashesAreTheSameAreInOrderThemselves(t *testing.T) {
	s := NewStore()
	for _, k := range rand.New(rand.NewPCG(1, 0)).Perm(500) {
		s.add(fmt.Sprint("k", k), uint64(k%7)<<60).text.set([]byte("v"))
	}
	data := s.appendKeys(nil)
	require.Equal(t, s.keysSize()-binary.MaxVarintLen64+2, len(data))
	var got []string
	for r := (&reader{data: data, at: 2}); r.at < len(data); r.bytes() {
		got = append(got, string(r.bytes()))
	}
	var want []string
	for p := range 7 {
		part := len(want)
		for k := p; k < 500; k += 7 {
			want = append(want, fmt.Sprint("k", k))
		}
		slices.Sort(want[part:])
	}
	require.Equal(t, want, got)
}

func TestASnapshotKeepsNothingOfTheStoreNorTheStoreOfTheSnapshot(t *testing.T) {
	s := filled(t, 1, 100)
	data := s.Snapshot()
	before := slices.Clone(data)
	_, err := s.Apply(101, Encode(nil, &Request{Seq: 1, Op: Open}, 9))
	require.NoError(t, err)
	require.Equal(t, before, data)

	require.NoError(t, s.Restore(data))
	clear(data)
	require.Equal(t, before, s.Snapshot())
}

func TestValuesLongerThanARequestMayCarryAreInTheSnapshot(t *testing.T) {
	m := newMachine(t)
	for range 3 {
		m.do(Request{Op: Append, Key: "x", Value: strings.Repeat("v", MaxValue)})
	}
	m.get("x")
	next := NewStore()
	require.NoError(t, next.Restore(m.store.Snapshot()))
	require.Len(t, next.Get("x"), 3*MaxValue)
	require.Equal(t, m.store.Digest(), next.Digest())
}

// text is a snapshot in pieces: numbers as uvarints, strings as they are.
func text(pieces ...any) string {
	var out []byte
	for _, p := range pieces {
		switch p := p.(type) {
		case int:
			out = binary.AppendUvarint(out, uint64(p))
		case string:
			out = append(out, p...)
		}
	}
	return string(out)
}

func TestRestoreRefusesWhatNoStoreWritesAndChangesNothing(t *testing.T) {
	a, b := "a", "b"
	if hash(a) > hash(b) {
		a, b = b, a
	}
	long := strings.Repeat("k", MaxKey+1)
	const endless = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
	opened := "\x0b" // the session that entry 5 opened
	for name, c := range map[string]struct{ data, want string }{
		"nothing":                 {"", "snapshot is empty"},
		"another version":         {text(9, 5, 7, 0, 0, 0), "version 9, want 1"},
		"no index":                {text(1), "no valid number at byte 1"},
		"an index in a long form": {text(1, "\x81\x00", 7, 0, 0, 0), "no valid number at byte 1"},
		"an index beyond all":     {text(1, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 7, 0, 0, 0), "an index beyond all at byte 1"},
		"no time":                 {text(1, 5), "no valid number at byte 2"},
		"no word of expiry":       {text(1, 5, 7), "no more at byte 3"},
		"a strange word of it":    {text(1, 5, 7, 2, 0, 0), "neither yes nor no at byte 3"},
		"no keys":                 {text(1, 5, 7, 0), "no valid number at byte 4"},
		"a key missing":           {text(1, 5, 7, 0, 2, 1, a, 1, "v"), "no whole string at byte 9"},
		"keys for ever":           {text(1, 5, 7, 0, endless, 1, a, 1, "v"), "no whole string at byte 18"},
		"an empty key":            {text(1, 5, 7, 0, 1, 0, 1, "v", 0), "an empty key at byte 5"},
		"a long key":              {text(1, 5, 7, 0, 1, len(long), long, 1, "v", 0), "a key that is too long at byte 5"},
		"a key cut short":         {text(1, 5, 7, 0, 1, 3, a), "no whole string at byte 5"},
		"an empty value":          {text(1, 5, 7, 0, 1, 1, a, 0, 0), "an empty value at byte 7"},
		"a key twice":             {text(1, 5, 7, 0, 2, 1, a, 1, "v", 1, a, 1, "v", 0), "a key out of order at byte 9"},
		"keys out of order":       {text(1, 5, 7, 0, 2, 1, b, 1, "v", 1, a, 1, "v", 0), "a key out of order at byte 9"},
		"a huge length":           {text(1, 5, 7, 0, 1, 1, a, endless, "v"), "no whole string at byte 7"},
		"no sessions":             {text(1, 5, 7, 0, 1, 1, a, 1, "v"), "no valid number at byte 9"},
		"sessions for ever":       {text(1, 5, 7, 0, 0, endless, 2, 1, 0, 1, 0, 0), "no valid number at byte 21"},
		"session 0":               {text(1, 5, 7, 0, 0, 1, 0, 1, 0, 1, 0, 0), "a session that there cannot have been at byte 6"},
		"given out at no entry":   {text(1, 5, 7, 0, 0, 1, 1, 1, 0, 1, 0, 0), "a session that there cannot have been at byte 6"},
		"given out after its use": {text(1, 5, 7, 0, 0, 1, opened, 4, 0, 1, 0, 0), "a session that there cannot have been at byte 6"},
		"used at no index":        {text(1, 5, 7, 0, 0, 1, 2, 0, 0, 1, 0, 0), "a session used at no index that was applied at byte 7"},
		"used at a later index":   {text(1, 5, 7, 0, 0, 1, 2, 6, 0, 1, 0, 0), "a session used at no index that was applied at byte 7"},
		"two used at one index":   {text(1, 5, 7, 0, 0, 2, 2, 1, 0, 1, 0, 0, 4, 0, 0, 1, 0, 0), "a session used at no index that was applied at byte 13"},
		"indexes that run over":   {text(1, 5, 7, 0, 0, 2, 2, 1, 0, 1, 0, 0, 4, endless, 0, 1, 0, 0), "a session used at no index that was applied at byte 13"},
		"used in the future":      {text(1, 5, 7, 0, 0, 1, 2, 1, 8, 1, 0, 0), "a session used in the future at byte 8"},
		"times that run over":     {text(1, 5, 7, 0, 0, 2, 2, 1, 7, 1, 0, 0, 4, 1, endless, 1, 0, 0), "a session used in the future at byte 14"},
		"a session twice":         {text(1, 5, 7, 0, 0, 2, 2, 1, 0, 1, 0, 0, 2, 1, 0, 1, 0, 0), "a session twice"},
		"seq 0":                   {text(1, 5, 7, 0, 0, 1, 2, 1, 0, 0, 0, 0), "a seq that is not of this session at byte 9"},
		"used where given out":    {text(1, 5, 7, 0, 0, 1, opened, 5, 0, 1, 0, 0), "a seq that is not of this session at byte 9"},
		"a result of nothing":     {text(1, 5, 7, 0, 0, 1, opened, 5, 0, 0, 0, 1, "v"), "a result of no operation at byte 10"},
		"a cas of nothing":        {text(1, 5, 7, 0, 0, 1, opened, 5, 0, 0, 1, 0), "a result of no operation at byte 10"},
		"another outcome":         {text(1, 5, 7, 0, 0, 1, 2, 1, 0, 1, 3, 0), "an unknown outcome at byte 10"},
		"a refusal of nothing":    {text(1, 5, 7, 0, 0, 1, opened, 5, 0, 0, 2, 0), "a result of no operation at byte 10"},
		"a refusal that saw":      {text(1, 5, 7, 0, 0, 1, 2, 1, 0, 1, 2, 1, "v"), "a refused append that saw a value at byte 10"},
		"no mark":                 {text(1, 5, 7, 0, 0, 1, 2, 1, 0, 1), "no more at byte 10"},
		"a result cut short":      {text(1, 5, 7, 0, 0, 1, 2, 1, 0, 1, 0, 2, "v"), "no whole string at byte 11"},
		"more":                    {text(1, 5, 7, 0, 0, 0, "x"), "1 bytes too many, from byte 6"},
	} {
		s := filled(t, 3, 50)
		before, digest := s.Snapshot(), s.Digest()
		require.ErrorContains(t, s.Restore([]byte(c.data)), c.want, name)
		require.Equal(t, before, s.Snapshot(), name)
		require.Equal(t, digest, s.Digest(), name)
	}
}

func TestASnapshotCutShortAnywhereIsRefused(t *testing.T) {
	s := filled(t, 2, 100)
	data := s.Snapshot()
	for n := range data {
		require.Error(t, s.Restore(data[:n]), "%d of %d bytes", n, len(data))
	}
}

func TestASnapshotThatClaimsMuchTakesLittleMemory(t *testing.T) {
	for name, data := range map[string]string{
		"keys":     text(1, 5, 7, 0, 1<<40, 1, "a", 1, "v"),
		"sessions": text(1, 5, 7, 0, 0, 1<<40, 2, 1, 0, 1, 0, 0),
		"a value":  text(1, 5, 7, 0, 1, 1, "a", 1<<40, "v"),
	} {
		s := NewStore()
		require.Less(t, testing.AllocsPerRun(10, func() { _ = s.Restore([]byte(data)) }), 20.0, name)
	}
}

func FuzzRestore(f *testing.F) {
	for _, n := range []int{0, 1, 10, 60} {
		f.Add(filled(f, uint64(n), n).Snapshot())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := NewStore()
		if err := s.Restore(data); err != nil {
			require.Equal(t, NewStore().Snapshot(), s.Snapshot(), "nothing is half accepted")
			require.Equal(t, NewStore().Digest(), s.Digest())
			return
		}
		require.Equal(t, data, s.Snapshot(), "what a store holds has one snapshot")
		require.Equal(t, s.recount(), s.Digest())
		took, err := s.Apply(s.applied+1, Encode(nil, &Request{Seq: 1, Op: Open}, s.time))
		require.NoError(t, err)
		_, err = s.Apply(s.applied+1, Encode(nil, &Request{Session: took.Opened, Seq: 1, Op: Put, Key: "k", Value: "v"}, s.time))
		require.NoError(t, err, "and goes on")
		_, err = s.Apply(s.applied+1, EncodeExpiry(nil, Expiry{Keep: 1}, s.time))
		require.NoError(t, err)
		require.Equal(t, 1, s.Sessions())
		require.Equal(t, s.recount(), s.Digest())
	})
}

const many = 1_000_000

func million() *Store {
	s := NewStore()
	var data []byte
	for i := range many {
		data = Encode(data[:0], &Request{Session: 1, Seq: uint64(i + 1), Op: Put, Key: fmt.Sprint("key-", i), Value: "sixteen bytes ok"}, 9)
		if _, err := s.Apply(raft.Index(i+1), data); err != nil {
			panic(err)
		}
	}
	return s
}

func BenchmarkSnapshotOfAMillion(b *testing.B) {
	s := million()
	b.ReportAllocs()
	for b.Loop() {
		s.Snapshot()
	}
}

func BenchmarkRestoreOfAMillion(b *testing.B) {
	data := million().Snapshot()
	b.ReportAllocs()
	for b.Loop() {
		if err := NewStore().Restore(data); err != nil {
			b.Fatal(err)
		}
	}
}
