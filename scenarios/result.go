package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"raftsim/checker"
	"raftsim/raft"
	"raftsim/scenarios/script"
)

// Verdict says how a run ended.
type Verdict string

// Verdicts of a run.
const (
	// Pass: every expectation held.
	Pass Verdict = "pass"
	// Violation: a property did not hold.
	Violation Verdict = "violation"
	// Inconclusive: a check gave up within its budget of steps.
	Inconclusive Verdict = "inconclusive"
	// Error: the scenario cannot be run, or the testbed failed.
	Error Verdict = "error"
	// Stopped: the run was asked to end early and nothing was wrong until then. Only
	// [Options] StopAt and StopAtEvent lead to it.
	Stopped Verdict = "stopped"
)

// ExpectedViolation is the property that a run breaks which was to violate another and did not.
// All others are in [script.Properties].
const ExpectedViolation = "expected-violation"

// Result is what became of one run.
type Result struct {
	// Scenario is the scenario's name, File the path it was loaded from.
	Scenario string
	File     string
	Seed     uint64

	Verdict Verdict
	// Property is the one that did not hold (or was not settled), "" when there is none, and Detail says in one line what was seen.
	Property string
	Detail   string
	// Nodes are those concerned, Roles what each of them was then, or last was before it went down. Event and At are when it was seen; Event is 0 for what was judged after the run.
	Nodes []raft.NodeID
	Roles []raft.Role
	Event uint64
	At    time.Duration
	// Stack is a panic's. It differs between machines.
	Stack string

	// Virtual is the time that passed in the world, Wall the time it took.
	Virtual, Wall time.Duration
	// Events counts the world's events, Commits the entries that became committed, Elections the leaders
	// elected; Term is the latest term of any node.
	Events, Commits, Elections, Term uint64
	// RPCs and Bytes count what nodes sent each other.
	RPCs, Bytes uint64
	// Ops counts the operations clients began, OpsUnknown those whose outcome they never learned.
	Ops, OpsUnknown uint64
	Fingerprint     uint64

	// NotExercised says, one line each, what the scenario wanted to try and this run did not.
	NotExercised []string
	// Reached are the states that the file's `sometimes` names and this run reached, in the file's order.
	Reached []string
	// States are all that it reached.
	States StateSet
	// Faults are what the scenario and the network did to the cluster, by kind, in the order of the file.
	Faults []Fault
	// History is what the clients saw.
	History *checker.History
	// Linearizability is what the check of the history came to, nil when it was not checked; it can draw a picture.
	Linearizability *checker.Outcome
}

// Replay is the command that plays the run again.
func (r *Result) Replay() string {
	return "raftsim replay " + shellQuote(r.File) + " --seed " + strconv.FormatUint(r.Seed, 10)
}

// Shrink is the command that makes a minimal scenario of a violation, "" where there is none to be shrunk.
func (r *Result) Shrink() string {
	if r.Verdict != Violation || r.Property == ExpectedViolation {
		return ""
	}
	return "raftsim shrink " + shellQuote(r.File) + " --seed " + strconv.FormatUint(r.Seed, 10)
}

// Line says in one line what was wrong, or the verdict when nothing was.
func (r *Result) Line() string {
	if r.Property == "" && r.Detail == "" {
		return string(r.Verdict)
	}
	what := r.Detail
	if r.Property != "" {
		what = r.Property + ": " + r.Detail
	}
	at := "t=" + seconds(r.At)
	if r.Event != 0 {
		at += ", event " + strconv.FormatUint(r.Event, 10)
	}
	return what + " (" + at + ")"
}

// seconds writes a time as "9.412s", down to the millisecond and by integers alone.
func seconds(t time.Duration) string {
	ms := t.Milliseconds()
	return fmt.Sprintf("%d.%03ds", ms/1000, ms%1000)
}

// shellQuote makes a path safe to paste into a shell.
func shellQuote(s string) string {
	plain := s != ""
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '/', c == '.', c == '-', c == '_', c == ':', c >= 0x80:
		default:
			plain = false
		}
	}
	if plain && s[0] != '-' {
		return s
	}
	quoted := []byte{'\''}
	for _, c := range []byte(s) {
		if c == '\'' {
			quoted = append(quoted, `'\''`...)
			continue
		}
		quoted = append(quoted, c)
	}
	return string(append(quoted, '\''))
}

// result sums a run up, wherever it ended.
func (r *Run) result() Result {
	res := Result{
		Scenario: r.scenario.Name, File: r.file.Path, Seed: r.seed, Verdict: Pass,
		Commits: uint64(r.commit), Elections: r.elections, Term: uint64(r.term),
		History: &r.clients.history, Linearizability: r.history,
	}
	if w := r.world; w != nil {
		res.Virtual, res.Events, res.Fingerprint = w.Now(), uint64(w.Event()), w.Fingerprint()
		res.RPCs, res.Bytes = w.Counters().Messages, w.Counters().Bytes
	}
	ops, unknown := r.clients.history.Len()
	res.Ops, res.OpsUnknown = uint64(ops), uint64(unknown)
	if r.stoppedEarly() {
		res.Verdict = Stopped
	} else if r.finding == nil || r.finding.verdict != Error {
		res.NotExercised = r.notExercised()
	}
	res.States, res.Faults = r.states.reached, r.faults()
	for _, e := range r.scenario.Expect {
		if s, ok := e.Want.(script.Sometimes); ok {
			for _, name := range s.States {
				if r.states.reached.Has(name) && !slices.Contains(res.Reached, name) {
					res.Reached = append(res.Reached, name)
				}
			}
		}
	}
	if f := r.finding; f != nil {
		res.Verdict, res.Property, res.Detail, res.Nodes = f.verdict, f.property, f.detail, f.nodes
		res.Event, res.At, res.Stack = f.event, f.at, f.stack
		for _, id := range f.nodes {
			role := raft.Follower // of one that there is not
			if int(id) < len(r.nodes) {
				role = r.nodes[id].seen.Role
			}
			res.Roles = append(res.Roles, role)
		}
	}
	r.turn(&res)
	return res
}

// stoppedEarly says that the run was asked to end before its time, and did.
func (r *Run) stoppedEarly() bool {
	return r.finding == nil && r.world != nil && !r.ended
}

// turn judges a file that expects a violation: it passes if, and only if, that property is violated.
func (r *Run) turn(res *Result) {
	want := r.scenario.Violates()
	switch {
	case want == "":
	case res.Verdict == Violation && res.Property == want:
		res.Verdict = Pass
	case res.Verdict == Violation:
		res.Detail = fmt.Sprintf("%s was to be violated, but %s was: %s", want, res.Property, res.Detail)
		res.Property = ExpectedViolation
	case res.Verdict == Pass:
		res.Verdict, res.Property, res.At = Violation, ExpectedViolation, res.Virtual
		res.Detail = want + " was to be violated, but the run passed"
	}
}
