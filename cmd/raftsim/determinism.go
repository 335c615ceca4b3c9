package main

import (
	"cmp"
	"context"
	"iter"
	"runtime"
	"sync"

	"raftsim/scenarios"
)

// twice is a run to be played twice.
type twice struct {
	file scenarios.File
	seed uint64
	diff *scenarios.Difference
}

// checkDeterminism plays every run twice, a batch at once, and ends at the first, in their order, that was not the
// same both times.
func checkDeterminism(ctx context.Context, s streams, jobs []scenarios.Job, total uint64, f *runFlags) error {
	p := newProgress(s, total)
	for batch := range batches(jobs, cmp.Or(f.workers.value, runtime.GOMAXPROCS(0))) {
		var done sync.WaitGroup
		for i := range batch {
			t := &batch[i]
			done.Go(func() { t.diff = t.file.CheckDeterminism(t.seed, f.options) })
		}
		done.Wait()
		for _, t := range batch {
			if t.diff != nil {
				p.clear()
				s.sayf("determinism: %s with seed %d did not do the same twice: %v\n", t.file.Path, t.seed, t.diff)
				p.conclude(false)
				return exit(exitViolation)
			}
			p.step(t.file.Scenario.Name, false)
		}
		if ctx.Err() != nil {
			break
		}
	}
	p.clear()
	s.printf("%s, each the same twice, event by event\n", count(p.done, "run"))
	p.conclude(p.done < total)
	if p.done < total {
		return exit(exitInconclusive) // the rest was not looked at
	}
	return nil
}

// batches yields the runs of all jobs in order, n at a time. A batch is reused.
func batches(jobs []scenarios.Job, n int) iter.Seq[[]twice] {
	return func(yield func([]twice) bool) {
		batch := make([]twice, 0, n)
		for _, j := range jobs {
			seeds := j.Seeds
			if seeds == nil {
				seeds = j.File.Scenario.Seeds
			}
			for seed := range seeds.All() {
				batch = append(batch, twice{file: j.File, seed: seed})
				if len(batch) == n {
					if !yield(batch) {
						return
					}
					batch = batch[:0]
				}
			}
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
}
