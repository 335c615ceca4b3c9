package tracker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestALearnerHasCaughtUpWhenARoundWasQuick(t *testing.T) {
	var c Chase
	const within = 100 * time.Millisecond
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	require.False(t, c.CaughtUp(ms(0), 0, 1000, within), "the first round begins")
	require.False(t, c.CaughtUp(ms(500), 999, 1400, within), "it goes on")
	require.False(t, c.CaughtUp(ms(1000), 1000, 1500, within), "it took too long; the next begins")
	require.False(t, c.CaughtUp(ms(1050), 1499, 1510, within))
	require.True(t, c.CaughtUp(ms(1099), 1500, 1510, within), "this one did not")
}

func TestAClockThatWasSetBackDoesNotMakeARoundQuick(t *testing.T) {
	var c Chase
	require.False(t, c.CaughtUp(time.Hour, 0, 10, time.Second))
	require.False(t, c.CaughtUp(time.Minute, 10, 20, time.Second))
	require.True(t, c.CaughtUp(time.Minute+1, 20, 20, time.Second))
}
