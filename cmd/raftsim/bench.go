package main

import (
	"context"
	"fmt"
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
		Args:      cobra.OnlyValidArgs,
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runBench(cmd.Context(), s, args, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a workload, and no table")
	return cmd
}

func runBench(ctx context.Context, s streams, names []string, asJSON bool) error {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	if !asJSON {
		fmt.Fprintln(w, "workload\tns/event\tvirtual s/CPU s\tcommits/s\tallocs/event\tallocs/commit\tseeds/CPU s\t")
	}
	ran := 0
	for _, load := range bench.Workloads() {
		if len(names) > 0 && !contains(names, load.Name) || ctx.Err() != nil {
			continue
		}
		if s.live {
			s.sayf("\r\x1b[K%s …", load.Name)
		}
		f, err := load.Run()
		if s.live {
			s.sayf("\r\x1b[K")
		}
		if err != nil {
			return err
		}
		ran++
		if asJSON {
			if err := s.printJSON(f); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.2f\t%.2f\t%s\t\n", f.Workload, number(f.NsPerEvent), number(f.VirtualSPerCPUS),
			number(f.CommitsPerS), f.AllocsPerEvent, f.AllocsPerCommit, number(f.SeedsPerCPUS))
	}
	if !asJSON {
		w.Flush()
	}
	if ran == 0 {
		return exit(exitNothingRan)
	}
	return nil
}

// number leaves blank what a workload has no figure for.
func number(x float64) string {
	if x == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", x)
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}
