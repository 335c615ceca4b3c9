package scenarios_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
)

// A change that a later entry makes void has not been tried: it does not count as one that came about.
func TestAChangeThatIsTakenBackWasNotExercised(t *testing.T) {
	r := play(t, `
duration: 3s
timeline:
  - during: 1s..2s
    partition: [[n1], [n2], [n3]]
  - at: 1.5s
    join: n4
  - at: 1.6s
    remove: n4
`, scenarios.Options{})
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	require.Contains(t, r.NotExercised, "line 6: join: the cluster did not come to it")
}
