package wal

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Zeros behind what was appended are told from zeros that were appended, and from what a crash tore.
func TestWritten(t *testing.T) {
	name := segmentName(1)
	log := segment(1, segmentFrame(1, 0), hardFrame(2, 1), entryFrame(1, 1))
	zeros := func(n int) []byte { return make([]byte, n) }
	ends := appendFrame(log, place{1, int64(len(log))}, &header{kind: frameEntry, mark: int64(len(log)), a: 2, b: 2}, zeros(100))
	for _, want := range [][]byte{nil, log[:headerBytes], log, ends} {
		for _, ahead := range []int{0, 1, 8, 40, 1000} {
			data := append(append([]byte(nil), want...), zeros(ahead)...)
			require.Equal(t, len(want), Written(name, data), "%d zeros after %d bytes", ahead, len(want))
			require.Equal(t, len(data), Written("00000000000000000001.snap", data))
			if len(want) > 0 && ahead > 0 {
				require.Equal(t, len(data), Written(segmentName(2), data), "of another segment")
				data[len(data)-1] = 1
				require.Equal(t, len(data), Written(name, data))
			}
		}
		if len(want) > headerBytes {
			torn := append(append([]byte(nil), want[:len(want)-4]...), zeros(1000)...)
			torn[len(log)-headerBytes] ^= 1 // the header of the last frame, or one before it
			require.Equal(t, len(torn), Written(name, torn))
		}
	}
}
