package sim

import (
	"time"

	"raftsim/raft"
)

// link is one direction between two nodes, or between a client and a node.
type link struct {
	// least and spread make up the latency: least plus a draw below spread, if that is over 1.
	least  time.Duration
	spread uint64
	// last is when the latest message arrives that kept the order.
	last time.Duration
	// latest is the last packet sent that keeps the order, place+1, or 0, and latestSeq its seq, by which to tell
	// that it is still on its way. The first of those that are is in the world's queue; each of the others waits for the one
	// before.
	latest    uint32
	latestSeq uint64
	// severed is how many cuts and partitions part the two.
	severed int32
	// holding is how many holds keep back what arrives.
	holding int32
	// held counts what holds have kept back.
	held uint64
	// faulty is true when any chance is not 0.
	faulty  bool
	latency stream

	lossFrom, duplicateFrom, reorderFrom uint64
	loss, duplicate, reorder             stream
	spec                                 Link
}

// packet is a message on its way. Its copies share it.
type packet struct {
	message Message
	cause   EventID
	size    uint32
	from    uint8
	copies  uint8
	// ordered says that it is one of those that keep the order of its link and has not come up. Then next is the one
	// behind it, place+1 or 0, and at and seq are when it comes up.
	ordered bool
	next    uint32
	at      time.Duration
	seq     uint64
}

func newLink(seed uint64, o owner, spec Link) link {
	l := link{
		latency:   newStream(seed, o, "latency"),
		loss:      newStream(seed, o, "loss"),
		duplicate: newStream(seed, o, "duplicate"),
		reorder:   newStream(seed, o, "reorder"),
	}
	l.set(spec)
	return l
}

func (l *link) set(spec Link) {
	l.spec = spec
	l.least = max(spec.Latency.Min, 0)
	l.spread = uint64(max(spec.Latency.Max, l.least)-l.least) + 1
	l.lossFrom, l.duplicateFrom, l.reorderFrom = threshold(spec.Loss), threshold(spec.Duplicate), threshold(spec.Reorder)
	l.faulty = spec.Loss|spec.Duplicate|spec.Reorder != 0
}

func (l *link) delay() time.Duration {
	if l.spread <= 1 {
		return l.least
	}
	return l.least + time.Duration(l.latency.below(l.spread))
}

// carry decides when a message sent now arrives, and in how many copies; none when it is
// lost. A copy beyond the first arrives at again. Ordered says that it is alone and keeps the order of the link.
func (l *link) carry(now time.Duration, c *Counters) (copies uint8, ordered bool, at, again time.Duration) {
	if !l.faulty {
		at = max(now+l.delay(), l.last)
		l.last = at
		return 1, true, at, 0
	}
	return l.carryFaulty(now, c)
}

func (l *link) carryFaulty(now time.Duration, c *Counters) (copies uint8, ordered bool, at, again time.Duration) {
	if l.spec.Loss != 0 && l.loss.happens(l.lossFrom) {
		c.Lost++
		return 0, false, 0, 0
	}
	ordered = true
	at = now + l.delay()
	if l.spec.Reorder != 0 && l.reorder.happens(l.reorderFrom) {
		c.Reordered++
		ordered = false
		at += time.Duration(l.reorder.below(4*max(uint64(l.least)+l.spread-1, uint64(time.Millisecond/4)) + 1))
	} else {
		at = max(at, l.last)
		l.last = at
	}
	if l.spec.Duplicate != 0 && l.duplicate.happens(l.duplicateFrom) {
		c.Duplicated++
		// Its latency is drawn from its own stream, so that a copy shifts no other message.
		again = max(now+l.least+time.Duration(l.duplicate.below(l.spread)), at)
		return 2, false, at, again
	}
	return 1, ordered, at, 0
}

// Send implements [Env]. What is sent to the sender itself or to nobody is dropped.
func (n *node) Send(to raft.NodeID, m Message) {
	w := n.world
	size := m.Size()
	w.counters.Messages++
	w.counters.Bytes += uint64(size)
	if w.hooks.Sent != nil {
		running := w.running
		w.running = raft.None
		w.hooks.Sent(n.id, to, m)
		w.running = running
	}
	if to-1 >= raft.NodeID(len(w.nodes)) || to == n.id {
		w.dropMessage(m, n.id, to, DropNowhere, w.cause)
		return
	}
	l := w.between(n.id, to)
	if l.severed != 0 {
		w.dropMessage(m, n.id, to, DropCut, w.cause)
		return
	}
	copies, ordered, at, again := l.carry(w.now, &w.counters)
	if copies == 0 {
		w.dropMessage(m, n.id, to, DropLost, w.cause)
		return
	}
	ref := w.packets.take()
	p := w.packets.at(ref)
	p.message = m
	p.cause = w.cause
	p.size, p.from, p.copies, p.ordered = uint32(size), uint8(n.id), copies, ordered
	what := queuedMessage.of(uint16(to), ref)
	if ordered {
		w.follow(l, p, ref, at, what)
		return
	}
	w.queue.push(at, what)
	if copies == 2 {
		w.queue.push(again, what)
	}
}

// follow puts a packet behind those of its link that keep the order. Only the first of them is in the queue, which
// so stays short however many are on their way.
func (w *World) follow(l *link, p *packet, ref uint32, at time.Duration, what queuedWhat) {
	p.next = 0
	before := l.latest
	l.latest = ref + 1
	if before != 0 && before != l.latest { // a place may be used again at once
		if b := w.packets.at(before - 1); b.ordered && b.seq == l.latestSeq {
			b.next = ref + 1
			p.at, p.seq = at, w.queue.reserve()
			l.latestSeq = p.seq
			return
		}
	}
	p.seq = w.queue.push(at, what)
	l.latestSeq = p.seq
}

// lead takes the first packet of its link out of the order, and has the one behind it take its place in the queue.
func (w *World) lead(p *packet, to uint16) {
	p.ordered = false
	if p.next == 0 {
		return
	}
	next := w.packets.at(p.next - 1)
	w.queue.pushAs(next.seq, next.at, queuedMessage.of(to, p.next-1))
}

// arrive takes a message off the network.
func (w *World) arrive(e queued) {
	n, p := w.nodes[e.id()-1], w.packets.at(e.ref())
	if p.ordered {
		w.lead(p, e.id())
	}
	if w.holds != 0 && w.hold(n, e) {
		return
	}
	if w.severed != 0 && w.between(raft.NodeID(p.from), n.id).severed != 0 {
		w.beginVain(e.at)
		w.dropPacket(e.ref(), n.id, DropCut)
		return
	}
	w.deliver(e, n, p)
}

// deliver hands a message that has arrived to a process.
func (w *World) deliver(e queued, n *node, p *packet) {
	if n.process == nil {
		w.beginVain(e.at)
		w.dropPacket(e.ref(), n.id, DropDown)
		return
	}
	if n.paused {
		n.held = append(n.held, queued{what: queuedArrived.of(e.id(), e.ref())})
		return
	}
	m, from, cause := p.message, raft.NodeID(p.from), p.cause
	w.begin(e.at, word(EventMessage, e.id(), uint16(from), p.size), cause)
	if w.hooks.Trace != nil {
		w.trace(Event{Kind: EventMessage, Cause: cause, Node: n.id, From: from, Message: m})
	}
	w.counters.Delivered++
	if w.hooks.Received != nil {
		w.hooks.Received(n.id, from, m)
	}
	w.running = n.id
	n.process.Receive(from, m)
	// Receive may have moved the slab, not the places in it.
	if p = w.packets.at(e.ref()); p.copies > 1 {
		p.copies--
	} else {
		m.Release()
		w.packets.drop(e.ref())
	}
	w.running = raft.None
	w.after(n)
}

// dropPacket loses a copy of a message that was on its way.
func (w *World) dropPacket(ref uint32, to raft.NodeID, why Drop) {
	p := w.packets.at(ref)
	m, from, cause := p.message, raft.NodeID(p.from), p.cause
	if p.copies > 1 {
		p.copies--
		w.dropped(Event{From: from, Node: to, Drop: why, Message: m, Cause: cause})
		return
	}
	w.packets.drop(ref)
	w.dropMessage(m, from, to, why, cause)
}

// dropMessage loses the last copy of a message.
func (w *World) dropMessage(m Message, from, to raft.NodeID, why Drop, cause EventID) {
	w.dropped(Event{From: from, Node: to, Drop: why, Message: m, Cause: cause})
	m.Release()
}

// dropped tells of what does not arrive. It is part of the event under way.
func (w *World) dropped(e Event) {
	switch e.Drop {
	case DropCut:
		w.counters.Cut++
	case DropDown, DropNowhere:
		w.counters.Unreachable++
	}
	w.print.event(w.now, word(EventDrop, uint16(e.Node), uint16(e.From), uint32(e.Drop)|uint32(e.Client)<<8), e.Cause)
	if w.hooks.Trace != nil {
		e.Kind = EventDrop
		w.trace(e)
	}
}

// between returns the link between two nodes, which must be there.
func (w *World) between(from, to raft.NodeID) *link {
	return &w.links[int(from-1)*w.stride+int(to-1)]
}

// growLinks makes the links to and from the newest node.
func (w *World) growLinks() {
	count := len(w.nodes)
	if count > w.stride {
		stride := max(4, 2*w.stride)
		links := make([]link, stride*stride)
		for i := range count - 1 {
			copy(links[i*stride:], w.links[i*w.stride:i*w.stride+count-1])
		}
		w.links, w.stride = links, stride
	}
	id := raft.NodeID(count)
	for other := raft.NodeID(1); other < id; other++ {
		*w.between(other, id) = newLink(w.config.Seed, ofLink.of(uint64(other), uint64(id)), w.config.Link)
		*w.between(id, other) = newLink(w.config.Seed, ofLink.of(uint64(id), uint64(other)), w.config.Link)
	}
	for i := range w.cuts {
		w.severNewest(&w.cuts[i])
	}
}

// Link returns how the link between two nodes treats messages, cuts apart. It is zero when there is none.
func (w *World) Link(from, to raft.NodeID) Link {
	if w.node(from) == nil || w.node(to) == nil {
		return Link{}
	}
	return w.between(from, to).spec
}

// Connected says whether no cut or partition keeps messages of one node from the other. It does not ask whether they are up.
func (w *World) Connected(from, to raft.NodeID) bool {
	return w.node(from) != nil && w.node(to) != nil && from != to && w.between(from, to).severed == 0
}
