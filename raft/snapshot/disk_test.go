package snapshot

import (
	"errors"
	"fmt"
	"slices"

	"raftsim/raft/wal"
)

var errDisk = errors.New("the disk is on fire")

// disk is a folder in memory that knows what of it is durable, so that a test can crash it in every way the FS allows. Syncs
// end when the test says so.
type disk struct {
	// names is the folder as it is, durable as it is sure to be after a crash; ops, in order, lead from one to the other.
	names, durable []name
	ops            []op
	flying         []flight
	calls          []string // what was done, in words
	failing        string   // the call that fails, in words

	largest int // bytes that were appended at once
}

type name struct {
	name string
	file *file
}

// op takes away a name, or gives one to a file, or both.
type op struct {
	gone, name string
	file       *file
}

type file struct {
	disk    *disk
	data    []byte
	durable int
}

type flight struct {
	ticket wal.SyncTicket
	file   *file // nil for the folder
	upTo   int   // bytes of the file, or ops of the folder
}

func (o op) apply(names []name) []name {
	names = slices.DeleteFunc(slices.Clone(names), func(n name) bool { return n.name == o.gone || n.name == o.name })
	if o.file != nil {
		names = append(names, name{o.name, o.file})
	}
	slices.SortFunc(names, func(a, b name) int { return slices.Compare([]byte(a.name), []byte(b.name)) })
	return names
}

func (d *disk) did(o op, format string, a ...any) error {
	call := fmt.Sprintf(format, a...)
	d.calls = append(d.calls, call)
	if d.failing != "" && d.failing == call {
		return errDisk
	}
	if o != (op{}) {
		d.ops = append(d.ops, o)
		d.names = o.apply(d.names)
	}
	return nil
}

// took returns what was done since the last time.
func (d *disk) took() []string {
	c := d.calls
	d.calls = nil
	return c
}

func (d *disk) find(s string) *file {
	for _, n := range d.names {
		if n.name == s {
			return n.file
		}
	}
	return nil
}

// list is the names there are.
func (d *disk) list() []string {
	list := []string{}
	for _, n := range d.names {
		list = append(list, n.name)
	}
	return list
}

// put adds a durable file.
func (d *disk) put(s string, data []byte) {
	f := &file{disk: d, data: slices.Clone(data), durable: len(data)}
	d.names = op{name: s, file: f}.apply(d.names)
	d.durable = d.names
}

func (d *disk) List() ([]string, error) { return d.list(), d.did(op{}, "list") }

func (d *disk) ReadFile(s string) ([]byte, error) {
	return slices.Clone(d.find(s).data), d.did(op{}, "read %s", s)
}

func (d *disk) Create(s string) (wal.File, error) {
	if d.find(s) != nil {
		return nil, fmt.Errorf("%s exists", s)
	}
	f := &file{disk: d}
	return f, d.did(op{name: s, file: f}, "create %s", s)
}

func (d *disk) Open(s string) (wal.File, error) { return d.find(s), nil }

func (d *disk) Remove(s string) error {
	if d.find(s) == nil {
		return fmt.Errorf("there is no %s", s)
	}
	return d.did(op{gone: s}, "remove %s", s)
}

func (d *disk) Rename(from, to string) error {
	return d.did(op{gone: from, name: to, file: d.find(from)}, "rename %s to %s", from, to)
}

func (d *disk) SyncDir(t wal.SyncTicket) {
	d.calls = append(d.calls, "sync folder")
	d.flying = append(d.flying, flight{ticket: t, upTo: len(d.ops)})
}

func (f *file) Append(p []byte) error {
	f.data = append(f.data, p...)
	f.disk.largest = max(f.disk.largest, len(p))
	return f.disk.did(op{}, "append %d", len(p))
}

func (f *file) Truncate(n int64) error {
	f.data = f.data[:n]
	f.durable = min(f.durable, int(n))
	return nil
}

func (f *file) Sync(t wal.SyncTicket) {
	f.disk.calls = append(f.disk.calls, "sync")
	f.disk.flying = append(f.disk.flying, flight{t, f, len(f.data)})
}

func (f *file) Close() error { return f.disk.did(op{}, "close") }

// end makes durable what the i-th sync in flight is about, and returns its ticket.
func (d *disk) end(i int) wal.SyncTicket {
	s := d.flying[i]
	d.flying = slices.Delete(d.flying, i, i+1)
	if s.file != nil {
		s.file.durable = max(s.file.durable, s.upTo)
		return s.ticket
	}
	for _, o := range d.ops[:s.upTo] {
		d.durable = o.apply(d.durable)
	}
	d.ops = slices.Delete(d.ops, 0, s.upTo)
	for i := range d.flying {
		if f := &d.flying[i]; f.file == nil {
			f.upTo = max(0, f.upTo-s.upTo)
		}
	}
	return s.ticket
}

// clone is the disk as it is, all of it durable.
func (d *disk) clone() *disk {
	c := &disk{}
	for _, n := range d.names {
		c.put(n.name, n.file.data)
	}
	return c
}

// eachCrash calls do with what each crash leaves: the first so many of the changes of names, and of every file any number of the bytes
// that no sync covers, in steps, with nothing behind them, or zeros, or noise.
func (d *disk) eachCrash(step int, do func(*disk)) {
	names := d.durable
	for k := 0; ; k++ {
		combine(names, &disk{}, step, do)
		if k == len(d.ops) {
			return
		}
		names = d.ops[k].apply(names)
	}
}

func combine(names []name, left *disk, step int, do func(*disk)) {
	if len(names) == 0 {
		do(left.clone())
		return
	}
	f := names[0].file
	with := func(data []byte) {
		next := left.clone()
		next.put(names[0].name, data)
		combine(names[1:], next, step, do)
	}
	for at := f.durable; at < len(f.data); at += step {
		with(f.data[:at])
		torn := slices.Clone(f.data)
		clear(torn[at:])
		with(torn)
		for i := at; i < len(torn); i++ {
			torn[i] = f.data[i] ^ byte(i*7+0x5a)
		}
		with(torn)
	}
	with(f.data)
}
