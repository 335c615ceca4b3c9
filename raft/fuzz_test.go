package raft_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// FuzzStep lets anything happen to one node of three: messages of any content from the others, timers, proposals, a
// disk that is slow, crashes. Whatever it is told, its term and what it applied never go back, it votes once in a
// term, and its promises are on its disk; it panics only to name a claim that no correct node makes.
func FuzzStep(f *testing.F) {
	f.Add([]byte{timeoutOp, persistOp, 9, voteReplyOp, 1, 1, 1, persistOp, 9, proposeOp, persistOp, 9, appendReplyOp, 1, 1, 1, 0, 2, 0, 0})
	f.Add([]byte{appendOp, 1, 1, 0, 0, 2, 3, 1, 1, 1, persistOp, 9, appendOp, 3, 2, 1, 1, 3, 2, 2, 2, persistOp, 1, crashOp})
	f.Add([]byte{voteRequestOp, 1, 3, 0, 0, voteRequestOp, 3, 3, 9, 2, persistOp, 9, crashOp, voteRequestOp, 3, 3, 9, 2})
	f.Add([]byte{appendOp, 1, 2, 0, 0, 0, 2, 1, 1, appendOp, 3, 3, 9, 3, 0, 0, beatOp, appendOp, 1, 2, 0, 0, 9, 1, 2, persistOp, 1})
	f.Add([]byte{timeoutOp, timeoutOp, persistOp, 9, voteReplyOp, 3, 2, 1, proposeOp, appendReplyOp, 3, 2, 0, 1, 0, 0, 0, beatOp, appendReplyOp, 3, 2, 1, 0, 255, 0, 0})
	f.Add([]byte{appendOp, 1, 255, 255, 255, 255, 3, 4, 3, 2})
	f.Fuzz(func(t *testing.T, ops []byte) {
		ops = ops[:min(len(ops), 1000)]
		z := &fuzzed{cluster: newClusterOf(t, raft.Restored{}, disk(raft.HardState{Term: 1}, 1), raft.Restored{}), ops: ops}
		defer func() {
			if p := recover(); p != nil {
				claim, ok := p.(string)
				if !ok || !strings.HasPrefix(claim, "raft: ") || strings.Contains(claim, "ticket") {
					panic(p)
				}
			}
		}()
		for len(z.ops) > 0 {
			z.happen()
			z.check()
		}
	})
}

// What can happen, by the byte that stands for it.
const (
	voteRequestOp = iota
	voteReplyOp
	appendOp
	appendReplyOp
	timeoutOp
	beatOp
	proposeOp
	persistOp
	crashOp
	opKinds
)

// fuzzed is n2 of three and what is to happen to it.
type fuzzed struct {
	*cluster
	ops  []byte
	was  raft.Status
	data byte
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
	if b := z.byte(); b < 0xf0 {
		return uint64(b)
	}
	return 1 << 60
}

func (z *fuzzed) happen() {
	core := z.core(2)
	op := z.byte() % opKinds
	m := &raft.Message{Kind: raft.MessageKind(op) + 1, To: 2}
	if op <= appendReplyOp {
		m.From, m.Term = raft.NodeID(z.byte()%4), raft.Term(z.number())
	}
	switch op {
	case voteRequestOp:
		m.RequestVote = raft.RequestVote{LastIndex: raft.Index(z.number()), LastTerm: raft.Term(z.number())}
	case voteReplyOp:
		m.VoteReply.Granted = z.byte()%2 == 1
	case appendOp:
		m.Append = raft.AppendEntries{PrevIndex: raft.Index(z.number()), PrevTerm: raft.Term(z.number()), Commit: raft.Index(z.number())}
		for k := range raft.Index(z.byte() % 8) {
			z.data++
			e := raft.Entry{Index: m.Append.PrevIndex + 1 + k, Term: raft.Term(z.number()), Kind: raft.EntryCommand, Data: []byte{z.data}}
			if e.Term == 0xef {
				e.Index = raft.Index(z.number())
			}
			m.Append.Entries = append(m.Append.Entries, e)
		}
	case appendReplyOp:
		m.AppendReply = raft.AppendReply{Success: z.byte()%2 == 1, PrevIndex: raft.Index(z.number()), Match: raft.Index(z.number()),
			HintIndex: raft.Index(z.number()), HintTerm: raft.Term(z.number())}
	case timeoutOp:
		core.ElectionTimeout(z.now)
	case beatOp:
		core.HeartbeatTimeout(z.now)
	case proposeOp:
		_, _, err := core.Propose([]byte{1})
		require.Equal(z.t, core.Role() == raft.Leader, err == nil)
	case persistOp:
		z.persistFirst(2, min(int(z.byte()), len(z.nodes[2].writes)))
	case crashOp:
		z.crash(2)
		z.was = raft.Status{Term: z.nodes[2].disk.HardState.Term, Vote: z.nodes[2].disk.HardState.Vote}
		z.restart(2)
	}
	if op <= appendReplyOp {
		z.core(2).Step(z.now, m)
	}
	z.act(2)
}

func (z *fuzzed) check() {
	s, n := z.status(2), z.nodes[2]
	require.GreaterOrEqual(z.t, s.Term, z.was.Term, "the term")
	if s.Term == z.was.Term && z.was.Vote != raft.None {
		require.Equal(z.t, z.was.Vote, s.Vote, "the vote in term %d", s.Term)
	}
	require.GreaterOrEqual(z.t, s.Commit, z.was.Commit)
	require.Equal(z.t, s.Commit, s.Applied, "all that is committed is handed out")
	require.LessOrEqual(z.t, s.Commit, s.LastIndex)
	require.LessOrEqual(z.t, s.DurableIndex, s.LastIndex)
	require.Equal(z.t, n.disk.HardState, s.DurableHard)
	require.Equal(z.t, s.LastIndex, raft.Index(len(z.log(2))))
	for k, e := range n.applied {
		require.Equal(z.t, raft.Index(k+1), e.Index)
	}
	for _, m := range z.take(filter{}) {
		switch {
		case m.Kind == raft.MsgVoteReply && m.VoteReply.Granted:
			require.Equal(z.t, raft.HardState{Term: m.Term, Vote: m.To}, n.disk.HardState)
		case m.Kind == raft.MsgAppendReply && m.AppendReply.Success:
			require.GreaterOrEqual(z.t, len(n.disk.Entries), int(m.AppendReply.Match))
			require.Equal(z.t, m.Term, n.disk.HardState.Term)
		}
	}
	z.was = s
}
