package kv

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// A number is read as encoding/binary reads it, if that is the shortest form.
func TestNumbersAreReadInTheirShortestFormOnly(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	shortest, longer, broken := 0, 0, 0
	for range 200_000 {
		data := make([]byte, r.IntN(13))
		for k := range data {
			data[k] = byte(r.Uint32()) | 0x80
		}
		if n := len(data); n > 0 {
			data[r.IntN(n)] = byte(r.IntN(4)) >> r.IntN(3) << (5 * r.IntN(2))
		}
		v, n := binary.Uvarint(data)
		if n > 0 && n != max(1, (bits.Len64(v)+6)/7) {
			longer++
			v, n = 0, 0
		}
		at := r.IntN(3)
		got, next, ok := uvarint(append(make([]byte, at), data...), at)
		if n <= 0 {
			broken++
			v, n = 0, 0
		} else {
			shortest++
		}
		require.Equal(t, n > 0, ok, "% x", data)
		require.Equal(t, v, got, "% x", data)
		require.Equal(t, at+n, next, "% x", data)
	}
	require.Greater(t, min(shortest, longer, broken-longer), 10_000)
}
