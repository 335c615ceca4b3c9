package replica_test

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
	"raftsim/raft/snapshot"
	"raftsim/raft/wal"
)

// Raft paper §7.

func every(entries, keep int) func(*replica.Options) {
	return func(o *replica.Options) { o.SnapshotEvery, o.SnapshotKeep, o.SegmentBytes = entries, keep, 1 }
}

// puts has a leader commit as many puts to k, the last of which is of the value v.
func (n *node) puts(from, to uint64) {
	n.t.Helper()
	for seq := from; seq <= to; seq++ {
		n.request(seq, kv.Put, "k", "v")
		n.syncLog()
		n.acknowledge(2, n.Core().Status().LastIndex)
	}
}

// syncLog ends the syncs of the log until none is left, syncSnapshot those of snapshots.
func (n *node) syncLog()      { n.syncOf(false) }
func (n *node) syncSnapshot() { n.syncOf(true) }

func (n *node) syncOf(snapshots bool) {
	for n.endOf(snapshots, nil) {
	}
}

// endOf ends the oldest sync, of a snapshot or of the log, if there is one.
func (n *node) endOf(snapshots bool, err error) bool {
	i := slices.IndexFunc(n.disk.flying, func(f flight) bool { return f.ticket >= snapshot.FirstTicket == snapshots })
	if i >= 0 {
		n.Synced(n.disk.end(i), err)
	}
	return i >= 0
}

// again is the node after a crash that left this disk.
func (n *node) again(d *disk) *node {
	n.t.Helper()
	next := env(n.t, d, n.opts)
	next.now = n.now + 1000*ms
	return next.boot()
}

func name(digits string) string { return strings.Repeat("0", 20-len(digits)) + digits + ".snap" }

func TestASnapshotIsTakenAfterSoManyEntriesAndTheLogCutOnceItIsDurable(t *testing.T) {
	n := startLeader(t, every(5, 2))
	n.puts(1, 3)
	require.Empty(t, n.disk.snapshots(), "entry 4 is applied")
	n.puts(4, 4)
	require.Equal(t, []string{name("5") + ".tmp"}, n.disk.snapshots())
	require.Zero(t, n.Core().Status().Base, "nothing is dropped before it is durable")
	bytes := n.disk.logBytes()

	n.endOf(true, nil)
	require.Equal(t, []string{name("5")}, n.disk.snapshots())
	require.Zero(t, n.Core().Status().Base)
	require.Equal(t, bytes, n.disk.logBytes(), "its name may still be lost")
	n.endOf(true, nil)
	require.Equal(t, raft.Index(3), n.Core().Status().Base, "two entries are kept")
	require.Equal(t, raft.Index(5), n.LatestSnapshot())
	require.Contains(t, n.lines, "Node n1 has a snapshot of entry 5")
	require.Greater(t, n.disk.logBytes(), bytes)
	n.syncLog()
	require.Less(t, n.disk.logBytes(), bytes, "files that nobody needs are removed")

	n.puts(5, 9)
	n.sync()
	require.Equal(t, []string{name("10")}, n.disk.snapshots())
	require.Equal(t, raft.Index(8), n.Core().Status().Base)

	again := n.reboot()
	require.Equal(t, raft.Index(10), again.Core().Status().Applied, "what the snapshot stands for is committed")
	require.Equal(t, "v", again.Store().Get("k"))
	require.Equal(t, n.Store().Bytes(), again.Store().Bytes())
	require.Equal(t, raft.Index(10), again.LatestSnapshot())
	require.Empty(t, again.disk.flying, "there is nothing to be mended")
	require.ErrorContains(t, again.Compact(), "nothing was applied since the last snapshot")
}

func TestWithoutAPolicyNoSnapshotIsTakenUnlessAskedFor(t *testing.T) {
	n := startLeader(t, every(0, 0))
	n.puts(1, 20)
	require.Empty(t, n.disk.snapshots())
	require.NoError(t, n.Compact())
	require.ErrorContains(t, n.Compact(), "nothing was applied since the last snapshot")
	n.puts(21, 21)
	require.ErrorContains(t, n.Compact(), "a snapshot is being written already")
	n.sync()
	require.Equal(t, raft.Index(21), n.Core().Status().Base)
	require.NoError(t, n.Compact())
	n.sync()
	require.Equal(t, raft.Index(22), n.Core().Status().Base)
	again := n.reboot()
	require.Equal(t, raft.Index(22), again.Core().Status().Applied)
	require.ErrorContains(t, again.Compact(), "nothing was applied since the last snapshot")
}

func TestAFollowerTakesSnapshotsOfItsOwn(t *testing.T) {
	n := startFollower(t, every(3, 0))
	for i := raft.Index(2); i <= 3; i++ {
		n.learn(i, "v")
	}
	n.sync()
	require.Equal(t, raft.Index(3), n.Core().Status().Base)
	require.Equal(t, raft.Index(3), n.reboot().Core().Status().Applied)
}

func TestANewSnapshotIsNotBegunWhileOneIsBeingWritten(t *testing.T) {
	n := startLeader(t, every(5, 0))
	n.puts(1, 4)
	n.puts(5, 13)
	require.Equal(t, []string{name("5") + ".tmp"}, n.disk.snapshots(), "however slow the disk is")
	n.syncSnapshot()
	require.Equal(t, []string{name("14")}, n.disk.snapshots(), "the next is of what is applied by then")
	n.sync()
	require.Equal(t, raft.Index(14), n.Core().Status().Base)
}

// A snapshot of a term that the log does not know yet would be taken, after a crash, for proof that the log lost it.
func TestNoSnapshotIsWrittenBeforeTheLogKnowsItsTerm(t *testing.T) {
	n := startFollower(t, every(2, 0))
	n.heartbeat(3, 2, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Commit: 2,
		Entries: []raft.Entry{command(2, 2, put(9, 1, "k", "v"))}})
	require.Equal(t, raft.Index(2), n.Core().Status().Applied, "a leader says so, though here it is not durable")
	require.Empty(t, n.disk.snapshots())
	require.ErrorContains(t, n.Compact(), "the log is not on the disk yet")
	n.syncLog()
	require.Equal(t, []string{name("2") + ".tmp"}, n.disk.snapshots())

	n = startFollower(t, every(0, 0))
	n.learn(2, "v")
	n.ship(3, 2, sent(t, 9, 2, "new"), 1000)
	require.Empty(t, n.disk.snapshots(), "nor a leader's")
	require.ErrorContains(t, n.Compact(), "a snapshot is being written already", "it waits")
	n.sync()
	require.Equal(t, []string{name("9")}, n.disk.snapshots())
	require.Equal(t, "new", n.Store().Get("k"))
}

func TestAFailedSyncOfASnapshotEndsTheNode(t *testing.T) {
	for what, fail := range map[string]func(n *node){
		"its bytes":       func(n *node) { n.endOf(true, errDisk) },
		"its name":        func(n *node) { n.endOf(true, nil); n.endOf(true, errDisk) },
		"a rename":        func(n *node) { n.disk.failing = "rename"; n.endOf(true, nil) },
		"a removal":       func(n *node) { n.syncSnapshot(); n.disk.failing = "remove"; n.syncLog() },
		"the log's write": func(n *node) { n.endOf(true, nil); n.disk.failing = "create"; n.endOf(true, nil) },
	} {
		t.Run(what, func(t *testing.T) {
			n := startLeader(t, every(2, 0))
			n.puts(1, 1)
			n.forget()
			n.now += ms
			fail(n)
			require.ErrorIs(t, n.halted, errDisk)
			require.Empty(t, n.sent)
			require.Empty(t, n.calls)
		})
	}
	n := startLeader(t, every(2, 0))
	n.request(1, kv.Put, "k", "v")
	n.syncLog()
	n.forget()
	n.disk.failing = "create"
	n.acknowledge(2, 2)
	require.ErrorIs(t, n.halted, errDisk)
	require.Empty(t, n.calls)
}

// A server hands over many events as one; the first of them may end the node.
func TestWhatComesTogetherWithTheEndComesToNothing(t *testing.T) {
	n := startLeader(t, nil)
	n.request(1, kv.Put, "k", "v")
	n.forget()
	n.Together(func() {
		n.endSync(errDisk)
		n.Synced(77, nil)
		n.acknowledge(2, 2)
		n.receive(3, voteRequest(2))
		n.request(2, kv.Get, "k", "")
	})
	require.ErrorIs(t, n.halted, errDisk)
	require.Empty(t, n.sent)
	require.Empty(t, n.answers)
	require.Empty(t, n.calls)
}

// sent is a snapshot as its leader has it.
func sent(t *testing.T, index raft.Index, term raft.Term, value string) *raft.Snapshot {
	t.Helper()
	store := kv.NewStore()
	q := put(9, 1, "k", value)
	_, err := store.Apply(index, kv.Encode(nil, &q, 0))
	require.NoError(t, err)
	config, err := raft.NewConfiguration([]raft.NodeID{1, 2, 3})
	require.NoError(t, err)
	return &raft.Snapshot{Index: index, Term: term, Configuration: config, Data: store.Snapshot()}
}

// ship has a leader send a snapshot in chunks of so many bytes.
func (n *node) ship(from raft.NodeID, term raft.Term, s *raft.Snapshot, chunk int) {
	for at := 0; at < len(s.Data); at += chunk {
		n.receive(from, raft.Message{Kind: raft.MsgInstallSnapshot, Term: term, Install: raft.InstallSnapshot{
			Index: s.Index, Term: s.Term, Configuration: &s.Configuration, Size: uint64(len(s.Data)), Sum: raft.Checksum(s.Data),
			Offset: uint64(at), Data: s.Data[at:min(at+chunk, len(s.Data))],
		}})
	}
}

func TestALeadersSnapshotTakesThePlaceOfStateAndLog(t *testing.T) {
	n := startFollower(t, every(0, 0))
	n.learn(2, "old")
	n.forget()
	n.ship(2, 1, sent(t, 9, 1, "new"), 3)
	require.Equal(t, []string{name("9") + ".tmp"}, n.disk.snapshots())
	for _, m := range n.took(raft.MsgInstallReply) {
		require.False(t, m.InstallReply.Done)
	}
	n.endOf(true, nil)
	require.Equal(t, "old", n.Store().Get("k"), "it takes effect once it is durable")
	require.Empty(t, n.sent)
	n.endOf(true, nil)
	require.Equal(t, "new", n.Store().Get("k"))
	replies := n.took(raft.MsgInstallReply)
	require.Len(t, replies, 1)
	require.True(t, replies[0].InstallReply.Done)
	require.Contains(t, n.lines, "Node n1 has a snapshot of entry 9")
	require.Contains(t, n.lines, "Node n1 installs a snapshot of entry 9")
	status := n.Core().Status()
	require.Equal(t, []raft.Index{9, 9, 9, 9}, []raft.Index{status.Base, status.LastIndex, status.Commit, status.Applied})

	// A crash now finds the log as it was, and the snapshot.
	again := n.again(n.disk.lost())
	require.Equal(t, "new", again.Store().Get("k"))
	require.Equal(t, raft.Index(9), again.Core().Status().LastIndex)

	n.learn(10, "newer")
	again = n.reboot()
	require.Equal(t, raft.Index(10), again.Core().Status().LastIndex)
	require.Equal(t, raft.Index(9), again.Core().Status().Applied)
	again.heartbeat(2, 1, raft.AppendEntries{PrevIndex: 10, PrevTerm: 1, Commit: 10})
	require.Equal(t, "newer", again.Store().Get("k"))
}

// A crash may come at any time between the first chunk and the log's own word for it. Whatever is left holds either all
// that was before or the snapshot, and goes on.
func TestACrashWhileASnapshotIsInstalledLosesNothing(t *testing.T) {
	for _, lose := range []bool{false, true} {
		installed := 0
		for steps := 0; ; steps++ {
			n := startFollower(t, every(0, 0))
			n.learn(2, "old")
			n.ship(2, 1, sent(t, 9, 1, "new"), 1000)
			left := steps
			for ; left > 0 && len(n.disk.flying) > 0; left-- {
				n.endSync(nil)
			}
			d := n.disk.copy()
			if lose {
				d = n.disk.lost()
			}
			again := n.again(d)
			again.sync()
			if again.Store().Get("k") == "new" {
				installed++
				require.Equal(t, raft.Index(9), again.Core().Status().Applied)
				require.Equal(t, raft.Index(9), again.Core().Status().LastIndex)
			} else {
				require.False(t, slices.ContainsFunc(n.sent, func(m *raft.Message) bool { return m.InstallReply.Done }))
				require.Equal(t, raft.Index(2), again.Core().Status().LastIndex)
				require.Empty(t, again.disk.snapshots(), "what is unfinished is removed")
				again.ship(2, 1, sent(t, 9, 1, "new"), 1000)
				again.sync()
				require.Equal(t, "new", again.Store().Get("k"))
			}
			if left > 0 {
				break
			}
		}
		require.GreaterOrEqual(t, installed, 2)
	}
}

func TestASnapshotWhoseEntryTheLogHoldsCommitsItAndKeepsWhatFollows(t *testing.T) {
	n := startFollower(t, every(0, 0))
	n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Commit: 1,
		Entries: []raft.Entry{command(2, 1, put(9, 1, "k", "new")), command(3, 1, put(9, 2, "k", "newer"))}})
	n.sync()
	n.ship(2, 1, sent(t, 2, 1, "new"), 1000)
	n.sync()
	status := n.Core().Status()
	require.Equal(t, []raft.Index{2, 3, 2}, []raft.Index{status.Base, status.LastIndex, status.Applied})
	require.Equal(t, "new", n.Store().Get("k"))
	require.NotContains(t, n.lines, "Node n1 installs a snapshot of entry 2")
	n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: 3, PrevTerm: 1, Commit: 3})
	require.Equal(t, "newer", n.Store().Get("k"))
	require.Equal(t, raft.Index(3), n.reboot().Core().Status().LastIndex)
}

func TestASnapshotThatTheLogOvertakesChangesNothing(t *testing.T) {
	n := startFollower(t, every(0, 0))
	n.ship(2, 1, sent(t, 3, 1, "3"), 1000)
	for i := raft.Index(2); i <= 5; i++ {
		n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: i - 1, PrevTerm: 1, Commit: i,
			Entries: []raft.Entry{command(i, 1, put(9, uint64(i), "k", i2s(i)))}})
		n.syncLog()
	}
	require.Equal(t, "5", n.Store().Get("k"))
	n.syncSnapshot()
	require.Equal(t, "5", n.Store().Get("k"))
	status := n.Core().Status()
	require.Equal(t, []raft.Index{3, 5, 5}, []raft.Index{status.Base, status.LastIndex, status.Applied}, "but it spares the log its beginning")

	n.ship(2, 1, sent(t, 9, 1, "9"), 1000)
	n.sync()
	require.Equal(t, "9", n.Store().Get("k"), "and the next is not kept waiting for it")
}

func i2s(i raft.Index) string { return string(rune('0' + i)) }

// One of the node's own is being written when a leader's arrives.
func TestALeadersSnapshotWaitsForOneThatIsBeingWritten(t *testing.T) {
	n := startFollower(t, every(3, 0))
	n.learnIn(2, 1)
	n.learnIn(3, 1)
	require.Equal(t, []string{name("3") + ".tmp"}, n.disk.snapshots())
	n.ship(3, 2, sent(t, 9, 2, "new"), 1000)
	require.Equal(t, []string{name("3") + ".tmp"}, n.disk.snapshots())
	n.sync()
	require.Equal(t, []string{name("9")}, n.disk.snapshots())
	require.Equal(t, "new", n.Store().Get("k"))
	require.Equal(t, raft.Index(9), n.Core().Status().Base)
	require.Equal(t, raft.Term(2), n.reboot().Core().Status().LastTerm)

	n.learnIn(10, 2)
	n.learnIn(11, 2)
	require.Len(t, n.disk.snapshots(), 1, "the policy counts from there")
	n.learnIn(12, 2)
	n.sync()
	require.Equal(t, []string{name("12")}, n.disk.snapshots())
}

// learnIn has n3 send entry i of its term as committed, and leaves snapshots in flight.
func (n *node) learnIn(i raft.Index, term raft.Term) {
	n.heartbeat(3, term, raft.AppendEntries{PrevIndex: i - 1, PrevTerm: n.Core().Status().LastTerm, Commit: i,
		Entries: []raft.Entry{command(i, term, put(9, uint64(i), "k", "v"))}})
	n.syncLog()
}

// The term may move on while the disk is at it: the snapshot is as good as before, and whoever leads is told.
func TestASnapshotTakesEffectThoughTheTermMovedOn(t *testing.T) {
	n := startFollower(t, every(0, 0))
	n.ship(2, 1, sent(t, 9, 1, "new"), 1000)
	n.forget()
	n.heartbeat(3, 2, raft.AppendEntries{})
	n.sync()
	require.Equal(t, "new", n.Store().Get("k"))
	replies := n.took(raft.MsgInstallReply)
	require.Len(t, replies, 1)
	require.Equal(t, raft.NodeID(3), replies[0].To)
	require.Equal(t, raft.Term(2), replies[0].Term)
	require.Equal(t, raft.HardState{Term: 2}, n.reboot().Core().Status().DurableHard)
}

// A conflicting log, uncommitted, gives way; what is still being written of it does not come back.
func TestALogThatContradictsTheSnapshotIsGoneForGood(t *testing.T) {
	n := startFollower(t, every(0, 0))
	n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Commit: 1, Entries: []raft.Entry{noop(2, 1), noop(3, 1)}})
	n.syncLog()
	n.ship(3, 2, sent(t, 2, 2, "new"), 1000)
	n.syncLog()
	n.endOf(true, nil)
	n.heartbeat(3, 2, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Commit: 1})
	n.endOf(true, nil)
	status := n.Core().Status()
	require.Equal(t, []raft.Index{2, 2, 2}, []raft.Index{status.Base, status.LastIndex, status.Applied})
	require.Equal(t, raft.Term(2), status.LastTerm)
	for _, d := range []*disk{n.disk.lost(), n.disk.copy()} {
		require.Equal(t, raft.Index(2), n.again(d).Core().Status().LastIndex)
	}
	n.sync()
	n.learnIn(3, 2)
	again := n.reboot()
	require.Equal(t, raft.Index(3), again.Core().Status().LastIndex)
	require.Equal(t, raft.Term(2), again.Core().Status().LastTerm)
}

func TestReadsThatWaitAreServedFromASnapshot(t *testing.T) {
	n := startFollower(t, func(o *replica.Options) { every(0, 0)(o); readIndex(o) })
	n.request(1, kv.Get, "k", "")
	n.confirm(n.asked(), 9)
	require.Empty(t, n.answered())
	n.ship(2, 1, sent(t, 9, 1, "new"), 1000)
	n.sync()
	require.Equal(t, []answer{says(1, kv.OK, 2, kv.Result{Value: "new"})}, n.answered())
}

func TestASnapshotThatTheStateMachineCannotUseEndsTheNode(t *testing.T) {
	n := startFollower(t, every(0, 0))
	s := sent(t, 9, 1, "new")
	s.Data = []byte("?")
	n.ship(2, 1, s, 1000)
	n.forget()
	n.sync()
	require.ErrorContains(t, n.halted, "the snapshot of entry 9, sent by the leader, cannot be used")
	require.Empty(t, n.sent)
	_, err := replica.New(n.opts)(1, env(t, n.disk.copy(), n.opts))
	require.ErrorContains(t, err, "the snapshot of entry 9 cannot be used: wipe this node and add it to the cluster anew")
}

func TestADamagedSnapshotRefusesToBoot(t *testing.T) {
	n := startLeader(t, every(2, 0))
	n.puts(1, 1)
	n.sync()
	d := n.disk.copy()
	f, err := d.find(name("2"))
	require.NoError(t, err)
	f.data[len(f.data)-1] ^= 1
	_, err = replica.New(n.opts)(1, env(t, d, n.opts))
	var damage *snapshot.DamagedError
	require.ErrorAs(t, err, &damage)
	require.Equal(t, name("2"), damage.File)

	d = n.disk.copy()
	require.NoError(t, d.Remove(name("2")))
	_, err = replica.New(n.opts)(1, env(t, d, n.opts))
	var gone *wal.CorruptError
	require.ErrorAs(t, err, &gone)
	require.ErrorContains(t, err, "the log begins after entry 2, and the newest snapshot there is stands for the entries up to 0 only")
}

// A crash between a snapshot and the log's compaction leaves a log that is longer than it need be. The next boot cuts it.
func TestABootCompactsTheLogThatACrashLeft(t *testing.T) {
	n := startLeader(t, every(4, 1))
	n.puts(1, 3)
	n.endOf(true, nil)
	d := n.disk.copy() // the snapshot has its name, and nobody has been told
	again := n.again(d)
	require.Equal(t, raft.Index(3), again.Core().Status().Base)
	require.Equal(t, raft.Index(4), again.Core().Status().Applied)
	bytes := d.logBytes()
	again.sync()
	require.Less(t, d.logBytes(), bytes)
	require.Empty(t, again.reboot().disk.flying, "and that is that")
}

func TestAWipedNodeComesBackAsAnother(t *testing.T) {
	n := startFollower(t, every(2, 0))
	n.learn(2, "v")
	n.sync()

	blank := env(t, &disk{}, with(func(o *replica.Options) { o.Voters, o.SnapshotEvery, o.SegmentBytes = nil, 2, 1 }))
	blank.draws = map[string]uint64{"incarnation": 40}
	blank.boot()
	require.Equal(t, raft.Incarnation(42), blank.Core().Incarnation())
	require.Equal(t, raft.Never, blank.timers[replica.TimerElection], "it is nobody's voter")
	blank.sync()

	// Until it hears of a configuration there is nothing it could take a snapshot with.
	blank.heartbeat(2, 1, raft.AppendEntries{Commit: 2, Entries: []raft.Entry{noop(1, 1), command(2, 1, put(9, 1, "k", "v"))}})
	blank.sync()
	require.Equal(t, raft.Index(2), blank.Core().Status().Applied)
	require.Empty(t, blank.disk.snapshots())

	blank.ship(2, 1, sent(t, 9, 1, "new"), 1000)
	blank.sync()
	require.Equal(t, "new", blank.Store().Get("k"))

	// Whatever it is started with, the disk says what it is.
	for _, voters := range [][]raft.NodeID{nil, {1, 2, 3}, {2, 3}} {
		next := env(t, blank.disk.copy(), with(func(o *replica.Options) { o.Voters = voters }))
		next.draws = map[string]uint64{"incarnation": 77}
		next.boot()
		require.Equal(t, raft.Incarnation(42), next.Core().Incarnation())
		require.Equal(t, "new", next.Store().Get("k"))
		require.Equal(t, raft.Never, next.timers[replica.TimerElection], "the voter n1 of the configuration is another")
	}
}

func TestANodeWithoutAConfigurationHasNoSnapshotToTake(t *testing.T) {
	n := env(t, &disk{}, with(func(o *replica.Options) { o.Voters = nil })).boot()
	n.sync()
	n.heartbeat(2, 1, raft.AppendEntries{Commit: 1, Entries: []raft.Entry{noop(1, 1)}})
	n.sync()
	require.ErrorContains(t, n.Compact(), "this node has yet to hear of being added to the cluster")
}

// A leader ships what it has compacted away.
func TestALeaderSendsItsSnapshotToWhoIsBehindItsLog(t *testing.T) {
	n := startLeader(t, func(o *replica.Options) { every(5, 0)(o); o.MaxChunkBytes = 16 })
	n.puts(1, 9)
	n.sync()
	n.forget()
	n.Timer(replica.TimerHeartbeat)
	beat := n.took(raft.MsgAppendEntries)
	n.receive(3, raft.Message{Kind: raft.MsgAppendReply, AppendReply: raft.AppendReply{PrevIndex: beat[len(beat)-1].Append.PrevIndex}})
	chunks := n.took(raft.MsgInstallSnapshot)
	require.NotEmpty(t, chunks)
	follower := startFollower(t, every(0, 0))
	for _, m := range chunks {
		require.Equal(t, raft.NodeID(3), m.To)
		follower.receive(2, raft.Message{Kind: m.Kind, Term: 1, Install: m.Install})
	}
	follower.sync()
	require.Equal(t, n.Store().Bytes(), follower.Store().Bytes())
}

// What the log no longer holds is nobody's: memory does not grow with the commands there ever were.
func TestMemoryDoesNotGrowWithTheLog(t *testing.T) {
	n := startLeader(t, func(o *replica.Options) { every(100, 10)(o); o.SegmentBytes = 1 << 16 })
	n.logging, n.discard = false, true
	value := strings.Repeat("v", 1<<10)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	life := func(from, to uint64) {
		for seq := from; seq <= to; seq++ {
			n.request(seq, kv.Put, "k", value)
			n.sync()
			n.receive(2, raft.Message{Kind: raft.MsgAppendReply, AppendReply: raft.AppendReply{Success: true, Match: n.Core().Status().LastIndex}})
			n.answers = n.answers[:0]
		}
	}
	life(1, 2000)
	before := heap()
	life(2001, 12000)
	n.sync()
	require.Less(t, heap(), before+2<<20, "of ten megabytes")
	require.Less(t, n.disk.logBytes(), 1<<20)
	runtime.KeepAlive(n)
}
