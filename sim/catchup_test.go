package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/sim"
)

// What waited is handled before what comes at the very moment at which the wait ends, so that a link keeps its order.
func TestWhatWaitedComesBeforeWhatComesAtThatMoment(t *testing.T) {
	for name, wait := range map[string]func(s *stage) (end func()){
		"a pause": func(s *stage) func() { s.Pause(2); return func() { s.Resume(2) } },
		"a hold":  func(s *stage) func() { h := s.Hold(1, 2); return func() { s.Undo(h) } },
		"both, ended together": func(s *stage) func() {
			h := s.Hold(1, 2)
			s.Pause(2)
			return func() { s.Undo(h); s.Resume(2) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, 2, sim.Config{Link: steady(5 * ms)})
			heard := s.heard(2)
			s.At(12*ms, wait(s)) // before the messages, which arrive at that time, are sent
			for _, at := range []int{1, 2, 7, 7} {
				s.At(time.Duration(at)*ms, func() { s.say(1, 2) })
			}
			s.RunUntil(11 * ms)
			require.Empty(t, *heard)
			s.RunUntil(20 * ms)
			require.Equal(t, []int{0, 1, 2, 3}, *heard)
			s.eachReleasedOnce()
		})
	}
}
