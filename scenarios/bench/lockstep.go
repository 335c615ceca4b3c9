package bench

import (
	"encoding/binary"
	"errors"
	"time"

	"raftsim/raft"
)

// lockstep is the core alone: three cores, messages delivered at once and in order, writes durable
// at once, and a hash chain for a state machine.
type lockstep struct {
	cores []*raft.Core
	queue []*raft.Message
	sums  []uint64
	count []uint64
	slab  []byte
	next  uint64
}

const lockstepProposals = 1_000_000

func newLockstep() (*lockstep, error) {
	l := &lockstep{sums: make([]uint64, 3), count: make([]uint64, 3)}
	voters := []raft.NodeID{1, 2, 3}
	for _, id := range voters {
		c, err := raft.New(raft.Config{
			ID: id, Voters: voters,
			Timeouts: raft.Timeouts{ElectionMin: electionMin, ElectionMax: electionMax, Heartbeat: heartbeat},
			Draw:     func(uint64) uint64 { return 0 },
		}, raft.Restored{}, 0)
		if err != nil {
			return nil, err
		}
		l.cores = append(l.cores, c)
	}
	l.cores[0].ElectionTimeout(electionMin)
	l.drain(0)
	l.pump()
	if l.cores[0].Role() != raft.Leader {
		return nil, errors.New("n1 did not become leader")
	}
	return l, nil
}

// drain does what core i wants done until it wants nothing.
func (l *lockstep) drain(i int) {
	c := l.cores[i]
	for {
		out := c.Output()
		l.queue = append(l.queue, out.Messages...)
		for k := range out.Committed {
			if d := out.Committed[k].Data; len(d) != 0 {
				l.sums[i] = (l.sums[i] ^ binary.LittleEndian.Uint64(d)) * 0x9fb21c651e98df25
				l.count[i]++
			}
		}
		more := out.More
		if out.Ticket != 0 {
			c.Persisted(0, out.Ticket)
			more = true
		}
		if !more {
			return
		}
	}
}

// pump delivers all messages, and those they lead to.
func (l *lockstep) pump() {
	for k := 0; k < len(l.queue); k++ {
		m := l.queue[k]
		to := int(m.To) - 1
		l.cores[to].Step(0, m)
		m.Release()
		l.drain(to)
	}
	l.queue = l.queue[:0]
}

func (l *lockstep) propose(n int) error {
	for range n {
		if len(l.slab) < 16 {
			l.slab = make([]byte, 16*256)
		}
		d := l.slab[:16:16]
		l.slab = l.slab[16:]
		l.next++
		binary.LittleEndian.PutUint64(d, l.next)
		if _, _, err := l.cores[0].Propose(d); err != nil {
			return err
		}
	}
	return nil
}

// runLockstep proposes batch commands at a time. Followers learn of the last commit by a heartbeat.
func runLockstep(batch int) func(*meter) error {
	return func(m *meter) error {
		l, err := newLockstep()
		if err != nil {
			return err
		}
		m.start()
		for l.next < lockstepProposals {
			if err := l.propose(min(batch, int(lockstepProposals-l.next))); err != nil {
				return err
			}
			l.drain(0)
			l.pump()
		}
		l.cores[0].HeartbeatTimeout(time.Second)
		l.drain(0)
		l.pump()
		m.stop()
		for i := range l.cores {
			if l.count[i] != lockstepProposals || l.sums[i] != l.sums[0] {
				return errors.New("state machines differ")
			}
		}
		m.commits = lockstepProposals
		return nil
	}
}
