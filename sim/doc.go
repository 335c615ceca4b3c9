// Package sim runs a cluster of processes in a world of its own: virtual time, a
// network that loses, repeats, delays and reorders, disks that a crash robs of
// what was not synced, and clients. Everything happens on the caller's
// goroutine, one event after the other.
//
// # Use
//
// Make a world with [New], put nodes in it with [World.AddNode] and clients with
// [World.AddHost], then call [World.RunUntil] or [World.Step]. A node is anything that
// implements [Process] and is started by a [Boot]; raftsim/raft/replica is one.
// Faults are methods of the World: call them between two events, or from a
// callback that [World.At] runs at a time. [Hooks] show what happens while it happens.
//
// # Promise
//
// The same seed, the same calls and the same processes give the same events in the same
// order on any machine, and [World.Fingerprint] tells two runs apart. A process keeps this promise only if it
// draws no other random numbers than [Env] gives, reads no other clock, starts no
// goroutine and lets no map's order decide anything. Each random draw comes from a
// stream named after what it decides and for whom, so that a draw more
// in one place shifts none in another.
//
// # Policy
//
// What a draw decides is benign when the draw is 0: least latency, nothing lost, repeated
// or reordered, nothing lost in a crash. The world claims no more than a real cluster may
// rely on, and no less: a packet may come late, twice or never; a crash may take,
// keep or tear each byte and each name that no finished sync covers, and takes none that one
// covers. A panic in a process is a finding, not a crash of the program: it ends the
// world, and [World.Failure] says what happened.
package sim
