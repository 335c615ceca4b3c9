package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"raftsim/raft"
	"raftsim/raft/server"
)

// nodes is the value of a flag that says where nodes are: n1=host:port,n2=host:port.
type nodes map[raft.NodeID]string

// String shows the value as it is written.
func (n *nodes) String() string {
	var parts []string
	for id, address := range *n {
		parts = append(parts, id.String()+"="+address)
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// Type is what help calls the value.
func (n *nodes) Type() string { return "n1=host:port,..." }

// Set reads the value.
func (n *nodes) Set(text string) error {
	out := make(nodes)
	for _, part := range strings.Split(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, address, ok := strings.Cut(part, "=")
		if !ok {
			return fmt.Errorf("%q: want n1=host:port", part)
		}
		id, err := server.ParseID(name)
		if err != nil {
			return err
		}
		if out[id] != "" {
			return fmt.Errorf("node %v is named twice", id)
		}
		out[id] = address
	}
	*n = out
	return nil
}

// nodeID is the value of a flag that names a node.
type nodeID raft.NodeID

func (n *nodeID) String() string {
	if *n == 0 {
		return ""
	}
	return raft.NodeID(*n).String()
}

func (n *nodeID) Type() string { return "name" }

func (n *nodeID) Set(text string) error {
	id, err := server.ParseID(text)
	*n = nodeID(id)
	return err
}

// between is the value of a flag that is a range of times: 150ms..300ms.
type between struct{ min, max time.Duration }

func (b *between) String() string { return b.min.String() + ".." + b.max.String() }
func (b *between) Type() string   { return "from..to" }

func (b *between) Set(text string) error {
	from, to, ok := strings.Cut(text, "..")
	if !ok {
		to = from
	}
	var err error
	if b.min, err = time.ParseDuration(strings.TrimSpace(from)); err == nil {
		b.max, err = time.ParseDuration(strings.TrimSpace(to))
	}
	if err != nil {
		return errors.New("want times such as 500ms..1s")
	}
	return nil
}

// serveFlags are those of `raftd serve`.
type serveFlags struct {
	id       nodeID
	peers    nodes
	election between
	logLevel string
	logForm  string
	tls      tlsFlags
	test     testOptions
	cfg      server.Config
}

func serveCommand(s streams) *cobra.Command {
	f := serveFlags{election: between{500 * time.Millisecond, time.Second}}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Be a node of a cluster",
		Long: `Be a node of a cluster, until SIGTERM or Ctrl-C: then a leader hands leadership over, what is
under way is answered, and the node stays a member. SIGKILL at any time loses nothing that was
acknowledged.

The nodes a cluster begins with are told of each other by --peers, the same for all of them.
One that comes later is given --join, and any of the others as --peers; it becomes a voter
once it has caught up. The data folder remembers what the node is a member of.

Without TLS a node listens on loopback only, unless --insecure says that nobody else can reach
the address. With TLS, nodes and clients both show certificates: see raftd certs.`,
		Example: `  raftd serve --id n1 --data n1 --listen 127.0.0.1:7101 \
    --peers n1=127.0.0.1:7101,n2=127.0.0.1:7102,n3=127.0.0.1:7103
  raftd serve --id n4 --data n4 --listen 127.0.0.1:7104 --join --peers n1=127.0.0.1:7101
  raftd serve --config n1.yaml`,
		Args: wantArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), s, &f) },
	}
	c := &f.cfg
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.Var(&f.id, "id", "the node's name: n1, n2 and so on")
	fl.StringVar(&c.Data, "data", "", "the node's folder, made if it is not there")
	fl.StringVar(&c.Listen, "listen", "127.0.0.1:7100", "where to listen for nodes and clients")
	fl.StringVar(&c.Advertise, "advertise", "", "where others reach this node (default where it listens, or what peers say if that is everywhere)")
	fl.Var(&f.peers, "peers", "the nodes that the cluster begins with; with --join some that are members")
	fl.BoolVar(&c.Join, "join", false, "join the cluster that the peers belong to")
	fl.StringVar(&c.Cluster, "cluster", "raftd", "the cluster's name; nodes of another one are refused")
	fl.Var(&f.election, "election-timeout", "how long without a leader before a node stands for election, drawn anew each time")
	fl.DurationVar(&c.Timeouts.Heartbeat, "heartbeat", 100*time.Millisecond, "how often a leader makes itself heard")
	fl.DurationVar(&c.Lease, "lease", 0, "serve reads without asking for as long as a lease lasts, which rests on clocks; 0 for none")
	fl.Uint64Var(&c.ClockDriftPPM, "clock-drift", 500, "with a lease: how far clocks may drift, in parts per million")
	fl.IntVar(&c.SnapshotEvery, "snapshot-every", 100_000, "entries after which the log is replaced by a snapshot; 0 for never")
	fl.IntVar(&c.SnapshotKeep, "snapshot-keep", 10_000, "entries before a snapshot that stay, for nodes a little behind")
	fl.DurationVar(&c.SessionTTL, "session-ttl", time.Hour, "after how long without use a client's session expires; 0 for never")
	fl.IntVar(&c.MaxSessions, "max-sessions", 100_000, "sessions of clients; beyond it those not used for longest expire; 0 for any number")
	fl.DurationVar(&c.RequestTimeout, "request-timeout", 10*time.Second, "after how long a client is told that the outcome is unknown")
	fl.IntVar(&c.MaxConnections, "max-connections", 1024, "connections open at once")
	fl.IntVar(&c.MaxRequests, "max-requests", 16384, "clients' requests that wait for their answer at once")
	fl.StringVar(&c.Metrics, "metrics", "", "where to serve Prometheus, as host:port; nowhere if empty")
	fl.StringVar(&f.logForm, "log-format", "text", "text or json")
	fl.StringVar(&f.logLevel, "log-level", "info", "debug (every AppendEntries too), info, warn or error")
	fl.BoolVar(&c.Insecure, "insecure", false, "listen beyond loopback without TLS")
	f.tls.add(cmd)
	fl.BoolVar(&c.TestControl, "test-control", false, "let a test look on, set and fire timers, and order the node about")
	fl.Var(&f.test, "test-options", "with --test-control: what only tests want, such as pre-vote=off,reads=log")
	return settled(s, cmd)
}

// serve runs a node.
func serve(ctx context.Context, s streams, f *serveFlags) error {
	cfg := f.cfg
	cfg.ID, cfg.Peers, cfg.Version = raft.NodeID(f.id), f.peers, version()
	cfg.Timeouts.ElectionMin, cfg.Timeouts.ElectionMax = f.election.min, f.election.max
	cfg.TLS = f.tls.files()
	cfg.Test, cfg.SegmentBytes = f.test.TestOptions, f.test.segmentBytes
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return usagef("--log-level %s: want debug, info, warn or error", quoted(f.logLevel))
	}
	switch f.logForm {
	case "text":
		cfg.Log = slog.New(server.NewTextHandler(s.out, level))
	case "json":
		cfg.Log = slog.New(slog.NewJSONHandler(s.out, &slog.HandlerOptions{Level: level}))
	default:
		return usagef("--log-format %s: want text or json", quoted(f.logForm))
	}
	if err := cfg.Check(); err != nil {
		return usageError{err}
	}
	node, err := server.New(cfg)
	if err != nil {
		return err
	}
	floor := make([]byte, heapFloor)
	defer runtime.KeepAlive(floor)
	return node.Run(ctx)
}

// heapFloor is how many bytes of memory that nobody ever touches, and that therefore exist in name only, count as in use: so the garbage
// collector of a node with little to hold runs after that many more are allocated, instead of every few MiB. Each time it does, it makes
// some write take milliseconds longer.
const heapFloor = 32 << 20
