package script

import (
	"time"

	"raftsim/raft"
)

// Scenario is a scenario file that was read and found sound: every default is filled in,
// every window lies within the duration, every node exists.
type Scenario struct {
	Name     string
	About    string
	Duration time.Duration
	// Seeds is what a sweep of this file covers; never empty.
	Seeds Seeds
	// Mutant is the core with a deliberate fault that the file is for, a name or the path of its file; "" is the shipped core.
	Mutant   string
	Cluster  Cluster
	Network  Network
	Clients  Clients
	Timeline []Entry
	Expect   []Expectation
}

// Violates returns the property that a scenario expects to be violated, "" where it expects none.
func (s *Scenario) Violates() string {
	for i := range s.Expect {
		if v, ok := s.Expect[i].Want.(Violates); ok {
			return v.Property
		}
	}
	return ""
}

// Seeds is a set of seeds in the order they were written: ranges, both ends included.
type Seeds []SeedRange

// SeedRange is First..Last, both included.
type SeedRange struct{ First, Last uint64 }

// DurationRange is a range of times, both ends included, Min <= Max.
type DurationRange struct{ Min, Max time.Duration }

// PPM is a probability in parts per million, 0..1,000,000: 5% is 50,000.
type PPM uint32

// Reads says how a get is served.
type Reads uint8

const (
	// ReadsLog has a get go through the log, like a write.
	ReadsLog Reads = iota
	// ReadsIndex has it wait for a confirmed commit index (Raft dissertation §6.4).
	ReadsIndex
	// ReadsLease has the leader answer at once while it holds a lease (Raft dissertation §6.4.1).
	ReadsLease
)

// String returns the word for it.
func (r Reads) String() string { return readsWords[r] }

// Cluster is the cluster a run starts with: n1 ... nN.
type Cluster struct {
	// PreVote, CheckQuorum and Reads are features of the Raft under test.
	PreVote     bool
	CheckQuorum bool
	Reads       Reads
	Nodes       int
	// Names is the highest number of a node, of those that the timeline has join, too.
	Names           int
	ElectionTimeout DurationRange
	Heartbeat       time.Duration
	// Lease and ClockDrift are for ReadsLease: how long whoever hears from a leader elects no other, and the bound
	// on clocks that this rests on.
	Lease      time.Duration
	ClockDrift PPM
	// SnapshotEvery is after how many applied entries a node takes a snapshot, 0 for never; SnapshotKeep how many
	// entries before it stay in the log; SnapshotChunk how many bytes of it go into one message.
	SnapshotEvery, SnapshotKeep, SnapshotChunk int
	// MaxInflight and MaxInflightBytes bound what is on its way to one follower, MaxUncommittedBytes what a leader takes beyond
	// what is committed; 0 is the core's own choice.
	MaxInflight, MaxInflightBytes, MaxUncommittedBytes int
	// SessionTTL is after how long without use a session expires, 0 for never.
	SessionTTL time.Duration
	// SegmentBytes is about the size of a file of the log; 0 is the log's own choice.
	SegmentBytes int
}

// Network is what every link does; the `network` action changes part of it.
type Network struct {
	Latency   DurationRange
	Loss      PPM
	Duplicate PPM
	Reorder   PPM
}

// NetworkChange is a `network` action: nil fields stay as they were.
type NetworkChange struct {
	Latency   *DurationRange
	Loss      *PPM
	Duplicate *PPM
	Reorder   *PPM
}

// Clients is the workload.
type Clients struct {
	Count int
	// Every is the mean time between two requests of one client: rate 50/s is 20ms. 0 is no requests but bursts.
	Every time.Duration
	Keys  int
	Mix   Mix
	// ValueSize is how many bytes a written value has at least, up to 1 MiB; 0 is as few as tell it from others.
	ValueSize int
	// Timeout is how long a client waits for an answer before it tries again.
	Timeout time.Duration
}

// Mix is the share of each operation; the shares add up to 1,000,000.
type Mix struct{ Get, Put, Append, CAS, Delete PPM }

// Position is a place in the file, from 1, for messages of a run ("line 14 was not exercised").
type Position struct{ Line, Column int }

// TriggerKind says what starts a timeline entry.
type TriggerKind uint8

const (
	At     TriggerKind = iota + 1 // at: happens at From and stays
	During                        // during: happens at From, undone at To
	When                          // when: happens once Milestone is reached
)

// Trigger says when an entry starts, and when it ends.
type Trigger struct {
	Kind      TriggerKind
	From, To  time.Duration
	Milestone Comparisons // for When: all must hold, counted over the whole run
}

// Entry is one entry of the timeline: a trigger and an action. Repeated groups are written out,
// and entries are in the order of Trigger.From; those of one time, and at the end those with a
// milestone, in the order of the file, an earlier round before a later one.
type Entry struct {
	Position Position
	// Round counts, from 0, how often the entry at this Position came before by a repeat.
	Round   int
	Trigger Trigger
	Action  Action
	// On is whom the action is for where the action does not say it itself (timeouts, network); default all.
	On Selector
}

// Action is one of the *Action types below.
type Action interface{ Verb() string }

type (
	// Crash stops nodes; what was not synced is lost or torn. Within a `during` they restart at its end.
	Crash struct{ Nodes Selector }
	// Restart boots crashed nodes from their disks.
	Restart struct{ Nodes Selector }
	// Pause freezes nodes: messages and timers wait. Within a `during` they go on at its end.
	Pause struct{ Nodes Selector }
	// Partition parts the network into groups; clients reach every node. Groups may end in `rest`.
	// Nodes that no group picks make up one more group.
	Partition struct{ Groups []Selector }
	// Cut cuts the links from every node of From to every node of To, one way.
	Cut struct{ From, To Selector }
	// Hold keeps the messages from every node of From to every node of To on their way; at its end all arrive, in their order.
	Hold struct{ From, To Selector }
	// Heal takes away every partition and cut.
	Heal struct{}
	// SetNetwork changes the links to and from the nodes of Entry.On.
	SetNetwork struct{ Change NetworkChange }
	// SetTimeouts changes timeouts of the nodes of Entry.On; nil/0 stays as it was.
	SetTimeouts struct {
		Election  *DurationRange
		Heartbeat time.Duration
	}
	// SetTimers has the timers of the nodes of Entry.On fire late or early, by a time that is drawn each time; nil stays as it was.
	SetTimers struct{ Late, Early *DurationRange }
	// FireTimeout makes the election timers of these nodes fire now, together.
	FireTimeout struct{ Nodes Selector }
	// Transfer has the leader hand over to a node. Without a leader it does nothing.
	Transfer struct{ To Selector }
	// Join has nodes come, boot with an empty disk if they never did, and become members: voters once they have caught up,
	// or learners for good. The leader of the day is asked until it is so. InsteadOf, when not nil, leave in the step in which the
	// others become voters, which is not for learners.
	Join struct {
		Nodes     Selector
		Learner   bool
		InsteadOf *Selector
	}
	// Remove has nodes leave. The leader of the day is asked until it is so; the nodes go on running.
	Remove struct{ Nodes Selector }
	// Snapshot has nodes take a snapshot of what they have applied and drop the log before it.
	Snapshot struct{ Nodes Selector }
	// Wipe crashes nodes and erases their disks. They come back, at once or at the end of a `during`, as nodes that nobody knows.
	Wipe struct{ Nodes Selector }
	// SetClock has the clocks of the nodes of Entry.On jump, or sets them to so much before true time, and has them run faster or
	// slower by Drift, in parts per million; nil leaves it. A jump is from what a clock shows, an offset from true
	// time; one of them is 0 or nil. Within a `during` drift and offset end, and the clock is set right, or to
	// the offset that is still in force, which undoes jumps; otherwise a jump stays.
	SetClock struct {
		Drift  *int64
		Jump   time.Duration
		Offset *time.Duration
	}
	// SetDisk changes the disks of the nodes of Entry.On. What is nil, false or drawn stays as it was.
	SetDisk struct {
		// Sync is how long a sync takes. Full has nothing more fit; FailSyncs has every sync fail.
		Sync            *DurationRange
		Full, FailSyncs bool
		Unsynced        Fate
	}
	// RotDisk flips a bit of what the disks of the nodes of Entry.On hold of their logs, or of their snapshots.
	RotDisk struct{ Snapshot bool }
	// Burst makes the clients together send Requests more, as fast as `Within` allows (0: at once).
	Burst struct {
		Requests int
		Within   time.Duration
	}
)

// Verb is the action's key in a file.
func (Crash) Verb() string       { return "crash" }
func (Restart) Verb() string     { return "restart" }
func (Pause) Verb() string       { return "pause" }
func (Partition) Verb() string   { return "partition" }
func (Cut) Verb() string         { return "cut" }
func (Hold) Verb() string        { return "hold" }
func (Heal) Verb() string        { return "heal" }
func (SetTimers) Verb() string   { return "timers" }
func (SetNetwork) Verb() string  { return "network" }
func (SetTimeouts) Verb() string { return "timeouts" }
func (FireTimeout) Verb() string { return "timeout" }
func (Transfer) Verb() string    { return "transfer" }
func (Burst) Verb() string       { return "burst" }
func (Join) Verb() string        { return "join" }
func (Remove) Verb() string      { return "remove" }
func (Snapshot) Verb() string    { return "snapshot" }
func (Wipe) Verb() string        { return "wipe" }
func (SetClock) Verb() string    { return "clock" }
func (SetDisk) Verb() string     { return "disk" }
func (RotDisk) Verb() string     { return "disk" }

// SelectorKind says whom a selector picks.
type SelectorKind uint8

const (
	SelLeader    SelectorKind = iota + 1
	SelFollower               // one follower, drawn
	SelFollowers              // every follower
	SelCandidate
	SelLearner  // one learner, drawn
	SelMajority // a drawn majority of the nodes not yet picked in this entry
	SelMinority // the largest minority
	SelRandom   // random(Count)
	SelRest     // whoever the entry has not picked yet
	SelAll
	SelNode // Node
	SelList // the union of List
)

// Selector picks nodes when its entry starts.
type Selector struct {
	Kind  SelectorKind
	Count int
	Node  raft.NodeID
	List  []Selector
}

// Metric is something a run counts.
type Metric uint8

const (
	Commits Metric = iota + 1
	Elections
	Terms
	RPCs
	Bytes
	// LogEntries is not counted over a window: it is the most entries that any node's log has held so far, snapshots apart.
	LogEntries
)

// Comparison compares a metric: `commits: ">= 1"`. It neither always holds nor never.
type Comparison struct {
	Metric Metric
	Op     CompareOp
	Value  uint64
}

// Comparisons all have to hold.
type Comparisons []Comparison

// CompareOp is one of < <= == != >= >.
type CompareOp uint8

const (
	Less CompareOp = iota + 1
	LessEqual
	Equal
	NotEqual
	GreaterEqual
	Greater
)

// Expectation is one item of `expect`.
type Expectation struct {
	Position Position
	Want     Want
}

// Want is one of the types below.
type Want interface{ Key() string }

type (
	// Always: these invariants hold after every event. Empty is every one ("safety"). A file that
	// names none, and no violation, has this for all of them.
	Always struct{ Properties []string }
	// Linearizable: the clients' history is linearizable.
	Linearizable struct{}
	// LeaderElected: by this time (or End) there is a leader whom a majority follows.
	LeaderElected struct{ By Deadline }
	// LeaderWithin: after the last time that an action with the verb Of happened (the start of the
	// last such entry, rounds included), there is a leader whom a majority follows, in a term at
	// most Terms above the highest that any node had reached just before it.
	LeaderWithin struct {
		Terms uint64
		Of    string
	}
	// Liveness: once the clients have stopped, a quorum of the voters is drawn and only that is healed: its nodes restarted, its
	// links and clocks set right. Within a time (0: one that goes by the timeouts) it has a leader, has committed and
	// applied all that it took in, and serves a client, whatever the others do.
	Liveness struct{ Within time.Duration }
	// Members: by this time the members are exactly these.
	Members struct {
		By    Deadline
		Nodes []raft.NodeID
	}
	// ReplicasIdentical: at the end replicas that are up agree byte for byte at the same applied index.
	ReplicasIdentical struct{}
	// Counts: the comparisons hold over From..To; the whole run when To is 0.
	Counts struct {
		From, To    time.Duration
		Comparisons Comparisons
	}
	// Sometimes: a sweep of the file's seeds reaches each of these states, of [States], at least once.
	Sometimes struct{ States []string }
	// Violates: the run breaks this property, one of [Properties]; the file is a known failure kept.
	Violates struct{ Property string }
)

// Deadline is a time, or the end of the run after it has settled.
type Deadline struct {
	At  time.Duration
	End bool
}

// Key is the key in a file that tells the expectation from others.
func (Always) Key() string            { return "always" }
func (Linearizable) Key() string      { return "history" }
func (LeaderElected) Key() string     { return "leader" }
func (LeaderWithin) Key() string      { return "leader" }
func (Liveness) Key() string          { return "liveness" }
func (Members) Key() string           { return "members" }
func (ReplicasIdentical) Key() string { return "replicas" }
func (Counts) Key() string            { return "counts" }
func (Sometimes) Key() string         { return "sometimes" }
func (Violates) Key() string          { return "violates" }
