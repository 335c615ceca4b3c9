package replica_test

import (
	"errors"
	"fmt"
	"slices"

	"raftsim/raft/wal"
)

var errDisk = errors.New("the disk is on fire")

// disk is a folder in memory. A sync ends when the test says so.
type disk struct {
	files   []*file // in the order they were made
	flying  []wal.SyncTicket
	failing string // the call that fails: "create" or "append"
}

type file struct {
	disk *disk
	name string
	data []byte
}

// copy is what another boot finds.
func (d *disk) copy() *disk {
	c := &disk{}
	for _, f := range d.files {
		c.files = append(c.files, &file{c, f.name, slices.Clone(f.data)})
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

func (d *disk) Remove(name string) error { return fmt.Errorf("nobody removes %s", name) }

func (d *disk) Rename(from, _ string) error { return fmt.Errorf("nobody renames %s", from) }

func (d *disk) SyncDir(t wal.SyncTicket) { d.flying = append(d.flying, t) }

func (f *file) Append(p []byte) error {
	if f.disk.failing == "append" {
		return errDisk
	}
	f.data = append(f.data, p...)
	return nil
}

func (f *file) Truncate(n int64) error {
	f.data = f.data[:n]
	return nil
}

func (f *file) Sync(t wal.SyncTicket) { f.disk.flying = append(f.disk.flying, t) }

func (f *file) Close() error { return nil }
