package mutants

import (
	"context"
	"slices"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// Without is what becomes of a mutant when the check that saw it is taken away.
type Without struct {
	// Property is the one that is not judged.
	Property string `json:"property"`
	// Next is the one that is violated then, "" when none is: the mutant would have been missed.
	Next string `json:"next"`
	// Seeds is how many were tried.
	Seeds uint64 `json:"seeds"`
}

// A hunt without the check has at least leastWithout seeds, and more than the longest hunt with it had, by this factor. That many
// show nothing where only that check can, and a hunt of a thousand would take hours to say the same.
const (
	leastWithout  = 20
	factorWithout = 2
)

// without hunts once more, from the first seed on, without the property of most hunts.
func (h *Hunter) without(ctx context.Context, raftsim string, m *Mutant, s *Score) (*Without, error) {
	most := min(max(leastWithout, factorWithout*s.SeedsMax), h.seeds())
	c, err := h.once(ctx, raftsim, m, quarry{first: 1, most: most, without: s.Property})
	return &Without{Property: s.Property, Next: c.Property, Seeds: c.Seeds}, err
}

// worlds are those of a hunt without a property: a file that expects its violation has nothing to say then.
func (h *Hunter) worlds(without string) []scenarios.File {
	return slices.DeleteFunc(slices.Clone(h.Worlds), func(f scenarios.File) bool {
		return slices.ContainsFunc(f.Scenario.Expect, func(e script.Expectation) bool {
			v, ok := e.Want.(script.Violates)
			return ok && v.Property == without
		})
	})
}
