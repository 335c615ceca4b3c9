package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// execute runs one command line and returns the exit code.
func execute(ctx context.Context, args []string, s streams) int {
	root := newRoot(s)
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	err := root.ExecuteContext(ctx)
	var quiet exit
	if err != nil && !errors.As(err, &quiet) {
		s.sayf("raftsim: %v\n", err)
	}
	return codeOf(err)
}

func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "raftsim",
		Short: "A deterministic simulation testbed for Raft",
		Long: `raftsim plays scenario files against a Raft cluster that lives in one process: its
clock, network and disks are simulated, and fail when the scenario says so. Every
invariant is checked after every event. One number, the seed, decides a whole run.

Exit codes: 0 all passed, 1 a violation, 2 usage or a bad scenario, 3 inconclusive,
4 nothing ran.`,
		Example: `  raftsim run                                   every shipped scenario, over its seeds
  raftsim run my.yaml --seeds 1..1000           one file, a thousand seeds
  raftsim replay my.yaml --seed 173 --log       one run, told line by line
  raftsim replay my.yaml --seed 173 --at 3.2s   every node's state at that time`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("there is no command %q; see raftsim help", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Help()
			return exit(exitUsage)
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(runCommand(s), replayCommand(s), benchCommand(s), schemaCommand(s))
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
