package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/wal"
	"raftsim/sim"
)

const ms = time.Millisecond

// note is a numbered message that counts its releases.
type note struct {
	n        int
	released int
}

func (m *note) Name() string { return "Note" }
func (m *note) Size() int    { return 10 }
func (m *note) Release()     { m.released++ }

// actor is a process whose every move is a function, nil for none.
type actor struct {
	env      sim.Env
	received func(from raft.NodeID, m sim.Message)
	timer    func(t sim.TimerID)
	synced   func(t wal.SyncTicket, err error)
	request  func(c sim.ClientID, r *kv.Request)
	timeouts func(t sim.Timeouts)
}

func (a *actor) Receive(from raft.NodeID, m sim.Message) {
	if a.received != nil {
		a.received(from, m)
	}
}

func (a *actor) Timer(t sim.TimerID) {
	if a.timer != nil {
		a.timer(t)
	}
}

func (a *actor) Synced(t wal.SyncTicket, err error) {
	if a.synced != nil {
		a.synced(t, err)
	}
}

func (a *actor) Request(c sim.ClientID, r *kv.Request) {
	if a.request != nil {
		a.request(c, r)
	}
}

func (a *actor) SetTimeouts(t sim.Timeouts) {
	if a.timeouts != nil {
		a.timeouts(t)
	}
}

// stage is a world of actors, all of them booted.
type stage struct {
	*sim.World
	t      *testing.T
	actors []*actor
	// notes are all notes sent with say.
	notes []*note
}

func newStage(t *testing.T, nodes int, c sim.Config) *stage {
	t.Helper()
	s := &stage{World: sim.New(c), t: t}
	for range nodes {
		s.add()
	}
	s.RunUntil(0)
	return s
}

func (s *stage) add() raft.NodeID {
	a := &actor{}
	s.actors = append(s.actors, a)
	return s.AddNode(func(_ raft.NodeID, env sim.Env) (sim.Process, error) {
		a.env = env
		return a, nil
	})
}

func (s *stage) actor(id raft.NodeID) *actor { return s.actors[id-1] }

// say has a node send a new note.
func (s *stage) say(from, to raft.NodeID) {
	m := &note{n: len(s.notes)}
	s.notes = append(s.notes, m)
	s.actor(from).env.Send(to, m)
}

// heard records the notes that a node receives.
func (s *stage) heard(id raft.NodeID) *[]int {
	var list []int
	s.actor(id).received = func(_ raft.NodeID, m sim.Message) { list = append(list, m.(*note).n) }
	return &list
}

// eachReleasedOnce requires that no message is left anywhere and none was released twice.
func (s *stage) eachReleasedOnce() {
	s.t.Helper()
	for _, m := range s.notes {
		require.Equal(s.t, 1, m.released, "releases of note %d", m.n)
	}
}

func steady(latency time.Duration) sim.Link {
	return sim.Link{Latency: sim.Range{Min: latency, Max: latency}}
}

// client is a host that records what it hears.
type client struct {
	answers []sim.Response
	wakes   int
	wake    func()
}

func (c *client) Answered(_ raft.NodeID, r *sim.Response) { c.answers = append(c.answers, *r) }

func (c *client) Wake() {
	c.wakes++
	if c.wake != nil {
		c.wake()
	}
}
