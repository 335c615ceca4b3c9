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

// What a node goes by counts, committed or not: where that wants the vote of one who is gone, nobody can get on.
func TestNoProgressIsExpectedWhereAChangeWantsWhoIsGone(t *testing.T) {
	for _, gone := range []string{"pause", "wipe", "crash"} {
		f := parse(t, "duration: 40ms\nnetwork: {latency: 5ms}\ntimeline: [{at: 0s, "+gone+": n3}, {at: 20ms, remove: n2}]")
		for seed := range uint64(5) {
			r := f.Run(seed, scenarios.Options{})
			require.Equal(t, scenarios.Pass, r.Verdict, "%s, seed %d: %s", gone, seed, r.Line())
		}
	}
}

// Who joins is swapped for whoever the selector picks, and not for another who joins; when it is not to join any more, nobody leaves for it.
func TestNodesAreSwapped(t *testing.T) {
	r := play(t, `
duration: 4s
timeline:
  - at: 1s
    join: {nodes: [n4, n5], instead_of: [leader, follower]}
  - during: 2s..4s
    partition: [[n6], rest]
  - at: 2.1s
    join: {nodes: n6, instead_of: [n4, n5]}
  - at: 2.5s
    join: n4
  - at: 3s
    remove: n6
expect:
  - by: 2s
    members: [n1, n4, n5]
  - by: end
    members: [n1, n4, n5]
`, scenarios.Options{})
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	require.Contains(t, r.NotExercised, "line 8: join: the cluster did not come to it")
}

// To have a node join again that is to come for another leaves that as it is, whether a leader has begun with it or not: an entry does not
// mean another thing a moment later.
func TestWhoIsToJoinAgainIsStillSwapped(t *testing.T) {
	for meanwhile, what := range map[string]string{"crash: [n1, n2, n3]": "nobody has it yet", "partition: [[n4], rest]": "it is in the log"} {
		for again, members := range map[string]string{"n4": "[n2, n3, n4]", "{nodes: n4, instead_of: n2}": "[n3, n4]"} {
			r := play(t, `
duration: 4s
timeline:
  - during: 1s..2s
    `+meanwhile+`
  - at: 1.2s
    join: {nodes: n4, instead_of: n1}
  - at: 1.6s
    join: `+again+`
expect:
  - by: end
    members: `+members+`
`, scenarios.Options{})
			require.Equal(t, scenarios.Pass, r.Verdict, "%s, %s: %s", what, again, r.Line())
		}
	}
}
