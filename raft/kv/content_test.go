package kv

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What somebody was given of a value stays as it was, whatever becomes of the value.
func TestWhatWasGivenOutStays(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	piece := func() []byte { return []byte(strings.Repeat(string(rune('a'+r.IntN(26))), r.IntN(200))) }
	type given struct{ is, was string }
	var c content
	var out []given
	want := ""
	for range 10_000 {
		b := piece()
		switch r.IntN(4) {
		case 0, 1:
			c.set(b)
			want = string(b)
		case 2:
			c.add(b)
			want += string(b)
		default:
			s := c.String()
			out = append(out, given{s, strings.Clone(s)})
		}
		clear(b) // nothing of it is kept
		require.Equal(t, want, string(c.bytes))
	}
	for _, g := range out {
		require.Equal(t, g.was, g.is)
	}
}

// A value that nobody reads is written over without a new one being made; one that was long gives its memory back.
func TestAValueIsWrittenInPlace(t *testing.T) {
	m := newMachine(t)
	put := func(value string) func() {
		r := Request{Session: 1, Op: Put, Key: "k", Value: value}
		var data []byte
		return func() {
			r.Seq++
			m.index++
			data = Encode(data[:0], &r, 0)
			var took Effect
			require.NoError(t, m.store.ApplyTo(&took, m.index, data))
		}
	}
	require.Zero(t, testing.AllocsPerRun(100, put(strings.Repeat("v", 1000))))
	require.GreaterOrEqual(t, cap(m.store.values["k"].text.bytes), 1000)
	m.do(Request{Op: Put, Key: "k", Value: "short"})
	require.Less(t, cap(m.store.values["k"].text.bytes), 64)
}

// To append costs what is appended, as long as nobody reads in between.
func TestAppendingCostsWhatIsAppended(t *testing.T) {
	var c content
	c.set([]byte("v"))
	b := []byte(strings.Repeat("v", 100))
	moved := 0
	for range 10_000 {
		room := cap(c.bytes)
		c.add(b)
		if cap(c.bytes) != room {
			moved++
		}
	}
	require.Less(t, moved, 100)
}
