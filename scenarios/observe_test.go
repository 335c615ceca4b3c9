package scenarios

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/checker"
	"raftsim/raft"
	"raftsim/sim"
)

// After every event the run and the checker have seen each node as it is, also where only what is new was looked at.
func TestWhatIsSeenIsWhatIs(t *testing.T) {
	for _, name := range []string{"log-inconsistency", "simultaneous-timeouts", "membership-churn", "wiped-node", "slow-disk", "mit-3c-figure-8-unreliable", "mit-3d-install-crash"} {
		f, err := Load(name)
		require.NoError(t, err)
		looks := 0
		each := func(r *Run, e *sim.Event) {
			if e.Kind == sim.EventDrop {
				return // in the midst of another
			}
			for k := range r.nodes[1:] {
				n := &r.nodes[k+1]
				if n.core == nil || n.shown.Boot != n.boot {
					continue // it is down, or nothing of it was new yet
				}
				is := n.core.Status()
				if is != n.seen {
					require.Equal(t, is, n.seen, "%s: before event %d", name, e.ID)
				}
				last := checker.Observation{
					Node: n.id, Boot: n.boot, Incarnation: n.core.Incarnation(), Role: is.Role, Term: is.Term, Vote: is.Vote,
					Base: is.Base, BaseTerm: is.BaseTerm, LastIndex: is.LastIndex, Commit: is.Commit, Applied: is.Applied,
					DurableIndex: is.DurableIndex, DurableTerm: is.DurableHard.Term, DurableVote: is.DurableHard.Vote,
					Configuration: n.core.Configuration(), ConfigurationIndex: is.ConfigurationIndex,
					Changed: n.shown.Changed, Suffix: n.shown.Suffix,
				}
				require.Equal(t, last, n.shown, "%s: before event %d", name, e.ID)
				looks++
			}
		}
		require.Equal(t, Pass, f.Run(1, Options{each: each}).Verdict)
		require.NotZero(t, looks)
	}
}

// What is passed over, because it only goes on or says what was said before, would have changed nothing.
func TestThoroughRunsComeToTheSame(t *testing.T) {
	for _, name := range []string{"flow-control", "log-inconsistency", "membership-churn", "lease-reads", "mit-3c-figure-8-unreliable", "mit-3d-install-un-crash"} {
		f, err := Load(name)
		require.NoError(t, err)
		for seed := range uint64(4) {
			var told [2][]uint64
			var known [2][]classes
			var came [2]Result
			for k := range came {
				o := Options{thorough: k == 1, Abstract: func(state uint64) { told[k] = append(told[k], state) }}
				o.AtEnd = func(r *Run) {
					for i := range r.nodes {
						known[k] = append(known[k], r.nodes[i].classes)
					}
				}
				came[k] = f.Run(seed, o)
				came[k].Wall = 0
			}
			require.Equal(t, came[1], came[0])
			require.Equal(t, told[1], told[0])
			require.Equal(t, known[1], known[0])
			require.NotEmpty(t, told[0])
		}
	}
}

// Where nobody leads, and no quorum has its data, who is behind is not accused; where somebody leads one after all, it is.
func TestOnlyTheHopelessAreNotAccused(t *testing.T) {
	hopeless := Options{each: func(r *Run, _ *sim.Event) { r.liveness.hopeless = true }}
	for text, want := range map[string]Verdict{
		"partition: [[n1], [n2, n3]]":   Violation,
		"partition: [[n1], [n2], [n3]]": Pass,
		"crash: n1":                     Pass,
	} {
		f, err := Parse("test.yaml", []byte("name: test\nduration: 2s\ntimeline: [{at: 1s, "+text+"}]\nclients: {count: 3, rate: 20/s}\nexpect: {by: end, replicas: identical}"))
		require.NoError(t, err)
		r := f.Run(1, hopeless)
		require.Equal(t, want, r.Verdict, "%s: %s", text, r.Line())
	}
}

// A message is judged unless all that is judged of it was said before.
func TestWhatIsSaidAgain(t *testing.T) {
	entries := func(at raft.Index, terms ...raft.Term) (es []raft.Entry) {
		for k, term := range terms {
			es = append(es, raft.Entry{Index: at + raft.Index(k), Term: term})
		}
		return es
	}
	appends := func(change func(*raft.AppendEntries)) *raft.Message {
		m := &raft.Message{Kind: raft.MsgAppendEntries, Term: 4, Incarnation: 9}
		m.Append = raft.AppendEntries{PrevIndex: 7, PrevTerm: 3, Commit: 5, Round: 2, Entries: entries(8, 3, 4)}
		change(&m.Append)
		return m
	}
	same := func(*raft.AppendEntries) {}
	var s said
	require.False(t, s.again(2, appends(same)))
	s.take(2, appends(same), 9)
	require.True(t, s.again(2, appends(same)))
	require.True(t, s.again(3, appends(same)), "to whom it goes is not judged")
	for what, change := range map[string]func(*raft.AppendEntries){
		"PrevIndex": func(a *raft.AppendEntries) { a.PrevIndex, a.Entries = 6, entries(7, 3, 4) },
		"PrevTerm":  func(a *raft.AppendEntries) { a.PrevTerm = 2 },
		"Commit":    func(a *raft.AppendEntries) { a.Commit = 6 },
		"Round":     func(a *raft.AppendEntries) { a.Round = 3 },
		"its term":  func(a *raft.AppendEntries) { a.Entries = entries(8, 3, 3) },
		"its index": func(a *raft.AppendEntries) { a.Entries = entries(9, 3, 4) },
		"fewer":     func(a *raft.AppendEntries) { a.Entries = entries(8, 4) },
		"none":      func(a *raft.AppendEntries) { a.Entries = nil },
	} {
		require.False(t, s.again(2, appends(change)), what)
	}
	for what, change := range map[string]func(*raft.Message){
		"Kind":        func(m *raft.Message) { m.Kind = raft.MsgInstallSnapshot },
		"Term":        func(m *raft.Message) { m.Term = 5 },
		"Incarnation": func(m *raft.Message) { m.Incarnation = 8 },
	} {
		m := appends(same)
		change(m)
		require.False(t, s.again(2, m), what)
	}
	heartbeat := appends(func(a *raft.AppendEntries) { a.Entries = nil })
	s.take(2, heartbeat, 9)
	require.False(t, s.again(2, heartbeat), "it does not stand at the end of the log")
	s.take(2, heartbeat, 7)
	require.True(t, s.again(2, heartbeat))
	require.False(t, s.again(2, appends(same)))
}
