package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"raftsim/raft"
	"raftsim/raft/raftpb"
	"raftsim/raft/server"
)

func transferCommand(s streams) *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   "transfer [NODE]",
		Short: "Hand leadership to another node",
		Long: `Hand leadership to another node, and wait until it leads. Without a name it is the voter that has
most of the log.`,
		Example: "  raftd transfer n2",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%s takes one node, and was given %d", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			to := raft.None
			if len(args) == 1 {
				var err error
				if to, err = server.ParseID(args[0]); err != nil {
					return usageError{err}
				}
			}
			return f.any(cmd.Context(), func(ctx context.Context, conn *grpc.ClientConn) error {
				r, err := raftpb.NewAdminClient(conn).Transfer(ctx, &raftpb.TransferRequest{To: uint64(to)})
				if err != nil {
					return err
				}
				leader := raft.NodeID(r.Leader)
				if f.json {
					if err := s.printJSON(struct {
						Leader string `json:"leader"`
						Term   uint64 `json:"term"`
					}{leader.String(), r.Term}); err != nil {
						return err
					}
				} else {
					s.printf("%v leads term %d\n", leader, r.Term)
				}
				if to != raft.None && leader != to {
					s.sayf("raftd: another node than %v won the election\n", to)
					return exit(exitNot)
				}
				return nil
			})
		},
	}
	f.add(cmd, 10*time.Second)
	return settled(s, cmd)
}

func snapshotCommand(s streams) *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "Have a node take a snapshot",
		Long: `Have a node, the first of the endpoints that can be reached, take a snapshot of what it holds, and
drop the log that it stands for. Nodes do so by themselves as well: see raftd serve --help.`,
		Example: "  raftd snapshot --endpoints 127.0.0.1:7102",
		Args:    wantArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.any(cmd.Context(), func(ctx context.Context, conn *grpc.ClientConn) error {
				r, err := raftpb.NewAdminClient(conn).Snapshot(ctx, &raftpb.SnapshotRequest{})
				if err != nil {
					return err
				}
				if f.json {
					return s.printJSON(struct {
						Index uint64 `json:"index"`
					}{r.Index})
				}
				s.printf("a snapshot of entry %d is on the disk\n", r.Index)
				return nil
			})
		},
	}
	f.add(cmd, 30*time.Second)
	return settled(s, cmd)
}

func healthCommand(s streams) *cobra.Command {
	var f clientFlags
	var ready bool
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Say whether a node is well",
		Long: `Say whether a node is well, the first of the endpoints that can be reached: it runs and can write
its log; so does one that is no member any more. With --ready it has to know a leader, too, so that it
can carry out requests. The exit code is 0 if so, and otherwise 3, or 1 when no node can be reached. It
is what a container's health check runs.`,
		Example: "  raftd health\n  raftd health --ready --timeout 1s",
		Args:    wantArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.any(cmd.Context(), func(ctx context.Context, conn *grpc.ClientConn) error {
				service := ""
				if ready {
					service = server.ReadyService
				}
				r, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{Service: service})
				if err != nil {
					return err
				}
				well := r.Status == healthpb.HealthCheckResponse_SERVING
				if f.json {
					if err := s.printJSON(struct {
						Healthy bool   `json:"healthy"`
						Status  string `json:"status"`
					}{well, r.Status.String()}); err != nil {
						return err
					}
				} else {
					s.printf("%s\n", map[bool]string{true: "well", false: "not well"}[well])
				}
				if !well {
					return exit(exitNot)
				}
				return nil
			})
		},
	}
	f.add(cmd, 3*time.Second)
	cmd.Flags().BoolVar(&ready, "ready", false, "ask whether it knows a leader, too")
	return settled(s, cmd)
}
