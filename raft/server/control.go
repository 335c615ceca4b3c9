package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"raftsim/raft"
	"raftsim/raft/raftpb"
	"raftsim/raft/replica"
)

// TestOptions are for tests of whole clusters.
type TestOptions struct {
	// Wait has the node boot only once a test is attached, which says what it is if its folder is empty, and end when the test goes.
	Wait bool
	// NoPreVote, NoCheckQuorum and LogReads switch off what a node has otherwise: see replica.Options.
	NoPreVote, NoCheckQuorum, LogReads bool
	// MaxInflight, MaxInflightBytes, MaxChunkBytes and MaxUncommittedBytes are as in [raft.Config].
	MaxInflight, MaxInflightBytes, MaxChunkBytes, MaxUncommittedBytes int
}

// apply changes what a replica is started with.
func (t *TestOptions) apply(o *replica.Options) {
	o.PreVote, o.CheckQuorum, o.ReadIndex = !t.NoPreVote, !t.NoCheckQuorum, !t.LogReads
	o.MaxInflight, o.MaxInflightBytes = t.MaxInflight, t.MaxInflightBytes
	o.MaxChunkBytes, o.MaxUncommittedBytes = t.MaxChunkBytes, t.MaxUncommittedBytes
}

// controlService lets tests reach into the node.
type controlService struct {
	raftpb.UnimplementedControlServer
	s *Server
}

// SetTimeouts implements [raftpb.ControlServer].
func (c controlService) SetTimeouts(ctx context.Context, t *raftpb.Timeouts) (*raftpb.Done, error) {
	return done(c.obey(ctx, &raftpb.Order{What: &raftpb.Order_Timeouts{Timeouts: t}}))
}

// FireTimer implements [raftpb.ControlServer].
func (c controlService) FireTimer(ctx context.Context, t *raftpb.Timer) (*raftpb.Done, error) {
	return done(c.obey(ctx, &raftpb.Order{What: &raftpb.Order_Timer{Timer: t}}))
}

func done(err error) (*raftpb.Done, error) {
	if err != nil {
		return nil, err
	}
	return &raftpb.Done{}, nil
}

// Attach implements [raftpb.ControlServer].
func (c controlService) Attach(in grpc.BidiStreamingServer[raftpb.Order, raftpb.Sights]) error {
	first, err := in.Recv()
	if err != nil {
		return err
	}
	if first.GetBegin() == nil {
		return status.Error(codes.InvalidArgument, "the first order is to begin")
	}
	w := c.s.sights
	if !w.begin(first.GetBegin()) {
		return status.Error(codes.FailedPrecondition, "a test is attached to the node, or was to one that waited for it")
	}
	defer w.end()
	c.s.inbox.put(event{do: func() {}}) // after which it is looked at
	ended := make(chan error, 1)
	go func() { ended <- c.orders(in) }()
	for {
		select {
		case <-w.wake:
			for all := w.take(); len(all) > 0; {
				n, size := 0, 0
				for n < len(all) && (n == 0 || size < maxParcel) {
					size += proto.Size(all[n])
					n++
				}
				if err := in.Send(&raftpb.Sights{Sights: all[:n]}); err != nil {
					return err
				}
				all = all[n:]
			}
		case err := <-ended:
			return err
		case <-c.s.closing:
			return errStopping
		}
	}
}

// orders carries out what a test wants, until it wants no more.
func (c controlService) orders(in grpc.BidiStreamingServer[raftpb.Order, raftpb.Sights]) error {
	for {
		o, err := in.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-c.s.booted:
		case <-in.Context().Done():
			return in.Context().Err()
		case <-c.s.ctx.Done():
			return errStopping
		}
		if err := c.obey(in.Context(), o); err != nil {
			return err
		}
	}
}

// obey has the loop carry out an order. The error says what is wrong with it, or that the loop has ended.
func (c controlService) obey(ctx context.Context, o *raftpb.Order) error {
	f, err := c.order(o)
	if err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	return c.s.onLoop(ctx, f)
}

// order is what an order has the loop do.
func (c controlService) order(o *raftpb.Order) (func(), error) {
	l := c.s.loop
	switch what := o.GetWhat().(type) {
	case *raftpb.Order_Timeouts:
		t := what.Timeouts
		if t.GetElectionMin() < 0 || t.GetElectionMax() < 0 || t.GetHeartbeat() < 0 {
			return nil, errors.New("a timeout cannot be negative")
		}
		timeouts := raft.Timeouts{
			ElectionMin: time.Duration(t.GetElectionMin()), ElectionMax: time.Duration(t.GetElectionMax()), Heartbeat: time.Duration(t.GetHeartbeat()),
		}
		return func() { l.replica.SetTimeouts(timeouts) }, nil
	case *raftpb.Order_Timer:
		which := replica.TimerElection
		switch what.Timer.GetName() {
		case raftpb.TimerName_TIMER_NAME_ELECTION:
		case raftpb.TimerName_TIMER_NAME_HEARTBEAT:
			which = replica.TimerHeartbeat
		default:
			return nil, fmt.Errorf("there is no timer %d", what.Timer.GetName())
		}
		return func() {
			l.timers[which] = raft.Never
			l.replica.Timer(which)
		}, nil
	case *raftpb.Order_Transfer:
		return func() { _ = l.replica.TransferLeadership(raft.NodeID(what.Transfer)) }, nil
	case *raftpb.Order_Change:
		change, addresses, err := readChange(what.Change)
		if err != nil {
			return nil, err
		}
		if err := c.s.book.learn(addresses); err != nil {
			return nil, err
		}
		return func() { _ = l.replica.Reconfigure(change) }, nil
	case *raftpb.Order_Snapshot:
		return func() { _ = l.replica.Compact() }, nil
	}
	return nil, errors.New("an order that this version does not know")
}
