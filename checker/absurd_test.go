package checker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
)

// draws are numbers that are the same in every run.
type draws uint64

func (d *draws) below(n uint64) uint64 {
	*d = *d*6364136223846793005 + 1442695040888963407
	return uint64(*d>>33) % n
}

// absurd has nodes show what is well formed, each by itself, and makes no sense at all.
func absurd(d *draws, w *cluster) {
	n := w.nodes[1+d.below(3)]
	index := func() raft.Index { return n.o.Base + 1 + raft.Index(d.below(uint64(len(n.log)+1))) }
	n.of.event++
	switch d.below(16) {
	case 0:
		w.c.Down(w.moment(), n.o.Node)
		n.boots()
	case 1:
		w.c.Wiped(w.moment(), n.o.Node)
		n.log = nil
		n.o = Observation{Node: n.o.Node, Boot: n.o.Boot}
		n.joins(raft.Incarnation(d.below(3)))
	case 2:
		n.crashes()
		back := raft.Index(d.below(uint64(n.o.Base) + 40))
		n.log = nil
		n.bootsWith(func(o *Observation) { o.Base, o.BaseTerm = back, raft.Term(min(1, back)) })
	case 3:
		n.installs(n.o.Base+1+raft.Index(d.below(600)), raft.Term(1+d.below(3)))
	case 4:
		if len(n.log) > 0 {
			n.compacts(n.o.Base + 1 + raft.Index(d.below(uint64(len(n.log)))))
		}
	case 5, 6, 7:
		terms := make([]raft.Term, d.below(700))
		for k := range terms {
			terms[k] = raft.Term(1 + d.below(2))
		}
		n.stores(index(), terms...)
	case 8:
		g := configuration(1, raft.NodeID(2+d.below(3)))
		if d.below(2) == 0 {
			g.Outgoing = members(raft.NodeID(1 + d.below(5)))
		}
		n.configures(g)
	case 9:
		n.happens(0, func(o *Observation) {
			o.Role, o.Term, o.Vote = raft.Role(d.below(4)), raft.Term(d.below(5)), raft.NodeID(d.below(4))
		})
	case 10, 11:
		i := n.o.Base + raft.Index(d.below(uint64(len(n.log)+1)))
		n.happens(0, func(o *Observation) { o.Commit, o.Applied = i, i })
	case 12:
		n.promises(PromiseKind(1+d.below(2)), w.nodes[1+d.below(3)], raft.Term(d.below(5)), raft.Index(d.below(2000)))
		n.show(0)
	case 13:
		if len(n.log) > 0 {
			n.takes(n.o.Base+1+raft.Index(d.below(uint64(len(n.log)))), kv.SessionID(d.below(3)), d.below(10), d.below(2) == 0)
		}
	case 14:
		w.c.AskedToRead(w.moment(), n.o.Node, kv.SessionID(d.below(3)), d.below(4))
		w.c.Answered(n.o.Node, kv.SessionID(d.below(3)), d.below(4))
		n.show(0)
	case 15:
		m := &raft.Message{
			Kind: raft.MessageKind(d.below(12)), From: raft.NodeID(d.below(5)), To: n.o.Node, Term: raft.Term(d.below(5)), Incarnation: 1,
			Read:        raft.ReadIndex{ID: d.below(3), Index: raft.Index(d.below(3))},
			AppendReply: raft.AppendReply{Round: d.below(3)}, Append: raft.AppendEntries{Round: d.below(3)},
		}
		w.c.Received(w.moment(), m)
		m.From, m.To = n.o.Node, raft.NodeID(1+d.below(3))
		w.c.Sent(w.moment(), m)
	}
}

func TestNoObservationMakesACheckerPanic(t *testing.T) {
	runs := 1000
	if testing.Short() {
		runs = 100
	}
	properties := Properties()
	for run := range runs {
		d := draws(run)
		w := newCluster(t, 3, properties[run%len(properties)])
		require.NotPanics(t, func() {
			for range 60 {
				absurd(&d, w)
				if v := w.c.Violation(); v != nil {
					require.NotEqual(t, Malformed, v.Property, v.Detail)
					break
				}
			}
		}, "run %d", run)
	}
}
