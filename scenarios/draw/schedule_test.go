package draw_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
			want = append(want, "crash", "partition", "cut", "network", "clock", "disk", "transfer", "snapshot", "burst", "wipe", "join", "remove", "timeouts")
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
