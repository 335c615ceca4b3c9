package draw

import (
	"time"

	"raftsim/scenarios/script"
	"raftsim/sim"
)

// dice are the draws of one purpose. The first choice of each is the calm one.
type dice struct{ stream *sim.Stream }

func roll(seed uint64, purpose string) dice { return dice{sim.NewStream(seed, purpose)} }

// below draws a number in [0,n).
func (d dice) below(n int) int { return int(d.stream.Below(uint64(n))) }

// between draws a number in [low,high].
func (d dice) between(low, high int) int { return low + d.below(high-low+1) }

// chance draws whether a thing happens that does so in so many cases of a hundred.
func (d dice) chance(percent int) bool { return d.below(100) >= 100-percent }

// time draws a time in [low,high], in whole milliseconds.
func (d dice) time(low, high time.Duration) time.Duration {
	ms := max(int((high-low)/time.Millisecond), 0)
	return low + time.Duration(d.below(ms+1))*time.Millisecond
}

// one draws one of several.
func one[T any](d dice, of ...T) T { return of[d.below(len(of))] }

// window draws a part of [0,end], at least a millisecond and at most longest long.
func (d dice) window(end, longest time.Duration) script.Trigger {
	from := d.time(0, end-time.Millisecond)
	// Short windows are as likely as long ones: the longest is drawn first.
	length := d.time(time.Millisecond, one(d, longest, longest/3, longest/10, longest/30))
	return script.Trigger{Kind: script.During, From: from, To: min(from+length, end)}
}

// moment draws a time before the end.
func (d dice) moment(end time.Duration) script.Trigger {
	return script.Trigger{Kind: script.At, From: d.time(0, end)}
}

// percent is so many parts of a hundred.
func percent(n int) script.PPM { return script.PPM(n) * 10_000 }
