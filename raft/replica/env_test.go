package replica_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
	"raftsim/raft/wal"
)

const ms = time.Millisecond

// timeouts of every test: the draw is 0, so that an election timeout is ElectionMin.
var timeouts = replica.Timeouts{ElectionMin: 100 * ms, ElectionMax: 200 * ms, Heartbeat: 10 * ms}

// node is a replica, node n1 of n1, n2 and n3, under an Env that a test drives by hand.
type node struct {
	*replica.Replica
	t    testing.TB
	opts replica.Options

	now    time.Duration
	disk   *disk
	timers [replica.Timers]time.Duration // raft.Never when not armed
	draws  map[string]uint64             // what a Draw gives, by purpose
	// logging is what Logging says.
	logging bool
	// discard has messages released as they are sent, instead of kept in sent.
	discard bool

	sent    []*raft.Message
	answers []answer
	lines   []string
	halted  error
	calls   []string // SetTimer and StopTimer, in words
}

type answer struct {
	client replica.ClientID
	replica.Response
}

// with are the options of most tests, changed.
func with(change func(*replica.Options)) replica.Options {
	o := replica.Options{Voters: []raft.NodeID{1, 2, 3}, Timeouts: timeouts}
	if change != nil {
		change(&o)
	}
	return o
}

func env(t testing.TB, d *disk, o replica.Options) *node {
	return &node{t: t, opts: o, disk: d, logging: true, now: time.Second,
		timers: [replica.Timers]time.Duration{raft.Never, raft.Never, raft.Never, raft.Never}}
}

func (n *node) boot() *node {
	n.t.Helper()
	p, err := replica.New(n.opts)(1, n)
	require.NoError(n.t, err)
	n.Replica = p.(*replica.Replica)
	return n
}

// start boots a node from an empty disk, which has what the node was born as by now.
func start(t testing.TB, change func(*replica.Options)) *node {
	t.Helper()
	n := env(t, &disk{}, with(change)).boot()
	n.sync()
	return n
}

// reboot is the node after a crash that lost nothing, a second later.
func (n *node) reboot() *node {
	n.t.Helper()
	next := env(n.t, n.disk.copy(), n.opts)
	next.now = n.now + time.Second
	return next.boot()
}

// startLeader is a node that leads term 1, with its no-op, entry 1, committed. What it did until then is forgotten.
func startLeader(t testing.TB, change func(*replica.Options)) *node {
	t.Helper()
	n := start(t, change)
	n.elect()
	n.sync()
	n.acknowledge(2, 1)
	n.acknowledge(3, 1)
	require.Equal(t, raft.Index(1), n.Core().Status().Applied)
	n.forget()
	return n
}

// startFollower is a node that follows n2 in term 1, of whose no-op, entry 1, it knows that it is committed.
func startFollower(t testing.TB, change func(*replica.Options)) *node {
	t.Helper()
	n := start(t, change)
	n.heartbeat(2, 1, raft.AppendEntries{Commit: 1, Entries: []raft.Entry{noop(1, 1)}})
	n.sync()
	require.Equal(t, raft.Index(1), n.Core().Status().Applied)
	n.forget()
	return n
}

// elect has the node time out and win the next term with the vote of n2.
func (n *node) elect() {
	n.t.Helper()
	n.Timer(replica.TimerElection)
	n.sync()
	n.receive(2, raft.Message{Kind: raft.MsgVoteReply, VoteReply: raft.VoteReply{Granted: true}})
	require.Equal(n.t, raft.Leader, n.Core().Role())
}

// receive hands over a message from a node that the cluster began with, of the present term when it says none.
func (n *node) receive(from raft.NodeID, m raft.Message) {
	m.From, m.To = from, 1
	if m.Incarnation == 0 {
		m.Incarnation = raft.FirstIncarnation
	}
	if m.Term == 0 {
		m.Term = n.Core().Status().Term
	}
	if m.Kind == raft.MsgVoteReply && m.VoteReply.Candidate == 0 {
		m.VoteReply.Candidate = n.Core().Incarnation()
	}
	n.Receive(from, &m)
}

func (n *node) heartbeat(from raft.NodeID, term raft.Term, a raft.AppendEntries) {
	n.receive(from, raft.Message{Kind: raft.MsgAppendEntries, Term: term, Append: a})
}

// acknowledge tells a leader that a follower has the log up to there, and heard its latest round.
func (n *node) acknowledge(from raft.NodeID, match raft.Index) {
	r := raft.AppendReply{Success: true, Match: match}
	for _, m := range n.sent {
		if m.To == from && m.Kind == raft.MsgAppendEntries {
			r.Round = max(r.Round, m.Append.Round)
		}
	}
	n.receive(from, raft.Message{Kind: raft.MsgAppendReply, AppendReply: r})
}

// request asks for an operation of session 7; its clients have the number of the request's seq.
func (n *node) request(seq uint64, op kv.Op, key, value string) {
	n.Request(replica.ClientID(seq), &kv.Request{Session: 7, Seq: seq, Op: op, Key: key, Value: value})
}

// sync ends all syncs until none is left.
func (n *node) sync() {
	for len(n.disk.flying) > 0 {
		n.endSync(nil)
	}
}

// endSync ends the oldest sync.
func (n *node) endSync(err error) {
	n.Synced(n.disk.end(0), err)
}

// forget forgets what the node did so far.
func (n *node) forget() { n.sent, n.answers, n.lines, n.calls = nil, nil, nil, nil }

// took returns the messages of a kind that were sent since the last time, in order.
func (n *node) took(kind raft.MessageKind) []*raft.Message {
	var list []*raft.Message
	n.sent = slices.DeleteFunc(n.sent, func(m *raft.Message) bool {
		if m.Kind == kind {
			list = append(list, m)
		}
		return m.Kind == kind
	})
	return list
}

// answered returns the answers since the last time.
func (n *node) answered() []answer {
	a := n.answers
	n.answers = nil
	return a
}

// says is the answer that a request of [node.request] got.
func says(seq uint64, s kv.Status, leader raft.NodeID, res kv.Result) answer {
	return answer{replica.ClientID(seq), replica.Response{Session: 7, Seq: seq, Status: s, Leader: leader, Result: res}}
}

func noop(i raft.Index, t raft.Term) raft.Entry { return raft.Entry{Index: i, Term: t} }

func command(i raft.Index, t raft.Term, q kv.Request) raft.Entry {
	return raft.Entry{Index: i, Term: t, Kind: raft.EntryCommand, Data: kv.Encode(nil, &q, 0)}
}

func put(session kv.SessionID, seq uint64, key, value string) kv.Request {
	return kv.Request{Session: session, Seq: seq, Op: kv.Put, Key: key, Value: value}
}

// The Env.

func (n *node) Now() time.Duration { return n.now }

func (n *node) Send(to raft.NodeID, m replica.Message) {
	require.Nil(n.t, n.halted, "nothing leaves a node that has halted")
	if n.discard {
		m.Release()
		return
	}
	rm := m.(*raft.Message)
	require.Equal(n.t, to, rm.To)
	n.sent = append(n.sent, rm)
}

func (n *node) SetTimer(t replica.TimerID, at time.Duration) {
	n.timers[t] = at
	if !n.discard {
		n.calls = append(n.calls, []string{"election", "heartbeat", "apply"}[t]+" at "+at.String())
	}
}

func (n *node) StopTimer(t replica.TimerID) {
	n.timers[t] = raft.Never
	n.calls = append(n.calls, []string{"election", "heartbeat", "apply"}[t]+" stopped")
}

func (n *node) FS() wal.FS { return n.disk }

func (n *node) Draw(purpose string, bound uint64) uint64 {
	require.Less(n.t, n.draws[purpose], bound)
	return n.draws[purpose]
}

func (n *node) Answer(c replica.ClientID, r *replica.Response) {
	require.Nil(n.t, n.halted, "nobody is answered by a node that has halted")
	n.answers = append(n.answers, answer{c, *r})
}

func (n *node) Logging() bool { return n.logging }

func (n *node) Log(line string) {
	require.True(n.t, n.logging, "nobody reads %q", line)
	n.lines = append(n.lines, line)
}

func (n *node) Halt(err error) {
	require.Nil(n.t, n.halted, "a node halts once")
	n.halted = err
}
