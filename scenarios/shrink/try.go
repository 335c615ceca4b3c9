package shrink

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"raftsim/raft"
	"raftsim/raft/replica"
	"raftsim/scenarios"
	"raftsim/scenarios/script"
	"raftsim/sim"
)

// shrunkPath is what the scenario is called while it is shrunk.
const shrunkPath = "shrunk.yaml"

// refinement is the property of the executable specification, which stands for one for each of its actions.
const refinement = "refinement"

// electionTimer is the timer that makes a candidate.
const electionTimer = replica.TimerElection

// sign is what has to stay: the property, and who was concerned.
type sign struct {
	property string
	// roles are those of the nodes concerned, sorted.
	roles string
	// kind tells apart what one property stands for: which action was not enabled, how a process panicked.
	kind string
}

func signOf(r *scenarios.Result) sign {
	s := sign{property: r.Property}
	roles := make([]string, len(r.Roles))
	for i, role := range r.Roles {
		roles[i] = role.String()
	}
	slices.Sort(roles)
	s.roles = strings.Join(roles, " ")
	switch r.Property {
	case script.NoPanic:
		s.kind = withoutNumbers(r.Detail)
	case refinement:
		s.kind = withoutNumbers(r.Detail[strings.LastIndex(r.Detail, ": ")+1:])
	case script.CountsHold:
		s.kind = miscount(r.Detail)
	}
	return s
}

// miscount says which count is wrong and in which direction, from what is said of it: "3 elections from 0s to 4s, expected elections == 1".
func miscount(detail string) string {
	counted, wanted, _ := strings.Cut(detail, "expected ")
	is, _, _ := strings.Cut(counted, " ")
	n, _ := strconv.ParseUint(is, 10, 64)
	bound, _ := strconv.ParseUint(wanted[strings.LastIndexByte(wanted, ' ')+1:], 10, 64)
	if n < bound {
		return wanted + ", and are fewer"
	}
	return wanted + ", and are more"
}

// withoutNumbers takes away what differs between runs that fail alike.
func withoutNumbers(text string) string {
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return -1
		}
		return c
	}, text)
}

// shrinker is a failure on its way to its minimum.
type shrinker struct {
	o    Options
	want sign
	// atEnd says that the violation shows only once the run has ended and settled.
	atEnd bool

	// now is the smallest scenario so far that fails, seed one that it fails with, and result how.
	now    scenarios.File
	seed   uint64
	result scenarios.Result
	// spare is how many more seeds a change may be tried with, where the failure does not depend on its draws alone, others how many
	// that is when an entry goes.
	spare, others int
	// every are the seeds with which a change has to fail, once there is more than one.
	every []uint64

	runs, events uint64
	tried        map[string]bool
	// broken says why the sound core could not be asked.
	broken error
	// better counts the changes that were kept.
	better uint64
}

// spent says that the budget is used up.
func (s *shrinker) spent() bool { return s.runs >= s.o.Runs || s.events >= s.o.Events }

// run plays a scenario, as far as can matter.
func (s *shrinker) run(f scenarios.File, seed uint64, watch func(*scenarios.Options)) scenarios.Result {
	o := s.o.Run
	if watch != nil {
		watch(&o)
	}
	res := f.Run(seed, o)
	s.runs++
	s.events += res.Events
	return res
}

// fails says whether a run fails like the original.
func (s *shrinker) fails(f scenarios.File, seed uint64) (scenarios.Result, bool) {
	res := s.run(f, seed, nil)
	return res, s.same(&res)
}

// same says whether a run of a file that expects the violation failed like the original.
func (s *shrinker) same(res *scenarios.Result) bool {
	return res.Verdict == scenarios.Pass && signOf(res) == s.want
}

// try keeps a changed scenario if it can be written, read again, and fails like the original.
func (s *shrinker) try(sc *script.Scenario) bool {
	if s.spent() {
		return false
	}
	sc.Cluster.Names = 0 // it is found by reading
	text := script.Format(sc)
	if s.tried[string(text)] {
		return false
	}
	s.tried[string(text)] = true
	f, err := scenarios.Parse(shrunkPath, text)
	if err != nil {
		return false
	}
	seed, res, ok := s.failing(f)
	if !ok || !s.sound(f, seed) {
		return false
	}
	s.now, s.seed, s.result = f, seed, res
	s.better++
	if s.o.Each != nil {
		s.o.Each(s.runs, len(f.Scenario.Timeline))
	}
	return true
}

// failing looks for a seed with which a scenario fails, or sees that it fails with every one that it has to fail with.
func (s *shrinker) failing(f scenarios.File) (uint64, scenarios.Result, bool) {
	if len(s.every) > 0 {
		var first scenarios.Result
		for k, seed := range s.every {
			res, ok := s.fails(f, seed)
			if !ok {
				return 0, res, false
			}
			if k == 0 {
				first = res
			}
		}
		return s.every[0], first, true
	}
	res, ok := s.fails(f, s.seed)
	if ok {
		return s.seed, res, true
	}
	for seed := uint64(1); seed <= uint64(s.spare) && !s.spent(); seed++ {
		if seed == s.seed {
			continue
		}
		if res, ok := s.fails(f, seed); ok {
			return seed, res, true
		}
	}
	return 0, res, false
}

// sound says whether a core without the fault, if there is one to be asked, shows nothing wrong.
func (s *shrinker) sound(f scenarios.File, seed uint64) bool {
	if s.o.Sound == nil {
		return true
	}
	sc := clone(f.Scenario)
	sc.Mutant = ""
	ok, err := s.o.Sound(script.Format(sc), seed)
	if err != nil {
		s.o.Sound, s.broken = nil, err
	}
	return ok && err == nil
}

// Sound plays the text of a scenario and says whether it shows nothing wrong; where it expects a violation, that the property holds
// as well. The error says why the text is none.
func Sound(text []byte, seed uint64) (bool, error) {
	f, err := scenarios.Parse(shrunkPath, text)
	if err != nil {
		return false, err
	}
	res := f.Run(seed, scenarios.Options{})
	return res.Verdict == scenarios.Pass && res.Property == "" || passes(&res), nil
}

// whileBetter does the passes again and again, until none of them changes anything.
func (s *shrinker) whileBetter(passes ...func()) {
	const most = 6
	for range most {
		before := s.better
		for _, pass := range passes {
			pass()
		}
		if s.better == before {
			return
		}
	}
}

// changed is the scenario so far, to be changed and tried. Its slices are its own, but not what their elements point at.
func (s *shrinker) changed() *script.Scenario { return clone(s.now.Scenario) }

func clone(sc *script.Scenario) *script.Scenario {
	c := *sc
	c.Timeline, c.Expect, c.Seeds = slices.Clone(sc.Timeline), slices.Clone(sc.Expect), slices.Clone(sc.Seeds)
	return &c
}

func oneSeed(seed uint64) script.Seeds { return script.Seeds{{First: seed, Last: seed}} }

func clip[T any](s []T) []T { return slices.Clip(s) }

// watched is what a run did that explicit events can stand for.
type watched struct {
	started []scenarios.Started
	timers  []firing
	lost    []loss
	result  scenarios.Result
}

// firing is an election timer that fired by itself.
type firing struct {
	at   time.Duration
	node raft.NodeID
}

// loss is a message between nodes that the network lost.
type loss struct {
	at       time.Duration
	from, to raft.NodeID
}

// watch plays the scenario so far again and notes what it did.
func (s *shrinker) watch() watched {
	var w watched
	w.result = s.run(s.now, s.seed, func(o *scenarios.Options) {
		o.Trace = func(e *sim.Event) {
			switch {
			case e.Kind == sim.EventTimer && e.Timer == electionTimer && !e.Forced:
				w.timers = append(w.timers, firing{e.At, e.Node})
			case e.Kind == sim.EventDrop && e.Drop == sim.DropLost && e.Message != nil:
				w.lost = append(w.lost, loss{e.At, e.From, e.Node})
			}
		}
		o.AtEnd = func(r *scenarios.Run) { w.started = r.Started() }
	})
	return w
}
