package wal

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"raftsim/raft"
)

// disk is a folder in memory that knows what of it is durable, so that a test can crash it in every way
// the FS allows. Syncs end when the test says so. Files are kept in the order they were made.
type disk struct {
	files  []*memFile
	names  int // how many of the files have a durable name
	flying []flight
	calls  []string // what the log did, in words

	failing string // the call that fails: "create", "append", "truncate", "close", "open", "list", "read"
}

var errDisk = errors.New("the disk is on fire")

type memFile struct {
	disk    *disk
	name    string
	data    []byte
	durable []byte
	// removed says that the name is gone, unless a crash brings it back.
	removed bool
}

// flight is a sync that has not ended: of a file, or of the folder when file is nil.
type flight struct {
	ticket SyncTicket
	file   *memFile
	data   []byte
	names  int
}

// diskOf is a disk that holds these segments, all of it durable.
func diskOf(contents ...[]byte) *disk {
	d := &disk{}
	for i, c := range contents {
		d.add(segmentName(uint64(i+1)), c)
	}
	return d
}

func (d *disk) add(name string, data []byte) {
	c := slices.Clone(data)
	d.files = append(d.files, &memFile{disk: d, name: name, data: c, durable: c})
	d.names = len(d.files)
}

func (d *disk) did(format string, a ...any) { d.calls = append(d.calls, fmt.Sprintf(format, a...)) }

// took returns what the log did since the last time, in words.
func (d *disk) took() []string {
	c := d.calls
	d.calls = nil
	return c
}

func (d *disk) fails(call string) error {
	if d.failing == call {
		return errDisk
	}
	return nil
}

// clone is the disk as it is, all of it durable.
func (d *disk) clone() *disk {
	c := &disk{}
	for _, f := range d.files {
		if !f.removed {
			c.add(f.name, f.data)
		}
	}
	return c
}

// newest is the file with the highest name, nil when there is none.
func (d *disk) newest() *memFile {
	var newest *memFile
	for _, f := range d.files {
		if newest == nil || f.name > newest.name {
			newest = f
		}
	}
	return newest
}

// contents is every file's bytes.
func (d *disk) contents() [][]byte {
	all := [][]byte{}
	for _, f := range d.files {
		all = append(all, append([]byte{}, f.data...))
	}
	return all
}

func (d *disk) List() ([]string, error) {
	var names []string
	for _, f := range d.files {
		if !f.removed {
			names = append(names, f.name)
		}
	}
	slices.Sort(names)
	return names, d.fails("list")
}

func (d *disk) find(name string) *memFile {
	for _, f := range d.files {
		if f.name == name && !f.removed {
			return f
		}
	}
	return nil
}

func (d *disk) ReadFile(name string) ([]byte, error) {
	return slices.Clone(d.find(name).data), d.fails("read")
}

func (d *disk) Create(name string) (File, error) {
	d.did("create %s", short(name))
	if d.find(name) != nil {
		return nil, fmt.Errorf("%s exists", name)
	}
	f := &memFile{disk: d, name: name}
	d.files = append(d.files, f)
	return f, d.fails("create")
}

func (d *disk) Open(name string) (File, error) { return d.find(name), d.fails("open") }

func (d *disk) Remove(name string) error {
	d.did("remove %s", short(name))
	d.find(name).removed = true
	return d.fails("remove")
}

func (d *disk) Rename(string, string) error { panic("a log renames nothing") }

func (d *disk) SyncDir(t SyncTicket) {
	d.did("sync folder (%d)", t)
	d.flying = append(d.flying, flight{ticket: t, names: len(d.files)})
}

func (f *memFile) Append(p []byte) error {
	f.disk.did("append %d to %s", len(p), short(f.name))
	f.data = append(slices.Clip(f.data), p...)
	return f.disk.fails("append")
}

func (f *memFile) Truncate(n int64) error {
	f.disk.did("cut %s to %d", short(f.name), n)
	f.data = f.data[:n]
	return f.disk.fails("truncate")
}

func (f *memFile) Sync(t SyncTicket) {
	f.disk.did("sync %s (%d)", short(f.name), t)
	f.disk.flying = append(f.disk.flying, flight{ticket: t, file: f, data: slices.Clip(f.data)})
}

func (f *memFile) Close() error {
	f.disk.did("close %s", short(f.name))
	return f.disk.fails("close")
}

// short is a segment's number, without zeros.
func short(name string) string {
	n, _ := segmentNumber(name)
	return fmt.Sprint(n)
}

// end makes durable what the i-th sync in flight is about, and returns its ticket.
func (d *disk) end(i int) SyncTicket {
	s := d.flying[i]
	d.flying = slices.Delete(d.flying, i, i+1)
	if s.file == nil {
		d.names = max(d.names, s.names)
	} else {
		s.file.durable = s.data
	}
	return s.ticket
}

// unsynced is where the file first differs from what is durable of it, and where either ends.
func (f *memFile) unsynced() (from, to int) {
	for from < len(f.data) && from < len(f.durable) && f.data[from] == f.durable[from] {
		from++
	}
	return from, max(len(f.data), len(f.durable))
}

// tear is one way in which a crash can treat the unsynced bytes of a file.
type tear struct {
	kind tearKind
	at   int // an offset in the file
}

type tearKind int

const (
	tearCut     tearKind = iota // written up to there, nothing after
	tearOld                     // written up to there, what was there before a cut after it
	tearGarbage                 // written up to there, then anything
	tearZeros                   // written up to there, then zeros
	tearHole                    // all written, but for eight bytes
	tearBit                     // all written, but for one bit
	tearKinds
	tearGone // the name is gone
)

// torn is the file's bytes after a crash.
func (f *memFile) torn(t tear) []byte {
	from, to := f.unsynced()
	at := min(max(t.at, from), to)
	cut := min(at, len(f.data))
	b := slices.Clone(f.data[:cut])
	switch t.kind {
	case tearOld:
		if at < len(f.durable) {
			b = append(b, f.durable[cut:]...)
		}
	case tearGarbage:
		for i := cut; i < to; i++ {
			b = append(b, byte(i*7+0x5a))
		}
	case tearZeros:
		b = append(b, make([]byte, to-cut)...)
	case tearHole, tearBit:
		b = append(b, f.data[cut:]...)
		hole := b[cut:min(cut+8, len(b))]
		if t.kind == tearHole {
			clear(hole)
		} else if len(hole) > 0 {
			hole[0] ^= 0x10
		}
	}
	return b
}

// crash is the disk that is found after a crash that lost all but the first so many names, and treated each
// file's unsynced bytes as said.
func (d *disk) crash(names int, tears func(i int) tear) *disk {
	left := &disk{}
	for i, f := range d.files[:names] {
		if t := tears(i); t.kind != tearGone {
			left.add(f.name, f.torn(t))
		}
	}
	return left
}

// ways are the different bytes that a crash can leave of the file, torn in every way at every step-th offset, nil where its name is gone.
func (f *memFile) ways(step int) [][]byte {
	var ways [][]byte
	if f.removed {
		ways = append(ways, nil)
	}
	from, to := f.unsynced()
	if from == to {
		return append(ways, append([]byte{}, f.data...))
	}
	known := map[string]bool{}
	for at := from; at <= to; at += step {
		for k := range tearKinds {
			if b := f.torn(tear{k, at}); !known[string(b)] {
				known[string(b)] = true
				ways = append(ways, append([]byte{}, b...))
			}
		}
	}
	return ways
}

// eachCrash calls do with the disk that each crash leaves: every prefix of the unsynced names, and of each file all that is
// different among its [memFile.ways], all combined.
func (d *disk) eachCrash(step int, do func(*disk)) {
	var ways [][][]byte
	for _, f := range d.files {
		ways = append(ways, f.ways(step))
	}
	for names := d.names; names <= len(d.files); names++ {
		d.combine(ways[:names], nil, do)
	}
}

func (d *disk) combine(ways [][][]byte, chosen [][]byte, do func(*disk)) {
	i := len(chosen)
	if i == len(ways) {
		left := &disk{}
		for i, data := range chosen {
			if data != nil {
				left.add(d.files[i].name, data)
			}
		}
		do(left)
		return
	}
	for _, data := range ways[i] {
		d.combine(ways, append(slices.Clip(chosen), data), do)
	}
}

// state is what a log says: a hard state and entries, as comparable bytes.
type state string

func stateOf(hs raft.HardState, entries []raft.Entry) state {
	var b bytes.Buffer
	fmt.Fprintf(&b, "term %d vote %s:", hs.Term, hs.Vote)
	for _, e := range entries {
		fmt.Fprintf(&b, " %d/%d/%d=%x", e.Index, e.Term, e.Kind, e.Data)
	}
	return state(b.String())
}
