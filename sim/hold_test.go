package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/sim"
)

func TestHeldMessagesArriveInOrderOnceTheyAreReleased(t *testing.T) {
	s := newStage(t, 3, sim.Config{Link: steady(5 * ms)})
	heard, other := s.heard(2), s.heard(3)
	s.say(1, 2) // on its way when the hold begins
	s.RunUntil(1 * ms)
	first, second := s.Hold(1, 2), s.Hold(1, 2)
	s.say(1, 2)
	s.say(1, 3)
	s.say(2, 3)
	s.RunUntil(20 * ms)
	s.say(1, 2)
	s.RunUntil(30 * ms)
	require.Empty(t, *heard)
	require.Equal(t, []int{2, 3}, *other, "other links, and the other direction, go on")
	require.False(t, s.Heal(), "a hold is no cut")
	require.False(t, s.Mend(1, 2))
	require.True(t, s.Connected(1, 2))

	require.True(t, s.Undo(first))
	s.RunUntil(40 * ms)
	require.Empty(t, *heard, "the other hold stands")
	require.True(t, s.Undo(second))
	require.False(t, s.Undo(second))
	s.say(1, 2)
	s.RunUntil(40 * ms)
	require.Equal(t, []int{0, 1, 4}, *heard)
	s.RunUntil(time.Second)
	require.Equal(t, []int{0, 1, 4, 5}, *heard)
	require.EqualValues(t, 3, s.Counters().Held)
	require.EqualValues(t, 3, s.Held(1, 2))
	require.Zero(t, s.Held(2, 1)+s.Held(1, 1)+s.Held(1, 9))
	s.eachReleasedOnce()
}

func TestReleasedMessagesMeetCutsAndNodesThatAreDown(t *testing.T) {
	s := newStage(t, 3, sim.Config{Link: steady(1 * ms)})
	two, three := s.heard(2), s.heard(3)
	a, b := s.Hold(1, 2), s.Hold(1, 3)
	s.say(1, 2)
	s.say(1, 3)
	s.RunUntil(10 * ms)
	s.Cut(1, 2)
	s.Crash(3)
	s.Undo(a)
	s.Undo(b)
	s.RunUntil(20 * ms)
	require.Empty(t, *two)
	require.Empty(t, *three)
	require.EqualValues(t, 1, s.Counters().Cut)
	require.EqualValues(t, 1, s.Counters().Unreachable)
	s.eachReleasedOnce()
}
