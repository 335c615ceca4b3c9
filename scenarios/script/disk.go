package script

import (
	"slices"
	"strings"
)

// Fate is what a crash does to what was not synced.
type Fate uint8

const (
	// FateDrawn leaves it to the draws, or as another entry says.
	FateDrawn Fate = iota
	FateKept
	FateLost
	FateTorn
)

// fateWords are in the order of the constants, from FateKept on.
var fateWords = []string{"kept", "lost", "torn"}

// String returns the word for it.
func (f Fate) String() string {
	if f == FateDrawn || int(f) > len(fateWords) {
		return "drawn"
	}
	return fateWords[f-1]
}

var (
	diskKeys = []string{"sync", "fail", "unsynced", "rot"}
	rotWords = []string{"log", "snapshot"}
)

// disk reads what disks do: full, or a mapping of what is changed.
func (r *reader) disk(n *node) (Action, bool) {
	if n.kind == scalar {
		if n.text == "full" {
			return SetDisk{Full: true}, true
		}
		r.on(n, "want full, or one of %s as in {sync: 5ms..50ms}, not %s", join(diskKeys), n)
		return nil, false
	}
	f, ok := r.mapping(n, "disk", diskKeys)
	if !ok {
		return nil, false
	}
	if len(n.pairs) == 0 {
		r.on(n, "nothing is changed; write full, or give one of %s", join(diskKeys))
		return nil, false
	}
	if rot := f.among([]string{"rot"}); len(rot) > 0 {
		if len(n.pairs) > 1 && !f.odd {
			r.at(rot[0].pos, "rot happens once and the others last; make it two entries")
			return nil, false
		}
		word, ok := r.word(rot[0].value, "kind of file", rotWords)
		return RotDisk{Snapshot: word == "snapshot"}, ok && !f.odd
	}
	var d SetDisk
	sound := !f.odd
	if n := f.get("sync"); n != nil {
		v, ok := r.times(n, 0)
		d.Sync, sound = &v, sound && ok
	}
	if n := f.get("fail"); n != nil {
		_, ok := r.word(n, "thing to fail", []string{"sync"})
		d.FailSyncs, sound = true, sound && ok
	}
	if n := f.get("unsynced"); n != nil {
		word, ok := r.word(n, "fate", fateWords)
		d.Unsynced, sound = Fate(slices.Index(fateWords, word)+1), sound && ok
	}
	return d, sound
}

func (d SetDisk) parts() string {
	if d.Full {
		return "full"
	}
	var keys []string
	if d.Sync != nil {
		keys = append(keys, "sync: "+d.Sync.String())
	}
	if d.FailSyncs {
		keys = append(keys, "fail: sync")
	}
	if d.Unsynced != FateDrawn {
		keys = append(keys, "unsynced: "+d.Unsynced.String())
	}
	return "{" + strings.Join(keys, ", ") + "}"
}

func (d RotDisk) parts() string {
	if d.Snapshot {
		return "{rot: snapshot}"
	}
	return "{rot: log}"
}
