package raft_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// behind is a cluster of three whose leader n1 has compacted its log, while n3 has nothing. A snapshot leaves in chunks of
// four bytes.
func behind(t *testing.T, tune ...func(*raft.Config)) *cluster {
	c := newTunedCluster(t, func(cfg *raft.Config) {
		cfg.MaxChunkBytes = 4
		for _, f := range tune {
			f(cfg)
		}
	}, make([]raft.Restored, 3)...)
	c.elect(1, 1, 2)
	c.propose(1, "a", "b", "c", "d", "e", "f", "g", "h")
	c.settle(1, 2)
	c.compact(1)
	require.Equal(t, raft.Index(9), c.status(1).Base)
	return c
}

// beatAll lets the leader's heartbeat pass, and all settle.
func (c *cluster) beatAll(leader raft.NodeID) {
	c.now += heartbeat
	c.beat(leader)
	c.settle(c.all()...)
}

func TestASnapshotComesInChunksAndTakesThePlaceOfTheLog(t *testing.T) {
	c := behind(t)
	c.beat(1)
	chunks := c.take(filter{to: 3, kind: raft.MsgInstallSnapshot})
	require.Len(t, chunks, 3, "of ten bytes")
	for _, m := range chunks {
		c.step(m)
		require.NoError(t, c.refused)
	}
	require.Zero(t, c.status(3).Commit, "it takes effect when it is on the disk")
	for _, m := range c.take(filter{from: 3, kind: raft.MsgInstallReply}) {
		require.False(t, m.InstallReply.Done)
	}
	require.Len(t, c.nodes[3].snapshots, 1)
	c.finishSnapshot(3, 0)
	require.Equal(t, raft.Index(9), c.status(3).Applied)
	require.Empty(t, c.take(filter{from: 3, kind: raft.MsgInstallReply}), "the term is not on the disk yet")
	c.persist(3)
	require.True(t, c.one(filter{from: 3, kind: raft.MsgInstallReply}).InstallReply.Done)
	require.Equal(t, c.nodes[1].state, c.nodes[3].state)

	c.propose(1, "i")
	c.beatAll(1)
	c.beatAll(1)
	require.Equal(t, "i", c.commands(3), "the log goes on from there")
	c.crash(3)
	c.restart(3)
	require.Equal(t, raft.Index(9), c.status(3).Applied)
	require.Equal(t, raft.Index(10), c.status(3).LastIndex)
}

// A leader sends the last part again and again while a disk is stuck. Its answers do not pile up until that goes on.
func TestAnswersToASnapshotThatWaitForTheDiskBecomeOne(t *testing.T) {
	c := behind(t)
	c.beat(1)
	chunks := c.take(filter{to: 3, kind: raft.MsgInstallSnapshot})
	last := *chunks[len(chunks)-1]
	for _, m := range chunks {
		c.step(m)
	}
	c.finishSnapshot(3, 0) // the term is not on the disk yet
	c.take(filter{from: 3})
	for range 5 {
		again := last
		c.step(&again)
	}
	require.Empty(t, c.take(filter{from: 3}))
	c.persist(3)
	require.Equal(t, raft.InstallReply{Index: 9, Offset: 10, Done: true}, c.one(filter{from: 3, kind: raft.MsgInstallReply}).InstallReply)
}

func TestASnapshotResumesAfterLoss(t *testing.T) {
	c := behind(t)
	c.beat(1)
	chunks := c.take(filter{kind: raft.MsgInstallSnapshot})
	c.step(chunks[0])
	c.step(chunks[2])
	require.ErrorIs(t, c.refused, raft.ErrChunk, "the second is missing")
	c.step(chunks[0])
	require.ErrorIs(t, c.refused, raft.ErrChunk, "it is there already")
	for range 4 {
		c.now += heartbeat
		c.deliver(filter{from: 3})
		c.beat(1)
		c.deliver(filter{to: 3, kind: raft.MsgAppendEntries})
	}
	again := c.take(filter{kind: raft.MsgInstallSnapshot})
	require.NotEmpty(t, again)
	require.Equal(t, uint64(4), again[0].Install.Offset, "not from the start")
	for _, m := range again {
		c.step(m)
	}
	require.Len(t, c.nodes[3].snapshots, 1)
	c.beatAll(1)
	require.Equal(t, c.nodes[1].state, c.nodes[3].state)
}

func TestALatePartOfAnEarlierSnapshotTakesNothingAway(t *testing.T) {
	c := newCluster(t, 3)
	config, err := raft.NewConfiguration([]raft.NodeID{1, 2, 3})
	require.NoError(t, err)
	part := func(leader raft.NodeID, term raft.Term, index raft.Index, offset uint64) error {
		data := []byte{magic, 0, byte(index), 0}
		c.step(&raft.Message{Kind: raft.MsgInstallSnapshot, From: leader, To: 2, Term: term, Install: raft.InstallSnapshot{
			Index: index, Term: 2, Configuration: &config, Size: 4, Sum: raft.Checksum(data), Offset: offset, Data: data[offset : offset+2],
		}})
		return c.refused
	}
	require.NoError(t, part(1, 3, 20, 0))
	require.ErrorIs(t, part(1, 3, 10, 0), raft.ErrChunk, "from before the leader had a later one")
	require.NoError(t, part(1, 3, 20, 2), "the later one goes on where it was")
	require.Len(t, c.nodes[2].snapshots, 1)

	c = newCluster(t, 3)
	require.NoError(t, part(1, 3, 20, 0))
	require.NoError(t, part(3, 4, 10, 0), "another leader's is as late as it is")
	require.NoError(t, part(3, 4, 10, 2))
	require.Len(t, c.nodes[2].snapshots, 1)
	c.finishSnapshot(2, 0)
	require.Equal(t, raft.Index(10), c.status(2).Commit)
}

// The leader must not wait forever for word that got lost, though it has compacted its log meanwhile.
func TestALeaderAsksWhatBecameOfASnapshot(t *testing.T) {
	c := behind(t)
	c.beat(1)
	for range 4 {
		c.deliver(filter{})
	}
	require.Len(t, c.nodes[3].snapshots, 1, "all of it is there")
	c.finishSnapshot(3, 0)
	c.persist(3)
	require.True(t, c.one(filter{from: 3, kind: raft.MsgInstallReply}).InstallReply.Done, "and that is lost")
	c.propose(1, "i", "j")
	c.settle(1, 2)
	c.compact(1)
	for range 6 {
		c.beatAll(1)
	}
	require.Equal(t, c.nodes[1].state, c.nodes[3].state)
}

// What is on its way to a follower fills its window and is lost, and the log is compacted beyond it: no acknowledgement will
// come, and nothing need be proposed any more.
func TestALeaderSendsASnapshotInPlaceOfWhatGotLost(t *testing.T) {
	c := newTunedCluster(t, func(cfg *raft.Config) { cfg.MaxInflight = 1 }, make([]raft.Restored, 3)...)
	c.elect(1)
	c.settle(c.all()...)
	c.propose(1, "a", "b")
	c.settle(1, 2)
	c.propose(1, "c")
	c.settle(1, 2)
	c.compact(1)
	for range 4 {
		c.beatAll(1)
	}
	require.Equal(t, c.nodes[1].state, c.nodes[3].state)
}

func TestASnapshotDoesNotDiscardALongerLogThatMatches(t *testing.T) {
	c := newTunedCluster(t, func(cfg *raft.Config) { cfg.MaxChunkBytes = 64 }, make([]raft.Restored, 3)...)
	c.elect(1)
	c.propose(1, "a", "b", "c")
	c.persist(1)
	c.deliver(filter{from: 1})
	c.settle(1, 2)
	c.persist(3)
	require.Equal(t, raft.Index(4), c.status(3).LastIndex)
	require.Equal(t, raft.Index(1), c.status(3).Commit)
	config := c.core(1).Configuration()
	data := []byte{magic, 1, 2}
	c.step(&raft.Message{Kind: raft.MsgInstallSnapshot, From: 1, To: 3, Term: c.status(1).Term, Install: raft.InstallSnapshot{
		Index: 2, Term: 1, Configuration: config, Size: 3, Sum: raft.Checksum(data), Data: data}})
	require.NoError(t, c.refused)
	c.finishSnapshot(3, 0)
	s := c.status(3)
	require.Equal(t, raft.Index(4), s.LastIndex)
	require.Equal(t, raft.Index(2), s.Commit)
	require.Zero(t, s.Base)
	require.Equal(t, "a", c.commands(3), "the entries themselves are applied")
}

func TestAConfigurationComesWithASnapshot(t *testing.T) {
	c := newGrowingCluster(t, 3, 1, nil)
	c.elect(1)
	c.change(1, raft.Change{Join: []raft.NodeID{4}}, 1, 2, 3)
	c.compact(1)
	c.change(1, raft.Change{Join: []raft.NodeID{4}})
	require.Equal(t, "n1 n2 n3 n4", c.members(4))
	require.NotZero(t, c.status(4).Base)
	c.compact(4)
	c.crash(4)
	c.restart(4)
	require.Equal(t, "n1 n2 n3 n4", c.members(4))
	c.elect(4)
}

func TestACandidateThatGetsASnapshotIsAFollower(t *testing.T) {
	for _, preVote := range []bool{false, true} {
		c := behind(t, func(cfg *raft.Config) { cfg.PreVote = preVote })
		c.beat(1)
		for range 4 {
			c.deliver(filter{})
		}
		c.persist(3)
		c.timeout(3)
		require.NotEqual(t, raft.Follower, c.core(3).Role())
		c.finishSnapshot(3, 0)
		require.Equal(t, raft.Follower, c.core(3).Role(), "what it asks for it asks for with another log")
		require.Equal(t, raft.Index(9), c.status(3).Commit)
	}
}

func TestAWrongSnapshotIsRefused(t *testing.T) {
	config, err := raft.NewConfiguration([]raft.NodeID{1, 2, 3})
	require.NoError(t, err)
	data := []byte("snapshot")
	sane := raft.InstallSnapshot{Index: 7, Term: 3, Configuration: &config, Size: 8, Sum: raft.Checksum(data), Data: data}
	breach := new(raft.ProtocolError)
	for what, r := range map[string]struct {
		breach bool
		alter  func(*raft.InstallSnapshot)
	}{
		"of no entry":             {true, func(p *raft.InstallSnapshot) { p.Index = 0 }},
		"of no term":              {true, func(p *raft.InstallSnapshot) { p.Term = 0 }},
		"of a term to come":       {true, func(p *raft.InstallSnapshot) { p.Term = 9 }},
		"without configuration":   {true, func(p *raft.InstallSnapshot) { p.Configuration = nil }},
		"with one without voters": {true, func(p *raft.InstallSnapshot) { p.Configuration = &raft.Configuration{} }},
		"cut off":                 {false, func(p *raft.InstallSnapshot) { p.Data = nil }},
		"longer than it says":     {false, func(p *raft.InstallSnapshot) { p.Size = 7 }},
		"beyond its end":          {false, func(p *raft.InstallSnapshot) { p.Offset = 1 << 63 }},
		"with a gap":              {false, func(p *raft.InstallSnapshot) { p.Size, p.Offset = 20, 12 }},
		"of another sum":          {false, func(p *raft.InstallSnapshot) { p.Sum++ }},
	} {
		t.Run(what, func(t *testing.T) {
			c := newCluster(t, 3)
			p := sane
			r.alter(&p)
			c.step(&raft.Message{Kind: raft.MsgInstallSnapshot, From: 1, To: 2, Term: 3, Install: p})
			if r.breach {
				require.ErrorAs(t, c.refused, &breach)
			} else {
				require.ErrorIs(t, c.refused, raft.ErrChunk)
			}
			require.Empty(t, c.nodes[2].snapshots)
			c.step(&raft.Message{Kind: raft.MsgInstallSnapshot, From: 1, To: 2, Term: 3, Install: sane})
			require.NoError(t, c.refused)
			require.Len(t, c.nodes[2].snapshots, 1, "a sane one is taken after it")
			c.finishSnapshot(2, 0)
			require.Equal(t, raft.Index(7), c.status(2).Commit)
		})
	}
}

func TestANodeThatWaitsToBeAddedTakesNoSnapshot(t *testing.T) {
	c := newGrowingCluster(t, 3, 1, nil)
	c.step(appendFrom(1, 4, 1, raft.AppendEntries{Entries: entries(0, 1, 1), Commit: 2}))
	require.Equal(t, raft.Index(2), c.status(4).Applied)
	require.False(t, c.snapshot(4), "nobody could tell who the members were")
}

func TestALogIsCompactedOnlyUpToWhatIsApplied(t *testing.T) {
	c := newCluster(t, 1)
	c.elect(1)
	c.propose(1, "a", "b", "c")
	c.settle(1)
	s := c.core(1).Snapshot([]byte{magic})
	require.Equal(t, raft.Index(4), s.Index)
	require.Equal(t, raft.Index(2), c.core(1).Compact(s, 2), "the last two stay")
	require.Len(t, c.log(1), 2)
	require.Equal(t, raft.Index(4), c.core(1).Compact(s, 0))
	require.Equal(t, raft.Index(4), c.core(1).Compact(&raft.Snapshot{Index: 1, Term: 1}, 0), "an older one changes nothing")
	require.PanicsWithValue(t, "raft: n1 was given a snapshot of entry 9, and has applied 4", func() {
		c.core(1).Compact(&raft.Snapshot{Index: 9, Term: 1}, 0)
	})
}
