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
		s.sayf("raftd: %v\n", err)
	}
	if out.err != nil {
		s.sayf("raftd: cannot write results: %v\n", out.err)
		return exitFailed
	}
	return codeOf(err)
}

func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "raftd COMMAND",
		Short: "A node of a replicated key-value store, and its client",
		Long: `raftd serve is a node of a Raft cluster that keeps keys and values. The other commands speak
to a cluster: to any of its nodes, which leads them to the leader.

Every flag can be set by an environment variable too, --data by RAFTD_DATA and so on, and by
a line of a YAML file that --config or RAFTD_CONFIG names: "data: /var/lib/raftd". The command
line counts before the environment, and that before the file.

Exit codes: 0 done, 1 it could not be done, 2 usage or a wrong setting, 3 no (a cas that found
another value, a node that is not well), 4 it is not known whether it was done.`,
		Example: `  raftd serve --id n1 --data n1 --listen 127.0.0.1:7101 --peers n1=127.0.0.1:7101
  raftd put color blue --endpoints 127.0.0.1:7101
  raftd get color --endpoints 127.0.0.1:7101
  raftd status --endpoints 127.0.0.1:7101`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(serveCommand(s), getCommand(s), putCommand(s), appendCommand(s), casCommand(s), deleteCommand(s),
		statusCommand(s), memberCommand(s), transferCommand(s), snapshotCommand(s), healthCommand(s), certsCommand(s))
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
