// Package client speaks to a cluster of raftd nodes: it finds the leader, and repeats what got lost so that it takes
// effect once.
package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"raftsim/raft/raftpb"
)

// Config says where the cluster is.
type Config struct {
	// Endpoints are addresses of nodes, as host:port: any of them, at least one.
	Endpoints []string
	// TLS is how to reach them; nil for without.
	TLS *tls.Config
}

// maxMessage is how large a message may be, in bytes; it is the nodes' own limit.
const maxMessage = 8 << 20

// keepaliveTime is after how long a silent connection is tested, and then given up. gRPC allows no shorter, and nodes none below half of it.
const keepaliveTime = 10 * time.Second

// Client is a way to a cluster, for any number of goroutines. Operations are made by its sessions.
type Client struct {
	cfg Config

	mu    sync.Mutex
	conns map[string]*grpc.ClientConn
	links map[string]*link
	// at is the node that is spoken to: the leader, as far as is known.
	at string
	// forward says that the leader cannot be reached from here, and the node at hand is to pass on what it is asked: until beyond, which is
	// where the leader was said to be, can be reached; "" when that is not known to be elsewhere.
	forward bool
	beyond  string
	// nodes are the addresses at which nodes have answered.
	nodes map[uint64]string
	// bad are addresses that could not be reached.
	bad    map[string]badness
	closed bool
}

// badness says until when an address is not to be tried again, and after how long that was.
type badness struct {
	until time.Time
	pause time.Duration
}

// New returns a client. It connects when it is used.
func New(cfg Config) (*Client, error) {
	if len(cfg.Endpoints) == 0 {
		return nil, errors.New("there is no endpoint: give the address of a node")
	}
	for _, e := range cfg.Endpoints {
		if host, port, err := net.SplitHostPort(e); err != nil || host == "" || port == "" {
			return nil, fmt.Errorf("the endpoint %q cannot be reached: want host:port", e)
		}
	}
	cfg.Endpoints = slices.Clone(cfg.Endpoints)
	return &Client{
		cfg: cfg, conns: make(map[string]*grpc.ClientConn), links: make(map[string]*link),
		at: cfg.Endpoints[0], nodes: make(map[uint64]string), bad: make(map[string]badness),
	}, nil
}

// Close ends all connections. What is under way fails.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, conn := range c.conns {
		conn.Close()
	}
}

// ErrClosed says that the client was closed.
var ErrClosed = errors.New("the client is closed")

// Conn returns a connection to an address. It belongs to the client.
func (c *Client) Conn(address string) (*grpc.ClientConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn(address)
}

func (c *Client) conn(address string) (*grpc.ClientConn, error) {
	if c.closed {
		return nil, ErrClosed
	}
	if conn := c.conns[address]; conn != nil {
		return conn, nil
	}
	creds := insecure.NewCredentials()
	if c.cfg.TLS != nil {
		creds = credentials.NewTLS(c.cfg.TLS)
	}
	conn, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(creds), grpc.WithDisableServiceConfig(),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTime, PermitWithoutStream: true}),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: quickBackoff, MinConnectTimeout: time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
		grpc.WithInitialWindowSize(4<<20), grpc.WithInitialConnWindowSize(4<<20))
	if err != nil {
		return nil, fmt.Errorf("%s cannot be reached: %w", address, err)
	}
	c.conns[address] = conn
	return conn, nil
}

// Any calls f with a connection to one node after the other, from the one at hand on, until it succeeds or one of them has
// answered with an error that is not about reaching it. The error is the last.
func (c *Client) Any(ctx context.Context, f func(ctx context.Context, conn *grpc.ClientConn) error) error {
	c.mu.Lock()
	list := append([]string{c.at}, c.cfg.Endpoints...)
	c.mu.Unlock()
	var last error
	for k, address := range list {
		if k > 0 && slices.Contains(list[:k], address) {
			continue
		}
		conn, err := c.Conn(address)
		if err != nil {
			return err
		}
		if last = f(ctx, conn); last == nil || !unreachable(last) || ctx.Err() != nil {
			return last
		}
		last = fmt.Errorf("%s: %s", address, Plain(status.Convert(last).Message()))
	}
	return last
}

// current returns the stream to the node at hand, and whether requests are to be passed on by it.
func (c *Client) current() (*link, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forward && c.beyond != c.at && c.good(c.beyond) && c.reached(c.beyond) {
		c.at, c.forward = c.beyond, false
	}
	l := c.links[c.at]
	if l == nil || l.broken() {
		conn, err := c.conn(c.at)
		if err != nil {
			return nil, false, err
		}
		l = openLink(c.at, raftpb.NewKVClient(conn))
		c.links[c.at] = l
	}
	return l, c.forward, nil
}

// reached says whether there is a connection to an address. Until there is, one is being made.
func (c *Client) reached(address string) bool {
	if address == "" {
		return false
	}
	conn, err := c.conn(address)
	if err != nil {
		return false
	}
	switch conn.GetState() {
	case connectivity.Ready:
		return true
	case connectivity.Idle:
		conn.Connect()
	}
	return false
}

// badFor is how long an address that could not be reached is left alone, and twice as long each time that nothing came from there, up to badForLong.
const (
	badFor     = time.Second
	badForLong = time.Minute
)

// failed notes that a node could not be reached, and goes on to another.
func (c *Client) failed(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at != l.address {
		return // somebody has gone on already
	}
	pause := badFor
	if !l.answered.Swap(false) { // since it failed last: a link that leads nowhere any more need not break
		pause = min(max(badFor, 2*c.bad[l.address].pause), badForLong)
	}
	c.bad[l.address] = badness{time.Now().Add(pause), pause}
	c.forward = false
	c.next()
}

// next goes on to the endpoint after the one at hand.
func (c *Client) next() {
	k := slices.Index(c.cfg.Endpoints, c.at)
	for try := 1; try <= len(c.cfg.Endpoints); try++ {
		if e := c.cfg.Endpoints[(k+try+len(c.cfg.Endpoints))%len(c.cfg.Endpoints)]; c.good(e) {
			c.at = e
			return
		}
	}
	c.at = c.cfg.Endpoints[(k+1)%len(c.cfg.Endpoints)]
}

func (c *Client) good(address string) bool {
	b, ok := c.bad[address]
	return !ok || time.Now().After(b.until)
}

// redirected goes to whom a node that does not lead names, which a request that was passed on may have come to. It says whether that is somebody.
func (c *Client) redirected(l *link, forwarded bool, r *raftpb.Response) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Node != 0 && !forwarded {
		for id, a := range c.nodes {
			if a == l.address && id != r.Node {
				delete(c.nodes, id) // one address may lead to several nodes, or to another than before
			}
		}
		c.nodes[r.Node] = l.address
	}
	if c.at != l.address {
		return true // somebody has gone on already
	}
	if r.Leader == 0 || r.Leader == r.Node {
		c.forward = false
		c.next()
		return false
	}
	beyond := "" // unless the leader is said to be elsewhere than whoever has answered
	for _, a := range []string{c.nodes[r.Leader], r.LeaderAddress} {
		switch {
		case a == "" || a == l.address:
		case c.good(a):
			c.at = a
			return true
		case beyond == "":
			beyond = a
		}
	}
	for _, a := range c.cfg.Endpoints {
		if a != l.address && c.good(a) && !c.answered(a) {
			c.at = a
			return true
		}
	}
	again := c.forward
	c.forward, c.beyond = true, beyond
	return !again
}

// answered says whether it is known which node an address is.
func (c *Client) answered(address string) bool {
	for _, a := range c.nodes {
		if a == address {
			return true
		}
	}
	return false
}
