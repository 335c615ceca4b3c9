package live

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// canary notices that the machine has no time for what runs on it: it asks now and then for a moment of a processor, and for
// the disk, as a node does.
type canary struct {
	// late and slow are the worst so far: how late it was woken, and how long a sync took.
	late, slow atomic.Int64
	delays     delays
}

const (
	wakeEvery = 5 * time.Millisecond
	syncEvery = 100 * time.Millisecond
)

// start has it sing until the run ends.
func (c *canary) start(p *play, dir string) {
	p.work.Go(func() {
		alarm := time.NewTicker(wakeEvery)
		defer alarm.Stop()
		for last := time.Now(); ; {
			select {
			case <-alarm.C:
			case <-p.ctx.Done():
				return
			}
			now := time.Now()
			atLeast(&c.late, now.Sub(last)-wakeEvery)
			last = now
		}
	})
	p.work.Go(func() {
		path := filepath.Join(dir, "canary")
		f, err := os.Create(path)
		if err != nil {
			return // whoever needs the disk will say so
		}
		defer os.Remove(path)
		defer f.Close()
		alarm := time.NewTicker(syncEvery)
		defer alarm.Stop()
		for {
			select {
			case <-alarm.C:
			case <-p.ctx.Done():
				return
			}
			began := time.Now()
			if _, err := f.WriteString("."); err != nil || f.Sync() != nil {
				return
			}
			atLeast(&c.slow, time.Since(began))
		}
	})
}

func atLeast(a *atomic.Int64, d time.Duration) {
	if int64(d) > a.Load() {
		a.Store(int64(d))
	}
}

// excuse says what a machine did late, "" when it was in time: a heartbeat may have been late by as much, or a node away for as long
// as it takes others to elect another.
func (c *canary) excuse(heartbeat, election time.Duration) string {
	switch late, slow, long := time.Duration(c.late.Load()), time.Duration(c.slow.Load()), c.delays.longest(time.Now()); {
	case late >= heartbeat:
		return fmt.Sprintf("the machine was busy, and let a process wait for %v", late.Round(time.Millisecond))
	case slow >= heartbeat:
		return fmt.Sprintf("the disk was busy, and took %v for a sync", slow.Round(time.Millisecond))
	case long >= election:
		return fmt.Sprintf("the machine was busy, and took %v to start, stop or pause a node", long.Round(time.Millisecond))
	}
	return ""
}
