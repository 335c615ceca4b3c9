package draw_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios/draw"
	"raftsim/scenarios/script"
	"raftsim/sim"
)

// What is mutated, however often, stays a sound scenario within the limits, and its parents stay as they were.
func TestMutantsStayWithinTheLimits(t *testing.T) {
	for seed := range uint64(10) {
		s, other := draw.World(seed), draw.World(seed+1000)
		for k := range 20 {
			before := script.Format(s)
			stream := func() *sim.Stream { return sim.NewStream(seed, fmt.Sprint(k)) }
			child := draw.Mutate(stream(), "child", s, other)
			require.Equal(t, before, script.Format(s))
			require.Equal(t, child, draw.Mutate(stream(), "child", s, other))
			text := script.Format(child)
			read, err := script.Read("child.yaml", text)
			require.NoError(t, err, "%s", text)
			require.Equal(t, read, child, "%s", text)
			lost := 0
			for i := range child.Timeline {
				switch a := child.Timeline[i].Action.(type) {
				case script.Wipe, script.Remove:
					lost++
				case script.Join:
					if a.InsteadOf != nil {
						lost++
					}
				}
			}
			require.LessOrEqual(t, lost, (child.Cluster.Nodes-1)/2)
			s = child
		}
	}
}
