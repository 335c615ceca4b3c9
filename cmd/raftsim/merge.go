package main

import (
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"raftsim/scenarios/fuzz"
)

func mergeCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "merge FILE…",
		Short: "Make one report of what several raftsim fuzz found",
		Long: `Read files of results that raftsim fuzz wrote with --out or --resume, on this machine or
others, and print what failed, by property and roles, that with the fewest events first,
each with the commands that replay and shrink it. The exit code is that of one raftsim fuzz
that had played all of it.`,
		Example: `  raftsim merge results-*.jsonl`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("merge takes files of results, and was given none")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := fuzz.Merge(args)
			if err != nil {
				return err
			}
			tellGroups(s, r)
			t := &r.Totals
			s.sayf("%s: %s, %s of virtual time; %d violations, %d inconclusive, %d errors\n", count(uint64(r.Files), "file"),
				count(t.Runs, "world"), time.Duration(t.VirtualS*float64(time.Second)).Round(time.Second), t.Violations, t.Inconclusive, t.Errors)
			for _, parts := range r.Missing {
				s.sayf("not all of it is here; missing: shard %s\n", parts)
			}
			if len(r.Sources) > 1 {
				s.sayf("they are of different programs, and a seed may mean another run with each: %s\n", strings.Join(r.Sources, ", "))
			}
			return end(codeForTotals(t))
		},
	}
	return cmd
}
