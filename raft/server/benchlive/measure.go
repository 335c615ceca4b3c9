package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// target is a cluster that is measured.
type target interface {
	name() string
	// writer returns a function that puts a value, for one writer.
	writer(n int) (func(ctx context.Context, key, value string) error, error)
	// used is how much processor time the nodes have had so far.
	used() time.Duration
	stop()
}

// result is what a round came to.
type result struct {
	rate     float64 // puts in a second
	p50, p99 time.Duration
	// nodes and load are the processor time of a put: of the three nodes, and of this process, which loads them.
	nodes, load time.Duration
}

// measure has so many writers put values for a while, after a warm-up of a fifth of it.
func measure(ctx context.Context, t target, writers int, round time.Duration) (result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var all []time.Duration
	var failed error
	var counting atomic.Bool
	var wg sync.WaitGroup
	for n := range writers {
		put, err := t.writer(n)
		if err != nil {
			return result{}, err
		}
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(n), 1))
			value := strings.Repeat("v", 90)
			var took []time.Duration
			for k := 0; ctx.Err() == nil; k++ {
				key := fmt.Sprintf("key%04d", rng.IntN(1000))
				began := time.Now()
				err := put(ctx, key, fmt.Sprintf("%s%010d", value, k))
				if ctx.Err() != nil {
					break
				}
				if err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					cancel()
					break
				}
				if counting.Load() {
					took = append(took, time.Since(began))
				}
			}
			mu.Lock()
			all = append(all, took...)
			mu.Unlock()
		})
	}
	pause(ctx, round/5)
	counting.Store(true)
	began, nodes, load := time.Now(), t.used(), used(os.Getpid())
	pause(ctx, round)
	elapsed := time.Since(began)
	counting.Store(false)
	nodes, load = t.used()-nodes, used(os.Getpid())-load
	cancel()
	wg.Wait()
	if failed != nil {
		return result{}, failed
	}
	if len(all) == 0 {
		return result{}, fmt.Errorf("nothing was written in %v", round)
	}
	slices.Sort(all)
	return result{
		rate: float64(len(all)) / elapsed.Seconds(),
		p50:  all[len(all)/2], p99: all[len(all)*99/100],
		nodes: nodes / time.Duration(len(all)), load: load / time.Duration(len(all)),
	}, nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
