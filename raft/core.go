package raft

import (
	"errors"
	"fmt"
	"math"
	"time"

	"raftsim/raft/tracker"
)

// Never is the deadline of what will not happen.
const Never time.Duration = math.MaxInt64

// Config is what a core is made with.
type Config struct {
	// ID is the node's own name.
	ID NodeID
	// Voters are those the cluster begins with, each once, in any order. They are for a node that was born
	// without knowing, whose [Restored].Birth is zero; it is one of them. New copies them.
	Voters []NodeID
	Timeouts
	// MaxAppendBytes bounds the entries of one AppendEntries, by [Entry.Size]; one entry
	// always fits. 0 is 1 MiB.
	MaxAppendBytes int
	// MaxInflight and MaxInflightBytes are how many messages, and how many bytes of entries or of a snapshot, may be
	// on their way to one follower without an acknowledgement; one message more always may. 0 is 512 messages,
	// and 8 MiB.
	MaxInflight      int
	MaxInflightBytes int
	// MaxChunkBytes bounds the data of one InstallSnapshot. 0 is 256 KiB.
	MaxChunkBytes int
	// MaxUncommittedBytes is how much a leader accepts beyond what is committed, by [Entry.Size], before it refuses more; one
	// entry always fits. 0 is 64 MiB.
	MaxUncommittedBytes int
	// PreVote makes a node ask whether it could win before it starts an election, so that one that
	// was cut off does not depose a working leader when it comes back (Raft dissertation §9.6).
	PreVote bool
	// CheckQuorum makes a leader step down when it has not heard of a majority for an election timeout, and
	// everyone who has heard of a leader lately deaf to other candidates (Raft dissertation §6.2, §4.2.3).
	CheckQuorum bool
	// Lease, when not 0, is how long whoever hears from a leader elects no other, by its own clock. The leader serves
	// reads without asking for as long as that must last on the clocks of a majority (Raft dissertation §6.4.1). It is
	// the same on all nodes, whatever their timeouts, and rests on clocks: two that part faster than
	// ClockDriftPPM allows, or one that jumps, let a read see the past. It needs CheckQuorum.
	Lease time.Duration
	// ClockDriftPPM is the bound on how much faster or slower than true time a node's clock may run, in
	// parts per million, below 1,000,000.
	ClockDriftPPM uint64
	// Draw returns a number in [0,n), uniformly. It decides election timeouts.
	Draw func(n uint64) uint64
}

// limits fills in what was left 0, and checks the rest.
func (cfg *Config) limits() error {
	for _, l := range [...]struct {
		name   string
		value  *int
		normal int
	}{
		{"MaxAppendBytes", &cfg.MaxAppendBytes, 1 << 20},
		{"MaxInflight", &cfg.MaxInflight, 512},
		{"MaxInflightBytes", &cfg.MaxInflightBytes, 8 << 20},
		{"MaxChunkBytes", &cfg.MaxChunkBytes, 256 << 10},
		{"MaxUncommittedBytes", &cfg.MaxUncommittedBytes, 64 << 20},
	} {
		if *l.value < 0 {
			return fmt.Errorf("raft: %s cannot be negative: %d", l.name, *l.value)
		}
		if *l.value == 0 {
			*l.value = l.normal
		}
	}
	switch {
	case cfg.Lease < 0 || cfg.ClockDriftPPM >= ppm:
		return fmt.Errorf("raft: a lease of %v with clocks that drift by %d parts per million cannot be", cfg.Lease, cfg.ClockDriftPPM)
	case cfg.Lease > 0 && !cfg.CheckQuorum:
		return errors.New("raft: leases need CheckQuorum: without it nobody keeps to a leader")
	}
	return nil
}

// Timeouts are the intervals of a node (Raft paper §5.2, §5.6). A working cluster has
// message delay << Heartbeat < ElectionMin <= ElectionMax, but any positive values are safe.
type Timeouts struct {
	// ElectionMin and ElectionMax bound the drawn election timeout, both included.
	ElectionMin, ElectionMax time.Duration
	// Heartbeat is how often a leader makes itself heard.
	Heartbeat time.Duration
}

func (t *Timeouts) validate() error {
	switch {
	case t.ElectionMin <= 0 || t.Heartbeat <= 0:
		return fmt.Errorf("raft: timeouts must be positive, not election %v, heartbeat %v", t.ElectionMin, t.Heartbeat)
	case t.ElectionMax < t.ElectionMin:
		return fmt.Errorf("raft: election timeout ends at %v, before it begins at %v", t.ElectionMax, t.ElectionMin)
	}
	return nil
}

// Restored is what a node found on its disk. A node that never ran has found nothing.
type Restored struct {
	// Birth is what the node was born with. When zero, it is one of [Config].Voters.
	Birth     Birth
	HardState HardState
	// Snapshot is the latest, nil when there is none. The state machine holds what it says.
	Snapshot *Snapshot
	// Entries is the log, without a gap: from index 1 on, or from the snapshot's next or any index before that on.
	// New copies the slice, not the data.
	Entries []Entry
}

// Core is the consensus of one node: a pure state machine. What happens is told by
// [Core.Step], [Core.ElectionTimeout], [Core.HeartbeatTimeout], [Core.Propose] and
// [Core.Persisted]; what is to be done about it is collected by [Core.Output] after any number of them.
// It is not safe for use by several goroutines.
//
// Time is the node's own clock, any clock that seldom jumps. The core has deadlines and
// acts when told that one has passed; being told early or late is safe.
type Core struct {
	// First what nearly every call looks at, side by side.
	id   NodeID
	role Role
	// due says that entries may be ready to leave since Output last looked.
	due    bool
	hard   HardState
	leader NodeID

	heardAt   time.Duration // when the election timer was last reset
	election  time.Duration // the drawn timeout
	heartbeat time.Duration // leader: when the next heartbeat is due
	// successor is whom leadership is being handed to, None for nobody, until transferEnds.
	successor NodeID

	log     log
	durable durable
	// uncommitted is the size of a leader's entries beyond the commit index.
	uncommitted int
	peers       []peer // leader: by place
	reads       reads
	output      output
	members     members
	window      tracker.Window
	pool        messagePool
	// scratch of majorities
	indexes []Index
	times   []time.Duration
	rounds  []uint64

	cfg     Config
	birth   Birth
	lease   lease
	granted []bool // candidate: who voted for us, by place
	// snapshot is the latest that is on the disk; incoming what arrives of a leader's.
	snapshot *Snapshot
	incoming incoming
	// noticed are nodes that go by a member's name and are not that member.
	noticed      []stranger
	transferEnds time.Duration
}

// New makes a core of what was found on the disk, as a follower at time now. A node that was born without a configuration
// waits to be added to one.
func New(cfg Config, found Restored, now time.Duration) (*Core, error) {
	if err := cfg.Timeouts.validate(); err != nil {
		return nil, err
	}
	if cfg.Draw == nil {
		return nil, errors.New("raft: Config.Draw is missing: election timeouts are random")
	}
	if err := cfg.limits(); err != nil {
		return nil, err
	}
	birth, err := bornAs(&cfg, found.Birth)
	if err != nil {
		return nil, err
	}
	cfg.Voters = nil
	c := &Core{
		id: cfg.ID, birth: birth, cfg: cfg, hard: found.HardState, snapshot: found.Snapshot,
		window: tracker.Window{Messages: cfg.MaxInflight, Bytes: cfg.MaxInflightBytes},
	}
	c.pool.blank = Message{From: c.id, Cluster: birth.Cluster, Incarnation: birth.Incarnation, pool: &c.pool}
	if c.hard.Term == 0 && c.hard.Vote != None {
		return nil, fmt.Errorf("raft: restored vote for %v in term 0, in which nobody votes", c.hard.Vote)
	}
	if err := c.restoreLog(&found); err != nil {
		return nil, err
	}
	if err := c.restoreConfiguration(now); err != nil {
		return nil, err
	}
	c.log.unsaved = c.log.last + 1
	c.log.changed = c.log.base + 1
	c.durable = durable{hard: c.hard, index: c.log.last}
	c.output.saved = c.hard
	c.promiseLease(now) // it may have done so before it went down
	c.resetElection(now)
	return c, nil
}

// bornAs is what a node was born with, or what the configuration says when it does not know.
func bornAs(cfg *Config, birth Birth) (Birth, error) {
	if cfg.ID == None {
		return birth, errors.New("raft: Config.ID is missing")
	}
	if birth.Incarnation != 0 {
		if birth.Configuration.Known() {
			return birth, birth.Configuration.validate()
		}
		return birth, nil
	}
	config, err := NewConfiguration(cfg.Voters)
	if err != nil {
		return birth, err
	}
	if !config.Voter(cfg.ID) {
		return birth, fmt.Errorf("raft: node %v is not among the voters %v", cfg.ID, &config)
	}
	birth.Incarnation, birth.Configuration = FirstIncarnation, config
	return birth, nil
}

// restoreLog takes in the log that was found, and the snapshot.
func (c *Core) restoreLog(found *Restored) error {
	entries := found.Entries
	if s := found.Snapshot; s != nil {
		if err := s.validate(c.hard.Term); err != nil {
			return err
		}
		switch n := len(entries); {
		case n == 0 || entries[0].Index == s.Index+1:
			c.log.reset(s.Index, s.Term)
		case entries[0].Index == 1:
		case entries[0].Index <= s.Index:
			// The term before the first is not known any more.
			if t := entries[0].Term; t == 0 || t > s.Term {
				return fmt.Errorf("raft: restored entry %d of term %d cannot stand before entry %d of term %d, of the restored snapshot",
					entries[0].Index, t, s.Index, s.Term)
			}
			c.log.reset(entries[0].Index, entries[0].Term)
			entries = entries[1:]
		}
	}
	for k := range entries {
		if e := &entries[k]; e.Index != c.log.last+1 || e.Term == 0 || e.Term < c.log.lastTerm() || e.Term > c.hard.Term {
			return fmt.Errorf("raft: restored entry %d of term %d cannot follow entry %d of term %d in term %d",
				e.Index, e.Term, c.log.last, c.log.lastTerm(), c.hard.Term)
		}
		c.log.push(&entries[k])
	}
	if s := found.Snapshot; s != nil {
		if !c.log.holds(s.Index, s.Term) {
			return fmt.Errorf("raft: the restored log, which ends at entry %d of term %d, does not go with the restored snapshot, which is of entry %d of term %d",
				c.log.last, c.log.lastTerm(), s.Index, s.Term)
		}
		c.log.commit, c.log.applied = s.Index, s.Index
	}
	return nil
}

// restoreConfiguration finds the latest configuration there is.
func (c *Core) restoreConfiguration(now time.Duration) error {
	config, at := &c.birth.Configuration, Index(0)
	if s := c.snapshot; s != nil {
		config, at = &s.Configuration, s.Index
	}
	c.members.earlier = append(c.members.earlier, configured{config, at})
	for i := at + 1; i <= c.log.last; {
		part := c.log.slice(i, c.log.last)
		for k := range part {
			if part[k].Kind != EntryConfiguration {
				continue
			}
			next, err := DecodeConfiguration(part[k].Data)
			if err != nil {
				return fmt.Errorf("raft: restored entry %d holds no configuration: %w", part[k].Index, err)
			}
			c.members.earlier = append(c.members.earlier, configured{&next, part[k].Index})
		}
		i += Index(len(part))
	}
	latest := c.members.earlier[len(c.members.earlier)-1]
	c.configure(now, latest.config, latest.index)
	return nil
}

// enterTerm moves on to a later term as a follower without a leader (Raft paper §5.1).
func (c *Core) enterTerm(now time.Duration, t Term) {
	c.hard = HardState{Term: t}
	c.leader = None
	c.dropHeld()
	c.follow(now)
}

// follow makes the node a follower in its term, of whom it does not know yet.
func (c *Core) follow(now time.Duration) {
	if c.role == Follower {
		return
	}
	if c.role == Leader {
		c.leader = None
		c.successor = None
		c.refuseReads()
		for k := range c.peers {
			c.peers[k].snapshot = nil
		}
	}
	c.role = Follower
	c.resetElection(now) // a leader has none; a candidate's has to be drawn anew
}

// ErrNotLeader says that the node does not lead, so that it cannot take proposals.
var ErrNotLeader = errors.New("raft: not the leader")

// ErrBacklog says that too much waits to be committed already: nothing was done, and the client had better ask again later.
var ErrBacklog = errors.New("raft: too much waits to be committed; ask again later")

// Propose appends a command to the leader's log and returns its place: the entry is committed
// if, and only if, an entry of that index and term is handed out as committed. The core keeps
// data. The error is [ErrNotLeader], [ErrTransferring] or [ErrBacklog].
func (c *Core) Propose(data []byte) (Index, Term, error) {
	if c.role != Leader {
		return 0, 0, ErrNotLeader
	}
	if c.successor != None {
		return 0, 0, ErrTransferring
	}
	if c.uncommitted > 0 && c.uncommitted+entryOverhead+len(data) > c.cfg.MaxUncommittedBytes {
		return 0, 0, ErrBacklog
	}
	return c.appendOwn(EntryCommand, data), c.hard.Term, nil
}

// SetTimeouts changes the timeouts from now on, the one that is running included. Zero fields stay as they were.
// The error says what is wrong with the result; nothing has changed then.
func (c *Core) SetTimeouts(now time.Duration, t Timeouts) error {
	next := c.cfg.Timeouts
	if t.ElectionMin != 0 {
		next.ElectionMin = t.ElectionMin
	}
	if t.ElectionMax != 0 {
		next.ElectionMax = t.ElectionMax
	}
	if t.Heartbeat != 0 {
		next.Heartbeat = t.Heartbeat
	}
	if err := next.validate(); err != nil {
		return err
	}
	c.cfg.Timeouts = next
	c.drawElection()
	c.heartbeat = min(c.heartbeat, after(now, next.Heartbeat))
	return nil
}

// Deadlines tells when the core wants to be woken: by [Core.ElectionTimeout] and by
// [Core.HeartbeatTimeout]. Each may be [Never]. They change with any call.
func (c *Core) Deadlines() (election, heartbeat time.Duration) {
	if c.role == Leader {
		if c.cfg.CheckQuorum {
			return after(c.heardAt, c.election), c.heartbeat
		}
		return Never, c.heartbeat
	}
	if !c.members.votes && !c.stands() {
		return Never, Never
	}
	return after(c.heardAt, c.election), Never
}

// after returns the time when d has passed since t, which is Never when the clock cannot tell it.
func after(t, d time.Duration) time.Duration {
	if d > Never-max(t, 0) {
		return Never
	}
	return t + d
}

// Status is a core's state at a glance.
type Status struct {
	ID     NodeID
	Role   Role
	Term   Term
	Vote   NodeID
	Leader NodeID // whom the node believes to lead Term, or None

	// Base and BaseTerm are of the last entry that a snapshot stands for and that is no longer in the log; 0 for none.
	Base      Index
	BaseTerm  Term
	LastIndex Index
	LastTerm  Term
	Commit    Index
	Applied   Index

	// ConfigurationIndex is of the entry that [Core.Configuration] came with, or of the snapshot; 0 when it is what the node
	// was born with.
	ConfigurationIndex Index

	// DurableIndex is up to where the log is on the disk, DurableHard the hard state that is.
	DurableIndex Index
	DurableHard  HardState
}

// Role is the node's role as of now.
func (c *Core) Role() Role { return c.role }

// Term is the node's term as of now.
func (c *Core) Term() Term { return c.hard.Term }

// Leader is whom the node believes to lead its term, or None.
func (c *Core) Leader() NodeID { return c.leader }

// Applied is the index of the last entry handed out as committed.
func (c *Core) Applied() Index { return c.log.applied }

// Status returns the state as of now.
func (c *Core) Status() Status {
	var s Status
	c.StatusTo(&s)
	return s
}

// StatusTo sets s to [Core.Status], without a copy.
func (c *Core) StatusTo(s *Status) {
	s.ID, s.Role, s.Term, s.Vote, s.Leader = c.id, c.role, c.hard.Term, c.hard.Vote, c.leader
	s.Base, s.BaseTerm, s.ConfigurationIndex = c.log.base, c.log.term(c.log.base), c.members.index
	s.LastIndex, s.LastTerm, s.Commit, s.Applied = c.log.last, c.log.lastTerm(), c.log.commit, c.log.applied
	s.DurableIndex, s.DurableHard.Term, s.DurableHard.Vote = c.durable.index, c.durable.hard.Term, c.durable.hard.Vote
}

// Still says whether the state is what s says, the log's entries apart, at less cost than to compare
// it with [Core.Status]. [Core.TakeChanged] tells of the entries.
func (c *Core) Still(s *Status) bool {
	return s.Commit == c.log.commit && s.Applied == c.log.applied && s.LastIndex == c.log.last && s.DurableIndex == c.durable.index && c.Steady(s)
}

// Steady says whether the state is what s says but for LastIndex, LastTerm, Commit, Applied and DurableIndex.
func (c *Core) Steady(s *Status) bool {
	return s.Term == c.hard.Term && s.Vote == c.hard.Vote && s.Role == c.role && s.Leader == c.leader &&
		s.DurableHard == c.durable.hard && s.Base == c.log.base && s.ConfigurationIndex == c.members.index
}

// ProgressTo sets in s the five that [Core.Steady] leaves out.
func (c *Core) ProgressTo(s *Status) {
	s.LastIndex, s.LastTerm, s.Commit, s.Applied, s.DurableIndex = c.log.last, c.log.lastTerm(), c.log.commit, c.log.applied, c.durable.index
}

// Configuration is the latest of the node's log, committed or not, or what it was born with. It is never altered.
func (c *Core) Configuration() *Configuration { return c.members.config }

// Incarnation is which node of its name this is.
func (c *Core) Incarnation() Incarnation { return c.birth.Incarnation }

// TakeChanged returns the lowest index of the log that was written or cut since
// it was last asked, 0 for none. It is for those who watch the log, of whom there is one.
func (c *Core) TakeChanged() Index {
	i := c.log.changed
	c.log.changed = 0
	return i
}

// Entries returns entries of the log from index lo on, up to hi or to where the log's memory breaks,
// whichever comes first; ask again for what is missing. The slice is the log's own: not to be altered.
// It is empty when lo is beyond the log's end or hi. What a snapshot stands for is passed over.
func (c *Core) Entries(lo, hi Index) []Entry {
	return c.log.slice(max(lo, c.log.base+1), min(hi, c.log.last))
}
