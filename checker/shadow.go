package checker

import (
	"encoding/binary"
	"math/bits"

	"raftsim/raft"
)

// link stands for one entry of a log and all that come before it: two logs whose links at an index are
// equal are equal up to that index, but for a collision of 64-bit hashes. So comparing two logs up to an
// index takes one comparison.
//
// The hash is not meant to withstand someone who looks for collisions; it is the same on every machine and
// in every run.
type link struct {
	term raft.Term
	hash uint64
}

// chain is a log: the links of its entries by index, and the zero link at 0.
type chain = series[link]

func newChain() chain {
	var c chain
	c.add()
	return c
}

// next returns the link of the entry that follows l. The index is not hashed: it is the number of links
// before.
func (l link) next(e *raft.Entry) link {
	const k0, k1, k2 = 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb
	data := e.Data
	// The constant in the first factor keeps it from being small, which would let the second through as it
	// is.
	h := fold(l.hash^uint64(e.Term)^k2, k0^uint64(e.Kind)<<56^uint64(len(data)))
	for len(data) >= 16 {
		h = fold(h^binary.LittleEndian.Uint64(data), k1^binary.LittleEndian.Uint64(data[8:]))
		data = data[16:]
	}
	if n := len(data); n > 0 {
		// The two words overlap; together they hold every byte, and the length is in h.
		var a, b uint64
		switch {
		case n >= 8:
			a, b = binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[n-8:])
		case n >= 4:
			a, b = uint64(binary.LittleEndian.Uint32(data)), uint64(binary.LittleEndian.Uint32(data[n-4:]))
		default:
			a = uint64(data[0])<<16 | uint64(data[n/2])<<8 | uint64(data[n-1])
		}
		h = fold(h^a, k2^b)
	}
	return link{e.Term, h}
}

// fold multiplies and adds the halves of the product without carry.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// differ returns the first index at which two logs differ, both of which hold index end. They do differ at
// end; as equal links mean equal prefixes, halving finds the place.
func differ(a, b *chain, end raft.Index) raft.Index {
	same := raft.Index(0)
	for end-same > 1 {
		if mid := same + (end-same)/2; *a.at(mid) == *b.at(mid) {
			same = mid
		} else {
			end = mid
		}
	}
	return end
}

// holds says whether a log has an entry at an index, and everything before it, as in another.
func holds(log, other *chain, i raft.Index) bool {
	return i < log.n && *log.at(i) == *other.at(i)
}

// missing returns the first index up to end at which a log does not have what another, which reaches end,
// has.
func missing(log, other *chain, end raft.Index) raft.Index {
	if last := log.last(); last < end {
		if *log.at(last) == *other.at(last) {
			return last + 1
		}
		end = last
	}
	return differ(log, other, end)
}
