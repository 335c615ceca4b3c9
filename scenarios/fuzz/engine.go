package fuzz

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"

	"raftsim/scenarios"
)

// Strategies are the names of those there are; the first is the usual one.
func Strategies() []string { return []string{Swarm, Priority} }

// Names of strategies.
const (
	Swarm    = "swarm"
	Priority = "priority"
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
}

// Run plays worlds until ctx ends or there are no more, and hands each to each, in order and one at a time; each ends the hunt by
// returning false. Histories of runs that passed are dropped first. The error says that the options are wrong, and nothing was played then.
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
	var workers sync.WaitGroup
	for range o.Workers {
		workers.Go(func() { e.work(ctx) })
	}
	workers.Wait()
	return nil
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
}

// work plays worlds until there are no more.
func (e *engine) work(ctx context.Context) {
	for {
		w, ok := e.take(ctx)
		if !ok {
			return
		}
		r := w.file.Run(w.seed, e.o.Run)
		if r.Verdict == scenarios.Pass {
			r.History, r.Linearizability = nil, nil
		}
		e.deliver(done{w, r})
	}
}

// take makes the next world. It waits while too many are under way.
func (e *engine) take(ctx context.Context) (world, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for !e.over && e.made-e.delivered >= lag {
		e.turn.Wait()
	}
	if e.over || ctx.Err() != nil || e.o.Count > 0 && e.made >= e.o.Count {
		return world{}, false
	}
	w, ok := e.strategy.next(e.made)
	if !ok {
		return world{}, false
	}
	e.made++
	return w, true
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
		e.over = !e.each(&Played{d.place, d.result})
	}
	e.turn.Broadcast()
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
	f, err := File(name)
	return &consecutive{file: f, from: o.From, shard: o.Shard}, err
}

// File returns the file whose scenarios, drawn from the seed, a strategy plays.
func File(strategy string) (scenarios.File, error) {
	switch strategy {
	case Swarm:
		return scenarios.Load(scenarios.Fuzz)
	case Priority:
		return scenarios.Load(scenarios.FuzzPriority)
	}
	return scenarios.File{}, fmt.Errorf("there is no strategy %q; there are %s", strategy, strings.Join(Strategies(), ", "))
}

// consecutive plays the worlds of one seed after the other.
type consecutive struct {
	file  scenarios.File
	from  uint64
	shard Shard
}

func (c *consecutive) next(place uint64) (world, bool) {
	left := math.MaxUint64 - c.from
	if place > (left-min(left, c.shard.Index))/c.shard.Total || c.shard.Index > left {
		return world{}, false
	}
	return world{place, c.file, c.from + place*c.shard.Total + c.shard.Index}, true
}
