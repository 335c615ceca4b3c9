package main

import (
	"context"
	"errors"
	"fmt"

	"raftsim/scenarios"
	"raftsim/scenarios/mutants"
)

// oneRun finds the run that is to be looked into, which is played in this process from then on: that of a file with a seed, which need not
// be given where the file is for one seed only, or that of a trace. Without says what is missing without a seed.
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
	if !seed.given {
		if file.Scenario.Seeds.Len() != 1 {
			return file, 0, errors.New("--seed is missing: " + without)
		}
		seed.value = file.Scenario.Seeds[0].First
	}
	if err := m.asFilesSay(ctx, s, []scenarios.File{file}); err != nil {
		return file, 0, err
	}
	leaveSignals()
	return file, seed.value, nil
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
