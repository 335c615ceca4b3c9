package shrink_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
	"raftsim/scenarios/shrink"
)

// What waits on its way is dropped, bound, shortened and rounded like any other entry.
func TestHeldMessagesAreShrunk(t *testing.T) {
	m, err := shrink.Shrink(parse(t, `
name: held
duration: 6s
cluster: {nodes: 5}
network: {latency: 1ms..10ms}
clients: {count: 2, rate: 20/s}
timeline:
  - during: 813ms..1217ms
    hold: {from: leader, to: follower}
  - during: 1s..1200ms
    hold: {from: random(2), to: rest}
  - during: 2713ms..5999ms
    hold: {from: all, to: all}
  - during: 3s..4s
    timers: {late: 0ms..20ms, early: 0ms..20ms}
expect:
  - by: 5s
    leader: elected
`), 2, shrink.Options{})
	require.NoError(t, err)
	sc := certified(t, m, scenarios.Options{}).Scenario
	require.Len(t, sc.Timeline, 1, string(m.Format()))
	e := &sc.Timeline[0]
	hold, ok := e.Action.(script.Hold)
	require.True(t, ok, string(m.Format()))
	require.Zero(t, e.Trigger.From%(10*time.Millisecond), string(m.Format()))
	require.LessOrEqual(t, sc.Cluster.Nodes, 3, string(m.Format()))
	for _, end := range []script.Selector{hold.From, hold.To} {
		require.Contains(t, []script.SelectorKind{script.SelNode, script.SelList}, end.Kind, "nodes are named: %s", m.Format())
	}
}

// Timers that miss their time are brought to miss it one way, by one time.
func TestTimersThatMissTheirTimeAreShrunk(t *testing.T) {
	m, err := shrink.Shrink(parse(t, `
name: early
duration: 6s
cluster: {nodes: 5}
network: {latency: 1ms..10ms}
timeline:
  - during: 2s..5s
    timers: {late: 0ms..1ms, early: 30ms..200ms}
  - during: 1s..2s
    hold: {from: n1, to: n2}
  - during: 1s..3s
    timers: {late: 5ms..10ms}
    on: n2
expect:
  - during: 1s..6s
    rpcs: "<= 1000"           # 800 of them are heartbeats in time, and their answers
`), 2, shrink.Options{})
	require.NoError(t, err)
	sc := certified(t, m, scenarios.Options{}).Scenario
	require.LessOrEqual(t, len(sc.Timeline), 2, string(m.Format()))
	for i := range sc.Timeline {
		if a, ok := sc.Timeline[i].Action.(script.SetTimers); ok {
			require.Nil(t, a.Late, string(m.Format()))
			require.Equal(t, a.Early.Min, a.Early.Max, string(m.Format()))
			return
		}
	}
	require.Fail(t, "it is timers that are early", string(m.Format()))
}
