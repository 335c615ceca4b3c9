package sim_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/wal"
	"raftsim/sim"
)

// steadyDisk is the disk that newDisker makes.
func steadyDisk() sim.Disk {
	return sim.Disk{SyncLatency: sim.Range{Min: 5 * ms, Max: 5 * ms}}
}

func TestASlowDiskTakesItsTimeFromThenOn(t *testing.T) {
	d := newDisker(t, 1)
	require.True(t, d.SetDisk(1, sim.Disk{SyncLatency: sim.Range{Min: 70 * ms, Max: 70 * ms}}))
	require.Equal(t, 70*ms, d.Disk(1).SyncLatency.Min)
	f := d.create("a")
	f.Sync(1)
	d.RunUntil(69 * ms)
	require.Empty(t, d.done)
	d.RunUntil(70 * ms)
	require.Equal(t, []wal.SyncTicket{1}, d.done)

	require.True(t, d.SetDisk(1, steadyDisk()))
	f.Sync(2)
	d.RunUntil(75 * ms)
	require.Equal(t, []wal.SyncTicket{1, 2}, d.done)
	require.EqualValues(t, 2, d.Counters().DiskChanges)
	require.False(t, d.SetDisk(2, steadyDisk()))
	require.Zero(t, d.Disk(2))
	require.Zero(t, d.DiskFaults(2))
}

func TestAFullDiskTakesNoNamesAndNoMoreThanAPartOfTheBytes(t *testing.T) {
	bytesKept := map[int]bool{}
	for seed := range uint64(60) {
		d := newDisker(t, seed)
		f := d.create("a")
		d.append(f, []byte("old"))
		c := steadyDisk()
		c.Full = true
		d.SetDisk(1, c)

		var at *fs.PathError
		err := f.Append([]byte("new"))
		require.ErrorIs(t, err, sim.ErrDiskFull)
		require.ErrorAs(t, err, &at)
		require.Equal(t, "n1/a", at.Path)
		_, err = d.fs().Create("b")
		require.ErrorIs(t, err, sim.ErrDiskFull)
		require.EqualValues(t, 2, d.DiskFaults(1))

		// What makes no demands on room goes on.
		require.NoError(t, d.fs().Rename("a", "c"))
		f.Sync(1)
		d.fs().SyncDir(2)
		d.settle()
		require.Equal(t, []wal.SyncTicket{1, 2}, d.done)

		d.SetDisk(1, steadyDisk())
		d.append(f, []byte("!"))
		f.Sync(3)
		d.settle()
		found := string(d.reboot().files["c"])
		require.Contains(t, []string{"old!", "oldn!", "oldne!", "oldnew!"}, found)
		bytesKept[len(found)] = true
	}
	require.Len(t, bytesKept, 4)
}

func TestWhatAFailedSyncShouldHaveSavedIsAtTheMercyOfTheCrash(t *testing.T) {
	var kept, lost int
	for seed := range uint64(60) {
		d := newDisker(t, seed)
		f := d.create("a")
		d.fs().SyncDir(1)
		d.settle()
		d.append(f, []byte("x"))
		f.Sync(2) // begun before the disk fails
		c := steadyDisk()
		c.FailSyncs = true
		d.SetDisk(1, c)
		var failed error
		d.actor(1).synced = func(_ wal.SyncTicket, err error) { failed = err }
		d.settle()
		require.ErrorIs(t, failed, sim.ErrDiskWrite)

		// A later sync reports success, and saves nothing: the system has dropped what it could not write.
		d.SetDisk(1, steadyDisk())
		f.Sync(3)
		d.settle()
		require.NoError(t, failed)
		require.EqualValues(t, 1, d.Counters().FailedSyncs)
		switch len(d.reboot().files["a"]) {
		case 0:
			lost++
		case 1:
			kept++
		}

		// The next life begins anew.
		f, err := d.fs().Open("a")
		require.NoError(t, err)
		d.append(f, []byte("yz"))
		f.Sync(4)
		d.settle()
		require.True(t, bytes.HasSuffix(d.reboot().files["a"], []byte("yz")))
	}
	require.Positive(t, kept)
	require.Positive(t, lost)
}

func TestAFailedSyncOfTheFolderSavesNoNames(t *testing.T) {
	undone := 0
	for seed := range uint64(30) {
		d := newDisker(t, seed)
		c := steadyDisk()
		c.FailSyncs = true
		d.SetDisk(1, c)
		d.actor(1).synced = nil
		d.create("a")
		d.fs().SyncDir(1)
		d.settle()
		if len(d.reboot().names) == 0 {
			undone++
		}
	}
	require.Positive(t, undone)
}

func TestTheFateOfWhatWasNotSyncedCanBeChosen(t *testing.T) {
	sure, loose := pattern(600, 1), pattern(600, 50)
	for _, fate := range []sim.Fate{sim.FateKept, sim.FateLost, sim.FateTorn} {
		t.Run(fate.String(), func(t *testing.T) {
			garbled := 0
			for seed := range uint64(30) {
				d := newDisker(t, seed)
				f := d.create("a")
				d.append(f, sure)
				f.Sync(1)
				d.fs().SyncDir(2)
				d.settle()
				c := steadyDisk()
				c.Unsynced = fate
				d.SetDisk(1, c)
				require.NoError(t, f.Truncate(500))
				d.append(f, loose)
				d.create("b")
				after := d.reboot()
				switch fate {
				case sim.FateKept:
					require.Equal(t, []string{"a", "b"}, after.names)
					require.Equal(t, append(sure[:500:500], loose...), after.files["a"])
				case sim.FateLost:
					require.Equal(t, []string{"a"}, after.names)
					require.Equal(t, sure, after.files["a"])
				default:
					require.Equal(t, []string{"a", "b"}, after.names)
					require.Equal(t, sure[:500], after.files["a"][:500])
					if !bytes.HasPrefix(append(sure[:500:500], loose...), after.files["a"]) {
						garbled++
					}
				}
			}
			require.Equal(t, fate == sim.FateTorn, garbled > 0)
		})
	}
	require.Equal(t, "drawn", sim.FateDrawn.String())
}

func TestRotFlipsOneDurableBitThatTheNextBootFinds(t *testing.T) {
	where := map[int]bool{}
	for seed := range uint64(40) {
		d := newDisker(t, seed)
		require.False(t, d.Rot(1, ".log"), "there is nothing to rot")
		f := d.create("a.log")
		d.append(f, pattern(64, 1))
		f.Sync(1)
		g := d.create("a.other")
		d.append(g, pattern(64, 1))
		g.Sync(2)
		d.fs().SyncDir(3)
		d.settle()
		before := d.reboot().files["a.log"]
		was := bytes.Clone(before)
		f, err := d.fs().Open("a.log")
		require.NoError(t, err)
		d.append(f, []byte("loose"))
		require.True(t, d.Rot(1, ".log"))
		require.Equal(t, was, before, "what a boot has read stays as it was")

		after := d.reboot()
		flipped := 0
		for i := range was {
			if k := bits.OnesCount8(was[i] ^ after.files["a.log"][i]); k > 0 {
				flipped += k
				where[i] = true
			}
		}
		require.Equal(t, 1, flipped)
		require.Equal(t, pattern(64, 1), after.files["a.other"])
	}
	require.Greater(t, len(where), 15)
	require.False(t, newDisker(t, 1).Rot(2, ""))
}

// halting is a world of one node that gives up when its disk fails, and refuses to boot while refuse is set.
type halting struct {
	*stage
	refuse error
}

func newHalting(t *testing.T) *halting {
	h := &halting{stage: &stage{World: sim.New(sim.Config{Disk: steadyDisk()}), t: t}}
	a := &actor{}
	a.synced = func(_ wal.SyncTicket, err error) {
		if err != nil {
			a.env.Halt(err)
		}
	}
	h.actors = append(h.actors, a)
	h.AddNode(func(_ raft.NodeID, env sim.Env) (sim.Process, error) {
		a.env = env
		return a, h.refuse
	})
	h.RunUntil(0)
	return h
}

func TestAProcessThatGivesUpBecauseOfItsDiskHasCrashedNotFailed(t *testing.T) {
	h := newHalting(t)
	f, err := h.actor(1).env.FS().Create("a")
	require.NoError(t, err)
	f.Sync(1)
	c := steadyDisk()
	c.FailSyncs = true
	h.SetDisk(1, c)
	h.RunUntil(10 * ms)
	require.Nil(t, h.Failure())
	require.False(t, h.Up(1))
	require.ErrorIs(t, h.GaveUp(1), sim.ErrDiskWrite)
	require.EqualValues(t, 1, h.Counters().Halts)
	require.EqualValues(t, 1, h.Counters().Crashes)

	// Once it runs again that is forgotten, and no excuse for the next halt.
	h.SetDisk(1, steadyDisk())
	require.True(t, h.Restart(1))
	h.RunUntil(20 * ms)
	require.True(t, h.Up(1))
	require.NoError(t, h.GaveUp(1))
	h.actor(1).timer = func(sim.TimerID) { h.actor(1).env.Halt(errors.New("no reason at all")) }
	h.FireTimer(1, 0)
	h.RunUntil(30 * ms)
	require.NotNil(t, h.Failure())
	require.Equal(t, sim.FailureHalt, h.Failure().Kind)
}

func TestABootThatRefusesARottenDiskHasNotFailedUntilTheRotIsGone(t *testing.T) {
	h := newHalting(t)
	f, err := h.actor(1).env.FS().Create("a")
	require.NoError(t, err)
	require.NoError(t, f.Append([]byte("x")))
	f.Sync(1)
	h.actor(1).env.FS().SyncDir(2)
	h.RunUntil(10 * ms)
	require.True(t, h.Rot(1, "a"))
	require.True(t, h.Up(1), "a process that runs has read its disk already")
	h.Crash(1)
	require.NoError(t, h.GaveUp(1), "it was crashed")
	h.refuse = errors.New("damaged")
	for range 2 {
		h.Restart(1)
		h.RunUntil(20 * ms)
		require.Nil(t, h.Failure())
		require.False(t, h.Up(1))
		require.ErrorIs(t, h.GaveUp(1), h.refuse)
	}
	require.True(t, h.Wipe(1))
	require.NoError(t, h.GaveUp(1))
	h.Restart(1)
	h.RunUntil(30 * ms)
	require.NotNil(t, h.Failure(), "nothing on the disk has rotted any more")
	require.Equal(t, sim.FailureBoot, h.Failure().Kind)
}

func TestFaultsOfDisksAreTracedAndInTheFingerprint(t *testing.T) {
	var told []string
	c := sim.Config{Hooks: sim.Hooks{Trace: func(e *sim.Event) {
		if e.Kind == sim.EventDisk || e.Kind == sim.EventRot || e.Kind == sim.EventHalt {
			told = append(told, e.String())
		}
	}}}
	prints := map[uint64]bool{}
	for k := range 6 {
		s := newStage(t, 1, c)
		switch k {
		case 1:
			s.SetDisk(1, sim.Disk{})
		case 2:
			s.SetDisk(1, sim.Disk{Full: true})
		case 3:
			s.SetDisk(1, sim.Disk{FailSyncs: true})
		case 4:
			s.SetDisk(1, sim.Disk{SyncLatency: sim.Range{Max: ms}})
		case 5:
			s.SetDisk(1, sim.Disk{Unsynced: sim.FateTorn})
		}
		prints[s.Fingerprint()] = true
	}
	require.Len(t, prints, 6)
	require.Contains(t, told, "#1 0s the disk of n1 is changed: syncs take 0s..0s, what is not synced is drawn at a crash, it is full")
	require.Contains(t, told, "#1 0s the disk of n1 is changed: syncs take 0s..1ms, what is not synced is drawn at a crash")
	require.Contains(t, told, "#1 0s the disk of n1 is changed: syncs take 0s..0s, what is not synced is torn at a crash")
}

func TestWhoGivesUpIsLookedAtOnceMore(t *testing.T) {
	touched := 0
	h := newHalting(t)
	c := sim.Config{Disk: sim.Disk{FailSyncs: true}, Hooks: sim.Hooks{Touched: func(raft.NodeID) { touched++ }}}
	h.World = sim.New(c)
	h.AddNode(func(_ raft.NodeID, env sim.Env) (sim.Process, error) {
		h.actor(1).env = env
		env.FS().SyncDir(1)
		return h.actor(1), nil
	})
	h.RunUntil(10 * ms)
	require.Error(t, h.GaveUp(1))
	require.Equal(t, 2, touched, "after the boot, and when the sync has failed")
}
