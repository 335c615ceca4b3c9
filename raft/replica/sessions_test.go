package replica_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
)

// Raft dissertation §6.3: sessions, which expire by the time that the log tells.

func ttl(d time.Duration) func(*replica.Options) {
	return func(o *replica.Options) { o.SessionTTL = d }
}

// proposed is what stands in the log from an entry on.
func (n *node) proposed(from raft.Index) (list []kv.Command) {
	n.t.Helper()
	for _, e := range n.log(from) {
		require.Equal(n.t, raft.EntryCommand, e.Kind)
		c, err := kv.Decode(e.Data)
		require.NoError(n.t, err)
		list = append(list, c)
	}
	return list
}

// log is a log's entries from one on.
func (n *node) log(from raft.Index) (list []raft.Entry) {
	for last := n.Core().Status().LastIndex; from <= last; from = raft.Index(len(list)) + list[0].Index {
		list = append(list, n.Core().Entries(from, last)...)
	}
	return list
}

// stamp is the time of the log's last command.
func (n *node) stamp() kv.Time {
	n.t.Helper()
	return n.proposed(n.Core().Status().LastIndex)[0].Time
}

// commit has all of a leader's log committed.
func (n *node) commit() {
	n.sync()
	n.acknowledge(2, n.Core().Status().LastIndex)
	n.acknowledge(3, n.Core().Status().LastIndex)
}

// beat has a leader's heartbeat timer fire, some time later.
func (n *node) beat(later time.Duration) {
	n.now += later
	n.Timer(replica.TimerHeartbeat)
}

// open asks for a session, as client 50 does, and returns it.
func (n *node) open(seq uint64) kv.SessionID {
	n.t.Helper()
	n.forget()
	n.Request(50, &kv.Request{Seq: seq, Op: kv.Open})
	n.commit()
	require.Len(n.t, n.answers, 1)
	a := n.answered()[0]
	require.Equal(n.t, answer{50, replica.Response{Seq: seq, Status: kv.OK, Leader: 1, Opened: a.Opened}}, a)
	require.GreaterOrEqual(n.t, a.Opened, kv.FirstOpened)
	return a.Opened
}

// expired is an entry that lets go of the sessions last used before a time.
func expired(i raft.Index, t raft.Term, horizon, now kv.Time) raft.Entry {
	return raft.Entry{Index: i, Term: t, Kind: raft.EntryCommand, Data: kv.EncodeExpiry(nil, kv.Expiry{Horizon: horizon}, now)}
}

func at(e raft.Entry, now kv.Time, q kv.Request) raft.Entry {
	e.Data = kv.Encode(nil, &q, now)
	return e
}

func TestALeadersClockGoesWithItsOwn(t *testing.T) {
	n := startLeader(t, nil)
	for _, c := range []struct {
		later time.Duration
		want  kv.Time
	}{
		{0, 0},
		{250 * ms, 250},
		{600 * time.Microsecond, 250},
		{600 * time.Microsecond, 251}, // what is less than a millisecond is not lost
		{-time.Hour, 251},             // a clock that is set back
		{9 * ms, 260},
	} {
		n.now += c.later
		n.request(uint64(n.Core().Status().LastIndex), kv.Put, "k", "v")
		require.Equal(t, c.want, n.stamp())
	}
}

// The clocks of nodes are their own: one that began with its process knows nothing of the time before it.
func TestANewLeaderGoesOnFromTheTimeThatTheLogTells(t *testing.T) {
	n := startFollower(t, nil)
	n.now = 3 * time.Second
	n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Commit: 2, Entries: []raft.Entry{
		at(command(2, 1, put(9, 1, "k", "v")), 60_000, put(9, 1, "k", "v")),
		at(command(3, 1, put(9, 2, "k", "v")), 60_500, put(9, 2, "k", "v")),
	}})
	require.Equal(t, kv.Time(60_000), n.Store().Time())
	n.elect()
	n.request(1, kv.Put, "k", "v")
	require.Equal(t, kv.Time(60_000), n.stamp())
	n.now += 100 * ms
	n.request(2, kv.Put, "k", "v")
	require.Equal(t, kv.Time(60_100), n.stamp())

	n.commit()
	require.Equal(t, kv.Time(60_500), n.Store().Time(), "its predecessor was ahead of it")
	n.now += 5 * ms
	n.request(3, kv.Put, "k", "v")
	require.Equal(t, kv.Time(60_500), n.stamp())
}

func TestTheTimeBetweenTwoTermsOfOfficeIsNotCounted(t *testing.T) {
	n := startLeader(t, nil)
	n.now += 100 * ms
	n.request(1, kv.Put, "k", "v")
	n.commit()
	n.receive(3, voteRequest(2))
	n.now += time.Hour
	n.elect()
	n.request(2, kv.Put, "k", "v")
	require.Equal(t, n.Store().Time(), n.stamp())
	n.now += 7 * ms
	n.request(3, kv.Put, "k", "v")
	require.Equal(t, n.Store().Time()+7, n.stamp())
}

func TestALeaderHasIdleSessionsExpire(t *testing.T) {
	var applied []replica.Applied
	n := startLeader(t, func(o *replica.Options) {
		o.SessionTTL = time.Second
		o.Applied = func(_ raft.NodeID, a replica.Applied) { applied = append(applied, a) }
	})
	n.beat(10 * ms)
	n.request(1, kv.Put, "k", "v")
	n.commit()
	last := n.Core().Status().LastIndex

	n.beat(1062 * ms)
	require.Equal(t, last, n.Core().Status().LastIndex, "there may be more to drop in a moment")
	n.beat(1 * ms)
	require.Equal(t, []kv.Command{{Time: 1063, Request: kv.Request{Op: kv.Expire}, Expiry: kv.Expiry{Horizon: 63}}}, n.proposed(last+1))
	n.beat(time.Second)
	require.Equal(t, last+1, n.Core().Status().LastIndex, "one is on its way")
	require.Equal(t, 1, n.Store().Sessions())

	n.forget()
	applied = nil
	n.commit()
	require.Zero(t, n.Store().Sessions())
	require.Contains(t, n.lines, "Node n1 drops 1 sessions that expired")
	require.Len(t, applied, 1)
	require.Equal(t, replica.Applied{Entry: applied[0].Entry}, applied[0], "it is no request of anybody's")
	n.beat(time.Hour)
	require.Equal(t, last+1, n.Core().Status().LastIndex, "there is nothing to expire any more")
}

func TestABusyClusterHasSessionsExpireToo(t *testing.T) {
	n := startLeader(t, ttl(time.Second))
	n.Request(1, &kv.Request{Session: 5, Seq: 1, Op: kv.Put, Key: "k", Value: "v"})
	n.commit()
	for seq := uint64(1); seq <= 200; seq++ {
		n.now += 10 * ms
		n.request(seq, kv.Put, "k", "v")
		n.commit()
	}
	require.Equal(t, 1, n.Store().Sessions(), "without a heartbeat")
	expiries := 0
	for _, c := range n.proposed(2) {
		if c.Request.Op == kv.Expire {
			expiries++
		}
	}
	require.Equal(t, 1, expiries)
}

func TestWithoutAnOptionNothingExpires(t *testing.T) {
	n := startLeader(t, nil)
	n.request(1, kv.Put, "k", "v")
	n.commit()
	n.beat(1000 * time.Hour)
	n.request(2, kv.Put, "k", "v")
	n.commit()
	require.Equal(t, raft.Index(3), n.Core().Status().LastIndex)
	require.Equal(t, 1, n.Store().Sessions())
}

func TestWhoDoesNotLeadHasNothingExpire(t *testing.T) {
	n := startFollower(t, func(o *replica.Options) { o.SessionTTL, o.MaxSessions = ms, 1 })
	n.learn(2, "v")
	n.beat(time.Hour)
	require.Equal(t, raft.Index(2), n.Core().Status().LastIndex)
	require.Equal(t, 1, n.Store().Sessions())
}

func TestAnExpiryThatIsNotTakenIsTriedAgain(t *testing.T) {
	n := startLeader(t, func(o *replica.Options) { o.SessionTTL, o.MaxUncommittedBytes = time.Second, 1 })
	n.request(1, kv.Put, "k", "v")
	n.commit()
	n.beat(900 * ms)
	n.request(2, kv.Put, "k", "v")
	last := n.Core().Status().LastIndex
	n.beat(900 * ms)
	require.Equal(t, last, n.Core().Status().LastIndex, "too much waits already")
	n.commit()
	require.Equal(t, kv.Time(900), n.Store().Time())
	n.beat(900 * ms)
	require.Equal(t, kv.Expire, n.proposed(last + 1)[0].Request.Op)
}

func TestAnExpiryOfAnEarlierTermHoldsUpNoneOfThis(t *testing.T) {
	n := startLeader(t, ttl(time.Second))
	n.request(1, kv.Put, "k", "v")
	n.commit()
	n.beat(2 * time.Second)
	lost := n.Core().Status().LastIndex
	n.heartbeat(2, 2, raft.AppendEntries{PrevIndex: lost - 1, PrevTerm: 1, Entries: []raft.Entry{noop(lost, 2)}})
	n.sync()
	n.elect()
	n.beat(2 * time.Second)
	n.beat(2 * time.Second)
	require.Equal(t, []kv.Op{kv.Expire}, []kv.Op{n.proposed(lost + 2)[0].Request.Op})
}

func TestOfTooManySessionsAnEighthGo(t *testing.T) {
	n := startLeader(t, func(o *replica.Options) { o.MaxSessions = 16 })
	for id := kv.SessionID(1); id <= 17; id++ {
		n.Request(1, &kv.Request{Session: id, Seq: 1, Op: kv.Put, Key: "k", Value: "v"})
		n.commit()
	}
	last := n.Core().Status().LastIndex
	require.Equal(t, 17, n.Store().Sessions())
	n.beat(10 * ms)
	require.Equal(t, kv.Expiry{Keep: 14}, n.proposed(last + 1)[0].Expiry)
	n.commit()
	require.Equal(t, 14, n.Store().Sessions())
	for id := kv.SessionID(1); id <= 17; id++ {
		_, ok := n.Store().Lookup(id, 1)
		require.Equal(t, id > 3, ok, "session %d", id)
	}
	n.beat(10 * ms)
	require.Equal(t, last+1, n.Core().Status().LastIndex)
}

func TestABoundOfOneSessionLeavesTheLatest(t *testing.T) {
	n := startLeader(t, func(o *replica.Options) { o.MaxSessions = 1 })
	for k := uint64(1); k <= 5; k++ {
		id := n.open(k)
		n.beat(10 * ms)
		n.commit()
		require.Equal(t, 1, n.Store().Sessions())
		n.Request(1, &kv.Request{Session: id, Seq: 1, Op: kv.Append, Key: "k", Value: "v"})
		n.commit()
	}
	require.Equal(t, "vvvvv", n.Store().Get("k"))
}

func TestAClientWhoseSessionHasExpiredOpensAnother(t *testing.T) {
	n := startLeader(t, ttl(time.Second))
	n.request(1, kv.Append, "k", "v")
	n.commit()
	n.beat(2 * time.Second)
	n.commit()
	n.forget()

	n.request(1, kv.Append, "k", "v") // a retry: its answer was lost
	n.request(2, kv.Append, "k", "v")
	n.commit()
	require.Equal(t, []answer{says(1, kv.Expired, 1, kv.Result{}), says(2, kv.Expired, 1, kv.Result{})}, n.answered())
	require.Equal(t, "v", n.Store().Get("k"), "nothing takes effect twice")

	id := n.open(1)
	n.Request(1, &kv.Request{Session: id, Seq: 1, Op: kv.Append, Key: "k", Value: "w"})
	n.commit()
	require.Equal(t, []answer{{1, replica.Response{Session: id, Seq: 1, Status: kv.OK, Leader: 1}}}, n.answered())
	require.Equal(t, "vw", n.Store().Get("k"))
	require.NotEqual(t, id, n.open(1), "whoever asks twice has two")
}

func TestOpenIsForTheLeader(t *testing.T) {
	n := startFollower(t, nil)
	n.Request(1, &kv.Request{Seq: 1, Op: kv.Open})
	require.Equal(t, []answer{{1, replica.Response{Seq: 1, Status: kv.NotLeader, Leader: 2}}}, n.answered())
	n.Request(1, &kv.Request{Session: 3, Seq: 1, Op: kv.Open})
	n.Request(1, &kv.Request{Seq: 1, Op: kv.Expire})
	require.Equal(t, kv.Invalid, n.answers[0].Status)
	require.Equal(t, kv.Invalid, n.answers[1].Status, "clients have nothing expire")
}

// What a node is started with makes no difference to what it applies.
func TestReplicasAgreeWhateverTheirLeadersAndTheyAreStartedWith(t *testing.T) {
	leader := startLeader(t, func(o *replica.Options) { o.SessionTTL, o.MaxSessions = time.Second, 4 })
	sessions := []kv.SessionID{1, 2, 3}
	outcomes := map[kv.Status]int{}
	for k := range uint64(600) {
		if k%20 == 10 {
			sessions = append(sessions[1:], leader.open(k+1))
		}
		q := kv.Request{Session: sessions[k%3], Seq: k + 1, Op: kv.Append, Key: "k", Value: "v"}
		leader.Request(1, &q)
		leader.Request(1, &q) // a retry
		leader.beat(time.Duration(k%60) * 10 * ms)
		leader.commit()
		for _, a := range leader.answered() {
			outcomes[a.Status]++
		}
	}
	require.Greater(t, outcomes[kv.OK], 200)
	require.Greater(t, outcomes[kv.Expired], 100)
	log := leader.log(1)
	for what, change := range map[string]func(*replica.Options){
		"never":       nil,
		"sooner":      ttl(ms),
		"later":       ttl(time.Hour),
		"few of them": func(o *replica.Options) { o.MaxSessions = 1 },
	} {
		n := start(t, change)
		n.heartbeat(2, 1, raft.AppendEntries{Commit: raft.Index(len(log)), Entries: log})
		require.Equal(t, leader.Store().Bytes(), n.Store().Bytes(), what)
		require.Equal(t, leader.Store().Digest(), n.Store().Digest(), what)
	}
}

func TestARetryAcrossAChangeOfLeadersTakesEffectOnce(t *testing.T) {
	n := startLeader(t, nil)
	n.request(1, kv.Append, "k", "v")
	n.sync()
	n.heartbeat(2, 2, raft.AppendEntries{PrevIndex: 2, PrevTerm: 1, Entries: []raft.Entry{
		noop(3, 2),
		{Index: 4, Term: 2, Kind: raft.EntryCommand, Data: n.Core().Entries(2, 2)[0].Data}, // the client asked n2 as well
	}})
	require.Equal(t, []answer{says(1, kv.Unknown, 2, kv.Result{})}, n.answered())
	n.sync()
	n.elect()
	n.request(1, kv.Append, "k", "v") // not applied yet, so that it is proposed a third time
	require.Equal(t, raft.Index(6), n.Core().Status().LastIndex)
	n.commit()
	require.Equal(t, []answer{says(1, kv.OK, 1, kv.Result{})}, n.answered())
	require.Equal(t, "v", n.Store().Get("k"))
}

// The expiry stands between the operation and its retry in one log, whoever leads.
func TestARetryAcrossAnExpiryAndAChangeOfLeadersTakesNoEffect(t *testing.T) {
	n := startFollower(t, nil)
	add := kv.Request{Session: 7, Seq: 1, Op: kv.Append, Key: "k", Value: "v"}
	n.heartbeat(2, 1, raft.AppendEntries{PrevIndex: 1, PrevTerm: 1, Commit: 3, Entries: []raft.Entry{
		at(command(2, 1, add), 10, add),
		expired(3, 1, 11, 2000),
	}})
	n.sync()
	n.elect()
	n.request(1, kv.Append, "k", "v")
	n.commit()
	require.Equal(t, []answer{says(1, kv.Expired, 1, kv.Result{})}, n.answered())
	require.Equal(t, "v", n.Store().Get("k"))
	require.NoError(t, n.halted)
}

func TestARetryAfterARestartTakesEffectOnce(t *testing.T) {
	n := startLeader(t, ttl(time.Second))
	n.now += 500 * ms
	n.request(1, kv.Append, "k", "v")
	n.commit()
	again := n.reboot()
	again.elect()
	again.request(1, kv.Append, "k", "v")
	again.commit()
	require.Equal(t, []answer{says(1, kv.OK, 1, kv.Result{})}, again.answered())
	require.Equal(t, "v", again.Store().Get("k"))
	require.Equal(t, n.Store().Time(), again.Store().Time(), "nothing passed while it was down")
}

// Were the sessions left out of a snapshot, a retry would find nothing to be known by.
func TestARetryAfterASnapshotAndARestartTakesEffectOnce(t *testing.T) {
	n := startLeader(t, func(o *replica.Options) { o.SessionTTL = time.Second })
	n.request(1, kv.Append, "k", "v")
	n.now += 700 * ms
	n.Request(2, &kv.Request{Session: 8, Seq: 1, Op: kv.Append, Key: "k", Value: "w"})
	n.commit()
	require.NoError(t, n.Compact())
	n.sync()
	require.Equal(t, raft.Index(3), n.Core().Status().Base, "nothing of it is in the log any more")

	again := n.reboot()
	require.Equal(t, n.Store().Bytes(), again.Store().Bytes())
	again.elect()
	again.commit()
	again.answers = nil
	again.request(1, kv.Append, "k", "v")
	require.Equal(t, []answer{says(1, kv.OK, 1, kv.Result{})}, again.answered(), "it is known at once")
	require.Equal(t, "vw", again.Store().Get("k"))

	// And the sessions are as old as they were: what is left of session 7 is less than of session 8.
	again.beat(0)
	again.beat(400 * ms)
	again.commit()
	require.Equal(t, 1, again.Store().Sessions())
	again.answers = nil
	again.request(1, kv.Append, "k", "v")
	again.commit()
	require.Equal(t, []answer{says(1, kv.Expired, 1, kv.Result{})}, again.answered())
	require.Equal(t, "vw", again.Store().Get("k"))
}

func TestThatASessionHasExpiredOutlivesASnapshot(t *testing.T) {
	n := startLeader(t, ttl(time.Second))
	n.request(1, kv.Append, "k", "v")
	n.commit()
	n.beat(2 * time.Second)
	n.commit()
	require.NoError(t, n.Compact())
	n.sync()

	again := n.reboot()
	again.elect()
	again.request(1, kv.Append, "k", "v")
	again.commit()
	require.Equal(t, []answer{says(1, kv.Expired, 1, kv.Result{})}, again.answered())
	require.Equal(t, "v", again.Store().Get("k"))
}

// A follower that was sent the leader's snapshot, and leads after it.
func TestARetryAcrossAnInstalledSnapshotTakesEffectOnce(t *testing.T) {
	store := kv.NewStore()
	add := kv.Request{Session: 7, Seq: 1, Op: kv.Append, Key: "k", Value: "v"}
	_, err := store.Apply(9, kv.Encode(nil, &add, 60_000))
	require.NoError(t, err)
	s := sent(t, 9, 1, "other")
	s.Data = store.Snapshot()

	n := startFollower(t, nil)
	n.ship(2, 1, s, 1<<10)
	n.sync()
	require.Equal(t, "v", n.Store().Get("k"))
	n.elect()
	n.request(1, kv.Append, "k", "v")
	require.Equal(t, []answer{says(1, kv.OK, 1, kv.Result{})}, n.answered())
	n.request(2, kv.Append, "k", "w")
	require.Equal(t, kv.Time(60_000), n.stamp(), "and the time goes on from there")
	n.commit()
	require.Equal(t, "vw", n.Store().Get("k"))
}

// Somebody else could do no better: the client had better stay.
func TestALeaderThatHasTooMuchToDoSaysThatItIsBusy(t *testing.T) {
	n := startLeader(t, func(o *replica.Options) { o.MaxUncommittedBytes = 1 })
	n.request(1, kv.Put, "k", "v")
	n.request(2, kv.Put, "k", "w")
	require.Equal(t, []answer{says(2, kv.Busy, 1, kv.Result{})}, n.answered())
	n.commit()
	require.Equal(t, []answer{says(1, kv.OK, 1, kv.Result{})}, n.answered())
	n.request(2, kv.Put, "k", "w")
	n.commit()
	require.Equal(t, []answer{says(2, kv.OK, 1, kv.Result{})}, n.answered(), "it did nothing, so that it may be asked again")
	require.Equal(t, "w", n.Store().Get("k"))
}

func TestALeaderWithTooManyReadsSaysThatItIsBusy(t *testing.T) {
	n := startLeader(t, readIndex)
	const most = 4096
	for seq := uint64(1); seq <= most; seq++ {
		n.request(seq, kv.Get, "k", "")
	}
	require.Empty(t, n.answered())
	n.request(most+1, kv.Get, "k", "")
	require.Equal(t, []answer{says(most+1, kv.Busy, 1, kv.Result{})}, n.answered())
}

func TestANodeDoesNotBootWithSessionsThatCannotBe(t *testing.T) {
	for want, change := range map[string]func(*replica.Options){
		"sessions expire after -1s": ttl(-time.Second),
		"at most -1 sessions":       func(o *replica.Options) { o.MaxSessions = -1 },
	} {
		n := env(t, &disk{}, with(change))
		_, err := replica.New(n.opts)(1, n)
		require.ErrorContains(t, err, want)
	}
}

func TestAStampedRequestAllocatesNoMoreThanItsPlaceInTheLog(t *testing.T) {
	n := startLeader(t, func(o *replica.Options) { o.SessionTTL, o.MaxSessions = time.Second, 100 })
	n.logging, n.discard = false, true
	seq := uint64(0)
	q := &kv.Request{Session: 7, Op: kv.Put, Key: "k", Value: "sixteen bytes ok"}
	step := func() {
		seq++
		q.Seq = seq
		n.now += ms
		n.Request(1, q)
		n.sync()
		m := raft.Message{Kind: raft.MsgAppendReply, AppendReply: raft.AppendReply{Success: true, Match: raft.Index(seq) + 1}}
		n.receive(2, m)
		n.receive(3, m)
		n.answers = n.answers[:0]
	}
	for range 100 {
		step()
	}
	require.Less(t, testing.AllocsPerRun(1000, step), 8.0)
}
