package tracker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft/quorum"
)

func TestFlightsAreForgottenAsTheyLand(t *testing.T) {
	var f flights
	for k := 1; k <= 100; k++ { // more than fit at first
		f.push(flight{last: quorum.Index(10 * k), bytes: k})
		if k%3 == 0 {
			f.landed(quorum.Index(10 * (k - 2)))
			require.Equal(t, 2, f.n)
			require.Equal(t, k+k-1, f.bytes)
		}
	}
	f.landed(5)
	require.Equal(t, 3, f.n, "an acknowledgement of the past lands nothing")
	f.landed(995)
	require.Equal(t, 1, f.n, "one that has not all of it landed is on its way")
	f.landed(1000)
	require.Zero(t, f.n)
	require.Zero(t, f.bytes)
	f.push(flight{last: 2000, bytes: 7})
	f.clear()
	require.Zero(t, f.n)
	require.Zero(t, f.bytes)
}

func TestTheOrderIsKeptWhenTheRingGrows(t *testing.T) {
	var f flights
	for k := range 16 {
		f.push(flight{last: quorum.Index(k + 1), bytes: 1})
	}
	f.landed(5) // the ring begins in the middle
	for k := 16; k < 40; k++ {
		f.push(flight{last: quorum.Index(k + 1), bytes: 1})
	}
	for k := 6; k <= 40; k++ {
		require.Equal(t, 41-k, f.n)
		f.landed(quorum.Index(k))
	}
	require.Zero(t, f.n)
}
