package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"raftsim/raft/snapshot"
	"raftsim/raft/wal"
)

// disk is a folder of real files as a [wal.FS]. What is asked of it is done in order by goroutines of its own, one for the log and
// one for snapshots, so that writing a large snapshot holds up no entry. What fails is told with the next sync.
//
// A file of the log is longer than what was appended to it: zeros lie ahead, and what is appended is written over them. So a sync has
// nothing to make durable but bytes, where a file that grows has its size written to the file system's journal each time, and the
// journal is one for all. What of the file was appended, [wal.Written] says when it is read; a crash leaves of it what a crash leaves of
// any bytes that were not synced, since those that had not been written are zeros, there or not.
type disk struct {
	dir string
	// synced is told the end of each sync, on a goroutine of the disk.
	synced func(t wal.SyncTicket, err error)
	// took is told how long each sync of the log took, in the same place.
	took func(time.Duration)
	// names are the files there are, and files under way to be, and how long. What lies ahead counts until the file is read.
	names map[string]int64
	bytes atomic.Int64
	log   writer
	snaps writer
}

var _ wal.FS = (*disk)(nil)

// openDisk opens a folder, which it makes if it is not there.
func openDisk(dir string, synced func(wal.SyncTicket, error), took func(time.Duration)) (*disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	d := &disk{dir: dir, synced: synced, took: took, names: make(map[string]int64)}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		size := int64(0)
		if info, err := e.Info(); err == nil {
			size = info.Size()
		}
		d.names[e.Name()] = size
		d.bytes.Add(size)
	}
	if err := errors.Join(syncFolder(dir), syncFolder(filepath.Dir(dir))); err != nil {
		return nil, err
	}
	d.log.start()
	d.snaps.start()
	return d, nil
}

// close waits until all that was asked is done.
func (d *disk) close() {
	d.log.close()
	d.snaps.close()
}

// writerOf is who does what concerns a file.
func (d *disk) writerOf(name string) *writer {
	if strings.Contains(name, ".snap") {
		return &d.snaps
	}
	return &d.log
}

func (d *disk) path(name string) string { return filepath.Join(d.dir, name) }

// List implements [wal.FS].
func (d *disk) List() ([]string, error) {
	names := make([]string, 0, len(d.names))
	for name := range d.names {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// ReadFile implements [wal.FS].
func (d *disk) ReadFile(name string) ([]byte, error) {
	f, err := os.Open(d.path(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data := make([]byte, info.Size())
	n, err := f.ReadAt(data, 0)
	if err != nil || n != len(data) {
		return nil, fmt.Errorf("%d of %d bytes could be read: %w", n, len(data), err)
	}
	data = data[:wal.Written(name, data)]
	d.bytes.Add(int64(len(data)) - d.names[name])
	d.names[name] = int64(len(data))
	return data, nil
}

// Create implements [wal.FS].
func (d *disk) Create(name string) (wal.File, error) {
	if _, ok := d.names[name]; ok {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	d.names[name] = 0
	return d.open(name, os.O_CREATE|os.O_EXCL), nil
}

// Open implements [wal.FS]. A file of the log has to be read before.
func (d *disk) Open(name string) (wal.File, error) {
	if _, ok := d.names[name]; !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return d.open(name, 0), nil
}

func (d *disk) open(name string, how int) *file {
	f := &file{disk: d, name: name, writer: d.writerOf(name), end: d.names[name]}
	f.writer.do(func() { f.open(how) })
	return f
}

// Remove implements [wal.FS].
func (d *disk) Remove(name string) error {
	size, ok := d.names[name]
	if !ok {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	delete(d.names, name)
	d.bytes.Add(-size)
	w := d.writerOf(name)
	w.do(func() { w.folder(os.Remove(d.path(name))) })
	return nil
}

// Rename implements [wal.FS].
func (d *disk) Rename(from, to string) error {
	size, ok := d.names[from]
	if !ok {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	d.bytes.Add(-d.names[to])
	delete(d.names, from)
	d.names[to] = size
	w := d.writerOf(from)
	w.do(func() { w.folder(os.Rename(d.path(from), d.path(to))) })
	return nil
}

// SyncDir implements [wal.FS].
func (d *disk) SyncDir(t wal.SyncTicket) {
	w := &d.log
	if t >= snapshot.FirstTicket {
		w = &d.snaps
	}
	w.do(func() {
		if w.err == nil {
			w.err = syncFolder(d.dir)
		}
		d.synced(t, w.err)
	})
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// file is a file of a disk. Only the writer's goroutine looks at what is below os.
type file struct {
	disk   *disk
	name   string
	writer *writer
	os     *os.File
	err    error
	// end is where what is appended goes, and size how long the file is: what is between are zeros.
	end, size int64
	// grows says that there are to be no zeros: it is no segment of the log, or the disk has no room for them.
	grows bool
}

// How many zeros are laid ahead: as many bytes as the file has, so that a short log takes little room, and so many at most, which hold up
// the sync that they go with for a millisecond or two.
const (
	minAhead = 64 << 10
	maxAhead = 1 << 20
)

var zeros [maxAhead]byte

func (f *file) open(how int) {
	if f.os, f.err = os.OpenFile(f.disk.path(f.name), os.O_WRONLY|how, 0o600); f.err != nil {
		return
	}
	var info os.FileInfo
	if info, f.err = f.os.Stat(); f.err == nil {
		f.size = info.Size()
	}
	f.grows = !strings.HasSuffix(f.name, ".wal")
}

// Append implements [wal.File].
func (f *file) Append(p []byte) error {
	f.disk.names[f.name] += int64(len(p))
	f.disk.bytes.Add(int64(len(p)))
	f.writer.append(f, p)
	return nil
}

func (f *file) write(p []byte) {
	if f.err == nil {
		f.err = f.writer.err
	}
	if f.err != nil {
		return
	}
	if f.end+int64(len(p)) > f.size && !f.grows {
		f.layAhead()
	}
	_, f.err = f.os.WriteAt(p, f.end)
	f.end += int64(len(p))
	f.size = max(f.size, f.end)
}

// layAhead makes the file longer, by zeros.
func (f *file) layAhead() {
	n, err := f.os.WriteAt(zeros[:min(max(f.end, minAhead), maxAhead)], f.size)
	f.size += int64(n)
	f.grows = err != nil // if not for what is appended either, writing that says so
}

// cut has the file end where it was appended to last.
func (f *file) cut() error {
	f.size = f.end
	return f.os.Truncate(f.end)
}

// Truncate implements [wal.File].
func (f *file) Truncate(n int64) error {
	f.disk.bytes.Add(n - f.disk.names[f.name])
	f.disk.names[f.name] = n
	f.writer.do(func() {
		if f.err == nil {
			f.end = n
			f.err = f.cut()
		}
	})
	return nil
}

// Sync implements [wal.File].
func (f *file) Sync(t wal.SyncTicket) {
	f.writer.do(func() {
		if f.err == nil {
			began := time.Now()
			f.err = syncData(f.os)
			if f.writer == &f.disk.log {
				f.disk.took(time.Since(began))
			}
		}
		f.disk.synced(t, f.err)
	})
}

// Close implements [wal.File].
func (f *file) Close() error {
	f.writer.do(func() {
		if f.os == nil {
			return
		}
		if f.err == nil && f.size > f.end {
			_ = f.cut() // for tidiness: a file that stays longer is read the same
		}
		f.os.Close()
	})
	return nil
}

// writer does what it is told, one after the other, on a goroutine of its own.
type writer struct {
	mu      sync.Mutex
	wake    sync.Cond
	queue   []task
	spare   []task
	buf     []byte // bytes that wait to be appended
	spared  []byte
	closing bool
	done    chan struct{}
	// err is the first failure that concerns names, after which nothing is written any more; the goroutine's.
	err error
}

// task is a piece of work: a function, or bytes of the buffer to append to a file.
type task struct {
	do       func()
	file     *file
	from, to int
}

func (w *writer) start() {
	w.wake.L = &w.mu
	w.done = make(chan struct{})
	go w.work()
}

func (w *writer) do(f func()) { w.push(task{do: f}) }

func (w *writer) push(t task) {
	w.mu.Lock()
	w.queue = append(w.queue, t)
	w.mu.Unlock()
	w.wake.Signal()
}

// append has bytes appended to a file. Whoever does so asks for a sync next, so it wakes nobody.
func (w *writer) append(f *file, p []byte) {
	w.mu.Lock()
	from := len(w.buf)
	w.buf = append(w.buf, p...)
	w.queue = append(w.queue, task{file: f, from: from, to: len(w.buf)})
	w.mu.Unlock()
}

// maxSpare is how large a buffer is kept for the next writes.
const maxSpare = 4 << 20

func (w *writer) work() {
	defer close(w.done)
	for {
		w.mu.Lock()
		for len(w.queue) == 0 && !w.closing {
			w.wake.Wait()
		}
		queue, buf := w.queue, w.buf
		w.queue, w.buf = w.spare[:0], w.spared[:0]
		w.mu.Unlock()
		if len(queue) == 0 {
			return
		}
		for k := range queue {
			if t := &queue[k]; t.do != nil {
				t.do()
			} else {
				t.file.write(buf[t.from:t.to])
			}
		}
		clear(queue)
		w.spare = queue
		if w.spared = buf; cap(buf) > maxSpare {
			w.spared = nil
		}
	}
}

func (w *writer) folder(err error) {
	if w.err == nil {
		w.err = err
	}
}

// close waits until the queue is empty, and ends the goroutine.
func (w *writer) close() {
	w.mu.Lock()
	w.closing = true
	w.mu.Unlock()
	w.wake.Signal()
	<-w.done
}
