package server

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"raftsim/raft"
	"raftsim/raft/raftpb"
	"raftsim/raft/replica"
)

// Server is a running node.
type Server struct {
	cfg        Config
	advertised string
	keys       *keychain // nil without TLS
	folder     *folder
	book       *book
	disk       *disk
	inbox      *inbox
	view       view
	loop       *loop
	metrics    *metrics
	refusals   seldom
	// sights is nil unless tests may look on.
	sights *watch

	listener net.Listener
	grpc     *grpc.Server
	health   *health.Server
	http     *http.Server

	peersMu sync.Mutex
	peers   map[raft.NodeID]*peer

	// ctx ends what runs beside the loop; work are those goroutines.
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	// booted is closed once the replica is there, closing when clients' streams are to end.
	booted, closing chan struct{}
	// draining says that no new requests are taken.
	draining atomic.Bool
	// outcast says that the node is no member any more for certain.
	outcast atomic.Bool
}

// New takes the data folder and the address into use. The node is not there for others before [Server.Run].
func New(cfg Config) (*Server, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, inbox: newInbox(), peers: make(map[raft.NodeID]*peer),
		booted: make(chan struct{}), closing: make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if cfg.TestControl {
		s.sights = newWatch(cfg.Test.Wait)
	}
	if cfg.TLS != nil {
		var err error
		if s.keys, err = openKeychain(*cfg.TLS, func(what string) { s.log(fmt.Sprintf("Node %v %s", cfg.ID, what)) }); err != nil {
			return nil, err
		}
	}
	if err := s.open(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// open opens what New has to.
func (s *Server) open() error {
	var err error
	if s.folder, err = openFolder(s.cfg.Data, s.cfg.ID, s.cfg.Cluster); err != nil {
		return err
	}
	if s.book, err = openBook(s.cfg.Data, s.cfg.Peers); err != nil {
		return err
	}
	if s.listener, err = net.Listen("tcp", s.cfg.Listen); err != nil {
		return fmt.Errorf("cannot listen on %s: give another --listen, or stop what has it: %w", s.cfg.Listen, err)
	}
	s.listener = limit(s.listener, s.cfg.MaxConnections)
	if s.advertised = s.cfg.Advertise; s.advertised == "" {
		s.advertised = s.listener.Addr().String()
	}
	s.disk, err = openDisk(filepath.Join(s.cfg.Data, logFolder),
		func(t ticket, err error) { s.inbox.put(event{ticket: t, err: err}) },
		func(d time.Duration) { s.metrics.synced(d) })
	if err != nil {
		return fmt.Errorf("the log's folder cannot be opened: check the disk: %w", err)
	}
	s.metrics = newMetrics(s)
	s.loop = newLoop(s)
	if s.cfg.Metrics != "" {
		l, err := net.Listen("tcp", s.cfg.Metrics)
		if err != nil {
			return fmt.Errorf("cannot serve metrics on %s: give another --metrics, or stop what has it: %w", s.cfg.Metrics, err)
		}
		mux := http.NewServeMux()
		mux.Handle("/metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
		s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
		go func() { _ = s.http.Serve(l) }()
	}
	return nil
}

// Addr is where the node listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Run is the node's life: it serves until ctx ends, and then hands leadership over, answers what is under way, and
// returns nil. An error says why it cannot begin or go on.
func (s *Server) Run(ctx context.Context) error {
	defer s.close()
	s.serve()
	switch err := s.boot(ctx); {
	case errors.Is(err, errToldToStop):
		s.log(fmt.Sprintf("Node %v goes down before it has begun", s.cfg.ID))
		return nil
	case err != nil:
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- s.loop.run() }()
	var gone chan struct{}
	if s.cfg.Test.Wait {
		gone = s.sights.gone
	} else if s.cfg.Join && !s.folder.owner.Joined {
		s.work.Go(s.join)
	}
	s.work.Go(s.watch)
	s.work.Go(s.lookForPlace)
	select {
	case err := <-ended:
		return err
	case <-gone:
		return errors.New("the test that the node was for has gone")
	case <-ctx.Done():
	}
	s.leave()
	close(s.loop.stop)
	return <-ended
}

// testPatience is how long a node waits for a test.
const testPatience = time.Minute

// boot makes the replica.
func (s *Server) boot(ctx context.Context) error {
	if s.cfg.Test.Wait {
		select {
		case <-s.sights.attached:
		case <-time.After(testPatience):
			return fmt.Errorf("no test was attached within %v", testPatience)
		case <-ctx.Done():
			return errToldToStop
		}
	}
	if s.folder.fresh {
		if err := s.beBorn(ctx); err != nil {
			return err
		}
	}
	if err := s.loop.boot(s.options()); err != nil {
		return err
	}
	s.announce()
	close(s.booted)
	s.log(fmt.Sprintf("Node %v serves cluster %s on %s", s.cfg.ID, s.cfg.Cluster, s.Addr()))
	for _, id := range s.book.ids() {
		if id != s.cfg.ID {
			s.peer(id) // so that it learns where this node is
		}
	}
	return nil
}

// beBorn decides whether the node begins with the cluster or comes later, and writes it down.
func (s *Server) beBorn(ctx context.Context) error {
	newcomer := s.cfg.Join || s.folder.owner.Newcomer
	if s.cfg.Test.Wait {
		newcomer = s.sights.began.GetNewcomer()
	} else if !newcomer {
		known, err := s.known(ctx)
		if err != nil {
			return err
		}
		if newcomer = known; known {
			s.log(fmt.Sprintf("Node %v has been a member before, and its log is gone with what it promised, so it takes part again once it is added: raftd member add %v", s.cfg.ID, s.cfg.ID))
		}
	}
	s.folder.owner.Newcomer, s.folder.owner.Joined = newcomer, false
	return s.folder.save()
}

// options are the replica's.
func (s *Server) options() replica.Options {
	o := replica.Options{
		Cluster: ClusterNumber(s.cfg.Cluster), Timeouts: s.cfg.Timeouts, PreVote: true, CheckQuorum: true, ReadIndex: true,
		Lease: s.cfg.Lease, ClockDriftPPM: s.cfg.ClockDriftPPM, SnapshotEvery: s.cfg.SnapshotEvery,
		SnapshotKeep: s.cfg.SnapshotKeep, SegmentBytes: s.cfg.SegmentBytes, SessionTTL: s.cfg.SessionTTL, MaxSessions: s.cfg.MaxSessions,
	}
	if !s.folder.owner.Newcomer {
		o.Voters = sorted(s.cfg.Peers)
	}
	if s.sights != nil {
		s.cfg.Test.apply(&o)
		o.Applied = s.sights.applied
	}
	return o
}

// announce puts the node's own address into the book.
func (s *Server) announce() {
	_ = s.book.announce(s.cfg.ID, s.advertised, time.Now().UnixNano())
}

// serve begins to take connections.
func (s *Server) serve() {
	most := MaxMessage
	if s.cfg.TestControl {
		most = math.MaxInt32 // a test is shown the whole log at first
	}
	opts := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(MaxMessage), grpc.MaxSendMsgSize(most), grpc.MaxConcurrentStreams(1024), grpc.WaitForHandlers(true),
		grpc.InitialWindowSize(window), grpc.InitialConnWindowSize(window),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: keepaliveTime, Timeout: keepaliveTime}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: keepaliveTime / 2, PermitWithoutStream: true}),
		grpc.ChainUnaryInterceptor(s.guardUnary), grpc.ChainStreamInterceptor(s.guardStream),
	}
	if s.keys != nil {
		opts = append(opts, grpc.Creds(handshakes{chain: s.keys}))
	}
	s.grpc = grpc.NewServer(opts...)
	s.health = health.NewServer()
	s.health.SetServingStatus("", healthpb.HealthCheckResponse_NOT_SERVING)
	s.health.SetServingStatus(ReadyService, healthpb.HealthCheckResponse_NOT_SERVING)
	healthpb.RegisterHealthServer(s.grpc, s.health)
	raftpb.RegisterPeerServer(s.grpc, peerService{s: s})
	raftpb.RegisterKVServer(s.grpc, kvService{s: s})
	raftpb.RegisterAdminServer(s.grpc, adminService{s: s})
	if s.cfg.TestControl {
		raftpb.RegisterControlServer(s.grpc, controlService{s: s})
	}
	reflection.Register(s.grpc)
	go func() { _ = s.grpc.Serve(s.listener) }()
}

// ReadyService is the service whose health says whether the node knows a leader, so that requests can be carried out.
const ReadyService = "raftsim.v1.KV"

// watch keeps what the health service says up to date, and notes that the node has been a member.
func (s *Server) watch() {
	s.health.SetServingStatus("", healthpb.HealthCheckResponse_SERVING)
	ready := false
	for {
		v, changed := s.view.next()
		if now := v.Leader != raft.None && !s.draining.Load(); now != ready {
			ready = now
			to := healthpb.HealthCheckResponse_NOT_SERVING
			if ready {
				to = healthpb.HealthCheckResponse_SERVING
			}
			s.health.SetServingStatus(ReadyService, to)
		}
		if !s.folder.owner.Joined && v.member(s.cfg.ID) {
			s.folder.owner.Joined = true
			if err := s.folder.save(); err != nil {
				s.log(err.Error())
			}
		}
		select {
		case <-changed:
			// Under load there is always a change; what is told here is none that hurries.
			select {
			case <-time.After(20 * time.Millisecond):
			case <-s.ctx.Done():
				return
			}
		case <-s.ctx.Done():
			return
		}
	}
}

// leave hands leadership over and answers what is under way.
func (s *Server) leave() {
	patience := 2*s.cfg.Timeouts.ElectionMax + time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s.health.Shutdown()
	if v := s.view.get(); v.Role == raft.Leader && len(v.config.Voters) > 1 {
		if _, err := s.handOver(ctx, raft.None); err != nil {
			s.log(fmt.Sprintf("Node %v goes down without handing leadership over: %s", s.cfg.ID, reason(err)))
		}
	}
	s.draining.Store(true)
	for n := 1; n > 0 && ctx.Err() == nil; {
		if s.onLoop(ctx, func() { n = len(s.loop.calls) }) != nil {
			break
		}
		if n > 0 {
			select {
			case <-time.After(5 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}
	close(s.closing)
	s.log(fmt.Sprintf("Node %v goes down", s.cfg.ID))
}

// close gives back what there is.
func (s *Server) close() {
	s.peersMu.Lock()
	s.cancel() // no peer begins after
	s.peersMu.Unlock()
	s.inbox.close()
	if s.grpc != nil {
		s.stopServing()
	}
	if s.listener != nil {
		s.listener.Close()
	}
	if s.http != nil {
		s.http.Close()
	}
	s.work.Wait()
	if s.disk != nil {
		s.disk.close()
	}
	if s.folder != nil {
		s.folder.close()
	}
}

// stopServing ends all calls: those that are answered already have a moment to be told.
func (s *Server) stopServing() {
	done := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(200 * time.Millisecond):
		s.grpc.Stop()
		<-done
	}
}

// log writes a line of the server's own.
func (s *Server) log(line string) {
	v := s.view.get()
	s.cfg.Log.LogAttrs(context.Background(), levelInfo, line, attributes(s.cfg.ID, &v.Status)...)
}

// guardUnary has a panic of one call end that call and no more.
func (s *Server) guardUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (_ any, err error) {
	defer s.guard(info.FullMethod, &err)
	return handler(ctx, req)
}

func (s *Server) guardStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	defer s.guard(info.FullMethod, &err)
	return handler(srv, stream)
}

func (s *Server) guard(method string, err *error) {
	if p := recover(); p != nil {
		s.cfg.Log.Error(fmt.Sprintf("Node %v failed in %s: %v: this is a fault of the program", s.cfg.ID, method, p), "stack", string(debug.Stack()))
		*err = status.Error(codes.Internal, "the node failed to handle the call")
	}
}

// errToldToStop: the node was told to stop before it had begun, and did.
var errToldToStop = errors.New("told to stop before the node had begun")
