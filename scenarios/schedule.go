package scenarios

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"path"
	"strconv"
	"strings"

	"raftsim/scenarios/draw"
	"raftsim/scenarios/script"
)

// Names of the scenarios that are made from schedules of bytes; see [draw.Timeouts] and [draw.Faults]. [Load] finds one by the name
// and the bytes, "fuzz-timeouts:0101640f", or in a file of the corpus of a Go fuzz test.
const (
	FuzzTimeouts = "fuzz-timeouts"
	FuzzFaults   = "fuzz-faults"
)

// schedules are the kinds of schedules: their names, the Go fuzz tests of package scenarios that make them, and what they mean.
var schedules = []struct {
	name, target string
	scenario     func([]byte) *script.Scenario
}{
	{FuzzTimeouts, "FuzzTimeouts", draw.Timeouts},
	{FuzzFaults, "FuzzFaults", draw.Faults},
}

// Schedule is the scenario of a schedule, as a file whose name says it all. Kind is [FuzzTimeouts] or [FuzzFaults]. It is played with any
// seed, which decides what the schedule leaves open.
func Schedule(kind string, schedule []byte) (File, error) {
	// What is beyond it, and calm at its end, says nothing.
	schedule = bytes.TrimRight(schedule[:draw.Played(schedule)], "\x00")
	for _, s := range schedules {
		if s.name == kind {
			return File{Path: kind + ":" + hex.EncodeToString(schedule), Scenario: s.scenario(schedule)}, nil
		}
	}
	return File{}, fmt.Errorf("there is no kind of schedule %q", kind)
}

// loadSchedule is Load for a name that says a schedule; ok is false for any other.
func loadSchedule(name string) (f File, ok bool, err error) {
	kind, text, ok := strings.Cut(name, ":")
	if !ok || kind != FuzzTimeouts && kind != FuzzFaults {
		return File{}, false, nil
	}
	schedule, err := hex.DecodeString(text)
	if err != nil {
		return File{}, true, fmt.Errorf("%s: want the bytes of a schedule, two hexadecimal digits each", name)
	}
	f, err = Schedule(kind, schedule)
	return f, true, err
}

// corpusHead is how every file of the corpus of a Go fuzz test begins.
const corpusHead = "go test fuzz v1\n"

// parseCorpus reads an input that go test has written: into testdata/fuzz when it failed, or into its cache. The folder says which test
// it is for.
func parseCorpus(name string, source []byte) (File, error) {
	target := path.Base(path.Dir(strings.ReplaceAll(name, `\`, "/")))
	for _, s := range schedules {
		if s.target != target {
			continue
		}
		text, isBytes := strings.CutPrefix(strings.TrimSpace(string(source[len(corpusHead):])), "[]byte(")
		text, closed := strings.CutSuffix(text, ")")
		schedule, err := strconv.Unquote(text)
		if !isBytes || !closed || err != nil {
			return File{}, fmt.Errorf("%s: this input of go test is no []byte, as those of %s are", name, target)
		}
		f, err := Schedule(s.name, []byte(schedule))
		f.Path = name
		return f, err
	}
	return File{}, fmt.Errorf("%s: this is an input of the Go fuzz test %s, and scenarios are made of those of FuzzTimeouts and FuzzFaults: the folder says whose it is", name, target)
}
