package live

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"

	"raftsim/checker"
	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/raftpb"
	"raftsim/raft/replica"
	"raftsim/raft/server"
	"raftsim/raft/wal"
	"raftsim/scenarios"
)

// node is one life of a node in the world, and stands for the real one. All its methods are the world's goroutine's.
type node struct {
	mirror
	p    *play
	id   raft.NodeID
	env  replica.Env
	life uint32
	// applied is told what the store takes in.
	applied func(raft.NodeID, replica.Applied)

	// ctx ends once the real node has been killed, and with it all goroutines. A node that is not in play.nodes any more has come to its
	// end in the world before.
	ctx    context.Context
	cancel context.CancelFunc
	conn   *grpc.ClientConn
	// started is closed once the real node has been.
	started chan struct{}
	orders  queue[*raftpb.Order]
	// ways are those by which messages of others get to it.
	ways map[way]*queue[*raftpb.Message]

	// last is the number of the last sight, held what waits for one that has not come.
	last uint64
	held []held
}

// way is who sends to a node: a node and which of its name.
type way struct {
	from        raft.NodeID
	incarnation raft.Incarnation
}

// held is something the real node did before sight asOf or right after it, to be done in the world after that.
type held struct {
	asOf uint64
	do   func()
}

var (
	_ replica.Process        = (*node)(nil)
	_ replica.Tunable        = (*node)(nil)
	_ replica.Transferable   = (*node)(nil)
	_ replica.Reconfigurable = (*node)(nil)
	_ replica.Compactable    = (*node)(nil)
	_ scenarios.Mirror       = (*node)(nil)
)

// boot starts the real node and attaches to it.
func (p *play) boot(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error) {
	p.lives[id]++
	n := &node{p: p, id: id, env: env, life: p.lives[id], applied: o.Applied, ways: make(map[way]*queue[*raftpb.Message])}
	n.status.ID = id
	n.ctx, n.cancel = context.WithCancel(p.ctx)
	n.orders.init()
	n.started = make(chan struct{})
	if p.ready[id] { // since before the run began
		p.ready[id] = false
		close(n.started)
	} else {
		p.do(id, "started", func(id raft.NodeID) error {
			defer close(n.started)
			return p.machines.start(id)
		})
	}
	var err error
	if n.conn, err = p.dial(id); err != nil {
		return nil, err
	}
	context.AfterFunc(n.ctx, func() { n.conn.Close() })
	p.nodes[id] = n
	n.order(&raftpb.Order{What: &raftpb.Order_Begin{Begin: &raftpb.Begin{Life: n.life, Newcomer: len(o.Voters) == 0}}})
	if o.Timeouts != p.timeouts {
		n.SetTimeouts(o.Timeouts)
	}
	p.work.Go(n.attach)
	return n, nil
}

// attach takes in what the node shows and sends it orders, until its life ends.
func (n *node) attach() {
	err := n.attached()
	if n.ctx.Err() != nil {
		return
	}
	// It has ended by itself, and what it said last tells why; or the connection to it broke.
	n.p.deeds[n.id].put(func() error {
		ended := n.p.machines.ended(n.id, time.Second)
		said := n.p.machines.lastWords(n.id)
		n.p.later(func() {
			if n.p.nodes[n.id] == n {
				n.gone(err, ended, said)
			}
		})
		return nil
	})
}

func (n *node) attached() error {
	select {
	case <-n.started:
	case <-n.ctx.Done():
		return n.ctx.Err()
	}
	stream, err := raftpb.NewControlClient(n.conn).Attach(n.ctx, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	n.p.work.Go(func() {
		for orders := range n.orders.all(n.ctx) {
			for _, o := range orders {
				if stream.Send(o) != nil {
					return // what receives knows why
				}
			}
		}
	})
	for {
		batch, err := stream.Recv()
		if err != nil {
			return err
		}
		n.p.later(func() {
			for _, s := range batch.Sights {
				n.see(s)
			}
		})
	}
}

// see has the node in the world be what the real one has become, and sends what that sent after.
func (n *node) see(s *raftpb.Sight) {
	if n.p.nodes[n.id] != n {
		return
	}
	n.p.world.Enter(n.id, func() {
		for _, e := range s.Effects {
			entry := raft.Entry{Index: raft.Index(e.Index), Term: raft.Term(e.GetEntry().GetTerm()), Kind: raft.EntryKind(e.GetEntry().GetKind()), Data: e.GetEntry().GetData()}
			n.applied(n.id, replica.Applied{Entry: &entry, Session: kv.SessionID(e.Session), Seq: e.Seq, Repeat: e.Repeat})
		}
		if err := n.take(s); err != nil {
			n.p.fail(fmt.Errorf("%v shows what cannot be: %w", n.id, err))
		}
	})
	n.last = s.Number
	n.release()
}

// after has the node do something in the world, once the sight has come that it comes after. Nothing is done that is of another
// life, or after this one has ended.
func (n *node) after(asOf uint64, do func()) {
	if n != nil && uint64(n.life) == asOf>>32 {
		n.held = append(n.held, held{asOf, do})
		n.release()
	}
}

// release does what need not be held any more. What has the same asOf keeps its order, and so have all messages to one node.
func (n *node) release() {
	still := n.held[:0]
	for _, h := range n.held {
		if h.asOf > n.last {
			still = append(still, h)
			continue
		}
		n.p.world.Enter(n.id, h.do)
	}
	clear(n.held[len(still):])
	n.held = still
}

// Receive implements [replica.Process]: the message goes to the real node.
func (n *node) Receive(from raft.NodeID, m replica.Message) {
	rm := m.(*raft.Message)
	w := way{from, rm.Incarnation}
	q := n.ways[w]
	if q == nil {
		q = &queue[*raftpb.Message]{}
		q.init()
		n.ways[w] = q
		n.p.work.Go(func() { n.deliver(w, q) })
	}
	q.put(server.ToWire(rm))
}

// Timer implements [replica.Process]: only the scenario fires any.
func (n *node) Timer(t replica.TimerID) {
	name := raftpb.TimerName_TIMER_NAME_ELECTION
	if t == replica.TimerHeartbeat {
		name = raftpb.TimerName_TIMER_NAME_HEARTBEAT
	}
	n.order(&raftpb.Order{What: &raftpb.Order_Timer{Timer: &raftpb.Timer{Name: name}}})
}

// Synced implements [replica.Process]. Nothing is written to the disk of the world.
func (n *node) Synced(wal.SyncTicket, error) {}

// Request implements [replica.Process]: the request goes to the real node. What it does not answer is lost.
func (n *node) Request(client replica.ClientID, r *kv.Request) {
	request := &raftpb.Request{
		Session: uint64(r.Session), Seq: r.Seq, Op: raftpb.Op(r.Op), Key: []byte(r.Key), Value: []byte(r.Value), Expect: []byte(r.Expect),
	}
	n.p.work.Go(func() {
		got, err := raftpb.NewKVClient(n.conn).Do(n.ctx, request)
		if err != nil {
			return
		}
		a := replica.Response{
			Session: kv.SessionID(got.Session), Seq: got.Seq, Status: statusOf(got), Opened: kv.SessionID(got.Opened),
			Leader: raft.NodeID(got.Leader), Result: kv.Result{Value: string(got.Value), Swapped: got.Swapped},
		}
		asOf := got.AsOf
		if asOf == 0 {
			asOf = uint64(n.life) << 32 // it has not booted, and says so
		}
		n.p.later(func() {
			if n.p.nodes[n.id] == n {
				n.after(asOf, func() { n.env.Answer(client, &a) })
			}
		})
	})
}

// statusOf is a response's status in the words of the store.
func statusOf(r *raftpb.Response) kv.Status {
	if r.Refused {
		return kv.Refused
	}
	switch r.Status {
	case raftpb.Status_STATUS_OK:
		return kv.OK
	case raftpb.Status_STATUS_NOT_LEADER:
		return kv.NotLeader
	case raftpb.Status_STATUS_INVALID:
		return kv.Invalid
	case raftpb.Status_STATUS_BUSY:
		return kv.Busy
	case raftpb.Status_STATUS_EXPIRED:
		return kv.Expired
	}
	return kv.Unknown
}

func (n *node) order(o *raftpb.Order) { n.orders.put(o) }

// SetTimeouts implements [replica.Tunable].
func (n *node) SetTimeouts(t replica.Timeouts) {
	n.order(&raftpb.Order{What: &raftpb.Order_Timeouts{Timeouts: &raftpb.Timeouts{
		ElectionMin: int64(n.p.real(t.ElectionMin)), ElectionMax: int64(n.p.real(t.ElectionMax)), Heartbeat: int64(n.p.real(t.Heartbeat)),
	}}})
}

// TransferLeadership implements [replica.Transferable].
func (n *node) TransferLeadership(to raft.NodeID) error {
	n.order(&raftpb.Order{What: &raftpb.Order_Transfer{Transfer: uint64(to)}})
	return nil
}

// Reconfigure implements [replica.Reconfigurable]. All nodes are where the relay is.
func (n *node) Reconfigure(change *replica.Change) error {
	r := &raftpb.ChangeMembersRequest{}
	for _, id := range change.Join {
		r.Add = append(r.Add, &raftpb.Newcomer{Id: uint64(id), Address: n.p.relay.address})
	}
	for _, id := range change.Learn {
		r.Learn = append(r.Learn, &raftpb.Newcomer{Id: uint64(id), Address: n.p.relay.address})
	}
	for _, id := range change.Remove {
		r.Remove = append(r.Remove, uint64(id))
	}
	n.order(&raftpb.Order{What: &raftpb.Order_Change{Change: r}})
	return nil
}

// Compact implements [replica.Compactable].
func (n *node) Compact() error {
	n.order(&raftpb.Order{What: &raftpb.Order_Snapshot{Snapshot: &raftpb.SnapshotRequest{}}})
	return nil
}

// Observe implements [scenarios.Observer].
func (n *node) Observe(o *checker.Observation) { n.mirror.Observe(o) }

// gone takes in that the real node ended although nobody killed it, or cannot be watched any more.
func (n *node) gone(why error, ended bool, said string) {
	switch {
	case !ended || strings.Contains(said, "cannot listen on"):
		n.p.fail(fmt.Errorf("%v cannot be watched: %w; it said: %s", n.id, why, said))
		return
	case said == "":
		said = why.Error()
	}
	n.p.world.Enter(n.id, func() { n.env.Halt(errors.New(said)) })
}
