package scenarios

import (
	"strconv"
	"time"

	"raftsim/checker"
	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/scenarios/script"
)

// workload is the clients of a run and what they saw.
type workload struct {
	r       *Run
	spec    *script.Clients
	history checker.History
	// keys are the keys' names, seen their values as clients saw them last; both by place.
	keys, seen []string
	// sessions say, by SessionID, which operation a session is at; opened say so of those that the store gave out.
	sessions []sessionAt
	opened   map[kv.SessionID]sessionAt
	// expiry says that a session has expired, so that nobody chooses one any more: it would be refused.
	expiry bool
	// idle are the clients of bursts that have nothing to do, backlog has a burst for each of its requests that
	// found no client.
	idle    []*client
	backlog []*burst
	stopped bool

	// written counts the writes that were acknowledged, answered all operations that were.
	written, answered uint64
	// retried counts requests that were sent again.
	retried uint64
}

// sessionAt is an operation of a session: its place in the history.
type sessionAt struct {
	seq    uint64
	handle int
}

func (w *workload) init(r *Run) {
	w.r, w.spec = r, &r.scenario.Clients
	w.sessions = make([]sessionAt, 1, 1+w.spec.Count)
	w.keys, w.seen = make([]string, w.spec.Keys), make([]string, w.spec.Keys)
	for range w.spec.Count {
		c := w.newClient()
		if w.spec.Every > 0 {
			// The first requests are spread over one interval, so that the clients are not in step.
			c.due = c.draw("first request", w.spec.Every)
			r.world.WakeAt(c.host, c.due)
		}
	}
}

// newClient adds a client that does nothing until it is woken. It returns nil when the world takes no more.
func (w *workload) newClient() *client {
	c := &client{w: w}
	if c.host = w.r.world.AddHost(c); c.host == 0 {
		return nil
	}
	c.session = w.newSession()
	c.target = 1 + raft.NodeID(w.r.world.HostDraw(c.host, "first node", uint64(w.r.scenario.Cluster.Nodes)))
	c.probe = c.target
	c.prefix = "c" + strconv.FormatUint(uint64(c.host), 10) + "-"
	return c
}

// newSession chooses a session, or returns 0 when one has to be opened.
func (w *workload) newSession() kv.SessionID {
	if w.expiry {
		return 0
	}
	w.sessions = append(w.sessions, sessionAt{})
	return kv.SessionID(len(w.sessions) - 1)
}

// began is told which operation a session is at.
func (w *workload) began(id kv.SessionID, at sessionAt) {
	if id < kv.SessionID(len(w.sessions)) {
		w.sessions[id] = at
		return
	}
	if w.opened == nil {
		w.opened = make(map[kv.SessionID]sessionAt)
	}
	w.opened[id] = at
}

// tookEffect is told where in the log a request stands that was just applied for the first time anywhere.
func (w *workload) tookEffect(id kv.SessionID, seq uint64, index raft.Index) {
	at := w.opened[id]
	if id < kv.SessionID(len(w.sessions)) {
		at = w.sessions[id]
	}
	if at.seq == seq {
		w.history.SetOrder(at.handle, uint64(index))
	}
}

// stop ends the workload: nothing is sent any more. What is on its way may still be answered.
func (w *workload) stop() { w.stopped = true }

// burst is what became of the requests of a burst.
type burst struct {
	// left are those not sent yet, answered those whose client got its answer.
	left, answered int
}

// burst sends that many requests more, evenly spread over a time, each from a client that has nothing else to do. When
// there are no more clients to be had, the rest waits until some are free.
func (w *workload) burst(requests int, within time.Duration) *burst {
	b := &burst{left: requests}
	begin, every := w.r.world.Now(), within/time.Duration(requests)
	var from func(k int)
	from = func(k int) {
		for ; k < requests && !w.stopped; k++ {
			if at := begin + every*time.Duration(k); at > w.r.world.Now() {
				w.r.world.At(at, func() { from(k) })
				return
			}
			w.ask(b)
		}
	}
	from(0)
	return b
}

// ask has a free client send one request of a burst.
func (w *workload) ask(b *burst) {
	var c *client
	if n := len(w.idle); n > 0 {
		c, w.idle = w.idle[n-1], w.idle[:n-1]
	} else if c = w.newClient(); c == nil {
		w.backlog = append(w.backlog, b)
		return
	}
	b.left--
	c.oneShot, c.burst = true, b
	c.begin()
}

// free takes back a client of a burst.
func (w *workload) free(c *client) {
	c.burst = nil
	w.idle = append(w.idle, c)
	if len(w.backlog) > 0 && !w.stopped {
		b := w.backlog[0]
		w.backlog = w.backlog[1:]
		w.ask(b)
	}
}

// key is the name of the k-th key.
func (w *workload) key(k uint64) string {
	if w.keys[k] == "" {
		w.keys[k] = "k" + strconv.FormatUint(k+1, 10)
	}
	return w.keys[k]
}
