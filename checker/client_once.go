package checker

import (
	"fmt"

	"raftsim/raft"
	"raftsim/raft/kv"
)

// sessions has which requests of each client session took effect.
type sessions map[kv.SessionID]*session

// session keeps of recent requests where they took effect, and of those before only that they did.
type session struct {
	// old has a bit for each seq below from, effects the index for each from there on, 0 where the request has had no effect.
	old     []uint64
	from    uint64
	effects []raft.Index
	// far is for a seq far above all before, so that a made-up one does not take the memory of those
	// between.
	far map[uint64]raft.Index
}

// recent is how many requests of a session are recent at least; a multiple of 64.
const recent = 1 << 10

// effect says whether a request took effect, and at which index, which is 0 when that is forgotten.
func (s sessions) effect(id kv.SessionID, seq uint64) (bool, raft.Index) {
	of := s[id]
	switch {
	case of == nil:
		return false, 0
	case seq < of.from:
		return of.old[seq/64]&(1<<(seq%64)) != 0, 0
	case seq-of.from < uint64(len(of.effects)):
		i := of.effects[seq-of.from]
		return i != 0, i
	}
	i := of.far[seq]
	return i != 0, i
}

// took notes where a request took effect.
func (s sessions) took(id kv.SessionID, seq uint64, i raft.Index) {
	of := s[id]
	if of == nil {
		of = &session{far: map[uint64]raft.Index{}}
		s[id] = of
	}
	n := of.from + uint64(len(of.effects))
	switch {
	case seq < of.from:
		of.old[seq/64] |= 1 << (seq % 64)
	case seq < n:
		of.effects[seq-of.from] = i
	case seq-n >= recent:
		of.far[seq] = i
	default:
		for ; n < seq; n++ {
			of.effects = append(of.effects, of.far[n])
			delete(of.far, n)
		}
		of.effects = append(of.effects, i)
		if len(of.effects) >= 2*recent {
			of.age()
		}
	}
}

// age turns the older half of the recent requests into bits.
func (of *session) age() {
	for k := 0; k < recent; k += 64 {
		word := uint64(0)
		for bit, i := range of.effects[k : k+64] {
			if i != 0 {
				word |= 1 << bit
			}
		}
		of.old = append(of.old, word)
	}
	of.from += recent
	of.effects = of.effects[:copy(of.effects, of.effects[recent:])]
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
	a, b := raft.NodeID(first.by), raft.NodeID(now.by)
	if a == raft.None {
		if now.session == 0 || !now.effect {
			return nil
		}
		if twice, before := c.sessions.effect(now.session, now.seq); twice && c.checks(clientOnce) {
			where := fmt.Sprintf("at index %d", before)
			if before == 0 {
				where = "long before"
			}
			return c.violated(clientOnce, []raft.NodeID{b}, "request %d of session %d took effect %s and, on %s, again at index %d",
				now.seq, now.session, where, b, i)
		}
		c.sessions.took(now.session, now.seq, i)
		return nil
	}
	switch {
	case !c.checks(clientOnce):
	case first.session != now.session || first.seq != now.seq:
		return c.violated(clientOnce, []raft.NodeID{a, b}, "index %d is request %d of session %d on %s, and request %d of session %d on %s",
			i, first.seq, first.session, a, now.seq, now.session, b)
	case first.session != 0 && first.effect != now.effect:
		yes, no := a, b
		if now.effect {
			yes, no = no, yes
		}
		return c.violated(clientOnce, []raft.NodeID{a, b}, "request %d of session %d, at index %d, took effect on %s and was taken for a repeat on %s",
			now.seq, now.session, i, yes, no)
	}
	return nil
}
