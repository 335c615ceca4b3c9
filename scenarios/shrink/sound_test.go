package shrink_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/replica"
	"raftsim/scenarios"
	"raftsim/scenarios/script"
	"raftsim/scenarios/shrink"
)

// deaf never hears that anybody has an entry, so that nothing is committed.
type deaf struct{ *replica.Replica }

func (d deaf) Receive(from raft.NodeID, m replica.Message) {
	if m.(*raft.Message).Kind != raft.MsgAppendReply {
		d.Replica.Receive(from, m)
	}
}

var deafs = scenarios.Options{Boot: func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
	p, err := replica.New(o)(id, env)
	r, _ := p.(*replica.Replica)
	return deaf{r}, err
}}

const busy = `
name: busy
about: Clients are served.
duration: 2s
clients: {count: 3, rate: 30/s}
timeline:
  - during: 500ms..900ms
    cut: {from: n2, to: n3}
expect:
  - during: 1s..2s
    commits: ">= 20"
`

// What fails whatever the core shows nothing of the fault: without clients nothing is committed by any.
func TestWhatFailsWhateverTheCoreIsNotKept(t *testing.T) {
	alone, err := shrink.Shrink(parse(t, busy), 1, shrink.Options{Run: deafs})
	require.NoError(t, err)
	require.Equal(t, script.CountsHold, alone.Result.Property)
	require.Zero(t, alone.Scenario.Clients.Count)
	require.False(t, alone.Sound)
	require.Empty(t, alone.Scenario.About, "it is not true any more")

	asked := 0
	sound := func(text []byte, seed uint64) (bool, error) {
		asked++
		return shrink.Sound(text, seed)
	}
	m, err := shrink.Shrink(parse(t, busy), 1, shrink.Options{Run: deafs, Sound: sound})
	require.NoError(t, err)
	require.NotZero(t, asked)
	require.True(t, m.Sound)
	require.Contains(t, string(m.Format()), "# A core without the fault passes it.\n")
	require.NotZero(t, m.Scenario.Clients.Count)
	require.LessOrEqual(t, len(m.Scenario.Timeline), 1)
	f := certified(t, m, deafs)
	res := f.Run(m.Seeds[0].First, scenarios.Options{})
	require.Equal(t, scenarios.ExpectedViolation, res.Property, res.Line())
}

// Of a run that a sound core fails as well, and of invariants, it is not asked again.
func TestASoundCoreIsAskedWhereItCanTell(t *testing.T) {
	calls := 0
	no := func([]byte, uint64) (bool, error) { calls++; return false, nil }
	m, err := shrink.Shrink(parse(t, noisy), 3, shrink.Options{Sound: no})
	require.NoError(t, err)
	require.False(t, m.Sound)
	require.Equal(t, 1, calls)

	m, err = shrink.Shrink(parse(t, noisy), 2, shrink.Options{Run: deserting(), Sound: no})
	require.NoError(t, err)
	require.Equal(t, script.NoPanic, m.Result.Property)
	require.Equal(t, 1, calls)

	gone := errors.New("nobody answers")
	calls = 0
	_, err = shrink.Shrink(parse(t, busy), 1, shrink.Options{Run: deafs, Sound: func([]byte, uint64) (bool, error) {
		if calls++; calls > 3 {
			return false, gone
		}
		return true, nil
	}})
	require.ErrorIs(t, err, gone)

	_, err = shrink.Sound([]byte("name: x\n"), 1)
	require.Error(t, err)
}

// A count that fails the other way is another failure: too many elections are not too few.
func TestACountFailsTheSameWay(t *testing.T) {
	const text = `
name: churn
duration: 3s
network: {latency: 1ms..10ms}
timeline:
  - repeat: 5
    every: 300ms
    timeline:
      - at: 1s
        timeout: all
expect:
  - during: 900ms..3s
    elections: "== 1"
    commits: ">= 1"
`
	m, err := shrink.Shrink(parse(t, text), 1, shrink.Options{})
	require.NoError(t, err)
	require.Regexp(t, `^[2-9] elections .*expected elections == 1$`, m.Result.Detail)
	certified(t, m, scenarios.Options{})
}
