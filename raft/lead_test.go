package raft_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// Figure 2, leaders (§5.2): on election, and then whenever the heartbeat is due, everyone hears of it.
func TestALeaderMakesItselfHeard(t *testing.T) {
	c := newCluster(t, 3)
	c.timeout(1)
	c.persist(1)
	c.deliver(filter{to: 2})
	c.persist(2)
	c.take(filter{to: 3})
	c.now = time.Second
	c.deliver(filter{to: 1})
	require.Equal(t, raft.Leader, c.core(1).Role())
	for _, to := range []raft.NodeID{2, 3} {
		m := c.one(filter{to: to})
		require.Equal(t, raft.MsgAppendEntries, m.Kind, "at once")
		require.Equal(t, raft.Term(1), m.Term)
	}
	_, beat := c.core(1).Deadlines()
	require.Equal(t, time.Second+heartbeat, beat)

	c.settle(c.all()...)
	c.now = beat
	c.beat(1)
	for _, to := range []raft.NodeID{2, 3} {
		require.Equal(t, raft.MsgAppendEntries, c.one(filter{to: to}).Kind)
	}
	_, beat = c.core(1).Deadlines()
	require.Equal(t, c.now+heartbeat, beat)
}

// §8: the first entry of a term is the leader's own and empty, to commit by it what came before.
func TestATermStartsWithANoop(t *testing.T) {
	c := newClusterOf(t, disk(raft.HardState{Term: 1}, 1, 1), disk(raft.HardState{Term: 1}, 1, 1), raft.Restored{})
	c.elect(1)
	log := c.log(1)
	require.Equal(t, raft.Entry{Index: 3, Term: 2, Kind: raft.EntryNoop}, log[2])
	require.Equal(t, raft.Index(3), c.status(1).Commit)
	require.Len(t, c.nodes[1].applied, 3)
}

func TestOnlyALeaderTakesProposals(t *testing.T) {
	c := newCluster(t, 3)
	_, _, err := c.core(1).Propose([]byte("a"))
	require.ErrorIs(t, err, raft.ErrNotLeader)
	c.timeout(1)
	_, _, err = c.core(1).Propose([]byte("a"))
	require.ErrorIs(t, err, raft.ErrNotLeader, "a candidate is none")
	require.Zero(t, c.status(1).LastIndex)

	c.elect(1)
	index, term, err := c.core(1).Propose([]byte("a"))
	require.NoError(t, err)
	require.Equal(t, raft.Index(2), index)
	require.Equal(t, raft.Term(2), term)
	_, _, err = c.core(2).Propose([]byte("a"))
	require.ErrorIs(t, err, raft.ErrNotLeader)
}

// Figure 2, leaders (§5.3): an entry is committed, and applied, once a majority has it.
func TestAnEntryIsCommittedOnceAMajorityHasIt(t *testing.T) {
	c := newCluster(t, 5)
	c.elect(1)
	c.propose(1, "a")
	c.persist(1)
	c.deliver(filter{to: 2})
	c.persist(2)
	c.deliver(filter{to: 1})
	require.Equal(t, raft.Index(1), c.status(1).Commit, "two of five")
	require.Empty(t, c.commands(1))
	c.deliver(filter{to: 3})
	c.persist(3)
	c.deliver(filter{to: 1})
	require.Equal(t, raft.Index(2), c.status(1).Commit, "three of five")
	require.Equal(t, "a", c.commands(1))

	require.Empty(t, c.commands(2))
	c.beat(1)
	c.settle(c.all()...)
	for _, id := range c.all() {
		require.Equal(t, "a", c.commands(id), "%v learns of it with the next message", id)
	}
}

// Dissertation §10.2.1: a leader sends before it has written, so that it counts itself like any other: when
// its own disk has the entry.
func TestALeaderCountsItselfWhenItsDiskHasTheEntry(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.propose(1, "a")
	require.Len(t, c.take(filter{to: 3}), 1, "sent, and lost, before it is written")
	c.deliver(filter{to: 2})
	c.persist(2)
	c.deliver(filter{to: 1})
	require.Equal(t, raft.Index(1), c.status(1).Commit, "n2 alone has it")
	c.persist(1)
	require.Equal(t, raft.Index(2), c.status(1).Commit)

	c.propose(1, "b")
	c.deliver(filter{})
	c.persist(2)
	c.persist(3) // which lacks entry 2 still
	c.beat(1)
	for range 3 {
		c.deliver(filter{})
		c.persist(2)
		c.persist(3)
	}
	require.Equal(t, raft.Index(3), c.status(1).Commit, "a majority without the leader is one too")
	require.Equal(t, raft.Index(2), c.status(1).DurableIndex)

	c = newCluster(t, 1)
	c.elect(1)
	c.propose(1, "a")
	c.propose(1, "b")
	c.persistFirst(1, 1)
	require.Equal(t, "a", c.commands(1), "what the disk has, not what it was asked for since")
}

// An acknowledgement of an earlier term is about another log.
func TestAcknowledgementsOfAnEarlierTermDoNotCount(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.step(voteRequest(3, 1, 2, 0, 0))
	c.elect(1)
	c.propose(1, "a")
	c.persist(1)
	c.take(filter{})
	ack := raft.Message{Kind: raft.MsgAppendReply, From: 2, To: 1, Term: 1, AppendReply: raft.AppendReply{Success: true, PrevIndex: 2, Match: 3}}
	c.step(&ack)
	require.Equal(t, raft.Index(2), c.status(1).Commit)
	ack.Term = 3
	c.step(&ack)
	require.Equal(t, raft.Index(3), c.status(1).Commit)
}

func TestWhatALeaderAppendsHasChanged(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	require.Equal(t, raft.Index(1), c.core(1).TakeChanged())
	require.Zero(t, c.core(1).TakeChanged())
	c.propose(1, "a", "b")
	require.Equal(t, raft.Index(2), c.core(1).TakeChanged())
}

// A new leader counts of its log what is on its disk, not what it remembers.
func TestANewLeaderCountsOfItsLogWhatIsOnItsDisk(t *testing.T) {
	c := newClusterOf(t, disk(raft.HardState{Term: 1}), disk(raft.HardState{Term: 1}), disk(raft.HardState{Term: 1}))
	c.step(appendFrom(3, 1, 1, raft.AppendEntries{Entries: entries(0, 1, 1, 1)}))
	c.core(1).ElectionTimeout(0)
	c.act(1)
	c.persistFirst(1, 2) // the entries, and the vote
	c.take(filter{kind: raft.MsgAppendReply})
	c.step(voteReply(2, 1, 2, true))
	require.Equal(t, raft.Leader, c.core(1).Role())
	m := c.one(filter{to: 2, kind: raft.MsgAppendEntries})
	require.Equal(t, raft.Index(3), m.Append.PrevIndex)
	c.take(filter{})
	c.step(&raft.Message{Kind: raft.MsgAppendReply, From: 2, To: 1, Term: 2, AppendReply: raft.AppendReply{Success: true, PrevIndex: 3, Match: 4}})
	require.Zero(t, c.status(1).Commit, "its own entry of term 2 is still being written")
	c.persist(1)
	require.Equal(t, raft.Index(4), c.status(1).Commit)
}

// Figure 2, leaders (§5.3, §5.4.2) and Figure 8, played out: an entry of an earlier term on a majority is not
// committed by counting, because it can still be overwritten; with one of the current term behind it, it is.
func TestFigure8(t *testing.T) {
	// (a) S1 leads term 2; its entry 2 is on S1 and S2.
	before := func() *cluster {
		c := newClusterOf(t,
			disk(raft.HardState{Term: 2, Vote: 1}, 1, 2),
			disk(raft.HardState{Term: 2, Vote: 1}, 1, 2),
			disk(raft.HardState{Term: 2, Vote: 1}, 1),
			disk(raft.HardState{Term: 2}, 1),
			disk(raft.HardState{Term: 2}, 1))
		// (b) S1 is down. S5 is elected in term 3 by S3 and S4, and takes an entry that nobody else gets.
		c.crash(1)
		c.timeout(5)
		c.persist(5)
		c.deliver(filter{to: 3})
		c.deliver(filter{to: 4})
		c.persist(3)
		c.persist(4)
		c.deliver(filter{to: 5})
		require.Equal(t, raft.Leader, c.core(5).Role())
		c.persist(5)
		require.Equal(t, []raft.Term{1, 3}, termsOf(c.nodes[5].disk.Entries))
		c.take(filter{})
		// (c) S5 is down. S1 is elected in term 4, and brings its entry of term 2 to S3 too.
		c.crash(5)
		c.restart(1)
		c.timeout(1) // term 3: S2 alone could vote
		c.timeout(1)
		c.persist(1)
		c.deliver(filter{kind: raft.MsgRequestVote})
		c.persist(2)
		c.persist(3)
		c.deliver(filter{kind: raft.MsgVoteReply})
		require.Equal(t, raft.Leader, c.core(1).Role())
		require.Equal(t, raft.Term(4), c.status(1).Term)
		require.Equal(t, []raft.Term{1, 2, 4}, c.terms(1))
		c.deliver(filter{to: 3, kind: raft.MsgAppendEntries}) // does not fit: S3 lacks entry 2
		c.deliver(filter{from: 3, to: 1})
		m := c.one(filter{to: 3, kind: raft.MsgAppendEntries})
		require.Equal(t, raft.Index(1), m.Append.PrevIndex)
		m.Append.Entries = m.Append.Entries[:1] // the entry of term 4 gets no further
		c.step(m)
		m = c.one(filter{to: 2, kind: raft.MsgAppendEntries})
		m.Append.Entries = nil // nor to S2, which has the one of term 2
		c.step(m)
		for _, id := range []raft.NodeID{2, 3} {
			c.persist(id)
			ack := c.one(filter{from: id, to: 1})
			require.Equal(t, raft.Index(2), ack.AppendReply.Match)
			c.step(ack)
			require.Equal(t, []raft.Term{1, 2}, termsOf(c.nodes[id].disk.Entries))
		}
		c.take(filter{})
		return c
	}

	t.Run("(d) what a majority has of an earlier term is overwritten", func(t *testing.T) {
		c := before()
		require.Zero(t, c.status(1).Commit, "entry 2 of term 2 is on S1, S2 and S3, and not committed")
		c.crash(1)
		c.restart(5)
		c.timeout(5)
		c.timeout(5)
		c.elect(5, 2, 3, 4, 5)
		c.beat(5)
		c.settle(2, 3, 4, 5)
		for _, id := range []raft.NodeID{2, 3, 4, 5} {
			require.Equal(t, []raft.Term{1, 3, 6}, c.terms(id), "%v", id)
		}
	})
	t.Run("(e) an entry of the current term commits what lies before it", func(t *testing.T) {
		c := before()
		c.persist(1)
		c.beat(1)
		c.settle(1, 2, 3)
		require.Equal(t, raft.Index(3), c.status(1).Commit)
		c.crash(1)
		c.restart(5)
		for range 3 {
			c.timeout(5)
		}
		c.settle(2, 3, 4, 5)
		require.NotEqual(t, raft.Leader, c.core(5).Role(), "S5 cannot win any more")
		c.elect(2, 2, 3, 4, 5)
		c.beat(2)
		c.settle(2, 3, 4, 5)
		require.Equal(t, []raft.Term{1, 2, 4}, c.terms(5)[:3])
	})
}

// What is proposed between two Outputs leaves together, one message to each follower.
func TestProposalsAreBatched(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.propose(1, "a", "b", "c")
	for _, to := range []raft.NodeID{2, 3} {
		require.Len(t, c.one(filter{to: to}).Append.Entries, 3)
	}
	require.Len(t, c.nodes[1].writes, 1, "and is written together")
}

// Dissertation §10.2.1: entries follow each other without waiting for acknowledgements.
func TestReplicationIsPipelined(t *testing.T) {
	c := newCluster(t, 2)
	c.elect(1)
	for _, d := range []string{"a", "b", "c"} {
		c.propose(1, d)
	}
	ms := c.take(filter{to: 2})
	require.Len(t, ms, 3)
	for k, m := range ms {
		require.Equal(t, raft.Index(k+1), m.Append.PrevIndex)
		require.Len(t, m.Append.Entries, 1)
	}
}

// §5.3: lost messages are sent again for as long as it takes. A heartbeat finds out: it shows where the leader
// thinks that the logs agree.
func TestWhatWasLostIsSentAgain(t *testing.T) {
	lost := map[string]func(c *cluster){
		"entries":           func(c *cluster) { c.take(filter{from: 1}) },
		"the first of them": func(c *cluster) { c.net = c.net[1:] },
		"acknowledgements":  func(c *cluster) { c.deliver(filter{from: 1}); c.persist(2); c.take(filter{from: 2}) },
		"refusals as well": func(c *cluster) {
			c.take(filter{from: 1})
			c.beat(1)
			c.deliver(filter{from: 1})
			c.take(filter{from: 2})
		},
		"the probe thereupon": func(c *cluster) {
			c.take(filter{from: 1})
			c.beat(1)
			c.deliver(filter{from: 1})
			c.deliver(filter{from: 2})
			c.take(filter{from: 1})
		},
		"nothing, but in another order": func(c *cluster) {
			ms := c.take(filter{from: 1})
			for k := len(ms) - 1; k >= 0; k-- {
				c.step(ms[k])
			}
		},
		"nothing, but twice": func(c *cluster) {
			for _, m := range c.take(filter{from: 1}) {
				c.step(m)
				c.step(m)
			}
		},
	}
	for what, lose := range lost {
		for _, window := range []int{0, 3} { // unbounded as it were; full
			t.Run(fmt.Sprintf("%s, window %d", what, window), func(t *testing.T) {
				c := newTunedCluster(t, func(cfg *raft.Config) { cfg.MaxInflight = window }, make([]raft.Restored, 2)...)
				c.elect(1)
				c.propose(1, "a")
				c.propose(1, "b")
				c.propose(1, "c")
				lose(c)
				c.settle(1, 2)
				c.beat(1)
				c.settle(1, 2)
				require.Equal(t, c.log(1), c.log(2))
				require.Equal(t, "a b c", c.commands(1))
			})
		}
	}
}

// A follower that was away for long is probed by one message each heartbeat, not by all there is.
func TestAFollowerThatIsDownCostsOneMessageAHeartbeat(t *testing.T) {
	c := newCluster(t, 3)
	c.elect(1)
	c.take(filter{to: 3})
	c.crash(3)
	c.beat(1)
	c.settle(1, 2)
	for range 5 {
		c.propose(1, "a")
		c.settle(1, 2)
	}
	c.take(filter{})
	c.beat(1)
	require.Len(t, c.take(filter{to: 3}), 1)
	c.restart(3)
	c.beat(1)
	c.settle(1, 2, 3)
	require.Equal(t, c.log(1), c.log(3))
}

func TestMaxAppendBytesBoundsAMessage(t *testing.T) {
	entry := (&raft.Entry{Data: make([]byte, 100)}).Size()
	for _, r := range []struct{ limit, want int }{
		{1, 1}, // one always fits
		{entry, 1}, {2*entry - 1, 1}, {2 * entry, 2}, {3*entry + 1, 3}, {0, 10},
	} {
		t.Run(fmt.Sprint(r.limit), func(t *testing.T) {
			c := newTunedCluster(t, func(cfg *raft.Config) { cfg.MaxAppendBytes = r.limit }, make([]raft.Restored, 2)...)
			c.elect(1)
			for range 10 {
				_, _, err := c.core(1).Propose(make([]byte, 100))
				require.NoError(t, err)
			}
			c.act(1)
			next := raft.Index(2)
			for _, m := range c.take(filter{to: 2}) {
				require.Len(t, m.Append.Entries, min(r.want, int(12-next)))
				require.Equal(t, next, m.Append.Entries[0].Index)
				next += raft.Index(len(m.Append.Entries))
				require.LessOrEqual(t, m.Size()-(&raft.Message{}).Size(), max(r.limit, entry*r.want))
			}
			require.Equal(t, raft.Index(12), next)
		})
	}
}

// Answers that come twice, late or out of order move nothing back.
func TestLateAnswersMoveNothingBack(t *testing.T) {
	c := newCluster(t, 2)
	c.elect(1)
	c.propose(1, "a")
	c.propose(1, "b")
	ms := c.take(filter{to: 2})
	c.step(ms[1]) // overtakes the first: refused
	refused := c.one(filter{from: 2})
	require.False(t, refused.AppendReply.Success)
	c.step(ms[0])
	c.step(ms[1])
	c.persist(1)
	c.persist(2)
	acks := c.take(filter{from: 2})
	for _, m := range append(acks, refused, acks[0], refused) {
		c.step(m)
	}
	require.Equal(t, raft.Index(3), c.status(1).Commit)
	require.Empty(t, c.take(filter{kind: raft.MsgAppendEntries}), "nothing is sent again")
}

func TestNoMoreThanTheWindowIsOnItsWay(t *testing.T) {
	for _, window := range []raft.Config{{MaxInflight: 1}, {MaxInflight: 7}, {MaxInflightBytes: 1}, {MaxInflightBytes: 1000}} {
		t.Run(fmt.Sprintf("%d messages, %d bytes", window.MaxInflight, window.MaxInflightBytes), func(t *testing.T) {
			c := newTunedCluster(t, func(cfg *raft.Config) {
				cfg.MaxInflight, cfg.MaxInflightBytes, cfg.MaxAppendBytes = window.MaxInflight, window.MaxInflightBytes, 100
			}, make([]raft.Restored, 2)...)
			c.elect(1)
			for range 500 {
				c.propose(1, "a")
			}
			for acked := raft.Index(1); acked < 501; {
				messages, bytes, last := 0, 0, 0
				for _, m := range c.take(filter{from: 1, kind: raft.MsgAppendEntries}) {
					messages++
					last = 0
					for _, e := range m.Append.Entries {
						last += e.Size()
					}
					bytes += last
					c.step(m)
				}
				require.Positive(t, messages, "something is always on its way")
				if window.MaxInflight > 0 {
					require.LessOrEqual(t, messages, window.MaxInflight)
				} else {
					require.Less(t, bytes-last, window.MaxInflightBytes, "one message more than fits, at most")
				}
				c.persist(2)
				acked = c.status(2).DurableIndex
				c.deliver(filter{to: 1})
			}
		})
	}
}

// What waits to be committed is bounded: the client is told, instead of the leader running out of memory.
func TestALeaderRefusesWhatItCannotHoldUncommitted(t *testing.T) {
	c := newTunedCluster(t, func(cfg *raft.Config) { cfg.MaxUncommittedBytes = 200 }, make([]raft.Restored, 3)...)
	c.elect(1)
	taken := 0
	for ; taken < 100; taken++ {
		if _, _, err := c.core(1).Propose(make([]byte, 26)); err != nil {
			require.ErrorIs(t, err, raft.ErrBacklog)
			break
		}
	}
	require.Equal(t, 4, taken, "50 bytes each")
	require.Equal(t, raft.Index(1+4), c.status(1).LastIndex, "and nothing was done about the fifth")
	c.act(1)
	c.settle(c.all()...)
	_, _, err := c.core(1).Propose(make([]byte, 1000))
	require.NoError(t, err, "once all is committed there is room, for one entry of any size")
	_, _, err = c.core(1).Propose(nil)
	require.ErrorIs(t, err, raft.ErrBacklog)
}

// What a new leader inherits uncommitted counts as well.
func TestALeaderCountsWhatItInherits(t *testing.T) {
	had := disk(raft.HardState{Term: 1}, times(8, 1)...)
	c := newTunedCluster(t, func(cfg *raft.Config) { cfg.MaxUncommittedBytes = 200 }, had, had, had)
	c.timeout(1)
	c.persist(1)
	c.deliver(filter{})
	c.persist(2)
	c.deliver(filter{kind: raft.MsgVoteReply})
	require.Equal(t, raft.Leader, c.core(1).Role())
	_, _, err := c.core(1).Propose(nil)
	require.ErrorIs(t, err, raft.ErrBacklog, "eight entries of 24 bytes, and the no-op")
	c.settle(c.all()...)
	c.propose(1, "a")
}
