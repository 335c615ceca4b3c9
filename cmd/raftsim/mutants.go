package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"raftsim/checker"
	"raftsim/scenarios/mutants"
)

// mutantsFlags are those of `raftsim mutants`.
type mutantsFlags struct {
	json  bool
	hunts optional[int]
	seeds optional[int]
	dir   string
	alone bool
	// minimal is the folder that catches are shrunk into, "" for none.
	minimal  string
	markdown bool
}

// What is hunted with unless it is said otherwise, and at most.
const (
	usualHunts = 10
	mostHunts  = 1000
)

func mutantsCommand(s streams) *cobra.Command {
	f := mutantsFlags{hunts: optional[int]{value: usualHunts}, seeds: optional[int]{value: mutants.SeedsPerHunt}}
	cmd := &cobra.Command{
		Use:   "mutants [NAME…]",
		Short: "Hunt deliberately broken cores, to see that the checks find them",
		Long: `Build raftsim around cores with one deliberate fault each, and hunt every one with the
chaos-5 world and the shipped scenarios until a run is a violation. Each hunt has up to
1,000 seeds of its own. Without a name: every mutant there is.

The table says which property was violated, and after how many seeds; then, from one more
hunt without the check that saw it, which one sees it next, or that it would have been
missed. A mutant that survives is a hole in the checks, or no fault at all: the exit code
is then 1.

--shrink turns the first catch of every mutant into a minimal scenario, sees that it fails
three times the same and not with the shipped core, and adds what it has and took.

What is built is kept in the user's cache folder. It needs Go and a checkout of raftsim.`,
		Example: `  raftsim mutants
  raftsim mutants quorum-third figure-8 --hunts 3
  raftsim mutants --dir my-faults --json
  raftsim mutants --hunts 1 --shrink minimal
  raftsim run leader-failure --mutant quorum-third`,
		ValidArgsFunction: completeMutants,
		RunE: func(cmd *cobra.Command, args []string) error {
			return huntMutants(cmd.Context(), s, args, f)
		},
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object a mutant, and no table")
	addOptional(cmd, &f.hunts, "hunts", "n", readCount(mostHunts), "how many times each is hunted, with seeds of its own (default: 10)")
	addOptional(cmd, &f.seeds, "most-seeds", "n", readCount(mutants.SeedsPerHunt), "how many seeds a hunt tries (default: 1000)")
	cmd.Flags().StringVar(&f.dir, "dir", "", "hunt the mutants in this `folder` instead of those that ship")
	_ = cmd.MarkFlagDirname("dir")
	cmd.Flags().BoolVar(&f.markdown, "markdown", false, "print the table in Markdown")
	cmd.Flags().StringVar(&f.minimal, "shrink", "", "shrink the first catch of each into this `folder`")
	_ = cmd.MarkFlagDirname("shrink")
	cmd.Flags().BoolVar(&f.alone, "alone", false, "check nothing but the invariant that the mutant is for, where it is for one")
	return cmd
}

func huntMutants(ctx context.Context, s streams, names []string, f mutantsFlags) error {
	if mutated != "" {
		return fmt.Errorf("this raftsim has the fault %s in it: mutants are hunted with one without", mutated)
	}
	if f.json && f.markdown {
		return errors.New("--json prints objects and no table; give one of it and --markdown")
	}
	c, err := mutants.Open(".")
	if err != nil {
		return err
	}
	if c.Sound, err = os.Executable(); err != nil {
		return err
	}
	all, err := pickMutants(c, names, f.dir)
	if err != nil {
		return err
	}
	p := &hunt{s: s, f: f, total: len(all) * f.hunts.value}
	for _, m := range all {
		h, err := p.hunter(c, m)
		if err != nil {
			return err
		}
		p.show(m)
		score, err := h.Hunt(ctx, m)
		if ctx.Err() != nil {
			break
		}
		p.clear()
		if err != nil {
			s.sayf("raftsim: %v\n", err)
			p.broken = append(p.broken, m.Name)
			continue
		}
		if score.Errors > 0 {
			s.sayf("%s: %s of it told nothing, but showed a fault of the testbed or contradicted themselves\n", m.Name, count(score.Errors, "run"))
		}
		p.scores = append(p.scores, score)
		if f.json {
			if s.printJSON(score) != nil {
				break // nobody hears what more have to say
			}
		}
	}
	p.clear()
	if ctx.Err() != nil {
		s.sayf("interrupted after %d of %d mutants\n", len(p.scores), len(all))
	}
	return p.conclude(len(all))
}

// pickMutants reads the mutants asked for and tries whether every one still applies, so that all that do not are
// told at once.
func pickMutants(c *mutants.Checkout, names []string, dir string) ([]*mutants.Mutant, error) {
	var all []*mutants.Mutant
	var err error
	switch {
	case dir != "":
		if all, err = mutants.Dir(dir); err != nil {
			return nil, err
		}
		all, err = named(all, names, dir)
	case len(names) == 0:
		all, err = c.Shipped()
	default:
		for _, name := range names {
			m, e := c.Find(name)
			if e != nil {
				return nil, e
			}
			all = append(all, m)
		}
	}
	if err != nil {
		return nil, err
	}
	var stale []error
	for _, m := range all {
		if _, err := m.Apply(c.Root); err != nil {
			stale = append(stale, err)
		}
	}
	return all, errors.Join(stale...)
}

// named picks the mutants of those names, all when there are no names.
func named(all []*mutants.Mutant, names []string, dir string) ([]*mutants.Mutant, error) {
	if len(names) == 0 {
		return all, nil
	}
	var picked []*mutants.Mutant
	for _, name := range names {
		i := slices.IndexFunc(all, func(m *mutants.Mutant) bool { return m.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no mutant %q in %s", name, dir)
		}
		picked = append(picked, all[i])
	}
	return picked, nil
}

// hunt is `raftsim mutants` under way.
type hunt struct {
	s           streams
	f           mutantsFlags
	total, done int
	missed      int
	scores      []mutants.Score
	broken      []string
	drawn       bool
}

// hunter returns how to hunt a mutant.
func (p *hunt) hunter(c *mutants.Checkout, m *mutants.Mutant) (*mutants.Hunter, error) {
	worlds, err := mutants.Worlds()
	if err != nil {
		return nil, err
	}
	h := &mutants.Hunter{Checkout: c, Worlds: worlds, Hunts: p.f.hunts.value, Seeds: uint64(p.f.seeds.value),
		Weigh: !p.f.alone, Minimal: p.f.minimal}
	if p.f.alone && slices.Contains(checker.Properties(), m.Property) {
		h.Property = m.Property
		for i, w := range worlds {
			if worlds[i], err = c.Alone(w, m.Property); err != nil {
				return nil, err
			}
		}
	}
	h.Each = func(m *mutants.Mutant, _ int, caught *mutants.Catch) {
		p.done++
		if !caught.Caught {
			p.missed++
		}
		p.clear()
		for _, replay := range caught.Alarms {
			p.s.sayf("the core without a fault fails this, too: %s\n", replay)
		}
		p.show(m)
	}
	return h, nil
}

// show tells on a terminal how far the hunts are.
func (p *hunt) show(m *mutants.Mutant) {
	if p.s.live {
		p.s.passing("%s: %d of %d hunts, %d missed …", m.Name, p.done, p.total, p.missed)
		p.drawn = true
	}
}

func (p *hunt) clear() {
	if p.drawn {
		p.s.passed()
		p.drawn = false
	}
}

// conclude prints the scoreboard and picks the exit code, given how many were to be hunted.
func (p *hunt) conclude(wanted int) error {
	var survivors []string
	for _, score := range p.scores {
		if !score.Caught {
			survivors = append(survivors, score.Mutant)
		}
	}
	if !p.f.json && len(p.scores) > 0 {
		printBoard(p.s.out, p.scores, p.f.minimal != "", p.f.markdown)
	}
	if len(survivors) > 0 {
		p.s.sayf("survived: %s\n", strings.Join(survivors, ", "))
	}
	if len(p.broken) > 0 {
		p.s.sayf("not hunted: %s\n", strings.Join(p.broken, ", "))
	}
	switch {
	case len(survivors) > 0:
		return exit(exitViolation)
	case len(p.broken) > 0:
		return exit(exitUsage)
	case len(p.scores) == 0:
		return exit(exitNothingRan)
	case len(p.scores) < wanted:
		return exit(exitInconclusive) // the rest may survive
	}
	return nil
}
