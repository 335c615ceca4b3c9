package sim_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/wal"
	"raftsim/sim"
)

// listed are the states that a crash may leave, in words: name=bytes, in hexadecimal.
func listed(s *sim.CrashStates) []string {
	all := []string{}
	for state := range s.All(0) {
		text := ""
		for _, f := range state {
			text += fmt.Sprintf("%s=%x ", f.Name, f.Data)
		}
		all = append(all, text)
	}
	return all
}

// Every state is listed once, in a fixed order: that of nothing lost first, of all that can be lost last.
func TestCrashStatesAreListed(t *testing.T) {
	d := newDisker(t, 1)
	require.Equal(t, []string{""}, listed(d.CrashStates(1)), "an empty disk stays empty")
	f := d.create("a")
	d.append(f, []byte{0xaa})
	f.Sync(1)
	d.fs().SyncDir(2)
	d.settle()
	require.Equal(t, []string{"a=aa "}, listed(d.CrashStates(1)), "what is synced is left alone")

	d.append(f, []byte{0xbb})
	d.create("b")
	want := []string{
		"a=aabb b= ", "a=aa00 b= ", "a=aaba b= ", "a=aa3b b= ", "a=aa44 b= ", "a=aa b= ",
		"a=aabb ", "a=aa00 ", "a=aaba ", "a=aa3b ", "a=aa44 ", "a=aa ",
	}
	states := d.CrashStates(1)
	require.Equal(t, want, listed(states))
	require.EqualValues(t, len(want), states.Len())
	d.append(f, []byte{0xcc})
	require.Equal(t, want, listed(states), "the list is of its moment")
	require.Greater(t, d.CrashStates(1).Len(), states.Len())

	var some []string
	for state := range states.All(3) {
		some = append(some, fmt.Sprintf("%x", state[0].Data))
	}
	require.Equal(t, []string{"aabb", "aa", "aa"}, some, "spread evenly over all, both ends among them")
	require.Empty(t, listed(d.CrashStates(9)))
}

// A cut that is not durable may be undone; a name taken away may come back, and one given may go.
func TestCrashStatesUndoCutsAndNames(t *testing.T) {
	d := newDisker(t, 1)
	f := d.create("a")
	d.append(f, []byte{1, 2, 3})
	f.Sync(1)
	d.fs().SyncDir(2)
	d.settle()
	require.NoError(t, f.Truncate(1))
	require.Equal(t, []string{"a=01 ", "a=010203 "}, listed(d.CrashStates(1)))
	require.NoError(t, d.fs().Rename("a", "b"))
	require.Equal(t, []string{"b=01 ", "b=010203 ", "a=01 ", "a=010203 "}, listed(d.CrashStates(1)))
	require.NoError(t, d.fs().Rename("b", "a"))
	require.Equal(t, []string{"a=01 ", "a=010203 ", "b=01 ", "b=010203 "}, listed(d.CrashStates(1)), "what is as it was is listed once")

	for fate, want := range map[sim.Fate][]string{
		sim.FateKept: {"a=01 "}, sim.FateLost: {"a=010203 "}, sim.FateTorn: {"a=01 "},
	} {
		d.SetDisk(1, sim.Disk{Unsynced: fate})
		require.Equal(t, want, listed(d.CrashStates(1)), fate)
	}
	d.SetDisk(1, sim.Disk{Unsynced: sim.FateTorn})
	d.append(f, []byte{9})
	require.Equal(t, []string{"a=0100 ", "a=0108 ", "a=0189 ", "a=01f6 ", "a=01 "}, listed(d.CrashStates(1)))
}

// Whatever a crash draws is in the list, but for which noise it is.
func TestWhatACrashDrawsIsListed(t *testing.T) {
	exact, noise := 0, 0
	for seed := range uint64(500) {
		d := newDisker(t, seed)
		draw := func(n uint64) int { return int(d.HostDraw(d.AddHost(&client{}), "test", n)) }
		names := []string{"a", "b", "c"}
		open := map[string]wal.File{}
		for range 3 + draw(8) {
			name := names[draw(3)]
			f := open[name]
			switch {
			case f == nil:
				open[name] = d.create(name)
			case draw(6) == 0:
				f.Sync(1)
				d.RunUntil(d.Now() + 3*ms)
			case draw(8) == 0:
				d.fs().SyncDir(2)
				d.settle()
			case draw(8) == 0:
				require.NoError(t, f.Truncate(0))
			case draw(8) == 0:
				require.NoError(t, d.fs().Remove(name))
				delete(open, name)
			default:
				d.append(f, pattern(1+draw(6)*draw(6), byte(seed)))
			}
		}
		fate := []sim.Fate{sim.FateDrawn, sim.FateDrawn, sim.FateKept, sim.FateLost, sim.FateTorn}[seed%5]
		d.SetDisk(1, sim.Disk{Unsynced: fate})
		states := d.CrashStates(1)
		left := d.reboot()
		found, alike := false, false
		for state := range states.All(0) {
			same, like := true, len(state) == len(left.names)
			for i, f := range state {
				if !like || f.Name != left.names[i] || len(f.Data) != len(left.files[f.Name]) {
					same, like = false, false
					break
				}
				same = same && bytes.Equal(f.Data, left.files[f.Name])
			}
			found, alike = found || same && like, alike || like
			if found {
				break
			}
		}
		switch {
		case found:
			exact++
		case alike:
			noise++
		default:
			require.Fail(t, "a crash left what is not listed", "seed %d: %v", seed, left)
		}
	}
	require.Greater(t, exact, 300)
	require.Less(t, noise, 150, "a torn file is noise in half of the cases")
}

// A disk that was furnished is found at the first boot, and only a node that never booted can be given one.
func TestADiskIsFurnished(t *testing.T) {
	d := newDisker(t, 1)
	require.False(t, d.Furnish(1, nil), "it has booted")
	require.False(t, d.Furnish(2, nil), "there is no such node")
	var names []string
	id := d.AddAbsent(func(_ raft.NodeID, env sim.Env) (sim.Process, error) {
		names, _ = env.FS().List()
		data, err := env.FS().ReadFile("b")
		require.NoError(t, err)
		require.Equal(t, []byte("two"), data)
		return &actor{}, nil
	})
	require.False(t, d.Furnish(id, sim.DiskState{{Name: "a"}, {Name: "a"}}))
	require.False(t, d.Furnish(id, sim.DiskState{{Name: ""}}))
	state := sim.DiskState{{Name: "b", Data: []byte("two")}, {Name: "a", Data: []byte("one")}}
	require.True(t, d.Furnish(id, state))
	require.False(t, d.Furnish(id, state), "once")
	require.Equal(t, []string{"a=6f6e65 b=74776f "}, listed(d.CrashStates(id)))
	require.True(t, d.Restart(id))
	d.settle()
	require.Nil(t, d.Failure())
	require.True(t, slices.Equal([]string{"a", "b"}, names))
}
