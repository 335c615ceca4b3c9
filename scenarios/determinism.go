package scenarios

import (
	"bytes"
	"fmt"
	"strings"

	"raftsim/sim"
)

// Difference is the first place where two runs with one seed part.
type Difference struct {
	// Event is the id of the first event that differs, 0 when all events agree and only the results differ.
	Event uint64
	// First and Second say what happened in either run, "" where it had ended.
	First, Second string
}

// String says it in a few lines.
func (d *Difference) String() string {
	at := "the results differ"
	if d.Event != 0 {
		at = fmt.Sprintf("event %d differs", d.Event)
	}
	return fmt.Sprintf("%s\n  first run:  %s\n  second run: %s", at, orEnded(d.First), orEnded(d.Second))
}

// orEnded is an event as text, or what stands for none.
func orEnded(event string) string {
	if event == "" {
		return "(the run had ended)"
	}
	return event
}

// CheckDeterminism plays the scenario twice with a seed and compares the runs event by event, what the fingerprint says
// of all before included. It returns nil when they are the same; else the second run is stopped at the first
// difference. It holds every event of a run as text.
func (f File) CheckDeterminism(seed uint64, o Options) *Difference {
	var first bytes.Buffer
	o.each = func(r *Run, e *sim.Event) { first.WriteString(fingerprinted(r, e)) }
	one := f.Run(seed, o)

	var diff *Difference
	o.each = func(r *Run, e *sim.Event) {
		if diff != nil {
			return
		}
		before, _ := first.ReadString('\n')
		if now := fingerprinted(r, e); now != before {
			diff = &Difference{uint64(e.ID), strings.TrimSpace(before), strings.TrimSpace(now)}
			r.world.Stop()
		}
	}
	two := f.Run(seed, o)
	if diff != nil {
		return diff
	}
	if rest, _ := first.ReadString('\n'); rest != "" {
		return &Difference{Event: two.Events + 1, First: strings.TrimSpace(rest)}
	}
	if a, b := summary(&one), summary(&two); a != b {
		return &Difference{First: a, Second: b}
	}
	return nil
}

func fingerprinted(r *Run, e *sim.Event) string {
	return fmt.Sprintf("%v [%016x]\n", e, r.world.Fingerprint())
}

// summary is what of a result must be the same in every run.
func summary(r *Result) string {
	return fmt.Sprintf("%s, %d events to %v, fingerprint %016x, %d commits, term %d, %d operations, %d unknown, %d rpcs, %d bytes, %v, %v",
		r.Line(), r.Events, r.Virtual, r.Fingerprint, r.Commits, r.Term, r.Ops, r.OpsUnknown, r.RPCs, r.Bytes, r.Reached, r.NotExercised)
}
