package scenarios

import (
	"slices"

	"raftsim/raft"
	"raftsim/scenarios/script"
	"raftsim/sim"
)

// How the names of a node's files end, by what they hold; see packages wal and snapshot.
const (
	logFiles      = ".wal"
	snapshotFiles = ".snap"
)

// fates are those of the language in the world's words.
var fates = [...]sim.Fate{
	script.FateDrawn: sim.FateDrawn, script.FateKept: sim.FateKept, script.FateLost: sim.FateLost, script.FateTorn: sim.FateTorn,
}

// disk is how a node's disk is now: as it began, and every change in force.
func (t *timeline) disk(id raft.NodeID) sim.Disk {
	now := baseDisk()
	for _, i := range t.changes {
		a, ok := t.entries[i].Action.(script.SetDisk)
		if !ok || t.healed[id] || !slices.Contains(t.entries[i].nodes, id) {
			continue
		}
		if a.Sync != nil {
			now.SyncLatency = sim.Range{Min: a.Sync.Min, Max: a.Sync.Max}
		}
		now.Full = now.Full || a.Full
		now.FailSyncs = now.FailSyncs || a.FailSyncs
		if a.Unsynced != script.FateDrawn {
			now.Unsynced = fates[a.Unsynced]
		}
	}
	return now
}

func baseDisk() sim.Disk { return sim.Disk{SyncLatency: sim.Range{Min: syncMin, Max: syncMax}} }

// setDisks brings the disks that an entry changes to what they are to be now. It returns how many it set.
func (t *timeline) setDisks(e *entry) int {
	set := 0
	for _, id := range e.nodes {
		if t.r.world.SetDisk(id, t.disk(id)) {
			set++
		}
	}
	return set
}

// mendDisks ends what an entry did to disks, and restarts those who gave up because of it. Who finds that its disk has rotted
// gives up again.
func (t *timeline) mendDisks(e *entry) {
	t.setDisks(e)
	for _, id := range e.nodes {
		if d := t.disk(id); t.r.world.GaveUp(id) != nil && !d.Full && !d.FailSyncs {
			t.r.world.Restart(id)
		}
	}
}

// diskFaults is how often the disks of an entry have refused to write or failed to sync by now.
func (t *timeline) diskFaults(e *entry) int {
	faults := uint64(0)
	for _, id := range e.nodes {
		faults += t.r.world.DiskFaults(id)
	}
	return int(faults)
}

// metFaults says whether anything met the fault of an entry that makes disks fail.
func (t *timeline) metFaults(e *entry) bool {
	switch e.phase {
	case active:
		return t.diskFaults(e) > e.faults
	case done:
		if e.Trigger.Kind != script.During {
			return t.diskFaults(e) > e.faults
		}
	}
	return e.faults > 0
}

// rot flips a bit on each of the disks.
func (t *timeline) rot(e *entry, a script.RotDisk) {
	files := logFiles
	if a.Snapshot {
		files = snapshotFiles
	}
	for _, id := range e.nodes {
		if t.r.world.Rot(id, files) {
			e.effects++
		}
	}
}
