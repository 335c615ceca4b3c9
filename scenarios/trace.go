package scenarios

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"raftsim/scenarios/script"
	"raftsim/sim"
)

// A trace is a run written down, for people and to be played again:
//
//	raftsim trace 1              the form; a raftsim that writes another one writes another number
//	source: impatient.yaml       where the scenario was
//	seed: 3
//	mutant: figure-8             where the core has a fault
//	by: (devel)                  what names the raftsim that wrote it
//	| name: impatient            the scenario's text
//	#1 0s n1 boots               a line for each event; see [TraceLine]
//	end of trace: violation, fingerprint 2740ca7a91ab78b5
//
// Other lines may stand between those of events, and after the end: they are for people.
const (
	traceForm = "raftsim trace "
	traceHead = traceForm + "1"
	traceText = "| "
	traceEnd  = "end of trace: "
)

// maxTraceLine bounds a line of a trace.
const maxTraceLine = maxSource + len(traceText)

// TraceHead is how the trace of a run begins: with all that it takes to play the run again. Mutant is "" for the shipped core,
// by the version of what plays it.
func (f File) TraceHead(seed uint64, mutant, by string) string {
	text := f.Source
	if text == nil {
		text = script.Format(f.With(seed))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nsource: %s\nseed: %d\n", traceHead, f.Path, seed)
	if mutant != "" {
		fmt.Fprintf(&b, "mutant: %s\n", mutant)
	}
	fmt.Fprintf(&b, "by: %s\n", by)
	for line := range strings.Lines(string(text)) {
		b.WriteString(traceText + strings.TrimRight(line, "\r\n") + "\n")
	}
	return b.String()
}

// TraceLine is the line of an event.
func TraceLine(e *sim.Event) string { return strings.ReplaceAll(e.String(), "\n", " ") }

// TraceEnd is how the trace of a run ends.
func TraceEnd(r *Result) string {
	return fmt.Sprintf("%s%s, fingerprint %016x", traceEnd, r.Verdict, r.Fingerprint)
}

// Trace is a trace that is being read.
type Trace struct {
	// File is the scenario of the run, under the trace's own path. Seed and Mutant are those it was played with.
	File   File
	Seed   uint64
	Mutant string
	// By is the version that wrote it, Source where the scenario was then.
	By, Source string

	path  string
	file  *os.File
	lines *bufio.Scanner
	// line counts those read.
	line int
}

// ErrNoTrace says that a file is not the trace of a run.
var ErrNoTrace = errors.New("this is not the trace of a run")

// OpenTrace opens a trace and reads its head. The error is [ErrNoTrace] where there is no such file, or it is another, which has then
// not been read to an end. The trace is to be closed.
func OpenTrace(path string) (*Trace, error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil, ErrNoTrace
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, ErrNoTrace // whoever reads it as something else says why
	}
	t := &Trace{path: path, file: file, lines: bufio.NewScanner(file)}
	t.lines.Buffer(nil, maxTraceLine)
	if err := t.readHead(); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// Close closes the file.
func (t *Trace) Close() { _ = t.file.Close() }

func (t *Trace) next() bool {
	t.line++
	return t.lines.Scan()
}

// headless is how a trace begins whose head was cut off, or that a raftsim wrote which did not write heads.
var headless = regexp.MustCompile(`^#1 \S+ n\d+ boots$`)

func (t *Trace) readHead() error {
	if !t.next() {
		return ErrNoTrace
	}
	switch first := t.lines.Text(); {
	case first == traceHead:
	case headless.MatchString(first):
		return fmt.Errorf("%s: this is a trace without its head, which says what was played; write it again: raftsim replay FILE --seed N --trace > %[1]s", t.path)
	case strings.HasPrefix(first, traceForm):
		return fmt.Errorf("%s: this is %q, written by another version of raftsim, and this one reads %q", t.path, first, traceHead)
	default:
		return ErrNoTrace
	}
	var text strings.Builder
	seed := ""
	for t.next() {
		line := t.lines.Text()
		if strings.HasPrefix(line, "#") {
			break
		}
		if scenario, ok := strings.CutPrefix(line, traceText); ok {
			text.WriteString(scenario + "\n")
			continue
		}
		key, value, _ := strings.Cut(line, ": ")
		switch key {
		case "source":
			t.Source = value
		case "seed":
			seed = value
		case "mutant":
			t.Mutant = value
		case "by":
			t.By = value
		}
	}
	if err := t.broken(); err != nil {
		return err
	}
	var err error
	t.Seed, err = strconv.ParseUint(seed, 10, 64)
	if err != nil || text.Len() == 0 || t.lines.Text() == "" {
		return fmt.Errorf("%s: the trace ends in its head, or that is damaged: it lacks the seed, the scenario or the events", t.path)
	}
	if t.File, err = Parse(t.Source+" in "+t.path, []byte(text.String())); err != nil {
		return fmt.Errorf("the scenario of this trace, which raftsim %s wrote, is none for this raftsim:\n%w", t.By, err)
	}
	t.File.Path = t.path
	return nil
}

func (t *Trace) broken() error {
	if err := t.lines.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", t.path, t.line, err)
	}
	return nil
}

// Verify plays the run and sees that it is the one that was written down, event by event. It reads the trace to its end, so that it can be
// called once. The error says where they part, or that the trace is cut short. By is the version of this raftsim.
func (t *Trace) Verify(o Options, by string) error {
	line, more := t.lines.Text(), true // of the first event
	var parted error
	last, beyond := uint64(0), ""
	o.each = func(r *Run, e *sim.Event) {
		if parted != nil || beyond != "" {
			return
		}
		now := TraceLine(e)
		if !more {
			beyond = now
			return
		}
		if line != now {
			parted = t.differs(line, now, by)
			r.world.Stop()
			return
		}
		last = uint64(e.ID)
		for more = t.next(); more && !strings.HasPrefix(t.lines.Text(), "#"); more = t.next() {
			if strings.HasPrefix(t.lines.Text(), traceEnd) {
				line, more = t.lines.Text(), false
				return
			}
		}
		line = t.lines.Text()
	}
	res := t.File.Run(t.Seed, o)
	if err := t.broken(); err != nil {
		return err
	}
	verdict, print, ended := strings.Cut(strings.TrimPrefix(line, traceEnd), ", fingerprint ")
	switch {
	case res.Verdict == Error:
		return fmt.Errorf("%s: the run cannot be played: %s", t.path, res.Line())
	case parted != nil:
		return parted
	case more:
		return t.differs(line, "", by)
	case !strings.HasPrefix(line, traceEnd) || !ended:
		return t.cutShort()
	}
	if verdict == string(Stopped) {
		o.each, o.StopAtEvent = nil, last
		res = t.File.Run(t.Seed, o)
	} else if beyond != "" {
		return t.differs("", beyond, by)
	}
	if now := fmt.Sprintf("%016x", res.Fingerprint); now != print {
		return fmt.Errorf("%s: all events are the same, and something within them is not: their fingerprint was %s and is %s%s", t.path, print, now, t.versions(by))
	}
	return nil
}

// differs tells of the first event that is not the one written down; either is "" where the run had ended.
func (t *Trace) differs(then, now, by string) error {
	at := t.line
	if then != "" && strings.HasPrefix(now, then) && !t.next() {
		return t.cutShort() // in the middle of a line
	}
	return fmt.Errorf("%s:%d: the run is not the same any more%s\n  then: %s\n  now:  %s", t.path, at, t.versions(by), orEnded(then), orEnded(now))
}

// versions says what may be why a run is another.
func (t *Trace) versions(by string) string {
	if t.By == by {
		return "; the source of raftsim has changed since, or the file was edited"
	}
	return fmt.Sprintf("; it was written by raftsim %s, and this is %s", t.By, by)
}

func (t *Trace) cutShort() error {
	return fmt.Errorf("%s: the trace is cut short; write it again: %s --trace > FILE", t.path, (&Result{File: t.Source, Seed: t.Seed}).Replay())
}
