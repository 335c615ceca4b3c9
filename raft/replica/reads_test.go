package replica_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
)

// Raft dissertation §6.4: reads without the log.

func readIndex(o *replica.Options) { o.ReadIndex = true }

// asked takes the one ReadIndex that was sent, and returns its name.
func (n *node) asked() uint64 {
	n.t.Helper()
	sent := n.took(raft.MsgReadIndex)
	require.Len(n.t, sent, 1)
	require.Equal(n.t, raft.NodeID(2), sent[0].To)
	return sent[0].Read.ID
}

// confirm has n2 answer the read of that name.
func (n *node) confirm(id uint64, index raft.Index) {
	n.receive(2, raft.Message{Kind: raft.MsgReadIndexReply, Read: raft.ReadIndex{ID: id, Index: index}})
}

// learn has n2 send entry i, a put to k, as committed.
func (n *node) learn(i raft.Index, value string) {
	n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: i - 1, PrevTerm: 1, Commit: i,
		Entries: []raft.Entry{command(i, 1, put(9, uint64(i), "k", value))}})
	n.sync()
}

func TestALeaderServesAReadOnceAMajorityHasConfirmedIt(t *testing.T) {
	n := startLeader(t, readIndex)
	n.request(1, kv.Put, "k", "v")
	n.sync()
	n.acknowledge(2, 2)
	n.forget()
	n.request(2, kv.Get, "k", "")
	require.Empty(t, n.answered())
	require.Equal(t, raft.Index(2), n.Core().Status().LastIndex, "nothing was proposed")
	require.Len(t, n.sent, 2)
	n.receive(3, raft.Message{Kind: raft.MsgAppendReply, AppendReply: raft.AppendReply{Success: true, Match: 2}})
	require.Empty(t, n.answered(), "that answered what was sent before")
	n.acknowledge(3, 2)
	require.Equal(t, []answer{says(2, kv.OK, 1, kv.Result{Value: "v"})}, n.answered())
	n.acknowledge(2, 2)
	require.Empty(t, n.answered())
}

func TestANewLeaderServesNoReadBeforeAnEntryOfItsTermIsCommitted(t *testing.T) {
	n := start(t, readIndex)
	n.elect()
	n.request(1, kv.Get, "k", "")
	n.acknowledge(2, 0)
	n.acknowledge(3, 0)
	require.Empty(t, n.answered())
	n.sync()
	n.acknowledge(3, 1)
	require.Equal(t, []answer{says(1, kv.OK, 1, kv.Result{})}, n.answered())
}

func TestWritesGoByWayOfTheLogAllTheSame(t *testing.T) {
	n := startLeader(t, readIndex)
	n.request(1, kv.Put, "k", "v")
	require.Equal(t, raft.Index(2), n.Core().Status().LastIndex)
	n = startFollower(t, readIndex)
	n.request(1, kv.Put, "k", "v")
	require.Equal(t, []answer{says(1, kv.NotLeader, 2, kv.Result{})}, n.answered())
}

func TestALeaderThatStepsDownRefusesItsReads(t *testing.T) {
	n := startLeader(t, readIndex)
	n.request(1, kv.Get, "k", "")
	n.request(2, kv.Get, "k", "")
	n.heartbeat(3, 2, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1})
	require.Equal(t, []answer{says(1, kv.NotLeader, 3, kv.Result{}), says(2, kv.NotLeader, 3, kv.Result{})}, n.answered())
}

func TestAClusterOfOneReadsAtOnce(t *testing.T) {
	n := start(t, func(o *replica.Options) { o.Voters, o.ReadIndex = []raft.NodeID{1}, true })
	n.Timer(replica.TimerElection)
	n.sync()
	n.request(1, kv.Get, "k", "")
	require.Equal(t, []answer{says(1, kv.OK, 1, kv.Result{})}, n.answered())
}

func TestAFollowerAsksItsLeaderAndServesOnceItHasAppliedThatMuch(t *testing.T) {
	n := startFollower(t, readIndex)
	n.request(1, kv.Get, "k", "")
	id := n.asked()
	require.Empty(t, n.answered())
	n.confirm(id, 3)
	require.Empty(t, n.answered(), "only entry 1 is applied")
	n.learn(2, "old")
	require.Empty(t, n.answered())
	n.learn(3, "new")
	require.Equal(t, []answer{says(1, kv.OK, 2, kv.Result{Value: "new"})}, n.answered())
	n.confirm(id, 3)
	n.learn(4, "newer")
	require.Empty(t, n.answered(), "a repeated message answers nobody twice")
}

func TestAFollowerAheadOfTheIndexServesAtOnce(t *testing.T) {
	n := startFollower(t, readIndex)
	n.learn(2, "v")
	n.request(1, kv.Get, "k", "")
	n.confirm(n.asked(), 1)
	require.Equal(t, []answer{says(1, kv.OK, 2, kv.Result{Value: "v"})}, n.answered())
}

func TestAnswersToReadsMayComeInAnyOrder(t *testing.T) {
	n := startFollower(t, readIndex)
	ids := map[uint64]uint64{}
	for seq := uint64(1); seq <= 5; seq++ {
		n.request(seq, kv.Get, "k", "")
		ids[seq] = n.asked()
	}
	for _, seq := range []uint64{3, 5, 1, 4, 2} {
		n.confirm(ids[seq], 1)
		require.Equal(t, []answer{says(seq, kv.OK, 2, kv.Result{})}, n.answered())
	}
}

func TestARefusedReadSaysWhoLeads(t *testing.T) {
	n := startFollower(t, readIndex)
	n.request(1, kv.Get, "k", "")
	n.confirm(n.asked(), 0)
	require.Equal(t, []answer{says(1, kv.NotLeader, 2, kv.Result{})}, n.answered())
}

func TestWhoKnowsNoLeaderRefusesReads(t *testing.T) {
	n := start(t, readIndex)
	n.request(1, kv.Get, "k", "")
	require.Equal(t, []answer{says(1, kv.NotLeader, raft.None, kv.Result{})}, n.answered())
	require.Empty(t, n.sent)
}

func TestAReadIsForgottenAfterAHundredElectionTimeouts(t *testing.T) {
	for what, c := range map[string]struct {
		later time.Duration
		want  []answer
	}{
		"just so":  {100 * timeouts.ElectionMax, []answer{says(1, kv.OK, 2, kv.Result{})}},
		"too long": {101 * timeouts.ElectionMax, nil},
	} {
		t.Run(what, func(t *testing.T) {
			n := startFollower(t, readIndex)
			n.request(1, kv.Get, "k", "")
			first := n.asked()
			n.now += c.later
			n.request(2, kv.Get, "k", "")
			second := n.asked()
			n.confirm(first, 1)
			require.Equal(t, c.want, n.answered())
			n.confirm(second, 1)
			require.Equal(t, []answer{says(2, kv.OK, 2, kv.Result{})}, n.answered())
		})
	}
}

func TestHowLongAReadIsRememberedFollowsTheTimeouts(t *testing.T) {
	for what, longest := range map[string]time.Duration{
		"longer":              time.Minute,
		"as good as for ever": 10 * 365 * 24 * time.Hour,
	} {
		t.Run(what, func(t *testing.T) {
			n := startFollower(t, readIndex)
			n.SetTimeouts(replica.Timeouts{ElectionMax: longest})
			n.request(1, kv.Get, "k", "")
			id := n.asked()
			n.now += time.Minute
			n.request(2, kv.Get, "k", "")
			n.confirm(id, 1)
			require.Equal(t, []answer{says(1, kv.OK, 2, kv.Result{})}, n.answered())
		})
	}
}

// What a node asked before a crash can be answered after it. Taken for the answer to what it asks now, it would let
// it read the past.
func TestAnAnswerToAReadOfAnEarlierLifeIsNotTakenForOneOfThis(t *testing.T) {
	for what, draws := range map[string][2]uint64{"drawn apart": {5, 6}, "drawn alike": {5, 5}} {
		t.Run(what, func(t *testing.T) {
			n := start(t, readIndex)
			before := env(t, n.disk.copy(), n.opts)
			before.draws = map[string]uint64{"read-name": draws[0]}
			before.boot()
			before.heartbeat(2, 1, raft.AppendEntries{})
			before.request(1, kv.Get, "k", "")
			old := before.asked()

			after := env(t, n.disk.copy(), n.opts)
			after.draws = map[string]uint64{"read-name": draws[1]}
			if draws[0] == draws[1] {
				after.now = before.now + time.Microsecond
			}
			after.boot()
			after.heartbeat(2, 1, raft.AppendEntries{})
			after.request(2, kv.Get, "k", "")
			after.confirm(old, 0)
			require.Empty(t, after.answered())
			after.confirm(after.asked(), 0)
			require.Equal(t, []answer{says(2, kv.NotLeader, 2, kv.Result{})}, after.answered())
		})
	}
}
