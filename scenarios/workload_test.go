package scenarios_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/checker"
	"raftsim/raft/kv"
	"raftsim/scenarios"
	"raftsim/sim"
)

// Clients keep to their rate and mix, spread over the keys, and never write a value twice.
func TestWorkload(t *testing.T) {
	r := play(t, `
duration: 10s
clients: {count: 4, rate: 25/s, keys: 3, mix: {get: 40%, put: 30%, append: 10%, cas: 10%, delete: 10%}}
expect: {history: linearizable}
`, scenarios.Options{})
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	require.InDelta(t, 4*25*10, float64(r.Ops), 50)
	ops, keys, values, swapped := map[kv.Op]int{}, map[string]int{}, map[string]bool{}, 0
	for _, o := range r.History.Operations() {
		ops[o.Op]++
		keys[o.Key]++
		if o.Value != "" {
			require.False(t, values[o.Value], "%s is written twice", o.Value)
			values[o.Value] = true
		}
		if o.Result.Swapped {
			swapped++
		}
		require.LessOrEqual(t, o.Call, 10*time.Second, "clients stop at duration")
	}
	for op, share := range map[kv.Op]float64{kv.Get: .4, kv.Put: .3, kv.Append: .1, kv.CAS: .1, kv.Delete: .1} {
		require.InDelta(t, share, float64(ops[op])/float64(r.Ops), .05, "%v", op)
	}
	require.Len(t, keys, 3)
	require.Greater(t, swapped, ops[kv.CAS]/2, "cas mostly expects what is there")
}

// Values are as long as the scenario wants them, and every one is a new one even so.
func TestValueSize(t *testing.T) {
	r := play(t, `
duration: 5s
clients: {count: 3, rate: 20/s, mix: {put: 50%, append: 20%, cas: 30%}, value_size: 1KiB}
expect: {history: linearizable}
`, scenarios.Options{})
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	values := map[string]bool{}
	for _, o := range r.History.Operations() {
		require.Len(t, o.Value, 1024)
		require.False(t, values[o.Value], "%s is written twice", o.Value)
		values[o.Value] = true
	}
	require.Greater(t, len(values), 200)
}

// A client has one operation under way at a time.
func TestClientsAreSequential(t *testing.T) {
	r := play(t, `
duration: 5s
cluster: {nodes: 5}
network: {loss: 10%, duplicate: 10%, reorder: 10%}
clients: {count: 3, rate: 100/s, timeout: 100ms}
timeline: [{during: 1s..3s, crash: leader}]
`, scenarios.Options{})
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	last := map[uint64]checker.Operation{}
	for _, o := range r.History.Operations() {
		if before, ok := last[o.Client]; ok && !before.Unknown {
			require.GreaterOrEqual(t, o.Call, before.Return)
		}
		last[o.Client] = o
	}
	require.Len(t, last, 3)
}

// A request that goes unanswered is sent again as the same operation, elsewhere, and takes effect once.
func TestRetry(t *testing.T) {
	type name struct {
		session kv.SessionID
		seq     uint64
	}
	asked := map[name]map[uint64]bool{}
	r := play(t, `
duration: 4s
clients: {count: 2, rate: 20/s, timeout: 100ms}
timeline: [{during: 1s..2s, crash: leader}]
expect: [{history: linearizable}, {sometimes: retry-deduplicated}]
`, scenarios.Options{Trace: func(e *sim.Event) {
		if e.Kind == sim.EventRequest {
			n := name{e.Request.Session, e.Request.Seq}
			if asked[n] == nil {
				asked[n] = map[uint64]bool{}
			}
			asked[n][uint64(e.Node)] = true
		}
	}})
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	elsewhere := 0
	for _, nodes := range asked {
		if len(nodes) > 1 {
			elsewhere++
		}
	}
	require.NotZero(t, elsewhere)
	require.Zero(t, r.OpsUnknown)
}

// What nobody answers is given up, its outcome stays unknown, and the client goes on in a new session.
func TestGiveUp(t *testing.T) {
	sessions := map[kv.SessionID]bool{}
	r := play(t, `
duration: 8s
clients: {count: 1, rate: 20/s, timeout: 100ms}
timeline: [{during: 1s..6s, pause: all}]
`, scenarios.Options{Trace: func(e *sim.Event) {
		if e.Kind == sim.EventRequest {
			sessions[e.Request.Session] = true
		}
	}})
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	require.InDelta(t, 10, float64(r.OpsUnknown), 2, "five tries of 100ms each, for five seconds")
	require.EqualValues(t, r.OpsUnknown, len(sessions)-1)
	all := r.History.Operations()
	require.False(t, all[len(all)-1].Unknown, "the client went on")
}

// A burst sends just as many requests, within its time, from clients of their own.
func TestBurst(t *testing.T) {
	for name, c := range map[string]struct {
		action string
		most   time.Duration
	}{
		"spread":  {"{requests: 250, within: 500ms}", time.Second + 500*time.Millisecond},
		"at once": {"250", time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			r := play(t, `
duration: 3s
clients: {count: 1, rate: 0/s}
timeline: [{at: 1s, burst: `+c.action+`}]
expect: {history: linearizable}
`, scenarios.Options{})
			require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
			require.EqualValues(t, 250, r.Ops)
			require.Empty(t, r.NotExercised)
			last := time.Duration(0)
			for _, o := range r.History.Operations() {
				require.GreaterOrEqual(t, o.Call, time.Second)
				require.LessOrEqual(t, o.Call, c.most)
				require.NotEqualValues(t, 1, o.Client)
				last = o.Call
			}
			require.Greater(t, last, c.most-10*time.Millisecond)
		})
	}
}

// Clients that nobody answers show a vacuous run.
func TestUnansweredClients(t *testing.T) {
	r := play(t, `
duration: 2s
clients: {count: 1, rate: 20/s}
timeline:
  - {at: 0s, pause: all}
  - {at: 1s, burst: 5}
expect: {history: linearizable}
`, scenarios.Options{})
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	require.Len(t, r.NotExercised, 3)
	require.Equal(t, "line 6: burst: no request of it was answered", r.NotExercised[0])
	require.Contains(t, r.NotExercised[1], "clients: none of ")
	require.Contains(t, r.NotExercised[2], "history: it holds no answer")
}
