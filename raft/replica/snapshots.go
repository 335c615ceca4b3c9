package replica

import (
	"errors"
	"fmt"

	"raftsim/raft"
	"raftsim/raft/snapshot"
	"raftsim/raft/wal"
)

// openSnapshots finds the latest snapshot on the disk, nil when there is none, and has the state machine hold it.
func (r *Replica) openSnapshots() (*raft.Snapshot, error) {
	var latest *raft.Snapshot
	var err error
	if r.snaps, latest, err = snapshot.Open(r.env.FS()); err != nil || latest == nil {
		return nil, err
	}
	if err := r.store.Restore(latest.Data); err != nil {
		return nil, fmt.Errorf("replica: the snapshot of entry %d cannot be used: wipe this node and add it to the cluster anew: %w", latest.Index, err)
	}
	r.compacted = latest.Index
	return latest, nil
}

// openLog opens the log, and has a new one begin with what this node is born as.
func (r *Replica) openLog(latest *raft.Snapshot) (wal.Recovered, error) {
	o := wal.Options{SegmentBytes: r.opts.SegmentBytes}
	birth, why := r.birth()
	if why == nil {
		o.Birth = birth
	}
	if latest != nil {
		o.SnapshotIndex, o.SnapshotTerm = latest.Index, latest.Term
	}
	var found wal.Recovered
	var err error
	r.wal, found, err = wal.Open(r.env.FS(), o)
	if err == nil && found.Birth.Incarnation == 0 {
		err = why // what the options say counts only when the disk says nothing
	}
	return found, err
}

// birth is what the node is born as if its disk is empty: one of those the cluster begins with, or somebody
// whom nobody has heard of, whatever was known of the name.
func (r *Replica) birth() (raft.Birth, error) {
	b := raft.Birth{Cluster: r.opts.Cluster}
	if len(r.opts.Voters) == 0 {
		const above = uint64(raft.FirstIncarnation) + 1
		b.Incarnation = raft.Incarnation(above + r.env.Draw("incarnation", 1<<62))
		return b, nil
	}
	config, err := raft.NewConfiguration(r.opts.Voters)
	if err == nil && !config.Voter(r.id) {
		err = fmt.Errorf("replica: node %v is not among the voters %v the cluster begins with", r.id, &config)
	}
	b.Incarnation, b.Configuration = raft.FirstIncarnation, config
	return b, err
}

// tendSnapshots goes on with what there is to be done about snapshots. It ends every event.
func (r *Replica) tendSnapshots() bool {
	switch {
	case r.arrived != nil && !r.writeArrived():
		return false
	case r.fresh != nil && !r.compactLog():
		return false
	case r.opts.SnapshotEvery > 0 && r.core.Applied() >= r.compacted+raft.Index(r.opts.SnapshotEvery):
		return r.takeIfDue()
	}
	return true
}

// writeArrived begins to write a leader's snapshot. The log has to know the term first: a snapshot of a later one would
// be taken for proof, after a crash, that the log has lost what it promised.
func (r *Replica) writeArrived() bool {
	s := r.arrived
	if s.Term > r.durableTerm() {
		return true
	}
	r.arrived = nil
	return r.writeSnapshot(s)
}

func (r *Replica) durableTerm() raft.Term { return r.core.Status().DurableHard.Term }

func (r *Replica) writeSnapshot(s *raft.Snapshot) bool {
	r.compacted = max(r.compacted, s.Index)
	if err := r.snaps.Save(s); err != nil {
		r.halt(err)
		return false
	}
	return true
}

// Why no snapshot is taken.
var (
	errNothingApplied = errors.New("replica: nothing was applied since the last snapshot")
	errSnapshotBusy   = errors.New("replica: a snapshot is being written already; ask again when it is done")
	errTermNotDurable = errors.New("replica: the log is not on the disk yet; ask again")
	errNoMembers      = errors.New("replica: this node has yet to hear of being added to the cluster")
)

// takeIfDue takes a snapshot as the policy says: unless the disk is behind, when it is put off, so that nobody makes one
// only to have it wait.
func (r *Replica) takeIfDue() bool {
	s, err := r.snapshot()
	if err == errNoMembers {
		r.compacted = r.core.Applied() // it has no use for one yet
	}
	return err != nil || r.writeSnapshot(s)
}

// snapshot makes a snapshot of what has been applied. The error says why there is none to be made now.
func (r *Replica) snapshot() (*raft.Snapshot, error) {
	if r.core.Applied() <= r.compacted {
		return nil, errNothingApplied
	}
	if r.snaps.Busy() || r.arrived != nil {
		return nil, errSnapshotBusy
	}
	s := r.core.Snapshot(nil)
	switch {
	case s == nil:
		return nil, errNoMembers
	case s.Term > r.durableTerm():
		return nil, errTermNotDurable
	}
	s.Data = r.store.Snapshot()
	return s, nil
}

// Compact implements [Compactable].
func (r *Replica) Compact() error {
	s, err := r.snapshot()
	if err == nil {
		r.writeSnapshot(s)
	}
	return err
}

// LatestSnapshot is the index of the newest snapshot that is durable, 0 for none.
func (r *Replica) LatestSnapshot() raft.Index { return r.snaps.Latest() }

// snapshotSynced goes on when the disk has done a part of writing a snapshot. One that is durable spares the log
// what it stands for; a leader's takes effect.
func (r *Replica) snapshotSynced(t wal.SyncTicket, err error) {
	s, err := r.snaps.Synced(t, err)
	if err != nil {
		r.halt(err)
		return
	}
	if s == nil {
		return
	}
	if r.env.Logging() {
		r.env.Log(fmt.Sprintf("Node %v has a snapshot of entry %d", r.id, s.Index))
	}
	r.fresh = s
	if s.Index > r.core.Applied() {
		r.core.SnapshotDurable(r.env.Now(), s)
	}
	r.act()
}

// compactLog drops the log that a durable snapshot stands for, once the state machine is there too.
func (r *Replica) compactLog() bool {
	s := r.fresh
	if s.Index > r.core.Applied() {
		return true
	}
	r.fresh = nil
	was := r.core.Status().Base
	base := r.core.Compact(s, raft.Index(r.opts.SnapshotKeep))
	if base == was {
		return true
	}
	if err := r.wal.Compact(base, r.core.Status().BaseTerm); err != nil {
		r.halt(err)
		return false
	}
	return true
}

// install puts a leader's snapshot in the place of the state machine and of the log.
func (r *Replica) install(s *raft.Snapshot) bool {
	if r.env.Logging() {
		r.env.Log(fmt.Sprintf("Node %v installs a snapshot of entry %d", r.id, s.Index))
	}
	if err := r.store.Restore(s.Data); err != nil {
		r.halt(fmt.Errorf("replica: the snapshot of entry %d, sent by the leader, cannot be used: %w", s.Index, err))
		return false
	}
	if err := r.wal.Rebase(s.Index, s.Term); err != nil {
		r.halt(err)
		return false
	}
	return true
}
