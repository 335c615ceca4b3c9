package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"raftsim/scenarios/script"
)

// seedFlags are --seed and --seeds, which mean the same wherever they are taken.
type seedFlags struct{ one, many string }

func (f *seedFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.one, "seed", "", "one `seed`: 7")
	cmd.Flags().StringVar(&f.many, "seeds", "", "several `seeds`: 1..500, or 3,9 (default: what each file says)")
}

// pick returns the seeds asked for, or otherwise.
func (f *seedFlags) pick(otherwise script.Seeds) (script.Seeds, error) {
	switch {
	case f.one != "" && f.many != "":
		return nil, errors.New("--seed and --seeds say the same thing; give one of them")
	case f.one != "":
		return parseSeeds("--seed", f.one)
	case f.many != "":
		return parseSeeds("--seeds", f.many)
	}
	return otherwise, nil
}

func parseSeeds(flag, text string) (script.Seeds, error) {
	seeds, err := script.ParseSeeds(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return seeds, nil
}
