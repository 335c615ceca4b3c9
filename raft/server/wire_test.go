package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/raftpb"
)

// Every kind of message arrives as it was sent.
func TestMessagesSurviveTheWire(t *testing.T) {
	config, err := raft.NewConfiguration([]raft.NodeID{1, 2, 3})
	require.NoError(t, err)
	command := kv.Encode(nil, &kv.Request{Session: 1, Seq: 1, Op: kv.Put, Key: "key", Value: "value"}, 7)
	bodies := map[raft.MessageKind]raft.Message{
		raft.MsgRequestVote: {RequestVote: raft.RequestVote{LastIndex: 3, LastTerm: 2, Transfer: true}},
		raft.MsgVoteReply:   {VoteReply: raft.VoteReply{Granted: true, Candidate: 9}},
		raft.MsgAppendEntries: {Append: raft.AppendEntries{PrevIndex: 4, PrevTerm: 2, Commit: 3, Round: 8, Entries: []raft.Entry{
			{Index: 5, Term: 2}, {Index: 6, Term: 3, Kind: raft.EntryCommand, Data: command}, {Index: 7, Term: 3, Kind: raft.EntryConfiguration, Data: config.Encode(nil)},
		}}},
		raft.MsgAppendReply:     {AppendReply: raft.AppendReply{Success: true, PrevIndex: 1, Match: 2, HintTerm: 3, HintIndex: 4, Round: 5}},
		raft.MsgRequestPreVote:  {PreVote: raft.PreVote{Campaign: 4, Asked: -time.Second, LastIndex: 3, LastTerm: 2}},
		raft.MsgPreVoteReply:    {PreVoteReply: raft.PreVoteReply{Granted: true, Asked: time.Hour}},
		raft.MsgReadIndex:       {Read: raft.ReadIndex{ID: 1 << 63}},
		raft.MsgReadIndexReply:  {Read: raft.ReadIndex{ID: 5, Index: 6}},
		raft.MsgTimeoutNow:      {},
		raft.MsgInstallSnapshot: {Install: raft.InstallSnapshot{Index: 1, Term: 2, Configuration: &config, Size: 3, Sum: 4, Offset: 1, Data: []byte{0, 1}}},
		raft.MsgInstallReply:    {InstallReply: raft.InstallReply{Index: 1, Offset: 2, Done: true}},
	}
	hello := &raftpb.Hello{Cluster: 11, From: 2, To: 3, Incarnation: 12}
	for kind := raft.MsgRequestVote; kind <= raft.MsgInstallReply; kind++ {
		sent, ok := bodies[kind]
		require.True(t, ok, "%v has no example", kind)
		sent.Kind, sent.Term, sent.From, sent.To, sent.Cluster, sent.Incarnation = kind, 13, 2, 3, 11, 12
		b, err := proto.Marshal(ToWire(&sent))
		require.NoError(t, err)
		var w raftpb.Message
		require.NoError(t, proto.Unmarshal(b, &w))
		var got raft.Message
		require.NoError(t, FromWire(hello, &w, &got), kind)
		require.Equal(t, sent, got, "%v", kind)
	}
}

// What no node can mean is refused where it comes in, before it is part of a log.
func TestMessagesThatNobodyCanMean(t *testing.T) {
	append := func(prev uint64, e *raftpb.Entry) *raftpb.Message {
		return &raftpb.Message{Term: 1, Body: &raftpb.Message_Append{Append: &raftpb.AppendEntries{PrevIndex: prev, Entries: []*raftpb.Entry{e}}}}
	}
	for says, w := range map[string]*raftpb.Message{
		"of a kind that version 1 of the protocol does not know": {Term: 1},
		"entry 1 is of kind 3, which this version does not know": append(0, &raftpb.Entry{Kind: 3}),
		"entry 5: kv: command is empty":                          append(4, &raftpb.Entry{Kind: 1}),
		"1 entries after entry 18446744073709551615":             append(1<<64-1, &raftpb.Entry{}),
		"configuration is not of version 1":                      {Term: 1, Body: &raftpb.Message_Install{}},
	} {
		var m raft.Message
		require.ErrorContains(t, FromWire(&raftpb.Hello{}, w, &m), says)
	}
	var m raft.Message
	for _, body := range []*raftpb.Message{
		{Body: &raftpb.Message_Append{}}, {Body: &raftpb.Message_AppendReply{}}, {Body: &raftpb.Message_RequestVote{}}, {Body: &raftpb.Message_VoteReply{}},
		{Body: &raftpb.Message_PreVote{}}, {Body: &raftpb.Message_PreVoteReply{}}, {Body: &raftpb.Message_Read{}}, {Body: &raftpb.Message_ReadReply{}},
		{Body: &raftpb.Message_TimeoutNow{}}, {Body: &raftpb.Message_InstallReply{}},
	} {
		require.NoError(t, FromWire(&raftpb.Hello{}, body, &m), "an absent body is an empty one")
	}
}
