package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/sim"
)

func TestAClockShowsTheWorldsTimeUntilItIsChanged(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	s.RunUntil(7 * ms)
	require.Equal(t, 7*ms, s.actor(1).env.Now())
	require.Equal(t, 7*ms, s.Clock(1))
	require.Zero(t, s.Clock(9))
}

func TestAClockDrifts(t *testing.T) {
	s := newStage(t, 2, sim.Config{})
	s.RunUntil(time.Second)
	require.True(t, s.SetClock(1, sim.Clock{Drift: 20_000}))
	require.True(t, s.SetClock(2, sim.Clock{Drift: -500_000}))
	s.RunUntil(2 * time.Second)
	require.Equal(t, 2020*ms, s.Clock(1))
	require.Equal(t, 1500*ms, s.Clock(2))

	require.True(t, s.SetClock(1, sim.Clock{}))
	s.RunUntil(3 * time.Second)
	require.Equal(t, 3020*ms, s.Clock(1), "what it gained stays")
}

func TestAClockJumps(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	s.RunUntil(100 * ms)
	require.True(t, s.SetClock(1, sim.Clock{Jump: time.Second}))
	require.Equal(t, 1100*ms, s.Clock(1))
	require.True(t, s.SetClock(1, sim.Clock{Jump: -3 * time.Second}))
	s.RunUntil(200 * ms)
	require.Equal(t, -1800*ms, s.Clock(1))
}

func TestTimersGoByTheNodesClock(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	ticks, env := s.ticks(1), s.actor(1).env
	require.True(t, s.SetClock(1, sim.Clock{Drift: -500_000}))
	env.SetTimer(0, 10*ms)
	s.RunUntil(100 * ms)
	require.Equal(t, []time.Duration{20 * ms}, *ticks)
}

func TestATimerThatIsArmedFollowsAChangeOfTheClock(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	ticks, env := s.ticks(1), s.actor(1).env
	env.SetTimer(0, 100*ms)
	env.SetTimer(1, 300*ms)
	s.RunUntil(50 * ms)
	require.True(t, s.SetClock(1, sim.Clock{Jump: 60 * ms})) // past the first
	s.RunUntil(60 * ms)
	require.Equal(t, []time.Duration{50 * ms}, *ticks)
	require.True(t, s.SetClock(1, sim.Clock{Jump: -30 * ms, Drift: 999_999}))
	s.RunUntil(time.Second) // from 90 ms on nearly twice as fast
	require.Equal(t, []time.Duration{50 * ms, 60*ms + 105*ms + 53*time.Nanosecond}, *ticks)
}

func TestATimerNeverFiresBeforeTheClockShowsItsTime(t *testing.T) {
	for _, drift := range []int64{-999_999, -300_001, -7, 7, 300_001, 999_999} {
		s := newStage(t, 1, sim.Config{})
		env := s.actor(1).env
		fired := time.Duration(-1)
		s.actor(1).timer = func(sim.TimerID) { fired = env.Now() }
		s.RunUntil(13 * ms)
		require.True(t, s.SetClock(1, sim.Clock{Drift: drift}))
		env.SetTimer(0, 1_234_567*time.Microsecond)
		for s.Step() {
		}
		require.GreaterOrEqual(t, fired, 1_234_567*time.Microsecond, "%d ppm", drift)
		require.Less(t, fired, 1_234_567*time.Microsecond+2, "%d ppm", drift)
	}
}

func TestADriftOutOfRangeIsRefused(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	require.False(t, s.SetClock(1, sim.Clock{Drift: 1_000_000}))
	require.False(t, s.SetClock(1, sim.Clock{Drift: -1_000_000}))
	require.False(t, s.SetClock(2, sim.Clock{}))
	require.Zero(t, s.Counters().ClockChanges)
}

func TestAClockGoesOnWhileTheNodeIsDown(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	require.True(t, s.SetClock(1, sim.Clock{Drift: 100_000}))
	require.True(t, s.Crash(1))
	s.RunUntil(time.Second)
	require.True(t, s.Restart(1))
	s.RunUntil(2 * time.Second)
	require.Equal(t, 2200*ms, s.Clock(1))
}
