package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"raftsim/raft"
	"raftsim/raft/raftpb"
	"raftsim/raft/server"
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

// strangers are those of the nodes that are no members, as far as the leader knows; none when it cannot be asked.
func strangers(ctx context.Context, conn *grpc.ClientConn, ids []uint64) ([]string, error) {
	r, err := raftpb.NewAdminClient(conn).Status(ctx, &raftpb.StatusRequest{})
	if err != nil {
		return nil, err
	}
	var leader *raftpb.NodeStatus
	for _, n := range r.Nodes {
		if n.Role == raft.Leader.String() && (leader == nil || n.Term > leader.Term) {
			leader = n
		}
	}
	if leader == nil {
		return nil, nil
	}
	var out []string
	for _, id := range ids {
		if !slices.ContainsFunc(leader.Members, func(m *raftpb.Member) bool { return m.Id == id }) {
			out = append(out, raft.NodeID(id).String())
		}
	}
	return out, nil
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
	return f.any(ctx, func(ctx context.Context, conn *grpc.ClientConn) error {
		if len(r.Remove) > 0 {
			strangers, err := strangers(ctx, conn, r.Remove)
			if err != nil {
				return err
			}
			if len(strangers) > 0 {
				s.sayf("raftd: %s: no such member, so nothing was done; see raftd status\n", strings.Join(strangers, ", "))
				return exit(exitNot)
			}
		}
		return change(ctx, s, f, conn, r, wait)
	})
}

// change does so by way of one node.
func change(ctx context.Context, s streams, f *clientFlags, conn *grpc.ClientConn, r *raftpb.ChangeMembersRequest, wait bool) error {
	admin := raftpb.NewAdminClient(conn)
	reply, err := admin.ChangeMembers(ctx, r)
	if err != nil {
		return err
	}
	members := reply.Members
	for wait && !voters(members, r.Add) {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			s.sayf("raftd: not all of them are voters yet: they become so once they run and have caught up\n")
			return exit(exitNot)
		}
		// Asking again changes nothing, and says how far it is; or goes on with what a new leader has lost.
		if again, err := admin.ChangeMembers(ctx, r); err == nil {
			members = again.Members
		}
	}
	for _, m := range members {
		out := member{raft.NodeID(m.Id).String(), m.Address, membership(m.Membership)}
		if f.json {
			if err := s.printJSON(out); err != nil {
				return err
			}
		} else {
			s.printf("%s\t%s\t%s\n", out.ID, out.Membership, out.Address)
		}
	}
	return nil
}

// voters says whether all of them are voters.
func voters(members []*raftpb.Member, wanted []*raftpb.Newcomer) bool {
	for _, w := range wanted {
		ok := false
		for _, m := range members {
			ok = ok || m.Id == w.Id && m.Membership == raftpb.Membership_MEMBERSHIP_VOTER
		}
		if !ok {
			return false
		}
	}
	return true
}
