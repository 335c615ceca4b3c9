package server

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/grpc"

	"raftsim/raft"
	"raftsim/raft/raftpb"
	"raftsim/raft/wal"
)

type ticket = wal.SyncTicket

const levelInfo = slog.LevelInfo

// known asks the others whether this node, which has no log, has taken part before: then it is not the one that made
// those promises, and must not vote in its name. It waits until so many have answered that with this node they are a
// majority; at a cluster's first start all are there before long.
func (s *Server) known(ctx context.Context) (bool, error) {
	others := s.cfg.others()
	need := (len(others) + 1) / 2
	answered := make(map[raft.NodeID]bool)
	conns := make(map[raft.NodeID]*grpc.ClientConn)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for tries := 0; ; tries++ {
		for _, id := range others {
			if answered[id] {
				continue
			}
			if conns[id] == nil {
				c, err := grpc.NewClient("passthrough:///"+s.cfg.Peers[id], s.dialOptions(id)...)
				if err != nil {
					return false, fmt.Errorf("node %v cannot be reached: %w", id, err)
				}
				conns[id] = c
			}
			asking, cancel := context.WithTimeout(ctx, time.Second)
			met, err := raftpb.NewPeerClient(conns[id]).Meet(asking, s.hello(id))
			cancel()
			if err != nil {
				if text, ok := s.refusals.say("Node %v cannot ask Node %v whether it is known: %s", s.cfg.ID, id, reason(err)); ok && tries > 20 {
					s.log(text)
				}
				continue
			}
			if met.Known {
				return true, nil
			}
			answered[id] = true
		}
		if len(answered) >= need {
			return false, nil
		}
		if tries == 20 {
			s.log(fmt.Sprintf("Node %v waits for %d of its peers %v to answer before it begins", s.cfg.ID, need, others))
		}
		select {
		case <-ctx.Done():
			return false, errToldToStop
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// join asks to be made a member until the node is one. That whoever was asked has done so is not enough: if the disk of a member of
// that name is gone, the leader may not have noticed yet that this is another node.
func (s *Server) join() {
	request := &raftpb.ChangeMembersRequest{Self: true, Add: []*raftpb.Newcomer{{Id: uint64(s.cfg.ID), Address: s.advertised}}}
	for {
		if v := s.view.get(); v.member(s.cfg.ID) {
			s.log(fmt.Sprintf("Node %v has joined", s.cfg.ID))
			return
		}
		s.askOthers(5*time.Second, func(ctx context.Context, id raft.NodeID, conn *dialed) bool {
			_, err := raftpb.NewAdminClient(conn).ChangeMembers(ctx, request)
			if err == nil {
				return true
			}
			if text, ok := s.refusals.say("Node %v asked Node %v to join, in vain: %s", s.cfg.ID, id, reason(err)); ok {
				s.log(text)
			}
			return false
		})
		select {
		case <-time.After(500 * time.Millisecond):
		case <-s.ctx.Done():
			return
		}
	}
}
