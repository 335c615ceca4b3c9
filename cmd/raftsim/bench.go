package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"raftsim/scenarios/bench"
)

func benchCommand(s streams) *cobra.Command {
	var asJSON bool
	names := make([]string, 0, 8)
	about := &strings.Builder{}
	for _, w := range bench.Workloads() {
		names = append(names, w.Name)
		fmt.Fprintf(about, "  %-20s %s\n", w.Name, w.About)
	}
	cmd := &cobra.Command{
		Use:   "bench [WORKLOAD…]",
		Short: "Measure how fast the testbed is",
		Long: `Measure workloads one after the other, each on one processor, in CPU time, with
everything on: durable log, every invariant after every event, fingerprint. Let nothing
else run meanwhile.

` + strings.TrimRight(about.String(), "\n"),
		Example: `  raftsim bench
  raftsim bench idle-3 load-3 --json`,
		Args: func(_ *cobra.Command, args []string) error {
			for _, name := range args {
				if !slices.Contains(names, name) {
					return fmt.Errorf("there is no workload %q; there are %s", name, strings.Join(names, ", "))
				}
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			left := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(args, name) })
			return left, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runBench(cmd.Context(), s, args, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a workload, and no table")
	return cmd
}

func runBench(ctx context.Context, s streams, names []string, asJSON bool) error {
	var loads []bench.Workload
	for _, load := range bench.Workloads() {
		if len(names) == 0 || slices.Contains(names, load.Name) {
			loads = append(loads, load)
		}
	}
	var measured []bench.Figures
	var failed error
	for _, load := range loads {
		if ctx.Err() != nil {
			break
		}
		s.passing("%s …", load.Name)
		f, err := load.Run()
		s.passed()
		if err != nil {
			failed = err
			break
		}
		measured = append(measured, f)
		if asJSON && s.printJSON(f) != nil {
			break
		}
	}
	if !asJSON {
		printFigures(s, measured)
	}
	switch {
	case failed != nil:
		return failed
	case len(measured) < len(loads):
		s.sayf("interrupted after %d of %d workloads\n", len(measured), len(loads))
	}
	if len(measured) == 0 {
		return exit(exitNothingRan)
	}
	return nil
}

func printFigures(s streams, all []bench.Figures) {
	names := []string{"workload"}
	for _, f := range all {
		names = append(names, f.Workload)
	}
	left := toTheLeft(names)
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, left("workload")+"\tns/event\tvirtual s/CPU s\tcommits/s\tallocs/event\tallocs/commit\tseeds/CPU s\t")
	for _, f := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.2f\t%.2f\t%s\t\n", left(f.Workload), number(f.NsPerEvent), number(f.VirtualSPerCPUS),
			number(f.CommitsPerS), f.AllocsPerEvent, f.AllocsPerCommit, number(f.SeedsPerCPUS))
	}
	w.Flush()
}

// number leaves blank what a workload has no figure for.
func number(x float64) string {
	if x == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", x)
}
