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

// unlucky panics at the first message to a follower after a second, when the luck of the run is a bad number, as it may be in one run of two
// hundred: after any change it is another one.
type unlucky struct {
	*replica.Replica
	env replica.Env
	run *luck
}

func (u unlucky) Receive(from raft.NodeID, m replica.Message) {
	u.run.number = u.run.number*16777619 + uint32(u.env.Now())
	if !u.run.tried && u.env.Now() > time.Second && u.Core().Role() == raft.Follower {
		u.run.tried = true
		if u.run.number>>8%200 == 7 {
			panic("out of luck")
		}
	}
	u.Replica.Receive(from, m)
}

func withoutLuck() scenarios.Options {
	run := &luck{}
	return scenarios.Options{Boot: func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
		if id == 1 {
			*run = luck{} // nobody restarts: this is a run of its own
		}
		p, err := replica.New(o)(id, env)
		r, _ := p.(*replica.Replica)
		return unlucky{r, env, run}, err
	}}
}

// A failure that is gone with nearly every change, and there again with another seed, is looked for with many.
func TestAFailureThatTakesLuckIsShrunk(t *testing.T) {
	var text strings.Builder
	text.WriteString("name: luck\nduration: 4s\ncluster: {nodes: 5}\nnetwork: {latency: 1ms..10ms, loss: 1%}\ntimeline:\n")
	for k := range 20 {
		fmt.Fprintf(&text, "  - {during: %dms..%dms, network: {latency: %dms..%dms}, on: all}\n", 50*k, 50*k+50, 1+k%3, 5+k%4)
	}
	f := parse(t, text.String())
	seed := uint64(1)
	for ; f.Run(seed, withoutLuck()).Verdict != scenarios.Violation; seed++ {
		require.Less(t, seed, uint64(10_000))
	}
	m, err := shrink.Shrink(f, seed, shrink.Options{Run: withoutLuck()})
	require.NoError(t, err)
	require.LessOrEqual(t, len(m.Scenario.Timeline), 3, string(m.Format()))
	certified(t, m, withoutLuck())
}
