package checker

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"raftsim/raft"
)

// Checker holds what was seen of a cluster and judges every new sight of it. It is not safe for concurrent
// use: one Checker watches one world.
//
// The first violation ends its work: from then on every call returns that one.
type Checker struct {
	on    properties
	first *Violation
	// nodes are by NodeID; the one at 0 is nobody.
	nodes    []node
	majority int

	// committed has the entries that some node's commit index has covered, by index; the root is at 0.
	committed chain
	// commits says in which terms they were committed: terms and indexes both grow.
	commits []commitment

	leaders  map[raft.Term]raft.NodeID // election-safety
	matching matching                  // log-matching
	applied  series[application]       // state-machine-safety and client-once, by index
	sessions sessions                  // client-once
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
}

// Malformed is the Property of a Violation that accuses the observer rather than the cluster: what it
// handed over contradicts itself, so that nothing can be concluded from it.
const Malformed = "malformed-observation"

// Properties returns the names of all properties, those of Figure 3 of the Raft paper first. The caller
// owns the slice.
func Properties() []string { return slices.Clone(names[:]) }

// New returns a Checker for the cluster n1 ... n<nodes>, all of them voters. It checks the named
// properties, or every one when none is named, and keeps nothing of the slice. It is an error when nodes is
// less than 1, or when a name is not one of [Properties].
func New(nodes int, properties []string) (*Checker, error) {
	if nodes < 1 {
		return nil, fmt.Errorf("a cluster of %d nodes cannot be checked: give at least 1", nodes)
	}
	c := &Checker{
		nodes:     make([]node, nodes+1),
		majority:  nodes/2 + 1,
		committed: newChain(),
		leaders:   map[raft.Term]raft.NodeID{},
		matching:  newMatching(),
		sessions:  sessions{},
	}
	for i := range c.nodes {
		c.nodes[i].id = raft.NodeID(i)
		c.nodes[i].log = newChain()
	}
	c.applied.add()
	for _, name := range properties {
		i := slices.Index(names[:], name)
		if i < 0 {
			return nil, fmt.Errorf("unknown property %q: known are %s", name, strings.Join(names[:], ", "))
		}
		c.on |= 1 << i
	}
	if len(properties) == 0 {
		c.on = 1<<len(names) - 1
	}
	return c, nil
}

// Violation returns the first violation, nil when there was none.
func (c *Checker) Violation() *Violation { return c.first }

// Committed returns the last index that a node's commit index has covered, 0 at first.
func (c *Checker) Committed() raft.Index { return c.committed.last() }

// CommittedTerm returns the term of the committed entry at an index, 0 outside of 1..[Checker.Committed].
func (c *Checker) CommittedTerm(i raft.Index) raft.Term {
	if i > c.Committed() {
		return 0
	}
	return c.committed.at(i).term
}

// Elections returns how many terms had a leader.
func (c *Checker) Elections() uint64 { return uint64(len(c.leaders)) }

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
