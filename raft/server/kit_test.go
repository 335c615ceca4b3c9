package server

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"raftsim/raft"
	"raftsim/raft/raftpb"
	"raftsim/raft/server/client"
	"raftsim/raft/server/port"
)

// patience is how long a test waits for what has to come: far longer than it takes, also on a busy machine.
const patience = 60 * time.Second

// running is a node that runs in this process.
type running struct {
	*Server
	cancel context.CancelFunc
	ended  chan struct{}
	err    error
	said   *said
}

// said is what a node logs.
type said struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// config is that of node k, counted from 1, of a cluster at these addresses.
func config(dir string, k int, addresses []string) Config {
	peers := make(map[raft.NodeID]string)
	for j, a := range addresses {
		peers[raft.NodeID(j+1)] = a
	}
	return Config{
		ID: raft.NodeID(k), Cluster: "test", Data: filepath.Join(dir, fmt.Sprintf("n%d", k)), Listen: addresses[k-1], Peers: peers,
		Timeouts: raft.Timeouts{ElectionMin: 200 * time.Millisecond, ElectionMax: 400 * time.Millisecond, Heartbeat: 40 * time.Millisecond},
	}
}

// run starts a node, which is stopped at the end of the test.
func run(t testing.TB, cfg Config) *running {
	t.Helper()
	r, err := launch(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		r.end()
		if t.Failed() {
			t.Logf("node %v:\n%s", cfg.ID, r.said)
		}
	})
	return r
}

// launch starts a node.
func launch(cfg Config) (*running, error) {
	r := &running{said: &said{}, ended: make(chan struct{})}
	cfg.Log = slog.New(NewTextHandler(r.said, slog.LevelInfo))
	var err error
	if r.Server, err = New(cfg); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() {
		defer close(r.ended)
		r.err = r.Run(ctx)
	}()
	return r, nil
}

// end stops the node in good order.
func (r *running) end() {
	r.cancel()
	<-r.ended
}

// addresses are so many on loopback, for this test only.
func addresses(t testing.TB, n int) []string {
	t.Helper()
	var out []string
	for range n {
		at, release, err := port.Reserve()
		require.NoError(t, err)
		t.Cleanup(release)
		out = append(out, at)
	}
	return out
}

// runCluster starts so many nodes, whose configuration change alters.
func runCluster(t testing.TB, n int, change func(*Config)) []*running {
	t.Helper()
	dir, at := t.TempDir(), addresses(t, n)
	var nodes []*running
	for k := range n {
		cfg := config(dir, k+1, at)
		if change != nil {
			change(&cfg)
		}
		nodes = append(nodes, run(t, cfg))
	}
	return nodes
}

// clientOf returns a client that knows these nodes.
func clientOf(t testing.TB, nodes ...*running) *client.Client {
	t.Helper()
	var cfg client.Config
	for _, n := range nodes {
		cfg.Endpoints = append(cfg.Endpoints, n.Addr())
	}
	c, err := client.New(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// conn is a connection to a node.
func conn(t testing.TB, n *running) *grpc.ClientConn {
	t.Helper()
	c, err := clientOf(t, n).Conn(n.Addr())
	require.NoError(t, err)
	return c
}

// leaderOf waits for a leader.
func leaderOf(t testing.TB, nodes ...*running) *running {
	t.Helper()
	var leader *running
	eventually(t, "there is a leader", func() bool {
		for _, n := range nodes {
			if v := n.view.get(); v.booted && v.Role == raft.Leader && (leader == nil || v.Term >= leader.view.get().Term) {
				leader = n
			}
		}
		return leader != nil
	})
	return leader
}

// followerOf is a node that does not lead, and knows who does.
func followerOf(t testing.TB, nodes ...*running) *running {
	t.Helper()
	leader := leaderOf(t, nodes...)
	for _, n := range nodes {
		if n != leader {
			eventually(t, "it knows of a leader", func() bool { return n.view.get().Leader != raft.None })
			return n
		}
	}
	t.Fatal("there is no other node")
	return nil
}

func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	for until := time.Now().Add(patience); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// within is a context for what has to be done soon.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// statusOf asks a node how all are.
func statusOf(t testing.TB, n *running) map[raft.NodeID]*raftpb.NodeStatus {
	t.Helper()
	r, err := raftpb.NewAdminClient(conn(t, n)).Status(within(t), &raftpb.StatusRequest{})
	require.NoError(t, err)
	all := make(map[raft.NodeID]*raftpb.NodeStatus)
	for _, s := range r.Nodes {
		all[raft.NodeID(s.Id)] = s
	}
	return all
}

// agree waits until nodes hold the same.
func agree(t testing.TB, nodes ...*running) {
	t.Helper()
	eventually(t, "the nodes hold the same", func() bool {
		first := nodes[0].view.get()
		for _, n := range nodes {
			if v := n.view.get(); v.Applied != first.Applied || v.digest != first.digest || v.Applied == 0 {
				return false
			}
		}
		return true
	})
}

func (r *running) hasSaid(text string) bool { return strings.Contains(r.said.String(), text) }

// fail has all that is written from now on fail.
func (d *disk) fail(err error) { d.log.do(func() { d.log.folder(err) }) }
