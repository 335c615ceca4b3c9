package fuzz

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"raftsim/scenarios"
)

// Format is the version of the results' format that this package writes and reads.
const Format = 1

// Header is the first line of a file of results: what was hunted with.
type Header struct {
	Format   int    `json:"raftsim_fuzz"`
	Strategy string `json:"strategy"`
	From     uint64 `json:"from"`
	Shard    string `json:"shard"`
	Mutant   string `json:"mutant,omitempty"`
	// Nodes is how many every world begins with, 0 for as many as are drawn.
	Nodes int `json:"nodes,omitempty"`
	// Source is the program: the revision it is of, or its own sum where that does not tell. Seeds mean other worlds, and worlds other runs, with another.
	Source string `json:"source"`
}

// Failure is a run that did not pass.
type Failure struct {
	// Place is the world's among those of the shard, from 0; Seed what it was played with.
	Place uint64 `json:"place"`
	Seed  uint64 `json:"seed"`
	// Verdict is one of [scenarios.Verdict] but pass; Property, Roles and Line are of the [scenarios.Result].
	Verdict  string   `json:"verdict"`
	Property string   `json:"property"`
	Roles    []string `json:"roles"`
	Line     string   `json:"line"`
	// Events is after how many the run ended.
	Events uint64 `json:"events"`
	// Replay and Shrink are commands.
	Replay string `json:"replay"`
	Shrink string `json:"shrink"`
}

// Totals are what was done so far, whoever began it.
type Totals struct {
	// Next is the place to go on at.
	Next         uint64 `json:"next"`
	Runs         uint64 `json:"runs"`
	Violations   uint64 `json:"violations"`
	Inconclusive uint64 `json:"inconclusive"`
	Errors       uint64 `json:"errors"`
	Events       uint64 `json:"events"`
	// VirtualS is virtual time, RunS how long the runs took, added up whichever went on at once; both in seconds.
	VirtualS float64 `json:"virtual_s"`
	RunS     float64 `json:"run_s"`
}

// line is a line of a file after its header: one of these.
type line struct {
	Failure *Failure `json:"failure,omitempty"`
	Totals  *Totals  `json:"totals,omitempty"`
}

// Log is a file of results that is being written.
type Log struct {
	file   io.WriteCloser
	w      *bufio.Writer
	header Header
	totals Totals
	err    error
}

// Create begins a file of results. It refuses one that exists.
func Create(path string, h Header) (*Log, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s exists; --resume goes on after what is in it", path)
	}
	if err != nil {
		return nil, err
	}
	l := newLog(f, h)
	l.put(h)
	return l, l.Flush()
}

// Resume opens a file of results to go on after what is in it, or begins it when there is none. It refuses a file of
// another format, source, strategy, first seed, shard, mutant or number of nodes. What a kill left half written is cut off, and so are
// failures after the last totals: they will be found again.
func Resume(path string, h Header) (*Log, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return Create(path, h)
	}
	if err != nil {
		return nil, err
	}
	if about, err := f.Stat(); err == nil && about.Mode().IsRegular() && about.Size() == 0 {
		l := newLog(f, h) // a kill came before the first line
		l.put(h)
		return l, l.Flush()
	}
	r, err := resumed(path, f, h)
	if err != nil {
		f.Close()
		return nil, err
	}
	l := newLog(f, h)
	l.totals = r.totals
	return l, nil
}

// resumed reads what is in a file and leaves it where there is to be gone on.
func resumed(path string, f *os.File, h Header) (*recorded, error) {
	about, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !about.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file that could be gone on with", path)
	}
	r, err := read(path, f, func(*Failure) {})
	if err != nil {
		return nil, err
	}
	if err := r.header.same(path, h); err != nil {
		return nil, err
	}
	if err := f.Truncate(r.sound); err != nil {
		return nil, err
	}
	_, err = f.Seek(r.sound, io.SeekStart)
	return r, err
}

// Discard is a file of results that nobody keeps.
func Discard(h Header) *Log { return newLog(nowhere{}, h) }

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) Close() error                { return nil }

func newLog(f io.WriteCloser, h Header) *Log { return &Log{file: f, w: bufio.NewWriter(f), header: h} }

// same refuses to go on with a file that was begun otherwise.
func (h Header) same(path string, now Header) error {
	for _, part := range []struct{ what, was, is string }{
		{"the strategy", h.Strategy, now.Strategy},
		{"the mutant", h.Mutant, now.Mutant},
		{"the shard", h.Shard, now.Shard},
		{"the first seed", fmt.Sprint(h.From), fmt.Sprint(now.From)},
		{"the number of nodes", fmt.Sprint(h.Nodes), fmt.Sprint(now.Nodes)},
		{"the source", h.Source, now.Source},
	} {
		if part.was != part.is {
			return fmt.Errorf("%s was begun with %s %q, and this is %q: go on as it was begun, or begin another file", path, part.what, part.was, part.is)
		}
	}
	return nil
}

// Totals returns what was done so far.
func (l *Log) Totals() Totals { return l.totals }

// Add takes in a run, and writes it when it did not pass. The commands are those that play it again and shrink it.
func (l *Log) Add(p *Played, replay, shrink string) (*Failure, error) {
	t := &l.totals
	t.add(p)
	if p.Result.Verdict == scenarios.Pass {
		return nil, l.err
	}
	f := NewFailure(p, replay, shrink)
	l.put(line{Failure: f})
	return f, l.err
}

// NewFailure describes a run that did not pass.
func NewFailure(p *Played, replay, shrink string) *Failure {
	r := &p.Result
	f := &Failure{
		Place: p.Place, Seed: r.Seed, Verdict: string(r.Verdict), Property: r.Property, Roles: []string{}, Line: r.Line(),
		Events: r.Events, Replay: replay, Shrink: shrink,
	}
	for _, role := range r.Roles {
		f.Roles = append(f.Roles, role.String())
	}
	return f
}

func (t *Totals) add(p *Played) {
	r := &p.Result
	t.Next = p.Place + 1
	t.Runs++
	switch r.Verdict {
	case scenarios.Violation:
		t.Violations++
	case scenarios.Inconclusive:
		t.Inconclusive++
	case scenarios.Error:
		t.Errors++
	}
	t.Events += r.Events
	t.VirtualS += r.Virtual.Seconds()
	t.RunS += r.Wall.Seconds()
}

// FlushEvery is how often [Log.Flush] is to be called, so that a kill loses no more.
const FlushEvery = time.Second

// Flush writes the totals, and hands all to the operating system.
func (l *Log) Flush() error {
	l.put(line{Totals: &l.totals})
	if l.err == nil {
		l.err = l.w.Flush()
	}
	return l.err
}

// Close flushes and closes the file.
func (l *Log) Close() error { return errors.Join(l.Flush(), l.file.Close()) }

func (l *Log) put(v any) {
	if l.err != nil {
		return
	}
	text, err := json.Marshal(v)
	if err == nil {
		_, err = l.w.Write(append(text, '\n'))
	}
	l.err = err
}

// recorded is what a file holds.
type recorded struct {
	header Header
	totals Totals
	// sound is where the last line of totals ends.
	sound int64
}

// beginning is how every file of results begins.
var beginning = []byte(`{"raftsim_fuzz":`)

func noResults(path string) error {
	return fmt.Errorf("%s: these are no results of raftsim fuzz", path)
}

// read reads a file of results up to its last totals, and hands each failure on: there may be more than memory has room for.
func read(path string, from io.Reader, each func(*Failure)) (*recorded, error) {
	r := &recorded{}
	in := bufio.NewReader(from)
	var at int64
	var since []Failure
	for n := 1; ; n++ {
		text, err := in.ReadBytes('\n')
		if err == io.EOF {
			if n == 1 && !bytes.HasPrefix(text, beginning[:min(len(beginning), len(text))]) {
				return nil, noResults(path)
			}
			break // what a kill left of the last line is nothing
		}
		if err != nil {
			return nil, err
		}
		at += int64(len(text))
		if n == 1 {
			if err := json.Unmarshal(text, &r.header); err != nil || r.header.Format == 0 {
				return nil, noResults(path)
			}
			if r.header.Format != Format {
				return nil, fmt.Errorf("%s: its format is %d, and this raftsim reads %d: use the raftsim that wrote it (%s)", path, r.header.Format, Format, r.header.Source)
			}
			continue
		}
		var l line
		switch err := json.Unmarshal(text, &l); {
		case err != nil:
			return nil, fmt.Errorf("%s:%d: this line is damaged: %w", path, n, err)
		case l.Failure != nil:
			since = append(since, *l.Failure)
		case l.Totals != nil:
			for i := range since {
				each(&since[i])
			}
			r.totals, r.sound, since = *l.Totals, at, since[:0]
		default:
			return nil, fmt.Errorf("%s:%d: this line is damaged: it is neither a failure nor totals", path, n)
		}
	}
	if r.sound == 0 {
		return nil, fmt.Errorf("%s: it ends within its first lines; delete it and begin anew", path)
	}
	return r, nil
}
