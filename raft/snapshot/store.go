package snapshot

import (
	"fmt"
	"strings"

	"raftsim/raft"
	"raftsim/raft/wal"
)

// FirstTicket is the least [wal.SyncTicket] that a Store takes; those below are the log's.
const FirstTicket wal.SyncTicket = 1 << 63

// DamagedError says that a snapshot on the disk is not what was written. Nothing has been altered.
type DamagedError struct {
	// File is its name.
	File string
	// Reason says what is wrong with it.
	Reason string
}

// Error says what is damaged, how, and what to do.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("snapshot: %s is damaged: %s: put back an undamaged copy of the file, "+
		"or wipe this node and add it to the cluster anew", e.File, e.Reason)
}

// Store is the snapshots of one node. Like a [wal.Log] it never blocks; whoever owns the FS tells it the end of each of
// its syncs through [Store.Synced]. The first error is final. It is not safe for concurrent use.
type Store struct {
	fs wal.FS
	// durable is the index of the newest durable snapshot, 0 for none, and files are the names of all there are.
	durable raft.Index
	files   []string
	// writing is on its way to the disk, nil when nothing is; next waits for that.
	writing, next *raft.Snapshot
	file          wal.File
	// flying is the sync in flight: of the file, or of the folder once the file has its name.
	flying  wal.SyncTicket
	renamed bool
	last    wal.SyncTicket
	err     error
}

// Open finds the newest snapshot in a folder, nil when there is none, and readies the folder to take others. It is the
// only time a Store reads. What a crash left unfinished is removed. A file that is damaged is a [*DamagedError]. Names
// that do not end in .snap or .snap.tmp are none of its business.
func Open(fs wal.FS) (*Store, *raft.Snapshot, error) {
	names, err := fs.List()
	if err != nil {
		return nil, nil, fmt.Errorf("snapshot: the folder could not be listed: check the disk: %w", err)
	}
	s := &Store{fs: fs, last: FirstTicket - 1}
	for _, name := range names {
		switch {
		case strings.HasSuffix(name, unfinished):
			if err := fs.Remove(name); err != nil {
				return nil, nil, fmt.Errorf("snapshot: %s was never finished and could not be removed: check the disk: %w", name, err)
			}
		case strings.HasSuffix(name, suffix):
			if !isName(name) {
				return nil, nil, fmt.Errorf("snapshot: %s is not the name of a snapshot: the folder is the node's alone, move the file away", name)
			}
			s.files = append(s.files, name)
		}
	}
	if len(s.files) == 0 {
		return s, nil, nil
	}
	name := s.files[len(s.files)-1] // names are sorted, and indexes with them
	data, err := fs.ReadFile(name)
	if err != nil {
		return nil, nil, fmt.Errorf("snapshot: %s could not be read: check the disk: %w", name, err)
	}
	latest, err := decode(data)
	if err == nil && fileName(latest.Index) != name {
		err = fmt.Errorf("it is of entry %d", latest.Index)
	}
	if err != nil {
		return nil, nil, &DamagedError{File: name, Reason: err.Error()}
	}
	s.durable = latest.Index
	return s, latest, s.removeOlder()
}

// Save starts to write a snapshot. [Store.Synced] tells when it is durable. While another is on its way it waits, and one that
// waits already gives way to a later one. One that is not later than the newest durable changes nothing. It keeps snap.
func (s *Store) Save(snap *raft.Snapshot) error {
	switch {
	case s.err != nil || snap.Index <= s.durable:
		return s.err
	case s.writing == nil:
		return s.start(snap)
	case snap.Index > s.writing.Index && (s.next == nil || snap.Index > s.next.Index):
		s.next = snap
	}
	return nil
}

// Busy says whether a snapshot is on its way to the disk.
func (s *Store) Busy() bool { return s.writing != nil }

// Latest is the index of the newest durable snapshot, 0 for none.
func (s *Store) Latest() raft.Index { return s.durable }

func (s *Store) start(snap *raft.Snapshot) error {
	s.writing, s.renamed = snap, false
	name := fileName(snap.Index) + ".tmp"
	f, err := s.fs.Create(name)
	if err == nil {
		s.file = f
		if err = f.Append(encodeHead(snap)); err == nil {
			err = f.Append(snap.Data)
		}
	}
	if err != nil {
		return s.fail("%s could not be written: free or check the disk, then start the node again: %w", name, err)
	}
	s.last++
	s.flying = s.last
	f.Sync(s.flying)
	return nil
}

// Synced tells that the sync of that ticket has ended, or failed with err. It returns the snapshot that has become durable by
// it, nil when none has. Tickets that the Store does not wait for change nothing.
func (s *Store) Synced(t wal.SyncTicket, err error) (*raft.Snapshot, error) {
	if s.err != nil {
		return nil, s.err
	}
	if t != s.flying {
		return nil, nil
	}
	s.flying = 0
	name := fileName(s.writing.Index)
	if err != nil {
		return nil, s.fail("%s could not be synced: check the disk, then start the node again: %w", name, err)
	}
	if !s.renamed {
		return nil, s.publish(name)
	}
	done := s.writing
	s.writing, s.durable = nil, done.Index
	s.files = append(s.files, name)
	if err := s.removeOlder(); err != nil {
		return nil, err
	}
	if next := s.next; next != nil {
		s.next = nil
		return done, s.start(next)
	}
	return done, nil
}

// publish gives the written file its name.
func (s *Store) publish(name string) error {
	err := s.file.Close()
	s.file = nil
	if err == nil {
		err = s.fs.Rename(name+".tmp", name)
	}
	if err != nil {
		return s.fail("%s could not be given its name: check the disk, then start the node again: %w", name, err)
	}
	s.renamed = true
	s.last++
	s.flying = s.last
	s.fs.SyncDir(s.flying)
	return nil
}

// removeOlder removes all but the newest.
func (s *Store) removeOlder() error {
	for len(s.files) > 1 {
		if err := s.fs.Remove(s.files[0]); err != nil {
			return s.fail("%s is not needed any more and could not be removed: check the disk, then start the node again: %w", s.files[0], err)
		}
		s.files = s.files[1:]
	}
	return nil
}

func (s *Store) fail(format string, args ...any) error {
	s.err = fmt.Errorf("snapshot: "+format, args...)
	return s.err
}
