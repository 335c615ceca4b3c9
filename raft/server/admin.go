package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/metadata"
	grpcpeer "google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"raftsim/raft"
	"raftsim/raft/raftpb"
)

// adminService is what this node serves those who run the cluster.
type adminService struct {
	raftpb.UnimplementedAdminServer
	s *Server
}

// How long another node has to say how it is, and to take a connection after it could not be reached.
const (
	statusPatience = time.Second
	againPatience  = 200 * time.Millisecond
)

// Status implements [raftpb.AdminServer].
func (a adminService) Status(ctx context.Context, r *raftpb.StatusRequest) (*raftpb.StatusReply, error) {
	own := a.s.ownStatus()
	out := &raftpb.StatusReply{ClusterName: a.s.cfg.Cluster, Nodes: []*raftpb.NodeStatus{own}}
	if r.GetOwn() {
		return out, nil
	}
	all := map[raft.NodeID]*raftpb.NodeStatus{a.s.cfg.ID: own}
	var mu sync.Mutex
	var asked sync.WaitGroup
	for _, m := range own.Members {
		id := raft.NodeID(m.Id)
		if id == a.s.cfg.ID {
			continue
		}
		asked.Go(func() {
			n, err := a.s.statusOf(ctx, id)
			if err != nil {
				n = &raftpb.NodeStatus{Id: m.Id, Address: m.Address, Error: reason(err)}
			}
			mu.Lock()
			defer mu.Unlock()
			all[id] = n
		})
	}
	asked.Wait()
	out.Nodes = out.Nodes[:0]
	most, term := uint64(0), uint64(0)
	members := own.Members
	for _, id := range sorted(all) {
		n := all[id]
		out.Nodes = append(out.Nodes, n)
		most = max(most, n.Commit)
		if n.Role == raft.Leader.String() && n.Term >= term {
			members, term = n.Members, n.Term
		}
	}
	for _, n := range out.Nodes {
		n.Membership = raftpb.Membership_MEMBERSHIP_NONE
		for _, m := range members {
			if m.Id == n.Id {
				n.Membership = m.Membership
			}
		}
		if n.Reachable {
			n.Lag = most - min(n.Applied, most)
		}
	}
	return out, nil
}

// statusOf asks another node how it is.
func (s *Server) statusOf(ctx context.Context, id raft.NodeID) (*raftpb.NodeStatus, error) {
	conn, err := s.peer(id).dial()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, statusPatience)
	defer cancel()
	r, err := raftpb.NewAdminClient(conn).Status(ctx, &raftpb.StatusRequest{Own: true})
	if status.Code(err) == codes.Unavailable {
		// That may be what came of an attempt a while ago, after which it pauses. The node may be back.
		conn.ResetConnectBackoff()
		soon, cancel := context.WithTimeout(ctx, againPatience)
		conn.WaitForStateChange(soon, connectivity.TransientFailure)
		cancel()
		r, err = raftpb.NewAdminClient(conn).Status(ctx, &raftpb.StatusRequest{Own: true})
	}
	if err != nil {
		return nil, err
	}
	if len(r.Nodes) != 1 || r.Nodes[0].Id != uint64(id) {
		return nil, errors.New("another node answers at its address")
	}
	return r.Nodes[0], nil
}

// ownStatus is how this node is.
func (s *Server) ownStatus() *raftpb.NodeStatus {
	v := s.view.get()
	n := &raftpb.NodeStatus{
		Id: uint64(s.cfg.ID), Address: s.advertised, Reachable: true, Role: "starting",
		Version: s.cfg.Version, LogBytes: uint64(s.disk.bytes.Load()),
	}
	if !v.booted {
		return n
	}
	n.Role, n.Term, n.Leader = v.Role.String(), uint64(v.Term), uint64(v.Leader)
	n.Commit, n.Applied, n.LastIndex, n.Base = uint64(v.Commit), uint64(v.Applied), uint64(v.LastIndex), uint64(v.Base)
	n.Incarnation, n.Digest = uint64(v.incarnation), v.digest
	n.Members = s.members(v.config)
	for _, m := range n.Members {
		if m.Id == n.Id {
			n.Membership = m.Membership
		}
	}
	return n
}

// members are those of a configuration, with their addresses.
func (s *Server) members(c *raft.Configuration) []*raftpb.Member {
	var out []*raftpb.Member
	for _, id := range c.IDs(nil) {
		m := &raftpb.Member{Id: uint64(id), Address: s.book.address(id, 0), Membership: raftpb.Membership_MEMBERSHIP_LEARNER}
		if id == s.cfg.ID {
			m.Address = s.advertised
		}
		for _, v := range c.Outgoing {
			if v.ID == id {
				m.Membership = raftpb.Membership_MEMBERSHIP_OUTGOING
			}
		}
		for _, v := range c.Voters {
			if v.ID == id {
				m.Membership = raftpb.Membership_MEMBERSHIP_VOTER
				if v.Swap {
					m.Membership = raftpb.Membership_MEMBERSHIP_LEAVING
				}
			}
		}
		out = append(out, m)
	}
	return out
}

var errStarting = status.Error(codes.Unavailable, "the node is starting")

// onLoop has the loop run f, apart from all else.
func (s *Server) onLoop(ctx context.Context, f func()) error {
	select {
	case <-s.booted:
	default:
		return errStarting
	}
	done := make(chan struct{})
	if !s.inbox.put(event{do: func() { f(); close(done) }}) {
		return errStopping
	}
	select {
	case <-done:
		return nil
	case <-s.loop.stopped:
		return errStopping
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// until waits for a state of the node.
func (s *Server) until(ctx context.Context, what func(*state) bool) (state, error) {
	for {
		v, changed := s.view.next()
		if what(&v) {
			return v, nil
		}
		select {
		case <-changed:
		case <-s.loop.stopped:
			return v, errStopping
		case <-ctx.Done():
			return v, status.FromContextError(ctx.Err()).Err()
		}
	}
}

// leaderConn is a connection to the leader, for a request that only it can carry out.
func (s *Server) leaderConn(forwarded bool) (*dialed, error) {
	leader := s.view.get().Leader
	switch {
	case forwarded:
		return nil, status.Errorf(codes.Unavailable, "node %v does not lead any more: ask again", s.cfg.ID)
	case leader == raft.None || leader == s.cfg.ID:
		return nil, status.Errorf(codes.Unavailable, "node %v knows of no leader now: ask again, or see raftd status", s.cfg.ID)
	}
	conn, err := s.peer(leader).dial()
	if err != nil {
		return nil, status.Errorf(codes.Unavailable, "node %v leads, and cannot be reached: %v", leader, err)
	}
	return conn, nil
}

// adminPatience is how long a change may take when the client sets no limit.
const adminPatience = 30 * time.Second

// notBegun is in the trailer of an error with which a node says that it has not begun a change of the members, nor has the leader.
const notBegun = "raftd-not-begun"

// NotBegun says whether a change of the members that failed, and whose answer ended with that trailer, was not begun for certain.
// Errors of any other code than these come from a node, too, which refuses it.
func NotBegun(err error, trailer metadata.MD) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Internal, codes.Unknown:
		return len(trailer.Get(notBegun)) > 0
	}
	return true
}

// sayNotBegun puts that into the trailer of an answer.
func sayNotBegun(ctx context.Context) { _ = grpc.SetTrailer(ctx, metadata.Pairs(notBegun, "true")) }

// ChangeMembers implements [raftpb.AdminServer].
func (a adminService) ChangeMembers(ctx context.Context, r *raftpb.ChangeMembersRequest) (*raftpb.ChangeMembersReply, error) {
	ctx, cancel := context.WithTimeout(ctx, adminPatience)
	defer cancel()
	change, addresses, err := readChange(r)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	for _, n := range addresses {
		if n.Address == "" && a.s.book.address(raft.NodeID(n.Node), 0) == "" {
			return nil, status.Errorf(codes.InvalidArgument, "nobody has said where node %v is: give %v=HOST:PORT", raft.NodeID(n.Node), raft.NodeID(n.Node))
		}
	}
	asked := change.Join
	if v := a.s.view.get(); v.booted && v.Role != raft.Leader {
		return a.passOn(ctx, r)
	}
	for {
		var index raft.Index
		var term raft.Term
		err = nil
		if e := a.s.onLoop(ctx, func() {
			if r.GetSelf() { // who was made a learner for good stays one, also when its disk is gone
				change.Join, change.Learn = nil, nil
				for _, id := range asked {
					if a.s.loop.leaving(id) { // nor is it for the node to say that it stays
						err = fmt.Errorf("node %v is about to leave, once others have come for it", id)
						return
					}
					if a.s.loop.learner(id) {
						change.Learn = append(change.Learn, id)
					} else {
						change.Join = append(change.Join, id)
					}
				}
			}
			if err = a.s.loop.replica.Reconfigure(change); err == nil {
				index, term = a.s.loop.replica.Core().Status().ConfigurationIndex, a.s.loop.replica.Core().Term()
			}
		}); e != nil {
			if errors.Is(e, errStarting) {
				sayNotBegun(ctx)
			}
			return nil, e
		}
		switch {
		case err == nil:
			if err := a.s.book.learn(addresses); err != nil {
				return nil, status.Error(codes.Internal, err.Error())
			}
			return a.committed(ctx, index, term)
		case errors.Is(err, raft.ErrNotLeader):
			return a.passOn(ctx, r)
		case !errors.Is(err, raft.ErrTooEarly) && !errors.Is(err, raft.ErrChangeInFlight) && !errors.Is(err, raft.ErrTransferring):
			return nil, status.Error(codes.FailedPrecondition, told(err))
		}
		select { // it is a matter of time
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			sayNotBegun(ctx)
			return nil, status.Errorf(codes.DeadlineExceeded, "it could not be begun in time: %s", told(err))
		}
	}
}

// passOn has the leader make a change.
func (a adminService) passOn(ctx context.Context, r *raftpb.ChangeMembersRequest) (*raftpb.ChangeMembersReply, error) {
	conn, err := a.s.leaderConn(r.GetForwarded())
	if err != nil {
		sayNotBegun(ctx)
		return nil, err
	}
	r.Forwarded = true
	var at grpcpeer.Peer
	var trailer metadata.MD
	reply, err := raftpb.NewAdminClient(conn).ChangeMembers(ctx, r, grpc.Peer(&at), grpc.Trailer(&trailer))
	if err != nil && (at.Addr == nil || NotBegun(err, trailer)) {
		sayNotBegun(ctx) // it was not sent, or so the leader says
	}
	return reply, err
}

// told is an error of package raft in words for somebody who need not know of packages, each of which names it where it wraps another.
func told(err error) string { return strings.ReplaceAll(err.Error(), "raft: ", "") }

// learner says whether a node is a learner for good.
func (l *loop) learner(id raft.NodeID) bool {
	return slices.ContainsFunc(l.replica.Core().Configuration().Learners, func(m raft.Member) bool { return m.ID == id && !m.Promote })
}

// leaving says whether a node is a voter that is to leave once others have come for it.
func (l *loop) leaving(id raft.NodeID) bool {
	return slices.ContainsFunc(l.replica.Core().Configuration().Voters, func(m raft.Member) bool { return m.ID == id && m.Swap })
}

// committed waits until the configuration of that entry, or a later one, is committed, of a leader of that term.
func (a adminService) committed(ctx context.Context, index raft.Index, term raft.Term) (*raftpb.ChangeMembersReply, error) {
	v, err := a.s.until(ctx, func(v *state) bool {
		return v.Role != raft.Leader || v.Term != term || v.ConfigurationIndex >= index && v.Commit >= v.ConfigurationIndex && !v.config.Joint()
	})
	if err != nil {
		return nil, err
	}
	if v.Commit < index || v.Term != term { // in a later term another entry may have its place
		return nil, status.Error(codes.Unavailable, "the leader has changed, and it is not known whether the change came to be: see raftd status, and ask again")
	}
	return &raftpb.ChangeMembersReply{Members: a.s.members(v.config)}, nil
}

// readChange reads who is to come and go.
func readChange(r *raftpb.ChangeMembersRequest) (*raft.Change, []*raftpb.Address, error) {
	change := &raft.Change{}
	var addresses []*raftpb.Address
	said := time.Now().UnixNano()
	add := func(list []*raftpb.Newcomer, to *[]raft.NodeID) error {
		for _, n := range list {
			if n.GetId() == 0 {
				return errors.New("a node has no name")
			}
			id := raft.NodeID(n.Id)
			if slices.ContainsFunc(addresses, func(a *raftpb.Address) bool { return a.Node == n.Id }) {
				return fmt.Errorf("node %v is named twice", id)
			}
			if n.Address != "" {
				if err := CheckReachable(n.Address); err != nil {
					return fmt.Errorf("node %v cannot be reached at %q: %w", id, n.Address, err)
				}
			}
			*to = append(*to, raft.NodeID(n.Id))
			addresses = append(addresses, &raftpb.Address{Node: n.Id, Address: n.Address, Said: said})
		}
		return nil
	}
	if err := errors.Join(add(r.GetAdd(), &change.Join), add(r.GetLearn(), &change.Learn)); err != nil {
		return nil, nil, err
	}
	for _, id := range r.GetRemove() {
		change.Remove = append(change.Remove, raft.NodeID(id))
	}
	if n := len(change.Join) + len(change.Learn) + len(change.Remove); n == 0 || n > 99 {
		return nil, nil, errors.New("a change names 1 to 99 nodes")
	}
	return change, addresses, nil
}

// Transfer implements [raftpb.AdminServer].
func (a adminService) Transfer(ctx context.Context, r *raftpb.TransferRequest) (*raftpb.TransferReply, error) {
	ctx, cancel := context.WithTimeout(ctx, adminPatience)
	defer cancel()
	to := raft.NodeID(r.GetTo())
	if v := a.s.view.get(); v.booted && v.Role != raft.Leader {
		if to != raft.None && v.Leader == to {
			return &raftpb.TransferReply{Leader: uint64(to), Term: uint64(v.Term)}, nil
		}
		conn, err := a.s.leaderConn(r.GetForwarded())
		if err != nil {
			return nil, err
		}
		r.Forwarded = true
		return raftpb.NewAdminClient(conn).Transfer(ctx, r)
	}
	v, err := a.s.handOver(ctx, to)
	if err != nil {
		return nil, err
	}
	return &raftpb.TransferReply{Leader: uint64(v.Leader), Term: uint64(v.Term)}, nil
}

// handOver has a leader hand leadership to another, or to whoever has most of the log, and waits for that one to lead.
func (s *Server) handOver(ctx context.Context, to raft.NodeID) (state, error) {
	if to == raft.None {
		if to = s.successor(ctx); to == raft.None {
			return state{}, status.Error(codes.FailedPrecondition, "there is no other voter to be reached")
		}
	}
	if to == s.cfg.ID {
		if v := s.view.get(); v.Role == raft.Leader {
			return v, nil
		}
	}
	var err error
	var term raft.Term
	if e := s.onLoop(ctx, func() {
		term = s.loop.replica.Core().Status().Term
		err = s.loop.replica.TransferLeadership(to)
	}); e != nil {
		return state{}, e
	}
	if err != nil {
		return state{}, status.Error(codes.FailedPrecondition, told(err))
	}
	ctx, cancel := context.WithTimeout(ctx, 2*s.cfg.Timeouts.ElectionMax)
	defer cancel()
	v, err := s.until(ctx, func(v *state) bool { return v.Term > term && v.Leader != raft.None })
	if err != nil && v.Role == raft.Leader {
		return v, status.Errorf(codes.Aborted, "node %v did not take over in time, and %v goes on", to, s.cfg.ID)
	}
	return v, err
}

// successor is the other voter that has most of the log, of those that can be reached: one that is about to leave only when there is no other.
func (s *Server) successor(ctx context.Context) raft.NodeID {
	r, err := adminService{s: s}.Status(ctx, &raftpb.StatusRequest{})
	if err != nil {
		return raft.None
	}
	for _, kind := range []raftpb.Membership{raftpb.Membership_MEMBERSHIP_VOTER, raftpb.Membership_MEMBERSHIP_LEAVING} {
		best, most := raft.None, uint64(0)
		for _, n := range r.Nodes {
			if n.Reachable && n.Membership == kind && n.Id != uint64(s.cfg.ID) && n.LastIndex >= most {
				best, most = raft.NodeID(n.Id), n.LastIndex
			}
		}
		if best != raft.None {
			return best
		}
	}
	return raft.None
}

// Snapshot implements [raftpb.AdminServer].
func (a adminService) Snapshot(ctx context.Context, _ *raftpb.SnapshotRequest) (*raftpb.SnapshotReply, error) {
	ctx, cancel := context.WithTimeout(ctx, adminPatience)
	defer cancel()
	applied := a.s.view.get().Applied
	for {
		if err := a.s.onLoop(ctx, func() {
			_ = a.s.loop.replica.Compact() // an error says that there is one of all there is, or that one is being written
		}); err != nil {
			return nil, err
		}
		once, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		v, err := a.s.until(once, func(v *state) bool { return v.snapshot >= applied })
		cancel()
		switch {
		case err == nil:
			return &raftpb.SnapshotReply{Index: uint64(v.snapshot)}, nil
		case ctx.Err() != nil || errors.Is(err, errStopping):
			return nil, err
		}
	}
}
