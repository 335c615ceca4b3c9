package sim

import (
	"fmt"
	"strings"
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/wal"
)

// EventKind says what happened.
type EventKind uint8

// Kinds of event.
const (
	// EventBoot: Node starts from its disk.
	EventBoot EventKind = iota + 1
	// EventMessage: Node receives Message from From.
	EventMessage
	// EventTimer: Timer of Node fires, Forced or by itself.
	EventTimer
	// EventSync: Node's sync with Ticket is done.
	EventSync
	// EventRequest: Node receives Request from Client.
	EventRequest
	// EventAnswer: Client receives Response from From.
	EventAnswer
	// EventWake: Client wakes.
	EventWake
	// EventScript: a callback of World.At runs.
	EventScript
	// EventTimeouts: Node is given other Timeouts.
	EventTimeouts
	// EventDrop: a message, request or answer of From (or Client) to Node (or Client) does not arrive; see Drop.
	EventDrop
	// EventCrash: Node crashes, or ends after a halt.
	EventCrash
	// EventPause and EventResume: Node stops to handle events, and goes on.
	EventPause
	EventResume
	// EventPartition: the nodes are split into groups.
	EventPartition
	// EventCut: nothing gets from From to Node any more.
	EventCut
	// EventMend: a cut or a partition is undone, or all cuts from From to Node.
	EventMend
	// EventHeal: every cut and partition is undone.
	EventHeal
	// EventLink: the link from From to Node changes, or all clients' links when both are raft.None.
	EventLink
	// EventTransfer: Node is asked to hand leadership to From.
	EventTransfer
	// EventReconfigure: Node is asked for Change.
	EventReconfigure
	// EventCompact: Node is asked to take a snapshot.
	EventCompact
	// EventWipe: the disk of Node is erased.
	EventWipe
	// EventClock: the clock of Node changes to Clock.
	EventClock
	// EventDisk: the disk of Node behaves as Disk says from now on.
	EventDisk
	// EventRot: a bit on the disk of Node flips.
	EventRot
	// EventHalt: Node halts, or refuses to boot, for Err, which its disk is to blame for. EventCrash follows.
	EventHalt
	// EventHold: messages from From to Node wait from now on; EventRelease: those that waited arrive.
	EventHold
	EventRelease
	// EventTimers: the timers of Node are from now on as Timers says.
	EventTimers
	// EventOutside: Node does what the process outside of the world has done that it stands for.
	EventOutside
)

// Drop says why something did not arrive.
type Drop uint8

// Reasons of a drop.
const (
	// DropLost: the link lost it.
	DropLost Drop = iota + 1
	// DropCut: the link was cut, when it was sent or when it should have arrived.
	DropCut
	// DropDown: its node was down.
	DropDown
	// DropNowhere: there is no such node, or it is the sender itself.
	DropNowhere
)

// String returns the reason as a trace words it.
func (d Drop) String() string {
	switch d {
	case DropLost:
		return "lost"
	case DropCut:
		return "link is cut"
	case DropDown:
		return "node is down"
	case DropNowhere:
		return "no such peer"
	}
	return "?"
}

// Event is one step of a world, or part of one: a fault, and the loss of a message that is being sent, have the ID of
// the event during which they happen (of the last one, when they happen between two). Fields beyond those of every event are
// set as its kind says.
type Event struct {
	// ID numbers the event; Cause is the event during which it was scheduled, 0 when none was under way. What is
	// part of an event has itself for its cause.
	ID, Cause EventID
	// At is virtual time since the world began.
	At   time.Duration
	Kind EventKind

	Node    raft.NodeID
	From    raft.NodeID
	Client  ClientID
	Timer   TimerID
	Forced  bool
	Drop    Drop
	Ticket  wal.SyncTicket
	Message Message
	// Request and Response are not to be kept.
	Request  *kv.Request
	Response *Response
	// Timeouts holds for EventTimeouts, Change for EventReconfigure, Clock for EventClock, Disk for EventDisk, Timers for
	// EventTimers, Err for EventHalt.
	Timeouts Timeouts
	Change   *Change
	Clock    Clock
	Disk     Disk
	Timers   Timers
	Err      error
	// Groups holds for EventPartition.
	Groups [][]raft.NodeID
	// Link holds for EventLink.
	Link Link
}

// String returns one line.
func (e *Event) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "#%d %v %s", e.ID, e.At, e.what())
	if e.Cause != 0 && e.Cause != e.ID {
		fmt.Fprintf(&b, " (by #%d)", e.Cause)
	}
	return b.String()
}

func (e *Event) what() string {
	switch e.Kind {
	case EventBoot:
		return fmt.Sprintf("%v boots", e.Node)
	case EventMessage:
		return fmt.Sprintf("%v receives %s from %v", e.Node, e.Message.Name(), e.From)
	case EventTimer:
		if e.Forced {
			return fmt.Sprintf("%v has its %s forced", e.Node, timerName(e.Timer))
		}
		return fmt.Sprintf("%v has its %s fire", e.Node, timerName(e.Timer))
	case EventSync:
		return fmt.Sprintf("%v is told that sync %d is done", e.Node, e.Ticket)
	case EventRequest:
		return fmt.Sprintf("%v receives %s from client %d", e.Node, requestText(e.Request), e.Client)
	case EventAnswer:
		return fmt.Sprintf("client %d receives %s from %v", e.Client, responseText(e.Response), e.From)
	case EventWake:
		return fmt.Sprintf("client %d wakes", e.Client)
	case EventScript:
		return "script acts"
	case EventTransfer:
		return fmt.Sprintf("%v is asked to hand leadership to %v", e.Node, e.From)
	case EventReconfigure:
		return fmt.Sprintf("%v is asked to %v", e.Node, e.Change)
	case EventCompact:
		return fmt.Sprintf("%v is asked to take a snapshot", e.Node)
	case EventWipe:
		return fmt.Sprintf("the disk of %v is erased", e.Node)
	case EventClock:
		return fmt.Sprintf("the clock of %v is changed: %v", e.Node, e.Clock)
	case EventDisk:
		return fmt.Sprintf("the disk of %v is changed: %v", e.Node, e.Disk)
	case EventHold:
		return fmt.Sprintf("messages from %v to %v are held", e.From, e.Node)
	case EventRelease:
		return fmt.Sprintf("messages from %v to %v are released", e.From, e.Node)
	case EventTimers:
		return fmt.Sprintf("the timers of %v are changed: %v", e.Node, e.Timers)
	case EventOutside:
		return fmt.Sprintf("%v tells what it has done", e.Node)
	case EventRot:
		return fmt.Sprintf("a bit on the disk of %v flips", e.Node)
	case EventHalt:
		return fmt.Sprintf("%v gives up because of its disk: %v", e.Node, e.Err)
	case EventTimeouts:
		t := e.Timeouts
		return fmt.Sprintf("%v gets timeouts election %v..%v, heartbeat %v", e.Node, t.ElectionMin, t.ElectionMax, t.Heartbeat)
	case EventDrop:
		return e.dropText()
	case EventCrash:
		return fmt.Sprintf("%v crashes", e.Node)
	case EventPause:
		return fmt.Sprintf("%v pauses", e.Node)
	case EventResume:
		return fmt.Sprintf("%v resumes", e.Node)
	case EventPartition:
		return fmt.Sprintf("network splits into %v", e.Groups)
	case EventCut:
		return fmt.Sprintf("link from %v to %v is cut", e.From, e.Node)
	case EventMend:
		if e.Node == raft.None {
			return "a cut is undone"
		}
		return fmt.Sprintf("link from %v to %v is mended", e.From, e.Node)
	case EventHeal:
		return "network heals"
	case EventLink:
		if e.Node == raft.None {
			return "clients' links change"
		}
		return fmt.Sprintf("link from %v to %v changes", e.From, e.Node)
	}
	return fmt.Sprintf("event of kind %d", e.Kind)
}

func (e *Event) dropText() string {
	switch {
	case e.Request != nil:
		return fmt.Sprintf("%s from client %d does not reach %v: %v", requestText(e.Request), e.Client, e.Node, e.Drop)
	case e.Response != nil:
		return fmt.Sprintf("%s from %v does not reach client %d: %v", responseText(e.Response), e.From, e.Client, e.Drop)
	case e.Message != nil:
		return fmt.Sprintf("%s from %v does not reach %v: %v", e.Message.Name(), e.From, e.Node, e.Drop)
	}
	return "something does not arrive: " + e.Drop.String()
}

func timerName(t TimerID) string {
	switch t {
	case 0:
		return "election timer"
	case 1:
		return "heartbeat timer"
	}
	return fmt.Sprintf("timer %d", t)
}

func requestText(r *kv.Request) string {
	return fmt.Sprintf("%v %q (session %d, seq %d)", r.Op, r.Key, r.Session, r.Seq)
}

func responseText(r *Response) string {
	return fmt.Sprintf("%v (session %d, seq %d)", r.Status, r.Session, r.Seq)
}
