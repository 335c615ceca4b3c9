package sim

import (
	"errors"
	"io/fs"
	"slices"

	"raftsim/raft/wal"
)

var (
	errNotBooting = errors.New("a process reads its disk only while it boots")
	errLength     = errors.New("a file is cut to no more than its length, and no less than nothing")
)

// file is what a disk holds of one file.
type file struct {
	// data is the file as the node sees it; its first durable bytes are sure to outlive a crash.
	data    []byte
	durable int
	// past are the file's states before cuts that may not be on the disk yet, oldest first; older is how
	// many came before those.
	past  []past
	older int
	// spoilt is true after a sync failed: what it should have written is given up, and later syncs, which do not know of
	// it, save nothing. rotten is true after a bit has flipped.
	spoilt, rotten bool
}

// past is a file before it was cut.
type past struct {
	data    []byte
	durable int
	// cut is the length it was cut to.
	cut int
}

// version numbers the file's states from cut to cut.
func (f *file) version() int { return f.older + len(f.past) }

// settle makes durable the first n bytes of a version, and with them every cut that led to it.
func (f *file) settle(version, n int) {
	if version < f.older {
		return
	}
	if gone := version - f.older; gone > 0 {
		f.past = slices.Delete(f.past, 0, gone)
		f.older = version
	}
	for i := range f.past {
		p := &f.past[i]
		p.durable = max(p.durable, n)
		n = min(n, p.cut)
	}
	f.durable = max(f.durable, n)
}

// grow makes room for n more bytes: a little for a file that may stay small, and by then what a
// segment of a log takes, so that a long one is copied seldom.
func (f *file) grow(n int) {
	room := max(1024, 10*cap(f.data))
	if room > 1<<17 {
		room = max(2*cap(f.data), 1<<20+1<<17)
	}
	data := make([]byte, len(f.data), max(room, len(f.data)+n))
	copy(data, f.data)
	f.data = data
}

// truncate cuts the file. The bytes that it loses stay as they are, for whoever shares them.
func (f *file) truncate(n int) {
	f.past = append(f.past, past{data: f.data, durable: f.durable, cut: n})
	f.data = f.data[:n:n]
	f.durable = min(f.durable, n)
}

// handle is an open file.
type handle struct {
	disk *disk
	file *file
	name string
	// life is the node's life in which the file was opened.
	life   uint32
	closed bool
}

var _ wal.File = (*handle)(nil)

// Append implements [wal.File].
func (h *handle) Append(p []byte) error {
	if h.void() {
		return h.disk.fault("append", h.name, fs.ErrClosed)
	}
	f := h.file
	if h.disk.spec.Full {
		return h.appendFull(p)
	}
	if cap(f.data)-len(f.data) < len(p) {
		f.grow(len(p))
	}
	f.data = append(f.data, p...)
	return nil
}

// appendFull is an append to a disk that is full: a part of it, which is drawn, still finds room.
func (h *handle) appendFull(p []byte) error {
	f, room := h.file, int(h.disk.node.Draw("full append", uint64(len(p))+1))
	f.data = append(f.data[:len(f.data):len(f.data)], p[:room]...)
	return h.disk.failed("append", h.name, ErrDiskFull)
}

// Truncate implements [wal.File].
func (h *handle) Truncate(n int64) error {
	if h.void() {
		return h.disk.fault("truncate", h.name, fs.ErrClosed)
	}
	size := int64(len(h.file.data))
	if n < 0 || n > size {
		return h.disk.fault("truncate", h.name, errLength)
	}
	if n < size {
		h.file.truncate(int(n))
	}
	return nil
}

// Sync implements [wal.File].
func (h *handle) Sync(t wal.SyncTicket) {
	var err error
	if h.void() {
		err = h.disk.fault("sync", h.name, fs.ErrClosed)
	}
	h.disk.begin(t, h.file, h.file.version(), len(h.file.data), err)
}

// Close implements [wal.File].
func (h *handle) Close() error {
	if h.void() {
		return h.disk.fault("close", h.name, fs.ErrClosed)
	}
	h.closed = true
	return nil
}

func (h *handle) void() bool { return h.closed || h.life != h.disk.node.life }
