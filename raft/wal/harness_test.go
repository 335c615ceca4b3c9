package wal

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// node is a log on a disk, and a model of what it was told.
type node struct {
	t    testing.TB
	disk *disk
	log  *Log
	opts Options
	// eager is set when the test ends every sync at once, by itself.
	eager bool

	held
	// snapshot is the newest durable one.
	snapshot base
	// states are what a crash may leave: what was recovered, and what each record saved since made of it.
	states  []held
	durable int           // the first of them that a crash may leave
	asked   []ticketState // what each ticket promises
}

// held is what a log holds.
type held struct {
	hard    raft.HardState
	base    base
	entries []raft.Entry
}

func heldBy(r *Recovered) held {
	return held{r.HardState, base{r.Base, r.BaseTerm}, slices.Clone(r.Entries)}
}

// at is where the entry of that index is, or would be.
func (h *held) at(i raft.Index) int { return int(i) - int(h.base.index) - 1 }

func (h *held) last() raft.Index { return h.base.index + raft.Index(len(h.entries)) }

func (h *held) lastTerm() raft.Term {
	if k := len(h.entries); k > 0 {
		return h.entries[k-1].Term
	}
	return h.base.term
}

// with is what Open makes of it when there is a snapshot.
func (h held) with(s base) held {
	if s.index <= h.base.index || s.index <= h.last() && h.entries[h.at(s.index)].Term == s.term {
		return h
	}
	return held{hard: h.hard, base: s}
}

// state is what a log holds as comparable bytes.
func (h held) state() state {
	return state(fmt.Sprintf("after %d/%d, %s", h.base.index, h.base.term, stateOf(h.hard, h.entries)))
}

// ticketState says that once the ticket is durable so is the state of that number.
type ticketState struct {
	ticket raft.Ticket
	state  int
}

// boot opens a log; what it holds is taken for granted.
func boot(t testing.TB, d *disk, o Options) (*node, Recovered) {
	t.Helper()
	l, r, err := Open(d, o)
	require.NoError(t, err)
	h := heldBy(&r)
	return &node{t: t, disk: d, log: l, opts: o, held: h, states: []held{h}, snapshot: base{o.SnapshotIndex, o.SnapshotTerm}}, r
}

// ripe says whether a snapshot of that term may be written: the term has to be durable first.
func (n *node) ripe(t raft.Term) bool { return n.states[n.durable].hard.Term >= t }

// snapshotAt has a snapshot of the node's own be durable, and the log compacted.
func (n *node) snapshotAt(i raft.Index) {
	n.t.Helper()
	at := n.at(i)
	require.True(n.t, n.ripe(n.entries[at].Term))
	n.snapshot = base{i, n.entries[at].Term}
	n.base, n.entries = n.snapshot, slices.Clone(n.entries[at+1:])
	n.states = append(n.states, n.held)
	require.NoError(n.t, n.log.Compact(i, n.snapshot.term))
	n.settle(n.log.Durable())
}

// install has a leader's snapshot be durable, and take the place of the log.
func (n *node) install(i raft.Index, t raft.Term) {
	n.t.Helper()
	require.True(n.t, n.ripe(t))
	n.snapshot = base{i, t}
	n.base, n.entries = n.snapshot, nil
	n.states = append(n.states, n.held)
	require.NoError(n.t, n.log.Rebase(i, t))
	n.save(nil)
}

// ticket is the latest asked for.
func (n *node) ticket() raft.Ticket {
	if len(n.asked) == 0 {
		return 0
	}
	return n.asked[len(n.asked)-1].ticket
}

// save saves with the next ticket, and has the model do the same record by record.
func (n *node) save(hs *raft.HardState, entries ...raft.Entry) {
	n.t.Helper()
	t := n.ticket() + 1
	if hs != nil {
		n.hard = *hs
		n.states = append(n.states, n.held)
	}
	for _, e := range entries {
		n.entries = append(slices.Clip(n.entries[:n.at(e.Index)]), e)
		n.states = append(n.states, n.held)
	}
	n.asked = append(n.asked, ticketState{t, len(n.states) - 1})
	require.NoError(n.t, n.log.Save(hs, entries, t))
	n.settle(n.log.Durable())
}

// endSync ends the i-th sync in flight and tells the log.
func (n *node) endSync(i int) {
	n.t.Helper()
	if n.eager {
		return
	}
	n.end(i)
}

func (n *node) end(i int) {
	n.t.Helper()
	d, err := n.log.Synced(n.disk.end(i), nil)
	require.NoError(n.t, err)
	require.Equal(n.t, d, n.log.Durable())
	n.settle(d)
}

// endAll ends every sync until none is in flight.
func (n *node) endAll() {
	n.t.Helper()
	for len(n.disk.flying) > 0 {
		n.end(0)
	}
	require.Equal(n.t, n.ticket(), n.log.Durable(), "everything asked for is durable once the disk is quiet")
}

// settle takes the log at its word that a ticket is durable.
func (n *node) settle(durable raft.Ticket) {
	for _, a := range n.asked {
		if a.ticket <= durable {
			n.durable = a.state
		}
	}
}

// found holds what a crash left to what the log promised, and returns the node that goes on with it.
func (n *node) found(d *disk) *node {
	n.t.Helper()
	before := d.clone()
	o := n.opts
	o.SnapshotIndex, o.SnapshotTerm = n.snapshot.index, n.snapshot.term
	next, r := boot(n.t, d, o)
	was := func(h held) bool { return h.with(n.snapshot).state() == next.state() }
	if !slices.ContainsFunc(n.states[n.durable:], was) {
		require.Fail(n.t, "a crash must leave a prefix of what was saved, with all that was durable",
			"found %s\nof    %v\nwith at least the first %d\nfrom  %x", next.state(), n.states, n.durable+1, before.contents())
	}
	// Opened again, before what Open did is durable and after, it is the same.
	again, _ := boot(n.t, before.clone(), o)
	require.Equal(n.t, next.state(), again.state())
	clean, cr := boot(n.t, d.clone(), o)
	require.Equal(n.t, next.state(), clean.state())
	require.Nil(n.t, cr.Torn, "what was cut is gone")
	if r.Torn != nil {
		last := before.find(r.Torn.File)
		require.Equal(n.t, before.newest(), last)
		require.Equal(n.t, int64(len(last.data)), r.Torn.Offset+r.Torn.Bytes)
		require.Equal(n.t, last.data[:r.Torn.Offset], d.find(r.Torn.File).data[:r.Torn.Offset])
	} else if newest := before.newest(); newest != nil {
		require.Equal(n.t, newest.data, d.find(newest.name).data[:len(newest.data)], "without a tear nothing is altered")
	}
	return next
}

// had says whether the log has ever held that.
func (n *node) had(r *Recovered) bool {
	found := heldBy(r)
	return slices.ContainsFunc(n.states, func(h held) bool { return h.state() == found.state() })
}

func hard(term raft.Term, vote raft.NodeID) *raft.HardState {
	return &raft.HardState{Term: term, Vote: vote}
}

func entry(index raft.Index, term raft.Term, data string) raft.Entry {
	e := raft.Entry{Index: index, Term: term, Kind: raft.EntryCommand}
	if data != "" {
		e.Data = []byte(data)
	}
	return e
}
