package replica_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"raftsim/raft/wal"
)

var errDisk = errors.New("the disk is on fire")

// disk is a folder in memory. A sync ends when the test says so.
type disk struct {
	files   []*file // in the order they were made
	flying  []flight
	failing string // the call that fails: "create", "append", "remove" or "rename"
}

type file struct {
	disk    *disk
	name    string
	data    []byte
	durable int // bytes that a crash cannot take
}

// flight is a sync that has not ended, of a file's first bytes or, with none, of the folder.
type flight struct {
	ticket wal.SyncTicket
	file   *file
	upTo   int
}

// end makes durable what the i-th sync in flight is about, and returns its ticket.
func (d *disk) end(i int) wal.SyncTicket {
	s := d.flying[i]
	d.flying = slices.Delete(d.flying, i, i+1)
	if s.file != nil {
		s.file.durable = s.upTo
	}
	return s.ticket
}

// lost is what another boot finds when all bytes are lost that may be.
func (d *disk) lost() *disk {
	c := d.copy()
	for i, f := range d.files {
		c.files[i].data = c.files[i].data[:f.durable]
	}
	return c
}

// snapshots are the names of the snapshots, finished or not.
func (d *disk) snapshots() []string {
	names, _ := d.List()
	return slices.DeleteFunc(names, func(s string) bool { return strings.HasSuffix(s, ".wal") })
}

// logBytes is how long the log's files are together.
func (d *disk) logBytes() int {
	n := 0
	for _, f := range d.files {
		if strings.HasSuffix(f.name, ".wal") {
			n += len(f.data)
		}
	}
	return n
}

// copy is what another boot finds.
func (d *disk) copy() *disk {
	c := &disk{}
	for _, f := range d.files {
		c.files = append(c.files, &file{c, f.name, slices.Clone(f.data), len(f.data)})
	}
	return c
}

func (d *disk) find(name string) (*file, error) {
	for _, f := range d.files {
		if f.name == name {
			return f, nil
		}
	}
	return nil, fmt.Errorf("there is no %s", name)
}

func (d *disk) List() ([]string, error) {
	var names []string
	for _, f := range d.files {
		names = append(names, f.name)
	}
	slices.Sort(names)
	return names, nil
}

func (d *disk) ReadFile(name string) ([]byte, error) {
	f, err := d.find(name)
	if err != nil {
		return nil, err
	}
	return slices.Clone(f.data), nil
}

func (d *disk) Create(name string) (wal.File, error) {
	if d.failing == "create" {
		return nil, errDisk
	}
	f := &file{disk: d, name: name}
	d.files = append(d.files, f)
	return f, nil
}

func (d *disk) Open(name string) (wal.File, error) { return d.find(name) }

func (d *disk) Remove(name string) error {
	if d.failing == "remove" {
		return errDisk
	}
	f, err := d.find(name)
	d.files = slices.DeleteFunc(d.files, func(g *file) bool { return f == g })
	return err
}

func (d *disk) Rename(from, to string) error {
	if d.failing == "rename" {
		return errDisk
	}
	f, err := d.find(from)
	if err == nil {
		f.name = to
	}
	return err
}

func (d *disk) SyncDir(t wal.SyncTicket) { d.flying = append(d.flying, flight{ticket: t}) }

func (f *file) Append(p []byte) error {
	if f.disk.failing == "append" {
		return errDisk
	}
	f.data = append(f.data, p...)
	return nil
}

func (f *file) Truncate(n int64) error {
	f.data = f.data[:n]
	f.durable = min(f.durable, int(n))
	return nil
}

func (f *file) Sync(t wal.SyncTicket) {
	f.disk.flying = append(f.disk.flying, flight{t, f, len(f.data)})
}

func (f *file) Close() error { return nil }
