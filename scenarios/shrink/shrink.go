// Package shrink turns a run that failed into a scenario that a person can read: the fewest entries, nodes, clients and
// faults with which the same property still fails, for nodes in the same roles.
//
// # Use
//
//	m, err := shrink.Shrink(file, 173, shrink.Options{})
//	os.WriteFile("minimal.yaml", m.Format(), 0o666)
//
// # How
//
// A change of the scenario is kept when what it makes fails like the original. First everything drawn about whom and
// when is replaced by what the run drew (bind.go). Then things are taken away: entries, expectations, nodes, clients, options
// (reduce.go, simplify.go, nodes.go). Then the draws that are left are replaced by events: election timers by timeouts that
// are fired, lost messages by cuts, latencies by one latency (explicit.go), so that the file fails with every seed where
// that can be had, and outlives changes of the random streams. Then times are rounded and moved together (times.go). In the
// end every entry is seen to be needed (certify.go).
//
// # Promise
//
// The same file, seed, options and source give the same minimum. What it costs is bounded by a number of runs and of events.
package shrink

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"raftsim/checker"
	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// What shrinking may cost unless [Options] say otherwise.
const (
	DefaultRuns   = 5000
	DefaultEvents = 40_000_000
)

// Options say what is run, and how long shrinking may take. The zero value runs the shipped replica.
type Options struct {
	// Run is passed to every run. Its callbacks, but Boot, are not called.
	Run scenarios.Options
	// Runs and Events bound the runs and the events of all of them together; 0 is [DefaultRuns] and [DefaultEvents].
	// When one is used up, what has been reached is the result.
	Runs, Events uint64
	// Mutant is what a command line calls the core with a fault that is run, "" for the shipped one, or for what the file says.
	// It goes into the minimal file.
	Mutant string
	// Sound, when not nil, says whether a core without the fault shows nothing wrong in a scenario, which it is given as the text of a file
	// without mutant. Where that is so of the original it stays so: a scenario that fails whatever the core shows nothing of the fault. It
	// is asked only of what a scenario can break by itself, by expecting too much: not of invariants and panics.
	Sound func(text []byte, seed uint64) (bool, error)
	// Each, when not nil, is told of every change that was kept: how many runs there were, how many entries are left.
	Each func(runs uint64, entries int)
}

// Minimum is what a failure was shrunk to.
type Minimum struct {
	// Scenario expects that the property is violated. It is what Format writes, read again.
	Scenario *script.Scenario
	// Seeds are those with which it fails; the first is the one that Result is of.
	Seeds  script.Seeds
	Result scenarios.Result
	// Neighbour says in words what change, as small as could be found, makes the failure go away; "" when none was found.
	Neighbour string
	// Minimal says that without any one entry of the timeline it does not fail any more with each of Seeds. It is
	// false only when the budget was used up before that was seen.
	Minimal bool
	// Runs counts the runs that it took.
	Runs uint64
	// Sound says that [Options].Sound was asked, and said yes.
	Sound bool

	from   string
	seed   uint64
	mutant string
	// scene says that without some entry every core fails.
	scene bool
	// entries is how many the timeline has.
	entries int
	text    []byte
}

// ErrPasses says that the run to be shrunk does not fail.
var ErrPasses = errors.New("it passes, so that there is nothing to shrink")

// Shrink shrinks the run of a scenario with a seed. The error is [ErrPasses] when it does not fail; a run that is
// inconclusive, or shows a fault of the testbed, is refused as well.
func Shrink(f scenarios.File, seed uint64, o Options) (*Minimum, error) {
	if o.Runs == 0 {
		o.Runs = DefaultRuns
	}
	if o.Events == 0 {
		o.Events = DefaultEvents
	}
	o.Run = scenarios.Options{Boot: o.Run.Boot, HistoryBudget: o.Run.HistoryBudget, Mutant: o.Run.Mutant}
	s := &shrinker{o: o, seed: seed, tried: map[string]bool{}, others: fewOthers}
	if err := s.begin(f); err != nil {
		return nil, err
	}
	s.bind()
	s.whileBetter(s.cutOff, s.dropEntries, s.simplify, s.dropNodes)
	s.searchWider()
	s.makeExplicit()
	s.whileBetter(s.cutOff, s.dropEntries, s.simplify, s.dropNodes, s.shorten)
	s.round()
	s.whileBetter(s.dropEntries, s.cutOff)
	if s.broken != nil {
		return nil, s.broken
	}
	m, err := s.certify()
	if err != nil {
		return nil, err
	}
	m.Sound = s.o.Sound != nil
	m.from, m.seed, m.mutant = f.Path, seed, o.Mutant
	return m, m.write(s.now)
}

// begin plays the run that is to be shrunk, and takes in what it violates.
func (s *shrinker) begin(f scenarios.File) error {
	sc := clone(f.With(s.seed))
	sc.About = "" // it would not be true of what is left
	sc.Expect = plain(sc.Expect)
	sc.Seeds = oneSeed(s.seed)
	if s.o.Mutant != "" {
		sc.Mutant = s.o.Mutant
	}
	var err error
	if s.now, err = scenarios.Parse(shrunkPath, script.Format(sc)); err != nil {
		return fmt.Errorf("the scenario cannot be written as a file: %w", err)
	}
	res := s.run(s.now, s.seed, nil)
	switch res.Verdict {
	case scenarios.Pass:
		return ErrPasses
	case scenarios.Violation:
	default:
		return fmt.Errorf("only a violation can be shrunk, and this run is: %s", res.Line())
	}
	s.want = signOf(&res)
	early := s.want.property == script.NoPanic || slices.Contains(checker.Properties(), s.want.property)
	s.atEnd = res.Event == 0 || !early && res.At > sc.Duration
	if early || !s.sound(s.now, s.seed) {
		s.o.Sound = nil // there is nothing to hold on to
	}
	for _, expect := range s.expecting(sc.Expect) {
		c := clone(sc)
		c.Name, c.Expect = nameOf(sc.Name), expect
		if early {
			c.Duration = max(c.Duration, roundUp(res.At, 10*time.Millisecond)) // it has to show within the duration
		}
		if s.try(c) {
			return nil
		}
	}
	return fmt.Errorf("the run violates %s, but a file that expects just that does not", s.want.property)
}

// plain are expectations without that of a violation, which is expected like anything that is always to hold.
func plain(expect []script.Expectation) []script.Expectation {
	var all []script.Expectation
	always := false
	for _, e := range expect {
		v, ok := e.Want.(script.Violates)
		if !ok {
			_, is := e.Want.(script.Always)
			always = always || is
			all = append(all, e)
			continue
		}
		switch v.Property {
		case script.Linearizability:
			all = append(all, script.Expectation{Want: script.Linearizable{}})
		case script.ReplicasAgree:
			all = append(all, script.Expectation{Want: script.ReplicasIdentical{}})
		}
	}
	if !always {
		all = append(all, script.Expectation{Want: script.Always{}})
	}
	return all
}

// expecting are the ways to expect the violation, the shortest first: with every invariant watched, or, where another one would
// be violated before, with those that the original watched.
func (s *shrinker) expecting(expect []script.Expectation) [][]script.Expectation {
	var others, named []script.Expectation
	for _, e := range expect {
		a, ok := e.Want.(script.Always)
		if !ok {
			others = append(others, e)
			continue
		}
		var names []string
		for _, name := range a.Properties {
			if name != s.want.property {
				names = append(names, name)
			}
		}
		if len(names) > 0 {
			named = append(named, script.Expectation{Want: script.Always{Properties: names}})
		}
	}
	violates := script.Expectation{Want: script.Violates{Property: s.want.property}}
	ways := [][]script.Expectation{{violates}, append(clip(others), violates), append(append(clip(others), named...), violates)}
	for _, name := range checker.Properties() {
		if name != s.want.property {
			watch := script.Expectation{Want: script.Always{Properties: []string{name}}}
			ways = append(ways, append(clip(others), watch, violates))
		}
	}
	return ways
}

// nameOf is the name of what a scenario is shrunk to.
func nameOf(name string) string {
	const end, most = "-shrunk", 64
	if len(name) > len(end) && name[len(name)-len(end):] == end {
		return name
	}
	name = name[:min(len(name), most-len(end))]
	for name[len(name)-1] == '-' {
		name = name[:len(name)-1]
	}
	return name + end
}
