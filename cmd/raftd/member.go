package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"raftsim/raft"
	"raftsim/raft/raftpb"
	"raftsim/raft/server"
	"raftsim/raft/server/client"
)

// member is one of a cluster's, as --json prints it.
type member struct {
	ID         string `json:"id"`
	Address    string `json:"address"`
	Membership string `json:"membership"`
}

func memberCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "member COMMAND",
		Short: "Add, promote and remove members",
		Long: `Add, promote and remove members. A change is done when a majority has it; those that come start as
learners, which are sent the log and decide nothing, and become voters once they have caught up.`,
		Example: `  raftd member add n4=127.0.0.1:7104
  raftd member add n5=127.0.0.1:7105 --instead-of n1
  raftd member remove n2`,
	}
	cmd.AddCommand(memberAddCommand(s), memberPromoteCommand(s), memberRemoveCommand(s))
	return cmd
}

func memberAddCommand(s streams) *cobra.Command {
	var f clientFlags
	var learner, noWait bool
	var insteadOf []string
	cmd := &cobra.Command{
		Use:   "add NODE[=HOST:PORT]...",
		Short: "Have nodes join",
		Long: `Have nodes join, and wait until they are voters. A node can be added before it runs: until it does
it is a learner. One whose disk was lost is added again by its name alone. With --learner it
stays a learner until it is promoted.

With --instead-of other members leave for those that join: they vote until all that join have caught
up, and leave in the step in which those become voters, so that the cluster has no voter less
meanwhile. Until then they are shown as leaving. To call it off, add them again, or remove those that
were to join. A name that is no member's changes nothing, and the exit code is 3.`,
		Example: "  raftd member add n4=127.0.0.1:7104\n  raftd member add n4=127.0.0.1:7104 --learner\n  raftd member add n5=127.0.0.1:7105 --instead-of n1",
		Args:    wantNodes,
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := newcomers(args)
			if err != nil {
				return err
			}
			leave, err := leavers(insteadOf)
			if err != nil {
				return err
			}
			r := &raftpb.ChangeMembersRequest{Add: list, Remove: leave}
			if learner {
				if len(leave) > 0 {
					return usagef("--learner and --instead-of do not go together: nobody leaves for a learner; have it removed")
				}
				r = &raftpb.ChangeMembersRequest{Learn: list}
			}
			return changeMembers(cmd.Context(), s, &f, r, !learner && !noWait)
		},
	}
	f.add(cmd, 30*time.Second)
	cmd.Flags().BoolVar(&learner, "learner", false, "have them be learners until they are promoted")
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "do not wait until they are voters")
	cmd.Flags().StringSliceVar(&insteadOf, "instead-of", nil, "members that leave once these are voters, like n1,n2")
	return settled(s, cmd)
}

func memberPromoteCommand(s streams) *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:     "promote NODE...",
		Short:   "Make voters of learners",
		Long:    "Make voters of learners, as soon as they have caught up, and wait until they are.",
		Example: "  raftd member promote n4",
		Args:    wantNodes,
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := newcomers(args)
			if err != nil {
				return err
			}
			return changeMembers(cmd.Context(), s, &f, &raftpb.ChangeMembersRequest{Add: list}, true)
		},
	}
	f.add(cmd, 30*time.Second)
	return settled(s, cmd)
}

func memberRemoveCommand(s streams) *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   "remove NODE...",
		Short: "Have nodes leave",
		Long: `Have nodes leave. The leader can be removed too: it steps down once the others have the change. A
node that was removed goes on running, in good health, and can be stopped. One that is leaving for
another (see raftd member add --instead-of) leaves at once. A name that is no member's changes
nothing, and the exit code is 3.`,
		Example: "  raftd member remove n4",
		Args:    wantNodes,
		RunE: func(cmd *cobra.Command, args []string) error {
			leave, err := leavers(args)
			if err != nil {
				return err
			}
			return changeMembers(cmd.Context(), s, &f, &raftpb.ChangeMembersRequest{Remove: leave}, false)
		},
	}
	f.add(cmd, 30*time.Second)
	return settled(s, cmd)
}

// leading is the leader, and what it knows of the cluster; nil when there is none, or when somebody knows of a later term than its own.
func leading(ctx context.Context, conn *grpc.ClientConn) (*raftpb.NodeStatus, error) {
	r, err := raftpb.NewAdminClient(conn).Status(ctx, &raftpb.StatusRequest{})
	if err != nil {
		return nil, err
	}
	var leader *raftpb.NodeStatus
	term := uint64(0)
	for _, n := range r.Nodes {
		if n.Role == raft.Leader.String() && (leader == nil || n.Term > leader.Term) {
			leader = n
		}
		term = max(term, n.Term)
	}
	if leader == nil || leader.Term < term {
		return nil, nil
	}
	return leader, nil
}

// membershipOf is what a node is among members, MEMBERSHIP_NONE when it is none of them.
func membershipOf(members []*raftpb.Member, id uint64) raftpb.Membership {
	for _, m := range members {
		if m.Id == id {
			return m.Membership
		}
	}
	return raftpb.Membership_MEMBERSHIP_NONE
}

// those are the names of the nodes that are among members what is asked for.
func those(ids []uint64, members []*raftpb.Member, is raftpb.Membership) []string {
	var out []string
	for _, id := range ids {
		if membershipOf(members, id) == is {
			out = append(out, raft.NodeID(id).String())
		}
	}
	return out
}

func wantNodes(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("%s wants the names of nodes", cmd.CommandPath())
	}
	return nil
}

// leavers reads the names of nodes.
func leavers(names []string) ([]uint64, error) {
	var ids []uint64
	for _, name := range names {
		id, err := server.ParseID(name)
		if err != nil {
			return nil, usageError{err}
		}
		ids = append(ids, uint64(id))
	}
	return ids, nil
}

// newcomers reads NODE or NODE=HOST:PORT.
func newcomers(args []string) ([]*raftpb.Newcomer, error) {
	var out []*raftpb.Newcomer
	for _, a := range args {
		name, address, given := strings.Cut(a, "=")
		id, err := server.ParseID(name)
		if err != nil {
			return nil, usageError{err}
		}
		if given && address == "" {
			return nil, usagef("%q: want %v=host:port", a, id)
		}
		if given {
			if err := server.CheckReachable(address); err != nil {
				return nil, usagef("%q: node %v cannot be reached there: %w", a, id, err)
			}
		}
		if slices.ContainsFunc(out, func(n *raftpb.Newcomer) bool { return n.Id == uint64(id) }) {
			return nil, usagef("node %v is named twice", id)
		}
		out = append(out, &raftpb.Newcomer{Id: uint64(id), Address: address})
	}
	return out, nil
}

// changeMembers asks for a change, waits for those who are to be voters if asked to, and prints who is a member. It
// changes nothing when who is to leave is none.
func changeMembers(ctx context.Context, s streams, f *clientFlags, r *raftpb.ChangeMembersRequest, wait bool) error {
	return f.with(ctx, func(ctx context.Context, c *client.Client) error {
		members, unknown, err := change(ctx, s, c, r)
		if err != nil && unknown {
			return &client.UnknownError{Why: plainError(err, f.timeout)}
		}
		if err == nil && wait && !voters(members, r.Add) {
			members, err = await(ctx, s, c, r)
		}
		if err != nil {
			return err
		}
		for _, m := range members {
			out := member{raft.NodeID(m.Id).String(), m.Address, membership(m.Membership)}
			if !f.json {
				s.printf("%s\t%s\t%s\n", out.ID, out.Membership, out.Address)
			} else if err := s.printJSON(out); err != nil {
				return err
			}
		}
		return nil
	})
}

// change makes a change, and returns the members that it has led to once it is committed. Of an error it says whether the change may
// come to be in spite of it.
func change(ctx context.Context, s streams, c *client.Client, r *raftpb.ChangeMembersRequest) (members []*raftpb.Member, unknown bool, err error) {
	asked := false
	err = c.Any(ctx, func(ctx context.Context, conn *grpc.ClientConn) error {
		if len(r.Remove) > 0 && !asked { // once asked for it may be done, and the answer lost: asking again changes nothing then
			leader, err := leading(ctx, conn)
			if err != nil {
				return err
			}
			if leader != nil {
				if strangers := those(r.Remove, leader.Members, raftpb.Membership_MEMBERSHIP_NONE); len(strangers) > 0 {
					s.sayf("raftd: %s: no such member, so nothing was done; see raftd status\n", strings.Join(strangers, ", "))
					return exit(exitNot)
				}
			}
		}
		asked = true
		var at peer.Peer
		var trailer metadata.MD
		reply, err := raftpb.NewAdminClient(conn).ChangeMembers(ctx, r, grpc.Peer(&at), grpc.Trailer(&trailer))
		if err == nil {
			members = reply.Members
		} else if at.Addr != nil && !server.NotBegun(err, trailer) { // it was sent
			unknown = true
		}
		return err
	})
	return members, unknown, err
}

// await waits until those who have come are voters, and returns the members there are then. It only looks: what is committed is not lost,
// and to ask for it again would undo what somebody else may have had changed in the meantime.
func await(ctx context.Context, s streams, c *client.Client, r *raftpb.ChangeMembersRequest) ([]*raftpb.Member, error) {
	var come []uint64
	for _, n := range r.Add {
		come = append(come, n.Id)
	}
	var term, upTo uint64 // what was seen is committed when the leader of that term has committed so much
	for {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			s.sayf("raftd: not all of them are voters yet: they become so once they run and have caught up\n")
			return nil, exit(exitNot)
		}
		var leader *raftpb.NodeStatus
		if err := c.Any(ctx, func(ctx context.Context, conn *grpc.ClientConn) (err error) {
			leader, err = leading(ctx, conn)
			return err
		}); err != nil || leader == nil || leader.Term < term {
			continue
		}
		gone := those(come, leader.Members, raftpb.Membership_MEMBERSHIP_NONE)
		if len(gone) == 0 && (!voters(leader.Members, r.Add) || moving(leader.Members, r.Remove)) {
			upTo = 0
			continue
		}
		if upTo == 0 || term != leader.Term {
			term, upTo = leader.Term, leader.LastIndex
		}
		if leader.Commit < upTo {
			continue
		}
		if len(gone) > 0 {
			s.sayf("raftd: %s: removed by somebody else before all were voters; see raftd status\n", strings.Join(gone, ", "))
			return nil, exit(exitNot)
		}
		if stay := those(r.Remove, leader.Members, raftpb.Membership_MEMBERSHIP_VOTER); len(stay) > 0 {
			s.sayf("raftd: %s: added again by somebody else in the meantime, and stays; see raftd status\n", strings.Join(stay, ", "))
			return nil, exit(exitNot)
		}
		return leader.Members, nil
	}
}

// moving says whether a step is under way, or one of those who are to leave has yet to.
func moving(members []*raftpb.Member, leave []uint64) bool {
	return slices.ContainsFunc(members, func(m *raftpb.Member) bool { return m.Membership == raftpb.Membership_MEMBERSHIP_OUTGOING }) ||
		len(those(leave, members, raftpb.Membership_MEMBERSHIP_LEAVING)) > 0
}

// voters says whether all of them are voters.
func voters(members []*raftpb.Member, wanted []*raftpb.Newcomer) bool {
	return !slices.ContainsFunc(wanted, func(w *raftpb.Newcomer) bool {
		return membershipOf(members, w.Id) != raftpb.Membership_MEMBERSHIP_VOTER
	})
}
