package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"raftsim/scenarios/script"
)

// seedFlags are --seed and --seeds, which mean the same wherever they are taken.
type seedFlags struct {
	one  optional[uint64]
	many optional[script.Seeds]
}

func (f *seedFlags) add(cmd *cobra.Command) {
	addOptional(cmd, &f.one, "seed", "seed", readSeed, "one seed: 7")
	addOptional(cmd, &f.many, "seeds", "seeds", script.ParseSeeds, "several seeds: 1..500, or 3,9 (default: what each file says)")
}

// pick returns the seeds asked for, or otherwise.
func (f *seedFlags) pick(otherwise script.Seeds) (script.Seeds, error) {
	switch {
	case f.one.given && f.many.given:
		return nil, errors.New("--seed and --seeds say the same thing; give one of them")
	case f.one.given:
		return script.Seeds{{First: f.one.value, Last: f.one.value}}, nil
	case f.many.given:
		return f.many.value, nil
	}
	return otherwise, nil
}

func readSeed(text string) (uint64, error) {
	seeds, err := script.ParseSeeds(text)
	if err != nil {
		return 0, err
	}
	if n := seeds.Len(); n != 1 {
		return 0, fmt.Errorf("these are %d seeds; --seed takes one", n)
	}
	return seeds[0].First, nil
}
