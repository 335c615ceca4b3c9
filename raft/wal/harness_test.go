package wal

import (
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

	hard    raft.HardState
	entries []raft.Entry
	// states are what a crash may leave: what was recovered, and what each record saved since made of it.
	states  []state
	durable int           // the first of them that a crash may leave
	asked   []ticketState // what each ticket promises
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
	return &node{t: t, disk: d, log: l, opts: o, hard: r.HardState, entries: slices.Clone(r.Entries),
		states: []state{stateOf(r.HardState, r.Entries)}}, r
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
		n.states = append(n.states, stateOf(n.hard, n.entries))
	}
	for _, e := range entries {
		n.entries = append(slices.Clip(n.entries[:e.Index-1]), e)
		n.states = append(n.states, stateOf(n.hard, n.entries))
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
	before := d.contents()
	next, r := boot(n.t, d, n.opts)
	if !slices.Contains(n.states[n.durable:], next.states[0]) {
		require.Fail(n.t, "a crash must leave a prefix of what was saved, with all that was durable",
			"found %s\nof    %q\nwith at least the first %d\nfrom  %x", next.states[0], n.states, n.durable+1, before)
	}
	// Opened again, before the cut is durable and after, it is the same.
	again, _ := boot(n.t, diskOf(before...), n.opts)
	require.Equal(n.t, next.states, again.states)
	clean, cr := boot(n.t, diskOf(d.contents()...), n.opts)
	require.Equal(n.t, next.states, clean.states)
	require.Nil(n.t, cr.Torn, "what was cut is gone")
	if r.Torn != nil {
		last := before[len(before)-1]
		require.Equal(n.t, Torn{File: segmentName(uint64(len(before))), Offset: int64(len(d.files[len(before)-1].data)),
			Bytes: int64(len(last) - len(d.files[len(before)-1].data))}, *r.Torn)
	} else {
		require.Equal(n.t, before, d.contents()[:len(before)], "without a tear nothing is altered")
	}
	return next
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
