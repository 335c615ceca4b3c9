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
	var err error
	if o.Birth, err = r.birth(); err != nil {
		return wal.Recovered{}, err
	}
	if latest != nil {
		o.SnapshotIndex, o.SnapshotTerm = latest.Index, latest.Term
	}
	var found wal.Recovered
	r.wal, found, err = wal.Open(r.env.FS(), o)
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

// compactIfDue takes a snapshot when the policy says so.
func (r *Replica) compactIfDue() bool {
	if applied := r.core.Applied(); applied < r.compacted+raft.Index(r.opts.SnapshotEvery) {
		return true
	}
	return r.takeSnapshot()
}

// takeSnapshot begins to write what has been applied. The log is compacted once that is durable.
func (r *Replica) takeSnapshot() bool {
	s := r.core.Snapshot(r.store.Snapshot())
	if s == nil { // a node that waits to be added: it has no use for one yet
		r.compacted = r.core.Applied()
		return true
	}
	return r.writeSnapshot(s)
}

func (r *Replica) writeSnapshot(s *raft.Snapshot) bool {
	r.compacted = max(r.compacted, s.Index)
	if err := r.snaps.Save(s); err != nil {
		r.env.Halt(err)
		return false
	}
	return true
}

// Compact implements [Compactable].
func (r *Replica) Compact() error {
	if r.core.Applied() <= r.compacted {
		return errors.New("replica: nothing was applied since the last snapshot")
	}
	if r.takeSnapshot() {
		r.arm()
	}
	return nil
}

// LatestSnapshot is the index of the newest snapshot that is durable, 0 for none.
func (r *Replica) LatestSnapshot() raft.Index { return r.snaps.Latest() }

// snapshotSynced goes on when the disk has done a part of writing a snapshot. One that is durable spares the log
// what it stands for; a leader's takes effect.
func (r *Replica) snapshotSynced(t wal.SyncTicket, err error) {
	s, err := r.snaps.Synced(t, err)
	if err != nil {
		r.env.Halt(err)
		return
	}
	if s == nil {
		return
	}
	if s.Index > r.core.Applied() {
		r.core.SnapshotDurable(r.env.Now(), s)
		r.act()
		return
	}
	if !r.compactLog(s) {
		return
	}
	r.act()
}

// compactLog drops the log that a durable snapshot stands for.
func (r *Replica) compactLog(s *raft.Snapshot) bool {
	if r.env.Logging() {
		r.env.Log(fmt.Sprintf("Node %v has a snapshot of entry %d", r.id, s.Index))
	}
	base := r.core.Compact(s, raft.Index(r.opts.SnapshotKeep))
	if err := r.wal.Compact(base, r.core.Status().BaseTerm); err != nil {
		r.env.Halt(err)
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
		r.env.Halt(fmt.Errorf("replica: the snapshot of entry %d, sent by the leader, cannot be used: %w", s.Index, err))
		return false
	}
	if err := r.wal.Rebase(s.Index, s.Term); err != nil {
		r.env.Halt(err)
		return false
	}
	return true
}
