package script

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// mostSeeds bounds how many seeds a set holds: more than a machine plays in a year.
const mostSeeds = 1_000_000_000

// ParseSeeds reads a set of seeds as files and the command line write it: "7", "3,9",
// "1..200", or several of these with commas between. Seeds are 0..2^64-1. It is an error when a
// range ends before it starts, when a seed is named twice, and when there are more than
// 1,000,000,000 of them.
func ParseSeeds(s string) (Seeds, error) {
	if strings.TrimSpace(s) == "" {
		return nil, errors.New("no seeds; write 7, 3,9 or 1..200")
	}
	var seeds Seeds
	for part := range strings.SplitSeq(s, ",") {
		part = strings.Trim(part, " ")
		first, last, ranged := strings.Cut(part, "..")
		if !ranged {
			last = first
		}
		lo, err := parseSeed(first)
		if err != nil {
			return nil, err
		}
		hi, err := parseSeed(last)
		if err != nil {
			return nil, err
		}
		if hi < lo {
			return nil, fmt.Errorf("%s ends before it starts; write %d..%d", part, hi, lo)
		}
		seeds = append(seeds, SeedRange{lo, hi})
	}
	sorted := slices.SortedFunc(slices.Values(seeds), func(a, b SeedRange) int {
		if a.First < b.First {
			return -1
		}
		return 1
	})
	var total uint64
	for i, g := range sorted {
		if i > 0 && g.First <= sorted[i-1].Last {
			return nil, fmt.Errorf("seed %d is given twice", g.First)
		}
		if g.Last-g.First >= mostSeeds-total {
			return nil, fmt.Errorf("more than %d seeds", mostSeeds)
		}
		total += g.Last - g.First + 1
	}
	return seeds, nil
}

func parseSeed(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("seed %s is over %d", quote(s), uint64(1<<64-1))
	case err != nil || !decimal(s):
		return 0, fmt.Errorf("%s is no seed; write 7, 3,9 or 1..200", quote(s))
	}
	return n, nil
}

// All yields every seed, in the order they were written.
func (s Seeds) All() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for _, g := range s {
			for n := g.First; ; n++ {
				if !yield(n) {
					return
				}
				if n == g.Last {
					break
				}
			}
		}
	}
}

// Len is how many seeds there are.
func (s Seeds) Len() uint64 {
	var n uint64
	for _, g := range s {
		n += g.Last - g.First + 1
	}
	return n
}

// First returns the first n seeds, or all when there are fewer. It shares nothing with s.
func (s Seeds) First(n uint64) Seeds {
	var cut Seeds
	for _, g := range s {
		if n == 0 {
			break
		}
		if g.Last-g.First >= n {
			g.Last = g.First + n - 1
		}
		n -= g.Last - g.First + 1
		cut = append(cut, g)
	}
	return cut
}

// String writes the seeds as [ParseSeeds] reads them.
func (s Seeds) String() string {
	parts := make([]string, len(s))
	for i, g := range s {
		parts[i] = strconv.FormatUint(g.First, 10)
		if g.Last != g.First {
			parts[i] += ".." + strconv.FormatUint(g.Last, 10)
		}
	}
	return strings.Join(parts, ",")
}
