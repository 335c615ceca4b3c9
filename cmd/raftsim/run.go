package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"raftsim/scenarios"
)

// runFlags are those of `raftsim run`.
type runFlags struct {
	seeds       seedFlags
	json        bool
	workers     int
	determinism bool
}

func runCommand(s streams) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [FILE…]",
		Short: "Play scenarios over their seeds and print a table of verdicts",
		Long: `Play scenario files over their seeds, on all processors, and print a table of
verdicts. Without a file: every shipped scenario. A file that is not there is looked for
among the shipped ones, so that "leader-failure" is enough.

A failure prints what was violated in one line, and the command that replays it.
Ctrl-C ends with what was found so far.`,
		Example: `  raftsim run
  raftsim run leader-failure --seeds 1..2000
  raftsim run my.yaml --seed 7 --json`,
		ValidArgsFunction: completeFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), s, args, f)
		},
	}
	f.seeds.add(cmd)
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object a run, and no table")
	cmd.Flags().IntVar(&f.workers, "workers", 0, "how many runs at once (default: one for each processor)")
	cmd.Flags().BoolVar(&f.determinism, "check-determinism", false, "play every run twice, and stop at the first event that differs")
	return cmd
}

// load reads the files named, or all shipped ones. All that is wrong with any of them is said at once.
func load(s streams, paths []string) ([]scenarios.File, error) {
	if len(paths) == 0 {
		return scenarios.Shipped()
	}
	var files []scenarios.File
	bad := false
	for _, path := range paths {
		file, err := scenarios.Load(path)
		if err == nil {
			files = append(files, file)
			continue
		}
		bad = true
		var quiet exit
		if err := badScenario(s, err); !errors.As(err, &quiet) {
			s.sayf("raftsim: %v\n", err)
		}
	}
	if bad {
		return nil, exit(exitUsage)
	}
	return files, nil
}

func run(ctx context.Context, s streams, paths []string, f runFlags) error {
	if f.workers < 0 {
		return fmt.Errorf("--workers %d: a sweep needs at least one", f.workers)
	}
	seeds, err := f.seeds.pick(nil)
	if err != nil {
		return err
	}
	files, err := load(s, paths)
	if err != nil {
		return err
	}
	total := uint64(0)
	jobs := make([]scenarios.Job, len(files))
	for i, file := range files {
		jobs[i] = scenarios.Job{File: file, Seeds: seeds}
		if seeds == nil {
			total += file.Scenario.Seeds.Len()
		} else {
			total += seeds.Len()
		}
	}
	if f.determinism {
		return checkDeterminism(ctx, s, jobs, total)
	}

	t := newTable(files)
	p := newProgress(s, total)
	var failed error
	sum := scenarios.Sweep(ctx, jobs, scenarios.SweepOptions{Workers: f.workers}, func(r scenarios.Result) {
		p.step(r.Scenario, r.Verdict != scenarios.Pass)
		t.add(&r)
		if f.json {
			if err := s.printJSON(newRecord(&r)); err != nil && failed == nil {
				failed = err
			}
			return
		}
		if r.Verdict != scenarios.Pass && t.worthTelling(&r) {
			p.clear()
			tell(s, &r)
		}
	})
	p.clear()
	if failed != nil {
		return fmt.Errorf("cannot print results: %w", failed)
	}
	if !f.json {
		t.print(s)
	}
	return conclude(s, sum, total)
}

// tell prints a failure: the property in one line, then the one command that replays it.
func tell(s streams, r *scenarios.Result) {
	s.sayf("%s\n  replay: %s\n", r.Line(), r.Replay())
}

// conclude says what there is to say about the sweep as a whole, and picks the exit code.
func conclude(s streams, sum scenarios.Summary, total uint64) error {
	code := codeFor(sum.Verdicts)
	for _, u := range sum.Unreached {
		s.sayf("%s: no seed reached %q, which the file says happens sometimes\n", u.File.Path, u.State)
		if code == exitPass || code == exitInconclusive {
			code = exitViolation
		}
	}
	if sum.Interrupted {
		s.sayf("interrupted after %d of %d runs\n", sum.Runs, total)
	}
	return end(code)
}

// checkDeterminism plays every run twice, one after the other.
func checkDeterminism(ctx context.Context, s streams, jobs []scenarios.Job, total uint64) error {
	p := newProgress(s, total)
	n := uint64(0)
	for _, j := range jobs {
		seeds := j.Seeds
		if seeds == nil {
			seeds = j.File.Scenario.Seeds
		}
		for seed := range seeds.All() {
			if ctx.Err() != nil {
				p.clear()
				s.sayf("interrupted after %d of %d runs, which were the same twice\n", n, total)
				if n == 0 {
					return exit(exitNothingRan)
				}
				return nil
			}
			if d := j.File.CheckDeterminism(seed, scenarios.Options{}); d != nil {
				p.clear()
				s.sayf("determinism: %s with seed %d did not do the same twice: %v\n", j.File.Path, seed, d)
				return exit(exitViolation)
			}
			n++
			p.step(j.File.Scenario.Name, false)
		}
	}
	p.clear()
	s.printf("%d runs, each the same twice, event by event\n", n)
	if n == 0 {
		return exit(exitNothingRan)
	}
	return nil
}

// completeFiles offers the shipped scenarios and lets the shell offer files.
func completeFiles(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	files, err := scenarios.Shipped()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, f := range files {
		if !slices.Contains(args, f.Scenario.Name) {
			names = append(names, f.Scenario.Name)
		}
	}
	return names, cobra.ShellCompDirectiveDefault
}
