// Package live plays scenarios with real nodes: processes of raftd, or containers, that write real files and speak gRPC.
//
// It is the world of package sim that plays them, at the pace of the wall's clock. Each of its processes stands for a
// real node and tells it all that the world does to it; what the node does in turn, it tells the world. So the timeline, the clients,
// the expectations, the invariants and the verdict are those of a simulated run, and so is the network: every message
// between nodes comes to the relay, which hands it to the world, and the world loses, delays, repeats, holds and cuts it, message by
// message, before the relay brings it to the other node.
//
// # Cause before effect
//
// A node that is started for a test shows what it is after every event: see Control.Attach of package raftpb. Each batch of
// messages says after which of these sights it was sent, and the relay keeps it until that has come. So whoever watches
// sees a vote before the leader that it made, and a write before the acknowledgement, in an order in which it could
// have happened; which is all that the invariants ask for. What a node did and nobody was shown before it was killed has
// reached nobody.
//
// # What cannot be done, and what cannot be seen
//
// [Check] says what of a scenario cannot be done to real nodes: other clocks, timers that miss their time, disks that
// fail. The property refinement is not judged: it would have to know which message a node had in hand. See [Unwatched].
//
// No run is like another: the seed decides what the world and the clients draw, and nothing of when a processor, a
// disk or the kernel's network gets to its work. A busy machine is slower than a scenario may allow for; a run that
// breaks no invariant then is not held against the nodes, but inconclusive.
package live
