package scenarios_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
	"raftsim/scenarios"
	"raftsim/sim"
)

// generous is n3, which votes for everyone who asks.
type generous struct {
	*replica.Replica
	env replica.Env
}

func (g generous) Receive(from raft.NodeID, m sim.Message) {
	g.Replica.Receive(from, m)
	if ask, ok := m.(*raft.Message); ok && ask.Kind == raft.MsgRequestVote && ask.To == 3 {
		g.env.Send(from, &raft.Message{
			Kind: raft.MsgVoteReply, From: ask.To, To: from, Term: ask.Term, Cluster: ask.Cluster, Incarnation: g.Core().Incarnation(),
			VoteReply: raft.VoteReply{Granted: true, Candidate: ask.Incarnation},
		})
	}
}

func generously() scenarios.Options {
	return scenarios.Options{Boot: func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
		p, err := replica.New(o)(id, env)
		r, _ := p.(*replica.Replica)
		return generous{r, env}, err
	}}
}

const twoLeaders = `
name: two-leaders
duration: 10s
cluster: {nodes: 3, election_timeout: 5s..6s}
network: {latency: 5ms}
clients: {count: 2, rate: 20/s}
timeline:
  - at: 3s
    timeout: [n1, n2]
expect:
  - always: [election-safety]
`

func texts(x scenarios.Explanation) []string {
	var all []string
	for _, l := range x.Lines {
		all = append(all, l.Text)
	}
	return all
}

// An explanation has the elections of both leaders, the votes they were elected with, and who asked for them; the requests and
// answers of clients in between had no part in it.
func TestAnExplanationHasWhatLedToIt(t *testing.T) {
	f, err := scenarios.Parse("two-leaders.yaml", []byte(twoLeaders))
	require.NoError(t, err)
	res := f.Run(1, generously())
	require.Equal(t, "election-safety", res.Property)
	require.Equal(t, []raft.Role{raft.Leader, raft.Leader}, res.Roles)
	x := f.Explain(1, generously())
	require.Equal(t, []string{
		"line 8: timeout of [n1 n2]",
		"n1's election timer is fired by the scenario: becomes candidate of term 1, votes for itself",
		"n2's election timer is fired by the scenario: becomes candidate of term 1, votes for itself",
	}, texts(x)[:3])
	all := strings.Join(texts(x), "\n")
	for _, has := range []string{
		"n3 is asked by n1 for its vote in term 1, with a log that ends at index 0 of term 0: goes on to term 1, votes for n1",
		"n1 gets the vote of n3 in term 1: becomes leader of term 1", "n2 gets the vote of n3 in term 1: becomes leader of term 1",
	} {
		require.Contains(t, all, has)
	}
	require.NotContains(t, all, "client")
	require.Equal(t, res.Event, x.Lines[len(x.Lines)-1].Event)
	require.Equal(t, res.Events-uint64(len(x.Lines)), x.LeftOut)
	require.Equal(t, x, f.Explain(1, generously()))
}

func TestAnExplanationIsAPageAtMost(t *testing.T) {
	f, err := scenarios.Load(scenarios.Chaos)
	require.NoError(t, err)
	x := f.Explain(1, generously())
	require.NotEmpty(t, x.Lines)
	require.LessOrEqual(t, len(x.Lines), 40)
	for i, l := range x.Lines {
		require.NotEmpty(t, l.Text)
		require.Less(t, len(l.Text), 400)
		if i > 0 {
			require.Greater(t, l.Event, x.Lines[i-1].Event)
		}
	}
}

// Long values are cut: the lines are to be read.
func TestAnExplanationDoesNotShowWholeValues(t *testing.T) {
	lying := breaking(broken{request: func(b *broken, c replica.ClientID, q *kv.Request) bool {
		if q.Op == kv.Get {
			b.env.Answer(c, &replica.Response{Session: q.Session, Seq: q.Seq, Status: kv.OK, Result: kv.Result{Value: strings.Repeat("x", 5000)}})
		}
		return q.Op == kv.Get
	}})
	f := parse(t, "duration: 1s\nclients: {value_size: 5KiB, keys: 1}\nexpect: {history: linearizable}")
	x := f.Explain(1, lying)
	require.Contains(t, strings.Join(texts(x), "\n"), "answers client 1: ok xxx")
	for _, l := range x.Lines {
		require.Less(t, len(l.Text), 400)
	}
}

func TestARunThatPassesHasNoExplanation(t *testing.T) {
	f, err := scenarios.Parse("calm.yaml", []byte("name: calm\nduration: 1s\n"))
	require.NoError(t, err)
	require.Zero(t, f.Explain(1, scenarios.Options{}))
}
