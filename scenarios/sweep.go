package scenarios

import (
	"context"
	"runtime"
	"slices"
	// determinism: runs share nothing, and what becomes of them is put into order before anyone sees it.
	"sync"

	"raftsim/scenarios/script"
)

// Job is a file and the seeds to play it with.
type Job struct {
	File File
	// Seeds are the file's own when nil.
	Seeds script.Seeds
}

// Unreached is a state that the file's own seeds were to reach and did not.
type Unreached struct {
	File  File
	State string
}

// Summary is what a sweep comes to.
type Summary struct {
	// Runs counts those that were delivered, Verdicts them by verdict.
	Runs     uint64
	Verdicts map[Verdict]uint64
	// Unreached are the states of `sometimes` that no run of a file's own seeds reached. Each is a violation of the
	// sweep, though of no single run. States are not judged when a file was played with other seeds or the sweep
	// was interrupted; what was reached is in Reached all the same.
	Unreached []Unreached
	// Reached counts, by file path and state, the runs that reached it.
	Reached map[string]map[string]uint64
	// States counts, by state, the runs of any file that reached it; Faults add up those of all runs, in the order in which they
	// came up.
	States map[string]uint64
	Faults []Fault
	// Interrupted says that the context ended the sweep.
	Interrupted bool
}

// SweepOptions say how a sweep is done; the zero value is on all processors.
type SweepOptions struct {
	// Workers is how many runs go on at once; 0 is one for each processor.
	Workers int
	// Turns says that the jobs take turns, seed by seed, instead of coming one after the other.
	Turns bool
	// Run is passed to every run. Its callbacks come from several goroutines at once.
	Run Options
}

// Sweep plays every job with every seed, in order, several at once. Each result is handed to each, in the order
// of jobs and seeds (or in turns), one at a time, as soon as all before it are there; histories of runs that passed are dropped
// first. When ctx ends, runs under way are finished and delivered as far as none before them is missing.
func Sweep(ctx context.Context, jobs []Job, o SweepOptions, each func(Result)) Summary {
	if o.Workers <= 0 {
		// determinism: how many run at once decides nothing but how long it takes.
		o.Workers = runtime.GOMAXPROCS(0)
	}
	s := &sweep{each: each, summary: Summary{Verdicts: map[Verdict]uint64{}, States: map[string]uint64{}, Reached: map[string]map[string]uint64{}}}
	s.todo = newQueue(jobs, o.Turns)
	s.room = sync.NewCond(&s.mu)
	var done sync.WaitGroup
	for range o.Workers {
		done.Add(1)
		// determinism: see above.
		go func() {
			defer done.Done()
			for ctx.Err() == nil {
				t, ok := s.take(o.Workers)
				if !ok {
					return
				}
				r := t.file.Run(t.seed, o.Run)
				if r.Verdict == Pass {
					r.History = nil
				}
				s.deliver(t.place, r)
			}
			s.stop()
		}()
	}
	done.Wait()
	s.summary.Interrupted = !s.finished()
	if !s.summary.Interrupted {
		s.judgeStates(jobs)
	}
	return s.summary
}

// task is one run to do.
type task struct {
	place uint64
	file  File
	seed  uint64
}

// sweep is a sweep under way.
type sweep struct {
	mu   sync.Mutex
	room *sync.Cond
	todo *queue
	// taken and delivered count tasks; early has the results that came before their turn.
	taken, delivered uint64
	early            map[uint64]Result
	stopped, empty   bool
	each             func(Result)
	summary          Summary
}

// ahead is how many runs, for each worker, may be done before one that takes long.
const ahead = 64

// take returns the next task. It waits while too many results wait for an earlier one.
func (s *sweep) take(workers int) (task, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.stopped && s.taken-s.delivered >= uint64(workers)*ahead {
		s.room.Wait()
	}
	if s.stopped {
		return task{}, false
	}
	file, seed, ok := s.todo.next()
	if !ok {
		s.empty = true
		return task{}, false
	}
	s.taken++
	return task{s.taken - 1, file, seed}, true
}

// deliver hands on a result, and those that waited for it.
func (s *sweep) deliver(place uint64, r Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.early == nil {
		s.early = map[uint64]Result{}
	}
	s.early[place] = r
	for {
		r, ok := s.early[s.delivered]
		if !ok {
			break
		}
		delete(s.early, s.delivered)
		s.delivered++
		s.count(&r)
		if s.each != nil {
			s.each(r)
		}
	}
	s.room.Broadcast()
}

func (s *sweep) count(r *Result) {
	s.summary.Runs++
	s.summary.Verdicts[r.Verdict]++
	for _, name := range r.States.Names() {
		s.summary.States[name]++
	}
	for _, f := range r.Faults {
		k := slices.IndexFunc(s.summary.Faults, func(g Fault) bool { return g.Kind == f.Kind })
		if k < 0 {
			k = len(s.summary.Faults)
			s.summary.Faults = append(s.summary.Faults, Fault{Kind: f.Kind})
		}
		s.summary.Faults[k].Asked += f.Asked
		s.summary.Faults[k].Fired += f.Fired
	}
	reached := s.summary.Reached[r.File]
	if reached == nil {
		reached = map[string]uint64{}
		s.summary.Reached[r.File] = reached
	}
	for _, name := range r.Reached {
		reached[name]++
	}
}

func (s *sweep) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.room.Broadcast()
}

func (s *sweep) finished() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.empty && s.delivered == s.taken
}

// judgeStates judges `sometimes` where a file was played with its own seeds, all of them.
func (s *sweep) judgeStates(jobs []Job) {
	for _, j := range jobs {
		if j.Seeds != nil && j.Seeds.String() != j.File.Scenario.Seeds.String() {
			continue
		}
		for _, e := range j.File.Scenario.Expect {
			some, ok := e.Want.(script.Sometimes)
			if !ok {
				continue
			}
			for _, name := range some.States {
				if s.summary.Reached[j.File.Path][name] == 0 {
					s.summary.Unreached = append(s.summary.Unreached, Unreached{j.File, name})
				}
			}
		}
	}
}

// queue yields the seeds of all jobs, however many there are.
type queue struct {
	// left are the jobs that have seeds left, turn is whose turn it is.
	left  []*progress
	turn  int
	turns bool
}

// progress is how far a job is: span says which range of its seeds is under way, offset which seed within it is next.
type progress struct {
	file   File
	seeds  script.Seeds
	span   int
	offset uint64
}

func newQueue(jobs []Job, turns bool) *queue {
	q := &queue{turns: turns}
	for _, j := range jobs {
		seeds := j.Seeds
		if seeds == nil {
			seeds = j.File.Scenario.Seeds
		}
		if len(seeds) > 0 {
			q.left = append(q.left, &progress{file: j.File, seeds: seeds})
		}
	}
	return q
}

func (q *queue) next() (File, uint64, bool) {
	if len(q.left) == 0 {
		return File{}, 0, false
	}
	p := q.left[q.turn]
	g := p.seeds[p.span]
	seed := g.First + p.offset
	if p.offset++; seed == g.Last {
		p.span, p.offset = p.span+1, 0
	}
	switch {
	case p.span == len(p.seeds):
		q.left = slices.Delete(q.left, q.turn, q.turn+1)
	case q.turns:
		q.turn++
	}
	if q.turn >= len(q.left) {
		q.turn = 0
	}
	return p.file, seed, true
}
