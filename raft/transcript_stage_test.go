package raft_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// stage is a cluster that does only what it is told, and writes down in plain sentences what comes of it. Other than
// [cluster] it has nodes that join, disks that are lost, snapshots, and a network that may be parted.
type stage struct {
	t      testing.TB
	now    time.Duration
	actors []*actor // by id; actors[0] is nobody
	voters []raft.NodeID
	tune   func(*raft.Config)
	net    []*raft.Message // sent and not yet delivered, in the order of sending
	late   []*raft.Message // put aside, to be delivered when it suits
	side   []int           // by id: of a network that is parted
	lives  raft.Incarnation
	text   strings.Builder
	// quiet leaves out how things come about: messages and disks.
	quiet bool
	// echo writes commands down as well, above what comes of them.
	echo bool
	// depth is how far sentences are indented: what comes of something stands below it, further in.
	depth int
	// refused is what the last Step, or the last request, returned.
	refused error
}

// actor is a node on the stage: a core, its disk, and a state machine that is a list of commands.
type actor struct {
	id     raft.NodeID
	core   *raft.Core // nil while it is down
	disk   raft.Restored
	base   raft.Index // the disk's log begins after it
	writes []diskTask // asked for, not yet on the disk
	state  []string
	reads  []raft.Read // answered since the last boot
	// seen is what was told of the node last.
	seen    raft.Status
	members *raft.Configuration
}

// diskTask is one thing that a disk was asked for: what a ticket is about, or a snapshot that has arrived.
type diskTask struct {
	ticket    raft.Ticket
	hard      raft.HardState
	hasHard   bool
	installed *raft.Snapshot
	entries   []raft.Entry
	arrived   *raft.Snapshot
}

// newStage makes a cluster of n nodes that never ran, whose configurations have been altered by tune.
func newStage(t testing.TB, n int, tune func(*raft.Config)) *stage {
	s := &stage{t: t, actors: make([]*actor, 1), tune: tune, side: make([]int, 100), lives: raft.FirstIncarnation}
	for id := raft.NodeID(1); id <= raft.NodeID(n); id++ {
		s.voters = append(s.voters, id)
	}
	for _, id := range s.voters {
		s.actors = append(s.actors, &actor{id: id})
		s.boot(id)
	}
	return s
}

// actor returns a node that there is.
func (s *stage) actor(id raft.NodeID) *actor {
	require.Less(s.t, int(id), len(s.actors), "there is no %v", id)
	return s.actors[id]
}

// up returns a node that is running.
func (s *stage) up(id raft.NodeID) *actor {
	a := s.actor(id)
	require.NotNil(s.t, a.core, "%v is down", id)
	return a
}

// boot starts a node from its disk. Whose disk holds nothing is one of those the cluster began with, or else new to it.
func (s *stage) boot(id raft.NodeID) {
	a := s.actor(id)
	cfg := raft.Config{
		ID:       id,
		Timeouts: raft.Timeouts{ElectionMin: electionMin, ElectionMax: electionMax, Heartbeat: heartbeat},
		Draw:     func(uint64) uint64 { return 0 },
	}
	if a.disk.Birth.Incarnation == 0 {
		cfg.Voters = s.voters
	}
	if s.tune != nil {
		s.tune(&cfg)
	}
	found := a.disk
	if snap := found.Snapshot; snap != nil && !a.reaches(snap) {
		found.Entries = nil // of a log that the snapshot was to take the place of
	}
	core, err := raft.New(cfg, found, s.now)
	require.NoError(s.t, err, "%v boots", id)
	*a = actor{id: id, core: core, disk: a.disk, base: a.base}
	if found.Snapshot != nil {
		a.restore(found.Snapshot)
	}
	s.act(a)
}

// born makes a node, or one of a name that was another's before, which knows nobody: its disk is empty.
func (s *stage) born(id raft.NodeID) {
	for raft.NodeID(len(s.actors)) <= id {
		s.actors = append(s.actors, &actor{id: raft.NodeID(len(s.actors))})
	}
	s.lives++
	*s.actors[id] = actor{id: id, disk: raft.Restored{Birth: raft.Birth{Incarnation: s.lives}}}
	s.boot(id)
}

// crash ends a node. What it asked its disk for and had not heard of is lost.
func (s *stage) crash(id raft.NodeID) {
	a := s.actor(id)
	*a = actor{id: id, disk: a.disk, base: a.base}
}

// reaches says whether the log on the disk holds the entry a snapshot ends with, or goes on right after it.
func (a *actor) reaches(snap *raft.Snapshot) bool {
	for k := range a.disk.Entries {
		switch e := &a.disk.Entries[k]; e.Index {
		case snap.Index:
			return e.Term == snap.Term
		case snap.Index + 1:
			return true
		}
	}
	return false
}

// restore has the state machine hold what a snapshot says.
func (a *actor) restore(snap *raft.Snapshot) {
	a.state = strings.Fields(strings.TrimSuffix(string(snap.Data), "."))
}

// holds is what a snapshot says that the state machine holds.
func (a *actor) holds() []byte { return []byte(strings.Join(a.state, " ") + ".") }

// act takes what a core wants done, and tells it.
func (s *stage) act(a *actor) {
	for more := true; more; {
		out := a.core.Output()
		if out.Installed != nil {
			a.restore(out.Installed)
		}
		for k := range out.Committed {
			if e := &out.Committed[k]; e.Kind == raft.EntryCommand {
				a.state = append(a.state, string(e.Data))
			}
		}
		a.reads = append(a.reads, out.Reads...)
		if out.Arrived != nil {
			a.writes = append(a.writes, diskTask{arrived: out.Arrived})
		}
		if out.Ticket != 0 {
			a.writes = append(a.writes, diskTask{
				ticket: out.Ticket, hard: out.HardState, hasHard: out.HardStateChanged,
				installed: out.Installed, entries: out.Entries,
			})
		}
		s.net = append(s.net, out.Messages...)
		s.tell(a, out)
		more = out.More
	}
}

// persist puts the k oldest writes of a node on its disk, and tells the node.
func (s *stage) persist(a *actor, k int) {
	for _, w := range a.writes[:k] {
		a.writes = a.writes[1:]
		if w.arrived != nil {
			a.disk.Snapshot = w.arrived
			s.headf("%v has snapshot %s on its disk", a.id, slot(w.arrived.Index, w.arrived.Term))
			a.core.SnapshotDurable(s.now, w.arrived)
		} else {
			a.write(&w)
			s.headf("%v has %s on its disk", a.id, written(&w))
			a.core.Persisted(s.now, w.ticket)
		}
		s.act(a)
	}
}

// write alters the disk.
func (a *actor) write(w *diskTask) {
	if w.hasHard {
		a.disk.HardState = w.hard
	}
	if w.installed != nil {
		a.disk.Entries, a.base = nil, w.installed.Index
	}
	for k := range w.entries {
		e := w.entries[k]
		if e.Index <= a.base {
			continue // compacted meanwhile
		}
		a.disk.Entries = append(slices.Clip(a.disk.Entries[:e.Index-a.base-1]), e)
	}
}

// compact has a node snapshot what it has applied, durably at once, and drop the log but for the last keep entries.
func (s *stage) compact(id raft.NodeID, keep raft.Index) {
	a := s.up(id)
	snap := a.core.Snapshot(a.holds())
	a.disk.Snapshot = snap
	base := a.core.Compact(snap, keep)
	if n := min(int(base-a.base), len(a.disk.Entries)); n > 0 {
		a.disk.Entries = slices.Clone(a.disk.Entries[n:])
	}
	a.base = base
	s.sayf("%v compacts its log: snapshot %s holds %q, entries follow %d", id, slot(snap.Index, snap.Term), snap.Data, base)
	s.act(a)
}

// step hands over a message, unless its receiver is down or cannot be reached.
func (s *stage) step(m *raft.Message) {
	a := s.actor(m.To)
	if a.core == nil || s.side[m.From] != s.side[m.To] {
		s.headf("%s from %v to %v is lost", m.Kind, m.From, m.To)
		return
	}
	s.headf("%v receives %s from %v", m.To, m.Kind, m.From)
	s.refused = a.core.Step(s.now, m)
	if s.refused != nil {
		s.sayf("%v refuses it: %v", m.To, s.refused)
	}
	s.act(a)
}

// take takes messages off the network, the first most of them.
func (s *stage) take(picks func(*raft.Message) bool, most int) []*raft.Message {
	var taken []*raft.Message
	s.net = slices.DeleteFunc(s.net, func(m *raft.Message) bool {
		if len(taken) >= most || !picks(m) {
			return false
		}
		taken = append(taken, m)
		return true
	})
	return taken
}

// stabilize writes and delivers among these nodes until nothing is left to do. What is from or to others stays where it is.
func (s *stage) stabilize(ids []raft.NodeID) {
	for busy := true; busy; {
		busy = false
		for _, id := range ids {
			if a := s.actor(id); len(a.writes) > 0 {
				s.persist(a, len(a.writes))
				busy = true
			}
		}
		among := func(m *raft.Message) bool { return slices.Contains(ids, m.From) && slices.Contains(ids, m.To) }
		for _, m := range s.take(among, len(s.net)) {
			s.step(m)
			busy = true
		}
	}
}

// all are the ids of all nodes there are.
func (s *stage) all() []raft.NodeID {
	var ids []raft.NodeID
	for _, a := range s.actors[1:] {
		ids = append(ids, a.id)
	}
	return ids
}

// log is what a node's log holds after the snapshot.
func (a *actor) log() []raft.Entry {
	st := a.core.Status()
	var es []raft.Entry
	for next := st.Base + 1; next <= st.LastIndex; next = es[len(es)-1].Index + 1 {
		es = append(es, a.core.Entries(next, st.LastIndex)...)
	}
	return es
}
