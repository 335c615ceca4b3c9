package sim_test

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/wal"
	"raftsim/sim"
)

// found is what a node finds on its disk when it boots.
type found struct {
	names []string
	files map[string][]byte
}

// disker is a world of one node that keeps what each boot finds.
type disker struct {
	*stage
	found []found
	done  []wal.SyncTicket
}

func newDisker(t *testing.T, seed uint64) *disker {
	t.Helper()
	c := sim.Config{Seed: seed, Disk: sim.Disk{SyncLatency: sim.Range{Min: 5 * ms, Max: 5 * ms}}}
	d := &disker{stage: &stage{World: sim.New(c), t: t}}
	a := &actor{synced: func(ticket wal.SyncTicket, err error) {
		require.NoError(t, err)
		d.done = append(d.done, ticket)
	}}
	d.actors = append(d.actors, a)
	d.AddNode(func(_ raft.NodeID, env sim.Env) (sim.Process, error) {
		a.env = env
		names, err := env.FS().List()
		require.NoError(t, err)
		f := found{names, map[string][]byte{}}
		for _, name := range names {
			f.files[name], err = env.FS().ReadFile(name)
			require.NoError(t, err)
		}
		d.found = append(d.found, f)
		return a, nil
	})
	d.RunUntil(0)
	return d
}

func (d *disker) fs() wal.FS { return d.actor(1).env.FS() }

func (d *disker) create(name string) wal.File {
	f, err := d.fs().Create(name)
	require.NoError(d.t, err)
	return f
}

func (d *disker) append(f wal.File, p []byte) { require.NoError(d.t, f.Append(p)) }

// settle lets every sync end.
func (d *disker) settle() { d.RunUntil(d.Now() + time.Second) }

// reboot crashes the node and returns what it finds afterwards.
func (d *disker) reboot() found {
	require.True(d.t, d.Crash(1))
	require.True(d.t, d.Restart(1))
	d.RunUntil(d.Now())
	require.Nil(d.t, d.Failure())
	return d.found[len(d.found)-1]
}

func pattern(n int, from byte) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = from + byte(i%97)
	}
	return p
}

func TestACrashKeepsWhatWasSyncedAndTakesKeepsOrTearsTheRest(t *testing.T) {
	sure, loose := pattern(700, 1), pattern(2000, 100)
	var kept, lost, cut, zeroed, noisy int
	for seed := range uint64(400) {
		d := newDisker(t, seed)
		f := d.create("a")
		d.append(f, sure)
		f.Sync(1)
		d.fs().SyncDir(2)
		d.settle()
		require.Equal(t, []wal.SyncTicket{1, 2}, d.done)
		d.append(f, loose)

		after := d.reboot()
		require.Equal(t, []string{"a"}, after.names)
		data := after.files["a"]
		require.True(t, bytes.HasPrefix(data, sure), "seed %d: synced bytes are safe", seed)
		data = data[len(sure):]
		require.LessOrEqual(t, len(data), len(loose))
		same := 0
		for same < len(data) && data[same] == loose[same] {
			same++
		}
		torn := data[same:]
		switch {
		case len(data) == len(loose) && len(torn) == 0:
			kept++
		case len(data) == 0:
			lost++
		case len(torn) == 0:
			cut++
		default:
			sectorStart := (len(sure) + len(data) - 1) / 512 * 512
			require.GreaterOrEqual(t, len(sure)+same, min(sectorStart, len(sure)+same), "only the last sector is torn")
			require.GreaterOrEqual(t, len(sure)+same, sectorStart, "only the last sector is torn")
			if bytes.Count(torn, []byte{0}) == len(torn) {
				zeroed++
			} else {
				noisy++
			}
		}
		again := d.reboot()
		require.Equal(t, after.files, again.files, "what was read is durable")
	}
	for _, n := range []int{kept, lost, cut, zeroed, noisy} {
		require.Greater(t, n, 20, "each outcome is seen: kept %d, lost %d, cut %d, zeroed %d, noisy %d", kept, lost, cut, zeroed, noisy)
	}
}

func TestASyncCoversWhatWasThereWhenItBegan(t *testing.T) {
	first, second := pattern(100, 1), pattern(100, 120)
	shorter := 0
	for seed := range uint64(100) {
		d := newDisker(t, seed)
		f := d.create("a")
		d.fs().SyncDir(1)
		d.append(f, first)
		f.Sync(2)
		d.append(f, second)
		d.settle()
		data := d.reboot().files["a"]
		require.True(t, bytes.HasPrefix(data, first))
		if len(data) < 200 {
			shorter++
		}
	}
	require.Greater(t, shorter, 20)
}

func TestASyncUnderWayMayOrMayNotHaveItsEffect(t *testing.T) {
	var all, none int
	for seed := range uint64(100) {
		d := newDisker(t, seed)
		f := d.create("a")
		d.fs().SyncDir(1)
		d.settle()
		d.append(f, pattern(100, 1))
		f.Sync(2)
		d.RunUntil(d.Now() + 4*ms)
		switch len(d.reboot().files["a"]) {
		case 100:
			all++
		case 0:
			none++
		}
		d.settle()
		require.Equal(t, []wal.SyncTicket{1}, d.done, "the next life is not told")
	}
	require.Greater(t, all, 15)
	require.Greater(t, none, 15)
}

func TestNamesThatAreNotSyncedMayBeUndoneFromTheLast(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(200) {
		d := newDisker(t, seed)
		for _, name := range []string{"a", "b"} {
			f := d.create(name)
			d.append(f, []byte(name))
			f.Sync(1)
		}
		d.fs().SyncDir(2)
		d.create("c") // after the sync began: not covered
		require.NoError(t, d.fs().Rename("b", "a"))
		d.settle()
		require.NoError(t, d.fs().Remove("a"))
		after := d.reboot()
		what := strings.Join(after.names, " ")
		seen[what]++
		switch what {
		case "a b":
			require.Equal(t, []byte("a"), after.files["a"])
			require.Equal(t, []byte("b"), after.files["b"])
		case "a b c":
			require.Empty(t, after.files["c"])
		case "a c":
			require.Equal(t, []byte("b"), after.files["a"], "the rename happened, the removal did not")
		case "c":
		default:
			t.Fatalf("seed %d: %q is no state the folder went through", seed, what)
		}
	}
	require.Len(t, seen, 4)
	for what, n := range seen {
		require.Greater(t, n, 20, what)
	}
}

func TestSyncedNamesAreSafe(t *testing.T) {
	for seed := range uint64(50) {
		d := newDisker(t, seed)
		d.create("a")
		d.create("b")
		d.create("c")
		require.NoError(t, d.fs().Remove("b"))
		require.NoError(t, d.fs().Rename("c", "d"))
		d.fs().SyncDir(1)
		d.settle()
		require.Equal(t, []string{"a", "d"}, d.reboot().names)
	}
}

func TestACutThatIsNotSyncedMayComeBack(t *testing.T) {
	old := pattern(300, 1)
	var returned, stayed int
	for seed := range uint64(200) {
		d := newDisker(t, seed)
		f := d.create("a")
		d.fs().SyncDir(1)
		d.append(f, old)
		f.Sync(2)
		d.settle()
		require.NoError(t, f.Truncate(200))
		d.append(f, []byte("new"))
		data := d.reboot().files["a"]
		require.True(t, bytes.HasPrefix(data, old[:200]))
		if len(data) == 300 {
			require.Equal(t, old, data, "what came back was durable, and is whole")
			returned++
		} else {
			require.LessOrEqual(t, len(data), 203)
			stayed++
		}
	}
	require.Greater(t, returned, 50)
	require.Greater(t, stayed, 50)
}

func TestASyncedCutStays(t *testing.T) {
	for seed := range uint64(50) {
		d := newDisker(t, seed)
		f := d.create("a")
		d.fs().SyncDir(1)
		d.append(f, pattern(300, 1))
		f.Sync(2)
		require.NoError(t, f.Truncate(200)) // while the sync is under way
		d.append(f, []byte("new"))
		require.NoError(t, f.Truncate(100))
		d.append(f, []byte("newer"))
		f.Sync(3)
		d.settle()
		want := append(pattern(100, 1), "newer"...)
		require.Equal(t, want, d.reboot().files["a"])
	}
}

func TestASyncFromBeforeACutKeepsWhatTheCutLeft(t *testing.T) {
	old := pattern(300, 1)
	lengths := map[int]int{}
	for seed := range uint64(300) {
		d := newDisker(t, seed)
		f := d.create("a")
		d.fs().SyncDir(1)
		d.append(f, old)
		f.Sync(2)
		require.NoError(t, f.Truncate(200))
		require.NoError(t, f.Truncate(150))
		d.settle()
		data := d.reboot().files["a"]
		require.True(t, bytes.HasPrefix(data, old[:150]))
		require.True(t, bytes.HasPrefix(old, data))
		lengths[len(data)]++
	}
	require.Len(t, lengths, 3, "neither cut, one or both happened, and no byte else was in doubt")
}

func TestBytesHandedOutAtBootAreNeverAltered(t *testing.T) {
	for seed := range uint64(20) {
		d := newDisker(t, seed)
		f := d.create("a")
		d.append(f, pattern(100, 1))
		f.Sync(1)
		d.fs().SyncDir(2)
		d.settle()
		data := d.reboot().files["a"]
		f, err := d.fs().Open("a")
		require.NoError(t, err)
		require.NoError(t, f.Truncate(10))
		d.append(f, bytes.Repeat([]byte{255}, 50))
		d.reboot()
		require.Equal(t, pattern(100, 1), data)
	}
}

func TestWhatABootReadsIsDurableEvenIfItWroteItItself(t *testing.T) {
	for seed := range uint64(50) {
		w := sim.New(sim.Config{Seed: seed, Disk: sim.Disk{SyncLatency: sim.Range{Min: ms, Max: ms}}})
		boots := 0
		w.AddNode(func(_ raft.NodeID, env sim.Env) (sim.Process, error) {
			if boots++; boots == 1 {
				f, err := env.FS().Create("a")
				require.NoError(t, err)
				require.NoError(t, f.Append([]byte("one")))
				f.Sync(1)
				require.NoError(t, f.Append([]byte("two")))
			}
			data, err := env.FS().ReadFile("a")
			require.NoError(t, err)
			require.Equal(t, "onetwo", string(data))
			return &actor{}, nil
		})
		for range 3 {
			w.RunUntil(w.Now() + 10*ms)
			w.Crash(1)
			w.Restart(1)
		}
		require.Nil(t, w.Failure())
		require.Equal(t, 3, boots)
	}
}

func TestASyncFromBeforeWhatABootReadAddsNothing(t *testing.T) {
	shorter := 0
	for seed := range uint64(50) {
		w := sim.New(sim.Config{Seed: seed, Disk: sim.Disk{SyncLatency: sim.Range{Min: ms, Max: ms}}})
		var data []byte
		boots := 0
		w.AddNode(func(_ raft.NodeID, env sim.Env) (sim.Process, error) {
			var f wal.File
			var err error
			if boots++; boots == 1 {
				f, err = env.FS().Create("a")
				require.NoError(t, err)
				require.NoError(t, f.Append(pattern(300, 1)))
				f.Sync(1)
				require.NoError(t, f.Truncate(100))
			}
			data, err = env.FS().ReadFile("a")
			require.NoError(t, err)
			if boots == 1 {
				require.Len(t, data, 100)
				require.NoError(t, f.Append(pattern(50, 200)))
			}
			return &actor{}, nil
		})
		w.RunUntil(10 * ms)
		w.Crash(1)
		w.Restart(1)
		w.RunUntil(10 * ms)
		require.Nil(t, w.Failure())
		require.True(t, bytes.HasPrefix(data, pattern(100, 1)))
		require.LessOrEqual(t, len(data), 150)
		if len(data) < 150 {
			shorter++
		}
	}
	require.Greater(t, shorter, 10)
}

func TestEachSyncOfTheFolderCoversTheChangesBeforeIt(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(100) {
		d := newDisker(t, seed)
		for i, name := range []string{"a", "b", "c"} {
			d.create(name)
			d.fs().SyncDir(wal.SyncTicket(i))
			d.RunUntil(d.Now() + 3*ms)
		}
		// At 9 ms: the sync after a was done at 5 ms, the one after b at 8 ms, the one after c would be at 11 ms.
		require.Len(t, d.done, 2)
		seen[strings.Join(d.reboot().names, " ")]++
	}
	require.Len(t, seen, 2)
	require.Greater(t, seen["a b"], 20)
	require.Greater(t, seen["a b c"], 20)
}

func TestADiskSaysWhatWasWrong(t *testing.T) {
	d := newDisker(t, 1)
	f := d.create("a")
	_, err := d.fs().Create("a")
	require.ErrorIs(t, err, fs.ErrExist)
	require.EqualError(t, err, "create n1/a: file already exists")
	_, err = d.fs().Create("x/y")
	require.ErrorIs(t, err, fs.ErrInvalid)
	_, err = d.fs().Create("")
	require.ErrorIs(t, err, fs.ErrInvalid)
	_, err = d.fs().Open("b")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorIs(t, d.fs().Remove("b"), fs.ErrNotExist)
	require.ErrorIs(t, d.fs().Rename("b", "c"), fs.ErrNotExist)
	require.ErrorIs(t, d.fs().Rename("a", "/"), fs.ErrInvalid)
	require.NoError(t, d.fs().Rename("a", "a"))
	require.Error(t, f.Truncate(1))
	require.Error(t, f.Truncate(-1))
	require.NoError(t, f.Truncate(0))
	_, err = d.fs().List()
	require.ErrorContains(t, err, "only while it boots")
	_, err = d.fs().ReadFile("a")
	require.ErrorContains(t, err, "only while it boots")

	require.NoError(t, f.Close())
	require.ErrorIs(t, f.Close(), fs.ErrClosed)
	require.ErrorIs(t, f.Append(nil), fs.ErrClosed)
	require.ErrorIs(t, f.Truncate(0), fs.ErrClosed)
	var told error
	d.actor(1).synced = func(ticket wal.SyncTicket, err error) {
		require.EqualValues(t, 7, ticket)
		told = err
	}
	f.Sync(7)
	d.settle()
	require.ErrorIs(t, told, fs.ErrClosed)
}

func TestAHandleDoesNotOutliveItsProcess(t *testing.T) {
	d := newDisker(t, 1)
	f := d.create("a")
	d.fs().SyncDir(1)
	d.settle()
	d.reboot()
	require.ErrorIs(t, f.Append([]byte("x")), fs.ErrClosed)
}

func TestSyncsEndInTheOrderInWhichTheyBegan(t *testing.T) {
	s := newStage(t, 1, sim.Config{Seed: 5, Disk: sim.Disk{SyncLatency: sim.Range{Min: ms, Max: 50 * ms}}})
	var done []wal.SyncTicket
	s.actor(1).synced = func(ticket wal.SyncTicket, _ error) { done = append(done, ticket) }
	var want []wal.SyncTicket
	for i := wal.SyncTicket(1); i <= 100; i++ {
		s.actor(1).env.FS().SyncDir(i)
		want = append(want, i)
	}
	s.RunUntil(time.Second)
	require.Equal(t, want, done)
	require.EqualValues(t, 100, s.Counters().Syncs)
}

func TestASyncThatEndsDuringAPauseCounts(t *testing.T) {
	for seed := range uint64(30) {
		d := newDisker(t, seed)
		f := d.create("a")
		d.append(f, pattern(100, 1))
		f.Sync(1)
		d.fs().SyncDir(2)
		d.Pause(1)
		d.settle()
		require.Empty(t, d.done)
		require.Equal(t, pattern(100, 1), d.reboot().files["a"])
		d.settle()
		require.Empty(t, d.done)
	}
}
