package fuzz

import (
	"fmt"
	"strconv"
	"strings"
)

// Shard is which part of the work a process does: of every Total seeds one, that at Index, which counts from 0.
type Shard struct{ Index, Total uint64 }

// mostShards bounds how many processes share the work.
const mostShards = 1_000_000

// ParseShard reads a shard as people write it, counted from 1: "2/8".
func ParseShard(text string) (Shard, error) {
	a, b, found := strings.Cut(text, "/")
	k, err1 := strconv.ParseUint(a, 10, 64)
	n, err2 := strconv.ParseUint(b, 10, 64)
	if !found || err1 != nil || err2 != nil {
		return Shard{}, fmt.Errorf("want which shard of how many, like 2/8")
	}
	return newShard(k, 1, n)
}

// newShard makes a shard of an index that counts from base.
func newShard(index, base, total uint64) (Shard, error) {
	switch {
	case total < 1 || total > mostShards:
		return Shard{}, fmt.Errorf("there are from 1 to %d shards, not %d", mostShards, total)
	case index < base:
		return Shard{}, fmt.Errorf("the first shard is %d", base)
	case index-base >= total:
		return Shard{}, fmt.Errorf("shard %d is past the last of %d, which is %d", index, total, total-1+base)
	}
	return Shard{index - base, total}, nil
}

// String writes the shard as [ParseShard] reads it.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index+1, s.Total) }

// runner is a system that starts several processes and tells each by its environment which it is.
type runner struct {
	name, index string
	// base is what its first index is.
	base uint64
	// totals are the variables that may say how many there are.
	totals []string
}

func runners() []runner {
	return []runner{
		// Kubernetes tells a Pod of an Indexed Job its index alone; the manifest hands on the number.
		{"a Kubernetes Indexed Job", "JOB_COMPLETION_INDEX", 0, []string{"JOB_COMPLETIONS"}},
		{"Bazel", "TEST_SHARD_INDEX", 0, []string{"TEST_TOTAL_SHARDS"}},
		{"GitLab", "CI_NODE_INDEX", 1, []string{"CI_NODE_TOTAL"}},
		{"Buildkite", "BUILDKITE_PARALLEL_JOB", 0, []string{"BUILDKITE_PARALLEL_JOB_COUNT"}},
	}
}

// ShardFrom returns the shard that the environment says this process is, the whole work when it says nothing. Total is how many
// there are where that is known otherwise, or 0.
func ShardFrom(env func(string) string, total uint64) (Shard, error) {
	for _, r := range runners() {
		text := env(r.index)
		if text == "" {
			continue
		}
		index, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return Shard{}, fmt.Errorf("%s=%s: %s gives each process a number there", r.index, text, r.name)
		}
		n := total
		for _, name := range r.totals {
			if v := env(name); n == 0 && v != "" {
				if n, err = strconv.ParseUint(v, 10, 64); err != nil {
					return Shard{}, fmt.Errorf("%s=%s: want how many processes there are", name, v)
				}
			}
		}
		if n == 0 {
			return Shard{}, fmt.Errorf("%s=%s says which shard this is; say by --shard-total or %s of how many", r.index, text, r.totals[0])
		}
		s, err := newShard(index, r.base, n)
		if err != nil {
			return Shard{}, fmt.Errorf("%s=%s: %w", r.index, text, err)
		}
		return s, nil
	}
	if total > 1 {
		return Shard{}, fmt.Errorf("--shard-total %d: nothing says which of them this is; give --shard", total)
	}
	return Shard{0, 1}, nil
}
