package scenarios

import (
	"slices"

	"raftsim/raft"
	"raftsim/raft/replica"
	"raftsim/scenarios/script"
)

// members is who is a member of the cluster, as far as it is committed, and who is to become one or to leave.
type members struct {
	r *Run
	// config is the latest committed configuration, which came with entry index.
	config *raft.Configuration
	index  raft.Index
	// wanted are the changes that the timeline asked for and that are not committed yet.
	wanted []*wanted
	// asking says that the leader will be asked again.
	asking bool
}

// wanted is a change that the leader of the day is asked for until it is committed.
type wanted struct {
	entry  *entry
	change replica.Change
}

func (m *members) init(r *Run, voters []raft.NodeID) error {
	config, err := raft.NewConfiguration(voters)
	m.r, m.config = r, &config
	return err
}

// committed takes in the configuration of a node that has it committed.
func (m *members) committed(config *raft.Configuration, index raft.Index) {
	if index <= m.index || !config.Known() {
		return
	}
	was := m.config
	m.config, m.index = config, index
	m.r.states.membersChanged(was)
	m.settleWanted()
	m.r.rolesChanged()
}

// quorum says whether those of whom have is true are a majority of the voters, of both kinds while the configuration is joint.
func (m *members) quorum(have func(raft.Member) bool) bool { return quorumOf(m.config, have) }

// quorumOf says so of any configuration.
func quorumOf(c *raft.Configuration, have func(raft.Member) bool) bool {
	for _, voters := range [...][]raft.Member{c.Voters, c.Outgoing} {
		yes := 0
		for _, v := range voters {
			if have(v) {
				yes++
			}
		}
		if len(voters) > 0 && yes < len(voters)/2+1 {
			return false
		}
	}
	return true
}

// majority is how many voters make one.
func (m *members) majority() int { return len(m.config.Voters)/2 + 1 }

// voter says whether a node of that name is among the voters.
func (m *members) voter(id raft.NodeID) bool { return m.config.Voter(id) }

// voters appends those of the nodes that are voters.
func (m *members) voters(ids []raft.NodeID) []raft.NodeID {
	var list []raft.NodeID
	for _, id := range ids {
		if m.voter(id) {
			list = append(list, id)
		}
	}
	return list
}

// runs says whether a member is up and not paused, and the node of its name is that member.
func (r *Run) runs(v raft.Member) bool {
	n := &r.nodes[v.ID]
	return n.up && !r.world.Paused(v.ID) && n.is(v)
}

// is says whether a node, which is up, is that member and not another of its name.
func (n *node) is(v raft.Member) bool {
	return n.view == nil || v.Incarnation == 0 || n.view.Incarnation() == v.Incarnation
}

// running returns the members that run, learners included, in order.
func (r *Run) running() []*node {
	var list []*node
	for i := range r.nodes[1:] {
		n := &r.nodes[i+1]
		if v := r.members.find(n.id); v != nil && r.runs(*v) {
			list = append(list, n)
		}
	}
	return list
}

// find returns the member of that name, nil when there is none.
func (m *members) find(id raft.NodeID) *raft.Member {
	for _, list := range [...][]raft.Member{m.config.Voters, m.config.Outgoing, m.config.Learners} {
		for k := range list {
			if list[k].ID == id {
				return &list[k]
			}
		}
	}
	return nil
}

// want has the leader asked for a change, until it is committed. What an earlier entry wants of the same nodes is void, and
// nobody leaves for those who are not to join any more. To have somebody join again is no change of mind: who is to leave for it
// still is, as it is when a leader has begun with it.
func (m *members) want(e *entry, change replica.Change) {
	for _, id := range slices.Concat(change.Join, change.Learn, change.Remove) {
		other := func(k raft.NodeID) bool { return k == id }
		for _, w := range m.wanted {
			if len(w.change.Remove) > 0 && slices.Contains(w.change.Join, id) && slices.Contains(change.Join, id) {
				continue
			}
			if len(w.change.Join) == 1 && w.change.Join[0] == id {
				w.change.Remove = nil
			}
			w.change.Join = slices.DeleteFunc(slices.Clone(w.change.Join), other)
			w.change.Learn = slices.DeleteFunc(slices.Clone(w.change.Learn), other)
			w.change.Remove = slices.DeleteFunc(slices.Clone(w.change.Remove), other)
		}
	}
	m.wanted = slices.DeleteFunc(m.wanted, func(w *wanted) bool { // nothing is left of it, and it came to nothing
		return len(w.change.Join)+len(w.change.Learn)+len(w.change.Remove) == 0
	})
	m.wanted = append(m.wanted, &wanted{e, change})
	m.settleWanted()
	m.ask()
}

// ask asks the leader for all that is wanted, and again a heartbeat later: it may refuse, crash or forget.
func (m *members) ask() {
	if m.asking || len(m.wanted) == 0 {
		return
	}
	if leader := m.r.leader(); leader != raft.None {
		for _, w := range m.wanted {
			m.r.world.Reconfigure(leader, &w.change)
		}
	}
	m.asking = true
	m.r.world.At(m.r.world.Now()+m.r.scenario.Cluster.Heartbeat, func() {
		m.asking = false
		m.settleWanted()
		m.ask()
	})
}

// settleWanted drops what is so by now.
func (m *members) settleWanted() {
	m.wanted = slices.DeleteFunc(m.wanted, func(w *wanted) bool {
		if !m.done(&w.change) {
			return false
		}
		w.entry.effects++
		return true
	})
}

// done says whether a change is committed. Who is to join must be a member with the disk it has now.
func (m *members) done(change *replica.Change) bool {
	if m.config.Joint() {
		return false
	}
	for _, id := range change.Join {
		if v := memberOf(m.config.Voters, id); v == nil || m.r.nodes[id].up && !m.r.nodes[id].is(*v) {
			return false
		}
	}
	for _, id := range change.Learn {
		if memberOf(m.config.Learners, id) == nil {
			return false
		}
	}
	return !slices.ContainsFunc(change.Remove, m.config.Member) && !slices.ContainsFunc(change.Remove, m.coming)
}

// coming says whether the leader of the day goes by a configuration, committed or not, that has a node in it. Without a leader
// it may be.
func (m *members) coming(id raft.NodeID) bool {
	leader := m.r.leader()
	if leader == raft.None {
		return true
	}
	v := m.r.nodes[leader].view
	return v != nil && v.Configuration().Member(id)
}

func memberOf(list []raft.Member, id raft.NodeID) *raft.Member {
	if k := slices.IndexFunc(list, func(m raft.Member) bool { return m.ID == id }); k >= 0 {
		return &list[k]
	}
	return nil
}

// joining says whether somebody is to join and has not yet.
func (m *members) joining() bool {
	return slices.ContainsFunc(m.wanted, func(w *wanted) bool { return len(w.change.Join) > 0 })
}

// join has nodes come, and become members.
func (t *timeline) join(e *entry, a *script.Join) {
	for _, id := range e.nodes {
		if t.r.world.Boots(id) == 0 {
			t.r.world.Restart(id)
		}
	}
	change := replica.Change{Join: e.nodes}
	if a.Learner {
		change = replica.Change{Learn: e.nodes}
	}
	if a.InsteadOf != nil {
		change.Remove = e.groups[0]
	}
	t.r.members.want(e, change)
}

// wipe crashes a node and erases its disk. It comes back as a node that nobody knows.
func (t *timeline) wipe(id raft.NodeID) bool {
	if !t.r.world.Wipe(id) {
		return false
	}
	n := &t.r.nodes[id]
	n.wiped, n.blank = true, true
	t.r.check.Wiped(t.r.checkMoment(), id)
	return true
}

// idsOf returns the names of members.
func idsOf(list []raft.Member) []raft.NodeID {
	ids := make([]raft.NodeID, len(list))
	for k := range list {
		ids[k] = list[k].ID
	}
	return ids
}
