package sim

import (
	"math/bits"

	//lint:ignore SA1019 Its streams are part of the promise: a seed gives the same run for good.
	"golang.org/x/exp/rand"
)

// stream is one sequence of random numbers, for one purpose and one owner.
type stream struct{ source rand.PCGSource }

// owner is whom a stream is for: a class and up to two numbers.
type owner uint64

const (
	ofWorld owner = iota << 60
	ofNode
	ofHost
	ofLink
	ofRequests
	ofAnswers
	ofOutside
)

func (o owner) of(a, b uint64) owner { return o | owner(a<<30|b) }

// newStream seeds a stream. PCGSource.Seed alone spreads a small seed badly, and seeds
// of neighbours must not give like streams, so that each part is mixed in by itself.
func newStream(seed uint64, o owner, purpose string) stream {
	var s stream
	s.source.Seed(scramble(scramble(scramble(seed)^hash(purpose)) ^ uint64(o)))
	return s
}

// Stream is a sequence of random numbers for those outside of a world, who draw what a world is to be. It is no part
// of any world's streams, whatever their seeds and purposes.
type Stream struct{ s stream }

// NewStream returns the stream of a seed for a purpose: the same for the same two, on any machine.
func NewStream(seed uint64, purpose string) *Stream {
	return &Stream{newStream(seed, ofOutside, purpose)}
}

// Below returns the stream's next number in [0,n), or 0 when n is 0.
func (s *Stream) Below(n uint64) uint64 { return s.s.below(n) }

// below returns a number in [0,n), or 0 when n is 0. A draw of 0 gives 0. The bias is below n/2^64.
func (s *stream) below(n uint64) uint64 {
	hi, _ := bits.Mul64(s.source.Uint64(), n)
	return hi
}

// happens draws whether a thing of some chance happens; see threshold.
func (s *stream) happens(threshold uint64) bool { return s.source.Uint64()>>32 >= threshold }

// threshold turns parts per million into the least 32-bit draw at which a thing
// happens, so that a draw of 0 means that it does not, whatever its chance but certainty.
func threshold(ppm uint32) uint64 {
	return 1<<32 - uint64(min(ppm, Certain))<<32/Certain
}

// scramble is the output function of splitmix64 (Steele, Lea and Flood, 2014).
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hash is FNV-1a.
func hash(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return h
}

// streams are an owner's streams by purpose. There are few, so that a list is
// faster than a map.
type streams struct {
	seed  uint64
	owner owner
	list  []namedStream
}

type namedStream struct {
	purpose string
	stream  stream
}

func (s *streams) draw(purpose string, n uint64) uint64 {
	for i := range s.list {
		if s.list[i].purpose == purpose {
			return s.list[i].stream.below(n)
		}
	}
	s.list = append(s.list, namedStream{purpose, newStream(s.seed, s.owner, purpose)})
	return s.list[len(s.list)-1].stream.below(n)
}
