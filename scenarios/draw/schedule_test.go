package draw_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/scenarios/draw"
	"raftsim/scenarios/script"
	"raftsim/sim"
)

func kindsOfSchedules() map[string]func([]byte) *script.Scenario {
	return map[string]func([]byte) *script.Scenario{"timeouts": draw.Timeouts, "faults": draw.Faults}
}

// Every string of bytes is a sound scenario, within the limits of what is drawn.
func TestEveryScheduleIsAScenario(t *testing.T) {
	for name, of := range kindsOfSchedules() {
		random := rand.NewChaCha8([32]byte{1})
		verbs := map[string]bool{}
		for n := range 1000 {
			schedule := make([]byte, n%300)
			_, _ = random.Read(schedule)
			sc := of(schedule)
			text := script.Format(sc)
			read, err := script.Read("schedule.yaml", text)
			require.NoError(t, err, "%s: %x\n%s", name, schedule, text)
			require.Equal(t, read, sc, "%s: %x\n%s", name, schedule, text)
			require.Equal(t, of(nil).Duration, sc.Duration)
			lost := 0
			for i := range sc.Timeline {
				verbs[sc.Timeline[i].Action.Verb()] = true
				switch a := sc.Timeline[i].Action.(type) {
				case script.Wipe:
					lost++
				case script.Remove:
					lost++
					require.True(t, sc.Cluster.CheckQuorum)
				case script.Join:
					if a.InsteadOf != nil {
						lost++
						verbs["join instead_of"] = true
						require.True(t, sc.Cluster.CheckQuorum)
					}
				case script.RotDisk:
					require.Fail(t, "Raft does not survive every rot")
				case script.SetClock:
					if sc.Cluster.Reads == script.ReadsLease {
						require.Zero(t, a.Jump)
						require.LessOrEqual(t, max(*a.Drift, -*a.Drift), int64(sc.Cluster.ClockDrift))
					}
				}
			}
			require.LessOrEqual(t, lost, (sc.Cluster.Nodes-1)/2)
		}
		want := []string{"timeout", "hold", "pause", "timers"}
		if name == "faults" {
			want = append(want, "crash", "partition", "cut", "network", "clock", "disk", "transfer", "snapshot", "burst", "wipe", "join", "join instead_of", "remove", "timeouts")
		}
		for _, verb := range want {
			require.True(t, verbs[verb], verb)
		}
		require.Len(t, verbs, len(want))
	}
}

// Zero is calm, and so is where a schedule ends: nothing is there that the schedule does not say.
func TestZeroIsCalm(t *testing.T) {
	for name, of := range kindsOfSchedules() {
		calm := of(nil)
		require.Empty(t, calm.Timeline)
		for n := range 300 {
			require.Equal(t, calm, of(make([]byte, n)), name)
		}
		some := []byte{1, 2, 200, 7}
		require.Equal(t, of(some), of(append(some, make([]byte, 50)...)), name)
		require.Equal(t, of([]byte{1, 2}), of([]byte{1, 2, 0, 0}), "what is cut short ends in zeros")
		require.Len(t, of(bytes.Repeat([]byte{1, 2, 0, 7}, 100)).Timeline, draw.MostRecords)
	}
}

// What a record of a join says of who leaves for the one who joins.
func TestAScheduleSwapsMembers(t *testing.T) {
	five := []byte{9, 1, 0, 2} // n1 to n5, with check_quorum
	join := func(target, argument byte, before ...byte) script.Join {
		timeline := draw.Faults(append(before, 25, target, 100, argument)).Timeline
		return timeline[len(timeline)-1].Action.(script.Join)
	}
	node := func(id raft.NodeID) script.Selector { return script.Selector{Kind: script.SelNode, Node: id} }
	n2, leader := node(2), script.Selector{Kind: script.SelLeader}
	require.Equal(t, script.Join{Nodes: node(6)}, join(0, 0, five...))
	require.Equal(t, script.Join{Nodes: node(7), InsteadOf: &n2}, join(1, 2+4*1, five...))
	require.Equal(t, script.Join{Nodes: node(6), InsteadOf: &leader}, join(0, 2+4*5, five...))
	require.Equal(t, script.Join{Nodes: node(6), Learner: true}, join(0, 3, five...))
	require.Equal(t, script.Join{Nodes: node(4)}, join(0, 2), "who left would disturb those who stay")
	wiped := append(five, 23, 0, 0, 0, 23, 1, 0, 0) // as many as may be
	require.Equal(t, script.Join{Nodes: node(6)}, join(0, 2, wiped...))
}

// A byte more or less moves what comes after, and changes nothing else of it.
func TestARecordIsForItself(t *testing.T) {
	one := draw.Timeouts([]byte{1, 0, 100, 0, 1, 1, 100, 0})
	two := draw.Timeouts([]byte{1, 2, 100, 0, 1, 1, 100, 0})
	require.NotEqual(t, one.Timeline[0], two.Timeline[0])
	require.Equal(t, one.Timeline[1], two.Timeline[1])
	require.Equal(t, 200*time.Millisecond, one.Timeline[1].Trigger.From)
}

// What is played of a schedule is all that decides its scenario, and where something is beyond it there is no more time or no more room.
func TestPlayed(t *testing.T) {
	for name, of := range kindsOfSchedules() {
		stream := sim.NewStream(1, name)
		for range 300 {
			schedule := make([]byte, stream.Below(400))
			for i := range schedule {
				schedule[i] = byte(stream.Below(1 + stream.Below(256)))
			}
			n := draw.Played(schedule)
			require.Equal(t, of(schedule), of(schedule[:n]), name)
			require.Equal(t, n, draw.Played(schedule[:n]))
			if n == len(schedule) {
				continue
			}
			delays := time.Duration(0)
			for i := 2; i < min(n+draw.RecordBytes, len(schedule)); i += draw.RecordBytes {
				delays += time.Duration(schedule[i]) * time.Millisecond
			}
			require.True(t, n == draw.MostRecords*draw.RecordBytes || delays >= 1800*time.Millisecond, "%x", schedule)
		}
	}
	require.Equal(t, 3, draw.Played([]byte{1, 2, 3}))
	require.Equal(t, 28, draw.Played(bytes.Repeat([]byte{1, 2, 255, 4}, 8)))
}
