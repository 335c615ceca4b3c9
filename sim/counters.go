package sim

// Counters count what happened in a world since it began.
type Counters struct {
	// Messages and Bytes are what nodes sent each other, before the network had its way.
	Messages, Bytes uint64
	// Delivered counts copies of messages that reached a process.
	Delivered uint64
	// Lost counts what the links lost, between nodes and to and from clients.
	Lost uint64
	// Cut counts what a cut or a partition kept from arriving.
	Cut uint64
	// Held counts copies of messages that were held on their way.
	Held uint64
	// Unreachable counts what came to a node that was down, or was sent to nobody or to the sender itself.
	Unreachable uint64
	// Duplicated and Reordered count messages, requests and answers that links repeated and took out of order.
	Duplicated, Reordered uint64

	// Requests and Answers are what clients and nodes sent each other.
	Requests, Answers uint64

	// Timers counts timers that fired, Forced those among them that were forced.
	Timers, Forced uint64

	// Syncs counts finished syncs of files and folders, FailedSyncs those among them that failed on purpose.
	Syncs, FailedSyncs uint64

	// Boots, Crashes, Pauses and Partitions count what their names say. A halt is a crash, too.
	Boots, Crashes, Pauses, Partitions, Wipes uint64
	// ClockChanges counts changes of nodes' clocks.
	ClockChanges uint64
	// DiskChanges counts changes of how disks behave, Rots bits that flipped, and Halts processes that gave up because of their disk.
	DiskChanges, Rots, Halts uint64
	// LostBytes are unsynced bytes that crashes took, TornBytes those they garbled, LostNames
	// directory operations they undid, and ReturnedBytes cut-off bytes that they brought back.
	LostBytes, TornBytes, LostNames, ReturnedBytes uint64
}
