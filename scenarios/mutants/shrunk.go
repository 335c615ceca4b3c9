package mutants

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"raftsim/scenarios"
)

// Shrunk is the minimal file that a catch was shrunk to.
type Shrunk struct {
	// File is its path, Entries and Nodes how many it has, Runs how many it took.
	File    string `json:"file"`
	Entries int    `json:"entries"`
	Nodes   int    `json:"nodes"`
	// CPU and Wall are what it took, in seconds.
	CPU  float64 `json:"cpu_s"`
	Wall float64 `json:"wall_s"`
}

// timesPlayed is how often a minimal file is played before it is believed.
const timesPlayed = 3

// shrink shrinks a catch into the folder for minimal files, and sees that what it wrote fails, each time the same, by the same
// property, and not with the shipped core.
func (h *Hunter) shrink(ctx context.Context, raftsim string, m *Mutant, c *Catch) (*Shrunk, error) {
	if err := os.MkdirAll(h.Minimal, 0o777); err != nil {
		return nil, err
	}
	s := &Shrunk{File: filepath.Join(h.Minimal, m.Name+".yaml")}
	out, took, err := h.played(ctx, raftsim, "shrink", "--seed", strconv.FormatUint(c.Seed, 10), "--mutant", m.Argument, "-o", s.File, "--", c.File)
	if err != nil {
		return nil, fmt.Errorf("mutant %s: %s: %w\n%s", m.Name, c.Replay, err, tail(string(out)))
	}
	s.CPU, s.Wall = took.cpu.Seconds(), took.wall.Seconds()
	f, err := scenarios.Load(s.File)
	if err != nil {
		return nil, err
	}
	s.Entries, s.Nodes = len(f.Scenario.Timeline), f.Scenario.Cluster.Nodes
	return s, h.believe(ctx, raftsim, m, c, f)
}

// believe plays a minimal file.
func (h *Hunter) believe(ctx context.Context, raftsim string, m *Mutant, c *Catch, f scenarios.File) error {
	seed := f.Scenario.Seeds[0].First
	before := ""
	for range timesPlayed {
		out, _, err := h.played(ctx, raftsim, "run", "--json", "--seed", strconv.FormatUint(seed, 10), "--", f.Path)
		var run struct{ Verdict, Property, Detail, Fingerprint string }
		if json.Unmarshal(out, &run) != nil || err != nil || run.Verdict != string(scenarios.Pass) || run.Property != c.Property {
			return fmt.Errorf("mutant %s: %s was shrunk to %s, which does not show it: %w\n%s", m.Name, c.Replay, f.Path, err, tail(string(out)))
		}
		if now := run.Fingerprint + " " + run.Detail; before != "" && now != before {
			return fmt.Errorf("mutant %s: %s does not do the same each time", m.Name, f.Path)
		} else {
			before = now
		}
	}
	sound := *f.Scenario
	sound.Mutant = ""
	f.Scenario = &sound
	if res := f.Run(seed, scenarios.Options{}); res.Verdict != scenarios.Violation {
		return fmt.Errorf("mutant %s: the core without a fault fails %s, too: %s", m.Name, f.Path, res.Line())
	}
	return nil
}

// spent is what a process took.
type spent struct{ cpu, wall time.Duration }

// played runs a raftsim to its end and returns what it printed on stdout, or on stderr where it failed.
func (h *Hunter) played(ctx context.Context, raftsim string, args ...string) ([]byte, spent, error) {
	cmd := exec.CommandContext(ctx, raftsim, args...)
	if h.Checkout.Sound != "" {
		cmd.Env = append(os.Environ(), SoundVariable+"="+h.Checkout.Sound)
	}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	begin := time.Now()
	err := cmd.Run()
	took := spent{wall: time.Since(begin)}
	if cmd.ProcessState != nil {
		took.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	if err != nil {
		return said.Bytes(), took, err
	}
	return out.Bytes(), took, nil
}
