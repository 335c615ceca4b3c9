package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// runFlags are those of `raftsim run`.
type runFlags struct {
	seeds       seedFlags
	json        bool
	workers     optional[int]
	determinism bool
	first       bool
	turns       bool
	mutant      mutantFlag
	// options are given to every run.
	options scenarios.Options
}

// mostWorkers bounds --workers: more than any machine has processors.
const mostWorkers = 1024

func runCommand(s streams) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [FILE…]",
		Short: "Play scenarios over their seeds and print a table of verdicts",
		Long: `Play scenario files over their seeds, on all processors, and print a table of
verdicts. Without a file: every shipped scenario. A folder stands for the .yaml files in it.
What is not there is looked for among the shipped ones, so that "leader-failure" is enough,
and "mit-6.5840" for all of that folder.

A failure prints what was violated in one line, the command that replays it and the one
that shrinks it; a panic also its stack. What no run tried, or hardly any, although the scenario wanted to, is
told at the end, and so is which faults came to do something and which states the runs
came through; after a hundred runs those that none did are named. Ctrl-C ends with what was found so far.

--check-determinism compares two plays of every run, event by event, and judges nothing else.`,
		Example: `  raftsim run
  raftsim run leader-failure --seeds 1..2000
  raftsim run my.yaml --seed 7 --json`,
		ValidArgsFunction: completeFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.mutant.become(cmd.Context(), s); err != nil {
				return err
			}
			return run(cmd.Context(), s, args, f)
		},
	}
	f.seeds.add(cmd)
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object a run, and no table")
	addOptional(cmd, &f.workers, "workers", "n", readCount(mostWorkers), "how many runs at once (default: one for each processor)")
	cmd.Flags().BoolVar(&f.first, "first", false, "end with the first violation")
	cmd.Flags().BoolVar(&f.turns, "turns", false, "let several files take turns, seed by seed")
	f.mutant.add(cmd)
	cmd.Flags().StringVar(&f.options.Without, "without", "", "do not judge this `property`")
	_ = cmd.Flags().MarkHidden("without") // the replay lines do not carry it: it is for raftsim mutants
	cmd.Flags().BoolVar(&f.determinism, "check-determinism", false, "play every run twice, and stop at the first event that differs")
	return cmd
}

func run(ctx context.Context, s streams, paths []string, f runFlags) error {
	if f.determinism && f.json {
		return errors.New("--check-determinism compares runs and prints no objects; give one of it and --json")
	}
	if known := script.Properties(); f.options.Without != "" && !slices.Contains(known, f.options.Without) {
		return fmt.Errorf("--without %s: unknown property; known are %s", quoted(f.options.Without), strings.Join(known, ", "))
	}
	seeds, err := f.seeds.pick(nil)
	if err != nil {
		return err
	}
	files, err := load(s, paths)
	if err != nil {
		return err
	}
	if err := f.mutant.asFilesSay(ctx, s, files); err != nil {
		return err
	}
	f.options.Mutant = mutated
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
		return checkDeterminism(ctx, s, jobs, total, &f)
	}

	t := newTable(files)
	p := newProgress(s, total)
	sweeping, enough := context.WithCancel(ctx)
	defer enough()
	found := false
	o := scenarios.SweepOptions{Workers: f.workers.value, Turns: f.turns, Run: f.options}
	sum := scenarios.Sweep(sweeping, jobs, o, func(r scenarios.Result) {
		if found {
			return // it was under way when the first was found
		}
		if f.first && r.Verdict == scenarios.Violation {
			found = true
			enough()
		}
		p.step(r.Scenario, r.Verdict != scenarios.Pass)
		t.add(&r)
		if f.json {
			p.clear()
			if s.printJSON(newRecord(&r, f.mutant.replay(&r))) != nil {
				enough() // nobody hears what more runs have to say
			}
			return
		}
		if r.Verdict != scenarios.Pass {
			if failure, stack := t.worthTelling(&r); failure {
				p.clear()
				tell(s, &r, &f.mutant, stack)
			}
		}
	})
	p.clear()
	if !f.json {
		t.print(s)
	}
	t.printUntold(s)
	interrupted := ctx.Err() != nil && sum.Interrupted
	p.conclude(interrupted)
	printCoverage(s, &sum)
	return conclude(s, sum, interrupted)
}

// tell prints a failure: the property in one line, the stack if it is wanted, the one command that replays it, and the one
// that shrinks it.
func tell(s streams, r *scenarios.Result, mutant *mutantFlag, stack bool) {
	s.sayf("%s\n", r.Line())
	if stack {
		s.sayf("%s\n", indented(r.Stack))
	}
	s.sayf("  replay: %s\n", mutant.replay(r))
	if shrink := r.Shrink(); shrink != "" {
		s.sayf("  shrink: %s\n", mutant.with(shrink))
	}
}

// indented sets a text of several lines in by two blanks.
func indented(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}

// conclude says what there is to say about the sweep as a whole, and picks the exit code. A sweep that was
// interrupted has not passed: whatever it found counts, and when that is nothing it is inconclusive.
func conclude(s streams, sum scenarios.Summary, interrupted bool) error {
	code := codeFor(sum.Verdicts)
	if interrupted && code == exitPass {
		code = exitInconclusive
	}
	for _, u := range sum.Unreached {
		s.sayf("%s: no seed reached %q, which the file says happens sometimes\n", u.File.Path, u.State)
		code = exitViolation
	}
	return end(code)
}

// completeFiles offers the shipped scenarios and lets the shell offer files.
func completeFiles(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	files, err := scenarios.Shipped()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, f := range files {
		if !slices.Contains(args, f.Short()) {
			names = append(names, f.Short())
		}
	}
	return names, cobra.ShellCompDirectiveDefault
}

// completeOneFile is completeFiles for commands that take one.
func completeOneFile(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return completeFiles(cmd, args, word)
}
