package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"raftsim/checker/spec"
	"raftsim/scenarios/script"
)

// specFlags are those of `raftsim spec`.
type specFlags struct {
	json  bool
	large bool
}

func specCommand(s streams) *cobra.Command {
	var f specFlags
	cmd := &cobra.Command{
		Use:   "spec [SEARCH…]",
		Short: "Search the specification that every node is held to",
		Long: `Visit every state of small clusters that the executable specification of Raft leads to, and
ask of each, and of each step, whether the invariants hold. The property refinement holds
nodes to that specification; this shows that it is worth it. Without a name: every search
that takes seconds.

The table says how many states there are within which bounds, how many steps lead from one
to another, and how many it takes to the farthest. They are the same on every machine. If an
invariant does not hold, the steps to where it does not are told, and the exit code is 1.`,
		Example: `  raftsim spec
  raftsim spec joint-consensus two-reads
  raftsim spec --large          larger bounds: half a minute or so, and a gigabyte`,
		ValidArgsFunction: completeSearches,
		RunE:              func(_ *cobra.Command, args []string) error { return searchSpec(s, args, f) },
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object a search, and no table")
	cmd.Flags().BoolVar(&f.large, "large", false, "make the large searches, too")
	return cmd
}

// searched is a search as --json prints it.
type searched struct {
	Search     string   `json:"search"`
	Bounds     string   `json:"bounds"`
	States     int      `json:"states"`
	Steps      int      `json:"steps"`
	Depth      int      `json:"depth"`
	Invariants []string `json:"invariants"`
	// Violated is the invariant that does not hold, Detail what is wrong, and Trace the steps there.
	Violated string   `json:"violated"`
	Detail   string   `json:"detail"`
	Trace    []string `json:"trace,omitempty"`
}

func searchSpec(s streams, names []string, f specFlags) error {
	picked, err := pickSearches(names, f.large)
	if err != nil {
		return err
	}
	leaveSignals()
	var invariants []string
	for _, v := range spec.Invariants() {
		invariants = append(invariants, v.Name)
	}
	var rows []searched
	for _, one := range picked {
		s.passing("%s …", one.Name)
		found, err := one.Search()
		s.passed()
		if err != nil {
			return err
		}
		row := searched{Search: one.Name, Bounds: one.Bounds.String(), States: found.States, Steps: found.Steps, Depth: found.Depth, Invariants: invariants}
		if v := found.Violation; v != nil {
			row.Violated, row.Detail, row.Trace = v.Invariant, v.Detail, v.Trace
		}
		rows = append(rows, row)
		if f.json {
			if s.printJSON(row) != nil {
				break // nobody hears what more there is
			}
		}
		if row.Violated != "" {
			break // one is enough
		}
	}
	last := &rows[len(rows)-1]
	if !f.json {
		printSearches(s, rows)
	}
	if last.Violated != "" {
		return exit(exitViolation)
	}
	return nil
}

// pickSearches are the searches of those names, or all.
func pickSearches(names []string, large bool) ([]spec.Bounded, error) {
	all := append(spec.Searches(), spec.LargeSearches()...)
	if len(names) == 0 {
		if large {
			return all, nil
		}
		return spec.Searches(), nil
	}
	var known []string
	for _, one := range all {
		known = append(known, one.Name)
	}
	var picked []spec.Bounded
	for _, name := range names {
		n := len(picked)
		for _, one := range all {
			if one.Name == name {
				picked = append(picked, one)
			}
		}
		if len(picked) > n {
			continue
		}
		if near := script.Nearest(name, known); near != "" {
			return nil, fmt.Errorf("there is no search %q: did you mean %s?", name, near)
		}
		return nil, fmt.Errorf("there is no search %q; there are %s", name, strings.Join(known, ", "))
	}
	return picked, nil
}

// printSearches prints the table, and what held, or what did not.
func printSearches(s streams, rows []searched) {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "search\tstates\tsteps\tdepth\twithin")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\n", r.Search, r.States, r.Steps, r.Depth, r.Bounds)
	}
	_ = w.Flush()
	last := &rows[len(rows)-1]
	if last.Violated == "" {
		s.printf("in every state and step of these hold %s\n", strings.Join(last.Invariants, ", "))
		return
	}
	s.printf("%s does not hold: %s\n", last.Violated, last.Detail)
	for _, step := range last.Trace {
		s.printf("  %s\n", step)
	}
}

func completeSearches(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	all, _ := pickSearches(nil, true)
	var names []string
	for _, one := range all {
		names = append(names, one.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
