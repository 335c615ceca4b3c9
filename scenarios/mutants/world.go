package mutants

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"raftsim/checker"
	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// Worlds are the scenarios that mutants are hunted with: chaos-5, then all that ship.
func Worlds() ([]scenarios.File, error) {
	chaos, err := scenarios.Load(scenarios.Chaos)
	if err != nil {
		return nil, err
	}
	shipped, err := scenarios.Shipped()
	return append([]scenarios.File{chaos}, shipped...), err
}

// Alone returns a scenario that is played like f and expects one invariant of [checker.Properties] and nothing
// else, so that no other check can end the run before it; or that the history is linearizable, and of the invariants one that says
// nothing of reads. Panics and failed boots remain violations. The scenario is
// written into the cache, where replay commands find it.
func (c *Checkout) Alone(f scenarios.File, property string) (scenarios.File, error) {
	text, err := alone(f, property)
	if err != nil {
		return scenarios.File{}, err
	}
	path := filepath.Join(c.Cache, f.Scenario.Name+"-"+property+".yaml")
	if err := write(path, text); err != nil {
		return scenarios.File{}, err
	}
	return scenarios.Parse(path, text)
}

func alone(f scenarios.File, property string) ([]byte, error) {
	always, history := property, property == script.Linearizability
	if known := checker.Properties(); history {
		always = "election-safety"
	} else if !slices.Contains(known, property) {
		return nil, fmt.Errorf("%s cannot be checked alone: it is none of %s", property, strings.Join(known, ", "))
	}
	var text strings.Builder
	inside := false
	for line := range strings.Lines(string(f.Source)) {
		if strings.TrimSpace(line) != "" && !strings.ContainsAny(line[:1], " \t-#") {
			inside = strings.HasPrefix(line, "expect:")
		}
		if !inside {
			text.WriteString(line)
		}
	}
	fmt.Fprintf(&text, "\nexpect:\n  - always: [%s]\n", always)
	if history {
		text.WriteString("  - history: linearizable\n")
	}
	out := []byte(text.String())
	made, err := scenarios.Parse(f.Path, out)
	if err != nil {
		return nil, fmt.Errorf("%s with %s alone: %w", f.Path, property, err)
	}
	if x := made.Scenario.Expect; len(x) == 1 && !history || len(x) == 2 && history {
		if a, ok := x[0].Want.(script.Always); ok && slices.Equal(a.Properties, []string{always}) {
			return out, nil
		}
	}
	return nil, fmt.Errorf("%s: expect has to begin in the first column to be replaced", f.Path)
}

// write puts a file in place whole, whoever else does the same.
func write(path string, text []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
		return nil
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".world-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
