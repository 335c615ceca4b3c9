package checker

import (
	"fmt"
	"strings"

	"raftsim/raft"
	"raftsim/raft/kv"
)

// Checker holds what was seen of a cluster and judges every new sight of it.
// It is not safe for concurrent use: one Checker watches one world.
type Checker struct {
	on    properties
	first *Violation
	// nodes are by NodeID; the one at 0 is nobody.
	nodes    []node
	majority int
}

type node struct{}

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

// Properties returns the names of all properties, in the order in which they
// are documented. The caller owns the slice.
func Properties() []string { return append([]string(nil), names[:]...) }

// New returns a Checker of a cluster n1 ... n<nodes>, all of them voters. It checks the named
// properties, or every one when none is named. It is an error when nodes is
// less than 1 or a name is not one of [Properties].
func New(nodes int, properties []string) (*Checker, error) {
	if nodes < 1 {
		return nil, fmt.Errorf("a cluster of %d nodes cannot be checked: at least 1", nodes)
	}
	c := &Checker{nodes: make([]node, nodes+1), majority: nodes/2 + 1}
	for _, name := range properties {
		i := index(name)
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

func index(name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}

// Observe judges what a node shows of itself, nil when all holds.
func (c *Checker) Observe(at Moment, o *Observation) *Violation { return c.first }

// Promised tells that a message with a promise leaves a node.
func (c *Checker) Promised(at Moment, p Promise) *Violation { return c.first }

// Down tells that a node crashed.
func (c *Checker) Down(at Moment, id raft.NodeID) {}

// Applied tells that a node's state machine took in an entry.
func (c *Checker) Applied(at Moment, id raft.NodeID, e *raft.Entry, session kv.SessionID, seq uint64, effect bool) *Violation {
	return c.first
}

// Violation returns the first violation, nil when there was none.
func (c *Checker) Violation() *Violation { return c.first }

// Committed returns the last index known to be committed.
func (c *Checker) Committed() raft.Index { return 0 }

// CommittedTerm returns the term of the committed entry at an index, 0 outside of 1..[Checker.Committed].
func (c *Checker) CommittedTerm(i raft.Index) raft.Term { return 0 }

// Elections returns how many terms had a leader.
func (c *Checker) Elections() uint64 { return 0 }
