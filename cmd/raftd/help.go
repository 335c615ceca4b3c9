package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
		switch cmd.Name() {
		case "completion":
			cmd.Use = "completion SHELL"
			cmd.Short = "Print a script that makes a shell complete raftd's words"
			cmd.Long = `Print a script that makes a shell complete commands and flags. The help of each shell's
command says where the script goes; for this session of bash alone:

  source <(raftd completion bash)`
			wantCommand(cmd, s)
		case "member":
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
	return usagef("there is no command %q; %s", parent.CommandPath()+" "+name, hint)
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:                   "help [COMMAND]",
		Short:                 "Say what a command does, and how it is used",
		DisableFlagsInUseLine: true,
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

func usagef(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }

// wantArgs is for a command that takes exactly these arguments.
func wantArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == len(names):
			return nil
		case len(names) == 0:
			return usagef("%s takes no argument, and was given %q", cmd.CommandPath(), args[0])
		}
		return usagef("%s takes %d argument(s), %s, and was given %d", cmd.CommandPath(), len(names), strings.Join(names, " "), len(args))
	}
}

// flagError says what is wrong with a flag in the words of this program.
func flagError(cmd *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	switch {
	case errors.As(err, &value):
		err = fmt.Errorf("--%s %s: %w", value.GetFlag().Name, quoted(value.GetValue()), explain(value.GetFlag(), errors.Unwrap(value)))
	case errors.As(err, &unknown):
		name := "--" + unknown.GetSpecifiedName()
		if short := unknown.GetSpecifiedShortnames(); short != "" {
			name = "-" + short[:1]
		}
		err = fmt.Errorf("there is no flag %s", name)
		if near := nearFlag(cmd, unknown.GetSpecifiedName()); near != "" {
			return usagef("%w; did you mean --%s?", err, near)
		}
	case errors.As(err, &missing):
		err = fmt.Errorf("--%s wants a value", missing.GetFlag().Name)
	}
	return usagef("%w; see %s --help", err, cmd.CommandPath())
}

// explain says what a flag wants, where the library's words are for programmers.
func explain(f *pflag.Flag, err error) error {
	switch f.Value.Type() {
	case "bool":
		return errors.New("want true or false")
	case "duration":
		return errors.New("want a time such as 150ms or 2s")
	case "int", "int64", "uint64":
		return errors.New("want a whole number")
	}
	return err
}

// quoted shows a flag's value so that an empty one can be seen.
func quoted(value string) string {
	if strings.Trim(value, " ") != value || value == "" {
		return strconv.Quote(value)
	}
	return value
}

// nearFlag is a flag that begins as the word does, or the other way round; "" for none.
func nearFlag(cmd *cobra.Command, word string) string {
	near := ""
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if near == "" && (strings.HasPrefix(f.Name, word) || strings.HasPrefix(word, f.Name)) {
			near = f.Name
		}
	})
	return near
}
