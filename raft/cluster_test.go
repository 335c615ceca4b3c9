package raft_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// The timeouts of the tests. Draw is 0 unless a test says otherwise, so that every election timeout is the least.
const (
	electionMin = 150 * time.Millisecond
	electionMax = 300 * time.Millisecond
	heartbeat   = 50 * time.Millisecond
)

// cluster is cores with nothing between them that happens by itself: the test delivers messages, says when a
// disk has written, lets timers fire, and crashes nodes.
type cluster struct {
	t     testing.TB
	now   time.Duration
	nodes []*node         // by id; nodes[0] is nobody
	net   []*raft.Message // sent and not yet delivered, in the order of sending
	tune  func(*raft.Config)
	// voters is how many of the nodes the cluster began with, 0 for all of them.
	voters int
	// born is how many nodes were born since.
	born raft.Incarnation
	// skew, when not nil, is what a node's clock shows when it is now.
	skew func(id raft.NodeID, now time.Duration) time.Duration
	// refused is what the last Step returned.
	refused error
}

// node is a core and what is around it.
type node struct {
	core    *raft.Core
	drive                // what a crash leaves
	writes  []diskWrite  // asked for, not yet on the disk
	applied []raft.Entry // since the last boot or installed snapshot
	reads   []raft.Read  // answered since the last boot
	machine
	// snapshots are on their way to the disk, oldest first.
	snapshots []*raft.Snapshot
}

// newCluster makes n nodes that never ran.
func newCluster(t testing.TB, n int) *cluster {
	return newClusterOf(t, make([]raft.Restored, n)...)
}

// newClusterOf makes a node of each disk: n1 of the first.
func newClusterOf(t testing.TB, disks ...raft.Restored) *cluster {
	return newTunedCluster(t, nil, disks...)
}

// newTunedCluster makes nodes whose configuration has been altered by tune.
func newTunedCluster(t testing.TB, tune func(*raft.Config), disks ...raft.Restored) *cluster {
	return newGrowingCluster(t, len(disks), 0, tune, disks...)
}

// newGrowingCluster makes a cluster of so many voters, and others who wait to be added.
func newGrowingCluster(t testing.TB, voters, others int, tune func(*raft.Config), disks ...raft.Restored) *cluster {
	c := &cluster{t: t, nodes: make([]*node, 1+voters+others), tune: tune, voters: voters}
	for _, id := range c.all() {
		c.nodes[id] = &node{}
		if int(id) > voters {
			c.wipe(id)
		} else if len(disks) > 0 {
			c.nodes[id].disk = disks[id-1]
		}
		c.restart(id)
	}
	return c
}

// wipe ends a node and takes its disk for an empty one.
func (c *cluster) wipe(id raft.NodeID) {
	c.born++
	c.nodes[id] = &node{drive: drive{disk: raft.Restored{Birth: raft.Birth{Incarnation: raft.FirstIncarnation + c.born}}}}
}

// disk is a disk whose log has entries of these terms, from index 1 on.
func disk(hard raft.HardState, terms ...raft.Term) raft.Restored {
	return raft.Restored{HardState: hard, Entries: entries(0, terms...)}
}

// entries are entries of these terms that follow index prev.
func entries(prev raft.Index, terms ...raft.Term) []raft.Entry {
	var es []raft.Entry
	for k, t := range terms {
		es = append(es, raft.Entry{Index: prev + 1 + raft.Index(k), Term: t, Kind: raft.EntryCommand})
	}
	return es
}

// times is n times the same term.
func times(n int, t raft.Term) []raft.Term { return slices.Repeat([]raft.Term{t}, n) }

func (c *cluster) config(id raft.NodeID) raft.Config {
	cfg := raft.Config{
		ID:       id,
		Timeouts: raft.Timeouts{ElectionMin: electionMin, ElectionMax: electionMax, Heartbeat: heartbeat},
		Draw:     func(uint64) uint64 { return 0 },
	}
	for v := 1; v < len(c.nodes) && (c.voters == 0 || v <= c.voters); v++ {
		cfg.Voters = append(cfg.Voters, raft.NodeID(v))
	}
	if c.tune != nil {
		c.tune(&cfg)
	}
	return cfg
}

// crash ends a node. What it asked its disk to write and had not heard of is lost.
func (c *cluster) crash(id raft.NodeID) { c.nodes[id] = &node{drive: c.nodes[id].drive} }

// restart boots a node from its disk.
func (c *cluster) restart(id raft.NodeID) {
	n := c.nodes[id]
	core, err := raft.New(c.config(id), n.recover(), c.clock(id))
	require.NoError(c.t, err)
	n.core = core
	n.machine.restore(n.disk.Snapshot)
	c.act(id)
}

// clock is what a node's clock shows.
func (c *cluster) clock(id raft.NodeID) time.Duration {
	if c.skew == nil {
		return c.now
	}
	return c.skew(id, c.now)
}

func (c *cluster) core(id raft.NodeID) *raft.Core    { return c.nodes[id].core }
func (c *cluster) status(id raft.NodeID) raft.Status { return c.nodes[id].core.Status() }

// act takes what a core wants done: messages are on their way, writes wait for persist.
func (c *cluster) act(id raft.NodeID) {
	n := c.nodes[id]
	for more := true; more; {
		out := n.core.Output()
		require.Equal(c.t, out.Quiet, quiet(out), "%v says whether there is more to do than to send", id)
		c.net = append(c.net, out.Messages...)
		if out.Arrived != nil {
			n.save(out.Arrived)
		}
		if out.Installed != nil {
			n.machine.restore(out.Installed)
			n.applied = nil
		}
		if out.Ticket != 0 {
			n.writes = append(n.writes, diskWrite{ticket: out.Ticket, hard: out.HardState, hasHard: out.HardStateChanged, begin: out.Installed, entries: out.Entries})
		}
		n.machine.apply(out.Committed)
		n.applied = append(n.applied, out.Committed...)
		n.reads = append(n.reads, out.Reads...)
		more = out.More
	}
}

// persist puts everything that a node asked for on its disk, and tells it.
func (c *cluster) persist(id raft.NodeID) { c.persistFirst(id, len(c.nodes[id].writes)) }

// persistFirst puts the k oldest writes of a node on its disk, and tells it.
func (c *cluster) persistFirst(id raft.NodeID, k int) {
	if k == 0 {
		return
	}
	n := c.nodes[id]
	last := raft.Ticket(0)
	for _, w := range n.writes[:k] {
		last = max(last, w.ticket)
	}
	n.write(k)
	n.core.Persisted(c.clock(id), last)
	c.act(id)
}

// timeout lets the election timer of a node fire. Its vote for itself is not on its disk yet.
func (c *cluster) timeout(id raft.NodeID) {
	c.core(id).ElectionTimeout(c.clock(id))
	c.act(id)
}

// beat lets the heartbeat timer of a node fire.
func (c *cluster) beat(id raft.NodeID) {
	c.core(id).HeartbeatTimeout(c.clock(id))
	c.act(id)
}

// propose proposes at a leader, and takes what comes of it.
func (c *cluster) propose(id raft.NodeID, data ...string) {
	for _, d := range data {
		_, _, err := c.core(id).Propose([]byte(d))
		require.NoError(c.t, err)
	}
	c.act(id)
}

// step hands a message to whom it is for, who may be down.
func (c *cluster) step(m *raft.Message) {
	if n := c.nodes[m.To]; n.core != nil {
		if m.Incarnation == 0 { // made by the test
			m.Incarnation, m.VoteReply.Candidate = raft.FirstIncarnation, raft.FirstIncarnation
		}
		c.refused = n.core.Step(c.clock(m.To), m)
		c.act(m.To)
	}
}

// filter picks messages. A zero field picks all.
type filter struct {
	from, to raft.NodeID
	kind     raft.MessageKind
}

func (f filter) picks(m *raft.Message) bool {
	return (f.from == 0 || f.from == m.From) && (f.to == 0 || f.to == m.To) && (f.kind == 0 || f.kind == m.Kind)
}

// take takes messages off the network, to be looked at, kept, delivered by step, or lost.
func (c *cluster) take(f filter) []*raft.Message {
	var taken []*raft.Message
	c.net = slices.DeleteFunc(c.net, func(m *raft.Message) bool {
		if f.picks(m) {
			taken = append(taken, m)
		}
		return f.picks(m)
	})
	return taken
}

// one takes the only message of its kind off the network.
func (c *cluster) one(f filter) *raft.Message {
	taken := c.take(f)
	require.Len(c.t, taken, 1, "messages %+v", f)
	return taken[0]
}

// deliver hands over all that is on its way now, not what comes of it, and says how many it was.
func (c *cluster) deliver(f filter) int {
	ms := c.take(f)
	for _, m := range ms {
		c.step(m)
	}
	return len(ms)
}

// settle delivers and persists until nothing is left to do, among these nodes only: messages from
// and to others are lost.
func (c *cluster) settle(ids ...raft.NodeID) {
	for busy := true; busy; {
		busy = false
		for _, id := range ids {
			n := c.nodes[id]
			if n.core != nil && len(n.writes) > 0 {
				c.persist(id)
				busy = true
			}
			for n.core != nil && len(n.snapshots) > 0 {
				c.finishSnapshot(id, 0)
				busy = true
			}
		}
		c.isolate(ids)
		busy = c.deliver(filter{}) > 0 || busy
	}
}

// isolate loses what is from or to others.
func (c *cluster) isolate(ids []raft.NodeID) {
	c.net = slices.DeleteFunc(c.net, func(m *raft.Message) bool {
		return !slices.Contains(ids, m.From) || !slices.Contains(ids, m.To)
	})
}

// all are the ids of all nodes.
func (c *cluster) all() []raft.NodeID {
	var ids []raft.NodeID
	for id := 1; id < len(c.nodes); id++ {
		ids = append(ids, raft.NodeID(id))
	}
	return ids
}

// elect makes a node the leader with the votes of these, itself included, or of all; what has to be
// done in its first moments is done.
func (c *cluster) elect(id raft.NodeID, voters ...raft.NodeID) {
	if len(voters) == 0 {
		voters = c.all()
	}
	c.timeout(id)
	c.settle(voters...)
	require.Equal(c.t, raft.Leader, c.core(id).Role(), "%v is elected", id)
}

// log is a node's log, copied.
func (c *cluster) log(id raft.NodeID) []raft.Entry {
	var es []raft.Entry
	s := c.status(id)
	for next := s.Base + 1; next <= s.LastIndex; next = s.Base + 1 + raft.Index(len(es)) {
		es = append(es, c.core(id).Entries(next, s.LastIndex)...)
	}
	return es
}

// terms are the terms of a node's log, from its first entry on.
func (c *cluster) terms(id raft.NodeID) []raft.Term { return termsOf(c.log(id)) }

func termsOf(es []raft.Entry) []raft.Term {
	ts := make([]raft.Term, len(es))
	for k, e := range es {
		ts[k] = e.Term
	}
	return ts
}

// commands are the commands that a node has applied, one after the other.
func (c *cluster) commands(id raft.NodeID) string {
	var ds []string
	for _, e := range c.nodes[id].applied {
		if e.Kind == raft.EntryCommand {
			ds = append(ds, string(e.Data))
		}
	}
	return strings.Join(ds, " ")
}

// appendFrom is an AppendEntries.
func appendFrom(from, to raft.NodeID, term raft.Term, a raft.AppendEntries) *raft.Message {
	return &raft.Message{Kind: raft.MsgAppendEntries, From: from, To: to, Term: term, Append: a}
}

// voteRequest is a RequestVote.
func voteRequest(from, to raft.NodeID, term raft.Term, lastIndex raft.Index, lastTerm raft.Term) *raft.Message {
	return &raft.Message{Kind: raft.MsgRequestVote, From: from, To: to, Term: term,
		RequestVote: raft.RequestVote{LastIndex: lastIndex, LastTerm: lastTerm}}
}

// voteReply is an answer to a RequestVote.
func voteReply(from, to raft.NodeID, term raft.Term, granted bool) *raft.Message {
	return &raft.Message{Kind: raft.MsgVoteReply, From: from, To: to, Term: term, VoteReply: raft.VoteReply{Granted: granted}}
}

// quiet is what Output.Quiet has to be.
func quiet(o *raft.Output) bool {
	return o.Ticket == 0 && !o.HardStateChanged && o.Arrived == nil && o.Installed == nil && len(o.Entries) == 0 &&
		len(o.Committed) == 0 && len(o.Reads) == 0 && !o.More
}
