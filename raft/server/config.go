package server

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
)

// Config is what a node is started with.
type Config struct {
	// ID is the node's name.
	ID raft.NodeID
	// Cluster is the cluster's name, 1 to 64 bytes. Nodes of another one are strangers.
	Cluster string
	// Data is the node's folder. It is made if it is not there.
	Data string
	// Listen is where the node serves others and clients, as host:port; port 0 is any that is free.
	Listen string
	// Advertise is where others reach the node, as host:port; "" is where it listens, and where Peers say it is if it listens on
	// all addresses.
	Advertise string
	// Peers are those the cluster begins with, by name, with where they can be reached; the node itself is one of them. For a node
	// that joins they are any that may know the cluster.
	Peers map[raft.NodeID]string
	// Join has a node whose folder is empty join the cluster that Peers belong to, instead of beginning it.
	Join bool

	// Timeouts are as in [raft.Config].
	Timeouts raft.Timeouts
	// Lease and ClockDriftPPM are as in [raft.Config]; a lease of 0 has reads confirmed by a round of messages. A node's clock stands
	// still while its machine sleeps, so that a leader that was suspended may serve the past once it wakes, for as long as a lease:
	// no lease for machines that do so.
	Lease         time.Duration
	ClockDriftPPM uint64
	// SnapshotEvery and SnapshotKeep are as in replica.Options.
	SnapshotEvery, SnapshotKeep int
	// SessionTTL and MaxSessions are as in replica.Options.
	SessionTTL  time.Duration
	MaxSessions int
	// SegmentBytes is about the size of a file of the log.
	SegmentBytes int64

	// TLS says which certificates to use; nil for none.
	TLS *TLSFiles
	// Insecure lets a node without TLS listen on other interfaces than loopback.
	Insecure bool
	// MaxConnections bounds the connections that are open at once, MaxRequests the clients' requests that wait for their answer;
	// 0 is 1,024 and 16,384.
	MaxConnections, MaxRequests int
	// RequestTimeout is after how long a client is told that the outcome of its request is unknown; 0 is 10 s.
	RequestTimeout time.Duration
	// Metrics is where the node serves Prometheus, as host:port; "" is nowhere.
	Metrics string
	// TestControl serves the Control service, which is for tests; Test is what only they want, and without TestControl nobody has.
	TestControl bool
	Test        TestOptions
	// Version is what the node says of its program.
	Version string
	// Log takes the node's log.
	Log *slog.Logger
}

// Bounds of what a node takes from outside, in bytes.
const (
	// MaxMessage is for one gRPC message.
	MaxMessage = 8 << 20
	// maxAnswer is for the value that one answer carries.
	maxAnswer = MaxMessage - 64<<10
	// The store makes no value that does not fit.
	_ = uint(maxAnswer - kv.MaxAppended)
	// maxParcel is about how much of Raft's messages goes into one parcel; one message always fits.
	maxParcel = 1 << 20
)

// Check says what is wrong, as far as can be told without the disk and the network. New does so too.
func (c *Config) Check() error {
	d := *c
	return d.fill()
}

// fill puts defaults where nothing is said, and says what is wrong with the rest.
func (c *Config) fill() error {
	if c.MaxConnections == 0 {
		c.MaxConnections = 1024
	}
	if c.MaxRequests == 0 {
		c.MaxRequests = 16384
	}
	if c.RequestTimeout == 0 {
		c.RequestTimeout = 10 * time.Second
	}
	if c.SegmentBytes == 0 {
		c.SegmentBytes = 16 << 20
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	switch {
	case c.ID == raft.None:
		return errors.New("the node has no name: give --id n1, say")
	case c.Cluster == "" || len(c.Cluster) > 64:
		return fmt.Errorf("the cluster's name has %d bytes: give 1 to 64", len(c.Cluster))
	case c.Data == "":
		return errors.New("there is no data folder: give --data")
	case c.MaxConnections < 1 || c.MaxRequests < 1 || c.RequestTimeout < 0:
		return errors.New("limits have to be positive")
	case c.SnapshotEvery < 0 || c.SnapshotKeep < 0:
		return errors.New("a number of entries cannot be negative")
	case !c.TestControl && c.Test != (TestOptions{}):
		return errors.New("options for tests go with --test-control")
	case c.SessionTTL < 0 || c.MaxSessions < 0:
		return errors.New("limits of sessions cannot be negative")
	}
	switch t := c.Timeouts; {
	case t.ElectionMin <= 0 || t.Heartbeat <= 0 || t.ElectionMax < t.ElectionMin:
		return fmt.Errorf("timeouts have to be positive and in order, not election %v..%v, heartbeat %v", t.ElectionMin, t.ElectionMax, t.Heartbeat)
	case t.Heartbeat >= t.ElectionMin:
		return fmt.Errorf("a leader that makes itself heard every %v is deposed after %v: the heartbeat has to be shorter", t.Heartbeat, t.ElectionMin)
	case c.Lease < 0 || c.ClockDriftPPM >= 1_000_000:
		return fmt.Errorf("a lease of %v with clocks that drift by %d parts per million cannot be", c.Lease, c.ClockDriftPPM)
	}
	if err := c.TLS.check(); err != nil {
		return err
	}
	if err := checkAddress(c.Listen); err != nil {
		return fmt.Errorf("cannot listen on %q: %w", c.Listen, err)
	}
	for _, id := range sorted(c.Peers) {
		if err := CheckReachable(c.Peers[id]); err != nil {
			return fmt.Errorf("node %v cannot be reached at %q: %w", id, c.Peers[id], err)
		}
	}
	if host, _, _ := net.SplitHostPort(c.Listen); c.Advertise == "" && everywhere(host) {
		if c.Advertise = c.Peers[c.ID]; c.Advertise == "" && c.Join {
			return fmt.Errorf("others cannot reach node %v at %q, where it listens: say by --advertise where they can", c.ID, c.Listen)
		}
	}
	if c.Advertise != "" {
		if err := CheckReachable(c.Advertise); err != nil {
			return fmt.Errorf("cannot be reached at %q: %w", c.Advertise, err)
		}
	}
	if _, among := c.Peers[c.ID]; !among && !c.Join {
		return fmt.Errorf("node %v is not among the peers %v: name it there, or give --join for a node that comes later", c.ID, sorted(c.Peers))
	}
	if c.Join && len(c.others()) == 0 {
		return errors.New("a node that joins has to know another one: give --peers")
	}
	if c.TLS == nil && !c.Insecure && !loopback(c.Listen) {
		return fmt.Errorf("without TLS a node listens on loopback only, not on %q: give certificates (raftd certs makes some), or --insecure if nobody else can reach that address", c.Listen)
	}
	return nil
}

// others are the peers but the node itself, in order.
func (c *Config) others() []raft.NodeID {
	return slices.DeleteFunc(sorted(c.Peers), func(id raft.NodeID) bool { return id == c.ID })
}

func sorted[T any](m map[raft.NodeID]T) []raft.NodeID {
	ids := make([]raft.NodeID, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// checkAddress says what is wrong with a host:port.
func checkAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("want host:port")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q is no port from 0 to 65535", port)
	}
	return nil
}

// CheckReachable says what is wrong with a host:port as the place where a node can be reached.
func CheckReachable(address string) error {
	if err := checkAddress(address); err != nil {
		return err
	}
	switch host, port, _ := net.SplitHostPort(address); {
	case everywhere(host):
		return errors.New("that is no host: want host:port")
	case port == "0":
		return errors.New("nobody listens on port 0: want host:port")
	}
	return nil
}

// everywhere says whether a host stands for all addresses of a machine, which does to listen on and not to be reached at.
func everywhere(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// loopback says whether nobody but this machine can reach an address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ClusterNumber is the number that stands for a cluster's name in the log and in messages.
func ClusterNumber(name string) uint64 {
	sum := sha256.Sum256([]byte(name))
	return binary.BigEndian.Uint64(sum[:])
}

// ParseID reads a node's name: n1, or 1.
func ParseID(text string) (raft.NodeID, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "n"), 10, 32)
	if err != nil || n == 0 {
		return raft.None, fmt.Errorf("%q is no node's name: want n1, n2 and so on", text)
	}
	return raft.NodeID(n), nil
}
