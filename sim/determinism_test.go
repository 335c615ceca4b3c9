package sim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/wal"
	"raftsim/sim"
)

// stormy is a run with every fault there is.
func stormy(seed uint64, hooks sim.Hooks) *sim.World {
	l := sim.Link{Latency: sim.Range{Min: ms, Max: 10 * ms}, Loss: 50_000, Duplicate: 10_000, Reorder: 20_000}
	w := beaters(sim.Config{
		Seed: seed, Link: l, ClientLink: l,
		Disk: sim.Disk{SyncLatency: sim.Range{Min: ms, Max: 2 * ms}}, Hooks: hooks,
	}, 5)
	for at := 100 * ms; at < 2*time.Second; at += 100 * ms {
		w.At(at, func() {
			id := raft.NodeID(1 + w.Draw("victim", 5))
			switch w.Draw("fault", 4) {
			case 0:
				w.Crash(id)
				w.Restart(id)
			case 1:
				w.Pause(id)
				w.At(w.Now()+50*ms, func() { w.Resume(id) })
			case 2:
				w.Partition([][]raft.NodeID{{id}})
			case 3:
				w.Heal()
			}
		})
	}
	return w
}

func TestTheSameSeedGivesTheSameEventsWhetherLookedAtOrNot(t *testing.T) {
	var lines []string
	hooks := sim.Hooks{
		Trace:   func(e *sim.Event) { lines = append(lines, e.String()) },
		Touched: func(raft.NodeID) {}, Booted: func(raft.NodeID) {}, Stopped: func(raft.NodeID) {},
		Sent: func(_, _ raft.NodeID, _ sim.Message) {}, Log: func(raft.NodeID, string) {},
	}
	a := stormy(11, hooks)
	a.RunUntil(3 * time.Second)
	first := lines
	lines = nil
	b := stormy(11, hooks)
	for b.Step() && b.Now() < 3*time.Second {
		b.Now()
	}
	n := min(len(first), len(lines))
	require.Equal(t, first[:n-10], lines[:n-10], "step by step or all at once")

	c := stormy(11, sim.Hooks{})
	c.RunUntil(3 * time.Second)
	require.Equal(t, a.Fingerprint(), c.Fingerprint())
	require.Equal(t, a.Event(), c.Event())
	require.Equal(t, *a.Counters(), *c.Counters())
	require.Greater(t, a.Event(), sim.EventID(1000))
}

func TestOtherSeedsGiveOtherFingerprints(t *testing.T) {
	seen := map[uint64]bool{}
	for seed := range uint64(200) {
		w := stormy(seed, sim.Hooks{})
		w.RunUntil(200 * ms)
		seen[w.Fingerprint()] = true
	}
	require.Len(t, seen, 200)
}

// The figure changes only when a seed comes to mean another run: say so in the changelog.
func TestASeedMeansTheSameRunForGood(t *testing.T) {
	w := stormy(1, sim.Hooks{})
	w.RunUntil(3 * time.Second)
	require.Equal(t, "3ea89d701a503ea3", fmt.Sprintf("%016x", w.Fingerprint()))
}

func TestMixChangesTheFingerprint(t *testing.T) {
	a, b := sim.New(sim.Config{}), sim.New(sim.Config{})
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
	a.Mix(0)
	require.NotEqual(t, a.Fingerprint(), b.Fingerprint())
}

func TestADrawMoreShiftsNoOtherStream(t *testing.T) {
	draws := func(more bool) (list []uint64) {
		s := newStage(t, 2, sim.Config{Seed: 3})
		c := s.AddHost(&client{})
		other := s.AddHost(&client{})
		for range 20 {
			if more {
				s.Draw("b", 10)
				s.HostDraw(c, "b", 10)
				s.HostDraw(other, "a", 10)
				s.actor(1).env.Draw("b", 10)
				s.actor(2).env.Draw("a", 10)
			}
			list = append(list, s.Draw("a", 1<<40), s.HostDraw(c, "a", 1<<40), s.actor(1).env.Draw("a", 1<<40))
		}
		return list
	}
	plain := draws(false)
	require.Equal(t, plain, draws(true))
	sorted := slices.Clone(plain)
	slices.Sort(sorted)
	require.Len(t, slices.Compact(sorted), len(plain), "and no two streams are alike")
}

func TestFaultsOfOneLinkShiftNoOtherLink(t *testing.T) {
	arrivals := func(l sim.Link) (list []time.Duration) {
		s := newStage(t, 3, sim.Config{Seed: 3, Link: sim.Link{Latency: sim.Range{Max: 100 * ms}}})
		s.SetLink(1, 2, l)
		s.actor(3).received = func(raft.NodeID, sim.Message) { list = append(list, s.Now()) }
		for range 100 {
			s.say(1, 2)
			s.say(1, 3)
			s.RunUntil(s.Now() + 200*ms)
		}
		return list
	}
	require.Equal(t, arrivals(sim.Link{}), arrivals(sim.Link{Latency: sim.Range{Max: 3 * ms}, Loss: 100_000, Duplicate: 100_000, Reorder: 100_000}))
}

func TestDrawsStayBelowTheirBoundAndReachIt(t *testing.T) {
	w := sim.New(sim.Config{Seed: 1})
	var seen [7]int
	for range 7000 {
		seen[w.Draw("x", 7)]++
	}
	for _, n := range seen {
		require.InDelta(t, 1000, n, 150)
	}
	require.Zero(t, w.Draw("x", 1))
	require.Zero(t, w.Draw("x", 0))
	require.Zero(t, w.HostDraw(3, "x", 5))
}

func TestEventsNameTheirCause(t *testing.T) {
	var events []sim.Event
	hooks := sim.Hooks{Trace: func(e *sim.Event) { events = append(events, *e) }}
	s := newStage(t, 2, sim.Config{Link: steady(ms), ClientLink: steady(ms), Hooks: hooks, Disk: sim.Disk{SyncLatency: sim.Range{Min: ms}}})
	c := s.AddHost(&client{wake: func() { s.Request(1, 1, &kv.Request{Op: kv.Put, Key: "k", Session: 1, Seq: 2}) }})
	s.actor(1).request = func(from sim.ClientID, r *kv.Request) {
		s.say(1, 2)
		s.say(1, 1)
		s.actor(1).env.Answer(from, &sim.Response{Status: kv.OK, Session: 1, Seq: 2})
		s.actor(1).env.FS().SyncDir(8)
		s.actor(1).env.SetTimer(1, s.Now()+5*ms)
	}
	s.WakeAt(c, ms)
	s.At(10*ms, func() {
		s.Cut(1, 2)
		s.Crash(1)
		s.Restart(1)
	})
	s.RunUntil(20 * ms)
	var lines []string
	for i := range events {
		if m := events[i].Message; m != nil {
			require.Equal(t, "Note", m.Name())
		}
		lines = append(lines, events[i].String())
	}
	require.Equal(t, strings.TrimSpace(`
#1 0s n1 boots
#2 0s n2 boots
#3 1ms client 1 wakes
#4 2ms n1 receives put "k" (session 1, seq 2) from client 1 (by #3)
#4 2ms Note from n1 does not reach n1: no such peer
#5 3ms n2 receives Note from n1 (by #4)
#6 3ms client 1 receives ok (session 1, seq 2) from n1 (by #4)
#7 3ms n1 is told that sync 8 is done (by #4)
#8 7ms n1 has its heartbeat timer fire (by #4)
#9 10ms script acts
#9 10ms link from n1 to n2 is cut
#9 10ms n1 crashes
#10 10ms n1 boots (by #9)`), strings.Join(lines, "\n"))
}

func TestEveryEventHasALine(t *testing.T) {
	e := sim.Event{Message: &note{}, Request: &kv.Request{}, Response: &sim.Response{}}
	for k := sim.EventBoot; k <= sim.EventLink; k++ {
		e.Kind = k
		require.NotContains(t, e.String(), "event of kind", "kind %d", k)
		require.NotContains(t, e.String(), "\n")
	}
}

func TestHooksComeInOrder(t *testing.T) {
	var seen []string
	see := func(what string) func(raft.NodeID) {
		return func(id raft.NodeID) { seen = append(seen, what+" "+id.String()) }
	}
	s := newStage(t, 2, sim.Config{Link: steady(ms), Hooks: sim.Hooks{
		Touched: see("touched"), Booted: see("booted"), Stopped: see("stopped"),
		Sent: func(from, to raft.NodeID, _ sim.Message) { see("sent")(from) },
		Log:  func(id raft.NodeID, line string) { see(line)(id) },
	}})
	s.actor(2).received = func(raft.NodeID, sim.Message) {
		require.True(t, s.actor(2).env.Logging())
		s.actor(2).env.Log("log")
	}
	s.say(1, 2)
	s.RunUntil(ms)
	s.Crash(2)
	require.Equal(t, []string{"booted n1", "touched n1", "booted n2", "touched n2", "sent n1", "log n2", "touched n2", "stopped n2"}, seen)

	quiet := newStage(t, 1, sim.Config{})
	require.False(t, quiet.actor(1).env.Logging())
	quiet.actor(1).env.Log("for nobody")
}

func TestStopLetsNoEventFollow(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	s.At(ms, func() { s.Stop() })
	s.At(ms, func() { t.Error("the world was stopped") })
	s.RunUntil(time.Second)
	require.Equal(t, ms, s.Now())
	require.False(t, s.Step())
	require.Nil(t, s.Failure())
}

func TestRunUntilIncludesItsEndAndNeverGoesBack(t *testing.T) {
	s := newStage(t, 0, sim.Config{})
	var at []time.Duration
	see := func() { at = append(at, s.Now()) }
	s.At(2*ms, func() { see(); s.At(0, see) })
	s.At(3*ms, see)
	s.At(3*ms, nil)
	s.RunUntil(2 * ms)
	require.Equal(t, []time.Duration{2 * ms, 2 * ms}, at)
	s.RunUntil(ms)
	require.Equal(t, 2*ms, s.Now())
	require.True(t, s.Step())
	require.False(t, s.Step())
	require.Equal(t, 3*ms, s.Now())
}

func TestAnIdleClusterAllocatesNothing(t *testing.T) {
	w := beaters(sim.Config{Seed: 1, Link: sim.Link{
		Latency: sim.Range{Min: ms, Max: 10 * ms}, Loss: 10_000, Duplicate: 10_000, Reorder: 10_000,
	}}, 5)
	w.RunUntil(30 * time.Second)
	require.Zero(t, testing.AllocsPerRun(20, func() { w.RunUntil(w.Now() + time.Second) }))
}

func TestSyncsAppendsAndRequestsAllocateNothingInSteadyState(t *testing.T) {
	s := newStage(t, 1, sim.Config{ClientLink: steady(ms), Disk: sim.Disk{SyncLatency: sim.Range{Min: ms, Max: ms}}})
	c := &client{answers: make([]sim.Response, 0, 10000)}
	id := s.AddHost(c)
	a := s.actor(1)
	f, err := a.env.FS().Create("log")
	require.NoError(t, err)
	line := make([]byte, 64)
	response := &sim.Response{Status: kv.OK}
	var ticket wal.SyncTicket
	a.request = func(from sim.ClientID, r *kv.Request) {
		_ = f.Append(line)
		ticket++
		f.Sync(ticket)
		response.Seq = r.Seq
		a.env.Answer(from, response)
	}
	request := &kv.Request{Key: "k"}
	c.wake = func() { s.Request(id, 1, request) }
	round := func() {
		for range 10 {
			s.WakeAt(id, s.Now())
			s.RunUntil(s.Now() + 5*ms)
		}
	}
	for range 60 {
		round() // 600 lines: the file has room for 424 more.
	}
	require.Zero(t, testing.AllocsPerRun(20, round))
}
