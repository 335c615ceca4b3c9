package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"raftsim/scenarios"
	"raftsim/scenarios/shrink"
)

// shrinkFlags are those of `raftsim shrink`.
type shrinkFlags struct {
	seed   optional[uint64]
	out    optional[string]
	runs   optional[int]
	force  bool
	mutant mutantFlag
	// options are given to every run.
	options scenarios.Options
}

// mostShrinkRuns bounds --runs.
const mostShrinkRuns = 10_000_000

func shrinkCommand(s streams) *cobra.Command {
	var f shrinkFlags
	cmd := &cobra.Command{
		Use:   "shrink FILE [--seed N]",
		Short: "Turn a run that failed into a minimal scenario",
		Long: `Play a run that violates a property again and again with less and less in it, as long as
the same property fails for nodes in the same roles, and write what is left as a scenario:
explicit events instead of draws, the fewest entries, nodes and clients, round times.

The file says what it shows and where it comes from, expects the violation, so that
raftsim run passes on it, and names the least change with which the failure goes away.
Where it can be had, it fails whatever the seed. With --mutant, the core without the fault
passes it. A file that is there, which may have been edited since shrink wrote it, is
written over only with --force.

FILE may also be what raftsim fuzz or go test -fuzz has found: a name such as fuzz or
fuzz-timeouts:0101640f, or a file of testdata/fuzz/FuzzTimeouts or FuzzFaults. And it may
be a trace that raftsim replay --trace has written: the run is played again and compared
with it first. --seed is needed where the file is for more than one; of a file that expects
a violation, it is by default the first that violates as expected.`,
		Example: `  raftsim shrink my.yaml --seed 173
  raftsim shrink my.yaml --seed 173 -o minimal.yaml
  raftsim shrink trace.txt -o minimal.yaml
  raftsim shrink chaos-5 --seed 1 --mutant quorum-third -o minimal.yaml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("shrink takes one scenario file, not %d", len(args))
			}
			return nil
		},
		ValidArgsFunction: completeOneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.spare(); err != nil {
				return err
			}
			if err := f.mutant.become(cmd.Context(), s); err != nil {
				return err
			}
			return shrinkRun(cmd.Context(), s, args[0], f)
		},
	}
	addOptional(cmd, &f.seed, "seed", "seed", readSeed, "the seed of the run (default: that of the file, where it has one; see above)")
	addFileShort(cmd, &f.out, "out", "o", "write the scenario to this file, and not to stdout")
	addOptional(cmd, &f.runs, "runs", "n", readCount(mostShrinkRuns), fmt.Sprintf("end after so many runs (default: %d)", shrink.DefaultRuns))
	cmd.Flags().BoolVar(&f.force, "force", false, "with --out: write over a file that is there")
	f.mutant.add(cmd)
	return cmd
}

// spare refuses a file to write to that holds something, be it an earlier minimum: somebody may have edited that.
func (f *shrinkFlags) spare() error {
	if !f.out.given || f.force {
		return nil
	}
	about, err := os.Stat(f.out.value)
	if err != nil || !about.Mode().IsRegular() || about.Size() == 0 {
		return nil // what is wrong with it the writing tells
	}
	return fmt.Errorf("%s exists; --force writes over it", f.out.value)
}

func shrinkRun(ctx context.Context, s streams, path string, f shrinkFlags) error {
	file, seed, err := oneRun(ctx, s, path, f.seed, &f.mutant, f.options, "which run is to be shrunk?")
	if err != nil {
		return err
	}
	f.options.Mutant = mutated
	drawn := false
	sound, end, err := askSound()
	if err != nil {
		return err
	}
	defer end()
	o := shrink.Options{Sound: sound, Run: f.options, Runs: uint64(f.runs.value), Mutant: f.mutant.argument}
	if s.live {
		o.Each = func(runs uint64, entries int) {
			s.passing("%s: %s, %s left …", file.Scenario.Name, count(runs, "run"), entriesOf(entries))
			drawn = true
		}
	}
	m, err := shrink.Shrink(file, seed, o)
	if drawn {
		s.passed()
	}
	if errors.Is(err, shrink.ErrPasses) {
		s.sayf("%s with seed %d: %v\n", file.Path, seed, err)
		return exit(exitNothingRan)
	}
	if err != nil {
		return err
	}
	if !f.out.given {
		s.printf("%s", m.Format())
	} else if err := writeFile(f.out.value, func(w io.Writer) error { _, err := w.Write(m.Format()); return err }); err != nil {
		s.printf("%s", m.Format()) // it took long
		return err
	}
	s.sayf("%s, %s, after %s: %s\n", entriesOf(len(m.Scenario.Timeline)), count(uint64(m.Scenario.Cluster.Nodes), "node"), count(m.Runs, "run"), m.Result.Line())
	if f.out.given {
		m.Result.File = f.out.value
		s.sayf("  replay: %s\n", m.Result.Replay()) // the file says which mutant it is for
	}
	return nil
}

func entriesOf(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
