package sim

// sector is the unit that a disk writes: only the last one of an unfinished write can be torn.
const sector = 512

// What a crash can do to the bytes of a file that no finished sync covers. 0 is benign.
const (
	crashKeeps = iota
	crashLoses
	crashShortens
	crashTears
	crashFates
)

// crash decides what the disk holds after a crash, which is durable from then on, unless the disk's [Fate] has decided. Of the
// changes of the folder that are not durable the first few happened, in their order; what is
// left of each file is decided for itself. A sync under way may so have had its effect, all or part of it, or none.
func (d *disk) crash() {
	w := d.node.world
	if n := len(d.ops); n > 0 {
		undone := 0
		switch d.spec.Unsynced {
		case FateDrawn:
			undone = int(d.node.Draw("crash names", uint64(n)+1))
		case FateLost:
			undone = n
		}
		w.counters.LostNames += uint64(undone)
		d.settle(n - undone)
		w.Mix(uint64(n - undone))
		clear(d.ops)
		d.ops = d.ops[:0]
	}
	d.names = append(d.names[:0], d.durable...)
	for i := range d.names {
		d.crashFile(d.names[i].file)
	}
}

func (d *disk) crashFile(f *file) {
	n := d.node
	c := &n.world.counters
	f.spoilt = false
	if len(f.past) == 0 && len(f.data) == f.durable {
		return
	}
	data, durable, cut := f.data, f.durable, len(f.data)
	if len(f.past) > 0 {
		// Cuts are undone from the last.
		back := 0
		switch d.spec.Unsynced {
		case FateDrawn:
			back = int(n.Draw("crash cut", uint64(len(f.past))+1))
		case FateLost:
			back = len(f.past)
		}
		if back > 0 {
			p := f.past[len(f.past)-back]
			data, durable = p.data, p.durable
			cut = p.cut
		}
	}
	kept, torn := len(data), 0
	if loose := uint64(len(data) - durable); loose > 0 {
		switch d.fate() {
		case crashLoses:
			kept = durable
		case crashShortens:
			kept -= int(n.Draw("crash length", loose+1))
		case crashTears:
			kept -= int(n.Draw("crash length", loose+1))
			torn = kept - max(durable, (kept-1)/sector*sector)
		}
	}
	c.LostBytes += uint64(len(data) - kept)
	c.ReturnedBytes += uint64(max(kept-cut, 0))
	data = data[:kept:kept]
	if torn > 0 {
		c.TornBytes += uint64(torn)
		d.tear(data[kept-torn:])
	}
	*f = file{data: data, durable: kept, rotten: f.rotten}
	n.world.Mix(uint64(kept)<<16 | uint64(torn))
}

// fate decides about the bytes of one file.
func (d *disk) fate() uint64 {
	switch d.spec.Unsynced {
	case FateKept:
		return crashKeeps
	case FateLost:
		return crashLoses
	case FateTorn:
		return crashTears
	}
	return d.node.Draw("crash bytes", crashFates)
}

// tear makes bytes zero, or noise. They were never durable, so that no boot has handed them out.
func (d *disk) tear(torn []byte) {
	if d.node.Draw("crash tear", 2) == 0 {
		clear(torn)
		return
	}
	for i := range torn {
		torn[i] ^= byte(d.node.Draw("crash noise", 256))
	}
}
