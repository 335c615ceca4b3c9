package checker

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// likely is something that a cluster does, right or wrong, without much of what does not matter here.
type likely struct {
	*rand.Rand
	o   [4]Observation
	log [4][]raft.Entry
}

func (w *likely) one(in int) bool { return w.IntN(in) == 0 }

// step has a node change in one or a few ways, as a rule such that it is still right.
func (w *likely) step(id raft.NodeID) {
	o := &w.o[id]
	o.Changed, o.Suffix = 0, nil
	if w.one(2) {
		o.DurableIndex = min(o.LastIndex, o.DurableIndex+raft.Index(w.IntN(3)))
	}
	if w.one(2) {
		o.Commit = min(o.LastIndex, o.Commit+raft.Index(w.IntN(3)))
	}
	if w.one(2) {
		o.Applied = o.Commit
	}
	if w.one(2) {
		w.write(id, o.LastIndex+1)
	}
	if !w.one(20) {
		return
	}
	switch w.IntN(14) {
	case 0:
		o.Term += raft.Term(w.IntN(2))
	case 1:
		o.Role = raft.Role(w.IntN(4))
	case 2:
		o.Vote = raft.NodeID(w.IntN(4))
	case 3:
		o.DurableTerm, o.DurableVote = o.Term, o.Vote
	case 4:
		w.write(id, 1+raft.Index(w.Uint64N(uint64(o.LastIndex)+1)))
	case 5:
		o.Commit, o.Applied = raft.Index(w.IntN(8)), raft.Index(w.IntN(8))
	case 6:
		o.DurableIndex = raft.Index(w.IntN(8))
	case 7:
		o.LastIndex++
	case 8:
		o.Boot++
		o.Changed, o.Suffix = 1, w.log[id]
	case 9:
		o.Configuration, o.ConfigurationIndex = &raft.Configuration{}, raft.Index(w.IntN(3))
	case 10:
		o.Changed = raft.Index(w.IntN(8))
	case 11:
		o.Incarnation++
	case 12:
		o.Base, o.BaseTerm = raft.Index(w.IntN(4)), raft.Term(w.IntN(3))
	case 13:
		w.o[id] = Observation{Node: id}
	}
}

// write puts a few entries at an index and after.
func (w *likely) write(id raft.NodeID, i raft.Index) {
	o := &w.o[id]
	if i == 0 || i > raft.Index(len(w.log[id]))+1 {
		return
	}
	log := w.log[id][: i-1 : i-1]
	for range w.IntN(3) {
		e := raft.Entry{Index: raft.Index(len(log) + 1), Term: o.Term, Kind: raft.EntryCommand}
		e.Data = fmt.Appendf(nil, "entry %d of term %d", e.Index, e.Term)
		switch {
		case w.one(100):
			e.Term = raft.Term(w.IntN(4))
		case w.one(100):
			e.Kind = raft.EntryConfiguration
		case w.one(100):
			e.Data = []byte("another")
		case w.one(100):
			e.Index++
		}
		log = append(log, e)
	}
	w.log[id] = log
	o.LastIndex, o.Changed, o.Suffix = raft.Index(len(log)), i, log[i-1:]
	o.DurableIndex = min(o.DurableIndex, i-1)
}

// An observation that is taken to be usual is judged as it would be with all that there is to ask.
func TestUsualIsJudgedLikeAnyOther(t *testing.T) {
	usual, found := 0, map[string]int{}
	for seed := range uint64(3_000) {
		w := &likely{Rand: rand.New(rand.NewPCG(seed, 0))}
		quick, err := New(3, nil)
		require.NoError(t, err)
		thorough, err := New(3, nil)
		require.NoError(t, err)
		thorough.thorough = true
		quick.told, thorough.told = seed%2 == 0, seed%2 == 0
		for id := raft.NodeID(1); id <= 3; id++ {
			w.o[id] = Observation{Node: id, Boot: 1, Changed: 1, Term: 1, DurableTerm: 1}
			if id == 1 {
				w.o[id].Role, w.o[id].Vote, w.o[id].DurableVote = raft.Leader, 1, 1
			}
			quick.Observe(Moment{}, &w.o[id])
			thorough.Observe(Moment{}, &w.o[id])
		}
		if seed%2 == 0 { // who leads was elected before anybody was told of messages
			require.NotNil(t, quick.first)
			quick.first, thorough.first = nil, nil
		}
		for event := uint64(1); event < 60 && quick.first == nil; event++ {
			id, at := raft.NodeID(1+w.IntN(3)), Moment{Event: event}
			if id != 1 && w.one(2) { // what the leader has it is sent
				m := &raft.Message{Kind: raft.MsgAppendEntries, From: 1, To: id, Term: w.o[1].Term}
				m.Append.PrevIndex = min(w.o[id].LastIndex, w.o[1].LastIndex)
				m.Append.Entries, m.Append.Commit = w.log[1][m.Append.PrevIndex:], w.o[1].Commit
				if p := m.Append.PrevIndex; p > 0 {
					m.Append.PrevTerm = w.log[1][p-1].Term
				}
				quick.Received(at, m)
				thorough.Received(at, m)
				o := &w.o[id]
				o.Changed, o.Suffix = 0, nil
				if len(m.Append.Entries) > 0 {
					w.log[id] = append(w.log[id][:m.Append.PrevIndex:m.Append.PrevIndex], m.Append.Entries...)
					o.LastIndex, o.Changed, o.Suffix = raft.Index(len(w.log[id])), m.Append.PrevIndex+1, m.Append.Entries
				}
				o.Commit = max(o.Commit, min(m.Append.Commit, o.LastIndex))
			} else {
				w.step(id)
			}
			if w.one(10) {
				p := Promise{Kind: EntryPromise, Node: id, To: 1, Term: w.o[id].Term, Index: w.o[id].DurableIndex}
				require.Equal(t, thorough.Promised(at, p), quick.Promised(at, p))
			}
			if quick.nodes[id].usual(&w.o[id]) {
				usual++
			}
			observe := quick.Observe
			if quick.nodes[id].goesOn(&w.o[id]) {
				observe = quick.ObserveProgress
			}
			require.Equal(t, thorough.Observe(at, &w.o[id]), observe(at, &w.o[id]), "seed %d, event %d", seed, event)
			require.Equal(t, thorough.nodes[id].seen, quick.nodes[id].seen)
			require.Equal(t, thorough.nodes[id].log.last(), quick.nodes[id].log.last())
		}
		if quick.first != nil {
			found[quick.first.Property]++
		}
	}
	require.Greater(t, usual, 5_000)
	for _, name := range []string{"log-matching", "state-machine-safety", "committed-entries", "durable-promises", "durable-state", "monotonic",
		"configuration-changes", "refinement", Malformed} {
		require.Greater(t, found[name], 2, "%s is not among what was found: %v", name, found)
	}
}
