package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"raftsim/checker"
	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// checkFlags are those of `raftsim check`.
type checkFlags struct {
	json    bool
	picture optional[string]
	budget  optional[int]
}

// mostBudget is as many steps as --budget gives: about a quarter of an hour for one key.
const mostBudget = 1_000_000_000

func checkCommand(s streams) *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check HISTORY",
		Short: "Say whether a history of clients' operations is linearizable",
		Long: `Say whether a history is linearizable: whether all that clients were told can be explained
by operations that take effect one after the other, each between its call and its return.
"-" is the standard input. A history is a text file with one operation a line:

  {"client":3,"key":"x","operation":"put","argument":"v17","result":"","call":1200,"return":1900}

Times are in nanoseconds; without a return the outcome is unknown. Operations are get,
put, append, cas and delete. get and delete have an empty argument; a get's result is the
value, "" when there is none. A cas has {"expect":"a","put":"b"} as its argument's text,
and the value it saw as its result. A client has one operation under way at a time, but for
those that got no answer.

Each key is settled by the first tier that can: "witness" verifies an order, "zones" decides in
one pass where every value was written once, and what it finds wrong porcupine has to confirm;
"search" is porcupine.

The search for an explanation is bounded by a budget of steps for each key. What cannot
be told within it is inconclusive.`,
		Example: `  raftsim check history.jsonl
  raftsim check history.jsonl --picture history.html
  raftsim replay my.yaml --seed 7 --history history.jsonl    how to get one`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("check takes one history, not %d", len(args))
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: func(_ *cobra.Command, args []string) error { return check(s, args[0], f) },
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "print the verdict as one JSON object")
	addFile(cmd, &f.picture, "picture", "write a page that draws what cannot be explained to this file")
	addOptional(cmd, &f.budget, "budget", "n", readCount(mostBudget),
		fmt.Sprintf("how many steps to search for each key (default %d)", checker.DefaultBudget))
	return cmd
}

// checked is the verdict on a history as --json prints it. The operations are those of the key between the times,
// in nanoseconds, that no order explains, or that the search gave up on.
type checked struct {
	History    string `json:"history"`
	Verdict    string `json:"verdict"`
	Property   string `json:"property"`
	Detail     string `json:"detail"`
	Key        string `json:"key"`
	Operations int    `json:"operations"`
	From       int64  `json:"from"`
	To         int64  `json:"to"`
	Ops        int    `json:"ops"`
	OpsUnknown int    `json:"ops_unknown"`
	// Tier is what decided, or gave up: "witness", "zones" or "search".
	Tier  string `json:"tier"`
	Steps int    `json:"steps"`
}

func check(s streams, path string, f checkFlags) error {
	leaveSignals()
	h, err := readHistory(s, path)
	if err != nil {
		return err
	}
	out := checker.Linearizable(h, f.budget.value)
	ops, unknown := h.Len()
	verdict, detail := scenarios.Pass, ""
	if ops == 0 {
		detail = "nothing was checked"
	}
	switch {
	case out.Fault != "":
		verdict, detail = scenarios.Error, out.String()
	case out.Verdict == checker.VerdictNotLinearizable:
		verdict, detail = scenarios.Violation, out.String()
	case out.Verdict == checker.VerdictInconclusive:
		verdict, detail = scenarios.Inconclusive, out.String()
	}
	property := ""
	if verdict == scenarios.Violation || verdict == scenarios.Inconclusive {
		property = script.Linearizability
	}
	if f.json {
		_ = s.printJSON(checked{
			History: path, Verdict: string(verdict), Property: property, Detail: detail, Key: out.Key, Operations: out.Operations,
			From: int64(out.From), To: int64(out.To), Ops: ops, OpsUnknown: unknown, Tier: out.Tier.String(), Steps: out.Steps,
		})
	} else {
		shown := s.paint(verdictColor(verdict), string(verdict))
		if ops == 0 {
			shown = "nothing was checked"
		}
		s.printf("%s  %s\n", path, shown)
		switch {
		case property != "":
			s.printf("%s: %s\n", property, detail)
		case detail != "" && ops > 0:
			s.printf("%s\n", detail)
		}
		s.printf("  %s, %d with unknown outcome; tier %v, %s\n",
			count(uint64(ops), "operation"), unknown, out.Tier, count(uint64(out.Steps), "step"))
	}
	if ops == 0 {
		s.sayf("raftsim: %s holds no operation, so there was nothing to check\n", path)
		return exit(exitNothingRan)
	}
	if err := drawHistory(s, f.picture.value, &out); err != nil {
		return err
	}
	if verdict == scenarios.Inconclusive {
		s.sayf("  --budget N searches longer\n")
	}
	return end(codeFor(map[scenarios.Verdict]uint64{verdict: 1}))
}

// readHistory reads the history at a path, "-" for the standard input. What is wrong with it is said line by line.
func readHistory(s streams, path string) (*checker.History, error) {
	in := s.in
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	h, err := checker.ReadHistory(in)
	if err == nil {
		return h, nil
	}
	if errors.Is(err, syscall.EISDIR) {
		return nil, fmt.Errorf("%s is a folder; a history is a file", path)
	}
	for line := range strings.Lines(err.Error()) {
		s.sayf("%s: %s\n", path, strings.TrimRight(line, "\n"))
	}
	return nil, exit(exitUsage)
}

// drawHistory writes the picture of what a check could not explain, if one is wanted, and otherwise says how to get it.
func drawHistory(s streams, path string, out *checker.Outcome) error {
	drawable := out != nil && out.Verdict != checker.VerdictLinearizable
	switch {
	case path != "" && out == nil:
		s.sayf("no picture was written: the clients' history was not checked\n")
	case path == "" && drawable:
		s.sayf("  --picture FILE draws it\n")
	case path != "" && !drawable:
		s.sayf("no picture was written: there is nothing in the history that cannot be explained\n")
	case path != "":
		return writeFile(path, out.WritePicture)
	}
	return nil
}

// writeFile makes a file of what fill writes.
func writeFile(path string, fill func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	return errors.Join(fill(w), w.Flush(), file.Close())
}
