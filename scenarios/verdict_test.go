package scenarios_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/checker"
	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
	"raftsim/raft/wal"
	"raftsim/scenarios"
	"raftsim/sim"
)

// play runs a scenario that is written in a test, with the key `name` added as its first line.
func play(t *testing.T, text string, o scenarios.Options) scenarios.Result {
	t.Helper()
	return parse(t, text).Run(1, o)
}

func parse(t *testing.T, text string) scenarios.File {
	t.Helper()
	f, err := scenarios.Parse("test.yaml", []byte("name: test\n"+strings.TrimPrefix(text, "\n")))
	require.NoError(t, err)
	return f
}

const clients = "\nclients: {count: 2, rate: 50/s, keys: 2, timeout: 200ms}\n"

func requireViolation(t *testing.T, r scenarios.Result, property, detail string) {
	t.Helper()
	require.Equal(t, scenarios.Violation, r.Verdict, r.Line())
	require.Equal(t, property, r.Property, r.Line())
	require.Contains(t, r.Detail, detail)
}

// A sound cluster passes, and says what happened.
func TestPass(t *testing.T) {
	r := play(t, `
duration: 2s
expect:
  - always: safety
  - history: linearizable
  - {by: 1s, leader: elected}
  - {by: end, leader: elected}
  - {by: end, members: [n1, n2, n3]}
  - {by: end, replicas: identical}
  - {during: 1s..2s, commits: ">= 50", terms: "== 0"}
`+clients, scenarios.Options{})
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	require.Equal(t, "pass", r.Line())
	require.Empty(t, r.NotExercised)
	require.EqualValues(t, 1, r.Elections)
	require.GreaterOrEqual(t, r.Virtual, 2*time.Second)
	require.Greater(t, r.Ops, uint64(150))
	require.Greater(t, r.Commits, r.Ops-r.OpsUnknown)
	require.NotZero(t, r.RPCs)
	require.NotZero(t, r.Fingerprint)
	require.Equal(t, "raftsim replay test.yaml --seed 1", r.Replay())
}

// Each expectation fails when it should, at the moment it comes due.
func TestExpectationsFail(t *testing.T) {
	for name, c := range map[string]struct{ text, property, detail string }{
		"no leader was ever there": {`
duration: 3s
timeline: [{at: 0s, partition: [[n1], [n2], [n3]]}]
expect: {by: 2s, leader: elected}
`, "leader-elected", "no leader was ever elected"},
		"the leader is gone": {`
duration: 3s
timeline: [{at: 1s, crash: random(2)}]
expect: {by: end, leader: elected}
`, "leader-elected", ""},
		"no leader within the terms": {`
duration: 3s
timeline:
  - {at: 1s, partition: [[n1], [n2], [n3]]}
  - {at: 1s, timeout: all}
expect: {leader: elected, within: {terms: 2}, of: timeout}
`, "leader-elected", "no leader within 2 terms of the last timeout at 1s"},
		"a leader after too many terms": {`
duration: 5s
timeline:
  - {during: 1s..3s, partition: [[n1], [n2], [n3]]}
  - {at: 1s, timeout: all}
expect: [{by: 5s, leader: elected}, {leader: elected, within: {terms: 3}, of: timeout}]
`, "leader-elected", "no leader within 3 terms of the last timeout at 1s, when the term was 1; now it is"},
		"other members": {`
duration: 1s
expect: {by: 500ms, members: [n1, n2]}
`, "members", "the members are n1 n2 n3, expected n1 n2"},
		"a replica is behind": {`
duration: 2s
timeline: [{at: 1s, partition: [[follower], rest]}]
expect: {by: end, replicas: identical}
` + clients, "replicas-identical", "has applied entries up to"},
		"too few commits in the window": {`
duration: 3s
timeline: [{during: 1s..2s, partition: [[n1], [n2], [n3]]}]
expect: {during: 1200ms..2s, commits: ">= 1"}
` + clients, "counts", "0 commits from 1.2s to 2s, expected commits >= 1"},
		"too many terms in the run": {`
duration: 1s
expect: {terms: "== 0"}
`, "counts", "1 terms in the run, expected terms == 0"},
		"too many rpcs": {`
duration: 1s
expect: {rpcs: "< 10", bytes: "> 0"}
`, "counts", "rpcs in the run, expected rpcs < 10"},
	} {
		t.Run(name, func(t *testing.T) {
			requireViolation(t, play(t, c.text, scenarios.Options{}), c.property, c.detail)
		})
	}
}

// What comes due during the run ends it then and there.
func TestExpectationEndsRun(t *testing.T) {
	r := play(t, `
duration: 3s
timeline: [{at: 0s, partition: [[n1], [n2], [n3]]}]
expect: {by: 2s, leader: elected}
`, scenarios.Options{})
	require.Equal(t, 2*time.Second, r.Virtual)
	require.Equal(t, 2*time.Second, r.At)
	require.Equal(t, r.Events, r.Event)
	require.Contains(t, r.Line(), "leader-elected: no leader was ever elected (t=2.000s, event ")
}

// broken is a replica that does something else where a test says so. What its methods do not override is the replica's.
type broken struct {
	*replica.Replica
	id  raft.NodeID
	env replica.Env

	request func(*broken, replica.ClientID, *kv.Request) bool
	receive func(*broken, *raft.Message) bool
	timer   func(*broken)
	store   *kv.Store
}

func (b *broken) Request(c replica.ClientID, q *kv.Request) {
	if b.request == nil || !b.request(b, c, q) {
		b.Replica.Request(c, q)
	}
}

func (b *broken) Receive(from raft.NodeID, m replica.Message) {
	if b.receive == nil || !b.receive(b, m.(*raft.Message)) {
		b.Replica.Receive(from, m)
	}
}

func (b *broken) Timer(t replica.TimerID) {
	if b.timer != nil {
		b.timer(b)
	}
	b.Replica.Timer(t)
}

func (b *broken) Store() *kv.Store {
	if b.store != nil {
		return b.store
	}
	return b.Replica.Store()
}

// breaking returns options under which every node is broken in one way.
func breaking(how broken) scenarios.Options {
	return scenarios.Options{Boot: func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
		p, err := replica.New(o)(id, env)
		if err != nil {
			return nil, err
		}
		b := how
		b.Replica, b.id, b.env = p.(*replica.Replica), id, env
		return &b, nil
	}}
}

// A read of what nobody wrote is not linearizable; with hardly any budget that cannot be said. (That it was served at all is
// against refinement.)
func TestHistory(t *testing.T) {
	const text = `
duration: 2s
expect: [{always: [election-safety]}, {history: linearizable}]
` + clients
	lying := breaking(broken{request: func(b *broken, c replica.ClientID, q *kv.Request) bool {
		if q.Op != kv.Get || q.Seq%8 != 0 {
			return false
		}
		b.env.Answer(c, &replica.Response{Session: q.Session, Seq: q.Seq, Status: kv.OK, Result: kv.Result{Value: "nobody wrote this"}})
		return true
	}})
	r := play(t, text, lying)
	requireViolation(t, r, "linearizability", `key "k`)
	require.Zero(t, r.Event)
	require.Equal(t, checker.VerdictNotLinearizable, r.Linearizability.Verdict)
	r = play(t, "duration: 2s\nexpect: {history: linearizable}"+clients, lying)
	requireViolation(t, r, "refinement", "serves a read as leader of term 1, confirmed by 1 of 3")

	const crowd = `
duration: 2s
clients: {count: 8, rate: 500/s, keys: 1, timeout: 200ms, mix: {get: 50%, append: 50%}}
expect: [{always: [election-safety]}, {history: linearizable}]
`
	lying.HistoryBudget = 1
	r = play(t, crowd, lying)
	require.Equal(t, scenarios.Inconclusive, r.Verdict, r.Line())
	require.Equal(t, "linearizability", r.Property)
}

// different has n2 show a store that holds what no other does.
func different(t *testing.T) scenarios.Options {
	t.Helper()
	other := kv.NewStore()
	_, err := other.Apply(1, kv.Encode(nil, &kv.Request{Session: 1, Seq: 1, Op: kv.Put, Key: "k", Value: "v"}, 0))
	require.NoError(t, err)
	return scenarios.Options{Boot: func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
		p, err := replica.New(o)(id, env)
		if id == 2 {
			return &broken{Replica: p.(*replica.Replica), store: other}, err
		}
		return p, err
	}}
}

// Replicas at the same index that hold different things are not identical.
func TestReplicasDiffer(t *testing.T) {
	requireViolation(t, play(t, "duration: 1s\nexpect: {by: end, replicas: identical}"+clients, different(t)),
		"replicas-identical", "n1 and n2 hold different things after the same")
}

// A panic, a halt and a boot that fails are findings about the process, with their event.
func TestProcessFails(t *testing.T) {
	t.Run("panic", func(t *testing.T) {
		r := play(t, "duration: 2s", breaking(broken{timer: func(b *broken) {
			if b.env.Now() > time.Second {
				panic("out of order")
			}
		}}))
		requireViolation(t, r, "no-panic", "panicked: out of order")
		require.Len(t, r.Nodes, 1)
		require.NotZero(t, r.Event)
		require.Greater(t, r.At, time.Second)
		require.Contains(t, r.Stack, "verdict_test.go")
	})
	t.Run("halt", func(t *testing.T) {
		r := play(t, "duration: 2s", breaking(broken{timer: func(b *broken) { b.env.Halt(errors.New("disk on fire")) }}))
		requireViolation(t, r, "no-panic", "halted: disk on fire")
	})
	t.Run("boot", func(t *testing.T) {
		o := scenarios.Options{Boot: func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
			if env.Now() > 0 {
				return nil, errors.New("disk is damaged")
			}
			return replica.New(o)(id, env)
		}}
		r := play(t, "duration: 2s\ntimeline: [{during: 1s..1500ms, crash: n2}]", o)
		requireViolation(t, r, "no-panic", "n2 refused to boot: disk is damaged")
		require.Equal(t, []raft.NodeID{2}, r.Nodes)
		require.Equal(t, 1500*time.Millisecond, r.At)
	})
}

// stranger is a Raft of somebody else: it leads term 1 from the start, wherever it runs.
type stranger struct{}

func (stranger) Receive(raft.NodeID, replica.Message)  {}
func (stranger) Timer(replica.TimerID)                 {}
func (stranger) Synced(wal.SyncTicket, error)          {}
func (stranger) Request(replica.ClientID, *kv.Request) {}

func (stranger) Observe(o *checker.Observation) {
	o.Role, o.Term, o.Vote = raft.Leader, 1, o.Node
	o.DurableTerm, o.DurableVote = o.Term, o.Vote
}

var strangers = scenarios.Options{Boot: func(raft.NodeID, replica.Env, replica.Options) (replica.Process, error) {
	return stranger{}, nil
}}

// Another Raft that shows itself is watched like ours, and invariants that are not asked for are not judged.
func TestStranger(t *testing.T) {
	r := play(t, "duration: 1s", strangers)
	requireViolation(t, r, "election-safety", "")
	require.Contains(t, r.Nodes, raft.NodeID(2))
	require.NotZero(t, r.Event)
	require.Zero(t, r.At)

	r = play(t, "duration: 1s\nexpect: {always: [monotonic]}", strangers)
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
}

// liar gives votes and takes entries that it never keeps.
type liar struct {
	stranger
	id  raft.NodeID
	env replica.Env
	say raft.Message
}

func (l liar) Observe(o *checker.Observation) { o.Term, o.DurableTerm = l.say.Term, l.say.Term }

func (l liar) Timer(replica.TimerID) {
	m := l.say
	m.From, m.To = l.id, l.id%3+1
	l.env.Send(m.To, &m)
}

// Promises are watched as they leave.
func TestPromises(t *testing.T) {
	for name, say := range map[string]raft.Message{
		"vote":         {Kind: raft.MsgVoteReply, Term: 1, VoteReply: raft.VoteReply{Granted: true}},
		"acknowledged": {Kind: raft.MsgAppendReply, Term: 1, AppendReply: raft.AppendReply{Success: true, Match: 1}},
	} {
		r := play(t, "duration: 1s", scenarios.Options{Boot: func(id raft.NodeID, env replica.Env, _ replica.Options) (replica.Process, error) {
			env.SetTimer(replica.TimerElection, time.Duration(id)*100*time.Millisecond)
			return liar{id: id, env: env, say: say}, nil
		}})
		requireViolation(t, r, "durable-promises", name)
		require.Equal(t, 100*time.Millisecond, r.At)
	}
}

// A file of a known failure passes when just that failure is seen.
func TestViolates(t *testing.T) {
	r := play(t, "duration: 1s\nexpect: {violates: election-safety}", strangers)
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())

	r = play(t, "duration: 1s\nexpect: {violates: log-matching}", strangers)
	requireViolation(t, r, scenarios.ExpectedViolation, "log-matching was to be violated, but election-safety was: ")

	r = play(t, "duration: 1s\nexpect: {violates: election-safety}", scenarios.Options{})
	requireViolation(t, r, scenarios.ExpectedViolation, "election-safety was to be violated, but the run passed")
}

// A cluster that elects leaders but commits nothing makes no progress, unless nothing could be expected of it.
func TestProgress(t *testing.T) {
	deaf := breaking(broken{receive: func(_ *broken, m *raft.Message) bool { return m.Kind == raft.MsgAppendReply }})
	requireViolation(t, play(t, "duration: 2s", deaf), "progress", "has committed 0 of")

	unelected := breaking(broken{receive: func(_ *broken, m *raft.Message) bool { return m.Kind == raft.MsgVoteReply }})
	requireViolation(t, play(t, "duration: 2s", unelected), "progress", "there is no leader")

	for name, text := range map[string]string{
		"a majority is down": "duration: 2s\ntimeline: [{at: 1s, crash: random(2)}]",
		"parted for good":    "duration: 2s\ntimeline: [{at: 1s, partition: [[n1], [n2], [n3]]}]",
		"nothing arrives":    "duration: 2s\nnetwork: {loss: 100%}",
		"all stand at once":  "duration: 2s\ncluster: {nodes: 2, election_timeout: 150ms}\nnetwork: {latency: 5ms}",
	} {
		r := play(t, text, scenarios.Options{})
		require.Equal(t, scenarios.Pass, r.Verdict, "%s: %s", name, r.Line())
	}
}

// A fault of the testbed accuses nobody.
func TestTestbedFails(t *testing.T) {
	r := play(t, "duration: 1s", scenarios.Options{Trace: func(e *sim.Event) {
		if e.ID == 10 {
			panic("no space left")
		}
	}})
	require.Equal(t, scenarios.Error, r.Verdict)
	require.Empty(t, r.Property)
	require.Contains(t, r.Line(), "the testbed panicked: no space left")
	require.NotEmpty(t, r.Stack)
}

// A run can be stopped at an event or a time, and looked at there.
func TestStopped(t *testing.T) {
	const text = "duration: 2s\nexpect: {by: 2s, leader: elected}" + clients
	var views []scenarios.NodeView
	o := scenarios.Options{StopAt: 1234 * time.Millisecond, AtEnd: func(r *scenarios.Run) {
		views = r.Nodes()
		require.Equal(t, 1234*time.Millisecond, r.Now())
	}}
	r := play(t, text, o)
	require.Equal(t, scenarios.Stopped, r.Verdict)
	require.Len(t, views, 3)
	leaders := 0
	for _, v := range views {
		require.True(t, v.Up)
		require.NotEmpty(t, v.Tail)
		require.Equal(t, v.LastIndex, v.Tail[len(v.Tail)-1].Index)
		require.Contains(t, v.String(), "term 1")
		if v.Role == raft.Leader {
			leaders++
		}
	}
	require.Equal(t, 1, leaders)

	r = play(t, text, scenarios.Options{StopAtEvent: 500, AtEnd: func(r *scenarios.Run) {
		require.EqualValues(t, 500, r.Event())
	}})
	require.Equal(t, scenarios.Stopped, r.Verdict)
	require.EqualValues(t, 500, r.Events)
}

// Observe sees the run between every two events.
func TestObserve(t *testing.T) {
	seen := 0
	r := play(t, "duration: 500ms", scenarios.Options{Observe: func(*scenarios.Run) { seen++ }})
	require.EqualValues(t, r.Events, seen)
}

// What is not watched is not checked, though it be all that the file names.
func TestUnwatched(t *testing.T) {
	f, err := scenarios.Parse("two-leaders.yaml", []byte(twoLeaders))
	require.NoError(t, err)
	o := generously()
	require.Equal(t, "election-safety", f.Run(1, o).Property)
	o.Unwatched = []string{"election-safety"}
	r := f.Run(1, o)
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
}
