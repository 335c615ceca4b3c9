package scenarios_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
	"raftsim/scenarios"
)

// A property that is not to be judged ends no run, and what else is wrong comes to light.
func TestWithout(t *testing.T) {
	without := func(property string, o scenarios.Options) scenarios.Options {
		o.Without = property
		return o
	}
	pass := func(name string, r scenarios.Result) {
		require.Equal(t, scenarios.Pass, r.Verdict, "%s: %s", name, r.Line())
	}

	requireViolation(t, play(t, "duration: 1s", strangers), "election-safety", "")
	pass("election-safety", play(t, "duration: 1s", without("election-safety", strangers)))
	pass("one of two", play(t, "duration: 1s\nexpect: {always: [election-safety, monotonic]}", without("election-safety", strangers)))
	pass("the only one", play(t, "duration: 1s\nexpect: {always: [election-safety]}", without("election-safety", strangers)))
	requireViolation(t, play(t, "duration: 1s\nexpect: {always: [election-safety]}", without("monotonic", strangers)), "election-safety", "")

	unelected := breaking(broken{receive: func(_ *broken, m *raft.Message) bool { return m.Kind == raft.MsgVoteReply }})
	pass("progress", play(t, "duration: 2s", without("progress", unelected)))
	const late = "duration: 2s\nexpect: {by: 1s, leader: elected}"
	requireViolation(t, play(t, late, unelected), "leader-elected", "")
	requireViolation(t, play(t, late, without("leader-elected", unelected)), "progress", "")
	pass("liveness", play(t, "duration: 2s\nexpect: {liveness: {within: 2s}}", without("progress", unelected)))

	made := breaking(broken{request: func(b *broken, c replica.ClientID, q *kv.Request) bool {
		if q.Op == kv.Get {
			b.env.Answer(c, &replica.Response{Session: q.Session, Seq: q.Seq, Status: kv.OK, Result: kv.Result{Value: "made up"}})
		}
		return q.Op == kv.Get
	}})
	const history = "duration: 1s\nexpect: [{always: [monotonic]}, {history: linearizable}]" + clients
	requireViolation(t, play(t, history, made), "linearizability", "")
	pass("linearizability", play(t, history, without("linearizability", made)))

	// A process that is gone takes the run with it.
	panics := breaking(broken{timer: func(b *broken) {
		if b.env.Now() > time.Second {
			b.env.Halt(errors.New("disk on fire"))
		}
	}})
	r := play(t, "duration: 2s", without("no-panic", panics))
	require.Equal(t, scenarios.Stopped, r.Verdict, r.Line())
	require.Less(t, r.Virtual, 2*time.Second)
}
