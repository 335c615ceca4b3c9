package scenarios

import (
	"strconv"
	"strings"
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/sim"
)

// client is one client's program. It has one operation under way at most, sends it again when no answer comes, under the
// same session and seq and to another node, and gives it up after some tries. What it gives up may still take
// effect, so it goes on in a new session.
//
// The rate is what a client asks at most: where an operation takes longer than the interval, the next begins when it is over,
// and what was missed is not made up for.
type client struct {
	w       *workload
	host    sim.ClientID
	session kv.SessionID
	seq     uint64
	// prefix and values make every value it writes a new one.
	prefix string
	values uint64

	// due is when the next operation may begin.
	due time.Duration
	// oneShot clients have no rate of their own: they work for bursts, and burst is the one they work for now.
	oneShot bool
	burst   *burst

	busy    bool
	request kv.Request
	key     uint64
	handle  int
	target  raft.NodeID
	// probe is the node that was last asked for want of a better one. It goes round, so that a client gets away from a
	// leader that others still name and that no longer answers.
	probe raft.NodeID
	tries int
	// asked is when the operation was begun.
	asked time.Duration
	// hops counts redirections since the client last waited.
	hops int
	// silent is who did not answer in time, to whom no hint leads back before somebody has answered: a leader
	// that was cut off is still the leader to those cut off with it.
	silent raft.NodeID
	// resting says that the client waits before it asks again, and not for an answer.
	resting bool

	// opening says that what is under way is no operation yet: the client opens a session for it first. Openings
	// are counted, so that the answer to one is not taken for that to another.
	opening  bool
	openings uint64
}

// mostTries is how often a request goes unanswered before its client gives it up.
const mostTries = 5

// Wake implements [sim.Host]: the next operation is due, or the answer is overdue, or the rest is over.
func (c *client) Wake() {
	switch {
	case c.w.stopped:
	case !c.busy:
		if !c.oneShot {
			c.begin()
		}
	case c.resting:
		c.send()
	default:
		if c.tries++; c.tries == mostTries {
			c.giveUp()
			return
		}
		c.w.retried++
		c.silent = c.target
		c.next()
		c.send()
	}
}

// begin starts an operation, once there is a session for it.
func (c *client) begin() {
	if c.session == 0 {
		c.open()
		return
	}
	c.seq++
	c.choose()
	c.asked = c.w.r.world.Now()
	c.handle = c.w.history.Call(uint64(c.host), &c.request, c.asked)
	c.w.began(c.session, sessionAt{c.seq, c.handle})
	c.busy, c.tries = true, 0
	c.send()
}

// choose draws what to do.
func (c *client) choose() {
	r, mix := c.w.r, &c.w.spec.Mix
	c.key = r.world.HostDraw(c.host, "key", uint64(len(c.w.keys)))
	q := kv.Request{Session: c.session, Seq: c.seq, Key: c.w.key(c.key)}
	share := r.world.HostDraw(c.host, "operation", 1_000_000)
	for _, op := range [...]struct {
		kv.Op
		share uint64
	}{
		{kv.Get, uint64(mix.Get)}, {kv.Put, uint64(mix.Put)}, {kv.Append, uint64(mix.Append)},
		{kv.CAS, uint64(mix.CAS)}, {kv.Delete, uint64(mix.Delete)},
	} {
		if share < op.share {
			q.Op = op.Op
			break
		}
		share -= op.share
	}
	switch q.Op {
	case kv.CAS:
		q.Expect = c.w.seen[c.key]
		fallthrough
	case kv.Put, kv.Append:
		c.values++
		q.Value = c.value()
	}
	c.request = q
}

// value is a value that nobody else writes, such as "c1-17", so that a read tells which write it saw. It is followed by
// as many dots as make it long enough.
func (c *client) value() string {
	var text [32]byte
	v := strconv.AppendUint(append(text[:0], c.prefix...), c.values, 10)
	if dots := c.w.spec.ValueSize - len(v); dots > 0 {
		return string(v) + strings.Repeat(".", dots)
	}
	return string(v)
}

// send asks the target, and waits.
func (c *client) send() {
	c.resting = false
	now := c.w.r.world.Now()
	c.w.r.world.Request(c.host, c.target, &c.request)
	c.w.r.world.WakeAt(c.host, now+c.w.spec.Timeout)
}

// rest waits a little before it asks again, so that a cluster without a leader is not run down.
func (c *client) rest() {
	c.resting, c.hops = true, 0
	pause := c.w.spec.Timeout / 16
	c.w.r.world.WakeAt(c.host, c.w.r.world.Now()+pause/2+c.draw("rest", pause))
}

// next turns to another node.
func (c *client) next() {
	c.probe = c.after(c.probe)
	if c.probe == c.target {
		c.probe = c.after(c.probe)
	}
	c.target = c.probe
}

// after is the node that comes after another when going round those there are. Who is to join one day is not there.
func (c *client) after(id raft.NodeID) raft.NodeID {
	nodes := raft.NodeID(len(c.w.r.nodes) - 1)
	for id = id%nodes + 1; int(id) > c.w.r.scenario.Cluster.Nodes && c.w.r.world.Boots(id) == 0; {
		id = id%nodes + 1
	}
	return id
}

// draw returns a time in [0, n], 0 when n is not positive.
func (c *client) draw(purpose string, n time.Duration) time.Duration {
	if n <= 0 {
		return 0
	}
	return time.Duration(c.w.r.world.HostDraw(c.host, purpose, uint64(n)+1))
}

// Answered implements [sim.Host].
func (c *client) Answered(from raft.NodeID, a *sim.Response) {
	if !c.busy || a.Session != c.session || a.Seq != c.seq {
		return // an answer to what is over
	}
	switch a.Status {
	case kv.OK:
		c.target, c.hops, c.silent = from, 0, raft.None
		if c.opening {
			c.opened(a.Opened)
		} else {
			if c.request.Op == kv.Get {
				c.w.r.states.read(from, c.asked)
			}
			c.finish(a.Result)
		}
	case kv.Refused:
		c.target, c.hops, c.silent = from, 0, raft.None
		c.refused()
	case kv.Expired:
		c.w.r.states.reach(stateSessionExpired)
		c.expired()
	case kv.Busy:
		c.w.r.states.reach(stateTurnedAway)
		if c.resting || c.w.stopped || from != c.target {
			return // an answer to an earlier try
		}
		c.w.retried++
		c.rest() // nothing was done, and nobody else could do it
	case kv.NotLeader, kv.Unknown:
		if c.resting || c.w.stopped || from != c.target {
			return // an answer to an earlier try
		}
		c.w.r.states.turnedAway(c.request.Op)
		c.w.retried++
		known := a.Leader != raft.None && a.Leader != from && a.Leader != c.silent && int(a.Leader) < len(c.w.r.nodes)
		if known {
			c.target = a.Leader
		} else {
			c.next()
		}
		if c.hops++; known && c.hops < len(c.w.r.nodes) {
			c.send()
		} else {
			c.rest()
		}
	default:
		c.w.r.fault("a node calls a request invalid: " + c.request.Op.String() + " " + c.request.Key)
	}
}

// finish ends an operation that was answered.
func (c *client) finish(seen kv.Result) {
	w := c.w
	w.history.Return(c.handle, seen, w.r.world.Now())
	w.answered++
	switch c.request.Op {
	case kv.Get:
		w.seen[c.key] = seen.Value
	case kv.Put:
		w.seen[c.key] = c.request.Value
	case kv.Delete:
		w.seen[c.key] = ""
	case kv.CAS:
		w.seen[c.key] = seen.Value
		if seen.Swapped {
			w.seen[c.key] = c.request.Value
		}
	}
	if c.request.Op != kv.Get {
		w.written++
	}
	c.answered()
}

// refused ends an append that wrote nothing, and never will: no order of the others has a place for it, nor needs one.
func (c *client) refused() {
	c.w.history.Discard(c.handle)
	c.w.answered++
	c.answered()
}

// answered goes on after an answer.
func (c *client) answered() {
	if c.burst != nil {
		c.burst.answered++
	}
	c.over()
}

// giveUp ends an operation that nobody answered. It may have taken effect, or may yet.
func (c *client) giveUp() {
	c.next()
	if c.opening {
		c.open()
		return
	}
	c.w.history.Lost(c.handle)
	c.session, c.seq = c.w.newSession(), 0
	c.over()
}

// expired ends an operation whose session is no more. Whether an earlier try took effect before the session went, nobody can tell.
func (c *client) expired() {
	c.w.history.Lost(c.handle)
	c.w.expiry = true
	c.session = 0
	c.over()
}

// open asks for a session.
func (c *client) open() {
	c.openings++
	c.busy, c.opening, c.tries = true, true, 0
	c.seq = c.openings
	c.request = kv.Request{Op: kv.Open, Seq: c.seq}
	c.send()
}

// opened goes on in a session that was opened.
func (c *client) opened(id kv.SessionID) {
	c.opening = false
	c.session, c.seq = id, 0
	if c.w.stopped {
		c.over()
		return
	}
	c.begin()
}

// over goes on to the next operation, at the time its rate gives it or at once when that has passed.
func (c *client) over() {
	c.busy, c.resting = false, false
	if c.oneShot {
		c.w.free(c)
		return
	}
	every := c.w.spec.Every
	c.due = max(c.due+every/2+c.draw("interval", every), c.w.r.world.Now())
	if !c.w.stopped {
		c.w.r.world.WakeAt(c.host, c.due)
	}
}
