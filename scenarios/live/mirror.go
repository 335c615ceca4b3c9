package live

import (
	"fmt"

	"raftsim/checker"
	"raftsim/raft"
	"raftsim/raft/raftpb"
)

// mirror is what a real node has shown of itself: a [scenarios.Mirror], the methods of a process apart.
type mirror struct {
	shown       bool
	status      raft.Status
	incarnation raft.Incarnation
	config      *raft.Configuration
	digest      uint64
	// log has the entries after status.Base. changed is the lowest index that was written since it was last observed, 0 for none.
	log     []raft.Entry
	changed raft.Index
}

// take takes in a sight. The error says why it contradicts itself or those before.
func (m *mirror) take(s *raftpb.Sight) error {
	if len(s.Configuration) > 0 {
		c, err := readConfiguration(s.Configuration)
		if err != nil {
			return err
		}
		m.config = c
	}
	if m.config == nil {
		return fmt.Errorf("the first sight says nothing of members")
	}
	base, last, changed := raft.Index(s.Base), raft.Index(s.LastIndex), raft.Index(s.Changed)
	if err := m.move(base, last, changed, s.Entries); err != nil {
		return err
	}
	m.shown = true
	m.incarnation, m.digest = raft.Incarnation(s.Incarnation), s.Digest
	term := raft.Term(s.BaseTerm)
	if n := len(m.log); n > 0 {
		term = m.log[n-1].Term
	}
	m.status = raft.Status{
		ID: m.status.ID, Role: raft.Role(s.Role), Term: raft.Term(s.Term), Vote: raft.NodeID(s.Vote), Leader: raft.NodeID(s.Leader),
		Base: base, BaseTerm: raft.Term(s.BaseTerm), LastIndex: last, LastTerm: term,
		Commit: raft.Index(s.Commit), Applied: raft.Index(s.Applied), ConfigurationIndex: raft.Index(s.ConfigurationIndex),
		DurableIndex: raft.Index(s.DurableIndex), DurableHard: raft.HardState{Term: raft.Term(s.DurableTerm), Vote: raft.NodeID(s.DurableVote)},
	}
	return nil
}

// move brings the log to where it begins now, and puts entries in their place.
func (m *mirror) move(base, last, changed raft.Index, entries []*raftpb.Entry) error {
	was := m.status.Base
	switch {
	case base < was:
		return fmt.Errorf("the log begins after %d, and began after %d", base, was)
	case base-was >= raft.Index(len(m.log)):
		m.log = nil
	default:
		m.log = m.log[base-was:]
	}
	end := base + raft.Index(len(m.log))
	if changed == 0 {
		if end != last {
			return fmt.Errorf("the log ends at %d, and at %d by what was shown", last, end)
		}
		return nil
	}
	if changed <= base || changed > end+1 || changed+raft.Index(len(entries)) != last+1 {
		return fmt.Errorf("%d entries from %d on of a log from %d to %d, known to %d", len(entries), changed, base, last, end)
	}
	m.log = m.log[:changed-base-1]
	for k, e := range entries {
		m.log = append(m.log, raft.Entry{
			Index: changed + raft.Index(k), Term: raft.Term(e.GetTerm()), Kind: raft.EntryKind(e.GetKind()), Data: e.GetData(),
		})
	}
	if m.changed == 0 || changed < m.changed {
		m.changed = changed
	}
	return nil
}

// readConfiguration reads one that may be of nobody.
func readConfiguration(data []byte) (*raft.Configuration, error) {
	nobody := &raft.Configuration{}
	if string(data) == string(nobody.Encode(nil)) {
		return nobody, nil
	}
	c, err := raft.DecodeConfiguration(data)
	return &c, err
}

// Shown implements [scenarios.Mirror], and so do the others.
func (m *mirror) Shown() bool                        { return m.shown }
func (m *mirror) Digest() uint64                     { return m.digest }
func (m *mirror) Status() raft.Status                { return m.status }
func (m *mirror) Configuration() *raft.Configuration { return m.config }
func (m *mirror) Incarnation() raft.Incarnation      { return m.incarnation }
func (m *mirror) Leader() raft.NodeID                { return m.status.Leader }

// Entries returns those of the log from lo to hi.
func (m *mirror) Entries(lo, hi raft.Index) []raft.Entry {
	base := m.status.Base
	lo, hi = max(lo, base+1), min(hi, m.status.LastIndex)
	if lo > hi {
		return nil
	}
	return m.log[lo-base-1 : hi-base]
}

// Observe shows it to the checker.
func (m *mirror) Observe(o *checker.Observation) {
	s := &m.status
	o.Incarnation, o.Role, o.Term, o.Vote = m.incarnation, s.Role, s.Term, s.Vote
	o.Base, o.BaseTerm, o.LastIndex = s.Base, s.BaseTerm, s.LastIndex
	o.DurableIndex, o.DurableTerm, o.DurableVote = s.DurableIndex, s.DurableHard.Term, s.DurableHard.Vote
	o.Commit, o.Applied = s.Commit, s.Applied
	o.Configuration, o.ConfigurationIndex = m.config, s.ConfigurationIndex
	if m.changed != 0 {
		o.Changed = max(m.changed, s.Base+1)
		o.Suffix = m.Entries(o.Changed, s.LastIndex)
		m.changed = 0
	}
}
