package fuzz

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"raftsim/scenarios"
	"raftsim/scenarios/draw"
	"raftsim/scenarios/script"
	"raftsim/sim"
)

// guided plays worlds mutated from those that reached abstract states that none before had, or none of late where there were very many
// ([seen.Memory]), and now and then a new one.
type guided struct {
	o      *Options
	corpus []kept
	// added counts what was ever kept; the place of the latest in a full corpus.
	added uint64
}

// kept is a world worth going on from.
type kept struct {
	scenario *script.Scenario
	seed     uint64
	// fresh is how many states it was the first to reach, picked how often it was gone on from.
	fresh, picked uint64
}

const (
	// mostKept bounds the corpus; then the oldest goes.
	mostKept = 4096
	// mostEvents is how long a run of a world that is kept may be: the longest reach the most, at the price of many others.
	mostEvents = 20_000
	// newWorlds is in so many of a hundred places a world that is drawn anew.
	newWorlds = 10
)

func newGuided(o *Options) (*guided, error) {
	g := &guided{o: o}
	return g, g.load()
}

func (g *guided) next(place uint64) (world, bool) {
	id := place*g.o.Shard.Total + g.o.Shard.Index
	seed := g.o.From + id
	if seed < g.o.From {
		return world{}, false
	}
	stream := sim.NewStream(seed, "guided")
	if len(g.corpus) == 0 || stream.Below(100) < newWorlds {
		return world{place: place, seed: seed, file: g.file(draw.WorldOf(seed, g.o.Nodes), seed)}, true
	}
	parent, other := g.pick(stream), g.pick(stream)
	child := draw.Mutate(stream, fmt.Sprintf("guided-%d", seed), parent.scenario, other.scenario)
	run := parent.seed
	if stream.Below(2) == 1 {
		run = seed
	}
	child.Seeds = script.Seeds{{First: run, Last: run}}
	return world{place: place, seed: run, file: g.file(child, seed)}, true
}

// pick draws a few worlds and takes the one that promises most: it reached much that was new and was gone on from seldom.
func (g *guided) pick(s *sim.Stream) kept {
	best := &g.corpus[s.Below(uint64(len(g.corpus)))]
	for range picks - 1 {
		k := &g.corpus[s.Below(uint64(len(g.corpus)))]
		if k.fresh*(1+best.picked) > best.fresh*(1+k.picked) {
			best = k
		}
	}
	best.picked++
	return *best
}

// picks is of how many worlds the best is taken.
const picks = 8

// file is a scenario as a file: where it will be if it is worth writing.
func (g *guided) file(s *script.Scenario, seed uint64) scenarios.File {
	return scenarios.File{Path: filepath.Join(g.o.Corpus, failedName(seed)), Scenario: s}
}

func (g *guided) learn(d *done, fresh int) {
	if fresh > 0 && d.result.Events <= mostEvents {
		g.keep(kept{scenario: d.file.Scenario, seed: d.seed, fresh: uint64(fresh)})
	}
}

func (g *guided) keep(k kept) {
	if len(g.corpus) < mostKept {
		g.corpus = append(g.corpus, k)
	} else {
		g.corpus[g.added%mostKept] = k
	}
	g.added++
}

// load reads a corpus that was kept before: every scenario of its folder, in the order of their names.
func (g *guided) load() error {
	if g.o.Corpus == "" {
		return nil
	}
	entries, err := os.ReadDir(g.o.Corpus)
	if errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(g.o.Corpus, 0o777)
	}
	if err != nil {
		return fmt.Errorf("the corpus cannot be read: %w", err)
	}
	for _, e := range entries { // they are sorted
		if !strings.HasPrefix(e.Name(), "kept-") || !strings.HasSuffix(e.Name(), ".yaml") {
			continue
		}
		path := filepath.Join(g.o.Corpus, e.Name())
		f, err := scenarios.Load(path)
		if err != nil {
			return fmt.Errorf("the corpus cannot be read; take this file away, or begin another corpus:\n%w", err)
		}
		g.keep(kept{scenario: f.Scenario, seed: f.Scenario.Seeds[0].First, fresh: 1})
	}
	return nil
}

// save writes what was kept last into the corpus. There are never more files than worlds in it.
func (g *guided) save() error {
	if g.o.Corpus == "" {
		return nil
	}
	k := (g.added - 1) % mostKept
	path := filepath.Join(g.o.Corpus, fmt.Sprintf("kept-%04d.yaml", k))
	part := path + ".part"
	if err := os.WriteFile(part, script.Format(g.corpus[k].scenario), 0o666); err != nil {
		return fmt.Errorf("the corpus cannot be written: %w", err)
	}
	return os.Rename(part, path)
}

// collector notes the states of one run.
type collector struct{ seen []uint64 }

func (c *collector) add(v uint64) { c.seen = append(c.seen, v) }

// distinct returns each state once.
func (c *collector) distinct() []uint64 {
	slices.Sort(c.seen)
	return slices.Compact(c.seen)
}
