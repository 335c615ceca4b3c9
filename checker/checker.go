package checker

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"raftsim/raft"
)

// Checker holds what was seen of a cluster and judges every new sight of it. It is not safe for concurrent
// use: one Checker watches one world.
//
// The first violation ends its work: from then on every call returns that one.
type Checker struct {
	on    properties
	first *Violation
	// nodes are by NodeID, as far as they were seen; the one at 0 is nobody.
	nodes []node
	// initial is what the cluster began with, nobody what a node goes by that waits to be added.
	initial, nobody *raft.Configuration

	// committed has the entries that some node's commit index has covered, by index. What nobody can need any more is
	// forgotten.
	committed chain
	// commits says in which terms they were committed: terms and indexes both grow.
	commits []commitment
	// configurations are those committed, by index, the initial one first.
	configurations []configured

	// spare is for a log that takes the place of another.
	spare chain

	leaders  map[raft.Term]raft.NodeID // election-safety
	led      raft.Term                 // the highest of them
	matching matching                  // log-matching
	applied  series[application]       // state-machine-safety and client-once, by index
	sessions sessions                  // client-once
	// told says that there were messages that the checker was told of.
	told bool
	// leases says that leaders may serve reads by lease, promise how long whoever answers one elects no other.
	leases  bool
	promise time.Duration
	// thorough has every observation go the long way, for a test to compare.
	thorough bool
}

// properties is a set of properties.
type properties uint16

const (
	electionSafety properties = 1 << iota
	leaderAppendOnly
	logMatching
	leaderCompleteness
	stateMachineSafety
	committedEntries
	durablePromises
	durableState
	monotonic
	clientOnce
	configurationChanges
	incarnations
	refinement
)

// names are in the order of the constants above.
var names = [...]string{
	"election-safety",
	"leader-append-only",
	"log-matching",
	"leader-completeness",
	"state-machine-safety",
	"committed-entries",
	"durable-promises",
	"durable-state",
	"monotonic",
	"client-once",
	"configuration-changes",
	"incarnations",
	"refinement",
}

// mostNodes is the highest NodeID: a cluster has at most as many names.
const mostNodes = 99

// Malformed is the Property of a Violation that accuses the observer rather than the cluster: what it
// handed over contradicts itself, so that nothing can be concluded from it.
const Malformed = "malformed-observation"

// Properties returns the names of all properties, those of Figure 3 of the Raft paper first. The caller
// owns the slice.
func Properties() []string { return slices.Clone(names[:]) }

// New returns a Checker for a cluster that begins with the voters n1 ... n<voters>; others, up to n99, are known once
// they are seen. It checks the named properties, every one when they are nil, and keeps nothing of the slice. It is
// an error when there is not at least 1 voter, or more than 99, or when a name is not one of [Properties].
func New(voters int, properties []string) (*Checker, error) {
	if voters < 1 || voters > mostNodes {
		return nil, fmt.Errorf("a cluster of %d voters cannot be checked: give 1 to %d", voters, mostNodes)
	}
	c := &Checker{
		initial:   &raft.Configuration{},
		nobody:    &raft.Configuration{},
		committed: newChain(),
		leaders:   map[raft.Term]raft.NodeID{},
		matching:  newMatching(),
		sessions:  sessions{},
	}
	for k := range voters {
		c.initial.Voters = append(c.initial.Voters, raft.Member{ID: raft.NodeID(k + 1), Incarnation: raft.FirstIncarnation})
	}
	c.configurations = []configured{{c.initial, 0}}
	c.nodes = make([]node, 0, voters+1)
	c.meet(raft.NodeID(voters))
	c.applied.add()
	for _, name := range properties {
		i := slices.Index(names[:], name)
		if i < 0 {
			return nil, fmt.Errorf("unknown property %q: known are %s", name, strings.Join(names[:], ", "))
		}
		c.on |= 1 << i
	}
	if properties == nil {
		c.on = 1<<len(names) - 1
	}
	return c, nil
}

// Violation returns the first violation, nil when there was none.
func (c *Checker) Violation() *Violation { return c.first }

// Committed returns the last index that a node's commit index has covered, 0 at first.
func (c *Checker) Committed() raft.Index { return c.committed.last() }

// CommittedTerm returns the term of the committed entry at an index, 0 outside of 1..[Checker.Committed] and where
// every log was compacted.
func (c *Checker) CommittedTerm(i raft.Index) raft.Term { return c.committed.term(i) }

// Elections returns how many terms had a leader.
func (c *Checker) Elections() uint64 { return uint64(len(c.leaders)) }

// node returns what is known of a node, nil when there can be none of that name. The pointer is good until the next call.
func (c *Checker) node(id raft.NodeID) *node {
	if id-1 < raft.NodeID(len(c.nodes)-1) { // as nearly always; the one at 0 is nobody
		return &c.nodes[id]
	}
	return c.meet(id)
}

// meet is for a node that was not seen before.
func (c *Checker) meet(id raft.NodeID) *node {
	if id == raft.None || id > mostNodes {
		return nil
	}
	for raft.NodeID(len(c.nodes)) <= id {
		c.nodes = append(c.nodes, newNode(c, raft.NodeID(len(c.nodes))))
	}
	return &c.nodes[id]
}

// checks says whether a property is to be checked.
func (c *Checker) checks(p properties) bool { return c.on&p != 0 }

// violated makes a violation of a property.
func (c *Checker) violated(p properties, nodes []raft.NodeID, format string, args ...any) *Violation {
	return &Violation{
		Property: names[bits.TrailingZeros16(uint16(p))],
		Detail:   fmt.Sprintf(format, args...),
		Nodes:    nodes,
	}
}

func malformed(id raft.NodeID, format string, args ...any) *Violation {
	return &Violation{Property: Malformed, Detail: fmt.Sprintf(format, args...), Nodes: []raft.NodeID{id}}
}

// report remembers the first violation and says when it was.
func (c *Checker) report(at Moment, v *Violation) *Violation {
	if v != nil && c.first == nil {
		v.Moment = at
		c.first = v
	}
	return c.first
}
