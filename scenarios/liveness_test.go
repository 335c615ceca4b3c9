package scenarios_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
	"raftsim/scenarios"
)

// healed plays seeds of a scenario that expects liveness, and returns the results.
func healed(t *testing.T, seeds uint64, text string, o scenarios.Options) []scenarios.Result {
	t.Helper()
	f := parse(t, text)
	var results []scenarios.Result
	for seed := range seeds {
		results = append(results, f.Run(seed, o))
	}
	return results
}

func requireAllPass(t *testing.T, results []scenarios.Result) {
	t.Helper()
	for _, r := range results {
		require.Equal(t, scenarios.Pass, r.Verdict, "seed %d: %s", r.Seed, r.Line())
		for _, line := range r.NotExercised {
			require.NotContains(t, line, "liveness", "seed %d", r.Seed)
		}
	}
}

// A core that is healed gets on, whatever stays broken around it.
func TestOnlyACoreIsHealedAndItGetsOn(t *testing.T) {
	const protected = "\ncluster: {nodes: 5, pre_vote: true, check_quorum: true}"
	for name, text := range map[string]string{
		"nothing is broken":                  "timeline: []",
		"all are down":                       "timeline: [{at: 1500ms, crash: all}]",
		"all are paused":                     "timeline: [{at: 1500ms, pause: all}]",
		"nobody hears anybody":               "timeline: [{at: 1s, partition: [[n1], [n2], [n3], [n4], [n5]]}]",
		"all hear the leader, which is deaf": "timeline: [{at: 1s, cut: {from: all, to: leader}}]",
		"the leader is mute":                 "timeline: [{at: 1s, cut: {from: leader, to: all}}]",
		"nothing arrives":                    "timeline: [{at: 1s, network: {loss: 100%}}]",
		"all time out all the time":          "timeline: [{at: 1s, timeouts: {election: 5ms..20ms, heartbeat: 4ms}}]",
		"messages are slower than timers":    "timeline: [{at: 1s, network: {latency: 400ms..500ms}}]",
		"clocks drift":                       "timeline: [{at: 1s, clock: {drift: 40%}, on: [n1, n2]}, {at: 1s, clock: {drift: -40%}, on: [n3, n4]}]",
		"disks are full, slow and fail":      "timeline: [{at: 1s, disk: full, on: [n1, n2]}, {at: 1s, disk: {fail: sync}, on: [n3]}, {at: 1s, disk: {sync: 1s..2s}, on: [n4, n5]}]",
		"one disk rots":                      "timeline: [{at: 1s, crash: all}, {at: 1s, disk: {rot: log}, on: [n2]}]",
		"timers miss their time":             "timeline: [{at: 1s, timers: {late: 1s..2s}, on: [n1, n2, n3]}, {at: 1s, timers: {early: 100ms..200ms}, on: [n4, n5]}]",
		"one lost its disk":                  "timeline: [{at: 1s, wipe: n2}]",
		"one was removed and does not know":  "timeline: [{at: 1s, crash: n5}, {at: 1100ms, remove: n5}, {at: 1200ms, crash: n4}, {at: 1300ms, remove: n4}]",
		"a change of members is under way":   "timeline: [{at: 1950ms, remove: n5}, {at: 1960ms, join: n6}]",
	} {
		for which, cluster := range map[string]string{"": "\ncluster: {nodes: 5}", ", protected": protected} {
			t.Run(name+which, func(t *testing.T) {
				requireAllPass(t, healed(t, 6, "duration: 2s\n"+text+cluster+writers+`
expect: [{always: safety}, {liveness: core}, {history: linearizable}, {by: end, leader: elected}]
`, scenarios.Options{}))
			})
		}
	}
}

// Who is not of the core stays as broken as it was.
func TestOthersStayBroken(t *testing.T) {
	for seed := range uint64(5) {
		f := parse(t, "duration: 2s\ncluster: {nodes: 5}\ntimeline: [{at: 1s, crash: all}]\nexpect: {liveness: core}"+writers)
		up := 0
		r := f.Run(seed, scenarios.Options{AtEnd: func(r *scenarios.Run) {
			for _, n := range r.Nodes() {
				if n.Up {
					up++
				}
			}
		}})
		require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
		require.Equal(t, 3, up, "the least quorum is healed, and nobody else")
	}
}

// stuck counts the runs that violate progress; no other property may be.
func stuck(t *testing.T, results []scenarios.Result) (n int, detail string) {
	t.Helper()
	for _, r := range results {
		if r.Verdict == scenarios.Violation {
			require.Equal(t, "progress", r.Property, r.Line())
			require.Contains(t, r.Detail, "was healed and has not finished within")
			require.NotEmpty(t, r.Nodes)
			n, detail = n+1, r.Detail
		}
	}
	return n, detail
}

// A leader that never hears that its entries do not fit never sends what does.
func TestACoreThatIsNotRepairedIsStuck(t *testing.T) {
	const text = `
duration: 3s
timeline: [{at: 1s, partition: [[leader], rest]}]
expect: {liveness: {within: 5s}}` + writers
	requireAllPass(t, healed(t, 8, text, scenarios.Options{}))
	never := breaking(broken{receive: func(_ *broken, m *raft.Message) bool {
		return m.Kind == raft.MsgAppendReply && !m.AppendReply.Success
	}})
	n, detail := stuck(t, healed(t, 8, text, never))
	require.Greater(t, n, 2)
	require.Contains(t, detail, "within 5s")
}

// Those outside time out all the time and hear nobody. With PreVote and CheckQuorum that hinders no leader; a core that
// claims to have them and does not is deposed for ever.
func TestACoreThatAnybodyDeposesIsStuck(t *testing.T) {
	const text = `
duration: 2s
cluster: {nodes: 5, pre_vote: true, check_quorum: true}
timeline: [{at: 1s, timeouts: {election: 5ms..20ms, heartbeat: 4ms}}]
expect: {liveness: {within: 3s}}`
	requireAllPass(t, healed(t, 5, text, scenarios.Options{}))
	unprotected := scenarios.Options{Boot: func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
		o.PreVote, o.CheckQuorum = false, false
		return replica.New(o)(id, env)
	}}
	n, _ := stuck(t, healed(t, 5, text, unprotected))
	require.Equal(t, 5, n)
}

// A cluster that agrees with itself but answers no client has not finished.
func TestACoreThatAnswersNobodyIsStuck(t *testing.T) {
	deaf := breaking(broken{request: func(_ *broken, _ replica.ClientID, q *kv.Request) bool { return q.Op == kv.Get }})
	r := play(t, "duration: 1s\nexpect: {liveness: {within: 2s}}", deaf)
	requireViolation(t, r, "progress", "was healed and has not finished within 2s: a client that asked anew was not answered: it wants to read what it wrote")
	require.Equal(t, 3*time.Second, r.Virtual)

	liar := breaking(broken{request: func(b *broken, c replica.ClientID, q *kv.Request) bool {
		if q.Op == kv.Get {
			b.env.Answer(c, &replica.Response{Session: q.Session, Seq: q.Seq, Status: kv.OK})
		}
		return q.Op == kv.Get
	}})
	requireViolation(t, play(t, "duration: 1s\nexpect: [{always: [election-safety]}, {liveness: core}]", liar), "linearizability", `"alive" was written and acknowledged, and then "" was read`)
}

// The bound is the file's, and without one goes by the timeouts.
func TestTheCoreHasItsTime(t *testing.T) {
	const text = "duration: 1s\ntimeline: [{at: 500ms, crash: all}]\nexpect: {liveness: %s}"
	requireViolation(t, play(t, fmt.Sprintf(text, "{within: 20ms}"), scenarios.Options{}), "progress", "within 20ms: there is no leader")
	r := play(t, fmt.Sprintf(text, "core"), scenarios.Options{})
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	require.Less(t, r.Virtual, 5*time.Second, "a run ends when the core has finished")
	deaf := breaking(broken{receive: func(_ *broken, m *raft.Message) bool { return m.Kind == raft.MsgVoteReply }})
	requireViolation(t, play(t, fmt.Sprintf(text, "core"), deaf), "progress", "within 51.2s: there is no leader")
}

// Without PreVote those who cannot win depose who can, again and again: three of the core's four nodes here, which is found to get on after
// the time that any other core has.
func TestADisturbedCoreHasLonger(t *testing.T) {
	r := parse(t, `duration: 3.85s
cluster:
  nodes: 5
  election_timeout: 150ms..300ms
  heartbeat: 50ms
  check_quorum: true
  reads: lease
  lease: 150ms
  clock_drift: 2%
  segment_bytes: 2048B
network:
  latency: 5ms..20ms
  loss: 8%
  duplicate: 1%
clients:
  count: 6
  rate: 40/s
  keys: 1
  mix: {get: 80%, put: 20%, append: 0%, cas: 0%, delete: 0%}
  timeout: 100ms
  value_size: 1000B
timeline:
  - during: 1.28s..1.29s
    crash: n5
  - at: 1.725s
    join: {nodes: n7, as: learner}
  - during: 2.13s..2.25s
    timeouts: {election: 20ms..40ms}
    on: n4
  - during: 2.26s..2.27s
    network: {latency: 50ms..100ms, loss: 50%}
    on: all
  - at: 2.3s
    partition: [n1, [n2, n3, n4, n5, n6, n7]]
  - during: 2.45s..2.5s
    crash: n2
  - at: 2.8s
    snapshot: n5
  - at: 2.93s
    crash: n4
  - at: 3.1s
    join: {nodes: n6, instead_of: n2}
expect:
  - liveness: core
`).Run(1000115442, scenarios.Options{})
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
	require.Greater(t, r.Virtual, 17*time.Second)
}

// Where it can be proven that no core could get on, nobody is accused, and the run says that liveness was not tried.
func TestWhatNoCoreCanDoIsProven(t *testing.T) {
	for name, c := range map[string]struct{ text, proof string }{
		"a majority lost its disks": {
			"timeline: [{at: 1s, wipe: [n1, n2]}]", "no quorum of n1 n2 n3 has its data: the disk of n1 and n2 was erased or is damaged"},
		"a majority's disks have rotted": {
			"timeline: [{at: 1s, crash: all}, {at: 1s, disk: {rot: log}, on: [n1, n2]}]", "no quorum of n1 n2 n3 has its data: the disk of n1 and n2 was erased or is damaged"},
		"timers are alike": {
			"cluster: {election_timeout: 150ms}", "leave no time for a message and its answer"},
		"timers leave no room": {
			"cluster: {election_timeout: 51ms..100ms, heartbeat: 50ms}", "leave no time for a message and its answer"},
	} {
		t.Run(name, func(t *testing.T) {
			r := play(t, "duration: 2s\n"+c.text+"\nexpect: {liveness: core}"+writers, scenarios.Options{})
			require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
			require.Contains(t, strings.Join(r.NotExercised, "\n"), "liveness: ")
			require.Contains(t, strings.Join(r.NotExercised, "\n"), c.proof)
		})
	}
}

// Once the core is judged the others hear it again, so that they are judged as in any other run.
func TestOthersCatchUpOnceTheCoreIsJudged(t *testing.T) {
	requireAllPass(t, healed(t, 8, "duration: 3s\ncluster: {nodes: 5}\ntimeline: [{during: 1s..2s, crash: random(2)}]"+writers+`
expect: [{liveness: core}, {by: end, replicas: identical}]
`, scenarios.Options{}))
	r := play(t, "duration: 3s\ncluster: {nodes: 5}\ntimeline: [{at: 1s, partition: [[n1, n2], [n3], [n4, n5]]}]"+writers+`
expect: [{liveness: core}, {by: end, replicas: identical}]
`, scenarios.Options{})
	requireViolation(t, r, "replicas-identical", "has applied entries up to") // but what the file broke stays broken
}

// Where no quorum has its data, who is behind stays so, and is not accused; who has applied the same has to hold the same.
func TestWhoIsBehindForGoodIsNotAccused(t *testing.T) {
	const text = "duration: 3s\ncluster: {nodes: 5}\ntimeline: [{during: 1s..2s, pause: n1}, {at: 2s, wipe: [n3, n4, n5]}]" + writers + `
expect: [{liveness: core}, {by: end, replicas: identical}]
`
	for _, r := range healed(t, 4, text, scenarios.Options{}) {
		require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
		require.Contains(t, strings.Join(r.NotExercised, "\n"), "liveness: no quorum of n1 n2 n3 n4 n5 has its data")
	}
	inStep := strings.Replace(text, "{during: 1s..2s, pause: n1}, ", "", 1)
	requireViolation(t, play(t, inStep, different(t)), "replicas-identical", "n1 and n2 hold different things after the same")
}

// A core that has applied the same and holds other things has not finished in agreement.
func TestACoreThatHoldsDifferentThingsIsFound(t *testing.T) {
	requireViolation(t, play(t, "duration: 1s\ncluster: {nodes: 2}\nexpect: {liveness: core}"+clients, different(t)),
		"replicas-identical", "n1 and n2 hold different things after the same")
}

// The kept file of a core that is stuck passes.
func TestAStuckCoreCanBeKept(t *testing.T) {
	r := play(t, "duration: 1s\ntimeline: [{at: 500ms, crash: all}]\nexpect: [{liveness: {within: 20ms}}, {violates: progress}]", scenarios.Options{})
	require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
}
