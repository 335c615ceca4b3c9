package shrink_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/replica"
	"raftsim/scenarios"
	"raftsim/scenarios/shrink"
)

// luck is that of one run: of the times at which all nodes have received messages, and whether it was tried.
type luck struct {
	number uint32
	tried  bool
}

// unlucky panics at the first message to a follower after a time, when the luck of the run is a bad number, as it may be in one run of so
// many: after any change it is another one.
type unlucky struct {
	*replica.Replica
	env replica.Env
	run *luck
	of  uint32
	// after is when.
	after time.Duration
}

func (u unlucky) Receive(from raft.NodeID, m replica.Message) {
	u.run.number = u.run.number*16777619 + uint32(u.env.Now())
	if !u.run.tried && u.env.Now() > u.after && u.Core().Role() == raft.Follower {
		u.run.tried = true
		if u.run.number>>8%u.of == 7 {
			panic("out of luck")
		}
	}
	u.Replica.Receive(from, m)
}

func withoutLuck(of uint32, after time.Duration) scenarios.Options {
	run := &luck{}
	return scenarios.Options{Boot: func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
		if id == 1 {
			*run = luck{} // nobody restarts: this is a run of its own
		}
		p, err := replica.New(o)(id, env)
		r, _ := p.(*replica.Replica)
		return unlucky{r, env, run, of, after}, err
	}}
}

// lucky has much in its timeline, all of which decides on the luck of a run, and returns it with a seed that has none.
func lucky(t *testing.T, entries int, o scenarios.Options) (scenarios.File, uint64) {
	t.Helper()
	var text strings.Builder
	text.WriteString("name: luck\nduration: 6s\ncluster: {nodes: 5}\nnetwork: {latency: 1ms..10ms, loss: 1%}\ntimeline:\n")
	for k := range entries {
		fmt.Fprintf(&text, "  - {during: %dms..%dms, network: {latency: %dms..%dms}, on: all}\n", 50*k, 50*k+50, 1+k%3, 5+k%4)
	}
	f := parse(t, text.String())
	seed := uint64(1)
	for ; f.Run(seed, o).Verdict != scenarios.Violation; seed++ {
		require.Less(t, seed, uint64(20_000))
	}
	return f, seed
}

// A failure that is gone with nearly every change, and there again with another seed, is looked for with many.
func TestAFailureThatTakesLuckIsShrunk(t *testing.T) {
	o := withoutLuck(200, time.Second)
	f, seed := lucky(t, 20, o)
	m, err := shrink.Shrink(f, seed, shrink.Options{Run: o})
	require.NoError(t, err)
	require.LessOrEqual(t, len(m.Scenario.Timeline), 3, string(m.Format()))
	certified(t, m, o)
}

// Where even that is in vain, there is budget left to finish what there is.
func TestTheSearchForLuckLeavesSomeOfTheBudget(t *testing.T) {
	if testing.Short() {
		t.Skip("plays five thousand runs")
	}
	o := withoutLuck(2500, 2500*time.Millisecond)
	f, seed := lucky(t, 45, o)
	m, err := shrink.Shrink(f, seed, shrink.Options{Run: o})
	require.NoError(t, err)
	require.Greater(t, len(m.Scenario.Timeline), 20, "it takes less luck than it was to")
	require.True(t, m.Minimal, "%d runs", m.Runs)
}
