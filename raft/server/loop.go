package server

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/replica"
	"raftsim/raft/wal"
)

// loop is the goroutine that owns the replica, and the replica's Env.
type loop struct {
	s       *Server
	replica *replica.Replica
	lines   *lines

	began  time.Time
	now    time.Duration
	timers [replica.Timers]time.Duration // raft.Never when disarmed
	wakes  *time.Timer
	wakeAt time.Duration // what wakes is set for

	calls   map[replica.ClientID]*call
	lastID  replica.ClientID
	expire  []expiry // oldest first
	peers   map[raft.NodeID]*peer
	dirty   []*peer         // have messages since the last flush
	streams []*clientStream // have responses since the last flush

	events []event // of the turn
	part   []event // of it, those to be handled together
	halted error

	// stop ends the loop; stopped is closed when it has.
	stop, stopped chan struct{}
}

// expiry is when a call has waited long enough.
type expiry struct {
	id replica.ClientID
	at time.Duration
}

var _ replica.Env = (*loop)(nil)

func newLoop(s *Server) *loop {
	l := &loop{
		s: s, lines: newLines(s.cfg.Log, s.cfg.ID), began: time.Now(),
		calls: make(map[replica.ClientID]*call), peers: make(map[raft.NodeID]*peer),
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	for t := range l.timers {
		l.timers[t] = raft.Never
	}
	l.wakes = time.NewTimer(time.Hour)
	l.wakeAt = raft.Never
	return l
}

// boot makes the replica of what the disk holds.
func (l *loop) boot(o replica.Options) error {
	l.now = time.Since(l.began)
	p, err := replica.New(o)(l.s.cfg.ID, l)
	if err != nil {
		return err
	}
	l.replica = p.(*replica.Replica)
	l.look()
	l.flush()
	l.s.view.publish(l.replica)
	return l.halted
}

// run handles events until it is told to stop or the replica halts, which is then the error.
func (l *loop) run() error {
	defer close(l.stopped)
	for l.halted == nil {
		select {
		case <-l.stop: // before what has come in: under load something always has
			return nil
		default:
		}
		l.events = l.s.inbox.take(l.events)
		if len(l.events) == 0 && !l.due() {
			l.sleepUntil()
			select {
			case <-l.s.inbox.wake:
			case <-l.wakes.C:
				l.wakeAt = raft.Never
			case <-l.stop:
				return nil
			}
			continue
		}
		l.turn()
		clear(l.events)
	}
	return l.halted
}

// turn handles what has come in, and the timers that are due.
func (l *loop) turn() {
	l.now = time.Since(l.began)
	rest := l.events
	for len(rest) > 0 && l.halted == nil {
		n := 0
		for n < len(rest) && rest[n].do == nil {
			n++
		}
		if n > 0 {
			l.part = rest[:n]
			l.replica.Together(l.handlePart)
			l.look()
			rest = rest[n:]
			continue
		}
		rest[0].do()
		l.look()
		rest = rest[1:]
	}
	for t := range l.timers {
		if l.halted == nil && l.timers[t] <= l.now {
			l.timers[t] = raft.Never
			l.replica.Timer(replica.TimerID(t))
			l.look()
		}
	}
	l.expireCalls()
	l.flush()
	l.s.view.publish(l.replica)
}

func (l *loop) handlePart() {
	for k := range l.part {
		if l.halted != nil {
			return
		}
		e := &l.part[k]
		switch {
		case e.messages != nil:
			for i := range e.messages {
				m := &e.messages[i]
				l.s.metrics.received(m)
				l.replica.Receive(m.From, m)
				l.look()
			}
		case e.call != nil:
			l.request(e.call)
		case e.calls != nil:
			for _, c := range e.calls {
				l.request(c)
			}
		case e.ticket != 0:
			l.replica.Synced(e.ticket, e.err)
		}
		l.look()
	}
}

// look shows what the node has become to a test that looks on, and notes that it is a member again when a leader speaks to it.
func (l *loop) look() {
	if l.s.outcast.Load() && l.replica.Core().Status().Leader != raft.None {
		l.s.outcast.Store(false)
	}
	l.s.sights.look(l.replica)
}

// flush lets go of what the turn made: messages and answers. Those of a node that has halted stay here.
func (l *loop) flush() {
	if l.halted == nil {
		for _, p := range l.dirty {
			p.flush()
		}
	}
	l.dirty = l.dirty[:0]
	for _, c := range l.streams {
		c.flush()
	}
	l.streams = l.streams[:0]
}

// due says whether something is to be done now although nothing has come in.
func (l *loop) due() bool {
	at := l.next()
	return at != raft.Never && at <= time.Since(l.began)
}

// next is when the earliest timer fires, or the call that has waited longest has waited long enough; raft.Never for neither.
func (l *loop) next() time.Duration {
	at := raft.Never
	for _, t := range l.timers {
		at = min(at, t)
	}
	if len(l.expire) > 0 {
		at = min(at, l.expire[0].at)
	}
	return at
}

// sleepUntil sets the alarm for what is next, unless it is set for no later.
func (l *loop) sleepUntil() {
	if at := l.next(); at < l.wakeAt {
		l.wakes.Reset(at - time.Since(l.began))
		l.wakeAt = at
	}
}

// request hands a client's request to the replica.
func (l *loop) request(c *call) {
	c.began = l.now
	if len(l.calls) >= l.s.cfg.MaxRequests || l.s.draining.Load() {
		l.respond(c, &replica.Response{Session: c.req.Session, Seq: c.req.Seq, Status: kv.Busy, Leader: l.replica.Core().Leader()})
		return
	}
	l.await(c, l.s.cfg.RequestTimeout)
	l.replica.Request(c.id, &c.req)
}

// await names a call, which is to be answered within so long.
func (l *loop) await(c *call, within time.Duration) {
	l.lastID++
	c.id = l.lastID
	l.calls[c.id] = c
	l.expire = append(l.expire, expiry{c.id, l.now + within})
}

// expireCalls tells those who have waited long enough that the outcome is unknown.
func (l *loop) expireCalls() {
	n := 0
	for n < len(l.expire) {
		e := &l.expire[n]
		c := l.calls[e.id]
		if c != nil && e.at > l.now {
			break
		}
		if c != nil {
			delete(l.calls, e.id)
			l.respond(c, &replica.Response{Session: c.req.Session, Seq: c.req.Seq, Status: kv.Unknown, Leader: l.replica.Core().Leader()})
		}
		n++
	}
	if n > 0 {
		l.expire = l.expire[:copy(l.expire, l.expire[n:])]
	}
}

// Now implements [replica.Env].
func (l *loop) Now() time.Duration { return l.now }

// Send implements [replica.Env].
func (l *loop) Send(to raft.NodeID, m replica.Message) {
	rm := m.(*raft.Message)
	p := l.peers[to]
	if p == nil {
		p = l.s.peer(to)
		l.peers[to] = p
	}
	if len(p.sending) == 0 {
		l.dirty = append(l.dirty, p)
	}
	p.sending = append(p.sending, rm)
}

// SetTimer implements [replica.Env].
func (l *loop) SetTimer(t replica.TimerID, at time.Duration) { l.timers[t] = at }

// StopTimer implements [replica.Env].
func (l *loop) StopTimer(t replica.TimerID) { l.timers[t] = raft.Never }

// FS implements [replica.Env].
func (l *loop) FS() wal.FS { return l.s.disk }

// Draw implements [replica.Env].
func (l *loop) Draw(_ string, n uint64) uint64 { return rand.Uint64N(n) }

// Answer implements [replica.Env].
func (l *loop) Answer(client replica.ClientID, r *replica.Response) {
	c := l.calls[client]
	if c == nil {
		return // it has waited long enough
	}
	delete(l.calls, client)
	l.respond(c, r)
}

// respond ends a call.
func (l *loop) respond(c *call, r *replica.Response) {
	out, status := reply{Response: toResponse(r)}, r.Status
	if status == kv.OK {
		if out.value = r.Result.Value; len(out.value) > maxAnswer { // of a get, or of a cas that expected another
			status, out = kv.Invalid, reply{Response: tooLarge(r, len(out.value))}
		}
	}
	out.Node = uint64(l.s.cfg.ID)
	out.Leader = uint64(r.Leader)
	out.AsOf = l.s.sights.upcoming()
	if r.Status == kv.NotLeader && r.Leader != raft.None {
		out.LeaderAddress = l.s.book.address(r.Leader, 0)
	}
	l.s.metrics.answered(c, status, l.now)
	if c.stream == nil {
		c.answer <- out.whole()
		return
	}
	if len(c.stream.ready) == 0 {
		l.streams = append(l.streams, c.stream)
	}
	c.stream.ready = append(c.stream.ready, out)
}

// Logging implements [replica.Env].
func (l *loop) Logging() bool { return l.lines.enabled() }

// Log implements [replica.Env].
func (l *loop) Log(line string) {
	if l.s.outcast.Load() && standsForElection(line) {
		return
	}
	var status raft.Status
	if l.replica != nil {
		status = l.replica.Core().Status()
	}
	l.lines.write(line, &status)
}

// Halt implements [replica.Env].
func (l *loop) Halt(err error) {
	if l.halted == nil {
		l.halted = fmt.Errorf("node %v cannot go on: %w", l.s.cfg.ID, err)
	}
}

// view is what others see of the replica.
type view struct {
	mu sync.Mutex
	state
	// changed is closed, and made anew, with every change, when somebody waits for one.
	changed chan struct{}
}

// state is a node's at a glance.
type state struct {
	booted bool
	raft.Status
	config      *raft.Configuration
	incarnation raft.Incarnation
	snapshot    raft.Index
	digest      uint64
}

// member says whether the node itself, and not an earlier one of its name, is a member as far as it knows.
func (s *state) member(id raft.NodeID) bool {
	for _, list := range [...][]raft.Member{s.config.Voters, s.config.Outgoing, s.config.Learners} {
		for _, m := range list {
			if m.ID == id && (m.Incarnation == s.incarnation || m.Incarnation == 0) {
				return true
			}
		}
	}
	return false
}

func (v *view) publish(r *replica.Replica) {
	v.mu.Lock()
	defer v.mu.Unlock()
	core := r.Core()
	if v.booted && core.Still(&v.Status) && v.snapshot == r.LatestSnapshot() {
		return
	}
	v.state = state{
		booted: true, Status: core.Status(), config: core.Configuration(), incarnation: core.Incarnation(),
		snapshot: r.LatestSnapshot(), digest: r.Store().Digest(),
	}
	if v.changed != nil {
		close(v.changed)
		v.changed = nil
	}
}

// get returns the state.
func (v *view) get() state {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.state
}

// next returns the state, and what is closed when it has changed.
func (v *view) next() (state, <-chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.changed == nil {
		v.changed = make(chan struct{})
	}
	return v.state, v.changed
}
