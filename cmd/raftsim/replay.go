package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"raftsim/checker"
	"raftsim/raft"
	"raftsim/scenarios"
	"raftsim/scenarios/script"
	"raftsim/sim"
)

// replayFlags are those of `raftsim replay`.
type replayFlags struct {
	seed    optional[uint64]
	log     bool
	trace   bool
	step    bool
	at      optional[time.Duration]
	event   optional[uint64]
	json    bool
	history optional[string]
	picture optional[string]

	mutant mutantFlag
	// options are given to the run.
	options scenarios.Options
}

func replayCommand(s streams) *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay FILE [--seed N]",
		Short: "Play one run again and look into it",
		Long: `Play one run of a scenario again: the same file, seed and source revision give the same
events. --log tells what the nodes and the scenario did, line by line, with virtual
time; --trace prints every event with the event that caused it; --at and --event stop
there and print every node's state. Without any of these, a violation is explained: the
events that led to it, and only those. --step goes through all events, forwards and
backwards, with every node's state.

FILE may also be what --trace has printed: it begins with the scenario and the seed. The
run is then compared with it, event by event, and has to be the same. --seed is needed
where the file is for more than one; of a file that expects a violation, it is by default
the first that violates as expected.

--history writes what the clients saw, for raftsim check to read. Where that is what was
wrong, --picture writes a page that draws it.`,
		Example: `  raftsim replay leader-failure --seed 7
  raftsim replay leader-failure --seed 7 --log
  raftsim replay leader-failure --seed 7 --at 3.2s
  raftsim replay leader-failure --seed 7 --event 4821
  raftsim replay leader-failure --seed 7 --trace > trace.txt
  raftsim replay trace.txt --step
  raftsim replay leader-failure --seed 7 --history history.jsonl`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("replay takes one scenario file, not %d", len(args))
			}
			return nil
		},
		ValidArgsFunction: completeOneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.mutant.become(cmd.Context(), s); err != nil {
				return err
			}
			return replay(cmd.Context(), s, args[0], f)
		},
	}
	addOptional(cmd, &f.seed, "seed", "seed", readSeed, "the seed of the run (default: that of the file, where it has one; see above)")
	cmd.Flags().BoolVar(&f.log, "log", false, "print what the nodes and the scenario log, with virtual time")
	cmd.Flags().BoolVar(&f.trace, "trace", false, "print every event and what caused it")
	cmd.Flags().BoolVar(&f.step, "step", false, "go through the events by hand, from the violation or the first one")
	addOptional(cmd, &f.at, "at", "time", readTime, "stop at this virtual time and print every node's state")
	addOptional(cmd, &f.event, "event", "id", readEvent, "stop after this event and print every node's state")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the run as one JSON object, and nothing else")
	addFile(cmd, &f.history, "history", "write what the clients saw to this file")
	addFile(cmd, &f.picture, "picture", "write a page that draws why the history is wrong to this file")
	f.mutant.add(cmd)
	return cmd
}

func replay(ctx context.Context, s streams, path string, f replayFlags) error {
	switch {
	case f.at.given && f.event.given:
		return errors.New("--at and --event both say where to stop; give one of them")
	case f.json && (f.log || f.trace || f.at.given || f.event.given):
		return errors.New("--json prints one object and nothing else: it does not go with --log, --trace, --at and --event")
	case f.step && (f.json || f.log || f.trace || f.at.given || f.event.given || f.history.given || f.picture.given):
		return errors.New("--step shows one event after the other: it does not go with what prints or writes a whole run")
	}
	file, seed, err := oneRun(ctx, s, path, f.seed, &f.mutant, f.options, "which run is to be played again?")
	if err != nil {
		return err
	}
	f.options.Mutant = mutated
	o := f.options
	if f.step {
		return step(s, file, seed, o)
	}
	if f.log {
		o.Log = func(at time.Duration, id raft.NodeID, line string) {
			s.printf("%s  %s\n", clock(at), logLine(id, line))
		}
	}
	if f.trace {
		s.printf("%s", file.TraceHead(seed, f.mutant.argument, source()))
		o.Trace = func(e *sim.Event) { s.printf("%s\n", scenarios.TraceLine(e)) }
	}
	if f.at.given || f.event.given {
		// At 0 the nodes boot, so that is the first moment at which there is something to see.
		o.StopAt, o.StopAtEvent = f.at.value, f.event.value
		if f.at.given {
			o.StopAt = max(o.StopAt, time.Nanosecond)
		}
		o.AtEnd = func(r *scenarios.Run) {
			s.printf("at %v, after event %d\n", r.Now(), r.Event())
			for _, v := range r.Nodes() {
				s.printf("%v\n", v)
			}
			if r.Now() < f.at.value || uint64(r.Event()) < f.event.value {
				s.sayf("the run ended there, before it came to %s\n", f.where())
			}
		}
	}
	res := file.Run(seed, o)
	if f.json {
		_ = s.printJSON(newRecord(&res, f.mutant.replay(&res)))
	} else {
		if f.trace {
			s.printf("%s\n", scenarios.TraceEnd(&res))
		}
		describe(s, &res)
		if res.Property != "" && !f.log && !f.trace && !f.at.given && !f.event.given {
			explain(s, file, seed, f.options)
		}
	}
	if f.history.given {
		err := writeFile(f.history.value, func(w io.Writer) error { return checker.WriteHistory(w, res.History) })
		if err != nil {
			return err
		}
	}
	if f.picture.given || res.Property == script.Linearizability {
		if err := drawHistory(s, f.picture.value, res.Linearizability); err != nil {
			return err
		}
	}
	return end(codeFor(map[scenarios.Verdict]uint64{res.Verdict: 1}))
}

// where is where the run was to be stopped.
func (f *replayFlags) where() string {
	if f.at.given {
		return f.at.value.String()
	}
	return fmt.Sprintf("event %d", f.event.value)
}

// logLine tells lines of the scenario itself from those of nodes, which are printed as they were logged.
func logLine(id raft.NodeID, line string) string {
	if id == raft.None {
		return "scenario: " + line
	}
	return line
}

// clock writes virtual time so that columns stay in line.
func clock(t time.Duration) string { return fmt.Sprintf("%12.6fs", t.Seconds()) }

// describe tells a person how one run ended.
func describe(s streams, r *scenarios.Result) {
	s.printf("%s  seed %d  %s\n", r.Scenario, r.Seed, s.paint(verdictColor(r.Verdict), string(r.Verdict)))
	if r.Verdict != scenarios.Pass && r.Verdict != scenarios.Stopped {
		s.printf("%s\n", r.Line())
		if r.Stack != "" {
			s.printf("%s\n", indented(r.Stack))
		}
	} else if r.Property != "" {
		s.printf("as expected, %s\n", r.Line())
	}
	s.printf("  %v of virtual time, %s, %s, %s, term %d\n",
		r.Virtual, count(r.Events, "event"), count(r.Commits, "commit"), count(r.Elections, "election"), r.Term)
	s.printf("  %s, %d with unknown outcome, fingerprint %016x\n", count(r.Ops, "operation"), r.OpsUnknown, r.Fingerprint)
	early := 0
	for _, line := range r.NotExercised {
		if r.Verdict != scenarios.Pass && strings.HasSuffix(line, scenarios.NotComeTo) {
			early++
			continue
		}
		s.printf("  not exercised: %s\n", line)
	}
	if early > 0 {
		s.printf("  it ended before %s of the timeline\n", entriesOf(early))
	}
}

func verdictColor(v scenarios.Verdict) string {
	switch v {
	case scenarios.Pass, scenarios.Stopped:
		return green
	case scenarios.Inconclusive:
		return yellow
	}
	return red
}
