package sim_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/wal"
	"raftsim/sim"
)

// ticks records when a node's timers fire.
func (s *stage) ticks(id raft.NodeID) *[]time.Duration {
	var list []time.Duration
	s.actor(id).timer = func(sim.TimerID) { list = append(list, s.Now()) }
	return &list
}

func TestATimerFiresOnceAtTheTimeItWasLastArmedFor(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	ticks := s.ticks(1)
	env := s.actor(1).env
	env.SetTimer(0, 10*ms)
	env.SetTimer(0, 30*ms) // later
	env.SetTimer(0, 20*ms) // earlier, but not than what is queued
	env.SetTimer(1, 50*ms)
	env.SetTimer(1, 40*ms) // earlier
	env.SetTimer(2, 5*ms)
	env.StopTimer(2)
	before := s.Event()
	s.RunUntil(time.Second)
	require.Equal(t, []time.Duration{20 * ms, 40 * ms}, *ticks)
	require.Equal(t, before+2, s.Event(), "what comes up for nothing is no event")
}

func TestAStoppedTimerCanBeArmedAgain(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	ticks := s.ticks(1)
	env := s.actor(1).env
	env.SetTimer(0, 10*ms)
	env.StopTimer(0)
	env.SetTimer(0, 15*ms)
	s.RunUntil(100 * ms)
	env.SetTimer(0, 5*ms) // It has passed.
	env.StopTimer(1)
	s.RunUntil(200 * ms)
	require.Equal(t, []time.Duration{15 * ms, 100 * ms}, *ticks)
}

func TestATimeThatHasPassedFiresAsAnEventOfItsOwn(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	env := s.actor(1).env
	var events []sim.EventID
	s.actor(1).timer = func(sim.TimerID) {
		events = append(events, s.Event())
		if len(events) < 3 {
			env.SetTimer(0, 0)
		}
	}
	env.SetTimer(0, 10*ms)
	s.RunUntil(10 * ms)
	require.Equal(t, []sim.EventID{2, 3, 4}, events)
}

func TestTimersDieWithTheProcess(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	ticks := s.ticks(1)
	s.actor(1).env.SetTimer(0, 10*ms)
	require.True(t, s.Crash(1))
	require.True(t, s.Restart(1))
	s.RunUntil(time.Second)
	require.Empty(t, *ticks)
}

func TestAForcedTimerFiresNowInsteadOfLater(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	ticks := s.ticks(1)
	s.actor(1).env.SetTimer(0, 10*ms)
	s.At(5*ms, func() { require.True(t, s.FireTimer(1, 0)) })
	s.RunUntil(time.Second)
	require.Equal(t, []time.Duration{5 * ms}, *ticks)
	require.EqualValues(t, 1, s.Counters().Forced)

	require.True(t, s.FireTimer(1, 3), "armed or not")
	require.False(t, s.FireTimer(1, 4))
	require.False(t, s.FireTimer(2, 0))
	s.Crash(1)
	require.False(t, s.FireTimer(1, 0))
	s.RunUntil(2 * time.Second)
	require.Len(t, *ticks, 1, "it crashed before the forced timer could fire")
	require.Nil(t, s.Failure())
}

func TestNewTimeoutsReachTheProcessAsAnEvent(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	var got sim.Timeouts
	s.actor(1).timeouts = func(x sim.Timeouts) { got = x }
	require.True(t, s.SetTimeouts(1, sim.Timeouts{Heartbeat: ms}))
	require.Zero(t, got)
	s.RunUntil(0)
	require.Equal(t, sim.Timeouts{Heartbeat: ms}, got)
	require.False(t, s.SetTimeouts(2, sim.Timeouts{}))

	w := beaters(sim.Config{}, 1)
	w.RunUntil(0)
	require.False(t, w.SetTimeouts(1, sim.Timeouts{}), "it is not Tunable")
}

func TestWhatAScriptAskedOfOneLifeDoesNotReachTheNext(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	s.actor(1).timeouts = func(sim.Timeouts) { t.Error("these were for the life before") }
	ticks := s.ticks(1)
	require.True(t, s.Crash(1))
	require.True(t, s.Restart(1))
	s.RunUntil(0)
	s.At(ms, func() {
		s.FireTimer(1, 0)
		s.SetTimeouts(1, sim.Timeouts{})
		s.Crash(1)
		s.Restart(1)
	})
	// The boot comes first when it is asked for first.
	s.At(2*ms, func() {
		s.Crash(1)
		s.Restart(1)
		require.False(t, s.FireTimer(1, 0))
		require.False(t, s.SetTimeouts(1, sim.Timeouts{}))
	})
	s.RunUntil(time.Second)
	require.Nil(t, s.Failure())
	require.True(t, s.Up(1))
	require.Empty(t, *ticks)
}

func TestAPausedNodeHandlesEverythingInOrderOnceItResumes(t *testing.T) {
	s := newStage(t, 2, sim.Config{Link: steady(10 * ms), Disk: sim.Disk{SyncLatency: sim.Range{Min: 15 * ms, Max: 15 * ms}}})
	c := s.AddHost(&client{})
	var seen []string
	at := func(what string) { seen = append(seen, what+" "+s.Now().String()) }
	a := s.actor(2)
	a.received = func(raft.NodeID, sim.Message) { at("message") }
	a.timer = func(sim.TimerID) { at("timer") }
	a.synced = func(wal.SyncTicket, error) { at("synced") }
	a.request = func(sim.ClientID, *kv.Request) { at("request") }
	a.timeouts = func(sim.Timeouts) { at("timeouts") }
	a.env.SetTimer(0, 12*ms)
	a.env.FS().SyncDir(1)
	s.say(1, 2)
	require.True(t, s.Pause(2))
	require.False(t, s.Pause(2))
	require.True(t, s.Up(2))
	require.True(t, s.SetTimeouts(2, sim.Timeouts{}))
	s.At(16*ms, func() { s.Request(c, 2, &kv.Request{}); s.FireTimer(2, 1) })
	s.At(30*ms, func() { s.say(1, 2) })
	before := s.Event()
	s.RunUntil(35 * ms)
	require.Empty(t, seen)
	require.Equal(t, before+2, s.Event(), "waiting is no event")
	require.True(t, s.Resume(2))
	require.False(t, s.Resume(2))
	s.RunUntil(time.Second)
	require.Equal(t, []string{"timeouts 35ms", "message 35ms", "timer 35ms", "synced 35ms", "request 35ms", "timer 35ms", "message 40ms"}, seen)
	s.eachReleasedOnce()
}

func TestAPauseThatFollowsAResumeAtOnceKeepsTheOrder(t *testing.T) {
	s := newStage(t, 2, sim.Config{Link: steady(ms)})
	heard := s.heard(2)
	ticks := s.ticks(2)
	s.actor(2).env.SetTimer(0, ms)
	s.Pause(2)
	for range 3 {
		s.say(1, 2)
	}
	s.RunUntil(10 * ms)
	s.Resume(2)
	s.Pause(2)
	s.say(1, 2)
	s.RunUntil(20 * ms)
	require.Empty(t, *heard)
	s.Resume(2)
	s.RunUntil(30 * ms)
	require.Equal(t, []int{0, 1, 2, 3}, *heard)
	require.Equal(t, []time.Duration{20 * ms}, *ticks)
}

func TestACrashLosesWhatAPausedNodeHasNotHandled(t *testing.T) {
	s := newStage(t, 2, sim.Config{Link: steady(ms)})
	heard := s.heard(2)
	s.say(1, 2)
	s.Pause(2)
	s.RunUntil(10 * ms)
	require.True(t, s.Crash(2))
	require.False(t, s.Paused(2))
	require.False(t, s.Resume(2))
	s.Restart(2)
	s.RunUntil(20 * ms)
	require.Empty(t, *heard)
	s.eachReleasedOnce()
}

func TestFaultsThatHaveNothingToDoSaySo(t *testing.T) {
	s := newStage(t, 1, sim.Config{})
	for _, id := range []raft.NodeID{0, 2, 1 << 40} {
		require.False(t, s.Crash(id))
		require.False(t, s.Restart(id))
		require.False(t, s.Pause(id))
		require.False(t, s.Resume(id))
		require.False(t, s.SetLink(1, id, sim.Link{}))
		require.False(t, s.SetLink(id, 1, sim.Link{}))
		require.False(t, s.Connected(1, id))
		require.Zero(t, s.Link(id, 1))
		require.False(t, s.Up(id))
		require.Zero(t, s.Boots(id))
		s.Cut(id, 1)
		s.Partition([][]raft.NodeID{{id}, {1}, {1}, nil})
	}
	require.False(t, s.SetLink(1, 1, sim.Link{}))
	require.False(t, s.Restart(1), "it is up")
	s.Crash(1)
	require.False(t, s.Crash(1))
	require.False(t, s.Pause(1))
	require.True(t, s.Restart(1))
	require.False(t, s.Restart(1), "it is about to boot")
	require.True(t, s.Crash(1), "which a crash prevents")
	s.RunUntil(1)
	require.False(t, s.Up(1))
}

func TestAPanicInAProcessEndsTheWorldAndIsNamed(t *testing.T) {
	s := newStage(t, 2, sim.Config{Link: steady(ms)})
	s.actor(2).received = func(raft.NodeID, sim.Message) { panic("out of range") }
	s.say(1, 2)
	s.At(10*ms, func() { t.Error("the world has ended") })
	s.RunUntil(time.Second)
	f := s.Failure()
	require.NotNil(t, f)
	require.Equal(t, sim.FailurePanic, f.Kind)
	require.Equal(t, raft.NodeID(2), f.Node)
	require.Equal(t, s.Event(), f.Event)
	require.Equal(t, ms, f.At)
	require.Equal(t, "out of range", f.Value)
	require.Contains(t, f.Stack, "process_test.go")
	require.EqualError(t, f, "n2 panicked: out of range (t=1ms, event 3)")
	require.Equal(t, ms, s.Now())
	require.False(t, s.Step())
}

func TestAPanicInAHookAScriptOrAClientIsTheTestbeds(t *testing.T) {
	boom := func() { panic("boom") }
	cases := map[string]func() *stage{
		"script": func() *stage {
			s := newStage(t, 2, sim.Config{})
			s.At(0, boom)
			return s
		},
		"sent": func() *stage {
			s := newStage(t, 2, sim.Config{Hooks: sim.Hooks{Sent: func(_, _ raft.NodeID, _ sim.Message) { boom() }}})
			s.actor(1).timer = func(sim.TimerID) { s.say(1, 2) }
			s.FireTimer(1, 0)
			return s
		},
		"log": func() *stage {
			s := newStage(t, 2, sim.Config{Hooks: sim.Hooks{Log: func(raft.NodeID, string) { boom() }}})
			s.actor(1).timer = func(sim.TimerID) { s.actor(1).env.Log("line") }
			s.FireTimer(1, 0)
			return s
		},
		"touched": func() *stage {
			return newStage(t, 2, sim.Config{Hooks: sim.Hooks{Touched: func(raft.NodeID) { boom() }}})
		},
		"client": func() *stage {
			s := newStage(t, 2, sim.Config{})
			s.WakeAt(s.AddHost(&client{wake: boom}), 0)
			return s
		},
		"run within run": func() *stage {
			s := newStage(t, 2, sim.Config{})
			s.At(0, func() { s.Step() })
			return s
		},
	}
	for name, make := range cases {
		t.Run(name, func(t *testing.T) {
			s := make()
			s.RunUntil(ms)
			require.NotNil(t, s.Failure())
			require.Equal(t, sim.FailureTestbed, s.Failure().Kind)
			require.Equal(t, raft.None, s.Failure().Node)
		})
	}
}

func TestAPanicAfterAHookIsTheProcesss(t *testing.T) {
	s := newStage(t, 2, sim.Config{Hooks: sim.Hooks{
		Sent: func(_, _ raft.NodeID, _ sim.Message) {},
		Log:  func(raft.NodeID, string) {},
	}})
	s.actor(1).timer = func(sim.TimerID) {
		s.say(1, 2)
		s.actor(1).env.Log("line")
		s.actor(1).env.SetTimer(4, 0)
	}
	s.FireTimer(1, 0)
	require.False(t, s.Step())
	require.Equal(t, sim.FailurePanic, s.Failure().Kind)
	require.Equal(t, raft.NodeID(1), s.Failure().Node)
}

func TestAHaltEndsTheProcessAndTheWorldAfterTheEvent(t *testing.T) {
	cause := errors.New("the log is damaged")
	stopped := 0
	s := newStage(t, 2, sim.Config{Hooks: sim.Hooks{Stopped: func(id raft.NodeID) {
		stopped++
		require.Equal(t, raft.NodeID(1), id)
	}}})
	s.actor(1).timer = func(sim.TimerID) {
		s.actor(1).env.Halt(cause)
		s.actor(1).env.Halt(errors.New("another"))
		s.say(1, 2) // The event goes on to its end.
	}
	s.FireTimer(1, 0)
	s.RunUntil(ms)
	require.ErrorIs(t, s.Failure(), cause)
	require.Equal(t, sim.FailureHalt, s.Failure().Kind)
	require.False(t, s.Up(1))
	require.Equal(t, 1, stopped)
}

func TestABootThatFailsEndsTheWorld(t *testing.T) {
	cause := errors.New("the disk is bad")
	boots := map[string]sim.Boot{
		"error":   func(raft.NodeID, sim.Env) (sim.Process, error) { return nil, cause },
		"nothing": func(raft.NodeID, sim.Env) (sim.Process, error) { return nil, nil },
		"halt":    func(_ raft.NodeID, env sim.Env) (sim.Process, error) { env.Halt(nil); return &actor{}, nil },
		"panic":   func(raft.NodeID, sim.Env) (sim.Process, error) { panic(cause) },
	}
	kinds := map[string]sim.FailureKind{
		"error": sim.FailureBoot, "nothing": sim.FailureBoot, "halt": sim.FailureHalt, "panic": sim.FailurePanic,
	}
	for name, boot := range boots {
		t.Run(name, func(t *testing.T) {
			w := sim.New(sim.Config{})
			id := w.AddNode(boot)
			w.RunUntil(ms)
			require.NotNil(t, w.Failure())
			require.Equal(t, kinds[name], w.Failure().Kind)
			require.Equal(t, id, w.Failure().Node)
			require.False(t, w.Up(id))
		})
	}
}

func TestAWakeReplacesTheOneBefore(t *testing.T) {
	s := newStage(t, 0, sim.Config{})
	c := &client{}
	id := s.AddHost(c)
	s.WakeAt(id, 10*ms)
	s.WakeAt(id, 30*ms)
	s.WakeAt(id, 5*ms)
	s.WakeAt(id, 20*ms)
	s.WakeAt(9, 0)
	s.RunUntil(20*ms - 1)
	require.Zero(t, c.wakes)
	s.RunUntil(time.Second)
	require.Equal(t, 1, c.wakes)
}
