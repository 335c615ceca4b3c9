package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"raftsim/scenarios"
	"raftsim/scenarios/mutants"
	"raftsim/scenarios/script"
)

// mutated is the name of the mutant that this raftsim is, set by the linker where one is built; "" in every other.
var mutated string

// mutantFlag is --mutant, which run and replay take.
type mutantFlag struct {
	argument string
	// inFile says that the scenario names the mutant itself, so that commands need not.
	inFile bool
}

func (f *mutantFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.argument, "mutant", "", "play with the deliberate fault of this `name` or file in the core (needs Go and a checkout)")
	_ = cmd.RegisterFlagCompletionFunc("mutant", completeMutants)
}

// become turns this process into the raftsim with the fault in, unless it is that or none is wanted. It returns
// only then, or with an error. Nothing may have been printed to stdout before.
func (f *mutantFlag) become(ctx context.Context, s streams) error {
	if f.argument == "" {
		f.argument = mutated
		return nil
	}
	if mutated != "" {
		if name := mutants.Name(f.argument); name != mutated {
			return fmt.Errorf("this raftsim has the fault %s in it: %s needs one without", mutated, name)
		}
		return nil
	}
	c, err := mutants.Open(".")
	if err != nil {
		return err
	}
	m, err := c.Find(f.argument)
	if err != nil {
		return err
	}
	s.passing("building mutant %s …", m.Name)
	raftsim, err := c.Build(ctx, m)
	s.passed()
	if ctx.Err() != nil {
		s.sayf("interrupted before mutant %s was built\n", m.Name)
		return exit(exitNothingRan)
	}
	if err != nil {
		return err
	}
	me, err := os.Executable()
	if err != nil {
		return err
	}
	if err := syscall.Exec(raftsim, os.Args, append(os.Environ(), mutants.SoundVariable+"="+me)); err != nil {
		return fmt.Errorf("mutant %s cannot be run: %w", m.Name, err)
	}
	return nil
}

// asFilesSay is become for the mutant that the files are for, if they are for one. What a flag says has to be the same.
func (f *mutantFlag) asFilesSay(ctx context.Context, s streams, files []scenarios.File) error {
	want := ""
	for i, file := range files {
		m := file.Scenario.Mutant
		if i > 0 && m != want {
			return fmt.Errorf("%s is for %s, and %s for %s: they take two runs", files[0].Path, coreOf(want), file.Path, coreOf(m))
		}
		want = m
	}
	if want == "" {
		return nil
	}
	if f.argument != "" && mutants.Name(f.argument) != script.MutantName(want) {
		return fmt.Errorf("%s is for %s, and not for %s", files[0].Path, coreOf(want), coreOf(f.argument))
	}
	f.inFile = true
	if mutated != "" {
		return nil
	}
	f.argument = want
	return f.become(ctx, s)
}

func coreOf(mutant string) string {
	if mutant == "" {
		return "the core without a fault"
	}
	return "mutant " + mutant
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./][A-Za-z0-9_./-]*$`)

// replay is the command that plays a run again, with the mutant it was found in.
func (f *mutantFlag) replay(r *scenarios.Result) string { return f.with(r.Replay()) }

// with is a command that is to run with the mutant.
func (f *mutantFlag) with(command string) string {
	switch {
	case f.argument == "" || f.inFile:
		return command
	case plainWord.MatchString(f.argument):
		return command + " --mutant " + f.argument
	}
	return command + " --mutant '" + strings.ReplaceAll(f.argument, "'", `'\''`) + "'"
}

// completeMutants offers the mutants that ship, where there is a checkout.
func completeMutants(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	c, err := mutants.Open(".")
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	all, err := c.Shipped()
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var names []string
	for _, m := range all {
		if !slices.Contains(args, m.Name) {
			names = append(names, m.Name)
		}
	}
	return names, cobra.ShellCompDirectiveDefault
}
