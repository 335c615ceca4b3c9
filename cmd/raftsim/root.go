package main

import (
	"context"
	"errors"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// execute runs one command line and returns the exit code.
func execute(ctx context.Context, args []string, s streams) int {
	out := &results{to: s.out}
	s.out = out
	root := newRoot(s)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var quiet exit
	if err != nil && !errors.As(err, &quiet) {
		s.sayf("raftsim: %v\n", err)
	}
	if out.err != nil {
		s.sayf("raftsim: cannot write results: %v\n", out.err)
		return exitUsage
	}
	return codeOf(err)
}

func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "raftsim COMMAND",
		Short: "A deterministic simulation testbed for Raft",
		Long: `raftsim plays scenario files against a Raft cluster that lives in one process: its
clock, network and disks are simulated, and fail when the scenario says so. Every
invariant is checked after every event. One number, the seed, decides a whole run.

Exit codes: 0 all passed, 1 a violation, 2 usage or a bad scenario, 3 inconclusive,
4 nothing ran.`,
		Example: `  raftsim run                                   every shipped scenario, over its seeds
  raftsim run my.yaml --seeds 1..1000           one file, a thousand seeds
  raftsim replay my.yaml --seed 173 --log       one run, told line by line
  raftsim replay my.yaml --seed 173 --at 3.2s   every node's state at that time
  raftsim live my.yaml                          the same with real nodes
  raftsim check history.jsonl                   is what these clients saw linearizable?`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(runCommand(s), replayCommand(s), fuzzCommand(s), mergeCommand(s), shrinkCommand(s), checkCommand(s), benchCommand(s), mutantsCommand(s), schemaCommand(s), specCommand(s), liveCommand(s), soundCommand(s))
	// The sum that may be in it takes a moment, so it is made when it is asked for.
	cobra.AddTemplateFunc("source", source)
	root.SetVersionTemplate("raftsim version {{source}}\n")
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	describeCommands(root, s)
	return root
}

// version is the module's version or source revision, as far as the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	rev, dirty := "", ""
	for _, kv := range info.Settings {
		switch kv.Key {
		case "vcs.revision":
			rev = " " + kv.Value[:min(12, len(kv.Value))]
		case "vcs.modified":
			if kv.Value == "true" {
				dirty = "+"
			}
		}
	}
	return info.Main.Version + rev + dirty
}
