package server

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftsim/raft"
	"raftsim/raft/raftpb"
	"raftsim/raft/replica"
)

// controlService lets tests reach into the node.
type controlService struct {
	raftpb.UnimplementedControlServer
	s *Server
}

// SetTimeouts implements [raftpb.ControlServer].
func (c controlService) SetTimeouts(ctx context.Context, t *raftpb.Timeouts) (*raftpb.Done, error) {
	if t.GetElectionMin() < 0 || t.GetElectionMax() < 0 || t.GetHeartbeat() < 0 {
		return nil, status.Error(codes.InvalidArgument, "a timeout cannot be negative")
	}
	timeouts := raft.Timeouts{
		ElectionMin: time.Duration(t.GetElectionMin()), ElectionMax: time.Duration(t.GetElectionMax()), Heartbeat: time.Duration(t.GetHeartbeat()),
	}
	return &raftpb.Done{}, c.s.onLoop(ctx, func() { c.s.loop.replica.SetTimeouts(timeouts) })
}

// FireTimer implements [raftpb.ControlServer].
func (c controlService) FireTimer(ctx context.Context, t *raftpb.Timer) (*raftpb.Done, error) {
	which := replica.TimerElection
	switch t.GetName() {
	case raftpb.TimerName_TIMER_NAME_ELECTION:
	case raftpb.TimerName_TIMER_NAME_HEARTBEAT:
		which = replica.TimerHeartbeat
	default:
		return nil, status.Errorf(codes.InvalidArgument, "there is no timer %d", t.GetName())
	}
	return &raftpb.Done{}, c.s.onLoop(ctx, func() {
		c.s.loop.timers[which] = raft.Never
		c.s.loop.replica.Timer(which)
	})
}
