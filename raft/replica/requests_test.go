package replica_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
)

func TestALeaderAnswersOnceTheRequestIsApplied(t *testing.T) {
	n := startLeader(t, nil)
	n.request(1, kv.Put, "k", "v")
	n.request(2, kv.Get, "k", "")
	require.Empty(t, n.answers)
	n.sync()
	require.Empty(t, n.answers)
	n.acknowledge(2, 2)
	require.Equal(t, []answer{says(1, kv.OK, 1, kv.Result{})}, n.answered())
	n.acknowledge(3, 3)
	require.Equal(t, []answer{says(2, kv.OK, 1, kv.Result{Value: "v"})}, n.answered())
	n.acknowledge(2, 3)
	require.Empty(t, n.answered(), "everybody is answered once")
}

func TestEachClientGetsItsOwnAnswer(t *testing.T) {
	n := startLeader(t, nil)
	n.Request(4, &kv.Request{Session: 1, Seq: 1, Op: kv.Put, Key: "k", Value: "a"})
	n.Request(5, &kv.Request{Session: 2, Seq: 8, Op: kv.CAS, Key: "k", Expect: "a", Value: "b"})
	n.Request(6, &kv.Request{Session: 3, Seq: 1, Op: kv.CAS, Key: "k", Expect: "a", Value: "c"})
	n.sync()
	n.acknowledge(2, 4)
	ok := func(c replica.ClientID, s kv.SessionID, seq uint64, r kv.Result) answer {
		return answer{c, replica.Response{Session: s, Seq: seq, Status: kv.OK, Leader: 1, Result: r}}
	}
	require.Equal(t, []answer{
		ok(4, 1, 1, kv.Result{}),
		ok(5, 2, 8, kv.Result{Value: "a", Swapped: true}),
		ok(6, 3, 1, kv.Result{Value: "b"}),
	}, n.answered())
}

func TestOthersSayWhoLeads(t *testing.T) {
	n := start(t, nil)
	n.request(1, kv.Put, "k", "v")
	require.Equal(t, []answer{says(1, kv.NotLeader, raft.None, kv.Result{})}, n.answered(), "if they know")

	n = startFollower(t, nil)
	n.request(1, kv.Put, "k", "v")
	n.request(2, kv.Get, "k", "")
	require.Equal(t, []answer{says(1, kv.NotLeader, 2, kv.Result{}), says(2, kv.NotLeader, 2, kv.Result{})}, n.answered())

	n.Timer(replica.TimerElection)
	n.request(3, kv.Put, "k", "v")
	require.Equal(t, []answer{says(3, kv.NotLeader, raft.None, kv.Result{})}, n.answered(), "a candidate hopes to")
	require.Equal(t, raft.Index(1), n.Core().Status().LastIndex)
}

func TestRequestsThatNobodyTakesAreInvalidEverywhere(t *testing.T) {
	for role, n := range map[string]*node{"leader": startLeader(t, nil), "follower": startFollower(t, nil)} {
		for what, q := range map[string]kv.Request{
			"no operation": {Session: 7, Seq: 1, Key: "k"},
			"no session":   {Seq: 1, Op: kv.Put, Key: "k"},
			"no seq":       {Session: 7, Op: kv.Put, Key: "k"},
			"no key":       {Session: 7, Seq: 1, Op: kv.Get},
			"a huge value": put(7, 1, "k", strings.Repeat("v", kv.MaxValue+1)),
		} {
			t.Run(role+", "+what, func(t *testing.T) {
				leader := n.Core().Leader()
				n.Request(3, &q)
				require.Equal(t, []answer{{3, replica.Response{Session: q.Session, Seq: q.Seq, Status: kv.Invalid, Leader: leader}}}, n.answered())
				require.Equal(t, raft.Index(1), n.Core().Status().LastIndex)
			})
		}
	}
}

// Raft dissertation §6.3.
func TestARetryOfWhatHasTakenEffectIsAnsweredAtOnceAndAlike(t *testing.T) {
	n := startLeader(t, nil)
	n.Request(1, &kv.Request{Session: 7, Seq: 1, Op: kv.CAS, Key: "k", Value: "v"})
	n.sync()
	n.acknowledge(2, 2)
	want := says(1, kv.OK, 1, kv.Result{Swapped: true})
	require.Equal(t, []answer{want}, n.answered())

	n.Request(1, &kv.Request{Session: 7, Seq: 1, Op: kv.CAS, Key: "k", Value: "v"})
	require.Equal(t, []answer{want}, n.answered())
	require.Equal(t, raft.Index(2), n.Core().Status().LastIndex, "nothing was proposed")
}

func TestARetryOfWhatIsOnItsWayTakesEffectOnce(t *testing.T) {
	var applied []replica.Applied
	n := startLeader(t, func(o *replica.Options) {
		o.Applied = func(_ raft.NodeID, a replica.Applied) { applied = append(applied, a) }
	})
	n.request(1, kv.Append, "k", "v")
	n.request(1, kv.Append, "k", "v")
	n.sync()
	n.acknowledge(2, 3)
	require.Equal(t, []answer{says(1, kv.OK, 1, kv.Result{}), says(1, kv.OK, 1, kv.Result{})}, n.answered())
	require.Equal(t, "v", n.Store().Get("k"))
	require.Equal(t, []bool{false, false, true}, []bool{applied[0].Repeat, applied[1].Repeat, applied[2].Repeat})
}

func TestARefusedAppendIsAnsweredSoHoweverOftenItIsSent(t *testing.T) {
	n := startLeader(t, nil)
	part := strings.Repeat("v", kv.MaxValue)
	for seq := range uint64(8) {
		n.request(seq+1, kv.Append, "k", part)
	}
	n.request(8, kv.Append, "k", part) // before the first is applied
	n.sync()
	n.acknowledge(2, 10)
	n.request(8, kv.Append, "k", part) // and after
	refused := says(8, kv.Refused, 1, kv.Result{Refused: true})
	require.Equal(t, []answer{says(7, kv.OK, 1, kv.Result{}), refused, refused, refused}, n.answered()[6:])
	require.Len(t, n.Store().Get("k"), 7*kv.MaxValue)
}

func TestARequestThatItsSessionHasGoneOnFromIsUnknown(t *testing.T) {
	n := startLeader(t, nil)
	n.request(5, kv.Put, "k", "new")
	n.request(3, kv.Put, "k", "old")
	n.sync()
	n.acknowledge(2, 3)
	require.Equal(t, []answer{says(5, kv.OK, 1, kv.Result{}), says(3, kv.Unknown, 1, kv.Result{})}, n.answered())
	require.Equal(t, "new", n.Store().Get("k"))
	require.NoError(t, n.halted)
}

func TestALeaderThatStepsDownTellsAllWhoWaitThatItDoesNotKnow(t *testing.T) {
	n := startLeader(t, nil)
	n.request(1, kv.Put, "a", "1")
	n.request(2, kv.Put, "b", "2")
	n.request(3, kv.Put, "c", "3")
	n.sync()
	n.acknowledge(2, 2)
	require.Len(t, n.answered(), 1)
	n.receive(3, voteRequest(2))
	require.Equal(t, []answer{says(2, kv.Unknown, raft.None, kv.Result{}), says(3, kv.Unknown, raft.None, kv.Result{})}, n.answered())

	// It may take effect all the same, when the next leader has it.
	n.heartbeat(2, 3, raft.AppendEntries{PrevIndex: 4, PrevTerm: 1, Commit: 4})
	n.sync()
	require.Equal(t, "3", n.Store().Get("c"))
	require.Empty(t, n.answered(), "but who was answered is not answered again")
}

func TestARequestWhoseEntryAnotherLeaderOverwritesIsUnknown(t *testing.T) {
	n := startLeader(t, nil)
	n.request(1, kv.Put, "k", "lost")
	n.heartbeat(2, 2, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Commit: 2,
		Entries: []raft.Entry{command(2, 2, put(9, 1, "k", "kept"))}})
	require.Equal(t, []answer{says(1, kv.Unknown, 2, kv.Result{})}, n.answered(), "not OK, for all that entry 2 is applied")
	n.sync()
	require.Equal(t, "kept", n.Store().Get("k"))
	require.Empty(t, n.answered())
}

// In one office as in the next: what waits belongs to the term it was proposed in.
func TestALeaderAgainAnswersWhatItWasAskedInThisTermOnly(t *testing.T) {
	n := startLeader(t, nil)
	n.request(1, kv.Put, "k", "1")
	n.receive(3, voteRequest(2))
	n.elect()
	n.request(2, kv.Put, "k", "2")
	n.forget()
	n.sync()
	n.acknowledge(2, n.Core().Status().LastIndex)
	require.Equal(t, []answer{says(2, kv.OK, 1, kv.Result{})}, n.answered())
	require.Equal(t, "2", n.Store().Get("k"))
}

func TestTheLargestRequestsGoThrough(t *testing.T) {
	n := startLeader(t, nil)
	key, a, b := strings.Repeat("k", kv.MaxKey), strings.Repeat("a", kv.MaxValue), strings.Repeat("b", kv.MaxValue)
	n.request(1, kv.Put, key, a)
	n.Request(2, &kv.Request{Session: 7, Seq: 2, Op: kv.CAS, Key: key, Expect: a, Value: b})
	n.request(3, kv.Put, "small", "v")
	n.sync()
	for i := raft.Index(2); i <= 4; i++ {
		n.acknowledge(2, i)
	}
	require.Len(t, n.answered(), 3)
	require.Equal(t, b, n.Store().Get(key))
	require.Equal(t, "v", n.Store().Get("small"))

	again := n.reboot()
	again.elect()
	again.sync()
	again.acknowledge(2, again.Core().Status().LastIndex)
	require.Equal(t, n.Store().Bytes(), again.Store().Bytes())
}

func TestTheHookSeesEveryEntryOnceInOrderBeforeItsClientDoes(t *testing.T) {
	type seen struct {
		node     raft.NodeID
		index    raft.Index
		session  kv.SessionID
		seq      uint64
		repeat   bool
		answered int
	}
	var list []seen
	var n *node
	n = start(t, func(o *replica.Options) {
		o.Applied = func(id raft.NodeID, a replica.Applied) {
			list = append(list, seen{id, a.Entry.Index, a.Session, a.Seq, a.Repeat, len(n.answers)})
		}
	})
	n.elect()
	n.request(2, kv.Put, "k", "v")
	n.request(2, kv.Put, "k", "v")
	n.request(1, kv.Put, "k", "v")
	n.sync()
	n.acknowledge(2, 4)
	n.acknowledge(3, 4)
	require.Equal(t, []seen{
		{node: 1, index: 1},
		{node: 1, index: 2, session: 7, seq: 2},
		{node: 1, index: 3, session: 7, seq: 2, repeat: true, answered: 1},
		{node: 1, index: 4, session: 7, seq: 1, repeat: true, answered: 2},
	}, list)
}

// Every replica fails alike, and none may part from the log.
func TestAnEntryThatCannotBeAppliedEndsTheNode(t *testing.T) {
	for what, c := range map[string]struct {
		entry raft.Entry
		why   string
	}{
		"no command": {raft.Entry{Index: 2, Term: 1, Kind: raft.EntryCommand, Data: []byte("?")}, "entry 2 of term 1 cannot be applied"},
		// That is not even written: this version could not read it back.
		"of unknown kind": {raft.Entry{Index: 2, Term: 1, Kind: 77}, "entry 2 is of kind 77, which this version does not know"},
	} {
		t.Run(what, func(t *testing.T) {
			var applied int
			n := startFollower(t, func(o *replica.Options) { o.Applied = func(raft.NodeID, replica.Applied) { applied++ } })
			n.now += ms // a timer that is armed after all would show
			n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Commit: 3,
				Entries: []raft.Entry{c.entry, command(3, 1, put(9, 1, "k", "v"))}})
			require.ErrorContains(t, n.halted, c.why)
			require.Equal(t, 1, applied, "nor anything after it")
			require.Empty(t, n.Store().Get("k"))
			require.Empty(t, n.calls)
			require.Empty(t, n.sent)
		})
	}
}

func TestALogOfManyChunksIsAppliedAtOnce(t *testing.T) {
	n := startLeader(t, nil)
	const many = 3000
	for seq := uint64(1); seq <= many; seq++ {
		n.request(seq, kv.Put, "k", "v")
	}
	n.sync()
	n.acknowledge(2, many+1)
	answers := n.answered()
	require.Len(t, answers, many)
	for k, a := range answers {
		require.Equal(t, says(uint64(k)+1, kv.OK, 1, kv.Result{}), a)
	}
}
