package fuzz

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"raftsim/scenarios"
	"raftsim/scenarios/draw"
	"raftsim/scenarios/fuzz/seen"
	"raftsim/scenarios/script"
)

// Strategies are the names of those there are; the first is the usual one.
func Strategies() []string { return []string{Swarm, Priority, Guided} }

// Names of strategies.
const (
	Swarm    = "swarm"
	Priority = "priority"
	Guided   = "guided"
)

// Options say what is played, and how.
type Options struct {
	// Strategy is one of [Strategies]; Swarm when empty.
	Strategy string
	// From is the first seed of all shards together; Shard is the part that is played here, the whole when Total is 0.
	From  uint64
	Shard Shard
	// Start is how many seeds of this shard were played before, which are left out; Count how many are played at most, those
	// included, 0 for no end.
	Start, Count uint64
	// Nodes is how many nodes every world begins with, 0 for as many as are drawn. Swarm and Guided heed it.
	Nodes int
	// Corpus is a folder where Guided keeps what it goes on from, and finds what an earlier hunt has kept; "" is to keep nothing.
	Corpus string
	// States says that abstract states are counted, which Guided does in any case.
	States bool
	// Workers is how many worlds are played at once, 0 for one for each processor. It decides nothing else.
	Workers int
	// Run is given to every run. Its callbacks come from several goroutines at once.
	Run scenarios.Options
}

// Played is a world that was played.
type Played struct {
	// Place counts the worlds of this shard, from 0.
	Place  uint64
	Result scenarios.Result
	// States is how many abstract states the hunt has reached up to here, 0 where they are not counted. Full says that it is as many as can
	// be counted, so that it stays as it is; new is then what has not been reached of late.
	States uint64
	Full   bool
	// Scenario is what was played, where no name and seed stand for it.
	Scenario *script.Scenario
}

// Run plays worlds until ctx ends or there are no more, and hands each to each, in order and one at a time; each ends the hunt by
// returning false. Histories of runs that passed are dropped first. The error says that the options are wrong, and nothing was
// played, or that the corpus could not be written.
func Run(ctx context.Context, o Options, each func(*Played) bool) error {
	s, err := newStrategy(&o)
	if err != nil {
		return err
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	e := &engine{o: o, strategy: s, each: each, made: o.Start, delivered: o.Start, early: map[uint64]done{}}
	e.turn = sync.NewCond(&e.mu)
	if g, ok := s.(*guided); ok {
		e.saved = g.added
	}
	for range lag {
		e.makeNext()
	}
	var workers sync.WaitGroup
	for range o.Workers {
		workers.Go(func() { e.work(ctx) })
	}
	workers.Wait()
	return e.err
}

// lag is how far the making of worlds is ahead of judging them: a world may depend on what became of those that are
// so many places before it, and on no later ones. So it is the same with any number of workers.
const lag = 64

// world is what a strategy has played: a file and a seed.
type world struct {
	place uint64
	file  scenarios.File
	seed  uint64
}

// done is a world that was played.
type done struct {
	world
	result scenarios.Result
	states []uint64
}

// engine is a hunt under way.
type engine struct {
	o        Options
	strategy strategy
	each     func(*Played) bool

	mu   sync.Mutex
	turn *sync.Cond
	// made and delivered count worlds, early has those that were played before their turn.
	made, delivered uint64
	early           map[uint64]done
	over            bool
	// ready are worlds that nobody plays yet; empty says that no more are made.
	ready []world
	empty bool
	known seen.Memory
	// saved is how much of what was kept has been written.
	saved uint64
	err   error
}

// work plays worlds until there are no more.
func (e *engine) work(ctx context.Context) {
	for {
		w, ok := e.take(ctx)
		if !ok {
			return
		}
		o, c := e.o.Run, collector{}
		if e.o.States {
			o.Abstract = c.add
		}
		r := w.file.Run(w.seed, o)
		if r.Verdict == scenarios.Pass {
			r.History, r.Linearizability = nil, nil
		}
		e.deliver(done{w, r, c.distinct()})
	}
}

// take returns the next world. It waits while too many are under way.
func (e *engine) take(ctx context.Context) (world, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for !e.over && len(e.ready) == 0 && !e.empty {
		e.turn.Wait()
	}
	if e.over || ctx.Err() != nil || len(e.ready) == 0 {
		return world{}, false
	}
	w := e.ready[0]
	e.ready = e.ready[1:]
	return w, true
}

// makeNext makes one world more.
func (e *engine) makeNext() {
	if e.empty || e.o.Count > 0 && e.made >= e.o.Count {
		e.empty = true
		return
	}
	w, ok := e.strategy.next(e.made)
	if !ok {
		e.empty = true
		return
	}
	e.made++
	e.ready = append(e.ready, w)
}

// deliver takes in what was played, and hands on what has its turn.
func (e *engine) deliver(d done) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.early[d.place] = d
	for !e.over {
		d, ok := e.early[e.delivered]
		if !ok {
			break
		}
		delete(e.early, e.delivered)
		e.delivered++
		e.over = !e.each(e.judge(&d))
		if g, ok := e.strategy.(*guided); ok && g.added > e.saved {
			if e.err = g.save(); e.err != nil {
				e.over = true
			}
			e.saved = g.added
		}
		e.makeNext()
	}
	e.turn.Broadcast()
}

// judge counts what is new in a world, and lets the strategy learn from it.
func (e *engine) judge(d *done) *Played {
	fresh := 0
	for _, s := range d.states {
		if e.known.Add(s) {
			fresh++
		}
	}
	p := &Played{Place: d.place, Result: d.result, States: uint64(e.known.Len()), Full: e.known.Full()}
	if g, ok := e.strategy.(*guided); ok {
		g.learn(d, fresh)
	}
	if d.file.Draw == nil {
		p.Scenario = d.file.Scenario
	}
	return p
}

// strategy says what is played. Its methods are called one at a time.
type strategy interface {
	// next makes the world at a place; places come in order. It returns false when there are no more seeds.
	next(place uint64) (world, bool)
}

func newStrategy(o *Options) (strategy, error) {
	if o.Shard.Total == 0 {
		o.Shard = Shard{0, 1}
	}
	name := o.Strategy
	if name == "" {
		name = Swarm
	}
	o.Strategy = name
	if name == Guided {
		o.States = true
		return newGuided(o)
	}
	f, err := fileOf(name)
	c := &consecutive{file: f, from: o.From, shard: o.Shard}
	if name == Swarm {
		c.nodes = o.Nodes
	}
	return c, err
}

// Check says what is wrong with the name of a strategy, nil for nothing.
func Check(strategy string) error {
	if !slices.Contains(Strategies(), strategy) {
		return fmt.Errorf("there is no strategy %q; there are %s", strategy, strings.Join(Strategies(), ", "))
	}
	return nil
}

// World returns the scenario that a strategy plays with a seed, with so many nodes at first, 0 for as many as are drawn. It is an error
// where there is no such strategy, or where no seed stands for its worlds.
func World(strategy string, seed uint64, nodes int) (*script.Scenario, error) {
	if strategy == Guided {
		return nil, errors.New("no seed stands for a world of the strategy guided: it comes from those before it")
	}
	f, err := fileOf(strategy)
	switch {
	case err != nil:
		return nil, err
	case nodes > 0 && strategy == Swarm:
		return draw.WorldOf(seed, nodes), nil
	}
	return f.With(seed), nil
}

// fileOf returns the file whose scenarios, drawn from the seed, a strategy plays.
func fileOf(strategy string) (scenarios.File, error) {
	switch strategy {
	case Swarm:
		return scenarios.Load(scenarios.Fuzz)
	case Priority:
		return scenarios.Load(scenarios.FuzzPriority)
	}
	return scenarios.File{}, Check(strategy)
}

// failedName is the name of the file for a world that no name and seed stand for, should it fail.
func failedName(seed uint64) string { return fmt.Sprintf("failed-%d.yaml", seed) }

// consecutive plays the worlds of one seed after the other.
type consecutive struct {
	file  scenarios.File
	from  uint64
	shard Shard
	// nodes is how many the worlds begin with where it is not drawn: then no name and seed stand for them.
	nodes int
}

func (c *consecutive) next(place uint64) (world, bool) {
	left := math.MaxUint64 - c.from
	if place > (left-min(left, c.shard.Index))/c.shard.Total || c.shard.Index > left {
		return world{}, false
	}
	w := world{place, c.file, c.from + place*c.shard.Total + c.shard.Index}
	if c.nodes > 0 {
		w.file = scenarios.File{Path: failedName(w.seed), Scenario: draw.WorldOf(w.seed, c.nodes)}
	}
	return w, true
}
