package replica_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
	"raftsim/raft/wal"
)

const firstSegment = "00000000000000000001.wal"

// used is the disk of a node that led term 1, and had a no-op and two commands written in a batch each.
func used(t *testing.T) *disk {
	t.Helper()
	n := startLeader(t, nil)
	for seq := uint64(1); seq <= 2; seq++ {
		n.request(seq, kv.Put, "k", "v")
		n.sync()
	}
	return n.disk.copy()
}

func TestANodeStartsFromAnEmptyDiskAsAFollowerOfNobody(t *testing.T) {
	n := start(t, nil)
	require.Equal(t, raft.Status{ID: 1}, n.Core().Status())
	require.Equal(t, 1100*ms, n.timers[replica.TimerElection], "the shortest timeout from now")
	require.Equal(t, raft.Never, n.timers[replica.TimerHeartbeat])
	require.Empty(t, n.lines)
	require.Empty(t, n.sent)
}

// Raft paper Figure 2: term, vote and log outlive a crash; who leads, and what is committed, has to be found out again.
func TestANodeStartsFromAUsedDiskAsWhoLeftIt(t *testing.T) {
	n := env(t, used(t), with(nil)).boot()
	require.Equal(t, raft.Status{ID: 1, Term: 1, Vote: 1, LastIndex: 3, LastTerm: 1,
		DurableIndex: 3, DurableHard: raft.HardState{Term: 1, Vote: 1}}, n.Core().Status())
	require.Empty(t, n.lines)

	n.elect()
	n.sync()
	n.acknowledge(2, 4)
	require.Equal(t, "v", n.Store().Get("k"), "what the log held is applied once it is committed anew")
}

func TestATornTailIsCutOffAndLogged(t *testing.T) {
	d := used(t)
	f := d.files[0]
	whole := len(f.data)
	f.data = f.data[:whole-5]

	n := env(t, d, with(nil)).boot()
	require.Equal(t, raft.Index(2), n.Core().Status().LastIndex, "the last batch is lost, which nobody was told of")
	require.Equal(t, []string{"Node n1 cut off a torn tail: 43 bytes of " + firstSegment + " from byte 224 on"}, n.lines)
	require.Len(t, f.data, 224)

	// The cut has to be on the disk before anything follows it.
	n.Timer(replica.TimerElection)
	require.Len(t, f.data, 224)
	n.endSync(nil)
	require.Greater(t, len(f.data), 224)
	require.Empty(t, n.sent)
	n.sync()
	require.Len(t, n.took(raft.MsgRequestVote), 2)
}

func TestATornTailIsCutOffWithoutALogToSaySo(t *testing.T) {
	d := used(t)
	d.files[0].data = d.files[0].data[:len(d.files[0].data)-5]
	n := env(t, d, with(nil))
	n.logging = false
	n.boot()
	require.Equal(t, raft.Index(2), n.Core().Status().LastIndex)
}

func TestADamagedDiskRefusesToBootAndSaysWhere(t *testing.T) {
	d := used(t)
	d.files[0].data[90] ^= 1 // in what the node was born as, at byte 40
	before := d.copy()
	n := env(t, d, with(nil))
	p, err := replica.New(n.opts)(1, n)
	require.Nil(t, p)
	var damage *wal.CorruptError
	require.ErrorAs(t, err, &damage)
	require.Equal(t, firstSegment, damage.File)
	require.Equal(t, int64(40), damage.Offset)
	require.ErrorContains(t, err, firstSegment+" is damaged at byte 40")
	require.Equal(t, before.files[0].data, d.files[0].data, "the evidence stays as it was")
	require.Empty(t, n.calls, "and nothing has begun")
}

func TestANodeDoesNotBootWithOptionsThatCannotBe(t *testing.T) {
	for says, change := range map[string]func(*replica.Options){
		"node n1 is not among the voters n2 n3 the cluster begins with": func(o *replica.Options) { o.Voters = []raft.NodeID{2, 3} },
		"names a node twice":        func(o *replica.Options) { o.Voters = []raft.NodeID{1, 1} },
		"timeouts must be positive": func(o *replica.Options) { o.Timeouts = replica.Timeouts{} },
		"SegmentBytes is -1":        func(o *replica.Options) { o.SegmentBytes = -1 },
	} {
		t.Run(says, func(t *testing.T) {
			n := env(t, &disk{}, with(change))
			p, err := replica.New(n.opts)(1, n)
			require.ErrorContains(t, err, says)
			require.Nil(t, p)
		})
	}
}

func TestSegmentBytesDecidesWhenTheLogGoesOnInAnotherFile(t *testing.T) {
	n := startLeader(t, func(o *replica.Options) { o.SegmentBytes = 1 })
	n.request(1, kv.Put, "k", "v")
	n.sync()
	require.Greater(t, len(n.disk.files), 1)
	require.Equal(t, raft.Index(2), n.reboot().Core().Status().LastIndex)
}
