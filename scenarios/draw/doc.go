// Package draw makes scenarios out of seeds. [World] draws all of one: how many nodes, which features and
// limits, what network and clients, and what breaks when. The same seed gives the same scenario, on any machine.
//
// # Policy
//
// Each class of faults is switched on or off for the whole world, so that many worlds lack most of them: what is
// hidden by noise shows where there is none (swarm testing: Groce, Zhang, Eide, Chen and Regehr, ISSTA 2012).
// Each class draws from a stream of its own, so that a class more shifts nothing in the others. A draw of 0 is the
// calm choice: no fault, the usual value.
//
// # Promise
//
// What is drawn is what Raft claims to survive. Nodes that lose their disks, leave, or stay down are together fewer than
// would break a quorum of those the cluster began with; clocks stay within what leases count with; no disk rots; every cut, slow link
// and disk that fails ends before the scenario does. So every world is expected to be safe, linearizable, and at rest with identical replicas at the end;
// progress is judged as for any scenario. A scenario that was drawn can be written by [script.Format] and read back.
package draw
