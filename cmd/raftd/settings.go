package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"
)

// prefix begins the names of the environment variables that are settings.
const prefix = "RAFTD_"

// variable is the environment variable that sets a flag.
func variable(flag string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// settled makes a command take its flags from the environment and from a file as well, before it runs.
func settled(s streams, cmd *cobra.Command) *cobra.Command {
	config := cmd.Flags().String("config", "", "a YAML file with settings, named as the flags are")
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := settle(cmd, s.env, config); err != nil {
			return usageError{err}
		}
		return run(cmd, args)
	}
	return cmd
}

// settle gives values to the flags that the command line did not set: what the environment says, otherwise the file.
func settle(cmd *cobra.Command, env []string, config *string) error {
	variables := make(map[string]string)
	for _, e := range env {
		if name, value, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, prefix) {
			variables[name] = value
		}
	}
	if v, ok := variables[variable("config")]; ok && !cmd.Flags().Changed("config") {
		*config = v
	}
	var errs []error
	given := make(map[string]bool)
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if given[f.Name] = f.Changed; f.Changed {
			return
		}
		if v, ok := variables[variable(f.Name)]; ok {
			given[f.Name] = true
			if err := cmd.Flags().Set(f.Name, v); err != nil {
				errs = append(errs, fmt.Errorf("%s=%s: %w", variable(f.Name), quoted(v), wrong(f, err)))
			}
		}
	})
	if *config != "" {
		errs = append(errs, readSettings(cmd, *config, given)...)
	}
	return errors.Join(errs...)
}

// wrong is what is wrong with a flag's value, without the flag, which was not given as one.
func wrong(f *pflag.Flag, err error) error {
	var value *pflag.InvalidValueError
	if errors.As(err, &value) {
		err = errors.Unwrap(value)
	}
	return explain(f, err)
}

// allSettings are the names that a file may hold: those of all commands, so that one file does for nodes and clients.
func allSettings(root *cobra.Command) []string {
	var names []string
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.Flags().Lookup("config") != nil {
			cmd.Flags().VisitAll(func(f *pflag.Flag) {
				if f.Name != "config" && f.Name != "help" {
					names = append(names, f.Name)
				}
			})
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
	slices.Sort(names)
	return slices.Compact(names)
}

// readSettings gives flags the values of a file, but for those that are given already.
func readSettings(cmd *cobra.Command, path string, given map[string]bool) []error {
	text, err := os.ReadFile(path)
	if err != nil {
		return []error{fmt.Errorf("the settings cannot be read: %w", err)}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return []error{fmt.Errorf("%s: %w", path, err)}
	}
	if doc.Kind == 0 {
		return nil // an empty file
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return []error{fmt.Errorf("%s: want lines such as data: /var/lib/raftd", path)}
	}
	var errs []error
	known, seen := allSettings(cmd.Root()), make(map[string]bool)
	pairs := doc.Content[0].Content
	for k := 0; k+1 < len(pairs); k += 2 {
		key, value := pairs[k], pairs[k+1]
		name := key.Value
		fail := func(err error) {
			errs = append(errs, fmt.Errorf("%s:%d:%d: %s: %w", path, value.Line, value.Column, name, err))
		}
		if !slices.Contains(known, name) {
			errs = append(errs, fmt.Errorf("%s:%d:%d: there is no setting %q%s", path, key.Line, key.Column, name, suggestion(name, known)))
			continue
		}
		if seen[name] {
			fail(errors.New("it was said before"))
			continue
		}
		seen[name] = true
		text, err := plainValue(value)
		if err != nil {
			fail(err)
			continue
		}
		f := cmd.Flags().Lookup(name)
		if f == nil || given[name] {
			continue
		}
		if err := cmd.Flags().Set(name, text); err != nil {
			fail(wrong(f, err))
		}
	}
	return errs
}

// plainValue is a value as the command line would have it: a list is joined by commas, and so is a mapping, as name=value.
func plainValue(n *yaml.Node) (string, error) {
	var parts []string
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value, nil
	case yaml.SequenceNode:
		for _, e := range n.Content {
			if e.Kind != yaml.ScalarNode {
				return "", errors.New("want a list of words")
			}
			parts = append(parts, e.Value)
		}
	case yaml.MappingNode:
		for k := 0; k+1 < len(n.Content); k += 2 {
			if n.Content[k].Kind != yaml.ScalarNode || n.Content[k+1].Kind != yaml.ScalarNode {
				return "", errors.New("want lines of a name and a word")
			}
			parts = append(parts, n.Content[k].Value+"="+n.Content[k+1].Value)
		}
	default:
		return "", errors.New("want a word, a list or a mapping")
	}
	return strings.Join(parts, ","), nil
}

// suggestion is a name that begins alike.
func suggestion(name string, known []string) string {
	name = strings.ReplaceAll(name, "_", "-")
	for _, k := range known {
		if k == name || strings.HasPrefix(k, name) || name != "" && strings.HasPrefix(name, k) {
			return "; did you mean " + k + "?"
		}
	}
	return "; see raftd serve --help"
}
