package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"raftsim/raft"
	"raftsim/raft/raftpb"
)

// nodeStatus is a node as --json prints it.
type nodeStatus struct {
	ID         string `json:"id"`
	Address    string `json:"address"`
	Membership string `json:"membership"`
	Reachable  bool   `json:"reachable"`
	Role       string `json:"role"`
	Term       uint64 `json:"term"`
	Leader     string `json:"leader"`
	Commit     uint64 `json:"commit"`
	Applied    uint64 `json:"applied"`
	Last       uint64 `json:"last"`
	Lag        uint64 `json:"lag"`
	Base       uint64 `json:"base"`
	LogBytes   uint64 `json:"log_bytes"`
	Digest     string `json:"digest"`
	Version    string `json:"version"`
	Error      string `json:"error"`
}

func newNodeStatus(n *raftpb.NodeStatus) nodeStatus {
	out := nodeStatus{
		ID: raft.NodeID(n.Id).String(), Address: n.Address, Membership: membership(n.Membership), Reachable: n.Reachable,
		Role: n.Role, Term: n.Term, Commit: n.Commit, Applied: n.Applied, Last: n.LastIndex, Lag: n.Lag, Base: n.Base,
		LogBytes: n.LogBytes, Version: n.Version, Error: n.Error,
	}
	if n.Leader != 0 {
		out.Leader = raft.NodeID(n.Leader).String()
	}
	if n.Reachable {
		out.Digest = fmt.Sprintf("%016x", n.Digest)
	}
	return out
}

func membership(m raftpb.Membership) string {
	switch m {
	case raftpb.Membership_MEMBERSHIP_VOTER:
		return "voter"
	case raftpb.Membership_MEMBERSHIP_LEARNER:
		return "learner"
	case raftpb.Membership_MEMBERSHIP_OUTGOING:
		return "outgoing"
	case raftpb.Membership_MEMBERSHIP_LEAVING:
		return "leaving"
	}
	return "none"
}

func statusCommand(s streams) *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say how the nodes are",
		Long: `Say how the nodes are: one line for each member, as seen by the node that is asked. lag is how many
entries a node has applied fewer than the one that has committed most. With --json one object
for each node.`,
		Example: "  raftd status\n  raftd status --json --endpoints node1:7100,node2:7100",
		Args:    wantArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.any(cmd.Context(), func(ctx context.Context, conn *grpc.ClientConn) error {
				r, err := raftpb.NewAdminClient(conn).Status(ctx, &raftpb.StatusRequest{})
				if err != nil {
					return err
				}
				return printStatus(s, &f, r)
			})
		},
	}
	f.add(cmd, 5*time.Second)
	return settled(s, cmd)
}

// printStatus prints a line for each node.
func printStatus(s streams, f *clientFlags, r *raftpb.StatusReply) error {
	if f.json {
		for _, n := range r.Nodes {
			if err := s.printJSON(newNodeStatus(n)); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tADDRESS\tMEMBER\tROLE\tTERM\tLEADER\tCOMMIT\tAPPLIED\tLAG\tLOG\tREACHABLE")
	for _, m := range r.Nodes {
		n := newNodeStatus(m)
		if !n.Reachable {
			fmt.Fprintf(w, "%s\t%s\t%s\t-\t-\t-\t-\t-\t-\t-\tno: %s\n", n.ID, n.Address, n.Membership, oneLine(n.Error))
			continue
		}
		leader := n.Leader
		if leader == "" {
			leader = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%d\t%d\t%d\t%s\tyes\n",
			n.ID, n.Address, n.Membership, n.Role, n.Term, leader, n.Commit, n.Applied, n.Lag, size(n.LogBytes))
	}
	return w.Flush()
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// size is a number of bytes for people.
func size(n uint64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	x, k := float64(n)/1024, 0
	for x >= 1024 && k < len(units)-1 {
		x /= 1024
		k++
	}
	return fmt.Sprintf("%.1f %ciB", x, units[k])
}
