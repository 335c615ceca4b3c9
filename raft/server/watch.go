package server

import (
	"sync"
	"sync/atomic"

	"raftsim/raft"
	"raftsim/raft/raftpb"
	"raftsim/raft/replica"
)

// watch is where the loop notes what the node is after every event, for a test that is attached.
type watch struct {
	// on says that somebody is attached, again that it has not seen anything yet.
	on, again atomic.Bool
	// number is that of the last sight. What the node sends says which it was. The next one that shows all is numbered from base on.
	number, base atomic.Uint64

	mu    sync.Mutex
	taken bool
	queue []*raftpb.Sight
	// wake has a value when there is a sight.
	wake chan struct{}
	// attached is closed once somebody was, gone once that one is no more; began is what it said.
	attached, gone chan struct{}
	began          *raftpb.Begin
	// once says that there is no other after the first.
	once bool

	// The loop's: what was shown last, and what the store has taken in since.
	shown   raft.Status
	config  *raft.Configuration
	effects []*raftpb.Effect
}

func newWatch(once bool) *watch {
	return &watch{once: once, wake: make(chan struct{}, 1), attached: make(chan struct{}), gone: make(chan struct{})}
}

// last is the number of the last sight, 0 when there can be none.
func (w *watch) last() uint64 {
	if w == nil {
		return 0
	}
	return w.number.Load()
}

// upcoming is the number of the sight that shows what the node has done in the event under way. It is the loop's.
func (w *watch) upcoming() uint64 {
	n := w.last()
	if w != nil && len(w.effects) > 0 {
		n++
	}
	return n
}

// begin has sights collected, the next being all that the node is. It returns false when somebody is attached already.
func (w *watch) begin(b *raftpb.Begin) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.taken || w.once && w.began != nil {
		return false
	}
	w.taken = true
	w.base.Store(uint64(b.GetLife()) << 32)
	w.again.Store(true)
	w.on.Store(true)
	if w.began == nil {
		w.began = b
		close(w.attached)
	}
	return true
}

// end has no more collected.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on.Store(false)
	w.taken, w.queue = false, nil
	if w.once {
		close(w.gone)
	}
}

// take returns the sights there are.
func (w *watch) take() []*raftpb.Sight {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.queue
	w.queue = nil
	return out
}

// applied notes what the store takes in. It is the loop's.
func (w *watch) applied(_ raft.NodeID, a replica.Applied) {
	if !w.on.Load() {
		return
	}
	w.effects = append(w.effects, &raftpb.Effect{
		Index: uint64(a.Entry.Index), Entry: toEntry(a.Entry), Session: uint64(a.Session), Seq: a.Seq, Repeat: a.Repeat,
	})
}

// look notes what the node is, if it is anything else than it was. It is the loop's.
func (w *watch) look(r *replica.Replica) {
	if w == nil || !w.on.Load() {
		return
	}
	core := r.Core()
	again, changed := w.again.Swap(false), core.TakeChanged()
	if !again && changed == 0 && len(w.effects) == 0 && core.Still(&w.shown) {
		return
	}
	if again {
		w.number.Store(w.base.Load())
	}
	now := core.Status()
	w.shown = now
	s := &raftpb.Sight{
		Number: w.number.Load() + 1, Incarnation: uint64(core.Incarnation()), Role: uint32(now.Role),
		Term: uint64(now.Term), Vote: uint64(now.Vote), Leader: uint64(now.Leader),
		Base: uint64(now.Base), BaseTerm: uint64(now.BaseTerm), LastIndex: uint64(now.LastIndex),
		DurableIndex: uint64(now.DurableIndex), DurableTerm: uint64(now.DurableHard.Term), DurableVote: uint64(now.DurableHard.Vote),
		Commit: uint64(now.Commit), Applied: uint64(now.Applied), ConfigurationIndex: uint64(now.ConfigurationIndex),
		Digest: r.Store().Digest(), Effects: w.effects,
	}
	w.effects = nil
	if again {
		changed = now.Base + 1
	}
	if changed != 0 {
		changed = max(changed, now.Base+1) // what was written may have been compacted since
		s.Changed = uint64(changed)
		for next := changed; next <= now.LastIndex; {
			part := core.Entries(next, now.LastIndex) // in one piece as far as memory has it so
			for k := range part {
				s.Entries = append(s.Entries, toEntry(&part[k]))
			}
			next += raft.Index(len(part))
		}
	}
	if c := core.Configuration(); again || c != w.config {
		w.config = c
		s.Configuration = c.Encode(nil)
	}
	w.number.Store(s.Number)
	w.mu.Lock()
	if w.taken {
		w.queue = append(w.queue, s)
	}
	w.mu.Unlock()
	signal(w.wake)
}

func toEntry(e *raft.Entry) *raftpb.Entry {
	return &raftpb.Entry{Term: uint64(e.Term), Kind: uint32(e.Kind), Data: e.Data}
}
