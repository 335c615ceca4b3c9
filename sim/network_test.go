package sim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/sim"
)

func TestMessagesTakeTheLatencyOfTheirLinkAndKeepItsOrder(t *testing.T) {
	c := sim.Config{Seed: 7, Link: sim.Link{Latency: sim.Range{Min: ms, Max: 10 * ms}}}
	s := newStage(t, 2, c)
	var seen []int
	var at []time.Duration
	s.actor(2).received = func(from raft.NodeID, m sim.Message) {
		require.Equal(t, raft.NodeID(1), from)
		seen = append(seen, m.(*note).n)
		at = append(at, s.Now())
	}
	const count = 2000
	for i := range count {
		s.At(time.Duration(i)*5*ms, func() { s.say(1, 2) })
	}
	s.RunUntil(time.Minute)
	require.Len(t, seen, count)
	require.True(t, slices.IsSorted(seen), "the link keeps its order")
	least, most := time.Hour, time.Duration(0)
	for i, when := range at {
		took := when - time.Duration(seen[i])*5*ms
		least, most = min(least, took), max(most, took)
	}
	require.GreaterOrEqual(t, least, ms)
	require.LessOrEqual(t, most, 10*ms)
	require.Less(t, least, 1100*time.Microsecond, "the whole range is used")
	require.Greater(t, most, 9900*time.Microsecond, "the whole range is used")
	s.eachReleasedOnce()
}

func TestLossTakesItsShare(t *testing.T) {
	l := steady(ms)
	l.Loss = 50_000
	s := newStage(t, 2, sim.Config{Seed: 1, Link: l})
	heard := s.heard(2)
	const count = 20_000
	for range count {
		s.say(1, 2)
	}
	s.RunUntil(time.Second)
	lost := count - len(*heard)
	require.InDelta(t, count/20, lost, 150)
	require.EqualValues(t, lost, s.Counters().Lost)
	require.True(t, slices.IsSorted(*heard))
	s.eachReleasedOnce()
}

func TestCertainLossLosesAllAndNoLossNone(t *testing.T) {
	s := newStage(t, 2, sim.Config{Seed: 1})
	heard := s.heard(2)
	require.True(t, s.SetLink(1, 2, sim.Link{Loss: sim.Certain}))
	for range 1000 {
		s.say(1, 2)
	}
	s.RunUntil(1)
	require.Empty(t, *heard)
	s.SetLink(1, 2, sim.Link{})
	for range 1000 {
		s.say(1, 2)
	}
	s.RunUntil(2)
	require.Len(t, *heard, 1000)
	s.eachReleasedOnce()
}

func TestDuplicatesArriveTwiceAtOrAfterTheFirst(t *testing.T) {
	s := newStage(t, 2, sim.Config{Seed: 3, Link: sim.Link{Latency: sim.Range{Min: ms, Max: 5 * ms}, Duplicate: 100_000}})
	heard := s.heard(2)
	const count = 10_000
	for i := range count {
		s.At(time.Duration(i)*ms, func() { s.say(1, 2) })
	}
	s.RunUntil(time.Minute)
	copies := len(*heard) - count
	require.InDelta(t, count/10, copies, 150)
	require.EqualValues(t, copies, s.Counters().Duplicated)
	seen := make([]int, count)
	late := 0
	last := -1
	for _, n := range *heard {
		if seen[n]++; seen[n] == 1 {
			require.Greater(t, n, last, "first copies keep the order")
			last = n
		} else if n != last {
			late++
		}
	}
	require.Equal(t, 2, slices.Max(seen))
	require.Positive(t, late, "some copies come after later messages")
	s.eachReleasedOnce()
}

func TestReorderedMessagesAreOvertaken(t *testing.T) {
	s := newStage(t, 2, sim.Config{Seed: 3, Link: sim.Link{Latency: sim.Range{Min: ms, Max: 5 * ms}, Reorder: 20_000}})
	heard := s.heard(2)
	const count = 10_000
	for i := range count {
		s.At(time.Duration(i)*ms, func() { s.say(1, 2) })
	}
	s.RunUntil(time.Minute)
	require.Len(t, *heard, count)
	overtaken := 0
	for i, n := range *heard {
		if slices.ContainsFunc((*heard)[max(0, i-50):i], func(m int) bool { return m > n }) {
			overtaken++
		}
	}
	require.InDelta(t, count/50, s.Counters().Reordered, 70)
	require.Greater(t, overtaken, count/100)
	s.eachReleasedOnce()
}

func TestACutIsOneWayAndTakesWhatIsOnItsWay(t *testing.T) {
	s := newStage(t, 2, sim.Config{Link: steady(10 * ms)})
	one, two := s.heard(1), s.heard(2)
	s.say(1, 2)
	s.say(2, 1)
	s.RunUntil(5 * ms)
	s.Cut(1, 2)
	require.False(t, s.Connected(1, 2))
	require.True(t, s.Connected(2, 1))
	s.say(1, 2)
	s.say(2, 1)
	s.RunUntil(50 * ms)
	require.Equal(t, []int{1, 3}, *one)
	require.Empty(t, *two)
	require.EqualValues(t, 2, s.Counters().Cut)

	require.True(t, s.Mend(1, 2))
	require.False(t, s.Mend(1, 2), "it is whole")
	s.say(1, 2)
	s.RunUntil(100 * ms)
	require.Equal(t, []int{4}, *two)
	s.eachReleasedOnce()
}

func TestAPartitionPartsGroupsAndUndoingItLeavesOtherCuts(t *testing.T) {
	s := newStage(t, 5, sim.Config{Link: steady(ms)})
	cut := s.Cut(1, 2)
	first := s.Partition([][]raft.NodeID{{1, 2}, {3}})
	second := s.Partition([][]raft.NodeID{{3}})
	connected := func() (pairs [][2]raft.NodeID) {
		for a := raft.NodeID(1); a <= 5; a++ {
			for b := a + 1; b <= 5; b++ {
				if s.Connected(a, b) && s.Connected(b, a) {
					pairs = append(pairs, [2]raft.NodeID{a, b})
				}
			}
		}
		return pairs
	}
	require.Equal(t, [][2]raft.NodeID{{4, 5}}, connected(), "unnamed nodes are a group; 1 and 2 are one but for the cut")
	require.True(t, s.Connected(2, 1))

	require.True(t, s.Undo(first))
	require.False(t, s.Undo(first))
	require.Equal(t, [][2]raft.NodeID{{1, 4}, {1, 5}, {2, 4}, {2, 5}, {4, 5}}, connected(), "n3 stays apart by the second partition")
	require.True(t, s.Undo(second))
	require.False(t, s.Connected(1, 2), "the cut was made by someone else")
	require.True(t, s.Undo(cut))
	require.Len(t, connected(), 10)
}

func TestHealUndoesEveryCut(t *testing.T) {
	s := newStage(t, 3, sim.Config{})
	require.False(t, s.Heal())
	s.Partition([][]raft.NodeID{{1}, {2}, {3}})
	s.Cut(1, 2)
	s.Cut(1, 2)
	require.True(t, s.Heal())
	require.True(t, s.Connected(1, 2) && s.Connected(2, 3) && s.Connected(1, 3))
}

func TestANodeThatComesDuringAPartitionJoinsTheUnnamed(t *testing.T) {
	s := newStage(t, 3, sim.Config{})
	s.Partition([][]raft.NodeID{{1, 2}})
	id := s.add()
	s.RunUntil(1)
	require.True(t, s.Connected(3, id))
	require.True(t, s.Connected(id, 3))
	require.False(t, s.Connected(1, id))
	require.False(t, s.Connected(id, 2))
	for s.Nodes() < sim.MaxNodes {
		s.add()
	}
	require.Equal(t, raft.None, s.add())
	require.False(t, s.Connected(1, sim.MaxNodes))
	s.Heal()
	require.True(t, s.Connected(1, sim.MaxNodes))
}

func TestMessagesToNobodyToOneselfAndToTheDownAreLost(t *testing.T) {
	s := newStage(t, 2, sim.Config{Link: steady(ms)})
	s.say(1, 1)
	s.say(1, 0)
	s.say(1, 3)
	s.say(1, 2)
	s.Crash(2)
	s.RunUntil(time.Second)
	require.EqualValues(t, 4, s.Counters().Unreachable)
	s.eachReleasedOnce()
}

func TestMessagesOutliveTheirSendersCrashAndReachTheNextBoot(t *testing.T) {
	s := newStage(t, 2, sim.Config{Link: steady(10 * ms)})
	heard := s.heard(2)
	s.say(1, 2)
	s.Crash(1)
	s.Crash(2)
	s.RunUntil(5 * ms)
	require.True(t, s.Restart(2))
	s.RunUntil(20 * ms)
	require.Equal(t, []int{0}, *heard)
	require.EqualValues(t, 2, s.Boots(2))
	s.eachReleasedOnce()
}

func TestClientsTalkOverTheirOwnLinks(t *testing.T) {
	s := newStage(t, 2, sim.Config{ClientLink: steady(3 * ms), Link: sim.Link{Loss: sim.Certain}})
	c := &client{}
	id := s.AddHost(c)
	s.actor(2).request = func(from sim.ClientID, r *kv.Request) {
		require.Equal(t, id, from)
		s.actor(2).env.Answer(from, &sim.Response{Session: r.Session, Seq: r.Seq, Status: kv.OK})
	}
	s.Partition([][]raft.NodeID{{1}, {2}})
	r := kv.Request{Session: 4, Seq: 9}
	s.Request(id, 2, &r)
	r.Seq = 0 // It was copied.
	s.RunUntil(6*ms - 1)
	require.Empty(t, c.answers)
	s.RunUntil(6 * ms)
	require.Equal(t, []sim.Response{{Session: 4, Seq: 9, Status: kv.OK}}, c.answers)

	s.SetClientLink(sim.Link{Loss: sim.Certain})
	s.Request(id, 2, &kv.Request{Seq: 10})
	s.SetClientLink(sim.Link{Duplicate: sim.Certain})
	s.Request(id, 2, &kv.Request{Seq: 11})
	s.Request(id, 7, &kv.Request{Seq: 12})
	s.Request(99, 2, &kv.Request{Seq: 13})
	s.RunUntil(time.Second)
	require.Len(t, c.answers, 5, "each copy of the request is answered twice")
	require.EqualValues(t, 11, c.answers[4].Seq)
}

func TestEveryCopyOfARequestAndOfItsAnswerIsWhole(t *testing.T) {
	s := newStage(t, 1, sim.Config{Seed: 2, ClientLink: sim.Link{Latency: sim.Range{Max: 20 * ms}, Duplicate: sim.Certain}})
	c := &client{}
	id := s.AddHost(c)
	a := s.actor(1)
	a.request = func(from sim.ClientID, r *kv.Request) { a.env.Answer(from, &sim.Response{Seq: r.Seq}) }
	const count = 200
	for i := range uint64(count) {
		s.At(time.Duration(i)*ms, func() { s.Request(id, 1, &kv.Request{Seq: i}) })
	}
	s.RunUntil(time.Second)
	var answered [count]int
	for _, r := range c.answers {
		answered[r.Seq]++
	}
	for i, n := range answered {
		require.Equal(t, 4, n, "answers to request %d: two copies, each answered twice", i)
	}
}

func TestAMessageOutlivesWhatItsFirstCopySetsOff(t *testing.T) {
	s := newStage(t, 2, sim.Config{Link: steady(ms)})
	s.SetLink(1, 2, sim.Link{Duplicate: sim.Certain})
	s.actor(2).received = func(raft.NodeID, sim.Message) {
		for range 100 {
			s.say(2, 1)
		}
	}
	s.say(1, 2)
	s.RunUntil(time.Second)
	require.Len(t, s.notes, 201)
	s.eachReleasedOnce()
}

func TestARequestThatFindsItsNodeDownIsLost(t *testing.T) {
	s := newStage(t, 1, sim.Config{ClientLink: steady(3 * ms)})
	id := s.AddHost(&client{})
	s.actor(1).request = func(sim.ClientID, *kv.Request) { t.Error("a node that is down serves nobody") }
	s.Request(id, 1, &kv.Request{Seq: 1})
	s.Crash(1)
	s.RunUntil(time.Second)
	require.EqualValues(t, 1, s.Counters().Unreachable)
	s.actor(1).env.Answer(5, &sim.Response{})
	require.EqualValues(t, 2, s.Counters().Unreachable)
}

func TestEveryMessageIsReleasedOnceUnderAllFaultsAtOnce(t *testing.T) {
	for seed := range uint64(30) {
		s := newStage(t, 4, sim.Config{Seed: seed, Link: sim.Link{
			Latency: sim.Range{Max: 20 * ms}, Loss: 100_000, Duplicate: 200_000, Reorder: 200_000,
		}})
		for _, a := range s.actors {
			a.received = func(_ raft.NodeID, m sim.Message) { require.Zero(t, m.(*note).released) }
		}
		for i := range 400 {
			s.At(time.Duration(i)*ms, func() {
				for id := raft.NodeID(1); id <= 4; id++ {
					if s.Up(id) && !s.Paused(id) {
						s.say(id, raft.NodeID(1+s.Draw("to", 5)))
					}
				}
				id := raft.NodeID(1 + s.Draw("victim", 4))
				switch s.Draw("fault", 12) {
				case 0:
					s.Crash(id)
				case 1, 2:
					s.Restart(id)
				case 3:
					s.Pause(id)
				case 4, 5:
					s.Resume(id)
				case 6:
					s.Partition([][]raft.NodeID{{id}})
				case 7:
					s.Heal()
				case 8:
					s.Cut(id, 1)
				}
			})
		}
		s.RunUntil(time.Second)
		for id := raft.NodeID(1); id <= 4; id++ {
			s.Resume(id)
		}
		s.RunUntil(2 * time.Second)
		require.Nil(t, s.Failure())
		s.eachReleasedOnce()
		require.False(t, s.Step(), "nothing is left")
	}
}
