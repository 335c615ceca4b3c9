package checker

import "raftsim/raft"

// node is what is known of one node.
type node struct {
	id raft.NodeID
	// boots is the number of its last boot.
	boots uint32
	// event is the one after which it was last observed.
	event uint64
	seen  state
	// log is its log as last observed. While the node is down, it and seen are what it had when it went. It reaches down
	// to the base before the node's own: a crash can undo the last compaction.
	log chain
	// configurations are those of its log, oldest first; the first is the one in force at the log's base.
	configurations []configured
	// shown is the configuration last observed, to be recognized.
	shown *raft.Configuration
	// incarnation is which node of its name it is, or was before its disk was wiped; 0 when that was not told.
	incarnation raft.Incarnation
	// wiped says that its disk was erased since it was last up.
	wiped bool
	// earlier are the nodes of its name whose disks are gone, oldest first.
	earlier []former
	// taken is the last index its state machine took in since it booted.
	taken   raft.Index
	keeping keeping
	promises
	votes votes
	heard
	reading
}

// former is a node whose disk was wiped. What it acknowledged still counts with the leader it told, who may hear it late. log and
// durable are what it had.
type former struct {
	incarnation raft.Incarnation
	acked       acknowledgement
	log         chain
	durable     raft.Index
}

// told says whether it told the leader of a term that it has what is in a log up to an index. Of what it told before it went on to a
// later term, only that it still had it is known.
func (f *former) told(term raft.Term, log *chain, i raft.Index) bool {
	if f.acked.term > term {
		return f.durable >= i && holds(&f.log, log, i)
	}
	return f.acked.term == term && f.acked.index >= i
}

func newNode(c *Checker, id raft.NodeID) node {
	return node{id: id, log: newChain(), configurations: []configured{{c.nobody, 0}}}
}

// state is an Observation without the log, to be compared with the next one.
type state struct {
	// boot is 0 while the node is down.
	boot uint32
	role raft.Role
	term raft.Term
	vote raft.NodeID
	base raft.Index
	last raft.Index
	// baseTerm is the term at base.
	baseTerm raft.Term
	// durable is what is on the disk by way of the log or of a snapshot, synced what is by way of the log.
	durable     raft.Index
	synced      raft.Index
	durableTerm raft.Term
	durableVote raft.NodeID
	commit      raft.Index
	applied     raft.Index
	// configuredAt is where the node says that its configuration came from.
	configuredAt raft.Index
}

// leads says whether the node is up and leads a term.
func (s *state) leads() bool { return s.boot != 0 && s.role == raft.Leader }

// take sets field by field: a struct made elsewhere and copied here would be copied in wider words than it
// was written in, which makes the processor wait.
func (s *state) take(o *Observation) {
	s.boot, s.role, s.term, s.vote, s.base = o.Boot, o.Role, o.Term, o.Vote, o.Base
	s.last, s.durable, s.durableTerm, s.durableVote = o.LastIndex, durable(o), o.DurableTerm, o.DurableVote
	s.synced, s.baseTerm = o.DurableIndex, o.BaseTerm
	s.commit, s.applied, s.configuredAt = o.Commit, o.Applied, o.ConfigurationIndex
}

// durable is up to where a node has its log on the disk, or a snapshot in its place.
func durable(o *Observation) raft.Index { return max(o.DurableIndex, o.Base) }

// termAt is the term at an index that a node's log has or begins after; nearly always it is asked about where it begins.
func (n *node) termAt(i raft.Index) raft.Term {
	if i == n.seen.base {
		return n.seen.baseTerm
	}
	return n.log.at(i).term
}

// Down tells that a node crashed or halted. What it had on its disk counts until it is observed again, in a
// higher boot. A node that was never seen, or is down already, is ignored.
func (c *Checker) Down(at Moment, id raft.NodeID) {
	n := c.known(id)
	if n == nil {
		return
	}
	n.seen.boot, n.taken = 0, 0
	// What a node has in memory only starts over; its term and vote there are asked about within a boot
	// only.
	n.seen.role, n.seen.commit, n.seen.applied = raft.Follower, 0, 0
	n.down()
	n.heard.forget()
	n.reading.forget()
}

// Wiped tells that a node's disk was erased while it was down, and with it all that the node promised: what boots
// under its name next is another node. One that is up is taken down.
func (c *Checker) Wiped(at Moment, id raft.NodeID) {
	c.Down(at, id)
	n := c.node(id)
	if n == nil {
		return
	}
	if n.boots > 0 && !n.wiped {
		n.earlier = append(n.earlier, former{n.incarnation, n.acked, n.log, n.seen.durable})
		n.log = newChain()
	}
	n.wiped = true
	n.promises = promises{pending: n.pending[:0]}
	n.keeping = keeping{}
	n.seen = state{}
	n.log.begin(0, link{}, true)
	n.configurations = append(n.configurations[:0], configured{c.nobody, 0})
}

// known returns a node that was seen or is one of those the cluster began with, otherwise nil.
func (c *Checker) known(id raft.NodeID) *node {
	if id == raft.None || id >= raft.NodeID(len(c.nodes)) {
		return nil
	}
	return &c.nodes[id]
}
