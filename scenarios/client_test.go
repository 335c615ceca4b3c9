package scenarios_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
	"raftsim/scenarios"
	"raftsim/sim"
)

// operation names an operation of a session.
type operation struct {
	session kv.SessionID
	seq     uint64
}

// A node that is busy did nothing. The same operation is asked of it again, after a while, and takes effect once.
func TestBusy(t *testing.T) {
	refused := map[operation]int{}
	o := breaking(broken{request: func(b *broken, c replica.ClientID, q *kv.Request) bool {
		name := operation{q.Session, q.Seq}
		if b.Core().Role() != raft.Leader || q.Seq%3 != 0 || refused[name] == 3 {
			return false
		}
		refused[name]++
		b.env.Answer(c, &replica.Response{Session: q.Session, Seq: q.Seq, Status: kv.Busy, Leader: b.id})
		return true
	}})
	type ask struct {
		node raft.NodeID
		at   time.Duration
	}
	asked := map[operation][]ask{}
	o.Trace = func(e *sim.Event) {
		if e.Kind == sim.EventRequest {
			name := operation{e.Request.Session, e.Request.Seq}
			asked[name] = append(asked[name], ask{e.Node, e.At})
		}
	}
	r := play(t, `
duration: 4s
clients: {count: 2, rate: 20/s, timeout: 160ms, mix: {append: 100%}, keys: 1}
expect: {history: linearizable}
`, o)
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	require.LessOrEqual(t, r.OpsUnknown, uint64(2), "what is under way at the end")
	require.Greater(t, len(refused), 20)
	for name, times := range refused {
		if times < 3 {
			continue // the end came first
		}
		last := asked[name][len(asked[name])-4:]
		for k := 1; k < len(last); k++ {
			require.Equal(t, last[0].node, last[k].node, "nobody else could do better")
			require.Greater(t, last[k].at-last[k-1].at, 5*time.Millisecond)
		}
	}
}

// Of an operation whose session has expired nobody knows whether it took effect before.
func TestExpiredIsUnknown(t *testing.T) {
	expired := map[operation]bool{}
	r := play(t, `
duration: 4s
clients: {count: 3, rate: 30/s, keys: 1, mix: {get: 50%, append: 50%}}
expect: {history: linearizable}
`, breaking(broken{request: func(b *broken, c replica.ClientID, q *kv.Request) bool {
		if b.Core().Role() != raft.Leader || q.Op != kv.Append || q.Seq%4 != 0 {
			return false
		}
		expired[operation{q.Session, q.Seq}] = true
		b.Replica.Request(c, q) // it does, some time later
		b.env.Answer(c, &replica.Response{Session: q.Session, Seq: q.Seq, Status: kv.Expired, Leader: b.id})
		return true
	}}))
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	require.Greater(t, len(expired), 10)
	require.EqualValues(t, len(expired), r.OpsUnknown)
	require.Greater(t, r.Ops, 10*r.OpsUnknown/2, "the clients went on")
}

// Clients that ask too seldom lose their sessions, open others, and go on; through crashes, snapshots and lost messages.
func TestSessionTTL(t *testing.T) {
	const text = `
duration: 12s
cluster: {nodes: 3, session_ttl: 300ms, snapshot_every: 40}
network: {latency: 1ms..10ms, loss: 10%, duplicate: 5%, reorder: 5%}
clients: {count: 5, rate: 3/s, timeout: 200ms, keys: 2}
timeline:
  - {during: 3s..4s, crash: leader}
  - {during: 6s..7s, partition: [[leader], rest]}
  - {at: 8s, burst: 20}
expect:
  - always: safety
  - history: linearizable
  - {by: end, replicas: identical}
`
	expired, opened := 0, map[kv.SessionID]int{}
	for seed := uint64(1); seed <= 10; seed++ {
		r := parse(t, text).Run(seed, scenarios.Options{Trace: func(e *sim.Event) {
			switch {
			case e.Kind == sim.EventAnswer && e.Response.Status == kv.Expired:
				expired++
			case e.Kind == sim.EventAnswer && e.Response.Opened != 0:
				opened[e.Response.Opened] = 0
			case e.Kind == sim.EventRequest && e.Request.Session >= kv.FirstOpened:
				_, known := opened[e.Request.Session]
				require.True(t, known, "nobody guesses a session")
				opened[e.Request.Session]++
			}
		}})
		require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
		require.Empty(t, r.NotExercised)
	}
	require.Greater(t, expired, 100)
	require.Greater(t, len(opened), 100)
	used := 0
	for _, n := range opened {
		if n > 0 {
			used++
		}
	}
	require.Greater(t, used, len(opened)/2)
}

// The answer to an opening may come again when the client is at a later one. Were it taken for the answer to that, the client
// would begin again in a session that it has used, and be told of operations of then.
func TestOpeningsAreToldApart(t *testing.T) {
	first := map[sim.ClientID]replica.Response{}
	late := 0
	o := breaking(broken{request: func(b *broken, c replica.ClientID, q *kv.Request) bool {
		if earlier, ok := first[c]; ok && q.Op == kv.Open && b.Core().Role() == raft.Leader {
			late++
			b.env.Answer(c, &earlier)
		}
		return false
	}})
	owner, what := map[kv.SessionID]sim.ClientID{}, map[operation]kv.Request{}
	o.Trace = func(e *sim.Event) {
		switch {
		case e.Kind == sim.EventAnswer && e.Response.Opened != 0:
			if _, ok := first[e.Client]; !ok {
				first[e.Client] = *e.Response
			}
		case e.Kind == sim.EventRequest && e.Request.Op != kv.Open:
			if who, ok := owner[e.Request.Session]; ok {
				require.Equal(t, who, e.Client, "a session is one client's")
			}
			name := operation{e.Request.Session, e.Request.Seq}
			if q, ok := what[name]; ok {
				require.Equal(t, q, *e.Request, "and begins once")
			}
			owner[e.Request.Session], what[name] = e.Client, *e.Request
		}
	}
	r := play(t, `
duration: 10s
cluster: {session_ttl: 100ms}
clients: {count: 4, rate: 4/s, keys: 2}
expect: {history: linearizable}
`, o)
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	require.Greater(t, late, 20)
}

// Appends that would make a value longer than one may be are refused, and explain nothing, also those whose client never heard.
func TestRefusedAppends(t *testing.T) {
	refused := 0
	o := scenarios.Options{Trace: func(e *sim.Event) {
		if e.Kind == sim.EventAnswer && e.Response.Status == kv.Refused {
			refused++
		}
	}}
	r := play(t, `
duration: 1500ms
network: {loss: 10%}
clients: {count: 2, rate: 12/s, timeout: 60ms, value_size: 1MiB, mix: {append: 95%, get: 5%}, keys: 1}
expect: {history: linearizable}
`, o)
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	require.NotZero(t, refused)
}
