package sim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/sim"
)

// A process that stands for one outside is told from outside what that has done, and does the same in the world.
func TestEnter(t *testing.T) {
	var touched []raft.NodeID
	s := newStage(t, 2, sim.Config{Link: steady(5 * ms), Hooks: sim.Hooks{Touched: func(id raft.NodeID) { touched = append(touched, id) }}})
	late := s.AddAbsent(func(raft.NodeID, sim.Env) (sim.Process, error) { return &actor{}, nil })
	require.False(t, s.Enter(late, func() { t.Fatal("it has not booted") }))
	heard := s.heard(2)
	_, any := s.Next()
	require.False(t, any)

	s.RunUntil(100 * ms)
	require.True(t, s.Pause(1))
	touched = nil
	require.True(t, s.Enter(1, func() { s.say(1, 2) }))
	require.Equal(t, []raft.NodeID{1}, touched, "a pause does not hold it up")
	next, any := s.Next()
	require.True(t, any)
	require.Equal(t, 105*ms, next)
	s.RunUntil(next)
	require.Equal(t, []int{0}, *heard)

	s.Crash(1)
	require.False(t, s.Enter(1, func() { t.Fatal("it is down") }))
	s.Enter(2, func() { panic("a fault") })
	require.Equal(t, sim.FailurePanic, s.Failure().Kind)
	require.False(t, s.Enter(2, func() { t.Fatal("the world has ended") }))
}
