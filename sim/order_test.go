package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/sim"
)

// member is an actor that can be asked for changes and snapshots.
type member struct {
	actor
	changes   []*sim.Change
	snapshots int
}

func (m *member) Reconfigure(c *sim.Change) error {
	m.changes = append(m.changes, c)
	return nil
}

func (m *member) Compact() error {
	m.snapshots++
	return nil
}

func TestAProcessIsAskedForAChangeAndForASnapshotAsEventsOfTheirOwn(t *testing.T) {
	w := sim.New(sim.Config{})
	m := &member{}
	w.AddNode(func(raft.NodeID, sim.Env) (sim.Process, error) { return m, nil })
	w.RunUntil(0)
	change := &sim.Change{Join: []raft.NodeID{2}, Remove: []raft.NodeID{1}}
	require.True(t, w.Reconfigure(1, change))
	require.True(t, w.Compact(1))
	before := w.Event()
	require.Empty(t, m.changes)
	w.RunUntil(time.Second)
	require.Equal(t, []*sim.Change{change}, m.changes)
	require.Equal(t, 1, m.snapshots)
	require.Equal(t, before+2, w.Event())
}

func TestWhoCannotBeAskedIsNot(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	require.False(t, s.Reconfigure(1, &sim.Change{}), "it is no Reconfigurable")
	require.False(t, s.Compact(1))
	require.False(t, s.Compact(2), "there is none")
	require.False(t, s.Transfer(1, 1))
}

func TestAnOrderDiesWithTheProcessItWasFor(t *testing.T) {
	w := sim.New(sim.Config{})
	m := &member{}
	w.AddNode(func(raft.NodeID, sim.Env) (sim.Process, error) { return m, nil })
	w.RunUntil(0)
	require.True(t, w.Compact(1))
	require.True(t, w.Crash(1))
	require.True(t, w.Restart(1))
	w.RunUntil(time.Second)
	require.Zero(t, m.snapshots)
}

func TestAnOrderWaitsForAPausedProcess(t *testing.T) {
	w := sim.New(sim.Config{})
	m := &member{}
	w.AddNode(func(raft.NodeID, sim.Env) (sim.Process, error) { return m, nil })
	w.RunUntil(0)
	require.True(t, w.Pause(1))
	require.True(t, w.Compact(1))
	w.RunUntil(time.Second)
	require.Zero(t, m.snapshots)
	require.True(t, w.Resume(1))
	w.RunUntil(2 * time.Second)
	require.Equal(t, 1, m.snapshots)
}

func TestOrdersThatDifferGiveDifferentFingerprints(t *testing.T) {
	print := func(c sim.Change) uint64 {
		w := sim.New(sim.Config{})
		w.AddNode(func(raft.NodeID, sim.Env) (sim.Process, error) { return &member{}, nil })
		w.RunUntil(0)
		require.True(t, w.Reconfigure(1, &c))
		w.RunUntil(time.Second)
		return w.Fingerprint()
	}
	n1, n2 := []raft.NodeID{1}, []raft.NodeID{2}
	prints := map[uint64]bool{
		print(sim.Change{Join: n1}): true, print(sim.Change{Join: n2}): true,
		print(sim.Change{Remove: n1}): true, print(sim.Change{Learn: n1}): true,
	}
	require.Len(t, prints, 4)
}

func TestANodeThatIsAbsentComesWhenItIsStarted(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	booted := 0
	id := s.AddAbsent(func(raft.NodeID, sim.Env) (sim.Process, error) {
		booted++
		return &actor{}, nil
	})
	s.say(1, id)
	s.RunUntil(time.Second)
	require.Zero(t, booted)
	require.Zero(t, s.Boots(id))
	s.eachReleasedOnce()
	require.False(t, s.Wipe(id), "it has no disk yet")
	require.True(t, s.Restart(id))
	s.RunUntil(2 * time.Second)
	require.Equal(t, 1, booted)
	require.True(t, s.Up(id))
}

func TestAWipedNodeFindsNothing(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	fs := s.actor(1).env.FS()
	f, err := fs.Create("a")
	require.NoError(t, err)
	require.NoError(t, f.Append([]byte("durable")))
	f.Sync(1)
	fs.SyncDir(2)
	s.RunUntil(time.Second)
	f, err = fs.Create("b") // not durable yet
	require.NoError(t, err)
	require.NoError(t, f.Append([]byte("loose")))

	require.True(t, s.Wipe(1))
	require.False(t, s.Up(1), "it crashed")
	require.Equal(t, uint64(1), s.Counters().Wipes)
	s.actor(1).env = nil
	require.True(t, s.Restart(1))
	s.RunUntil(2 * time.Second)
	require.True(t, s.Up(1))
	_, err = s.actor(1).env.FS().Create("a")
	require.NoError(t, err, "the name is free")
	require.False(t, s.Wipe(7))
}
