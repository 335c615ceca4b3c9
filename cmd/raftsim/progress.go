package main

import (
	"fmt"
	"time"
)

// progress tells on stderr how far a sweep is: on a terminal by a line that rewrites itself, otherwise
// by a plain line now and then.
type progress struct {
	s     streams
	now   func() time.Time
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
	// lineWidth is what fits into a narrow terminal: a line that wraps cannot be rewritten.
	lineWidth = 79
)

func newProgress(s streams, total uint64) *progress { return newProgressAt(s, total, time.Now) }

func newProgressAt(s streams, total uint64, now func() time.Time) *progress {
	p := &progress{s: s, now: now, total: total, begun: now()}
	p.next = p.begun.Add(p.every())
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
	now := p.now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(p.every())
	line := fmt.Sprintf("%s: %d of %d runs, %d not passed, %s", what, p.done, p.total, p.bad, p.rate())
	if p.s.live {
		if r := []rune(line); len(r) > lineWidth {
			line = string(r[:lineWidth-1]) + "…"
		}
		p.s.passing("%s", line)
		p.drawn = true
		return
	}
	p.s.sayf("%s\n", line)
}

// rate is how fast it goes.
func (p *progress) rate() string {
	return fmt.Sprintf("%.0f runs/s", float64(p.done)/max(p.now().Sub(p.begun).Seconds(), 1e-9))
}

// clear takes the line away, so that something else can be said.
func (p *progress) clear() {
	if p.drawn {
		p.s.passed()
		p.drawn = false
	}
}

// conclude says how much was done, and how fast.
func (p *progress) conclude(interrupted bool) {
	p.clear()
	done := count(p.done, "run")
	if p.done < p.total {
		done = fmt.Sprintf("%d of %s", p.done, count(p.total, "run"))
	}
	if interrupted {
		done = "interrupted after " + done
	}
	p.s.sayf("%s in %.1fs, %s\n", done, p.now().Sub(p.begun).Seconds(), p.rate())
}

// count writes a number and what it counts.
func count(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
