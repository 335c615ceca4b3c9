package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// usageTemplate is how help ends, and all there is of it where a command line was wrong.
const usageTemplate = `Usage:
  {{.UseLine}}
{{- if .HasExample}}

Examples:
{{.Example}}
{{- end}}
{{- if .HasAvailableSubCommands}}

Commands:
{{- range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}
{{- end}}{{end}}
{{- end}}
{{- if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{- end}}
{{- if .HasAvailableSubCommands}}

{{.CommandPath}} COMMAND --help says more about a command.
{{- end}}
`

// describeCommands makes all commands under root tell of themselves, and of what was wrong, in the same way.
func describeCommands(root *cobra.Command, s streams) {
	root.SetUsageTemplate(usageTemplate)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(helpCommand())
	wantCommand(root, s)
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			cmd.Use = "completion SHELL"
			cmd.Short = "Print a script that makes a shell complete raftsim's words"
			cmd.Long = `Print a script that makes a shell complete commands, flags and scenarios. The help of each
shell's command says where the script goes; for this session of bash alone:

  source <(raftsim completion bash)`
			wantCommand(cmd, s)
		}
	}
	root.InitDefaultHelpFlag()
	root.InitDefaultVersionFlag()
	root.Flags().Lookup("help").Usage = "say what there is"
	root.Flags().Lookup("version").Usage = "print the version"
}

// wantCommand makes a command that only has others below it insist on one of them.
func wantCommand(cmd *cobra.Command, s streams) {
	cmd.DisableFlagsInUseLine = true
	cmd.SuggestionsMinimumDistance = 2
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return noCommand(cmd, args[0])
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cmd.SetOut(s.err) // it was not asked for
		_ = cmd.Help()
		return exit(exitUsage)
	}
}

func noCommand(parent *cobra.Command, name string) error {
	hint := "see " + parent.CommandPath() + " --help"
	if near := parent.SuggestionsFor(name); len(near) > 0 {
		hint = "did you mean " + parent.CommandPath() + " " + near[0] + "?"
	}
	return fmt.Errorf("there is no command %q; %s", parent.CommandPath()+" "+name, hint)
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:                   "help [COMMAND]",
		Short:                 "Say what a command does, and how it is used",
		DisableFlagsInUseLine: true,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if at, rest, err := cmd.Root().Find(args); err == nil && len(rest) == 0 {
				for _, sub := range at.Commands() {
					if sub.IsAvailableCommand() {
						names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			at, rest, err := cmd.Root().Find(args)
			if err != nil {
				at, rest = cmd.Root(), args
			}
			if len(rest) > 0 {
				return noCommand(at, rest[0])
			}
			at.InitDefaultHelpFlag()
			return at.Help()
		},
	}
}

// wantNone is for a command that takes no argument.
func wantNone(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no argument, and was given %q", cmd.CommandPath(), args[0])
	}
	return nil
}
