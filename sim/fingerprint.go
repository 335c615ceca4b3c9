package sim

import (
	"math/bits"
	"time"
)

// fingerprint is a rolling hash over all events of a run. It need not withstand an
// attacker: it tells runs apart that differ by accident.
type fingerprint uint64

const (
	foldA = 0x9e3779b97f4a7c15
	foldB = 0xd6e8feb86659fd93
	foldC = 0xa0761d6478bd642f
)

func (f *fingerprint) mix(x uint64) {
	h := (uint64(*f) ^ x) * foldA
	*f = fingerprint(h ^ h>>32)
}

// event mixes in one event: its time, what it is, and its cause. Only one
// multiplication waits for the event before.
func (f *fingerprint) event(at time.Duration, what uint64, cause EventID) {
	f.mix(uint64(at)*foldA ^ bits.RotateLeft64(what*foldB, 32) ^ bits.RotateLeft64(uint64(cause)*foldC, 17))
}

// word packs what an event is: its kind, the two parties and a detail of 24 bits.
func word(kind EventKind, to, from uint16, detail uint32) uint64 {
	return uint64(kind)<<56 | uint64(to)<<40 | uint64(from)<<24 | uint64(detail&0xffffff)
}
