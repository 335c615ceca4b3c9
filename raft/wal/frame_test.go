package wal

import (
	"bytes"
	"encoding/hex"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFormat holds the bytes to be those that logs already written have.
func TestFormat(t *testing.T) {
	dirty := bytes.Repeat([]byte{0xff}, 256)[:0]
	b := appendFrame(dirty, place{2, 0}, &header{kind: frameSegment, sub: formatVersion, a: 2, b: 0x150}, nil)
	b = appendFrame(b, place{2, 40}, &header{kind: frameHardState, a: 7, b: 3}, nil)
	b = appendFrame(b, place{2, 80}, &header{kind: frameEntry, sub: 1, mark: 80, a: 9, b: 7}, []byte("put x=1 now"))
	var rows []string
	for row := range strings.SplitSeq(strings.TrimSpace(hex.Dump(b)), "\n") {
		rows = append(rows, strings.TrimSpace(row[10:58]))
	}
	require.Equal(t, []string{
		"38 3b 1b c7 00 00 00 00  00 00 00 00 00 00 00 00",
		"01 01 00 00 00 00 00 00  02 00 00 00 00 00 00 00",
		"50 01 00 00 00 00 00 00  1d 67 33 9c 00 00 00 00",
		"00 00 00 00 00 00 00 00  02 00 00 00 00 00 00 00",
		"07 00 00 00 00 00 00 00  03 00 00 00 00 00 00 00",
		"11 86 33 e8 49 09 ac c9  0b 00 00 00 0a 00 00 00",
		"03 01 00 00 00 00 00 00  09 00 00 00 00 00 00 00",
		"07 00 00 00 00 00 00 00  70 75 74 20 78 3d 31 20",
		"6e 6f 77 00 00 00 00 00",
	}, rows)
}

// TestAFramePassesOnlyWhereItWasWritten, not at another offset or in another segment.
func TestAFramePassesOnlyWhereItWasWritten(t *testing.T) {
	home := place{3, 800}
	b := appendFrame(nil, home, &header{kind: frameHardState, mark: 800, a: 1}, nil)
	for segment := range uint64(20) {
		for offset := int64(0); offset < 8000; offset += alignment {
			at := place{segment, offset}
			_, ok := readHeader(b, at)
			require.Equal(t, at == home, ok, at)
		}
	}
}

func TestAFrameIsBadWithoutItsData(t *testing.T) {
	at := place{1, 40}
	b := appendFrame(nil, at, &header{kind: frameEntry, a: 1, b: 1}, []byte("0123456789"))
	for size := range b {
		h, ok := readHeader(b[:size], at)
		require.Equal(t, size >= headerBytes, ok)
		if ok {
			_, ok = readData(b[:size], h)
			require.False(t, ok)
		}
	}
	h, _ := readHeader(b, at)
	data, ok := readData(b, h)
	require.True(t, ok)
	require.Equal(t, "0123456789", string(data))

	h.length = 0 // and with a sum for data that is not there
	_, ok = readData(b, h)
	require.False(t, ok)
}

// Zeros are laid ahead in a log's file, and must be no frame anywhere: here their sum is 0 too.
func TestZerosAreNoFrame(t *testing.T) {
	for _, at := range []place{{1, 0}, {3, 800}, {19563, 583280}} {
		zeros := make([]byte, 2*headerBytes)
		_, ok := readHeader(zeros, at)
		require.False(t, ok, at)
	}
	sum := crc32.Update(place{19563, 583280}.salt(), castagnoli, make([]byte, headerBytes-4))
	require.Zero(t, sum, "the place tests nothing")
}
