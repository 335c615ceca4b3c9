package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"raftsim/raft"
	"raftsim/scenarios"
	"raftsim/scenarios/script"
	"raftsim/sim"
)

// replayFlags are those of `raftsim replay`.
type replayFlags struct {
	seed  string
	log   bool
	trace bool
	at    time.Duration
	event uint64
	json  bool
}

func replayCommand(s streams) *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay FILE --seed N",
		Short: "Play one run again and look into it",
		Long: `Play one run of a scenario again: the same file, seed and source revision give the same
events. --log tells what the nodes did, line by line, with virtual time; --trace
prints every event with the event that caused it; --at and --event stop there and
print every node's state.`,
		Example: `  raftsim replay leader-failure --seed 7
  raftsim replay leader-failure --seed 7 --log
  raftsim replay leader-failure --seed 7 --at 3.2s
  raftsim replay leader-failure --seed 7 --event 4821`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("replay takes one scenario file, not %d", len(args))
			}
			return nil
		},
		ValidArgsFunction: completeFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			return replay(s, args[0], f, cmd.Flags().Changed("at"))
		},
	}
	cmd.Flags().StringVar(&f.seed, "seed", "", "the `seed` of the run (required)")
	cmd.Flags().BoolVar(&f.log, "log", false, "print the nodes' log lines with virtual time")
	cmd.Flags().BoolVar(&f.trace, "trace", false, "print every event and what caused it")
	cmd.Flags().DurationVar(&f.at, "at", 0, "stop at this virtual `time` and print every node's state")
	cmd.Flags().Uint64Var(&f.event, "event", 0, "stop after this event `id` and print every node's state")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the run as one JSON object")
	return cmd
}

func replay(s streams, path string, f replayFlags, at bool) error {
	seed, err := oneSeed(f.seed)
	if err != nil {
		return err
	}
	switch {
	case at && f.event != 0:
		return errors.New("--at and --event both say where to stop; give one of them")
	case f.at < 0:
		return fmt.Errorf("--at %v is before the run begins", f.at)
	}
	file, err := scenarios.Load(path)
	if err != nil {
		return badScenario(s, err)
	}
	var o scenarios.Options
	if f.log {
		o.Log = func(at time.Duration, id raft.NodeID, line string) { s.printf("%s  %s\n", clock(at), line) }
	}
	if f.trace {
		o.Trace = func(e *sim.Event) { s.printf("%v\n", e) }
	}
	looking := at || f.event != 0
	if looking {
		o.StopAt, o.StopAtEvent = f.at, f.event
		o.AtEnd = func(r *scenarios.Run) { printNodes(s, r) }
	}
	res := file.Run(seed, o)
	if f.json {
		if err := s.printJSON(newRecord(&res)); err != nil {
			return err
		}
	} else {
		describe(s, &res)
	}
	return end(codeFor(map[scenarios.Verdict]uint64{res.Verdict: 1}))
}

// clock writes virtual time so that columns stay in line.
func clock(t time.Duration) string { return fmt.Sprintf("%12.6fs", t.Seconds()) }

func oneSeed(text string) (uint64, error) {
	if text == "" {
		return 0, errors.New("--seed is missing: which run is to be played again?")
	}
	seeds, err := parseSeeds("--seed", text)
	if err != nil {
		return 0, err
	}
	if seeds.Len() != 1 {
		return 0, fmt.Errorf("--seed %s names %d seeds; replay plays one", text, seeds.Len())
	}
	return seeds[0].First, nil
}

// badScenario prints what is wrong with a file, and stands for exit code 2.
func badScenario(s streams, err error) error {
	var errs script.Errors
	if errors.As(err, &errs) {
		s.sayf("%v\n", errs)
		return exit(exitUsage)
	}
	return err
}

// describe tells a person how one run ended.
func describe(s streams, r *scenarios.Result) {
	color := red
	switch r.Verdict {
	case scenarios.Pass, scenarios.Stopped:
		color = green
	case scenarios.Inconclusive:
		color = yellow
	}
	s.printf("%s  seed %d  %s\n", r.Scenario, r.Seed, s.paint(color, string(r.Verdict)))
	if r.Verdict != scenarios.Pass && r.Verdict != scenarios.Stopped {
		s.printf("%s\n", r.Line())
		if r.Stack != "" {
			s.printf("%s\n", r.Stack)
		}
	}
	s.printf("  %v of virtual time, %d events, %d commits, %d elections, term %d\n", r.Virtual, r.Events, r.Commits, r.Elections, r.Term)
	s.printf("  %d operations, %d with unknown outcome, fingerprint %016x\n", r.Ops, r.OpsUnknown, r.Fingerprint)
	for _, line := range r.NotExercised {
		s.printf("  not exercised: %s\n", line)
	}
}
