package live

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"

	"raftsim/raft"
	"raftsim/raft/server"
	"raftsim/scenarios/script"
)

// args are what the node is told on its command line, where it runs apart.
func (p *play) args(id raft.NodeID) []string {
	c := &p.scenario.Cluster
	var peers []string
	for k := 1; k <= c.Nodes; k++ {
		peers = append(peers, fmt.Sprintf("n%d=%s", k, p.relay.address))
	}
	onOff := func(on bool) string {
		if on {
			return "on"
		}
		return "off"
	}
	reads := "index"
	if c.Reads == script.ReadsLog {
		reads = "log"
	}
	args := []string{
		"serve", "--id", id.String(), "--cluster", clusterName, "--peers", strings.Join(peers, ","), "--advertise", p.relay.address,
		"--election-timeout", fmt.Sprintf("%v..%v", p.real(c.ElectionTimeout.Min), p.real(c.ElectionTimeout.Max)), "--heartbeat", p.real(c.Heartbeat).String(),
		"--snapshot-every", fmt.Sprint(c.SnapshotEvery), "--snapshot-keep", fmt.Sprint(c.SnapshotKeep),
		"--session-ttl", p.real(c.SessionTTL).String(), "--max-sessions", "0",
		"--test-control", "--test-options", fmt.Sprintf(
			"wait=on,pre-vote=%s,check-quorum=%s,reads=%s,max-inflight=%d,max-inflight-bytes=%d,max-chunk-bytes=%d,max-uncommitted-bytes=%d,segment-bytes=%d",
			onOff(c.PreVote), onOff(c.CheckQuorum), reads, c.MaxInflight, c.MaxInflightBytes, c.SnapshotChunk, c.MaxUncommittedBytes, c.SegmentBytes),
	}
	if c.Reads == script.ReadsLease {
		args = append(args, "--lease", p.real(c.Lease).String(), "--clock-drift", fmt.Sprint(uint32(c.ClockDrift)))
	}
	if int(id) > c.Nodes {
		args = append(args, "--join")
	}
	return args
}

// startPatience is how long a node may take until it listens.
const startPatience = 30 * time.Second

// await waits until a node listens.
func (p *play) await(id raft.NodeID) error {
	conn, err := p.dial(id)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(p.ctx, startPatience)
	defer cancel()
	conn.Connect()
	for {
		state := conn.GetState()
		if state == connectivity.Ready {
			return nil
		}
		if p.machines.ended(id, 0) {
			return fmt.Errorf("%v cannot be started: %s", id, cmp.Or(p.machines.lastWords(id), "it ended at once, without a word"))
		}
		step, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		conn.WaitForStateChange(step, state)
		cancel()
		switch {
		case p.ctx.Err() != nil:
			return p.ctx.Err()
		case ctx.Err() != nil:
			return fmt.Errorf("%v does not listen within %v", id, startPatience)
		}
		conn.Connect()
	}
}

// dial is a connection to a node, which is made when it is used, again and again until it can be.
func (p *play) dial(id raft.NodeID) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+p.machines.address(id),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableServiceConfig(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(1<<31-1), grpc.MaxCallSendMsgSize(server.MaxMessage)),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 2 * time.Millisecond, Multiplier: 1.5, MaxDelay: 50 * time.Millisecond},
			MinConnectTimeout: time.Second,
		}))
}
