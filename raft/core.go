package raft

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"raftsim/raft/quorum"
	"raftsim/raft/tracker"
)

// Never is the deadline of what will not happen.
const Never time.Duration = math.MaxInt64

// Config is what a core is made with.
type Config struct {
	// ID is the node's own name, one of Voters.
	ID NodeID
	// Voters are all members, each once, in any order. New copies them.
	Voters []NodeID
	Timeouts
	// MaxAppendBytes bounds the entries of one AppendEntries, by [Entry.Size]; one entry
	// always fits. 0 is 1 MiB.
	MaxAppendBytes int
	// MaxInflight is how many entries may be on their way to one follower without an
	// acknowledgement. 0 is 4096.
	MaxInflight int
	// PreVote makes a node ask whether it could win before it starts an election, so that one that
	// was cut off does not depose a working leader when it comes back (Raft dissertation §9.6).
	PreVote bool
	// CheckQuorum makes a leader step down when it has not heard of a majority for an election timeout, and
	// everyone who has heard of a leader lately deaf to other candidates (Raft dissertation §6.2, §4.2.3).
	CheckQuorum bool
	// Draw returns a number in [0,n), uniformly. It decides election timeouts.
	Draw func(n uint64) uint64
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
	HardState HardState
	// Entries is the log from index 1. New copies the slice, not the data.
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
	id      NodeID
	voters  []NodeID // sorted
	self    int      // place of id in voters
	cfg     Config
	log     log
	hard    HardState
	role    Role
	leader  NodeID
	granted []bool             // candidate: who voted for us, by place in voters
	peers   []tracker.Progress // leader: by place in voters
	// due says that entries may be ready to leave since Output last looked.
	due   bool
	reads reads
	// successor is whom leadership is being handed to, None for nobody, until transferEnds.
	successor    NodeID
	transferEnds time.Duration

	heardAt   time.Duration // when the election timer was last reset
	election  time.Duration // the drawn timeout
	heartbeat time.Duration // leader: when the next heartbeat is due

	output  output
	durable durable
	pool    messagePool
	// scratch of majorities
	match  []quorum.Index
	heard  []time.Duration
	rounds []uint64
}

// New makes a core of what was found on the disk, as a follower at time now.
func New(cfg Config, found Restored, now time.Duration) (*Core, error) {
	if err := cfg.Timeouts.validate(); err != nil {
		return nil, err
	}
	if cfg.Draw == nil {
		return nil, errors.New("raft: Config.Draw is missing: election timeouts are random")
	}
	if cfg.MaxAppendBytes == 0 {
		cfg.MaxAppendBytes = 1 << 20
	}
	if cfg.MaxInflight == 0 {
		cfg.MaxInflight = 4096
	}
	if cfg.MaxAppendBytes < 0 || cfg.MaxInflight < 0 {
		return nil, fmt.Errorf("raft: limits cannot be negative: MaxAppendBytes %d, MaxInflight %d", cfg.MaxAppendBytes, cfg.MaxInflight)
	}
	voters := slices.Clone(cfg.Voters)
	slices.Sort(voters)
	self := slices.Index(voters, cfg.ID)
	if cfg.ID == None || self < 0 {
		return nil, fmt.Errorf("raft: node %v is not among the voters %v", cfg.ID, voters)
	}
	if len(slices.Compact(slices.Clone(voters))) != len(voters) || voters[0] == None {
		return nil, fmt.Errorf("raft: voters %v name a node twice, or nobody", voters)
	}
	cfg.Voters = voters
	c := &Core{
		id: cfg.ID, voters: voters, self: self, cfg: cfg,
		hard:    found.HardState,
		granted: make([]bool, len(voters)),
		peers:   make([]tracker.Progress, len(voters)),
		match:   make([]quorum.Index, len(voters)),
	}
	if c.hard.Term == 0 && c.hard.Vote != None {
		return nil, fmt.Errorf("raft: restored vote for %v in term 0, in which nobody votes", c.hard.Vote)
	}
	for k := range found.Entries {
		if e := &found.Entries[k]; e.Index != c.log.last+1 || e.Term == 0 || e.Term < c.log.lastTerm() || e.Term > c.hard.Term {
			return nil, fmt.Errorf("raft: restored entry %d of term %d cannot follow entry %d of term %d in term %d",
				e.Index, e.Term, c.log.last, c.log.lastTerm(), c.hard.Term)
		}
		c.log.push(&found.Entries[k])
	}
	c.log.unsaved = c.log.last + 1
	c.log.changed = 1
	c.durable = durable{hard: c.hard, index: c.log.last}
	c.output.saved = c.hard
	c.resetElection(now)
	return c, nil
}

// Step takes a message from another node. It keeps the data of its entries, not the message.
// Messages from strangers, to somebody else, of no term or of no known kind are ignored. A message that
// only a node that broke the protocol can have sent is a panic: to go on would be to lose what was committed.
func (c *Core) Step(now time.Duration, m *Message) {
	from := c.place(m.From)
	if from < 0 || from == c.self || m.To != c.id || m.Kind < MsgRequestVote || m.Kind > MsgTimeoutNow {
		return
	}
	if m.Term == 0 && m.Kind != MsgRequestPreVote && m.Kind != MsgPreVoteReply {
		return // only who asks before the first election is of no term
	}
	if m.Term > c.hard.Term {
		if c.deafTo(now, m) {
			return
		}
		c.enterTerm(now, m.Term)
	}
	stale := m.Term < c.hard.Term
	switch m.Kind {
	case MsgRequestVote:
		c.handleRequestVote(now, m)
	case MsgVoteReply:
		if !stale && c.role == Candidate && m.VoteReply.Granted {
			c.countVote(now, from)
		}
	case MsgAppendEntries:
		c.handleAppend(now, m, stale)
	case MsgAppendReply:
		if !stale && c.role == Leader {
			c.handleAppendReply(now, from, &m.AppendReply)
		}
	case MsgRequestPreVote:
		c.handleRequestPreVote(now, m)
	case MsgPreVoteReply:
		// The term alone does not tell this attempt from an earlier one, before a leader was heard of again.
		if !stale && c.role == PreCandidate && m.PreVoteReply.Granted && m.PreVoteReply.Asked == c.heardAt {
			c.countVote(now, from)
		}
	case MsgReadIndex:
		c.handleReadIndex(now, m)
	case MsgReadIndexReply:
		c.handleReadIndexReply(m)
	case MsgTimeoutNow:
		if !stale && c.role == Follower {
			c.campaign(now, true)
		}
	}
}

// place returns where id stands among the voters, -1 for a stranger.
func (c *Core) place(id NodeID) int {
	for k, v := range c.voters {
		if v == id {
			return k
		}
	}
	return -1
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
	}
	c.role = Follower
	c.resetElection(now) // a leader has none; a candidate's has to be drawn anew
}

// ErrNotLeader says that the node does not lead, so that it cannot take proposals.
var ErrNotLeader = errors.New("raft: not the leader")

// Propose appends a command to the leader's log and returns its place: the entry is committed
// if, and only if, an entry of that index and term is handed out as committed. The core keeps
// data. The error is [ErrNotLeader].
func (c *Core) Propose(data []byte) (Index, Term, error) {
	if c.role != Leader {
		return 0, 0, ErrNotLeader
	}
	if c.successor != None {
		return 0, 0, ErrTransferring
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

	LastIndex Index
	LastTerm  Term
	Commit    Index
	Applied   Index

	// DurableIndex is up to where the log is on the disk, DurableHard the hard state that is.
	DurableIndex Index
	DurableHard  HardState
}

// Role is the node's role as of now.
func (c *Core) Role() Role { return c.role }

// Leader is whom the node believes to lead its term, or None.
func (c *Core) Leader() NodeID { return c.leader }

// Status returns the state as of now.
func (c *Core) Status() Status {
	return Status{
		ID: c.id, Role: c.role, Term: c.hard.Term, Vote: c.hard.Vote, Leader: c.leader,
		LastIndex: c.log.last, LastTerm: c.log.lastTerm(), Commit: c.log.commit, Applied: c.log.applied,
		DurableIndex: c.durable.index, DurableHard: c.durable.hard,
	}
}

// Still says whether the state is what s says, the log's entries apart, at less cost than to compare
// it with [Core.Status]. [Core.TakeChanged] tells of the entries.
func (c *Core) Still(s *Status) bool {
	return s.Commit == c.log.commit && s.Applied == c.log.applied && s.LastIndex == c.log.last &&
		s.DurableIndex == c.durable.index && s.DurableHard == c.durable.hard &&
		s.Term == c.hard.Term && s.Vote == c.hard.Vote && s.Role == c.role && s.Leader == c.leader
}

// TakeChanged returns the lowest index of the log that was written or cut since
// it was last asked, 0 for none. It is for those who watch the log, of whom there is one.
func (c *Core) TakeChanged() Index {
	i := c.log.changed
	c.log.changed = 0
	return i
}

// Entries returns entries of the log from index lo on, up to hi or to where the log's memory breaks,
// whichever comes first; ask again for what is missing. The slice is the log's own: not to be altered.
// It is empty when lo is beyond the log's end or hi.
func (c *Core) Entries(lo, hi Index) []Entry {
	return c.log.slice(max(lo, 1), min(hi, c.log.last))
}
