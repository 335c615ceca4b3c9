package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/sim"
)

func TestTimersAreLateOrEarlyByADrawnTime(t *testing.T) {
	for name, c := range map[string]struct {
		skew        sim.Timers
		first, last time.Duration
	}{
		"late":             {sim.Timers{Late: sim.Range{Max: 20 * ms}}, 100 * ms, 120 * ms},
		"always late":      {sim.Timers{Late: sim.Range{Min: 5 * ms, Max: 5 * ms}}, 105 * ms, 105 * ms},
		"early":            {sim.Timers{Early: sim.Range{Max: 20 * ms}}, 80 * ms, 100 * ms},
		"earlier than may": {sim.Timers{Early: sim.Range{Min: 90 * ms, Max: 90 * ms}}, 50 * ms, 50 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			least, most := time.Hour, time.Duration(0)
			for seed := range uint64(60) {
				s := newStage(t, 1, sim.Config{Seed: seed})
				require.True(t, s.SetTimers(1, c.skew))
				fired := time.Duration(0)
				s.actor(1).timer = func(sim.TimerID) { fired = s.Now() }
				s.actor(1).env.SetTimer(0, 100*ms)
				s.RunUntil(time.Second)
				least, most = min(least, fired), max(most, fired)

				require.True(t, s.SetTimers(1, sim.Timers{}))
				s.actor(1).env.SetTimer(0, 1100*ms)
				s.RunUntil(2 * time.Second)
				require.Equal(t, 1100*ms, fired)
			}
			require.GreaterOrEqual(t, least, c.first)
			require.LessOrEqual(t, most, c.last)
			require.Less(t, least-c.first, 3*ms)
			require.Less(t, c.last-most, 3*ms)
		})
	}
}

// A timer that is armed again and again for a moment from now is early each time, and time goes on all the same.
func TestEarlyTimersDoNotStopTime(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	require.False(t, s.SetTimers(2, sim.Timers{}))
	s.SetTimers(1, sim.Timers{Early: sim.Range{Min: time.Hour, Max: time.Hour}})
	fired := 0
	arm := func() { s.actor(1).env.SetTimer(0, s.actor(1).env.Now()+10*ms) }
	s.actor(1).timer = func(sim.TimerID) { fired++; arm() }
	arm()
	s.RunUntil(time.Second)
	require.Equal(t, 200, fired)
}
