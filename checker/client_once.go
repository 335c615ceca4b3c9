package checker

import (
	"raftsim/raft"
	"raftsim/raft/kv"
)

// sessions has where the requests of each client session took effect.
type sessions map[kv.SessionID]*session

type session struct {
	// effects is by seq, 0 where the request has had no effect.
	effects []raft.Index
	// far is for a seq far above all before, so that a made-up one does not take the memory of those
	// between.
	far map[uint64]raft.Index
}

// effect returns the index at which a request took effect, 0 when it has not.
func (s sessions) effect(id kv.SessionID, seq uint64) raft.Index {
	of := s[id]
	if of == nil {
		return 0
	}
	if seq < uint64(len(of.effects)) {
		return of.effects[seq]
	}
	return of.far[seq]
}

// took notes where a request took effect.
func (s sessions) took(id kv.SessionID, seq uint64, i raft.Index) {
	const reach = 1 << 12
	of := s[id]
	if of == nil {
		of = &session{far: map[uint64]raft.Index{}}
		s[id] = of
	}
	n := uint64(len(of.effects))
	switch {
	case seq < n:
		of.effects[seq] = i
	case seq-n >= reach:
		of.far[seq] = i
	default:
		for ; n < seq; n++ {
			of.effects = append(of.effects, of.far[n])
		}
		of.effects = append(of.effects, i)
	}
}

// clientOnce is: a request of a client takes effect at one index only, and on every node at the same one.
//
// It checks what [Checker.Applied] is told: that no request takes effect at two indexes, and that nodes
// agree about each index, which request it is and whether it takes effect. A node that applies its log
// again after a restart is held to what was seen the first time.
//
// It does not check that a request takes effect at all: one that came too late may rightly be dropped. Nor
// that the client is told so, which is for the history's linearizability.
//
// Raft paper §8, dissertation §6.3. It is not in Figure 3, nor in Ongaro's TLA+ specification, whose
// ClientRequest knows no clients.
func (c *Checker) clientOnce(first, now *application, i raft.Index) *Violation {
	if first.by == raft.None {
		if now.session == 0 || !now.effect {
			return nil
		}
		if before := c.sessions.effect(now.session, now.seq); before != 0 {
			return c.violated(clientOnce, []raft.NodeID{now.by}, "request %d of session %d took effect at index %d and, on %s, again at index %d",
				now.seq, now.session, before, now.by, i)
		}
		c.sessions.took(now.session, now.seq, i)
		return nil
	}
	switch {
	case first.session != now.session || first.seq != now.seq:
		return c.violated(clientOnce, []raft.NodeID{first.by, now.by}, "index %d is request %d of session %d on %s, and request %d of session %d on %s",
			i, first.seq, first.session, first.by, now.seq, now.session, now.by)
	case first.session != 0 && first.effect != now.effect:
		yes, no := first.by, now.by
		if now.effect {
			yes, no = no, yes
		}
		return c.violated(clientOnce, []raft.NodeID{first.by, now.by}, "request %d of session %d, at index %d, took effect on %s and was taken for a repeat on %s",
			now.seq, now.session, i, yes, no)
	}
	return nil
}
