package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// etcd is a cluster of Debian's etcd-server.
type etcd struct {
	dir   string
	nodes []*exec.Cmd
	conns conns
}

// startEtcd starts a cluster, and returns nil when etcd is not installed.
func startEtcd(ctx context.Context, dir string) (*etcd, error) {
	path, err := exec.LookPath("etcd")
	if err != nil {
		return nil, nil
	}
	e := &etcd{dir: filepath.Join(dir, "etcd-data")}
	var clients, peers, cluster []string
	for k := range 3 {
		c, err := freeAddress()
		if err != nil {
			return nil, err
		}
		p, err := freeAddress()
		if err != nil {
			return nil, err
		}
		clients, peers = append(clients, "http://"+c), append(peers, "http://"+p)
		cluster = append(cluster, fmt.Sprintf("e%d=http://%s", k+1, p))
	}
	for k := range 3 {
		name := fmt.Sprintf("e%d", k+1)
		cmd := exec.Command(path, "--name", name, "--data-dir", filepath.Join(e.dir, name),
			"--listen-client-urls", clients[k], "--advertise-client-urls", clients[k],
			"--listen-peer-urls", peers[k], "--initial-advertise-peer-urls", peers[k],
			"--initial-cluster", strings.Join(cluster, ","), "--initial-cluster-state", "new", "--log-level", "error")
		cmd.Env = append(os.Environ(), "ETCD_UNSUPPORTED_ARCH=")
		if err := cmd.Start(); err != nil {
			e.stop()
			return nil, err
		}
		e.nodes = append(e.nodes, cmd)
	}
	leader := ""
	for until := time.Now().Add(30 * time.Second); leader == "" && time.Now().Before(until) && ctx.Err() == nil; pause(ctx, 100*time.Millisecond) {
		for _, c := range clients {
			if leads(c) {
				leader = c
			}
		}
	}
	if leader == "" {
		e.stop()
		return nil, fmt.Errorf("etcd does not come up")
	}
	e.conns, err = connect(strings.TrimPrefix(leader, "http://"))
	return e, err
}

// leads says whether a node's metrics say that it leads.
func leads(url string) bool {
	r, err := http.Get(url + "/metrics")
	if err != nil {
		return false
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	return err == nil && strings.Contains(string(text), "\netcd_server_is_leader 1\n")
}

func (e *etcd) name() string { return "etcd" }

// writer speaks etcd's KV service: a put has the key as its field 1 and the value as 2.
func (e *etcd) writer(n int) (func(context.Context, string, string) error, error) {
	call := e.conns.caller(n, "/etcdserverpb.KV/Put")
	return func(ctx context.Context, key, value string) error {
		var in []byte
		in = protowire.AppendString(protowire.AppendTag(in, 1, protowire.BytesType), key)
		in = protowire.AppendString(protowire.AppendTag(in, 2, protowire.BytesType), value)
		_, err := call(ctx, in)
		return err
	}, nil
}

func (e *etcd) used() (sum time.Duration) {
	for _, n := range e.nodes {
		sum += used(n.Process.Pid)
	}
	return sum
}

func (e *etcd) stop() {
	e.conns.close()
	for _, n := range e.nodes {
		_ = n.Process.Signal(syscall.SIGKILL)
		_ = n.Wait()
	}
	os.RemoveAll(e.dir)
}
