package raft_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

func TestSetTimeouts(t *testing.T) {
	t.Run("the timer that is running is set anew, from when it was last reset", func(t *testing.T) {
		c := newCluster(t, 3)
		require.NoError(t, c.core(1).SetTimeouts(100*time.Millisecond, raft.Timeouts{ElectionMin: 20 * time.Millisecond, ElectionMax: 20 * time.Millisecond}))
		election, beat := c.core(1).Deadlines()
		require.Equal(t, 20*time.Millisecond, election, "which has passed: the election is due at once")
		require.Equal(t, raft.Never, beat)
	})
	t.Run("a leader's next heartbeat comes sooner, not later", func(t *testing.T) {
		c := newCluster(t, 3)
		c.elect(1)
		c.now = 10 * time.Millisecond
		require.NoError(t, c.core(1).SetTimeouts(c.now, raft.Timeouts{Heartbeat: 5 * time.Millisecond}))
		_, beat := c.core(1).Deadlines()
		require.Equal(t, 15*time.Millisecond, beat)
		require.NoError(t, c.core(1).SetTimeouts(c.now, raft.Timeouts{Heartbeat: time.Hour}))
		_, beat = c.core(1).Deadlines()
		require.Equal(t, 15*time.Millisecond, beat)
	})
	t.Run("a zero field stays as it was", func(t *testing.T) {
		drawn := uint64(0)
		c := newTunedCluster(t, func(cfg *raft.Config) { cfg.Draw = func(n uint64) uint64 { drawn = n; return n - 1 } }, make([]raft.Restored, 3)...)
		require.NoError(t, c.core(1).SetTimeouts(0, raft.Timeouts{ElectionMin: 200 * time.Millisecond}))
		election, _ := c.core(1).Deadlines()
		require.Equal(t, electionMax, election, "the end of the range stayed")
		require.Equal(t, uint64(100*time.Millisecond)+1, drawn, "both ends are included")
		require.NoError(t, c.core(1).SetTimeouts(0, raft.Timeouts{ElectionMax: 250 * time.Millisecond}))
		election, _ = c.core(1).Deadlines()
		require.Equal(t, 250*time.Millisecond, election)
		require.Equal(t, uint64(50*time.Millisecond)+1, drawn, "the beginning stayed")
	})
	t.Run("what cannot be is refused and changes nothing", func(t *testing.T) {
		c := newCluster(t, 3)
		before, _ := c.core(1).Deadlines()
		err := c.core(1).SetTimeouts(0, raft.Timeouts{ElectionMin: time.Hour, Heartbeat: time.Second})
		require.EqualError(t, err, "raft: election timeout ends at 300ms, before it begins at 1h0m0s")
		require.Error(t, c.core(1).SetTimeouts(0, raft.Timeouts{Heartbeat: -1}))
		after, _ := c.core(1).Deadlines()
		require.Equal(t, before, after)
		c.elect(1)
		_, beat := c.core(1).Deadlines()
		require.Equal(t, heartbeat, beat)
	})
}

// A timeout so long that the clock cannot tell its end never ends; it does not end in the past.
func TestATimeoutBeyondTheClockNeverFires(t *testing.T) {
	c := newTunedCluster(t, func(cfg *raft.Config) {
		cfg.ElectionMin, cfg.ElectionMax, cfg.Heartbeat = math.MaxInt64, math.MaxInt64, math.MaxInt64
	}, make([]raft.Restored, 1)...)
	c.now = time.Second
	c.core(1).ElectionTimeout(c.now)
	election, _ := c.core(1).Deadlines()
	require.Equal(t, raft.Never, election)
	c.act(1)
	c.persist(1)
	require.Equal(t, raft.Leader, c.core(1).Role())
	_, beat := c.core(1).Deadlines()
	require.Equal(t, raft.Never, beat)
	c.beat(1)
	_, beat = c.core(1).Deadlines()
	require.Equal(t, raft.Never, beat)
	require.NoError(t, c.core(1).SetTimeouts(c.now, raft.Timeouts{Heartbeat: math.MaxInt64}))
	_, beat = c.core(1).Deadlines()
	require.Equal(t, raft.Never, beat)
}

func TestMessagesThatConcernNobodyHereAreRefused(t *testing.T) {
	sane := voteReply(2, 1, 9, true)
	sane.Incarnation = raft.FirstIncarnation
	for what, r := range map[string]struct {
		why   error
		alter func(*raft.Message)
	}{
		"from a stranger":         {raft.ErrNotMember, func(m *raft.Message) { m.From = 4 }},
		"from nobody":             {raft.ErrMalformed, func(m *raft.Message) { m.From = raft.None }},
		"from the node itself":    {raft.ErrMalformed, func(m *raft.Message) { m.From = 1 }},
		"from another cluster":    {raft.ErrOtherCluster, func(m *raft.Message) { m.Cluster = 7 }},
		"from who lost its disk":  {raft.ErrOtherIncarnation, func(m *raft.Message) { m.Incarnation = 2 }},
		"from who never was born": {raft.ErrMalformed, func(m *raft.Message) { m.Incarnation = 0 }},
		"to another":              {raft.ErrMalformed, func(m *raft.Message) { m.To = 3 }},
		"of no kind":              {raft.ErrMalformed, func(m *raft.Message) { m.Kind = 0 }},
		"of a kind not known":     {raft.ErrMalformed, func(m *raft.Message) { m.Kind = raft.MessageKind(200) }},
		"of no term":              {raft.ErrMalformed, func(m *raft.Message) { m.Term = 0 }},
		"of a term without end":   {raft.ErrMalformed, func(m *raft.Message) { m.Term = 1<<64 - 1 }},
		"released, hence empty":   {raft.ErrMalformed, func(m *raft.Message) { *m = raft.Message{} }},
	} {
		t.Run(what, func(t *testing.T) {
			c := newCluster(t, 3)
			before := c.status(1)
			m := *sane
			r.alter(&m)
			require.ErrorIs(t, c.core(1).Step(c.now, &m), r.why)
			c.act(1)
			require.Equal(t, before, c.status(1))
			require.Empty(t, c.net)
			require.Empty(t, c.nodes[1].writes)
		})
	}
	c := newCluster(t, 3)
	c.step(sane)
	require.Equal(t, raft.Term(9), c.status(1).Term, "while the message they were made of counts")
}

func TestRestoredStateIsValidated(t *testing.T) {
	cfg := (&cluster{nodes: make([]*node, 4)}).config(1)
	for what, c := range map[string]struct {
		found raft.Restored
		err   string
	}{
		"a gap": {
			raft.Restored{HardState: raft.HardState{Term: 2}, Entries: []raft.Entry{{Index: 1, Term: 1}, {Index: 3, Term: 1}}},
			"raft: restored entry 3 of term 1 cannot follow entry 1 of term 1 in term 2"},
		"a log that does not start at 1": {
			raft.Restored{HardState: raft.HardState{Term: 2}, Entries: []raft.Entry{{Index: 2, Term: 1}}},
			"raft: restored entry 2 of term 1 cannot follow entry 0 of term 0 in term 2"},
		"a term that falls": {
			disk(raft.HardState{Term: 2}, 2, 1),
			"raft: restored entry 2 of term 1 cannot follow entry 1 of term 2 in term 2"},
		"an entry of a term not yet reached": {
			disk(raft.HardState{Term: 2}, 1, 3),
			"raft: restored entry 2 of term 3 cannot follow entry 1 of term 1 in term 2"},
		"an entry of no term": {
			disk(raft.HardState{Term: 2}, 0),
			"raft: restored entry 1 of term 0 cannot follow entry 0 of term 0 in term 2"},
		"a vote in no term": {
			raft.Restored{HardState: raft.HardState{Vote: 2}},
			"raft: restored vote for n2 in term 0, in which nobody votes"},
	} {
		t.Run(what, func(t *testing.T) {
			_, err := raft.New(cfg, c.found, 0)
			require.EqualError(t, err, c.err)
		})
	}
}

// A state that is steady is brought up to date by its progress, also when entries of the same number took the place of others.
func TestASteadyStateAndItsProgressAreTheState(t *testing.T) {
	c := follower(t, disk(raft.HardState{Term: 2}, 1, 1))
	look := func(steady, still bool, s *raft.Status) {
		t.Helper()
		require.Equal(t, steady, c.core(2).Steady(s))
		require.Equal(t, still, c.core(2).Still(s))
		if steady {
			c.core(2).ProgressTo(s)
			require.Equal(t, c.status(2), *s)
		}
	}
	s := c.status(2)
	look(true, true, &s)
	c.step(appendFrom(1, 2, 2, raft.AppendEntries{PrevIndex: 1, PrevTerm: 2}))
	look(false, false, &s) // it knows a leader now
	s = c.status(2)
	c.step(appendFrom(1, 2, 2, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Entries: entries(1, 2)}))
	require.Equal(t, raft.Term(2), c.status(2).LastTerm)
	look(true, false, &s)
	c.step(appendFrom(1, 2, 2, raft.AppendEntries{PrevIndex: 2, PrevTerm: 2, Entries: entries(2, 2, 2), Commit: 3}))
	look(true, false, &s)
	look(true, true, &s)
	c.step(appendFrom(3, 2, 3, raft.AppendEntries{PrevIndex: 2, PrevTerm: 2}))
	look(false, false, &s)
}
