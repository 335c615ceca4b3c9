package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/sim"
)

func TestWhatHasEndedHoldsNodesUpUntilItsTime(t *testing.T) {
	for name, c := range map[string]struct {
		cause func(s *stage)
		until time.Duration
	}{
		"nothing": {func(*stage) {}, 0},
		"a message on a slow link": {func(s *stage) {
			s.SetLink(1, 2, steady(time.Minute))
			s.say(1, 2)
			s.SetLink(1, 2, steady(ms))
		}, time.Minute},
		"a message that others wait for": {func(s *stage) {
			s.SetLink(1, 3, steady(time.Minute))
			s.say(1, 3)
		}, 0},
		"a slow disk": {func(s *stage) {
			s.SetDisk(2, sim.Disk{SyncLatency: sim.Range{Min: time.Minute, Max: time.Minute}})
			s.actor(2).env.FS().SyncDir(1)
			s.SetDisk(2, sim.Disk{})
		}, time.Minute},
		"a late timer": {func(s *stage) {
			s.SetTimers(1, sim.Timers{Late: sim.Range{Min: time.Minute, Max: time.Minute}})
			s.actor(1).env.SetTimer(0, 5*ms)
			s.SetTimers(1, sim.Timers{})
		}, time.Minute},
		"clocks set back, and back again": {func(s *stage) {
			s.SetClock(1, sim.Clock{Jump: -time.Minute})
			s.SetClock(1, sim.Clock{Jump: -time.Minute})
		}, 2 * time.Minute},
		"a slow clock set back, and slow no more": {func(s *stage) {
			s.SetClock(1, sim.Clock{Jump: -time.Minute, Drift: -500_000})
			require.Equal(t, 2*time.Minute, s.HeldUp([]raft.NodeID{1}))
			s.RunUntil(time.Minute) // half of it is over
			s.SetClock(1, sim.Clock{Drift: -500_000})
		}, 2 * time.Minute},
		"a clock set forward": {func(s *stage) { s.SetClock(1, sim.Clock{Jump: time.Minute}) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, 3, sim.Config{})
			c.cause(s)
			require.Equal(t, c.until, s.HeldUp([]raft.NodeID{1, 2, 99}))
		})
	}
}
