package main

import (
	"context"
	"errors"
	"fmt"

	"raftsim/scenarios"
	"raftsim/scenarios/mutants"
)

// oneRun finds the run that is to be looked into, which is played in this process from then on: that of a file with a seed, which need not
// be given where the file is for one seed only, or expects a violation, or that of a trace. Without says what is missing without a seed.
func oneRun(ctx context.Context, s streams, path string, seed optional[uint64], m *mutantFlag, o scenarios.Options, without string) (scenarios.File, uint64, error) {
	trace, err := scenarios.OpenTrace(path)
	if err == nil {
		defer trace.Close()
		return ofTrace(ctx, s, trace, seed, m, o)
	}
	if !errors.Is(err, scenarios.ErrNoTrace) {
		return scenarios.File{}, 0, err
	}
	file, err := loadOne(s, path)
	if err != nil {
		return file, 0, err
	}
	broken := file.Scenario.Violates()
	several := !seed.given && file.Scenario.Seeds.Len() != 1
	switch {
	case several && broken == "":
		return file, 0, errors.New("--seed is missing: " + without)
	case !seed.given:
		seed.value = file.Scenario.Seeds[0].First
	}
	if err := m.asFilesSay(ctx, s, []scenarios.File{file}); err != nil {
		return file, 0, err
	}
	leaveSignals()
	if several {
		o.Mutant = mutated
		seed.value = telling(s, file, broken, o)
	}
	return file, seed.value, nil
}

// telling is the first seed of a file with which the property is violated that the file expects to be. Where it is with none, that is
// what there is to look into, with the first of those that fail to.
func telling(s streams, file scenarios.File, broken string, o scenarios.Options) uint64 {
	seeds := file.Scenario.Seeds
	for seed := range seeds.All() {
		s.passing("%s: seed %d …", file.Scenario.Name, seed)
		r := file.Run(seed, o)
		if r.Verdict == scenarios.Pass {
			s.passed()
			s.sayf("%s: seed %d is the first of %v that violates %s\n", file.Path, seed, seeds, broken)
			return seed
		}
	}
	s.passed()
	s.sayf("%s: no seed of %v violates %s; this is seed %d\n", file.Path, seeds, broken, seeds[0].First)
	return seeds[0].First
}

// ofTrace is oneRun for a trace. The run has to be the one that was written down.
func ofTrace(ctx context.Context, s streams, t *scenarios.Trace, seed optional[uint64], m *mutantFlag, o scenarios.Options) (scenarios.File, uint64, error) {
	if seed.given && seed.value != t.Seed {
		return t.File, 0, fmt.Errorf("%s is the trace of seed %d, and not of %d", t.File.Path, t.Seed, seed.value)
	}
	if m.argument != "" && mutants.Name(m.argument) != mutants.Name(t.Mutant) {
		return t.File, 0, fmt.Errorf("%s is a trace of %s, and not of %s", t.File.Path, coreOf(t.Mutant), coreOf(m.argument))
	}
	m.inFile = true
	if m.argument == "" && t.Mutant != "" {
		m.argument = t.Mutant
		if err := m.become(ctx, s); err != nil {
			return t.File, 0, err
		}
	}
	leaveSignals()
	o.Mutant = mutated
	return t.File, t.Seed, t.Verify(o, source())
}
