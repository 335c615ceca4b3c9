package wal

// SyncTicket numbers a sync begun on an [FS], so that its end can be told apart.
// The caller chooses it and never uses one twice within one boot.
type SyncTicket uint64

// FS is the disk under a log: one folder of append-only files. Nothing blocks:
// a sync starts and its end is told later to whoever owns the FS, with the
// ticket. Until a file's sync has ended its new bytes may be lost or torn by a crash,
// and until the folder's sync has ended so may the names in it: a file made, removed or
// renamed may or may not be there afterwards.
type FS interface {
	// List returns the names in the folder, sorted. For booting only.
	List() ([]string, error)
	// ReadFile returns a file's bytes, which the caller must not alter. What it returns is durable: an FS
	// syncs what it finds before it hands it out. For booting only.
	ReadFile(name string) ([]byte, error)
	// Create makes an empty file and opens it. A file of that name is an error.
	Create(name string) (File, error)
	// Open opens an existing file to append to it.
	Open(name string) (File, error)
	// Remove takes a name away.
	Remove(name string) error
	// Rename gives a file another name, replacing what had it.
	Rename(from, to string) error
	// SyncDir starts to make the folder's names durable.
	SyncDir(t SyncTicket)
}

// File is an open file of an [FS].
type File interface {
	// Append adds bytes at the end and copies what it keeps. It does not wait for the disk.
	Append(p []byte) error
	// Truncate cuts the file to n bytes, n at most its size.
	Truncate(n int64) error
	// Sync starts to make the file's bytes so far durable; bytes appended later are not part of it.
	Sync(t SyncTicket)
	// Close gives the handle back; it syncs nothing.
	Close() error
}
