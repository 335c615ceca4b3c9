package fuzz

import (
	"fmt"
	"slices"
	"strings"
)

// part is what a file of results is a part of, and which.
type part struct {
	path string
	// hunt is the header without which part it is.
	hunt  Header
	from  uint64
	shard Shard
	// worlds is how many were played.
	worlds uint64
}

// newPart says which part a file is; a file whose shard cannot be read is none.
func newPart(path string, r *recorded) (part, error) {
	shard, err := ParseShard(r.header.Shard)
	if err != nil {
		return part{}, fmt.Errorf("%s: shard %q: %w", path, r.header.Shard, err)
	}
	p := part{path, r.header, r.header.From, shard, r.totals.Next}
	p.hunt.From, p.hunt.Shard = 0, ""
	return p, nil
}

// shared is the first seed that both have played, and whether there is one. Worlds of the guided strategy are of no seed.
func (p *part) shared(o *part) (uint64, bool) {
	if p.hunt != o.hunt || p.hunt.Strategy == Guided {
		return 0, false
	}
	// The seeds of p, modulo what those of o are apart, come again after as many as that.
	for k := range min(p.worlds, o.shard.Total) {
		seed := p.from + p.shard.Index + k*p.shard.Total
		step := p.shard.Total * (o.shard.Total / gcd(p.shard.Total, o.shard.Total))
		first := o.from + o.shard.Index
		if seed < first {
			seed += (first - seed + step - 1) / step * step
		}
		if (seed-first)%o.shard.Total != 0 {
			continue
		}
		if (seed-p.from-p.shard.Index)/p.shard.Total < p.worlds && (seed-first)/o.shard.Total < o.worlds {
			return seed, true
		}
	}
	return 0, false
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// missing says which parts of a hunt there is no file of, hunt by hunt: "2/3 and 3/3".
func missing(parts []part) []string {
	var out []string
	for k, p := range parts {
		of := func(o part) bool { return o.hunt == p.hunt && o.from == p.from && o.shard.Total == p.shard.Total }
		if slices.ContainsFunc(parts[:k], of) {
			continue
		}
		there := make(map[uint64]bool)
		for _, o := range parts[k:] {
			if of(o) {
				there[o.shard.Index] = true
			}
		}
		var gone []string
		for i := uint64(0); i < p.shard.Total && len(gone) <= mostNamed; i++ {
			if !there[i] {
				gone = append(gone, Shard{i, p.shard.Total}.String())
			}
		}
		if len(gone) > mostNamed {
			gone = append(gone[:mostNamed], "others")
		}
		if len(gone) > 0 {
			out = append(out, strings.Join(gone, ", "))
		}
	}
	return out
}

// mostNamed is how many missing parts are named.
const mostNamed = 5
