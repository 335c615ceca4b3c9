package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"raftsim/scenarios"
	"raftsim/scenarios/fuzz"
	"raftsim/scenarios/script"
)

// fuzzFlags are those of `raftsim fuzz`.
type fuzzFlags struct {
	strategy string
	from     optional[uint64]
	time     optional[time.Duration]
	count    optional[int]
	first    bool
	print    bool
	shard    optional[fuzz.Shard]
	total    optional[int]
	out      optional[string]
	resume   optional[string]
	workers  optional[int]
	nodes    optional[int]
	corpus   optional[string]
	states   bool
	json     bool
	mutant   mutantFlag
	// options are given to every run.
	options scenarios.Options
	now     func() time.Time
}

// mostFuzzNodes bounds --nodes.
const mostFuzzNodes = 9

// mostFuzzed bounds --count.
const mostFuzzed = 1_000_000_000

func fuzzCommand(s streams) *cobra.Command {
	f := fuzzFlags{now: time.Now}
	cmd := &cobra.Command{
		Use:   "fuzz",
		Short: "Hunt for failures in worlds drawn at random, on all processors",
		Long: `Play worlds that are drawn from one seed after the other: size, features, network, clients,
and what breaks when. It ends with --time, --count or --first, or with Ctrl-C, and prints
what failed, by property and roles, that with the fewest events first, each with the
commands that replay and shrink it.

--strategy swarm draws worlds with some classes of faults and without the others, priority
calm worlds with a few forced delays; guided mutates worlds that reached abstract states none
before had, and writes those that fail into files (to --corpus, or here). --print shows the
scenario of --seed, as a file.

--out writes results to a file as they come, one JSON object a line; a kill loses at most a
second of them, and --resume goes on after them. --shard 2/8 plays every eighth world from the
second; without it, the variables of Kubernetes (JOB_COMPLETION_INDEX), Bazel, GitLab and
Buildkite say which. raftsim merge makes one report of several files.`,
		Example: `  raftsim fuzz --time 1m
  raftsim fuzz --count 10000 --first
  raftsim fuzz --seed 173 --print
  raftsim fuzz --time 8h --resume night.jsonl
  raftsim fuzz --count 5000 --mutant quorum-third --first`,
		Args: wantNone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.mutant.become(cmd.Context(), s); err != nil {
				return err
			}
			return fuzzWorlds(cmd.Context(), s, f)
		},
	}
	cmd.Flags().StringVar(&f.strategy, "strategy", fuzz.Swarm, "how worlds are made: "+strings.Join(fuzz.Strategies(), ", "))
	_ = cmd.RegisterFlagCompletionFunc("strategy", cobra.FixedCompletions(fuzz.Strategies(), cobra.ShellCompDirectiveNoFileComp))
	addOptional(cmd, &f.from, "seed", "seed", readSeed, "the first seed (default 1)")
	addOptional(cmd, &f.time, "time", "time", readTime, "end after this time, such as 20s or 8h")
	addOptional(cmd, &f.count, "count", "n", readCount(mostFuzzed), "end after so many worlds; with --shard, of this part")
	cmd.Flags().BoolVar(&f.first, "first", false, "end with the first violation")
	cmd.Flags().BoolVar(&f.print, "print", false, "print the scenario of --seed and play nothing")
	addOptional(cmd, &f.shard, "shard", "k/n", fuzz.ParseShard, "play this part of the worlds, such as 2/8")
	addOptional(cmd, &f.total, "shard-total", "n", readCount(mostFuzzed), "of how many parts, where the environment says only which")
	addFile(cmd, &f.out, "out", "write results to this new file")
	addFile(cmd, &f.resume, "resume", "go on with this file of results; it is begun when it is not there")
	addOptional(cmd, &f.nodes, "nodes", "n", readCount(mostFuzzNodes), "have worlds begin with so many nodes (swarm and guided)")
	addFile(cmd, &f.corpus, "corpus", "keep what guided goes on from in this folder, and go on from what is there")
	cmd.Flags().BoolVar(&f.states, "states", false, "count the abstract states that are reached (guided always does)")
	addOptional(cmd, &f.workers, "workers", "n", readCount(mostWorkers), "how many worlds at once (default: one for each processor)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object for each world that did not pass, and no report")
	f.mutant.add(cmd)
	return cmd
}

func fuzzWorlds(ctx context.Context, s streams, f fuzzFlags) error {
	o := fuzz.Options{Strategy: f.strategy, From: 1, Count: uint64(f.count.value), Workers: f.workers.value, Run: f.options,
		Nodes: f.nodes.value, Corpus: f.corpus.value, States: f.states}
	if f.from.given {
		o.From = f.from.value
	}
	if err := fuzz.Check(f.strategy); err != nil {
		return err
	}
	switch guided := f.strategy == fuzz.Guided; {
	case f.print && !f.from.given:
		return errors.New("--print prints the scenario of one seed; give --seed")
	case f.corpus.given && !guided:
		return errors.New("--corpus is what --strategy guided goes on from; it does not go with others")
	case f.resume.given && guided && !f.corpus.given:
		return errors.New("guided goes on from what it has kept: --resume needs --corpus")
	case f.nodes.given && f.strategy == fuzz.Priority:
		return errors.New("--nodes goes with swarm and guided")
	case f.print:
		return printWorld(s, &f)
	}
	if f.out.given && f.resume.given {
		return errors.New("--out begins a file and --resume goes on with one; give one of them")
	}
	var err error
	if o.Shard = f.shard.value; !f.shard.given {
		if o.Shard, err = fuzz.ShardFrom(os.Getenv, uint64(f.total.value)); err != nil {
			return err
		}
	} else if f.total.given {
		return errors.New("--shard says of how many it is one; it does not go with --shard-total")
	}
	log, err := f.open(&o)
	if err != nil {
		return err
	}
	if f.time.given {
		var enough context.CancelFunc
		ctx, enough = context.WithTimeout(ctx, f.time.value)
		defer enough()
	}
	h := &hunted{s: s, f: &f, log: log, begun: f.now(), before: log.Totals()}
	h.next = h.begun.Add(fuzz.FlushEvery)
	err = fuzz.Run(ctx, o, h.each)
	if err != nil && log.Totals().Runs == h.before.Runs {
		return errors.Join(err, log.Close())
	}
	return cmp.Or(err, h.end(context.Cause(ctx) == context.Canceled))
}

// printWorld prints the scenario of a seed.
func printWorld(s streams, f *fuzzFlags) error {
	world, err := fuzz.World(f.strategy, f.from.value, f.nodes.value)
	if err != nil {
		return err
	}
	s.printf("%s", script.Format(world))
	return nil
}

// open opens the file of results, if there is to be one, and has the hunt go on after what is in it.
func (f *fuzzFlags) open(o *fuzz.Options) (*fuzz.Log, error) {
	h := fuzz.Header{
		Format: fuzz.Format, Strategy: o.Strategy, From: o.From, Shard: o.Shard.String(), Mutant: f.mutant.argument,
		Nodes: o.Nodes, Source: source(),
	}
	switch {
	case f.resume.given:
		log, err := fuzz.Resume(f.resume.value, h)
		if err != nil {
			return nil, err
		}
		o.Start = log.Totals().Next
		return log, nil
	case f.out.given:
		return fuzz.Create(f.out.value, h)
	}
	return fuzz.Discard(h), nil
}

// hunted takes in what was played.
type hunted struct {
	s      streams
	f      *fuzzFlags
	log    *fuzz.Log
	report fuzz.Report
	begun  time.Time
	next   time.Time
	before fuzz.Totals
	drawn  bool
	err    error
	// found says that the first violation was found and is enough.
	found bool
	// states is how many abstract states were reached, full that there may be more.
	states uint64
	full   bool
}

// each takes in a world, and says whether the hunt goes on.
func (h *hunted) each(p *fuzz.Played) bool {
	replay := h.f.mutant.replay(&p.Result)
	shrink := strings.Replace(replay, "raftsim replay ", "raftsim shrink ", 1)
	failure, err := h.log.Add(p, replay, shrink)
	h.states, h.full = p.States, p.Full
	if failure != nil {
		if p.Scenario != nil {
			if h.err = h.write(p); h.err != nil {
				return false
			}
		}
		h.report.Add(failure)
		if h.f.json {
			h.clear()
			if h.s.printJSON(newRecord(&p.Result, replay)) != nil {
				return false // nobody hears what more there is to say
			}
		}
		if h.f.first && p.Result.Verdict == scenarios.Violation {
			h.found = true
			return false
		}
	}
	if now := h.f.now(); !now.Before(h.next) || failure != nil && err == nil {
		err = h.log.Flush()
		if !now.Before(h.next) {
			h.next = now.Add(fuzz.FlushEvery)
			h.progress(now)
		}
	}
	h.err = err
	return err == nil
}

// write leaves a world that no seed stands for as a file.
func (h *hunted) write(p *fuzz.Played) error {
	return writeFile(p.Result.File, func(w io.Writer) error { _, err := w.Write(script.Format(p.Scenario)); return err })
}

// reached says how many abstract states were reached, where they are counted.
func (h *hunted) reached() string {
	switch {
	case h.states == 0:
		return ""
	case h.full:
		return fmt.Sprintf(", %d abstract states or more", h.states)
	}
	return fmt.Sprintf(", %d abstract states", h.states)
}

// progress says in a line how far the hunt is.
func (h *hunted) progress(now time.Time) {
	t := h.log.Totals()
	done := t.Runs - h.before.Runs
	text := fmt.Sprintf("fuzz %s: %s, %s%s, %.0f worlds/s", h.f.strategy, count(t.Runs, "world"), count(t.Violations, "violation"),
		h.reached(), float64(done)/max(now.Sub(h.begun).Seconds(), 1e-9))
	if h.s.live {
		h.s.passing("%s", text)
		h.drawn = true
		return
	}
	h.s.sayf("%s\n", text)
}

func (h *hunted) clear() {
	if h.drawn {
		h.s.passed()
		h.drawn = false
	}
}

// end closes the file and says what was found. A hunt that ran into its time has ended as it was to.
func (h *hunted) end(interrupted bool) error {
	h.clear()
	h.report.Totals = h.log.Totals()
	unwritten := errors.Join(h.err, h.log.Close())
	if !h.f.json {
		tellGroups(h.s, &h.report)
	}
	verb := "in"
	if interrupted {
		verb = "interrupted after"
	}
	t := &h.report.Totals
	h.s.sayf("%s, %s of virtual time, %s %.1fs; %d violations, %d inconclusive, %d errors%s\n", count(t.Runs, "world"),
		time.Duration(t.VirtualS*float64(time.Second)).Round(time.Second), verb, h.f.now().Sub(h.begun).Seconds(), t.Violations, t.Inconclusive, t.Errors, h.reached())
	if unwritten != nil {
		return fmt.Errorf("results cannot be written: %w", unwritten)
	}
	return end(codeForTotals(t))
}

// codeForTotals is the exit code of a hunt: the worst of what became of its worlds, as for a sweep. So 0 says that every world
// passed, and one whose history could not be settled, which is rare, makes it 3.
func codeForTotals(t *fuzz.Totals) exit {
	return codeFor(map[scenarios.Verdict]uint64{
		scenarios.Violation: t.Violations, scenarios.Error: t.Errors, scenarios.Inconclusive: t.Inconclusive,
		scenarios.Pass: t.Runs - t.Violations - t.Errors - t.Inconclusive,
	})
}

// tellGroups prints the failures, those of one kind together.
func tellGroups(s streams, r *fuzz.Report) {
	for i := range r.Groups {
		g := &r.Groups[i]
		color := red
		if g.Verdict == string(scenarios.Inconclusive) {
			color = yellow
		}
		s.printf("%s: %s\n", s.paint(color, g.Title()), count(g.Count, "world"))
		for k := range g.Failures {
			f := &g.Failures[k]
			s.printf("  %s\n    replay: %s\n", f.Line, f.Replay)
			if f.Verdict == string(scenarios.Violation) {
				s.printf("    shrink: %s\n", f.Shrink)
			}
		}
	}
}
