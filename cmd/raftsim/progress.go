package main

import (
	"fmt"
	"time"
)

// progress tells on stderr how far a sweep is: on a terminal by a line that rewrites itself, otherwise
// by a plain line now and then.
type progress struct {
	s     streams
	what  string
	total uint64
	done  uint64
	bad   uint64
	begun time.Time
	next  time.Time
	drawn bool
}

const (
	liveEvery  = 100 * time.Millisecond
	plainEvery = 10 * time.Second
)

func newProgress(s streams, total uint64) *progress {
	now := time.Now()
	p := &progress{s: s, total: total, begun: now}
	p.next = now.Add(p.every())
	return p
}

func (p *progress) every() time.Duration {
	if p.s.live {
		return liveEvery
	}
	return plainEvery
}

// step counts a finished run.
func (p *progress) step(what string, bad bool) {
	p.done++
	if bad {
		p.bad++
	}
	p.what = what
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(p.every())
	line := fmt.Sprintf("%s: %d of %d runs, %d not passed, %.0f runs/s", p.what, p.done, p.total, p.bad, float64(p.done)/now.Sub(p.begun).Seconds())
	if p.s.live {
		p.s.sayf("\r\x1b[K%s", line)
		p.drawn = true
		return
	}
	p.s.sayf("%s\n", line)
}

// clear takes the line away, so that something else can be said.
func (p *progress) clear() {
	if p.drawn {
		p.s.sayf("\r\x1b[K")
		p.drawn = false
	}
}
