package main

import (
	"github.com/spf13/cobra"

	"raftsim/scenarios/script"
)

func schemaCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of scenario files, for editors",
		Long: `Print the JSON Schema of scenario files. An editor that knows it completes keys and marks
mistakes while you type: save it as schema.json beside the file, and begin the file with

  # yaml-language-server: $schema=./schema.json`,
		Example:               `  raftsim schema > schema.json`,
		Args:                  wantNone,
		ValidArgsFunction:     cobra.NoFileCompletions,
		DisableFlagsInUseLine: true,
		RunE: func(*cobra.Command, []string) error {
			_, err := s.out.Write(script.Schema())
			return err
		},
	}
}
