package raft_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

var scheduleSeed = flag.Uint64("schedule", 0, "the one schedule of TestRandomSchedules to run, 0 for all")

// Whatever happens to messages, disks, timers, clocks and nodes, the safety properties of Figure 3 of the paper hold, no
// read sees the past, and once it stops, the cluster comes to agree. Each seed is a short schedule of its own.
func TestRandomSchedules(t *testing.T) {
	schedules := uint64(4000)
	if testing.Short() {
		schedules = 800
	}
	total := judge{}
	for seed := uint64(1); seed <= schedules; seed++ {
		if *scheduleSeed != 0 && seed != *scheduleSeed {
			continue
		}
		total.add(runSchedule(t, seed))
	}
	if *scheduleSeed == 0 {
		// A schedule in which nothing went wrong would show nothing.
		for what, n := range map[string]int{"elections": total.elections, "commits": total.commits, "cuts": total.cuts,
			"crashes that lost writes": total.lostWrites, "refusals": total.refusals, "acknowledgements in part": total.parts,
			"reads": total.reads, "reads that others committed under": total.overtaken, "transfers": total.transfers} {
			t.Logf("%d %s", n, what)
			require.Greater(t, n, int(schedules)/20, what)
		}
	}
}

// judge knows what has been seen so far, and holds each node to it.
type judge struct {
	leaders   map[raft.Term]raft.NodeID
	entries   map[place]raft.Entry      // by index and term
	before    map[place]raft.Term       // the term of the entry before
	committed []commitment              // by index-1
	lasts     map[*raft.Core]raft.Index // how long its log was

	asked  map[uint64]raft.Index // what was committed anywhere when a read was asked
	looked map[*raft.Core]int    // how many of its reads were judged

	elections, commits, cuts, lostWrites, refusals, parts int
	reads, overtaken, transfers                           int
}

type place struct {
	index raft.Index
	term  raft.Term
}

// commitment is an entry that was seen committed in a term.
type commitment struct {
	entry raft.Entry
	in    raft.Term
}

func (j *judge) add(o *judge) {
	j.elections += o.elections
	j.commits += o.commits
	j.cuts += o.cuts
	j.lostWrites += o.lostWrites
	j.refusals += o.refusals
	j.parts += o.parts
	j.reads += o.reads
	j.overtaken += o.overtaken
	j.transfers += o.transfers
}

// schedule is a cluster under a random schedule.
type schedule struct {
	*cluster
	*judge
	r      *rand.Rand
	alone  raft.NodeID            // is cut off from all others
	judged map[*raft.Message]bool // of those on their way, what has been held against its sender's disk
}

func newSchedule() *schedule {
	return &schedule{judged: map[*raft.Message]bool{}, judge: &judge{
		leaders: map[raft.Term]raft.NodeID{}, entries: map[place]raft.Entry{}, before: map[place]raft.Term{},
		lasts: map[*raft.Core]raft.Index{}, asked: map[uint64]raft.Index{}, looked: map[*raft.Core]int{},
	}}
}

func runSchedule(t *testing.T, seed uint64) *judge {
	defer func() {
		if t.Failed() {
			t.Logf("to see it again: go test ./raft -run TestRandomSchedules -schedule %d", seed)
		}
	}()
	r := rand.New(rand.NewPCG(seed, 0))
	s := newSchedule()
	s.r = r
	nodes, inflight, bytes := 1+r.IntN(5), r.IntN(6), r.IntN(200)
	preVote, checkQuorum := r.IntN(2) == 0, r.IntN(2) == 0
	s.cluster = newTunedCluster(t, func(cfg *raft.Config) {
		cfg.MaxInflight, cfg.MaxAppendBytes = inflight, bytes
		cfg.PreVote, cfg.CheckQuorum = preVote, checkQuorum
		cfg.Draw = func(n uint64) uint64 { return r.Uint64N(n) }
	}, make([]raft.Restored, nodes)...)

	// How unkind the world is differs from schedule to schedule.
	unkind := []int{0, 2, 10, 30}[r.IntN(4)]
	for range 100 + r.IntN(300) {
		s.now += time.Duration(r.IntN(int(20 * time.Millisecond)))
		s.happen(unkind)
	}
	s.calm()
	return s.judge
}

// happen lets one thing happen to one node.
func (s *schedule) happen(unkind int) {
	id := raft.NodeID(1 + s.r.IntN(len(s.nodes)-1))
	n := s.nodes[id]
	if n.core == nil {
		if s.r.IntN(4) == 0 {
			s.restart(id)
			s.look(id)
		}
		return
	}
	switch d := s.r.IntN(100); {
	case d < 55:
		for range 1 + s.r.IntN(8) {
			s.arrive(unkind)
		}
		return
	case d < 77:
		for range 3 { // disks are busy, yet faster than elections
			id := raft.NodeID(1 + s.r.IntN(len(s.nodes)-1))
			if n := s.nodes[id]; n.core != nil {
				s.persistFirst(id, min(len(n.writes), 1+s.r.IntN(3)))
				s.look(id)
			}
		}
		return
	case d < 80 && unkind > 0:
		s.alone = raft.NodeID(s.r.IntN(2 * len(s.nodes))) // often nobody
		return
	case d < 87:
		if n.core.Role() == raft.Leader {
			for range 1 + s.r.IntN(4) {
				_, _, err := n.core.Propose([]byte{byte(s.r.Uint32())})
				if err != nil {
					require.ErrorIs(s.t, err, raft.ErrTransferring)
				}
			}
			s.act(id)
		}
		for range s.r.IntN(3) { // reads, anywhere
			name := uint64(len(s.asked)) + 1
			s.asked[name] = raft.Index(len(s.committed))
			if n.core.ReadIndex(s.now, name) == nil {
				s.act(id)
			}
		}
	case d < 88:
		if n.core.TransferLeadership(s.now, raft.NodeID(1+s.r.IntN(len(s.nodes)-1))) == nil {
			s.transfers++
			s.act(id)
		}
	case d < 94:
		s.beat(id)
	case d < 98 || unkind == 0:
		s.timeout(id)
	default:
		// Some of what was asked for may have reached the disk without the node having been told.
		k := s.r.IntN(len(n.writes) + 1)
		if k < len(n.writes) {
			s.lostWrites++
		}
		n.write(k)
		s.crash(id)
		return
	}
	s.look(id)
}

// arrive takes a message off the network: any, so that they overtake each other.
func (s *schedule) arrive(unkind int) {
	if len(s.net) == 0 {
		return
	}
	k := 0
	if s.r.IntN(100) < 4*unkind {
		k = s.r.IntN(len(s.net))
	}
	m := s.net[k]
	again := s.r.IntN(100) < unkind
	if !again {
		s.net = slices.Delete(s.net, k, k+1)
	}
	if s.r.IntN(100) >= unkind && m.From != s.alone && m.To != s.alone {
		s.hand(m)
	}
	if !again {
		s.done(m)
	}
}

// hand gives a message to whom it is for.
func (s *schedule) hand(m *raft.Message) {
	if m.Kind == raft.MsgAppendReply && !m.AppendReply.Success {
		s.refusals++
	}
	if s.nodes[m.To].core != nil {
		s.step(m)
		s.look(m.To)
	}
}

// done gives back a message that will not come again.
func (s *schedule) done(m *raft.Message) {
	delete(s.judged, m)
	m.Release()
}

// look judges a node, and what it has sent since, against all that was seen before.
func (s *schedule) look(id raft.NodeID) {
	n := s.nodes[id]
	st := n.core.Status()
	s.promises(id)

	// Log Matching: an index and a term name one entry, and all before it (§5.3).
	if from := n.core.TakeChanged(); from != 0 {
		if from <= s.lasts[n.core] {
			s.cuts++
		}
		log := s.log(id)
		for k := int(from) - 1; k < len(log); k++ {
			e, prev := log[k], raft.Term(0)
			if k > 0 {
				prev = log[k-1].Term
			}
			at := place{e.Index, e.Term}
			if was, ok := s.entries[at]; ok {
				require.Equal(s.t, was, e, "log matching: %v", id)
				require.Equal(s.t, s.before[at], prev, "log matching: %v before %d", id, e.Index)
			}
			s.entries[at], s.before[at] = e, prev
		}
		s.lasts[n.core] = st.LastIndex
	}

	// Election Safety: one leader in a term (§5.2). Leader Completeness: it has what was committed before (§5.4).
	if st.Role == raft.Leader && s.leaders[st.Term] == raft.None {
		s.elections++
		s.leaders[st.Term] = id
		log := s.log(id)
		for _, c := range s.committed {
			if c.in < st.Term {
				require.Greater(s.t, len(log), int(c.entry.Index), "leader completeness: %v in term %d", id, st.Term)
				require.Equal(s.t, c.entry, log[c.entry.Index-1], "leader completeness: %v in term %d", id, st.Term)
			}
		}
	}
	if st.Role == raft.Leader {
		require.Equal(s.t, s.leaders[st.Term], id, "election safety: term %d", st.Term)
	}

	// What is committed is on the disks of a majority, and stays what it is.
	for i := raft.Index(len(s.committed)) + 1; i <= st.Commit; i++ {
		e := s.log(id)[i-1]
		have := 0
		for _, o := range s.nodes[1:] {
			if d := o.disk.Entries; len(d) >= int(i) && d[i-1].Term == e.Term {
				have++
			}
		}
		require.Greater(s.t, 2*have, len(s.nodes)-1, "entry %d is committed on %d disks", i, have)
		s.committed = append(s.committed, commitment{e, st.Term})
		s.commits++
	}

	// A read sees all that was committed before it was asked (dissertation §6.4).
	for _, read := range n.reads[s.looked[n.core]:] {
		if read.Index != 0 {
			s.reads++
			require.GreaterOrEqual(s.t, read.Index, s.asked[read.ID], "read %d of %v", read.ID, id)
			require.LessOrEqual(s.t, int(read.Index), len(s.committed), "read %d of %v", read.ID, id)
			if int(s.asked[read.ID]) < len(s.committed) {
				s.overtaken++
			}
		}
	}
	s.looked[n.core] = len(n.reads)

	// State Machine Safety: every node applies the same entry at an index (§5.4.3), in order.
	require.Equal(s.t, int(st.Applied), len(n.applied))
	for k, e := range n.applied {
		require.Equal(s.t, s.committed[k].entry, e, "state machine safety: %v", id)
	}
}

// promises holds what a node has just sent against its disk (Figure 2, persistent state).
func (s *schedule) promises(id raft.NodeID) {
	n := s.nodes[id]
	d := n.disk
	for _, m := range s.net {
		if s.judged[m] || m.From != id {
			continue
		}
		s.judged[m] = true
		switch {
		case m.Kind == raft.MsgRequestVote:
			require.Equal(s.t, raft.HardState{Term: m.Term, Vote: id}, d.HardState, "a candidate's own vote")
		case m.Kind == raft.MsgVoteReply && m.VoteReply.Granted:
			require.Equal(s.t, raft.HardState{Term: m.Term, Vote: m.To}, d.HardState, "a vote")
		case m.Kind == raft.MsgAppendReply && m.AppendReply.Success:
			match := m.AppendReply.Match
			require.Equal(s.t, m.Term, d.HardState.Term, "an acknowledgement's term")
			require.GreaterOrEqual(s.t, len(d.Entries), int(match), "an acknowledgement's entries")
			require.Equal(s.t, append([]raft.Entry{}, s.log(id)[:match]...), append([]raft.Entry{}, d.Entries[:match]...), "an acknowledgement's entries")
			if match < n.core.Status().LastIndex {
				s.parts++
			}
		case m.Kind == raft.MsgAppendEntries:
			require.Equal(s.t, m.Term, d.HardState.Term, "a leader's term")
		}
	}
}

// calm ends all faults: within a few elections there is a leader, it commits, and all have the same.
func (s *schedule) calm() {
	for id := range s.nodes[1:] {
		if id := raft.NodeID(id + 1); s.nodes[id].core == nil {
			s.restart(id)
			s.look(id)
		}
	}
	end := s.now + 60*electionMax
	proposed := place{}
	for s.now < end {
		for busy := true; busy; {
			busy = false
			for k := range s.nodes[1:] {
				id := raft.NodeID(k + 1)
				if n := s.nodes[id]; len(n.writes) > 0 {
					s.persist(id)
					s.look(id)
					busy = true
				}
			}
			for n := len(s.net); n > 0; n-- {
				m := s.net[0]
				s.net = s.net[1:]
				s.hand(m)
				s.done(m)
				busy = true
			}
		}
		if i := int(proposed.index); i > 0 && i <= len(s.committed) && s.committed[i-1].entry.Term == proposed.term && s.agree() {
			return
		}
		// The node whose timer is due first.
		first, due := raft.None, raft.Never
		for k := range s.nodes[1:] {
			election, beat := s.core(raft.NodeID(k + 1)).Deadlines()
			if at := min(election, beat); at < due {
				first, due = raft.NodeID(k+1), at
			}
		}
		s.now = max(s.now, due)
		if _, beat := s.core(first).Deadlines(); beat == due {
			if proposed.term < s.status(first).Term { // what an earlier leader took may be lost
				index, term, err := s.core(first).Propose([]byte("last"))
				if err == nil {
					proposed = place{index, term}
				} else {
					require.ErrorIs(s.t, err, raft.ErrTransferring) // for the moment
				}
			}
			s.beat(first)
		} else {
			s.timeout(first)
		}
		s.look(first)
	}
	require.Fail(s.t, "no progress", "%+v", s.status(1))
}

// agree says whether all nodes have applied all that was ever committed.
func (s *schedule) agree() bool {
	for _, n := range s.nodes[1:] {
		if len(n.applied) != len(s.committed) {
			return false
		}
	}
	return true
}
