package sim

import (
	"io/fs"
	"slices"
	"strings"
	"time"

	"raftsim/raft"
	"raftsim/raft/wal"
)

// disk is a node's disk, in memory: one folder of files. It keeps apart what the node sees, what is sure to
// outlive a crash, and what may; crash.go decides about the last.
type disk struct {
	node *node
	// names is the folder as the node sees it, durable as it is sure to be after a crash; ops, in the order in which the
	// node asked for them, lead from one to the other. settled is how many ops came before those.
	names   []name
	durable []name
	ops     []nameOp
	settled int
	// booting is true while the node boots, which is when a disk may be read.
	booting bool

	spec    Disk
	least   time.Duration
	spread  uint64
	latency stream
	// faults counts what failed on purpose; failing says that something did since the node last booted.
	faults  uint64
	failing bool
	// last is when the latest sync ends.
	last time.Duration
}

var _ wal.FS = (*disk)(nil)

// name is one entry of the folder. Folders are sorted by name.
type name struct {
	name string
	file *file
}

// nameOp is a change of the folder: file gets a name, or loses it when file is nil.
// A rename is two that stand or fall together.
type nameOp struct {
	name string
	file *file
	// gone is the name a rename takes away.
	gone string
}

// syncing is a sync under way.
type syncing struct {
	// file is nil when it is the folder that is synced.
	file *file
	// upTo is the file's length, or the number of the folder's ops, that the sync covers; version is the file's.
	upTo, version int
	ticket        wal.SyncTicket
	err           error
	cause         EventID
	life          uint32
	// done is true when the disk has done its part, and only the node has not been told.
	done bool
}

func (d *disk) init(n *node, c Disk) {
	d.node = n
	d.latency = newStream(n.world.config.Seed, ofNode.of(uint64(n.id), 0), "sync latency")
	d.set(c)
}

func (d *disk) set(c Disk) {
	d.spec = c
	d.least = max(c.SyncLatency.Min, 0)
	d.spread = uint64(max(c.SyncLatency.Max, d.least)-d.least) + 1
}

// List implements [wal.FS].
func (d *disk) List() ([]string, error) {
	if !d.booting {
		return nil, d.fault("list", ".", errNotBooting)
	}
	d.settle(len(d.ops))
	list := make([]string, len(d.names))
	for i := range d.names {
		list[i] = d.names[i].name
	}
	return list, nil
}

// ReadFile implements [wal.FS].
func (d *disk) ReadFile(name string) ([]byte, error) {
	if !d.booting {
		return nil, d.fault("read", name, errNotBooting)
	}
	f := find(d.names, name)
	if f == nil {
		return nil, d.fault("read", name, fs.ErrNotExist)
	}
	d.settle(len(d.ops))
	f.settle(f.version(), len(f.data))
	return f.data[:len(f.data):len(f.data)], nil
}

// Create implements [wal.FS].
func (d *disk) Create(name string) (wal.File, error) {
	if err := d.check("create", name); err != nil {
		return nil, err
	}
	if find(d.names, name) != nil {
		return nil, d.fault("create", name, fs.ErrExist)
	}
	if d.spec.Full {
		return nil, d.failed("create", name, ErrDiskFull)
	}
	f := &file{}
	d.change(nameOp{name: name, file: f})
	return &handle{disk: d, file: f, name: name, life: d.node.life}, nil
}

// Open implements [wal.FS].
func (d *disk) Open(name string) (wal.File, error) {
	f := find(d.names, name)
	if f == nil {
		return nil, d.fault("open", name, fs.ErrNotExist)
	}
	return &handle{disk: d, file: f, name: name, life: d.node.life}, nil
}

// Remove implements [wal.FS].
func (d *disk) Remove(name string) error {
	if find(d.names, name) == nil {
		return d.fault("remove", name, fs.ErrNotExist)
	}
	d.change(nameOp{gone: name})
	return nil
}

// Rename implements [wal.FS].
func (d *disk) Rename(from, to string) error {
	f := find(d.names, from)
	if f == nil {
		return d.fault("rename", from, fs.ErrNotExist)
	}
	if err := d.check("rename", to); err != nil {
		return err
	}
	if from != to {
		d.change(nameOp{name: to, file: f, gone: from})
	}
	return nil
}

// SyncDir implements [wal.FS].
func (d *disk) SyncDir(t wal.SyncTicket) {
	d.begin(t, nil, 0, d.settled+len(d.ops), nil)
}

// begin starts a sync, which ends as an event.
func (d *disk) begin(t wal.SyncTicket, file *file, version, upTo int, err error) {
	w := d.node.world
	ref := w.syncs.take()
	s := w.syncs.at(ref) // filled where it is: to copy what was just made makes the processor wait
	s.file, s.upTo, s.version, s.ticket, s.err = file, upTo, version, t, err
	s.cause, s.life, s.done = w.cause, d.node.life, false
	at := w.now + d.least
	if d.spread > 1 {
		at += time.Duration(d.latency.below(d.spread))
	}
	d.last = max(at, d.last)
	w.queue.push(d.last, queuedSync.of(uint16(d.node.id), ref))
}

// synced ends a sync: the disk's part at once, then the node's when it can be told.
func (w *World) synced(e queued) {
	n := w.nodes[e.id()-1]
	s := w.syncs.at(e.ref())
	if s.life != n.life {
		s.file = nil
		w.syncs.drop(e.ref())
		return
	}
	if !s.done {
		s.done = true
		w.counters.Syncs++
		n.disk.finish(s)
	}
	if n.paused {
		n.held = append(n.held, e)
		return
	}
	ticket, cause, err := s.ticket, s.cause, s.err
	s.file = nil
	w.syncs.drop(e.ref())
	w.begin(e.at, word(EventSync, e.id(), 0, uint32(ticket)), cause)
	if w.hooks.Trace != nil {
		w.trace(Event{Kind: EventSync, Cause: cause, Node: n.id, Ticket: ticket})
	}
	w.running = n.id
	n.process.Synced(ticket, err)
	w.running = raft.None
	w.after(n)
}

// finish is the disk's part of a sync's end.
func (d *disk) finish(s *syncing) {
	if s.err == nil && d.spec.FailSyncs {
		d.node.world.counters.FailedSyncs++
		s.err = d.failed("sync", ".", ErrDiskWrite)
		if s.file != nil {
			s.file.spoilt = true
		}
	}
	switch {
	case s.err != nil || s.file != nil && s.file.spoilt:
	case s.file != nil:
		s.file.settle(s.version, s.upTo)
	default:
		d.settle(s.upTo - d.settled)
	}
}

// wipe leaves an empty disk. Nothing may be under way: the node is down.
func (d *disk) wipe() {
	clear(d.names)
	clear(d.durable)
	d.names, d.durable, d.ops = d.names[:0], d.durable[:0], d.ops[:0]
}

func (d *disk) change(op nameOp) {
	d.names = op.apply(d.names)
	d.ops = append(d.ops, op)
}

// settle makes the oldest ops durable.
func (d *disk) settle(ops int) {
	if ops <= 0 {
		return
	}
	for i := range ops {
		d.durable = d.ops[i].apply(d.durable)
	}
	d.settled += ops
	d.ops = slices.Delete(d.ops, 0, ops)
}

func (op *nameOp) apply(names []name) []name {
	if op.gone != "" {
		if i, ok := search(names, op.gone); ok {
			names = slices.Delete(names, i, i+1)
		}
	}
	if op.file == nil {
		return names
	}
	i, ok := search(names, op.name)
	if ok {
		names[i].file = op.file
		return names
	}
	return slices.Insert(names, i, name{op.name, op.file})
}

func search(names []name, s string) (int, bool) {
	return slices.BinarySearchFunc(names, s, func(n name, s string) int { return strings.Compare(n.name, s) })
}

func find(names []name, s string) *file {
	if i, ok := search(names, s); ok {
		return names[i].file
	}
	return nil
}

func (d *disk) check(op, name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return d.fault(op, name, fs.ErrInvalid)
	}
	return nil
}

func (d *disk) fault(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: d.node.id.String() + "/" + name, Err: err}
}
