package scenarios_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/replica"
	"raftsim/scenarios"
	"raftsim/sim"
)

// diskFaults are the faults of a scenario that concern disks, and what comes of them.
func diskFaults(t *testing.T, text string) ([]string, scenarios.Result) {
	t.Helper()
	lines, r := faults(t, text, sim.EventDisk, sim.EventRot, sim.EventHalt, sim.EventBoot, sim.EventWipe)
	for i := range lines {
		lines[i] = strings.NewReplacer(
			"syncs take 100µs..1ms, what is not synced is drawn at a crash", "as at first",
			"syncs take 100µs..1ms, what", "what",
		).Replace(lines[i])
	}
	return lines, r
}

func TestTheChangeOfADiskEndsAndOthersStay(t *testing.T) {
	lines, r := diskFaults(t, `
duration: 5s
timeline:
  - {during: 1s..4s, disk: {sync: 5ms..9ms}, on: n1}
  - {during: 2s..3s, disk: {unsynced: torn, sync: 2ms}, on: n1}
  - {at: 4500ms, disk: {unsynced: lost}, on: n2}
`)
	require.Equal(t, []string{
		"1s the disk of n1 is changed: syncs take 5ms..9ms, what is not synced is drawn at a crash",
		"2s the disk of n1 is changed: syncs take 2ms..2ms, what is not synced is torn at a crash",
		"3s the disk of n1 is changed: syncs take 5ms..9ms, what is not synced is drawn at a crash",
		"4s the disk of n1 is changed: as at first",
		"4.5s the disk of n2 is changed: what is not synced is lost at a crash",
	}, lines)
	require.Empty(t, r.NotExercised)
}

func TestWhoGaveUpOnAFullDiskComesBackWhenThereIsRoom(t *testing.T) {
	lines, r := diskFaults(t, `
duration: 6s
clients: {count: 2, rate: 50/s, mix: {put: 100%}}
timeline:
  - {during: 2s..3s, disk: full, on: n1}
  - {during: 2500ms..2700ms, disk: {fail: sync}, on: n1}
expect:
  - {by: end, replicas: identical}
  - {sometimes: halted-by-disk}
`)
	require.Len(t, lines, 6, lines)
	require.Equal(t, "2s the disk of n1 is changed: as at first, it is full", lines[0])
	require.Contains(t, lines[1], "n1 gives up because of its disk: wal: ")
	require.Contains(t, lines[1], "no space left on the disk")
	require.Equal(t, []string{
		"2.5s the disk of n1 is changed: as at first, it is full, syncs fail",
		"2.7s the disk of n1 is changed: as at first, it is full",
		"3s the disk of n1 is changed: as at first",
		"3s n1 boots",
	}, lines[2:])
	require.Equal(t, []string{"line 6: disk: nothing was written that it could have failed"}, r.NotExercised,
		"the disk was full, so that there was nothing to sync")
	require.Contains(t, r.Reached, "halted-by-disk")
}

func TestAFullDiskThatNobodyWritesToWasNotExercised(t *testing.T) {
	_, r := diskFaults(t, `
duration: 4s
timeline:
  - {during: 2s..3s, disk: full, on: n1}
  - {at: 3500ms, disk: {fail: sync}, on: all}
`)
	require.Equal(t, []string{
		"line 4: disk: nothing was written that it could have failed", "line 5: disk: nothing was written that it could have failed",
	}, r.NotExercised)
	require.Equal(t, []scenarios.Fault{{Kind: "disk", Asked: 2}}, r.Faults, "it came to do nothing")
}

func TestANodeWhoseLogHasRottenStaysDownUntilItIsWiped(t *testing.T) {
	const text = `
duration: 8s
clients: {count: 2, rate: 50/s, mix: {put: 100%}}
timeline:
  - {at: 2s, disk: {rot: log}, on: n2}
  - {during: 3s..3500ms, crash: n2}
  - {at: 4s, restart: n2}
  - {at: 5s, wipe: n2}
  - {at: 5100ms, join: n2}
expect:
  - {by: end, members: [n1, n2, n3]}
  - {by: end, replicas: identical}
  - {sometimes: damage-refused}
`
	lines, r := diskFaults(t, text)
	var what []string
	for _, l := range lines {
		l, _, _ = strings.Cut(l, ":")
		what = append(what, l)
	}
	require.Equal(t, []string{
		"2s a bit on the disk of n2 flips",
		"3.5s n2 boots", "3.5s n2 gives up because of its disk",
		"4s n2 boots", "4s n2 gives up because of its disk",
		"5s the disk of n2 is erased", "5s n2 boots",
	}, what)
	require.Empty(t, r.NotExercised)
	require.Contains(t, r.Reached, "damage-refused")
}

func TestRotOfASnapshotNeedsASnapshot(t *testing.T) {
	lines, r := diskFaults(t, "duration: 2s\ntimeline:\n  - {at: 1s, disk: {rot: snapshot}}\n")
	require.Empty(t, lines)
	require.Equal(t, []string{"line 4: disk: there was nothing to do"}, r.NotExercised)
}

// Whoever halts although its disk has done nothing has failed, and so has who refuses a disk that is whole.
func TestWhoGivesUpWithoutCauseHasFailed(t *testing.T) {
	f := parse(t, "duration: 3s\ntimeline:\n  - {during: 1s..2s, disk: {sync: 5ms}}\n  - {during: 1s..2s, crash: n1}\n")
	boots := 0
	r := f.Run(1, scenarios.Options{Boot: func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
		if id == 1 {
			if boots++; boots == 2 {
				return nil, errors.New("not today")
			}
		}
		return replica.New(o)(id, env)
	}})
	require.Equal(t, scenarios.Violation, r.Verdict)
	require.Equal(t, "no-panic", r.Property)
	require.Equal(t, 2*time.Second, r.At)
}
