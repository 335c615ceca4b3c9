package server

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"raftsim/raft"
	"raftsim/raft/raftpb"
)

// A node that was removed while it was down does not know it, since nobody tells it: it stands for election, in vain, for as long as
// it runs, and so it has to while there is any doubt. It finds out from the others, and then says so once and no more
// of its elections. Should it be added again, a leader will be heard of.

// lookForPlace finds out whether the node, when it hears of no leader, is a member at all.
func (s *Server) lookForPlace() {
	if s.cfg.Test.Wait {
		return // a test knows, and counts what is sent
	}
	pause := 2 * s.cfg.Timeouts.ElectionMax
	quiet := 0 // how often in a row no leader was known
	for {
		select {
		case <-time.After(pause):
		case <-s.ctx.Done():
			return
		}
		v := s.view.get()
		if v.Leader != raft.None {
			quiet = 0
			continue
		}
		if quiet++; quiet < 2 || s.outcast.Load() || !v.config.Known() {
			continue
		}
		if v.settled() && !v.names(s.cfg.ID) || s.removedAfter(v.ConfigurationIndex) {
			if !s.castOut(v.ConfigurationIndex) {
				continue
			}
			s.log(fmt.Sprintf("Node %v is no member of this cluster any more, and waits to be added again: raftd member add %v", s.cfg.ID, s.cfg.ID))
		}
	}
}

// castOut notes that the node is no member, unless it has heard of a leader or of another configuration since it had that one. It says
// whether it did.
func (s *Server) castOut(known raft.Index) bool {
	did := false
	err := s.onLoop(s.ctx, func() {
		if v := s.loop.replica.Core().Status(); v.Leader == raft.None && v.ConfigurationIndex == known {
			s.outcast.Store(true)
			did = true
		}
	})
	return err == nil && did
}

// removedAfter asks the others whether a configuration is committed that is later than what this node knows, and has nobody of its name.
// What one of them has committed is so for all, so that one answer is enough.
func (s *Server) removedAfter(known raft.Index) bool {
	return s.askOthers(time.Second, func(ctx context.Context, id raft.NodeID, conn *dialed) bool {
		met, err := raftpb.NewPeerClient(conn).Meet(ctx, s.hello(id))
		return err == nil && met.ConfigurationIndex > uint64(known) && !met.Member
	})
}

// settled says whether the configuration is one that the node knows to be committed.
func (s *state) settled() bool {
	return s.booted && s.config.Known() && s.Commit >= s.ConfigurationIndex
}

// names says whether the configuration has a member of a name.
func (s *state) names(id raft.NodeID) bool { return slices.Contains(s.config.IDs(nil), id) }

// standsForElection says whether a line of the log tells that the node stands for election, or tries to.
func standsForElection(line string) bool {
	return strings.HasSuffix(line, " timed out, starting election") || strings.Contains(line, " sends RPC RequestPreVote ") ||
		strings.Contains(line, " sends RPC RequestVote ")
}
