package main

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// relays stand before the nodes of a cluster: what one sends another goes through them, so that links can be cut, each way
// alone. What is sent over a cut link waits, as TCP has it, until the link is whole again or who sends gives up.
type relays struct {
	c   *cluster
	mu  sync.Mutex
	way sync.Cond
	cut map[link]bool
	end bool
}

// link leads from one node to another, by place; clients are at -1.
type link struct{ from, to int }

// relayed puts relays before the nodes of a cluster that is yet to be started.
func relayed(t *testing.T, c *cluster) *relays {
	t.Helper()
	if _, err := os.Stat("/proc/net/tcp"); err != nil {
		t.Skipf("skipped: who makes a connection is told by /proc/net/tcp, which is not here: %v", err)
	}
	r := &relays{c: c, cut: make(map[link]bool)}
	r.way.L = &r.mu
	for k := range c.nodes {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { l.Close() })
		c.doors = append(c.doors, l.Addr().String())
		go r.serve(l, k)
	}
	t.Cleanup(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.end = true
		r.way.Broadcast()
	})
	return r
}

// set cuts links, or makes them whole.
func (r *relays) set(cut bool, links ...link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range links {
		r.cut[l] = cut
	}
	r.way.Broadcast()
}

// open waits until a link is whole. It says false when the test is over.
func (r *relays) open(l link) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.cut[l] && !r.end {
		r.way.Wait()
	}
	return !r.end
}

// serve relays connections to the node at place to.
func (r *relays) serve(l net.Listener, to int) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer in.Close()
			from := r.maker(in)
			if !r.open(link{from, to}) {
				return
			}
			out, err := net.Dial("tcp", r.c.addresses[to])
			if err != nil {
				return
			}
			defer out.Close()
			ended := make(chan struct{}, 2)
			for _, way := range []struct {
				link
				to, from net.Conn
			}{{link{from, to}, out, in}, {link{to, from}, in, out}} {
				go func() {
					r.carry(way.link, way.to, way.from)
					ended <- struct{}{}
				}()
			}
			<-ended
		}()
	}
}

// carry carries bytes one way until either end has had enough.
func (r *relays) carry(l link, to io.Writer, from io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && r.open(l) {
			_, werr := to.Write(buf[:n])
			err = cmp.Or(err, werr)
		}
		if err != nil {
			return
		}
	}
}

// maker is the place of the node whose process made a connection, -1 for a client, which is this process. The kernel tells which
// socket has the other end of it, and which process has that socket.
func (r *relays) maker(c net.Conn) int {
	socket := socketOf(c)
	if socket == "" {
		return -1 // it is gone already
	}
	for until := time.Now().Add(time.Second); time.Now().Before(until); time.Sleep(time.Millisecond) {
		if holds(int64(os.Getpid()), socket) {
			return -1
		}
		for k := range r.c.pids {
			if pid := r.c.pids[k].Load(); pid != 0 && holds(pid, socket) {
				return k
			}
		}
	}
	return -1
}

// socketOf is the kernel's name of the other end of a connection.
func socketOf(c net.Conn) string {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return ""
	}
	there := fmt.Sprintf(":%04X", c.RemoteAddr().(*net.TCPAddr).Port)
	here := fmt.Sprintf(":%04X", c.LocalAddr().(*net.TCPAddr).Port)
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 9 && strings.HasSuffix(f[1], there) && strings.HasSuffix(f[2], here) {
			return "socket:[" + f[9] + "]"
		}
	}
	return ""
}

// holds says whether a process has a socket.
func holds(pid int64, socket string) bool {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, f := range files {
		if to, err := os.Readlink(f); err == nil && to == socket {
			return true
		}
	}
	return false
}
