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

func TestALearnerKeepsUpAsLongAsItsRoundsAreQuick(t *testing.T) {
	var c Chase
	const within = 100 * time.Millisecond
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	require.False(t, c.CaughtUp(ms(0), 0, 10, within))
	require.False(t, c.Keeps(ms(0), within), "before its first round is over")
	require.False(t, c.CaughtUp(ms(100), 10, 20, within))
	require.False(t, c.Keeps(ms(100), within), "it took too long")
	require.True(t, c.CaughtUp(ms(150), 20, 30, within))
	require.False(t, c.CaughtUp(ms(249), 29, 40, within), "the next is not over")
	require.True(t, c.Keeps(ms(249), within), "and need not be yet")
	require.False(t, c.Keeps(ms(250), within))
	require.False(t, c.Keeps(ms(149), within), "the clock was set back")
}

func TestAClockThatWasSetBackDoesNotMakeARoundQuick(t *testing.T) {
	var c Chase
	require.False(t, c.CaughtUp(time.Hour, 0, 10, time.Second))
	require.False(t, c.CaughtUp(time.Minute, 10, 20, time.Second))
	require.True(t, c.CaughtUp(time.Minute+1, 20, 20, time.Second))
}
