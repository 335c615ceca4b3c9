package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft/raftpb"
	"raftsim/raft/server/client"
	"raftsim/raft/server/port"
)

// patience is how long a test waits for what has to come: far longer than it takes, also on a busy machine.
const patience = 60 * time.Second

// node is a process of raftd.
type node struct {
	cmd *exec.Cmd

	mu     sync.Mutex
	lines  []string
	news   chan struct{}
	errors strings.Builder
	ended  chan struct{}
}

// startNode starts `raftd serve` with these flags. It is killed at the end of the test.
func startNode(t *testing.T, flags ...string) *node {
	t.Helper()
	return startProcess(t, process(t, append([]string{"serve"}, flags...)...))
}

// startProcess is startNode for a node of any program.
func startProcess(t *testing.T, cmd *exec.Cmd) *node {
	t.Helper()
	n := &node{cmd: cmd, news: make(chan struct{}), ended: make(chan struct{})}
	out, err := n.cmd.StdoutPipe()
	require.NoError(t, err)
	errors, err := n.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, n.cmd.Start())
	t.Cleanup(func() { n.kill() })
	var read sync.WaitGroup
	read.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			n.mu.Lock()
			n.lines = append(n.lines, lines.Text())
			close(n.news)
			n.news = make(chan struct{})
			n.mu.Unlock()
		}
	})
	read.Go(func() {
		for lines := bufio.NewScanner(errors); lines.Scan(); {
			n.mu.Lock()
			fmt.Fprintln(&n.errors, lines.Text())
			n.mu.Unlock()
		}
	})
	go func() {
		read.Wait()
		_ = n.cmd.Wait()
		close(n.ended)
	}()
	return n
}

// says waits for a line of the node's log that ends so.
func (n *node) says(t *testing.T, end string) {
	t.Helper()
	timeout := time.After(patience)
	for from := 0; ; {
		n.mu.Lock()
		for ; from < len(n.lines); from++ {
			if strings.HasSuffix(n.lines[from], end) {
				n.mu.Unlock()
				return
			}
		}
		news := n.news
		n.mu.Unlock()
		select {
		case <-news:
		case <-n.ended:
			n.mu.Lock()
			defer n.mu.Unlock()
			t.Fatalf("the node ended without saying %q: %s", end, n.errors.String())
		case <-timeout:
			t.Fatalf("the node does not say %q", end)
		}
	}
}

func (n *node) signal(s syscall.Signal) { _ = n.cmd.Process.Signal(s) }

// kill ends the node at once.
func (n *node) kill() {
	n.signal(syscall.SIGKILL)
	<-n.ended
}

// exits waits for the node to end by itself, and returns its exit code.
func (n *node) exits(t *testing.T) int {
	t.Helper()
	select {
	case <-n.ended:
	case <-time.After(patience):
		t.Fatal("the node does not end")
	}
	return n.cmd.ProcessState.ExitCode()
}

// cluster is a number of nodes, and where they are.
type cluster struct {
	dir       string
	addresses []string
	// doors are where nodes reach each other; nil is where they listen, as clients do.
	doors []string
	flags []string
	nodes []*node
	// program is what nodes are started from, "" for this version.
	program string
	// pids are of the nodes' processes, for who looks from another goroutine.
	pids []atomic.Int64
}

// startCluster starts so many nodes, with these flags for all.
func startCluster(t *testing.T, n int, flags ...string) *cluster {
	t.Helper()
	c := newCluster(t, n, flags...)
	for k := range n {
		c.start(t, k)
	}
	return c
}

// newCluster is one whose nodes are still to be started.
func newCluster(t *testing.T, n int, flags ...string) *cluster {
	t.Helper()
	c := &cluster{dir: t.TempDir(), flags: flags, nodes: make([]*node, n), pids: make([]atomic.Int64, n)}
	for range n {
		c.addresses = append(c.addresses, freeAddress(t))
	}
	return c
}

// start starts node k, counted from 0, on the data that it has.
func (c *cluster) start(t *testing.T, k int) {
	t.Helper()
	doors := c.doors
	if doors == nil {
		doors = c.addresses
	}
	var peers []string
	for j := range c.nodes {
		peers = append(peers, fmt.Sprintf("n%d=%s", j+1, doors[j]))
	}
	flags := append([]string{
		"--id", fmt.Sprintf("n%d", k+1), "--data", c.data(k), "--listen", c.addresses[k], "--advertise", doors[k], "--peers", strings.Join(peers, ","),
		"--election-timeout", "300ms..600ms", "--heartbeat", "50ms", "--snapshot-every", "200", "--snapshot-keep", "50",
	}, c.flags...)
	if c.program == "" {
		c.nodes[k] = startNode(t, flags...)
	} else {
		c.nodes[k] = startProcess(t, exec.Command(c.program, append([]string{"serve"}, flags...)...))
	}
	c.pids[k].Store(int64(c.nodes[k].cmd.Process.Pid))
}

func (c *cluster) data(k int) string { return filepath.Join(c.dir, fmt.Sprintf("n%d", k+1)) }

// client returns a client of the cluster.
func (c *cluster) client(t *testing.T) *client.Client {
	t.Helper()
	cl, err := client.New(client.Config{Endpoints: c.addresses})
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	return cl
}

// status is how the nodes are, by their own word; nil for those that do not answer.
func (c *cluster) status(t *testing.T, cl *client.Client) []*raftpb.NodeStatus {
	t.Helper()
	all := make([]*raftpb.NodeStatus, len(c.nodes))
	for k, address := range c.addresses {
		conn, err := cl.Conn(address)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		r, err := raftpb.NewAdminClient(conn).Status(ctx, &raftpb.StatusRequest{Own: true})
		cancel()
		if err == nil {
			all[k] = r.Nodes[0]
		}
	}
	return all
}

// leader waits until a node leads and returns its place.
func (c *cluster) leader(t *testing.T, cl *client.Client) int {
	t.Helper()
	leader, term := -1, uint64(0)
	eventually(t, "there is a leader", func() bool {
		for k, n := range c.status(t, cl) {
			if n != nil && n.Role == "leader" && n.Term > term {
				leader, term = k, n.Term
			}
		}
		return leader >= 0
	})
	return leader
}

// eventually waits for something to be so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for until := time.Now().Add(patience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// freeAddress is an address on loopback that nobody listens on who is not told it.
func freeAddress(t *testing.T) string {
	t.Helper()
	at, release, err := port.Reserve()
	require.NoError(t, err)
	t.Cleanup(release)
	return at
}

// keepLogs writes what the nodes said to where a failing test's artifacts go.
func (c *cluster) keepLogs(t *testing.T) {
	if !t.Failed() {
		return
	}
	for k, n := range c.nodes {
		if n == nil {
			continue
		}
		n.mu.Lock()
		text := strings.Join(n.lines, "\n") + "\n" + n.errors.String()
		n.mu.Unlock()
		path := filepath.Join(t.ArtifactDir(), fmt.Sprintf("n%d.log", k+1))
		if os.WriteFile(path, []byte(text), 0o666) == nil {
			t.Logf("what n%d said is in %s", k+1, path)
		}
	}
}
