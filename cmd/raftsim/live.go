//go:build !mutated

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"raftsim/scenarios"
	"raftsim/scenarios/live"
	"raftsim/scenarios/script"
)

// liveFlags are those of `raftsim live`.
type liveFlags struct {
	seeds   seedFlags
	json    bool
	compose bool
	slow    optional[int]
	raftd   optional[string]
	keep    optional[string]
}

func liveCommand(s streams) *cobra.Command {
	var f liveFlags
	cmd := &cobra.Command{
		Use:   "live FILE",
		Short: "Play a scenario with real nodes: processes or containers",
		Long: `Play a scenario file with real nodes: processes of raftd on loopback, or containers with
--compose. They write real files and speak gRPC, and a virtual second takes a second. All
that the file has done to them is done: SIGKILL and restart, SIGSTOP, timeouts, joining and
leaving, transfers; what they send each other goes through raftsim, which delays, loses,
repeats and cuts it, message by message. The clients are those of the simulator.

What they saw is checked as always, and so are the invariants, after every event of every
node; refinement alone is not. What cannot be done to real nodes (other clocks, timers that
miss their time, disks that fail) is named with its line and refused before anything starts.

No two runs are alike: the seed decides what the network and the clients draw, and nothing
of when a machine gets to its work. A run that was too slow on a busy machine is
inconclusive; --slow 3 has everything take three times as long. Without --seed and --seeds
it is the file's first seed.

raftd is looked for beside raftsim, then built where this is a checkout, then looked for in
PATH. A run that does not pass leaves the logs of its nodes, what happened, in order, and
what the clients saw, for raftsim check, in a folder that is named; --keep says which, and
keeps them of every run. Containers are those of make image, and want Docker with
docker-compose or docker compose. Ctrl-C ends all nodes.`,
		Example: `  raftsim live leader-failure
  raftsim live my.yaml --seeds 1..5 --keep out
  raftsim live late-joiner --compose`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("live takes one scenario file, not %d", len(args))
			}
			return nil
		},
		ValidArgsFunction: completeOneFile,
		RunE:              func(cmd *cobra.Command, args []string) error { return playLive(cmd.Context(), s, args[0], f) },
	}
	f.seeds.add(cmd)
	cmd.Flags().Lookup("seeds").Usage = "several seeds: 1..5, or 3,9 (default: the first of the file's)"
	cmd.Flags().BoolVar(&f.compose, "compose", false, "have the nodes be containers")
	addOptional(cmd, &f.slow, "slow", "n", readCount(mostSlow), "stretch all times n-fold, for a machine that is slow or busy")
	addFile(cmd, &f.raftd, "raftd", "the program of a node")
	f.keep.kind, f.keep.read = "folder", func(text string) (string, error) {
		if text == "" {
			return "", errors.New("want the name of a folder")
		}
		return text, nil
	}
	cmd.Flags().Var(&f.keep, "keep", "keep the nodes' data and logs of every run in this folder")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object a run, and no table")
	return cmd
}

// mostSlow bounds --slow.
const mostSlow = 1000

func playLive(ctx context.Context, s streams, path string, f liveFlags) error {
	if f.compose && f.raftd.given {
		return errors.New("--raftd is for processes; containers have the raftd of their image: give one of --compose and --raftd")
	}
	if f.raftd.given {
		if _, err := exec.LookPath(f.raftd.value); err != nil {
			return fmt.Errorf("--raftd %s: there is no such program", quoted(f.raftd.value))
		}
	}
	file, err := loadOne(s, path)
	if err != nil {
		return err
	}
	seeds, err := f.seeds.pick(script.Seeds{{First: file.Scenario.Seeds[0].First, Last: file.Scenario.Seeds[0].First}})
	if err != nil {
		return err
	}
	for seed := range seeds.All() {
		if err := live.Check(file, seed); err != nil {
			return sayRefused(s, file, err)
		}
	}
	dir, err := f.folder()
	if err != nil {
		return err
	}
	kept := f.keep.given
	defer func() {
		if !kept {
			os.RemoveAll(dir)
		}
	}()
	o := live.Options{Raftd: f.raftd.value, Compose: f.compose, Slow: f.slow.value}
	if !f.compose && !f.raftd.given {
		if o.Raftd, err = live.FindRaftd(ctx, dir); err != nil {
			return err
		}
	}
	t := newTable([]scenarios.File{file})
	done := 0
	verdicts := make(map[scenarios.Verdict]uint64)
	interrupted := false
	for seed := range seeds.All() {
		o.Dir = filepath.Join(dir, fmt.Sprintf("seed-%d", seed))
		r, err := live.Play(ctx, file, seed, o)
		if interrupted = ctx.Err() != nil && (err != nil || r.Interrupted); interrupted {
			break
		}
		if err != nil {
			kept = true
			return fmt.Errorf("%w\n  what there is to be seen of it: %s", err, o.Dir)
		}
		verdicts[r.Verdict]++
		t.add(&r.Result)
		done++
		if f.json && s.printJSON(newLiveRecord(&r, f.again(&r.Result))) != nil {
			break // nobody hears what more runs have to say
		}
		if faults := faultList(r.Faults); faults != "" {
			s.sayf("seed %d: faults that came to do something: %s\n", seed, faults)
		}
		switch {
		case r.Verdict != scenarios.Pass:
			kept = true
			s.sayf("%s\n  again: %s\n  its nodes' logs and what happened: %s\n", r.Line(), f.again(&r.Result), o.Dir)
		case !f.keep.given:
			os.RemoveAll(o.Dir)
		}
	}
	if !f.json {
		t.print(s)
	}
	t.printUntold(s)
	s.sayf("not judged of real nodes: %s\n", strings.Join(live.Unwatched(), ", "))
	code := codeFor(verdicts)
	if interrupted {
		s.sayf("interrupted after %d of %s\n", done, count(seeds.Len(), "run"))
		if code == exitPass || code == exitNothingRan {
			code = exitInconclusive
		}
	}
	return end(code)
}

// folder is where the runs keep what they have.
func (f *liveFlags) folder() (string, error) {
	if !f.keep.given {
		return os.MkdirTemp("", "raftsim-live-")
	}
	if names, err := os.ReadDir(f.keep.value); err == nil && len(names) > 0 {
		return "", fmt.Errorf("--keep %s: there is something in that folder; give a new one", quoted(f.keep.value))
	}
	return f.keep.value, os.MkdirAll(f.keep.value, 0o777)
}

// again is the command that plays a run of the same draws, which is not the same run.
func (f *liveFlags) again(r *scenarios.Result) string {
	command := strings.Replace(r.Replay(), "raftsim replay", "raftsim live", 1)
	if f.compose {
		command += " --compose"
	}
	if f.slow.given {
		command += fmt.Sprintf(" --slow %d", f.slow.value)
	}
	return command
}

// sayRefused prints why a scenario cannot be played with real nodes.
func sayRefused(s streams, file scenarios.File, err error) error {
	s.sayf("%v\nraftsim: %s cannot be played with real nodes; raftsim run plays it\n", err, file.Path)
	return exit(exitUsage)
}

// newLiveRecord is the record of a run with real nodes, which has no fingerprint.
func newLiveRecord(r *live.Result, again string) record {
	out := newRecord(&r.Result, again)
	out.Fingerprint = ""
	return out
}
