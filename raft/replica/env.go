package replica

import (
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/wal"
)

// Env is everything outside of a node. The simulator and the real server
// implement it; nothing else differs between the two. No call blocks. All calls
// into a Process and out of it happen on one goroutine.
type Env interface {
	// Now is the node's own clock, which may drift or jump but is read once per event.
	Now() time.Duration
	// Send hands over a message for a node, which may lose, delay, repeat or
	// reorder it. The message belongs to the Env from here on, which calls its
	// Release once when no copy of it is left.
	Send(to raft.NodeID, m Message)
	// SetTimer arms one timer for a time of the node's own clock, replacing what it was
	// armed for. A time that has passed fires at once, as an event of its own.
	SetTimer(t TimerID, at time.Duration)
	// StopTimer disarms a timer.
	StopTimer(t TimerID)
	// FS is the node's disk.
	FS() wal.FS
	// Draw returns a number in [0,n) from the stream of that name; n is at least 1, and 0
	// is the calm choice.
	Draw(purpose string, n uint64) uint64
	// Answer sends a response to a client's request. The Env may lose it. It keeps nothing of r.
	Answer(client ClientID, r *Response)
	// Logging says whether anybody reads Log, so that lines need not be built for nobody.
	Logging() bool
	// Log writes one line of the node's log.
	Log(line string)
	// Halt ends the process at the end of this event: it can no longer keep its
	// promises (a write to its log failed, say). A process is not called after it has halted.
	Halt(err error)
}

// Process is a node under an Env: what a stranger implements to put another
// Raft under test. Every method runs to completion without blocking.
type Process interface {
	// Receive takes a message from a node. The message is shared: it must not be altered, and not be
	// kept after the call; what it points at may be kept but never altered.
	Receive(from raft.NodeID, m Message)
	// Timer tells that a timer fired. It may be early, late or forced: the process acts on it anyway.
	Timer(t TimerID)
	// Synced tells that a sync begun on the FS is done, or failed with err.
	Synced(t wal.SyncTicket, err error)
	// Request takes a client's request, answered by Env.Answer, at once, later or never.
	// It keeps nothing of r.
	Request(client ClientID, r *kv.Request)
}

// Boot starts a process from what its disk holds. It is the only time a process may read the disk.
type Boot func(id raft.NodeID, env Env) (Process, error)

// Tunable is a Process whose timeouts can be changed while it runs.
type Tunable interface {
	// SetTimeouts takes effect at once; see [Timeouts] for what zero means.
	SetTimeouts(t Timeouts)
}

// Transferable is a Process that can be asked to hand leadership over.
type Transferable interface {
	// TransferLeadership asks a leader to have another node succeed it. The error says why it will not; a nil one
	// promises nothing.
	TransferLeadership(to raft.NodeID) error
}

// Reconfigurable is a Process that can be asked to change who is a member.
type Reconfigurable interface {
	// Reconfigure asks a leader to make the change. Asking again for what is so already, or under way, does nothing. The
	// error says why it will not be done now; a nil one promises nothing. It keeps nothing of change.
	Reconfigure(change *Change) error
}

// Change is who is to come and to go, all at once.
type Change = raft.Change

// Compactable is a Process that can be asked for a snapshot.
type Compactable interface {
	// Compact has the process take a snapshot of what it has applied, and drop the log that it stands for once it is
	// durable. The error says why it will not.
	Compact() error
}

// Timeouts are the intervals of a node. A zero field leaves what it is about as it was.
type Timeouts = raft.Timeouts

// Message is what processes send each other through an Env.
type Message interface {
	// Name is the RPC's name, for logs and traces.
	Name() string
	// Size is about the number of bytes on a wire, for counting and slow links.
	Size() int
	// Release is called once, when no copy of the message is left anywhere. It may do nothing.
	Release()
}

// TimerID names a timer of a process. A process may use the values from 0 to 3.
type TimerID uint8

// Timers of a replica. A scenario's `timeout` action fires TimerElection.
const (
	TimerElection TimerID = iota
	TimerHeartbeat
	// TimerApply goes on with what was committed and was too much for one event.
	TimerApply
	// Timers is how many timers a process has at most.
	Timers = 4
)

// ClientID names a client's host. Clients are numbered from 1, apart from nodes.
type ClientID uint64

// Response answers a request.
type Response struct {
	// Session and Seq are those of the request.
	Session kv.SessionID
	Seq     uint64
	Status  kv.Status
	// Result holds when Status is kv.OK or kv.Refused.
	Result kv.Result
	// Opened is the session that a [kv.Open] opened, when Status is kv.OK.
	Opened kv.SessionID
	// Leader is whom the node believes to lead, or raft.None.
	Leader raft.NodeID
}
