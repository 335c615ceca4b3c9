package raft_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// FuzzStep lets anything happen to one node of three: messages of any kind and content from members, strangers and nodes that
// lost their disks, timers, requests of all sorts, a disk that is slow, crashes. Whatever it is told, its term and what it
// applied never go back, it votes once in a term, its promises are on its disk, and it never panics.
func FuzzStep(f *testing.F) {
	f.Add([]byte{timeoutOp, persistOp, 9, 0, messageOp, 2, 0, 1, 1, 1, persistOp, 9, 0, proposeOp, persistOp, 9, 0, messageOp, 4, 0, 1, 1, 1, 1, 0, 2, 0, 0, 0})
	f.Add([]byte{messageOp, 3, 0, 1, 1, 0, 0, 2, 0, 3, 1, 0, 1, 0, 1, 0, persistOp, 9, 0, messageOp, 3, 0, 3, 2, 1, 1, 3, 0, 2, 2, 0, 2, 0, persistOp, 1, 0, crashOp, 0})
	f.Add([]byte{messageOp, 1, 0, 1, 3, 0, 0, 0, messageOp, 1, 0, 3, 3, 9, 2, 0, persistOp, 9, 0, crashOp, 0, messageOp, 1, 0, 3, 3, 9, 2, 0})
	f.Add([]byte{messageOp, 10, 0, 1, 3, 5, 2, 1, 4, 4, 0, messageOp, 10, 0, 1, 3, 5, 2, 1, 4, 4, 4, persistOp, 9, 1, crashOp, 1})
	f.Add([]byte{messageOp, 10, 0, 1, 3, 5, 2, 1, 8, 8, 0, persistOp, 9, 1, messageOp, 3, 0, 1, 3, 3, 1, 9, 0, 3, 1, 1, 1, 1, 1, 1})
	f.Add([]byte{timeoutOp, persistOp, 9, 0, messageOp, 2, 0, 3, 2, 1, persistOp, 9, 0, changeOp, 4, 0, 3, messageOp, 4, 0, 3, 2, 1, 0, 3, 0, 0, 0, persistOp, 9, 0, snapshotOp, 0, persistOp, 9, 1, beatOp, messageOp, 11, 0, 1, 2, 9, 3, 1})
	f.Fuzz(func(t *testing.T, ops []byte) {
		ops = ops[:min(len(ops), 1000)]
		z := &fuzzed{cluster: newTunedCluster(t, func(cfg *raft.Config) {
			cfg.MaxChunkBytes, cfg.MaxUncommittedBytes = 4, 200
			if len(ops)%2 == 1 {
				cfg.PreVote, cfg.CheckQuorum, cfg.Lease = true, true, electionMin
			}
		}, raft.Restored{}, disk(raft.HardState{Term: 1}, 1), raft.Restored{}), ops: ops}
		for len(z.ops) > 0 {
			z.happen()
			z.check()
		}
	})
}

// What can happen, by the byte that stands for it.
const (
	messageOp = iota
	timeoutOp
	beatOp
	proposeOp
	persistOp
	crashOp
	readOp
	transferOp
	changeOp
	snapshotOp
	waitOp
	opKinds
)

// fuzzed is n2 of three and what is to happen to it.
type fuzzed struct {
	*cluster
	ops  []byte
	was  raft.Status
	data byte
	read uint64
}

// byte takes the next byte, 0 when there is none.
func (z *fuzzed) byte() byte {
	if len(z.ops) == 0 {
		return 0
	}
	b := z.ops[0]
	z.ops = z.ops[1:]
	return b
}

// number takes the next number: small, or beyond all bounds.
func (z *fuzzed) number() uint64 {
	switch b := z.byte(); {
	case b < 0xf0:
		return uint64(b)
	case b < 0xf8:
		return 1 << 60
	}
	return 1<<64 - 1
}

func (z *fuzzed) happen() {
	core := z.core(2)
	switch z.byte() % opKinds {
	case messageOp:
		m := z.message()
		if m.Incarnation != 0 {
			z.refused = core.Step(z.now, m)
			break
		}
		require.ErrorIs(z.t, core.Step(z.now, m), raft.ErrMalformed)
	case timeoutOp:
		core.ElectionTimeout(z.now)
	case beatOp:
		core.HeartbeatTimeout(z.now)
	case proposeOp:
		if _, _, err := core.Propose([]byte{1}); core.Role() != raft.Leader {
			require.ErrorIs(z.t, err, raft.ErrNotLeader)
		}
	case persistOp:
		z.persistFirst(2, min(int(z.byte()), len(z.nodes[2].writes)))
		if z.byte() != 0 && len(z.nodes[2].snapshots) > 0 {
			z.finishSnapshot(2, raft.Index(z.byte()%4))
		}
	case crashOp:
		n := z.nodes[2]
		if z.byte() != 0 && len(n.snapshots) > 0 {
			n.disk.Snapshot = n.snapshots[0]
		}
		z.crash(2)
		z.nodes[2].recover()
		z.was = raft.Status{Term: n.disk.HardState.Term, Vote: n.disk.HardState.Vote}
		z.restart(2)
	case readOp:
		z.read++
		if core.ReadIndex(z.now, z.read) != nil {
			require.Equal(z.t, raft.None, core.Leader())
		}
	case transferOp:
		if core.TransferLeadership(z.now, raft.NodeID(z.byte()%5)) == nil {
			require.Equal(z.t, raft.Leader, core.Role())
		}
	case changeOp:
		var change raft.Change
		for _, list := range []*[]raft.NodeID{&change.Join, &change.Learn, &change.Remove} {
			for bits := z.byte(); bits != 0; bits >>= 4 {
				*list = append(*list, raft.NodeID(bits&7))
			}
		}
		if i, err := core.Reconfigure(z.now, &change); err != nil {
			require.Zero(z.t, i)
		}
	case snapshotOp:
		z.snapshot(2)
	case waitOp:
		z.now += time.Duration(z.byte()) * time.Millisecond
	}
	z.act(2)
}

// message takes the next message.
func (z *fuzzed) message() *raft.Message {
	m := &raft.Message{Kind: raft.MessageKind(z.byte() % 13), To: 2}
	who := z.byte()
	m.Incarnation = []raft.Incarnation{1, 1, 2, 0}[who%4]
	m.Cluster = uint64(who >> 7)
	m.From, m.Term = raft.NodeID(z.byte()%6), raft.Term(z.number())
	switch m.Kind {
	case raft.MsgRequestVote:
		m.RequestVote = raft.RequestVote{LastIndex: raft.Index(z.number()), LastTerm: raft.Term(z.number()), Transfer: z.byte()%2 == 1}
	case raft.MsgVoteReply:
		m.VoteReply = raft.VoteReply{Granted: z.byte()%2 == 1, Candidate: 1}
	case raft.MsgAppendEntries:
		m.Append = raft.AppendEntries{PrevIndex: raft.Index(z.number()), PrevTerm: raft.Term(z.number()), Commit: raft.Index(z.number()), Round: z.number()}
		for k := range raft.Index(z.byte() % 8) {
			m.Append.Entries = append(m.Append.Entries, z.entry(m.Append.PrevIndex+1+k))
		}
	case raft.MsgAppendReply:
		m.AppendReply = raft.AppendReply{Success: z.byte()%2 == 1, PrevIndex: raft.Index(z.number()), Match: raft.Index(z.number()),
			HintIndex: raft.Index(z.number()), HintTerm: raft.Term(z.number()), Round: z.number()}
	case raft.MsgRequestPreVote:
		m.PreVote = raft.PreVote{Campaign: raft.Term(z.number()), LastIndex: raft.Index(z.number()), LastTerm: raft.Term(z.number())}
	case raft.MsgPreVoteReply:
		m.PreVoteReply = raft.PreVoteReply{Granted: true, Asked: z.now}
	case raft.MsgReadIndex, raft.MsgReadIndexReply:
		m.Read = raft.ReadIndex{ID: z.number(), Index: raft.Index(z.number())}
	case raft.MsgInstallSnapshot:
		m.Install = z.chunk()
	case raft.MsgInstallReply:
		m.InstallReply = raft.InstallReply{Index: raft.Index(z.number()), Offset: z.number(), Done: z.byte()%2 == 1}
	}
	return m
}

// entry takes the next entry.
func (z *fuzzed) entry(at raft.Index) raft.Entry {
	z.data++
	e := raft.Entry{Index: at, Term: raft.Term(z.number()), Kind: raft.EntryCommand, Data: []byte{z.data}}
	switch b := z.byte(); {
	case b == 0xef:
		e.Index = raft.Index(z.number())
	case b >= 0xe0:
		e.Kind = raft.EntryConfiguration // of rubbish
	case b >= 0xc0:
		e.Kind = raft.EntryConfiguration
		c := z.configuration()
		e.Data = c.Encode(nil)
	}
	return e
}

// configuration takes the next configuration, not always a sound one.
func (z *fuzzed) configuration() raft.Configuration {
	var c raft.Configuration
	bits := z.byte()
	swap := bits&0x80 != 0
	for id := raft.NodeID(1); id <= 4; id++ {
		m := raft.Member{ID: id, Incarnation: raft.FirstIncarnation}
		if bits&1 != 0 {
			c.Voters = append(c.Voters, m)
			c.Voters[0].Swap = swap
		} else if id == 4 {
			c.Learners = append(c.Learners, raft.Member{ID: id, Promote: bits&2 != 0, Swap: swap})
		}
		if bits&0x12 == 0x12 {
			c.Outgoing = append(c.Outgoing, m)
		}
		bits >>= 1
	}
	return c
}

// chunk takes the next part of a snapshot.
func (z *fuzzed) chunk() raft.InstallSnapshot {
	data := []byte{magic, 2, 3, 4, 5, 6, 7, 8}
	p := raft.InstallSnapshot{Index: raft.Index(z.number()), Term: raft.Term(z.number())}
	if b := z.byte(); b != 0 {
		c := raft.Configuration{Voters: []raft.Member{{ID: 1, Incarnation: 1}, {ID: 3, Incarnation: 1}}}
		if b%2 == 1 {
			c.Voters = slices.Insert(c.Voters, 1, raft.Member{ID: 2, Incarnation: 1})
		}
		p.Configuration = &c
	}
	p.Size = min(z.number(), 1<<62)
	whole := data[:min(p.Size, 8)]
	p.Sum = raft.Checksum(whole)
	length := z.number()
	p.Offset = z.number()
	from := min(p.Offset, uint64(len(whole)))
	p.Data = whole[from:min(from+min(length, 8), uint64(len(whole)))]
	return p
}

func (z *fuzzed) check() {
	s, n := z.status(2), z.nodes[2]
	require.GreaterOrEqual(z.t, s.Term, z.was.Term, "the term")
	if s.Term == z.was.Term && z.was.Vote != raft.None {
		require.Equal(z.t, z.was.Vote, s.Vote, "the vote in term %d", s.Term)
	}
	require.GreaterOrEqual(z.t, s.Commit, z.was.Commit)
	require.Equal(z.t, s.Commit, s.Applied, "all that is committed is handed out")
	require.LessOrEqual(z.t, s.Base, s.Commit)
	require.LessOrEqual(z.t, s.Commit, s.LastIndex)
	require.LessOrEqual(z.t, s.DurableIndex, s.LastIndex)
	require.Equal(z.t, n.disk.HardState, s.DurableHard)
	require.Equal(z.t, s.LastIndex, s.Base+raft.Index(len(z.log(2))))
	require.LessOrEqual(z.t, s.ConfigurationIndex, s.LastIndex)
	for k := range n.applied {
		require.Equal(z.t, s.Applied, n.applied[k].Index+raft.Index(len(n.applied)-1-k), "each entry once, in order")
	}
	for _, m := range z.take(filter{}) {
		switch {
		case m.Kind == raft.MsgVoteReply && m.VoteReply.Granted:
			require.Equal(z.t, raft.HardState{Term: m.Term, Vote: m.To}, n.disk.HardState)
		case m.Kind == raft.MsgAppendReply && m.AppendReply.Success:
			require.LessOrEqual(z.t, m.AppendReply.Match, z.onDisk())
			require.Equal(z.t, m.Term, n.disk.HardState.Term)
		case m.Kind == raft.MsgInstallReply && m.InstallReply.Done:
			require.LessOrEqual(z.t, m.InstallReply.Index, z.onDisk())
			require.Equal(z.t, m.Term, n.disk.HardState.Term)
		}
	}
	z.was = s
}

// onDisk is up to where the node's disk goes.
func (z *fuzzed) onDisk() raft.Index {
	d := &z.nodes[2].drive
	last := d.base + raft.Index(len(d.disk.Entries))
	if d.disk.Snapshot != nil {
		last = max(last, d.disk.Snapshot.Index)
	}
	return last
}
