package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagError says what is wrong with a flag in the words of this program.
func flagError(cmd *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	switch {
	case errors.As(err, &value):
		why := errors.Unwrap(value)
		if value.GetFlag().Value.Type() == "bool" {
			why = errors.New("want true or false")
		}
		err = fmt.Errorf("--%s %s: %w", value.GetFlag().Name, quoted(value.GetValue()), why)
	case errors.As(err, &unknown):
		name := "--" + unknown.GetSpecifiedName()
		if short := unknown.GetSpecifiedShortnames(); short != "" {
			name = "-" + short[:1]
		}
		err = fmt.Errorf("there is no flag %s", name)
		if near := nearFlag(cmd, unknown.GetSpecifiedName()); near != "" {
			return fmt.Errorf("%w; did you mean --%s?", err, near)
		}
	case errors.As(err, &missing):
		err = fmt.Errorf("--%s wants a value", missing.GetFlag().Name)
	}
	return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
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

// optional is a flag's value that may not have been given, and at most once.
type optional[T any] struct {
	value T
	given bool
	read  func(string) (T, error)
	kind  string
}

// String is empty, so that help shows no default.
func (o *optional[T]) String() string { return "" }

// Type is what help and completion call the value.
func (o *optional[T]) Type() string { return o.kind }

func (o *optional[T]) Set(text string) error {
	if o.given {
		return errors.New("given twice")
	}
	v, err := o.read(text)
	if err != nil {
		return err
	}
	o.value, o.given = v, true
	return nil
}

// addOptional gives a command a flag whose value is of some kind, as help calls it, and no file.
func addOptional[T any](cmd *cobra.Command, o *optional[T], name, kind string, read func(string) (T, error), usage string) {
	o.kind, o.read = kind, read
	cmd.Flags().Var(o, name, usage)
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
}

// addFile gives a command a flag that names a file to be written.
func addFile(cmd *cobra.Command, o *optional[string], name, usage string) {
	addFileShort(cmd, o, name, "", usage)
}

// addFileShort is addFile for a flag that has a letter, too.
func addFileShort(cmd *cobra.Command, o *optional[string], name, letter, usage string) {
	o.kind, o.read = "file", func(text string) (string, error) {
		if text == "" {
			return "", errors.New("want the name of a file")
		}
		return text, nil
	}
	cmd.Flags().VarP(o, name, letter, usage)
}

// readTime reads a virtual time.
func readTime(text string) (time.Duration, error) {
	t, err := time.ParseDuration(text)
	switch {
	case err != nil && isNumber(text):
		return 0, fmt.Errorf("it has no unit; write %ss", text)
	case err != nil:
		return 0, errors.New("want a time such as 3.2s or 150ms")
	case t < 0:
		return 0, errors.New("that is before the run begins")
	}
	return t, nil
}

func isNumber(text string) bool {
	return strings.Trim(text, "0123456789.") == "" && strings.Trim(text, ".") != ""
}

// readEvent reads the id of an event.
func readEvent(text string) (uint64, error) {
	id, err := strconv.ParseUint(strings.TrimPrefix(text, "#"), 10, 64)
	if err != nil || id == 0 {
		return 0, errors.New("want the id of an event; they count from 1")
	}
	return id, nil
}

// readCount reads a whole number from 1 to most.
func readCount(most int) func(string) (int, error) {
	return func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > most {
			return 0, fmt.Errorf("want a whole number from 1 to %d", most)
		}
		return n, nil
	}
}
