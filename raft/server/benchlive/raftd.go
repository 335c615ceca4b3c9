package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"

	"raftsim/raft/raftpb"
	"raftsim/raft/server/client"
	"raftsim/raft/server/port"
)

// build makes raftd of the source.
func build(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "raftd")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "raftsim/cmd/raftd").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("raftd cannot be built: %w: %s", err, out)
	}
	return path, nil
}

// raftd is a cluster of ours.
type raftd struct {
	binary, dir string
	addresses   []string
	peers       string
	client      *client.Client
	// sessions counts those that writers have chosen.
	sessions uint64

	mu    sync.Mutex
	nodes []*node
	// leads gets a value each time a node says that it became leader.
	leads chan time.Time
}

// node is a process.
type node struct {
	cmd *exec.Cmd
	// serves gets a value once the node says that it serves.
	serves chan time.Time
}

const (
	electionTimeout = 500 * time.Millisecond // the shortest; the longest is twice that
	heartbeat       = 100 * time.Millisecond
)

// startRaftd starts a cluster and waits until it can be written to.
func startRaftd(dir, binary string, n int, flags ...string) (*raftd, error) {
	r := &raftd{binary: binary, dir: filepath.Join(dir, "raftd-data"), leads: make(chan time.Time, 1024)}
	var peers []string
	for k := range n {
		address, err := freeAddress()
		if err != nil {
			return nil, err
		}
		r.addresses = append(r.addresses, address)
		peers = append(peers, fmt.Sprintf("n%d=%s", k+1, address))
	}
	r.peers = strings.Join(peers, ",")
	r.nodes = make([]*node, n)
	for k := range n {
		if err := r.start(k, flags...); err != nil {
			r.stop()
			return nil, err
		}
	}
	var err error
	if r.client, err = client.New(client.Config{Endpoints: r.addresses}); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := r.client.Session().Put(ctx, "ready", "yes"); err != nil {
		r.stop()
		return nil, fmt.Errorf("raftd does not come up: %w", err)
	}
	return r, nil
}

// start starts one node.
func (r *raftd) start(k int, flags ...string) error {
	id := fmt.Sprintf("n%d", k+1)
	args := append([]string{"serve", "--id", id, "--data", filepath.Join(r.dir, id), "--listen", r.addresses[k], "--peers", r.peers,
		"--election-timeout", fmt.Sprintf("%v..%v", electionTimeout, 2*electionTimeout), "--heartbeat", heartbeat.String()}, flags...)
	n := &node{cmd: exec.Command(r.binary, args...), serves: make(chan time.Time, 1)}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	n.cmd.Stderr = os.Stderr
	if err := n.cmd.Start(); err != nil {
		return err
	}
	r.mu.Lock()
	r.nodes[k] = n
	r.mu.Unlock()
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			switch line := lines.Text(); {
			case strings.HasSuffix(line, " becomes leader"):
				r.leads <- time.Now()
			case strings.Contains(line, " serves cluster "):
				n.serves <- time.Now()
			}
		}
	}()
	return nil
}

// kill ends a node at once.
func (r *raftd) kill(k int) {
	r.mu.Lock()
	n := r.nodes[k]
	r.nodes[k] = nil
	r.mu.Unlock()
	if n != nil {
		_ = n.cmd.Process.Signal(syscall.SIGKILL)
		_ = n.cmd.Wait()
	}
}

func (r *raftd) name() string { return "raftd" }

func (r *raftd) writer(int) (func(context.Context, string, string) error, error) {
	return r.client.Session().Put, nil
}

func (r *raftd) used() (sum time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.nodes {
		if n != nil {
			sum += used(n.cmd.Process.Pid)
		}
	}
	return sum
}

func (r *raftd) stop() {
	if r.client != nil {
		r.client.Close()
	}
	for k := range r.nodes {
		r.kill(k)
	}
	os.RemoveAll(r.dir)
}

// leader is the place of the node that leads, -1 for none.
func (r *raftd) leader(ctx context.Context) int {
	var leader uint64
	for _, address := range r.addresses {
		conn, err := r.client.Conn(address)
		if err != nil {
			continue
		}
		s, err := raftpb.NewAdminClient(conn).Status(ctx, &raftpb.StatusRequest{Own: true}, grpc.WaitForReady(false))
		if err == nil && s.Nodes[0].Role == "leader" {
			leader = s.Nodes[0].Id
		}
	}
	return int(leader) - 1
}

// failovers kills the leader again and again, and prints how long there was none.
func failovers(ctx context.Context, dir, binary string, times int) error {
	r, err := startRaftd(dir, binary, 5)
	if err != nil {
		return err
	}
	defer r.stop()
	var took []time.Duration
	for range times {
		k := r.leader(ctx)
		for k < 0 && ctx.Err() == nil {
			pause(ctx, 20*time.Millisecond)
			k = r.leader(ctx)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pause(ctx, time.Second)
		for len(r.leads) > 0 {
			<-r.leads
		}
		began := time.Now()
		r.kill(k)
		select {
		case at := <-r.leads:
			took = append(took, at.Sub(began))
		case <-time.After(30 * time.Second):
			return fmt.Errorf("no new leader within 30 s")
		}
		if err := r.start(k); err != nil {
			return err
		}
		pause(ctx, time.Second)
	}
	slices.Sort(took)
	median := took[len(took)/2]
	fmt.Printf("new leader after SIGKILL, %d times: median %v, worst %v; two election timeouts are %v to %v\n", times,
		median.Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), 2*electionTimeout, 4*electionTimeout)
	return nil
}

// restarts fills logs, without snapshots and with them as they are by default, and prints how soon nodes are back.
func restarts(ctx context.Context, dir, binary string, entries int) error {
	for _, flags := range [][]string{{"--snapshot-every", "0"}, nil} {
		if err := restart(ctx, dir, binary, entries, flags...); err != nil {
			return err
		}
	}
	return nil
}

// restart fills a log and kills nodes: first one that follows, which is back when it has applied all that was written, and
// then all, which are back when one of them serves the latest.
func restart(ctx context.Context, dir, binary string, entries int, flags ...string) error {
	r, err := startRaftd(dir, binary, 3, flags...)
	if err != nil {
		return err
	}
	defer r.stop()
	if err := r.fill(ctx, entries); err != nil {
		return err
	}
	what := "as by default"
	if len(flags) > 0 {
		what = strings.Join(flags, " ")
	}
	one := (r.leader(ctx) + 1) % len(r.nodes)
	r.kill(one)
	began := time.Now()
	if err := r.start(one, flags...); err != nil {
		return err
	}
	serves := (<-r.nodes[one].serves).Sub(began)
	for r.applied(ctx, one) < uint64(entries) && ctx.Err() == nil {
		pause(ctx, 5*time.Millisecond)
	}
	fmt.Printf("restart of one node with %d entries written, snapshots %s: serves after %v, has applied all after %v\n",
		entries, what, serves.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))

	for k := range r.nodes {
		r.kill(k)
	}
	began = time.Now()
	for k := range r.nodes {
		if err := r.start(k, flags...); err != nil {
			return err
		}
	}
	serves = (<-r.nodes[0].serves).Sub(began)
	if _, err := r.client.Session().Get(ctx, "ready"); err != nil {
		return err
	}
	fmt.Printf("restart of all three at once: serves after %v, reads the latest after %v\n",
		serves.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	return nil
}

// fill writes so many entries, of as many keys.
func (r *raftd) fill(ctx context.Context, entries int) error {
	const writers = 512
	var wg sync.WaitGroup
	errs := make(chan error, writers)
	for n := range writers {
		s := r.client.Session()
		wg.Go(func() {
			for k := n; k < entries; k += writers {
				if err := s.Put(ctx, fmt.Sprintf("key%06d", k), strings.Repeat("v", 100)); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// applied is up to where the node at a place has applied the log, by its own word; 0 when it says nothing.
func (r *raftd) applied(ctx context.Context, k int) uint64 {
	conn, err := r.client.Conn(r.addresses[k])
	if err != nil {
		return 0
	}
	s, err := raftpb.NewAdminClient(conn).Status(ctx, &raftpb.StatusRequest{Own: true}, grpc.WaitForReady(false))
	if err != nil {
		return 0
	}
	return s.Nodes[0].Applied
}

// freeAddress is an address on loopback that stays free until who is told it listens there.
func freeAddress() (string, error) {
	address, _, err := port.Reserve()
	return address, err
}
