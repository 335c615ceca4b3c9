package server

import (
	"fmt"
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/quorum"
	"raftsim/raft/raftpb"
)

// ProtocolVersion is that of the words between nodes.
const ProtocolVersion = 1

// ToWire makes a message of the wire of one of Raft's. It shares the entries' data.
func ToWire(m *raft.Message) *raftpb.Message {
	w := &raftpb.Message{Term: uint64(m.Term)}
	switch m.Kind {
	case raft.MsgAppendEntries:
		a := &m.Append
		body := &raftpb.AppendEntries{PrevIndex: uint64(a.PrevIndex), PrevTerm: uint64(a.PrevTerm), Commit: uint64(a.Commit), Round: a.Round}
		if n := len(a.Entries); n > 0 {
			entries := make([]raftpb.Entry, n)
			body.Entries = make([]*raftpb.Entry, n)
			for k := range a.Entries {
				e := &entries[k]
				e.Term, e.Kind, e.Data = uint64(a.Entries[k].Term), uint32(a.Entries[k].Kind), a.Entries[k].Data
				body.Entries[k] = e
			}
		}
		w.Body = &raftpb.Message_Append{Append: body}
	case raft.MsgAppendReply:
		r := &m.AppendReply
		w.Body = &raftpb.Message_AppendReply{AppendReply: &raftpb.AppendReply{
			Success: r.Success, PrevIndex: uint64(r.PrevIndex), Match: uint64(r.Match),
			HintTerm: uint64(r.HintTerm), HintIndex: uint64(r.HintIndex), Round: r.Round,
		}}
	case raft.MsgRequestVote:
		v := &m.RequestVote
		w.Body = &raftpb.Message_RequestVote{RequestVote: &raftpb.RequestVote{
			LastIndex: uint64(v.LastIndex), LastTerm: uint64(v.LastTerm), Transfer: v.Transfer,
		}}
	case raft.MsgVoteReply:
		w.Body = &raftpb.Message_VoteReply{VoteReply: &raftpb.VoteReply{
			Granted: m.VoteReply.Granted, Candidate: uint64(m.VoteReply.Candidate),
		}}
	case raft.MsgRequestPreVote:
		v := &m.PreVote
		w.Body = &raftpb.Message_PreVote{PreVote: &raftpb.PreVote{
			Campaign: uint64(v.Campaign), Asked: int64(v.Asked), LastIndex: uint64(v.LastIndex), LastTerm: uint64(v.LastTerm),
		}}
	case raft.MsgPreVoteReply:
		w.Body = &raftpb.Message_PreVoteReply{PreVoteReply: &raftpb.PreVoteReply{
			Granted: m.PreVoteReply.Granted, Asked: int64(m.PreVoteReply.Asked),
		}}
	case raft.MsgReadIndex:
		w.Body = &raftpb.Message_Read{Read: &raftpb.ReadIndex{Id: m.Read.ID, Index: uint64(m.Read.Index)}}
	case raft.MsgReadIndexReply:
		w.Body = &raftpb.Message_ReadReply{ReadReply: &raftpb.ReadIndex{Id: m.Read.ID, Index: uint64(m.Read.Index)}}
	case raft.MsgTimeoutNow:
		w.Body = &raftpb.Message_TimeoutNow{TimeoutNow: &raftpb.TimeoutNow{}}
	case raft.MsgInstallSnapshot:
		s := &m.Install
		w.Body = &raftpb.Message_Install{Install: &raftpb.InstallSnapshot{
			Index: uint64(s.Index), Term: uint64(s.Term), Configuration: s.Configuration.Encode(nil),
			Size: s.Size, Sum: s.Sum, Offset: s.Offset, Data: s.Data,
		}}
	case raft.MsgInstallReply:
		r := &m.InstallReply
		w.Body = &raftpb.Message_InstallReply{InstallReply: &raftpb.InstallReply{
			Index: uint64(r.Index), Offset: r.Offset, Done: r.Done,
		}}
	}
	return w
}

// FromWire reads a message that the sender of hello sent. The error says why it is none; whether it may be sent,
// the core decides.
func FromWire(h *raftpb.Hello, w *raftpb.Message, m *raft.Message) error {
	*m = raft.Message{
		From: raft.NodeID(h.From), To: raft.NodeID(h.To), Term: raft.Term(w.GetTerm()),
		Cluster: h.Cluster, Incarnation: raft.Incarnation(h.Incarnation),
	}
	switch b := w.GetBody().(type) {
	case *raftpb.Message_Append:
		m.Kind = raft.MsgAppendEntries
		return fromAppend(b.Append, &m.Append)
	case *raftpb.Message_AppendReply:
		m.Kind = raft.MsgAppendReply
		r := b.AppendReply
		m.AppendReply = raft.AppendReply{
			Success: r.GetSuccess(), PrevIndex: raft.Index(r.GetPrevIndex()), Match: raft.Index(r.GetMatch()),
			HintTerm: raft.Term(r.GetHintTerm()), HintIndex: raft.Index(r.GetHintIndex()), Round: r.GetRound(),
		}
	case *raftpb.Message_RequestVote:
		m.Kind = raft.MsgRequestVote
		v := b.RequestVote
		m.RequestVote = raft.RequestVote{LastIndex: raft.Index(v.GetLastIndex()), LastTerm: raft.Term(v.GetLastTerm()), Transfer: v.GetTransfer()}
	case *raftpb.Message_VoteReply:
		m.Kind = raft.MsgVoteReply
		m.VoteReply = raft.VoteReply{Granted: b.VoteReply.GetGranted(), Candidate: raft.Incarnation(b.VoteReply.GetCandidate())}
	case *raftpb.Message_PreVote:
		m.Kind = raft.MsgRequestPreVote
		v := b.PreVote
		m.PreVote = raft.PreVote{
			Campaign: raft.Term(v.GetCampaign()), Asked: time.Duration(v.GetAsked()),
			LastIndex: raft.Index(v.GetLastIndex()), LastTerm: raft.Term(v.GetLastTerm()),
		}
	case *raftpb.Message_PreVoteReply:
		m.Kind = raft.MsgPreVoteReply
		m.PreVoteReply = raft.PreVoteReply{Granted: b.PreVoteReply.GetGranted(), Asked: time.Duration(b.PreVoteReply.GetAsked())}
	case *raftpb.Message_Read:
		m.Kind = raft.MsgReadIndex
		m.Read = raft.ReadIndex{ID: b.Read.GetId(), Index: raft.Index(b.Read.GetIndex())}
	case *raftpb.Message_ReadReply:
		m.Kind = raft.MsgReadIndexReply
		m.Read = raft.ReadIndex{ID: b.ReadReply.GetId(), Index: raft.Index(b.ReadReply.GetIndex())}
	case *raftpb.Message_TimeoutNow:
		m.Kind = raft.MsgTimeoutNow
	case *raftpb.Message_Install:
		m.Kind = raft.MsgInstallSnapshot
		return fromInstall(b.Install, &m.Install)
	case *raftpb.Message_InstallReply:
		m.Kind = raft.MsgInstallReply
		r := b.InstallReply
		m.InstallReply = raft.InstallReply{Index: raft.Index(r.GetIndex()), Offset: r.GetOffset(), Done: r.GetDone()}
	default:
		return fmt.Errorf("a message of a kind that version %d of the protocol does not know", ProtocolVersion)
	}
	return nil
}

func fromAppend(w *raftpb.AppendEntries, a *raft.AppendEntries) error {
	*a = raft.AppendEntries{
		PrevIndex: raft.Index(w.GetPrevIndex()), PrevTerm: raft.Term(w.GetPrevTerm()),
		Commit: raft.Index(w.GetCommit()), Round: w.GetRound(),
	}
	n := uint64(len(w.GetEntries()))
	if n == 0 {
		return nil
	}
	if a.PrevIndex+quorum.Index(n) < a.PrevIndex {
		return fmt.Errorf("%d entries after entry %d", n, a.PrevIndex)
	}
	a.Entries = make([]raft.Entry, n)
	for k, e := range w.Entries {
		if e.GetKind() > uint32(raft.EntryConfiguration) {
			return fmt.Errorf("entry %d is of kind %d, which this version does not know", a.PrevIndex+quorum.Index(k)+1, e.Kind)
		}
		a.Entries[k] = raft.Entry{
			Index: a.PrevIndex + quorum.Index(k) + 1, Term: raft.Term(e.GetTerm()), Kind: raft.EntryKind(e.GetKind()), Data: e.GetData(),
		}
		// Once in the log it would end every node that comes to apply it.
		if raft.EntryKind(e.GetKind()) == raft.EntryCommand {
			if _, err := kv.Decode(e.GetData()); err != nil {
				return fmt.Errorf("entry %d: %w", a.Entries[k].Index, err)
			}
		}
	}
	return nil
}

func fromInstall(w *raftpb.InstallSnapshot, s *raft.InstallSnapshot) error {
	config, err := raft.DecodeConfiguration(w.GetConfiguration())
	if err != nil {
		return err
	}
	*s = raft.InstallSnapshot{
		Index: raft.Index(w.GetIndex()), Term: raft.Term(w.GetTerm()), Configuration: &config,
		Size: w.GetSize(), Sum: w.GetSum(), Offset: w.GetOffset(), Data: w.GetData(),
	}
	return nil
}
