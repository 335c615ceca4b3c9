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

// chain is a log: the links of its entries by index, and before them that of the base, the last entry that a
// snapshot stands for; the zero link at 0 when the log is whole.
type chain struct {
	series[link]
	// vague, when not 0, is the highest index whose link has the term only: the log began at a base so far back that
	// nothing is known of it any more. It is 0 or at least base.
	vague raft.Index
}

func newChain() chain {
	var c chain
	*c.add() = link{}
	return c
}

// begin makes the chain one of no entries after a base.
func (c *chain) begin(i raft.Index, l link, known bool) {
	c.reset(i)
	*c.add() = l
	c.vague = 0
	if !known {
		c.vague = i
	}
}

// cut leaves the links below an index, which is above base.
func (c *chain) cut(i raft.Index) {
	c.series.cut(i)
	c.vague = min(c.vague, i-1)
}

// term returns the term at an index, 0 where there is no link.
func (c *chain) term(i raft.Index) raft.Term {
	if !c.has(i) {
		return 0
	}
	return c.at(i).term
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

// same says whether two logs that reach an index are equal up to there. What one of them has no link of any more was
// committed, and looked at then.
func same(a, b *chain, i raft.Index) bool {
	if i < a.base || i < b.base {
		return true
	}
	x, y := a.at(i), b.at(i)
	return x.term == y.term && (x.hash == y.hash || i <= a.vague || i <= b.vague)
}

// differ returns the first index at which two logs differ, both of which hold index end. They do differ at
// end; as equal links mean equal prefixes, halving finds the place.
func differ(a, b *chain, end raft.Index) raft.Index {
	alike := max(a.base, b.base, 1) - 1
	for end-alike > 1 {
		if mid := alike + (end-alike)/2; same(a, b, mid) {
			alike = mid
		} else {
			end = mid
		}
	}
	return end
}

// holds says whether a log has an entry at an index, and everything before it, as in another, which reaches that
// index.
func holds(log, other *chain, i raft.Index) bool {
	return i < log.n && same(log, other, i)
}

// missing returns the first index up to end at which a log does not have what another, which reaches end,
// has.
func missing(log, other *chain, end raft.Index) raft.Index {
	if last := log.last(); last < end {
		if same(log, other, last) {
			return last + 1
		}
		end = last
	}
	return differ(log, other, end)
}
