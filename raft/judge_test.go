package raft_test

import (
	"bytes"
	"slices"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// judge knows what has been seen so far, and holds each node to it.
type judge struct {
	leaders   map[raft.Term]raft.NodeID
	entries   map[place]raft.Entry // by index and term
	before    map[place]raft.Term  // the term of the entry before
	committed []commitment         // by index-1
	digests   []byte               // of them, as a machine remembers them
	seen      map[*raft.Core]*sight
	asked     map[uint64]raft.Index // what was committed anywhere when a read was asked
	lost      map[raft.Member]drive // the disks that were wiped, as of then
	// configurations are those that may be in force anywhere: the latest that is committed, and later ones. See inForce.
	configurations []configured

	// old is how many messages of the network were judged.
	old   int
	count tally
}

// tally counts what has happened.
type tally [kinds]int

const (
	elections = iota
	commits
	cuts
	lostWrites
	refusals
	parts
	reads
	overtaken
	atOnce
	transfers
	backlogs
	snapshots
	installs
	changes
	joints
	swaps
	comings
	goings
	wipes
	strangers
	kinds
)

var kindNames = [kinds]string{
	"elections", "commits", "cuts", "crashes that lost writes", "refusals", "acknowledgements in part", "reads",
	"reads that others committed under", "reads that nobody was asked about", "transfers", "proposals too many", "snapshots",
	"snapshots installed", "changes of the configuration", "joint configurations", "swaps", "voters that came", "voters that went", "wiped disks",
	"messages refused",
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

type configured struct {
	index  raft.Index
	term   raft.Term
	config *raft.Configuration
}

// sight is a core as it was last looked at.
type sight struct {
	last, applied raft.Index
	reads         int
	config        *raft.Configuration
	configIndex   raft.Index
}

func newJudge() *judge {
	return &judge{
		leaders: map[raft.Term]raft.NodeID{}, entries: map[place]raft.Entry{}, before: map[place]raft.Term{},
		seen: map[*raft.Core]*sight{}, asked: map[uint64]raft.Index{}, lost: map[raft.Member]drive{},
	}
}

// look judges a node, and what it has sent since, against all that was seen before.
func (s *schedule) look(id raft.NodeID) {
	n := s.nodes[id]
	st := n.core.Status()
	was := s.seen[n.core]
	if was == nil {
		was = &sight{applied: raft.Index(len(n.state)), config: n.core.Configuration(), configIndex: st.ConfigurationIndex}
		s.seen[n.core] = was
		s.sameState(id) // what it found in its snapshot
		if st.ConfigurationIndex == 0 && was.config.Known() {
			s.configurations = append(s.configurations, configured{config: was.config})
		}
	}
	s.promises(id)
	s.logMatching(id, &st, was)
	if st.Role == raft.Leader {
		s.oneLeader(id, &st)
	}
	s.durable(id, &st, was)
	s.readsSeeAll(id, was)

	// State Machine Safety: every node applies the same entries, in order (§5.4.3).
	if int(st.Applied) != len(n.state) {
		require.Fail(s.t, "state machine safety", "%v has applied %d, and was given %d", id, st.Applied, len(n.state))
	}
	if st.Applied != was.applied {
		if len(n.applied) == 0 {
			s.count[installs]++
		}
		s.sameState(id)
	}
	was.applied = st.Applied
	s.oneChangeInFlight(id, &st, was)
}

// sameState holds the state machine to be what was committed makes of it.
func (s *schedule) sameState(id raft.NodeID) {
	state := s.nodes[id].state
	if len(state) > len(s.digests) || !bytes.Equal(state, s.digests[:len(state)]) {
		require.Fail(s.t, "state machine safety", "%v holds %x, while %x is committed", id, state, s.digests)
	}
}

// logMatching: an index and a term name one entry, and all before it (§5.3).
func (s *schedule) logMatching(id raft.NodeID, st *raft.Status, was *sight) {
	core := s.nodes[id].core
	from := core.TakeChanged()
	if from == 0 {
		return
	}
	if from <= was.last {
		s.count[cuts]++
	}
	prev := st.BaseTerm
	if from > st.Base+1 {
		prev = core.Entries(from-1, from-1)[0].Term
	}
	for i := max(from, st.Base+1); i <= st.LastIndex; {
		for _, e := range core.Entries(i, st.LastIndex) {
			at := place{e.Index, e.Term}
			if known, ok := s.entries[at]; !ok {
				s.entries[at], s.before[at] = e, prev
			} else if known.Kind != e.Kind || !bytes.Equal(known.Data, e.Data) || s.before[at] != prev {
				require.Fail(s.t, "log matching", "%v has %v after term %d, and others %v after term %d", id, e, prev, known, s.before[at])
			}
			prev = e.Term
			i++
		}
	}
	was.last = st.LastIndex
}

// oneLeader is Election Safety (§5.2) and Leader Completeness (§5.4): a leader is the only one of its term, and has what
// was committed in earlier ones.
func (s *schedule) oneLeader(id raft.NodeID, st *raft.Status) {
	other, known := s.leaders[st.Term]
	if known {
		if other != id {
			require.Fail(s.t, "election safety", "%v and %v lead term %d", other, id, st.Term)
		}
		return
	}
	s.count[elections]++
	s.leaders[st.Term] = id
	core := s.nodes[id].core
	for _, c := range s.committed {
		i := c.entry.Index
		if c.in >= st.Term || i < st.Base {
			continue
		}
		term := st.BaseTerm
		if i > st.Base {
			require.LessOrEqual(s.t, i, st.LastIndex, "leader completeness: %v in term %d", id, st.Term)
			term = core.Entries(i, i)[0].Term
		}
		require.Equal(s.t, c.entry.Term, term, "leader completeness: %v in term %d, entry %d", id, st.Term, i)
	}
}

// durable: what is committed is on the disks of the majorities that were in force.
func (s *schedule) durable(id raft.NodeID, st *raft.Status, was *sight) {
	core := s.nodes[id].core
	for i := raft.Index(len(s.committed)) + 1; i <= st.Commit; i++ {
		require.Greater(s.t, i, st.Base, "entry %d was compacted before anybody saw it committed", i)
		e := core.Entries(i, i)[0]
		for _, voters := range [...][]raft.Member{was.config.Voters, was.config.Outgoing} {
			have := 0
			for _, m := range voters {
				if d := s.diskOf(m); d.holds(i, e.Term) {
					have++
				}
			}
			require.True(s.t, len(voters) == 0 || 2*have > len(voters), "entry %d of %v is committed on %d disks of %v", i, id, have, voters)
		}
		s.committed = append(s.committed, commitment{e, st.Term})
		s.digests = append(s.digests, digest(&e))
		s.count[commits]++
	}
}

// diskOf is the disk of a node, though it be lost.
func (s *schedule) diskOf(m raft.Member) *drive {
	if s.incarnation(m.ID) == m.Incarnation {
		return &s.nodes[m.ID].drive
	}
	d := s.lost[raft.Member{ID: m.ID, Incarnation: m.Incarnation}]
	return &d
}

// incarnation is that of the node that has the name now.
func (s *schedule) incarnation(id raft.NodeID) raft.Incarnation {
	return max(s.nodes[id].disk.Birth.Incarnation, raft.FirstIncarnation)
}

// readsSeeAll: a read sees all that was committed before it was asked (dissertation §6.4).
func (s *schedule) readsSeeAll(id raft.NodeID, was *sight) {
	n := s.nodes[id]
	for _, read := range n.reads[was.reads:] {
		if read.Index == 0 {
			continue
		}
		s.count[reads]++
		require.GreaterOrEqual(s.t, read.Index, s.asked[read.ID], "read %d of %v", read.ID, id)
		require.LessOrEqual(s.t, int(read.Index), len(s.committed), "read %d of %v", read.ID, id)
		if int(s.asked[read.ID]) < len(s.committed) {
			s.count[overtaken]++
		}
	}
	was.reads = len(n.reads)
}

// oneChangeInFlight: a leader changes the configuration when the change before is committed, and so that majorities
// before and after overlap (dissertation §4.1, §4.3).
func (s *schedule) oneChangeInFlight(id raft.NodeID, st *raft.Status, was *sight) {
	core := s.nodes[id].core
	config := core.Configuration()
	if config == was.config {
		return
	}
	if st.ConfigurationIndex > st.Base { // not one that came with a snapshot
		if st.Role == raft.Leader {
			s.count[changes]++
			require.LessOrEqual(s.t, was.configIndex, st.Commit, "%v has two changes in flight", id)
			s.overlap(was.config, config)
		}
		s.configurations = append(s.configurations, configured{st.ConfigurationIndex, core.Entries(st.ConfigurationIndex, st.ConfigurationIndex)[0].Term, config})
	}
	was.config, was.configIndex = config, st.ConfigurationIndex
}

// unmarked is a list of voters without what is to become of them.
func unmarked(list []raft.Member) []raft.Member {
	list = slices.Clone(list)
	for k := range list {
		list[k].Swap = false
	}
	return list
}

// swapped: who comes in a swap does so together with all who do, while those go who are to leave for them.
func (s *schedule) swapped(from, to *raft.Configuration) {
	if !slices.ContainsFunc(from.Learners, func(m raft.Member) bool { return m.Swap && to.Voter(m.ID) }) {
		return
	}
	s.count[swaps]++
	require.True(s.t, to.Joint(), "from %v to %v", from, to)
	for _, l := range from.Learners {
		require.Equal(s.t, l.Swap && l.Promote, l.Swap && slices.ContainsFunc(to.Voters, func(m raft.Member) bool { return m.ID == l.ID }), "from %v to %v", from, to)
	}
	for _, v := range from.Voters {
		require.False(s.t, v.Swap && slices.ContainsFunc(to.Voters, func(m raft.Member) bool { return m.ID == v.ID }), "from %v to %v", from, to)
	}
}

func (s *schedule) overlap(from, to *raft.Configuration) {
	s.swapped(from, to)
	switch {
	case to.Joint():
		s.count[joints]++
		require.False(s.t, from.Joint(), "from %v to %v", from, to)
		require.Equal(s.t, unmarked(from.Voters), to.Outgoing, "from %v to %v", from, to)
	case from.Joint():
		require.Equal(s.t, from.Voters, to.Voters, "from %v to %v", from, to)
	default:
		come, left := 0, 0
		before, after := unmarked(from.Voters), unmarked(to.Voters)
		for _, m := range after {
			if !slices.Contains(before, m) {
				come++
			}
		}
		for _, m := range before {
			if !slices.Contains(after, m) {
				left++
			}
		}
		s.count[comings] += come
		s.count[goings] += left
		require.LessOrEqual(s.t, come+left, 1, "from %v to %v", from, to)
	}
}

// promises holds what a node has just sent against its disk (Figure 2, persistent state).
func (s *schedule) promises(id raft.NodeID) {
	n := s.nodes[id]
	d := &n.drive
	for k := len(s.net) - 1; k >= s.old; k-- {
		m := s.net[k]
		if m.From != id {
			continue
		}
		switch {
		case m.Kind == raft.MsgRequestVote:
			s.hold(d.disk.HardState == raft.HardState{Term: m.Term, Vote: id}, m, "a candidate's own vote")
		case m.Kind == raft.MsgVoteReply && m.VoteReply.Granted:
			s.hold(d.disk.HardState == raft.HardState{Term: m.Term, Vote: m.To}, m, "a vote")
			s.hold(n.core.Configuration().Known(), m, "a vote of a node with an empty disk")
		case m.Kind == raft.MsgPreVoteReply && m.PreVoteReply.Granted:
			s.hold(n.core.Configuration().Known(), m, "a vote of a node with an empty disk")
		case m.Kind == raft.MsgAppendReply && m.AppendReply.Success:
			s.hold(m.Term == d.disk.HardState.Term, m, "an acknowledgement's term")
			s.hold(s.onDisk(n, m.AppendReply.Match), m, "an acknowledgement's entries")
			if m.AppendReply.Match < n.core.Status().LastIndex {
				s.count[parts]++
			}
		case m.Kind == raft.MsgInstallReply && m.InstallReply.Done:
			s.hold(m.Term == d.disk.HardState.Term, m, "an acknowledgement's term")
			s.hold(s.onDisk(n, m.InstallReply.Index), m, "a snapshot's entries")
		case m.Kind == raft.MsgAppendEntries:
			s.hold(m.Term == d.disk.HardState.Term, m, "a leader's term")
		}
	}
	s.old = len(s.net)
}

func (s *schedule) hold(kept bool, m *raft.Message, what string) {
	if !kept {
		require.Fail(s.t, what+" is not on the disk", "%+v", m)
	}
}

// onDisk says whether a node's log is on its disk up to an index.
func (s *schedule) onDisk(n *node, upTo raft.Index) bool {
	d, st := &n.drive, n.core.Status()
	if upTo > st.LastIndex {
		return false
	}
	from := max(st.Base, d.base) + 1
	if d.disk.Snapshot != nil {
		from = max(from, d.disk.Snapshot.Index+1)
	}
	for from <= upTo {
		for _, e := range n.core.Entries(from, upTo) {
			at := int(e.Index - d.base - 1)
			if at >= len(d.disk.Entries) || d.disk.Entries[at].Term != e.Term || !bytes.Equal(d.disk.Entries[at].Data, e.Data) {
				return false
			}
			from++
		}
	}
	return st.Base <= max(d.base, upTo) || d.disk.Snapshot != nil && st.Base <= d.disk.Snapshot.Index
}

// inForce returns the configurations that may be in force anywhere, some of them more than once.
func (s *schedule) inForce() []configured {
	latest := raft.Index(0)
	for _, c := range s.configurations {
		if i := int(c.index); i > 0 && i <= len(s.committed) && s.committed[i-1].entry.Term == c.term {
			latest = max(latest, c.index)
		}
	}
	s.configurations = slices.DeleteFunc(s.configurations, func(c configured) bool { return c.index < latest })
	return s.configurations
}
