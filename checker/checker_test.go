package checker

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
)

// cluster is a Checker and the nodes that show themselves to it. Every method of
// a node is one event, after which the node is observed.
type cluster struct {
	c     *Checker
	event uint64
	// nodes are by NodeID.
	nodes []*fake
}

// fake is a node that does what a script tells it, right or wrong.
type fake struct {
	of  *cluster
	o   Observation
	log []raft.Entry // from index Base+1
}

// place returns where the entry of an index is in the log.
func (n *fake) place(i raft.Index) raft.Index { return i - 1 - n.o.Base }

func newCluster(t testing.TB, nodes int, properties ...string) *cluster {
	c, err := New(nodes, properties)
	require.NoError(t, err)
	w := &cluster{c: c, nodes: make([]*fake, nodes+1)}
	for id := 1; id <= nodes; id++ {
		w.nodes[id] = &fake{of: w, o: Observation{Node: raft.NodeID(id)}}
		w.nodes[id].boots()
	}
	return w
}

func (w *cluster) moment() Moment { return Moment{w.event, time.Duration(w.event) * time.Millisecond} }

// happens is one event on the node: do changes it, and changed is the lowest index touched, 0 for none.
func (n *fake) happens(changed raft.Index, do func(o *Observation)) {
	n.of.event++
	do(&n.o)
	n.show(changed)
}

func (n *fake) show(changed raft.Index) {
	n.o.LastIndex, n.o.Changed, n.o.Suffix = n.o.Base+raft.Index(len(n.log)), changed, nil
	if changed != 0 {
		n.o.Suffix = n.log[n.place(changed):]
		n.o.DurableIndex = min(n.o.DurableIndex, changed-1)
	}
	n.of.c.Observe(n.of.moment(), &n.o)
}

// leads makes the node leader of a term, its vote for itself on disk.
func (n *fake) leads(term raft.Term) {
	n.happens(0, func(o *Observation) {
		o.Role, o.Term, o.Vote, o.DurableTerm, o.DurableVote = raft.Leader, term, o.Node, term, o.Node
	})
}

// follows puts the node into a term, on disk too, as a follower that has not voted.
func (n *fake) follows(term raft.Term) {
	n.happens(0, func(o *Observation) {
		o.Role, o.Term, o.Vote, o.DurableTerm, o.DurableVote = raft.Follower, term, raft.None, term, raft.None
	})
}

// hears puts the node into a term, in memory only.
func (n *fake) hears(term raft.Term) {
	n.happens(0, func(o *Observation) { o.Role, o.Term, o.Vote = raft.Follower, term, raft.None })
}

// shows changes what the node shows in whatever way.
func (n *fake) shows(do func(o *Observation)) { n.happens(0, do) }

// writes puts entries of these terms at index and after, in memory only. Entries of one
// index and term are the same on every node.
func (n *fake) writes(index raft.Index, terms ...raft.Term) {
	n.happens(index, func(*Observation) { n.puts(index, terms...) })
}

// puts is writes within the event that is happening.
func (n *fake) puts(index raft.Index, terms ...raft.Term) {
	n.log = append(n.log[:n.place(index):n.place(index)], entries(index, terms...)...)
}

// entries are those of these terms at index and after.
func entries(index raft.Index, terms ...raft.Term) []raft.Entry {
	var list []raft.Entry
	for k, term := range terms {
		i := index + raft.Index(k)
		list = append(list, raft.Entry{Index: i, Term: term, Kind: raft.EntryCommand, Data: fmt.Appendf(nil, "entry %d of term %d", i, term)})
	}
	return list
}

// writesData is writes for one entry with data of its own.
func (n *fake) writesData(index raft.Index, term raft.Term, data string) {
	n.happens(index, func(*Observation) {
		n.log = append(n.log[:n.place(index):n.place(index)], raft.Entry{Index: index, Term: term, Kind: raft.EntryCommand, Data: []byte(data)})
	})
}

// configures appends a configuration in the node's term, in memory only, and goes by it.
func (n *fake) configures(g *raft.Configuration) {
	i := n.o.LastIndex + 1
	n.happens(i, func(o *Observation) {
		n.log = append(n.log[:len(n.log):len(n.log)], raft.Entry{Index: i, Term: o.Term, Kind: raft.EntryConfiguration, Data: g.Encode(nil)})
		o.Configuration, o.ConfigurationIndex = g, i
	})
}

// goesBy makes the node show a configuration.
func (n *fake) goesBy(g *raft.Configuration, i raft.Index) {
	n.happens(0, func(o *Observation) { o.Configuration, o.ConfigurationIndex = g, i })
}

// copies puts the other's entries from index on into the log, configurations among them, and syncs.
func (n *fake) copies(of *fake, index raft.Index) {
	n.happens(index, func(o *Observation) {
		n.log = append(n.log[:n.place(index):n.place(index)], of.log[of.place(index):]...)
		o.Configuration, o.ConfigurationIndex = of.o.Configuration, of.o.ConfigurationIndex
	})
	n.syncs()
}

// compacts drops the log up to i, for which there is a snapshot.
func (n *fake) compacts(i raft.Index) {
	n.happens(0, func(o *Observation) {
		e := n.log[n.place(i)]
		n.log = n.log[n.place(i)+1:]
		o.Base, o.BaseTerm = i, e.Term
	})
}

// installs puts a snapshot in the place of the log.
func (n *fake) installs(i raft.Index, term raft.Term) {
	n.happens(i+1, func(o *Observation) {
		n.log = nil
		o.Base, o.BaseTerm, o.DurableIndex, o.Commit, o.Applied = i, term, i, i, i
	})
}

// wiped takes the node down and erases its disk.
func (n *fake) wiped() {
	n.of.event++
	n.of.c.Wiped(n.of.moment(), n.o.Node)
	n.log = nil
	n.o = Observation{Node: n.o.Node, Boot: n.o.Boot}
}

// joins boots a node as another incarnation.
func (n *fake) joins(which raft.Incarnation) {
	n.bootsWith(func(o *Observation) { o.Incarnation = which })
}

// cuts takes the entries from index on off the log, in memory.
func (n *fake) cuts(index raft.Index) { n.writes(index) }

// syncs brings everything to the disk.
func (n *fake) syncs() {
	n.happens(0, func(o *Observation) {
		o.DurableIndex, o.DurableTerm, o.DurableVote = o.LastIndex, o.Term, o.Vote
	})
}

// stores writes entries and syncs.
func (n *fake) stores(index raft.Index, terms ...raft.Term) {
	n.writes(index, terms...)
	n.syncs()
}

func (n *fake) commits(i raft.Index) { n.happens(0, func(o *Observation) { o.Commit = i }) }

// applies commits and applies.
func (n *fake) applies(i raft.Index) {
	n.happens(0, func(o *Observation) { o.Commit, o.Applied = i, i })
}

// votes gives the node's vote in its term, on disk when it leaves.
func (n *fake) votes(to *fake) {
	n.happens(0, func(o *Observation) {
		o.Vote, o.DurableTerm, o.DurableVote = to.o.Node, o.Term, to.o.Node
		n.promises(VotePromise, to, o.Term, 0)
	})
}

// promises sends a promise, within the event that is happening.
func (n *fake) promises(kind PromiseKind, to *fake, term raft.Term, i raft.Index) {
	n.of.c.Promised(n.of.moment(), Promise{Kind: kind, Node: n.o.Node, To: to.o.Node, Term: term, Incarnation: n.o.Incarnation, Index: i})
}

// acks acknowledges its log up to i, in its term.
func (n *fake) acks(to *fake, i raft.Index) {
	n.happens(0, func(o *Observation) { n.promises(EntryPromise, to, o.Term, i) })
}

// crashes takes the node down; its disk keeps what was synced.
func (n *fake) crashes() {
	n.of.event++
	n.of.c.Down(n.of.moment(), n.o.Node)
	kept := max(n.o.DurableIndex, n.o.Base) - n.o.Base
	n.log = n.log[:kept:kept]
}

// boots starts the node from its disk.
func (n *fake) boots() { n.bootsWith(func(*Observation) {}) }

// bootsWith starts the node from a disk that was tampered with.
func (n *fake) bootsWith(tamper func(o *Observation)) {
	n.of.event++
	o := &n.o
	tamper(o)
	*o = Observation{
		Node: o.Node, Boot: o.Boot + 1, Term: o.DurableTerm, Vote: o.DurableVote,
		DurableTerm: o.DurableTerm, DurableVote: o.DurableVote, DurableIndex: o.Base + raft.Index(len(n.log)),
		Incarnation: o.Incarnation, Base: o.Base, BaseTerm: o.BaseTerm, Commit: o.Base, Applied: o.Base,
		Configuration: o.Configuration, ConfigurationIndex: o.ConfigurationIndex,
	}
	o.LastIndex, o.Changed, o.Suffix = o.Base+raft.Index(len(n.log)), o.Base+1, n.log
	n.of.c.Observe(n.of.moment(), o)
}

// configuration is one of these voters, each in its first incarnation.
func configuration(voters ...raft.NodeID) *raft.Configuration {
	return &raft.Configuration{Voters: members(voters...)}
}

func members(ids ...raft.NodeID) []raft.Member {
	var list []raft.Member
	for _, id := range ids {
		list = append(list, raft.Member{ID: id, Incarnation: raft.FirstIncarnation})
	}
	return list
}

// joint is a configuration on the way from some voters to others.
func joint(to, from []raft.Member) *raft.Configuration {
	return &raft.Configuration{Voters: to, Outgoing: from}
}

// elected has the node ask for votes in a term, get those of the others, and lead.
func (n *fake) elected(term raft.Term, by ...*fake) {
	n.happens(0, func(o *Observation) {
		o.Role, o.Term, o.Vote, o.DurableTerm, o.DurableVote = raft.Candidate, term, o.Node, term, o.Node
		n.promises(VotePromise, n, term, 0)
	})
	for _, v := range by {
		if v.o.Term < term {
			v.follows(term)
		}
		v.votes(n)
	}
	n.happens(0, func(o *Observation) { o.Role = raft.Leader })
}

// takes hands the entry at i to the node's state machine.
func (n *fake) takes(i raft.Index, session kv.SessionID, seq uint64, effect bool) {
	n.of.event++
	n.of.c.Applied(n.of.moment(), n.o.Node, &n.log[n.place(i)], session, seq, effect)
}

// scripts are sequences of observations of five nodes, by name, and what they violate: "" for nothing.
type scripts []struct {
	name string
	play func(n []*fake)
	want string
}

// run plays the scripts. What is sound must pass every property; what is not must break this one, asked alone, and
// whatever it breaks, no property may be confused by it.
func (all scripts) run(t *testing.T, property string) {
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			if s.want == "" {
				w := newCluster(t, 5)
				s.play(w.nodes)
				require.Nil(t, w.c.Violation())
				return
			}
			w := newCluster(t, 5, property)
			s.play(w.nodes)
			require.NotNil(t, w.c.Violation())
			require.Equal(t, s.want, w.c.Violation().Detail)
			require.Equal(t, property, w.c.Violation().Property)
			require.NotEmpty(t, w.c.Violation().Nodes)
			for _, other := range Properties() {
				require.NotPanics(t, func() { s.play(newCluster(t, 5, other).nodes) })
			}
		})
	}
}

func TestPropertiesAreChosenByName(t *testing.T) {
	_, err := New(3, []string{"log-matching", "no-such"})
	require.EqualError(t, err, `unknown property "no-such": known are election-safety, leader-append-only, log-matching, `+
		`leader-completeness, state-machine-safety, committed-entries, durable-promises, durable-state, monotonic, client-once, `+
		`configuration-changes, incarnations, refinement`)
	_, err = New(0, nil)
	require.ErrorContains(t, err, "give 1 to 99")

	only := newCluster(t, 3, "log-matching")
	only.nodes[1].leads(7)
	only.nodes[2].leads(7)
	require.Nil(t, only.c.Violation(), "election-safety was not asked for")
	require.EqualValues(t, 1, only.c.Elections())
}

func TestTheFirstViolationStays(t *testing.T) {
	w := newCluster(t, 5)
	w.nodes[2].leads(7)
	w.nodes[4].leads(7)
	first := w.c.Violation()
	require.Equal(t, &Violation{
		Property: "election-safety", Detail: "n2 and n4 both lead term 7", Nodes: []raft.NodeID{2, 4},
		Moment: Moment{Event: 7, At: 7 * time.Millisecond},
	}, first)
	require.EqualError(t, first, "election-safety: n2 and n4 both lead term 7")

	w.nodes[3].leads(7)
	require.Same(t, first, w.c.Violation())
	require.Same(t, first, w.c.Observe(w.moment(), &w.nodes[1].o))
	require.Same(t, first, w.c.Promised(w.moment(), Promise{Kind: VotePromise, Node: 1, To: 2, Term: 9}))
	require.Same(t, first, w.c.Applied(w.moment(), 1, &raft.Entry{Index: 1}, 0, 0, false))
}

func TestWhatIsCommittedIsCounted(t *testing.T) {
	w := newCluster(t, 3)
	n := w.nodes
	require.Zero(t, w.c.Committed())
	n[1].follows(1)
	n[1].stores(1, 1, 1)
	n[1].leads(2)
	n[1].stores(3, 2)
	n[2].follows(2)
	n[2].stores(1, 1, 1, 2)
	n[1].commits(3)
	n[2].commits(1)
	require.Nil(t, w.c.Violation())
	require.Equal(t, raft.Index(3), w.c.Committed())
	require.Equal(t, []raft.Term{0, 1, 1, 2, 0}, []raft.Term{
		w.c.CommittedTerm(0), w.c.CommittedTerm(1), w.c.CommittedTerm(2), w.c.CommittedTerm(3), w.c.CommittedTerm(4),
	})
	require.EqualValues(t, 1, w.c.Elections())
}

func TestWhatContradictsItselfIsMalformed(t *testing.T) {
	entry := func(i raft.Index) raft.Entry { return raft.Entry{Index: i, Term: 1} }
	for _, c := range []struct {
		name string
		o    Observation
		want string
	}{
		{"a stranger", Observation{Node: 100, Boot: 1}, "an observation of n100: nodes are n1 to n99"},
		{"nobody", Observation{Node: 0, Boot: 1}, "an observation of none"},
		{"boot 0", Observation{Node: 1, Boot: 0}, "boot 0 after boot 2"},
		{"a boot of the past", Observation{Node: 1, Boot: 1, Changed: 1}, "boot 1 after boot 2"},
		{"a boot without its log", Observation{Node: 1, Boot: 3}, "in boot 3 with changes from index 0"},
		{"an unknown role", Observation{Node: 1, Boot: 2, Role: 9, LastIndex: 2}, "role(9)"},
		{"a disk that knows more", Observation{Node: 1, Boot: 2, LastIndex: 2, DurableIndex: 3}, "ends at 2 and is on disk up to 3"},
		{"a log that grew in silence", Observation{Node: 1, Boot: 2, LastIndex: 3}, "no change since it ended at 2"},
		{"entries that are no change", Observation{Node: 1, Boot: 2, LastIndex: 2, Suffix: []raft.Entry{entry(2)}}, "with 1 entries handed over"},
		{"a gap", Observation{Node: 1, Boot: 2, LastIndex: 4, Changed: 4, Suffix: []raft.Entry{entry(4)}}, "from index 4 of a log that ended at 2"},
		{"changes beyond the end", Observation{Node: 1, Boot: 2, LastIndex: 1, Changed: 3}, "ends at 1"},
		{"too few entries", Observation{Node: 1, Boot: 2, LastIndex: 3, Changed: 2, Suffix: []raft.Entry{entry(2)}}, "1 entries for the indexes 2 to 3"},
		{"entries out of place", Observation{Node: 1, Boot: 2, LastIndex: 3, Changed: 3, Suffix: []raft.Entry{entry(4)}}, "index 4 at 3"},
		{"a log without end", Observation{Node: 1, Boot: 2, LastIndex: 1<<64 - 1, Changed: 1}, "begins after index 0, of term 0, and ends at 18446744073709551615"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newCluster(t, 3)
			w.nodes[1].follows(1)
			w.nodes[1].stores(1, 1, 1)
			w.nodes[1].crashes()
			w.nodes[1].boots()
			require.Nil(t, w.c.Violation())
			v := w.c.Observe(w.moment(), &c.o)
			require.NotNil(t, v)
			require.Equal(t, Malformed, v.Property)
			require.Contains(t, v.Detail, c.want)
		})
	}
	w := newCluster(t, 3)
	require.Equal(t, Malformed, w.c.Promised(w.moment(), Promise{Kind: VotePromise, Node: 100}).Property)
	w = newCluster(t, 3)
	require.Equal(t, Malformed, w.c.Promised(w.moment(), Promise{Node: 1}).Property)
	w = newCluster(t, 3)
	require.Equal(t, Malformed, w.c.Applied(w.moment(), 100, &raft.Entry{Index: 1}, 0, 0, false).Property)
	w = newCluster(t, 3)
	require.Equal(t, Malformed, w.c.Applied(w.moment(), 1, &raft.Entry{Index: 1 << 60}, 0, 0, false).Property)
	w = newCluster(t, 3)
	w.c.Down(w.moment(), 9)
	w.c.Wiped(w.moment(), 100)
	w.c.Down(w.moment(), 0)
	require.Nil(t, w.c.Violation())
	w.nodes[1].crashes()
	w.nodes[1].shows(func(*Observation) {})
	require.Equal(t, "n1 shows boot 1 after boot 1: boots count up from 1", w.c.Violation().Detail, "seen while it is down")
}

func TestLinksTellEntriesApart(t *testing.T) {
	seen := map[link]string{}
	for _, term := range []raft.Term{1, 2, 1 << 63} {
		for _, kind := range []raft.EntryKind{raft.EntryNoop, raft.EntryCommand} {
			for n := range 70 {
				for flip := range n + 1 { // at n: none
					data := make([]byte, n)
					if flip < n {
						data[flip] = 1
					}
					l := link{}.next(&raft.Entry{Term: term, Kind: kind, Data: data})
					what := fmt.Sprint(term, kind, n, flip)
					require.Empty(t, seen[l], what)
					require.Equal(t, term, l.term)
					seen[l] = what
				}
			}
		}
	}
	a, b := raft.Entry{Term: 1, Data: []byte("a")}, raft.Entry{Term: 1, Data: []byte("b")}
	require.NotEqual(t, link{}.next(&a).next(&b), link{}.next(&b).next(&a))
	require.NotEqual(t, link{}.next(&a).next(&b), link{}.next(&b), "what came before counts")
}
