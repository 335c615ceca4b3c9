package kv

import "math/bits"

// The digest of a store is the sum of one mark for each key and each session, and one for the time, so that a
// change costs the marks it changes. Nothing in it is seeded: it is the same in every process.
// It guards against mistakes, not against forgers.

// Odd constants without structure, which keep apart what is hashed for different ends.
const (
	hashSalt    = 0x9e3779b97f4a7c15
	keySalt     = 0xbf58476d1ce4e5b9
	sessionSalt = 0x94d049bb133111eb
	timeSalt    = 0xd6e8feb86659fd93
	refusedSalt = 0xa0761d6478bd642f
	leftSalt    = 0xff51afd7ed558ccd
	rightSalt   = 0xc4ceb9fe1a85ec53
)

var emptyHash = hash("")

func (c *session) digest() uint64 {
	seen := c.seen
	if c.result.Swapped {
		seen = ^seen
	}
	if c.result.Refused {
		seen ^= refusedSalt
	}
	return mix(mix(mix(uint64(c.id)^sessionSalt, c.seq), seen), mix(uint64(c.index), uint64(c.used)))
}

// hash spreads the bytes of s, eight at a time, over 64 bits.
func hash[T ~string | ~[]byte](s T) uint64 {
	h := mix(hashSalt, uint64(len(s)))
	for len(s) >= 8 {
		h = mix(h, uint64(s[0])|uint64(s[1])<<8|uint64(s[2])<<16|uint64(s[3])<<24|
			uint64(s[4])<<32|uint64(s[5])<<40|uint64(s[6])<<48|uint64(s[7])<<56)
		s = s[8:]
	}
	// The length is in h already, so that zero bytes at the end count.
	var tail uint64
	for i := range len(s) {
		tail |= uint64(s[i]) << (8 * i)
	}
	return mix(h, tail)
}

// mix folds the 128-bit product of a and b, both salted so that no small number stays one.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^leftSalt, b^rightSalt)
	return hi ^ lo ^ bits.RotateLeft64(a, 29)
}
