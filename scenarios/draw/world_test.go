package draw_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios/draw"
	"raftsim/scenarios/script"
)

const worlds = 1000

// What was drawn is a sound scenario: written as a file it is read back as it was, places in the file included.
func TestADrawnWorldIsAFile(t *testing.T) {
	for seed := range uint64(worlds) {
		for _, drawn := range []*script.Scenario{draw.World(seed), draw.Priority(seed)} {
			text := script.Format(drawn)
			read, err := script.Read("drawn.yaml", text)
			require.NoError(t, err, "%s", text)
			require.Equal(t, read, drawn, "seed %d\n%s", seed, text)
		}
	}
}

func TestTheSameSeedDrawsTheSameWorld(t *testing.T) {
	require.Equal(t, draw.World(173), draw.World(173))
	require.NotEqual(t, script.Format(draw.World(173)), script.Format(draw.World(174)))
}

// Every class of faults, every feature and every size is in some world, and each is missing in many.
func TestWorldsDifferInWhatTheyHave(t *testing.T) {
	has := map[string]int{}
	for seed := range uint64(worlds) {
		s := draw.World(seed)
		verbs := map[string]bool{}
		for i := range s.Timeline {
			verbs[s.Timeline[i].Action.Verb()] = true
			if a, ok := s.Timeline[i].Action.(script.SetDisk); ok {
				verbs["slow"] = verbs["slow"] || a.Sync != nil
				verbs["full"] = verbs["full"] || a.Full
				verbs["fail sync"] = verbs["fail sync"] || a.FailSyncs
				verbs[a.Unsynced.String()] = true
			}
			if a, ok := s.Timeline[i].Action.(script.Join); ok {
				verbs["swap"] = verbs["swap"] || a.InsteadOf != nil
			}
		}
		for what, is := range map[string]bool{
			"loss": s.Network.Loss > 0, "duplicate": s.Network.Duplicate > 0, "reorder": s.Network.Reorder > 0,
			"pre_vote": s.Cluster.PreVote, "check_quorum": s.Cluster.CheckQuorum, "lease": s.Cluster.Reads == script.ReadsLease,
			"index": s.Cluster.Reads == script.ReadsIndex, "snapshots": s.Cluster.SnapshotEvery > 0, "inflight": s.Cluster.MaxInflight > 0,
			"uncommitted": s.Cluster.MaxUncommittedBytes > 0, "segments": s.Cluster.SegmentBytes > 0, "ttl": s.Cluster.SessionTTL > 0,
			"three": s.Cluster.Nodes == 3, "five": s.Cluster.Nodes == 5, "one": s.Cluster.Nodes == 1, "seven": s.Cluster.Nodes == 7,
			"nothing": len(s.Timeline) == 0,
		} {
			verbs[what] = is
		}
		for what, is := range verbs {
			if is {
				has[what]++
			}
		}
	}
	for _, what := range []string{
		"crash", "restart", "pause", "wipe", "partition", "cut", "network", "timeouts", "timeout", "clock",
		"join", "swap", "remove", "transfer", "snapshot", "burst", "disk", "hold", "timers",
		"slow", "full", "fail sync", "lost", "torn", "kept",
		"loss", "duplicate", "reorder", "pre_vote", "check_quorum", "lease", "index", "snapshots", "inflight", "uncommitted",
		"segments", "ttl", "three", "five", "one", "seven", "nothing",
	} {
		require.Greater(t, has[what], 0, what)
		require.Less(t, has[what], worlds*3/4, what)
	}
}

// What is drawn leaves a quorum of those the cluster began with, and lets every fault end.
func TestWorldsAskNoMoreThanRaftPromises(t *testing.T) {
	for seed := range uint64(worlds) {
		s := draw.World(seed)
		lost, down := 0, 0
		if s.Clients.Mix.Append > 0 {
			require.Zero(t, s.Clients.ValueSize, "the history keeps every version that was read of a value that grows")
		}
		for i := range s.Timeline {
			e := &s.Timeline[i]
			switch a := e.Action.(type) {
			case script.Wipe, script.Remove:
				lost++
			case script.Join:
				if a.InsteadOf != nil {
					lost++
				}
			case script.Crash:
				if e.Trigger.Kind == script.At {
					down++
				}
			case script.Restart:
				down = 0
			case script.SetClock:
				if s.Cluster.Reads == script.ReadsLease {
					require.Zero(t, a.Jump, seed)
					require.LessOrEqual(t, max(*a.Drift, -*a.Drift), int64(s.Cluster.ClockDrift), seed)
				}
			case script.RotDisk:
				require.Fail(t, "Raft does not survive every rot", seed)
			case script.Partition, script.Cut, script.Hold, script.SetNetwork, script.SetTimeouts, script.SetTimers, script.SetDisk, script.Pause:
				require.Equal(t, script.During, e.Trigger.Kind, seed)
			}
			require.LessOrEqual(t, e.Trigger.To, s.Duration, seed)
		}
		// Down is here who is at the end: until then more may be, for a while.
		require.LessOrEqual(t, lost+down, (s.Cluster.Nodes-1)/2, "seed %d\n%s", seed, script.Format(s))
	}
}
