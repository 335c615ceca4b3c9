package sim

import (
	"iter"
	"math"
	"math/bits"
	"slices"

	"raftsim/raft"
)

// DiskState is what a disk holds, all of it durable: its files, by name.
type DiskState []FileState

// FileState is a file's name and bytes, which are not to be altered.
type FileState struct {
	Name string
	Data []byte
}

// CrashStates are all the states in which a crash may leave a disk, each once and in a fixed order, from that in which nothing is lost.
// They are made when they are asked for.
type CrashStates struct {
	folders []crashFolder
	total   uint64
}

// crashFolder is a folder that a crash may leave: its names, and for each file what may be left of its bytes.
type crashFolder struct {
	names []name
	ways  [][][]byte
	count uint64
}

// CrashStates lists what a crash of a node, now, may leave on its disk: what the draws of a crash choose from, within the disk's [Fate].
// Of the changes of the folder that are not durable any number may have happened, in their order; of each file any of its unfinished
// cuts, and then any number of the bytes that are not durable, of which the last sector may be zeros or noise. Noise can be anything;
// it is listed as one bit that is another, the first or the last that it can be, and as all bits that are. There are none when there is no
// such node. The list is of this moment, however the world goes on.
func (w *World) CrashStates(id raft.NodeID) *CrashStates {
	s := &CrashStates{}
	n := w.node(id)
	if n == nil {
		return s
	}
	d := &n.disk
	ways := map[*file][][]byte{}
	for undone := range len(d.ops) + 1 {
		switch {
		case (d.spec.Unsynced == FateKept || d.spec.Unsynced == FateTorn) && undone > 0,
			d.spec.Unsynced == FateLost && undone < len(d.ops):
			continue
		}
		c := crashFolder{names: slices.Clone(d.durable), count: 1}
		for i := range d.ops[:len(d.ops)-undone] {
			c.names = d.ops[i].apply(c.names)
		}
		if slices.ContainsFunc(s.folders, func(f crashFolder) bool { return slices.Equal(f.names, c.names) }) {
			continue
		}
		for _, n := range c.names {
			if ways[n.file] == nil {
				ways[n.file] = n.file.crashWays(d.spec.Unsynced)
			}
			c.ways = append(c.ways, ways[n.file])
			c.count = times(c.count, uint64(len(ways[n.file])))
		}
		s.folders = append(s.folders, c)
		s.total = plus(s.total, c.count)
	}
	return s
}

// crashWays are the different bytes that a crash may leave of a file.
func (f *file) crashWays(fate Fate) [][]byte {
	var ways [][]byte
	known := map[string]bool{}
	add := func(data []byte) {
		if !known[string(data)] {
			known[string(data)] = true
			ways = append(ways, data)
		}
	}
	for back := range len(f.past) + 1 {
		if (fate == FateKept || fate == FateTorn) && back > 0 || fate == FateLost && back < len(f.past) {
			continue
		}
		data, durable := f.data, f.durable
		if back > 0 {
			p := &f.past[len(f.past)-back]
			data, durable = p.data, p.durable
		}
		if fate == FateLost {
			add(data[:durable:durable])
			continue
		}
		if fate != FateTorn || len(data) == durable {
			add(data[:len(data):len(data)])
		}
		if fate == FateKept {
			continue
		}
		for kept := len(data); kept >= durable; kept-- {
			if fate == FateDrawn || kept == durable {
				add(data[:kept:kept])
			}
			if kept > durable {
				eachTear(data[:kept], kept-max(durable, (kept-1)/sector*sector), add)
			}
		}
	}
	return ways
}

// eachTear makes the last bytes zeros, and noise.
func eachTear(data []byte, torn int, add func([]byte)) {
	from := len(data) - torn
	tear := func(how func(torn []byte)) {
		data := slices.Clone(data)
		how(data[from:])
		add(data)
	}
	tear(func(t []byte) { clear(t) })
	tear(func(t []byte) { t[0] ^= 1 })
	tear(func(t []byte) { t[len(t)-1] ^= 0x80 })
	tear(func(t []byte) {
		for i := range t {
			t[i] ^= 0xff
		}
	})
}

// Len is how many there are, or the largest number if there are more than that.
func (s *CrashStates) Len() uint64 { return s.total }

// At makes the i-th, i less than Len.
func (s *CrashStates) At(i uint64) DiskState {
	k := 0
	for ; i >= s.folders[k].count; k++ {
		i -= s.folders[k].count
	}
	c := &s.folders[k]
	state := make(DiskState, len(c.names))
	for k := len(c.names) - 1; k >= 0; k-- {
		n := uint64(len(c.ways[k]))
		state[k] = FileState{c.names[k].name, c.ways[k][i%n]}
		i /= n
	}
	return state
}

// All makes all of them, or, where there are more than most, so many that are spread evenly, the first and the last among them. most is
// at least 2, or 0 for no bound.
func (s *CrashStates) All(most uint64) iter.Seq[DiskState] {
	return func(yield func(DiskState) bool) {
		n := s.total
		if most >= 2 && n > most {
			n = most
		}
		for i := range n {
			at := i
			if n < s.total {
				high, low := bits.Mul64(i, s.total-1)
				at, _ = bits.Div64(high, low, n-1)
			}
			if !yield(s.At(at)) {
				return
			}
		}
	}
}

func times(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	if high != 0 {
		return math.MaxUint64
	}
	return low
}

func plus(a, b uint64) uint64 {
	sum, over := bits.Add64(a, b, 0)
	if over != 0 {
		return math.MaxUint64
	}
	return sum
}

// Furnish has a node that has never booted, and is not about to, find this on its disk. It returns false for any other, or where two files
// have one name or none. It keeps the bytes, which stay as they are.
func (w *World) Furnish(id raft.NodeID, state DiskState) bool {
	n := w.node(id)
	if n == nil || n.boots > 0 || n.booting || len(n.disk.names) > 0 {
		return false
	}
	d := &n.disk
	var names []name
	for _, f := range state {
		if d.check("furnish", f.Name) != nil || find(names, f.Name) != nil {
			return false
		}
		op := nameOp{name: f.Name, file: &file{data: f.Data[:len(f.Data):len(f.Data)], durable: len(f.Data)}}
		names = op.apply(names)
		w.Mix(uint64(len(f.Data)))
	}
	d.names, d.durable = names, slices.Clone(names)
	return true
}
