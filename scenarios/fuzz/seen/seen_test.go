package seen

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every state has a case, and every case is there once: a block that nothing else shares.
func TestTheSwitchHasACaseForEach(t *testing.T) {
	text, err := os.ReadFile("switch.go")
	require.NoError(t, err)
	functions := strings.Count(string(text), "\nfunc show") - 1
	cases := strings.Count(string(text), "\tcase ") - functions
	require.Equal(t, Cases, cases)
	require.Zero(t, Cases%64)
	require.Greater(t, Cases, 10_000)
}

// A run shows each case once, however often it comes to states of it.
func TestARunShowsAStateOnce(t *testing.T) {
	var r Run
	for range 3 {
		r.State(5)
		r.State(Cases + 6)
	}
	require.Equal(t, uint64(1<<5|1<<6), r.known[0])
	r.Begin()
	require.Zero(t, r.known)
}
