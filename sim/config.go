package sim

import (
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
)

// What a process and its world say to each other is declared in
// raftsim/raft/replica, so that a process need not import the simulator.
type (
	Env            = replica.Env
	Process        = replica.Process
	Tunable        = replica.Tunable
	Transferable   = replica.Transferable
	Reconfigurable = replica.Reconfigurable
	Compactable    = replica.Compactable
	Boot           = replica.Boot
	Message        = replica.Message
	TimerID        = replica.TimerID
	ClientID       = replica.ClientID
	Response       = replica.Response
	Timeouts       = replica.Timeouts
	Change         = replica.Change
)

// EventID numbers the events of a world, from 1 and without a gap; 0 is no event.
type EventID uint64

// Range is a span of time, both ends inclusive. A Max below Min counts as Min; a
// negative end counts as 0.
type Range struct{ Min, Max time.Duration }

// Certain is the chance of what always happens, in parts per million.
const Certain = 1_000_000

// Link says how one direction of a connection treats messages. The chances are
// parts per million of messages, at most [Certain].
type Link struct {
	// Latency is drawn for each message. A message is not delivered before one that was
	// sent earlier on the same link, unless it is reordered.
	Latency Range
	// Loss is the chance that a message is lost.
	Loss uint32
	// Duplicate is the chance that a second copy arrives, at or after the first.
	Duplicate uint32
	// Reorder is the chance that a message leaves the order of its link: it is held
	// back for up to four times the link's greatest latency (and 1 ms at least), and waits for none.
	Reorder uint32
}

// Disk says how a node's disk behaves. A process that halts, or refuses to boot, after its disk was full or failed has not
// failed: it counts as crashed.
type Disk struct {
	// SyncLatency is drawn for each sync. A disk finishes its syncs in the order in
	// which they began.
	SyncLatency Range
	// Full has no room: to create a file fails, and so does to append, after a drawn part of the bytes. Syncs, renames and
	// removals go on.
	Full bool
	// FailSyncs has every sync that ends fail. What it should have made durable is as if it were never synced; and no later
	// sync of that file saves anything, whatever it reports, until the node boots anew.
	FailSyncs bool
	// Unsynced is what a crash does to bytes and names that no finished sync covers.
	Unsynced Fate
}

// Config is what a world is made of.
type Config struct {
	// Seed decides every random draw.
	Seed uint64
	// Link is how nodes' links start out, ClientLink how all links between clients and nodes do.
	Link       Link
	ClientLink Link
	// Disk is how nodes' disks start out.
	Disk  Disk
	Hooks Hooks
}

// Hooks are called while the world runs; each may be nil. A hook may look at the world and call [World.Stop],
// [World.At], [World.Request] and [World.WakeAt], but cause no fault: faults belong into a callback of [World.At].
// None of them changes the fingerprint.
type Hooks struct {
	// Touched comes after every event that ran code of a node which is still up, or halts because of its disk.
	Touched func(id raft.NodeID)
	// Sent comes when a node sends, before the network has its way. The message is not kept.
	Sent func(from, to raft.NodeID, m Message)
	// Received comes when a message is about to be handled by a node, and Touched after that. The message is not kept.
	Received func(to, from raft.NodeID, m Message)
	// Requested comes when a client's request is about to be handled by a node, and Touched after that. It is not kept.
	Requested func(to raft.NodeID, from ClientID, r *kv.Request)
	// Answered comes when a node answers a client, before the network has its way. The response is not kept.
	Answered func(from raft.NodeID, to ClientID, r *Response)
	// Booted comes when a node has booted, before Touched.
	Booted func(id raft.NodeID)
	// Stopped comes when a node has crashed or halted.
	Stopped func(id raft.NodeID)
	// Trace comes with every event before it is handled. The event is reused.
	Trace func(e *Event)
	// Log takes the lines that nodes log. When nil, [Env].Logging is false.
	Log func(id raft.NodeID, line string)
}
