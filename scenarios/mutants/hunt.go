package mutants

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"raftsim/scenarios"
)

// SeedsPerHunt is how many seeds a hunt has: hunt h those from h*1000+1 on, h from 0.
const SeedsPerHunt = 1000

// Hunter hunts mutants. Its fields are not altered once a hunt has begun.
type Hunter struct {
	Checkout *Checkout
	// Worlds are played in turns: every seed with each of them before the next seed. Their paths are such that a raftsim
	// started in the same folder finds them.
	Worlds []scenarios.File
	// Property, when not empty, is the only one whose violation counts.
	Property string
	// Hunts is how many times a mutant is hunted, each time with seeds of its own; at least 1.
	Hunts int
	// Seeds bounds the seeds of a hunt, 0 for [SeedsPerHunt], which is the most.
	Seeds uint64
	// Weigh says that each mutant that was caught is hunted once more without the check that saw it; see [Without].
	Weigh bool
	// Minimal, when not empty, is a folder that the first catch of each mutant is shrunk into; see [Shrunk].
	Minimal string
	// Each, when not nil, is told of every hunt that ended.
	Each func(m *Mutant, hunt int, c *Catch)
}

// Catch is how one hunt ended.
type Catch struct {
	// Caught says that a run was a violation, and that the same run of the shipped core is none.
	Caught bool
	// Seeds is how many were tried, the last one included; Runs how many runs that took.
	Seeds, Runs uint64
	// Property and Detail are those of the violation, and Replay is the command that plays the run again: that of File with Seed.
	Property, Detail, Replay string
	File                     string
	Seed                     uint64
	// Errors counts runs before it that showed a fault of the testbed, or a process that contradicts itself.
	Errors uint64
	// Alarms are runs before it that the shipped core fails as well, as commands that play them again
	// with it: no catch, but a finding.
	Alarms []string
}

// Hunt builds the mutant and hunts it. An error says that it could not be: it does not build, a run of it did not end, or a
// catch of it could not be shrunk.
// When ctx ends, the score is of the hunts before, and the error is ctx's.
func (h *Hunter) Hunt(ctx context.Context, m *Mutant) (Score, error) {
	var catches []Catch
	score := func() Score {
		s := Sum(catches)
		s.Mutant, s.Expected = m.Name, m.Property
		return s
	}
	raftsim, err := h.Checkout.Build(ctx, m)
	if err != nil {
		return score(), err
	}
	for hunt := range h.Hunts {
		c, err := h.once(ctx, raftsim, m, quarry{first: uint64(hunt)*SeedsPerHunt + 1, most: h.seeds()})
		if err != nil {
			return score(), err
		}
		if h.Each != nil {
			h.Each(m, hunt, &c)
		}
		catches = append(catches, c)
	}
	s := score()
	if h.Weigh && s.Property != "" {
		if s.Without, err = h.without(ctx, raftsim, m, &s); err != nil {
			return s, err
		}
	}
	if c := firstOf(catches, s.Property); h.Minimal != "" && c != nil {
		s.Shrunk, err = h.shrink(ctx, raftsim, m, c)
	}
	return s, err
}

// seeds is how many a hunt has.
func (h *Hunter) seeds() uint64 {
	if h.Seeds == 0 || h.Seeds > SeedsPerHunt {
		return SeedsPerHunt
	}
	return h.Seeds
}

// quarry is what one hunt is after.
type quarry struct {
	// first is the first of its seeds, most how many there are.
	first, most uint64
	// without is a property that is not judged, "" for none.
	without string
}

// mostSilent is how long a mutant may take for one run. It is a guard against faults that keep a core busy for ever; no verdict
// rests on it.
const mostSilent = 2 * time.Minute

// mostLine bounds the length of a line, in bytes.
const mostLine = 1 << 20

// errSilent says that a mutant was ended because it did not finish a run.
var errSilent = errors.New("it did not finish a run")

// errCaught ends a mutant that was caught.
var errCaught = errors.New("it was caught")

// once hunts with the seeds of one hunt.
func (h *Hunter) once(ctx context.Context, raftsim string, m *Mutant, q quarry) (Catch, error) {
	args := []string{"run", "--json", "--turns", "--mutant", m.Argument,
		"--seeds", strconv.FormatUint(q.first, 10) + ".." + strconv.FormatUint(q.first+q.most-1, 10)}
	if q.without != "" {
		args = append(args, "--without", q.without)
	}
	args = append(args, "--")
	worlds := h.worlds(q.without)
	for _, w := range worlds {
		args = append(args, w.Path)
	}
	watched, end := context.WithCancelCause(ctx)
	defer end(nil)
	cmd := exec.CommandContext(watched, raftsim, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return Catch{}, err
	}
	if err := cmd.Start(); err != nil {
		return Catch{}, err
	}
	silence := time.AfterFunc(mostSilent, func() { end(errSilent) })
	defer silence.Stop()

	c, broken := Catch{}, error(nil)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, mostLine)
	for !c.Caught && broken == nil && lines.Scan() {
		silence.Reset(mostSilent)
		broken = h.take(&c, lines.Bytes(), q)
	}
	if c.Caught || broken != nil {
		end(errCaught)
	}
	_ = cmd.Wait() // with what it ends says nothing more
	switch {
	case c.Caught:
		return c, nil
	case ctx.Err() != nil:
		return c, ctx.Err()
	case errors.Is(context.Cause(watched), errSilent):
		return c, fmt.Errorf("mutant %s: after %d runs %w within %v", m.Name, c.Runs, errSilent, mostSilent)
	case broken != nil:
		return c, fmt.Errorf("mutant %s: %w", m.Name, broken)
	case c.Runs != q.most*uint64(len(worlds)):
		return c, fmt.Errorf("mutant %s ended (%v) after %d of %d runs:\n%s", m.Name, cmd.ProcessState, c.Runs,
			q.most*uint64(len(worlds)), tail(said.String()))
	}
	return c, nil
}

// take counts one run, as `raftsim run --json` prints it.
func (h *Hunter) take(c *Catch, line []byte, q quarry) error {
	var run struct {
		Seed                                        uint64
		Scenario, Verdict, Property, Detail, Replay string
	}
	if err := json.Unmarshal(line, &run); err != nil {
		return fmt.Errorf("what it prints is no run: %w", err)
	}
	c.Runs++
	c.Seeds = run.Seed - q.first + 1
	switch {
	case run.Verdict == string(scenarios.Error):
		c.Errors++
	case run.Verdict != string(scenarios.Violation) || h.Property != "" && run.Property != h.Property:
	default:
		shipped := h.shipped(run.Scenario, run.Seed, q.without)
		if shipped.Verdict == scenarios.Violation {
			c.Alarms = append(c.Alarms, shipped.Replay())
			return nil
		}
		c.Caught, c.Property, c.Detail, c.Replay = true, run.Property, run.Detail, run.Replay
		c.File, c.Seed = shipped.File, run.Seed
	}
	return nil
}

// shipped plays a run with the core of this process, which has no fault that anybody put there.
func (h *Hunter) shipped(scenario string, seed uint64, without string) scenarios.Result {
	for _, w := range h.Worlds {
		if w.Scenario.Name == scenario {
			return w.Run(seed, scenarios.Options{Without: without})
		}
	}
	return scenarios.Result{}
}

// tail is the end of what a process said.
func tail(text string) string {
	const most = 4000
	text = strings.TrimSpace(text)
	return text[max(0, len(text)-most):]
}
