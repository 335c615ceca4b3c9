// Package checker checks, after every event of a run, that Raft's safety properties still hold, and after
// the run that the clients' history is linearizable.
//
// # Use
//
// Make a [Checker] for a cluster. After every event that touched a node hand it that node's [Observation];
// tell it of every message that arrives at a node or leaves one and of what it promises, of every crash and every disk that
// is wiped, of what the state machines take in, and of the reads that clients ask for and are served. The first [Violation] ends the check:
//
//	c, err := checker.New(5, nil)
//	...
//	if v := c.Observe(at, &observation); v != nil {
//		// v says which property, which nodes, when
//	}
//
// Clients record their operations in a [History], which [Linearizable] judges when the run is over.
//
// # Policy
//
// A Checker believes nobody about safety. It keeps a shadow of every log and its own account of what is
// committed, by which it judges what nodes say of theirs; that a node's log is on its disk is the node's
// word, and the next crash puts it to the test. There is one file per property, whose head says what it
// checks, what it does not, and where Raft says so. What one observation cannot show, because it lies
// within an event, is not judged. Besides the properties one by one, all a node does is held to an executable specification, that
// of package spec: see the property refinement.
//
// # Promise
//
// An observation that shows nothing new costs a few nanoseconds, any other a time that grows with the
// entries that changed and the nodes of the cluster, not with the length of the log (a message about a
// violation may halve its way through it). Steady state allocates nothing but the growth of the shadows: 16
// bytes for each entry and node, 72 for each entry besides, and a bit for each request of a client. What all members that are up have
// compacted is forgotten, but for the bit. The verdict is the same in every run on every
// machine. Logs are compared by 64-bit hashes of their prefixes, so two different ones pass for the same
// with a probability of 2^-64 or so. No observation, however absurd, makes a Checker panic.
package checker
