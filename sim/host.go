package sim

import (
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
)

// Host is a client's program. It reaches nodes over the world's client links.
type Host interface {
	// Answered hands over a node's response, which is not kept.
	Answered(from raft.NodeID, r *Response)
	// Wake comes at the time asked for with [World.WakeAt].
	Wake()
}

// host is a client.
type host struct {
	id      ClientID
	program Host
	// links are those to and from each node, by its place; nil where neither has been used, since many a client sends one
	// request in its life.
	links   []*hostLink
	alarm   alarm
	streams streams
}

type hostLink struct{ up, down link }

// request is a client's request on its way to a node.
type request struct {
	request kv.Request
	cause   EventID
	client  ClientID
	copies  uint8
}

// answer is a node's response on its way to a client.
type answer struct {
	response Response
	cause    EventID
	from     raft.NodeID
	copies   uint8
}

// AddHost adds a client and returns its id, 1 for the first, or 0 when there are [MaxHosts] already.
func (w *World) AddHost(p Host) ClientID {
	if len(w.hosts) == MaxHosts {
		return 0
	}
	id := ClientID(len(w.hosts) + 1)
	h := &host{
		id: id, program: p,
		alarm:   alarm{armed: never, queued: never},
		streams: streams{seed: w.config.Seed, owner: ofHost.of(uint64(id), 0)},
	}
	w.hosts = append(w.hosts, h)
	return id
}

// link returns the links to and from a node, which must be there.
func (h *host) link(w *World, to raft.NodeID) *hostLink {
	if len(h.links) < len(w.nodes) {
		h.links = append(h.links, make([]*hostLink, len(w.nodes)-len(h.links))...)
	}
	l := h.links[to-1]
	if l == nil {
		n := uint64(to)
		l = &hostLink{
			up:   newLink(w.config.Seed, ofRequests.of(uint64(h.id), n), w.config.ClientLink),
			down: newLink(w.config.Seed, ofAnswers.of(n, uint64(h.id)), w.config.ClientLink),
		}
		h.links[to-1] = l
	}
	return l
}

func (w *World) host(c ClientID) *host {
	if c == 0 || c > ClientID(len(w.hosts)) {
		return nil
	}
	return w.hosts[c-1]
}

// HostDraw returns a number in [0,n) from a client's own stream of that name, 0 when n is 0 or there is
// no such client.
func (w *World) HostDraw(c ClientID, purpose string, n uint64) uint64 {
	h := w.host(c)
	if h == nil {
		return 0
	}
	return h.streams.draw(purpose, n)
}

// WakeAt has a client's Wake called at a time, or at the current time when it has passed. A client has one alarm: this
// replaces what it was set to. Without such a client it does nothing.
func (w *World) WakeAt(c ClientID, at time.Duration) {
	if h := w.host(c); h != nil {
		w.arm(&h.alarm, at, queuedWake.of(uint16(c), 0))
	}
}

// Request sends a client's request to a node over their link. r is copied. A request that finds its node
// down is lost.
func (w *World) Request(c ClientID, to raft.NodeID, r *kv.Request) {
	h := w.host(c)
	if h == nil {
		return
	}
	w.counters.Requests++
	if w.node(to) == nil {
		w.dropped(Event{Client: c, Node: to, Drop: DropNowhere, Request: r, Cause: w.cause})
		return
	}
	copies, _, at, again := h.link(w, to).up.carry(w.now, &w.counters)
	if copies == 0 {
		w.dropped(Event{Client: c, Node: to, Drop: DropLost, Request: r, Cause: w.cause})
		return
	}
	ref := w.requests.take()
	q := w.requests.at(ref)
	q.request, q.cause, q.client, q.copies = *r, w.cause, c, copies
	w.queue.push(at, queuedRequest.of(uint16(to), ref))
	if copies == 2 {
		w.queue.push(again, queuedRequest.of(uint16(to), ref))
	}
}

// serve hands a request to a process.
func (w *World) serve(e queued) {
	n := w.nodes[e.id()-1]
	if n.process == nil {
		w.beginVain(e.at)
		w.dropRequest(e.ref(), n.id, DropDown)
		return
	}
	if n.paused {
		n.held = append(n.held, e)
		return
	}
	r := w.requests.at(e.ref())
	client := r.client
	w.begin(e.at, word(EventRequest, e.id(), uint16(client), uint32(r.request.Seq)), r.cause)
	if w.hooks.Trace != nil {
		w.trace(Event{Kind: EventRequest, Cause: r.cause, Node: n.id, Client: client, Request: &r.request})
	}
	if w.hooks.Requested != nil {
		w.hooks.Requested(n.id, client, &r.request)
	}
	w.running = n.id
	n.process.Request(client, &r.request)
	w.running = raft.None
	w.freeRequest(e.ref())
	w.after(n)
}

func (w *World) freeRequest(ref uint32) {
	if r := w.requests.at(ref); r.copies > 1 {
		r.copies--
		return
	}
	w.requests.drop(ref)
}

func (w *World) dropRequest(ref uint32, to raft.NodeID, why Drop) {
	r := w.requests.at(ref)
	w.dropped(Event{Client: r.client, Node: to, Drop: why, Request: &r.request, Cause: r.cause})
	w.freeRequest(ref)
}

// Answer implements [Env]. A response to a client that does not exist is dropped.
func (n *node) Answer(client ClientID, r *Response) {
	w := n.world
	w.counters.Answers++
	if w.hooks.Answered != nil {
		running := w.running
		w.running = raft.None
		w.hooks.Answered(n.id, client, r)
		w.running = running
	}
	h := w.host(client)
	if h == nil {
		w.dropped(Event{From: n.id, Client: client, Drop: DropNowhere, Response: r, Cause: w.cause})
		return
	}
	copies, _, at, again := h.link(w, n.id).down.carry(w.now, &w.counters)
	if copies == 0 {
		w.dropped(Event{From: n.id, Client: client, Drop: DropLost, Response: r, Cause: w.cause})
		return
	}
	ref := w.answers.take()
	a := w.answers.at(ref)
	a.response, a.cause, a.from, a.copies = *r, w.cause, n.id, copies
	w.queue.push(at, queuedAnswer.of(uint16(client), ref))
	if copies == 2 {
		w.queue.push(again, queuedAnswer.of(uint16(client), ref))
	}
}

// answered hands a response to a client.
func (w *World) answered(e queued) {
	h := w.hosts[e.id()-1]
	a := w.answers.at(e.ref())
	w.begin(e.at, word(EventAnswer, e.id(), uint16(a.from), uint32(a.response.Seq)), a.cause)
	if w.hooks.Trace != nil {
		w.trace(Event{Kind: EventAnswer, Cause: a.cause, From: a.from, Client: h.id, Response: &a.response})
	}
	h.program.Answered(a.from, &a.response)
	if a = w.answers.at(e.ref()); a.copies > 1 {
		a.copies--
	} else {
		w.answers.drop(e.ref())
	}
}

// wake calls a client whose time has come.
func (w *World) wake(e queued) {
	h := w.hosts[e.id()-1]
	if !w.due(&h.alarm, e) {
		return
	}
	w.begin(e.at, word(EventWake, e.id(), 0, 0), h.alarm.cause)
	if w.hooks.Trace != nil {
		w.trace(Event{Kind: EventWake, Cause: h.alarm.cause, Client: h.id})
	}
	h.program.Wake()
}
