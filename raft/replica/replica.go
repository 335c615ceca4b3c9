package replica

import (
	"fmt"
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/snapshot"
	"raftsim/raft/wal"
)

// Options are what every node of a cluster is started with.
type Options struct {
	// Cluster names the cluster; any number.
	Cluster uint64
	// Voters are those a cluster begins with, for a node that is one of them and whose disk is empty because it never
	// ran. None are for a node that is to join, or to join again because its disk is gone. Once there is something
	// on the disk, that counts.
	Voters   []raft.NodeID
	Timeouts raft.Timeouts
	// PreVote and CheckQuorum are as in [raft.Config].
	PreVote, CheckQuorum bool
	// ReadIndex has gets served at a confirmed commit index instead of by way of the log, by followers too (Raft
	// dissertation §6.4).
	ReadIndex bool
	// Lease and ClockDriftPPM are as in [raft.Config]. A lease needs ReadIndex and CheckQuorum.
	Lease         time.Duration
	ClockDriftPPM uint64
	// MaxInflight, MaxInflightBytes, MaxChunkBytes and MaxUncommittedBytes are as in [raft.Config].
	MaxInflight, MaxInflightBytes, MaxChunkBytes, MaxUncommittedBytes int
	// SnapshotEvery is after how many applied entries a node takes a snapshot and drops the log before it, 0 for
	// never. SnapshotKeep is how many entries before the snapshot stay, for followers that are a little behind.
	SnapshotEvery, SnapshotKeep int
	// SessionTTL is after how long without use a client's session expires, 0 for never. MaxSessions is how many sessions
	// there may be, 0 for any number: when there are more, an eighth of them go, those not used for longest. What counts
	// is what the leader is started with; time is that of the log, see [kv.Time], in milliseconds.
	SessionTTL  time.Duration
	MaxSessions int
	// SegmentBytes is about the size of a file of the log; 0 is the log's own choice.
	SegmentBytes int64
	// Applied, when not nil, is called for each entry the state machine takes in.
	Applied func(node raft.NodeID, a Applied)
}

// Applied tells of an entry that the state machine took in.
type Applied struct {
	Entry *raft.Entry
	// Session and Seq name the client's request. They are 0 when no operation of a session can have come of the entry:
	// when it opened a session, had some expire, is of a session that has expired, or is no command.
	Session kv.SessionID
	Seq     uint64
	// Repeat says that the request had taken effect before and did not again.
	Repeat bool
}

// Replica is a whole node: the core, its log on the disk and the key-value store, made one
// program that an Env drives.
type Replica struct {
	id    raft.NodeID
	env   Env
	opts  Options
	core  *raft.Core
	wal   *wal.Log
	snaps *snapshot.Store
	store *kv.Store
	// compacted is the index of the last snapshot that was taken or received, durable or not.
	compacted raft.Index
	// arrived is a leader's snapshot that waits to be written, fresh a durable one for which the log is still to be compacted;
	// nil for none.
	arrived, fresh *raft.Snapshot

	election, heartbeat time.Duration // what the Env's timers are armed for
	role                raft.Role     // as last looked at, to see changes
	config              *raft.Configuration
	refused             []string // what was said of changes that were not made, since that configuration
	together            bool     // what is to be done waits for the end of Together
	halted              bool     // nothing is to be done any more
	waiting             waiting
	reads               reads
	tenure              tenure
	refusals            refusals
	commands            slab
	answer              Response // scratch
}

var (
	_ Process      = (*Replica)(nil)
	_ Tunable      = (*Replica)(nil)
	_ Transferable = (*Replica)(nil)

	_ Reconfigurable = (*Replica)(nil)
	_ Compactable    = (*Replica)(nil)
)

// New returns how to boot a replica: from an empty disk as a new node, from any other as the node
// that left it. Booting fails when the disk is damaged or holds what no node can have written.
func New(o Options) Boot {
	return func(id raft.NodeID, env Env) (Process, error) { return boot(id, env, o) }
}

func boot(id raft.NodeID, env Env, o Options) (Process, error) {
	if err := o.validateSessions(); err != nil {
		return nil, err
	}
	r := &Replica{id: id, env: env, opts: o, store: kv.NewStore(), election: raft.Never, heartbeat: raft.Never}
	latest, err := r.openSnapshots()
	if err != nil {
		return nil, err
	}
	found, err := r.openLog(latest)
	if err != nil {
		return nil, err
	}
	if found.Torn != nil && env.Logging() {
		env.Log(fmt.Sprintf("Node %v cut off a torn tail: %d bytes of %s from byte %d on", id, found.Torn.Bytes, found.Torn.File, found.Torn.Offset))
	}
	r.core, err = raft.New(raft.Config{
		ID: id, Timeouts: o.Timeouts, PreVote: o.PreVote, CheckQuorum: o.CheckQuorum,
		Lease: o.Lease, ClockDriftPPM: o.ClockDriftPPM,
		MaxInflight: o.MaxInflight, MaxInflightBytes: o.MaxInflightBytes, MaxChunkBytes: o.MaxChunkBytes,
		MaxUncommittedBytes: o.MaxUncommittedBytes,
		Draw:                func(n uint64) uint64 { return env.Draw("election-timeout", n) },
	}, raft.Restored{Birth: found.Birth, HardState: found.HardState, Snapshot: latest, Entries: found.Entries}, env.Now())
	if err != nil {
		return nil, err
	}
	if o.ReadIndex {
		r.reads.name(env)
	}
	r.config = r.core.Configuration()
	r.fresh = latest // a crash may have come before its log was compacted
	r.act()
	return r, nil
}

// Core is the node's consensus, to be looked at only.
func (r *Replica) Core() *raft.Core { return r.core }

// Store is the node's state machine, to be looked at only.
func (r *Replica) Store() *kv.Store { return r.store }

// Receive implements [Process].
func (r *Replica) Receive(from raft.NodeID, m Message) {
	rm, ok := m.(*raft.Message)
	if !ok || rm.From != from {
		return // not one of ours
	}
	if err := r.core.Step(r.env.Now(), rm); err == nil {
		r.refusals.over(from)
	} else if r.env.Logging() && r.refusals.news(from, err.Error()) {
		r.env.Log("Node " + r.id.String() + " refuses " + rm.Name() + " of Node " + from.String() + ": " + err.Error())
	}
	r.act()
}

// Timer implements [Process].
func (r *Replica) Timer(t TimerID) {
	now := r.env.Now()
	switch t {
	case TimerElection:
		r.election = raft.Never // it is no longer armed
		if r.env.Logging() && r.core.Role() != raft.Leader {
			r.env.Log("Node " + r.id.String() + " timed out, starting election")
		}
		r.core.ElectionTimeout(now)
	case TimerHeartbeat:
		r.heartbeat = raft.Never
		r.expireSessions()
		r.core.HeartbeatTimeout(now)
	case TimerApply: // act goes on
	}
	r.act()
}

// Synced implements [Process].
func (r *Replica) Synced(t wal.SyncTicket, err error) {
	if t >= snapshot.FirstTicket {
		r.snapshotSynced(t, err)
		return
	}
	durable, err := r.wal.Synced(t, err)
	if err != nil {
		r.halt(err)
		return
	}
	if durable != 0 {
		r.core.Persisted(r.env.Now(), durable)
	}
	r.act()
}

// SetTimeouts implements [Tunable]. Timeouts that cannot be leave all as it was.
func (r *Replica) SetTimeouts(t Timeouts) {
	err := r.core.SetTimeouts(r.env.Now(), t)
	switch {
	case err == nil && t.ElectionMax != 0:
		r.opts.Timeouts.ElectionMax = t.ElectionMax
	case err != nil && r.env.Logging():
		r.env.Log("Node " + r.id.String() + " keeps its timeouts: " + err.Error())
	}
	r.act()
}

// TransferLeadership implements [Transferable].
func (r *Replica) TransferLeadership(to raft.NodeID) error {
	err := r.core.TransferLeadership(r.env.Now(), to)
	if r.env.Logging() {
		line := "Node " + r.id.String() + " hands leadership to Node " + to.String()
		if err != nil {
			line = "Node " + r.id.String() + " does not hand leadership to Node " + to.String() + ": " + err.Error()
		}
		r.env.Log(line)
	}
	r.act()
	return err
}

// Together has several events be one: what they call for is done once, when events returns, so that entries which
// came in together are written and sent together. Events may call Receive, Timer, Synced and Request, and nothing else.
func (r *Replica) Together(events func()) {
	r.together = true
	events()
	r.together = false
	r.act()
}

// act does what the core wants done: write, send, apply, arm timers. It ends every event.
func (r *Replica) act() {
	if r.together || r.halted {
		return
	}
	news := false // for reads that wait
	applied := 0
	for {
		out := r.core.Output()
		if r.core.Role() != r.role {
			r.roleChanged()
		}
		if out.Quiet {
			for _, m := range out.Messages {
				r.send(m)
			}
			break
		}
		if r.core.Configuration() != r.config {
			r.reconfigured()
		}
		if out.Arrived != nil {
			r.arrived = out.Arrived
		}
		if out.Installed != nil && !r.install(out.Installed) {
			return
		}
		if out.Ticket != 0 && !r.save(out) {
			return
		}
		for _, m := range out.Messages {
			r.send(m)
		}
		for k := range out.Committed {
			if !r.apply(&out.Committed[k]) {
				return
			}
		}
		for _, read := range out.Reads {
			r.reads.confirm(read)
		}
		news = news || len(out.Committed)+len(out.Reads) > 0 || out.Installed != nil
		if applied += len(out.Committed); out.More && applied >= applyAtOnce && out.Ticket == 0 {
			r.env.SetTimer(TimerApply, r.env.Now())
			break
		}
		if !out.More {
			break
		}
	}
	if news && len(r.reads.pending) > 0 {
		r.serveReads()
	}
	if !r.tendSnapshots() {
		return
	}
	r.arm()
}

// applyAtOnce is about how many entries are applied in one event. A node that comes back with a long log, and finds it committed,
// would otherwise be deaf for as long as that takes, and be taken for dead.
const applyAtOnce = 4096

// halt ends the node at the end of this event. Other events may be part of it: they come to nothing.
func (r *Replica) halt(err error) {
	if !r.halted {
		r.halted = true
		r.env.Halt(err)
	}
}

// save writes ahead. A disk that refuses ends the node: what it promised could no longer be kept.
func (r *Replica) save(out *raft.Output) bool {
	var hs *raft.HardState
	if out.HardStateChanged {
		hs = &out.HardState
	}
	if err := r.wal.Save(hs, out.Entries, out.Ticket); err != nil {
		r.halt(err)
		return false
	}
	return true
}

func (r *Replica) send(m *raft.Message) {
	if r.env.Logging() && !m.Kind.Reply() {
		r.env.Log("Node " + r.id.String() + " sends RPC " + m.Name() + " to Node " + m.To.String())
	}
	r.env.Send(m.To, m)
}

// arm keeps the Env's timers at the core's deadlines.
func (r *Replica) arm() {
	election, heartbeat := r.core.Deadlines()
	if election != r.election {
		r.election = election
		r.set(TimerElection, election)
	}
	if heartbeat != r.heartbeat {
		r.heartbeat = heartbeat
		r.set(TimerHeartbeat, heartbeat)
	}
}

func (r *Replica) set(t TimerID, at time.Duration) {
	if at == raft.Never {
		r.env.StopTimer(t)
	} else {
		r.env.SetTimer(t, at)
	}
}

// roleChanged says so in the log, and to clients who wait for what this node no longer decides.
func (r *Replica) roleChanged() {
	was := r.role
	r.role = r.core.Role()
	if was == raft.Leader {
		r.giveUp()
	}
	if !r.env.Logging() || r.role == raft.Candidate {
		return // an election is told of where it starts
	}
	r.env.Log("Node " + r.id.String() + " becomes " + r.role.String())
}
